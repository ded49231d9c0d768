//! The plugins' configuration: one flat JSON object, checked when it is loaded.
//! What is wrong names the field, and stops Envoy at its start.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;

use keyhole_exchange::cloud::AuthorityHost;
use keyhole_exchange::flat::Flat;
use keyhole_exchange::identity::{ClientId, Tenant};
use keyhole_exchange::scope::Scope;

/// A cluster's name is at most this long, in bytes.
const NAME_BYTES: usize = 256;
/// How long a request waits for the first token unless told otherwise.
const DEFAULT_WAIT_MS: u64 = 2_000;
/// Longer than this no request is held.
const LONGEST_WAIT_MS: u64 = 60_000;

/// The configuration of either plugin.
#[derive(Debug, PartialEq, Eq)]
pub enum Configuration {
    /// The bootstrap extension that gets the token.
    Exchange(Exchange),
    /// The HTTP filter that sets it.
    Inject(Inject),
}

/// How the token is got.
#[derive(Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Who asks.
    pub client_id: ClientId,
    /// In which tenant.
    pub tenant: Tenant,
    /// Who is asked.
    pub authority: AuthorityHost,
    /// For what.
    pub scope: Scope,
    /// The cluster whose egress listener leads to the authority.
    pub cluster: String,
    /// For an Envoy that cannot build the form: the cluster that answers with
    /// the federated token.
    pub token_cluster: Option<String>,
    /// For tests alone: trap after so many tokens.
    pub die_after: Option<u64>,
}

/// How requests get it.
#[derive(Debug, PartialEq, Eq)]
pub struct Inject {
    /// How long a request waits for the first token, in milliseconds.
    pub wait_ms: u64,
    /// Who removes the caller's identity headers.
    pub strip_by: StripBy,
}

/// Who removes the headers by which a caller could be somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StripBy {
    /// This plugin: it reads all headers of every request.
    Plugin,
    /// Envoy, before the request comes here (`early_header_mutation_extensions`
    /// of the listener): about a tenth less CPU time a request.
    Envoy,
}

impl Configuration {
    /// Reads the JSON.
    ///
    /// # Errors
    /// What is wrong, with the field's name: a sentence for Envoy's log.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let flat = Flat::parse(bytes).map_err(|fault| {
            format!("the plugin configuration is {fault}; it must be one flat JSON object")
        })?;
        let fields = Fields(&flat);
        match fields.required("plugin")? {
            "exchange" => {
                fields.only(&[
                    "plugin",
                    "client_id",
                    "tenant_id",
                    "authority_host",
                    "scope",
                    "cluster",
                    "token_cluster",
                    "test_only_die_after",
                ])?;
                Ok(Self::Exchange(Exchange {
                    client_id: fields.parsed("client_id", ClientId::parse)?,
                    tenant: fields.parsed("tenant_id", Tenant::parse)?,
                    authority: fields.parsed("authority_host", AuthorityHost::parse)?,
                    scope: fields.parsed("scope", Scope::parse)?,
                    cluster: fields.name("cluster")?.ok_or_else(|| missing("cluster"))?,
                    token_cluster: fields.name("token_cluster")?,
                    die_after: fields.count("test_only_die_after", u64::MAX)?,
                }))
            }
            "inject" => {
                fields.only(&["plugin", "wait_ms", "strip_by"])?;
                Ok(Self::Inject(Inject {
                    wait_ms: fields
                        .count("wait_ms", LONGEST_WAIT_MS)?
                        .unwrap_or(DEFAULT_WAIT_MS),
                    strip_by: match fields.text("strip_by")? {
                        None | Some("plugin") => StripBy::Plugin,
                        Some("envoy") => StripBy::Envoy,
                        Some(_) => {
                            let wrong = "the field \"strip_by\" must be \"plugin\" or \"envoy\"";
                            return Err(wrong.to_owned());
                        }
                    },
                }))
            }
            other => Err(format!(
                "the field \"plugin\" is {other:?}; it must be \"exchange\" or \"inject\""
            )),
        }
    }
}

struct Fields<'f>(&'f Flat);

impl<'f> Fields<'f> {
    fn only(&self, known: &[&str]) -> Result<(), String> {
        match self.0.keys().find(|key| !known.contains(key)) {
            Some(odd) => Err(format!(
                "the field {odd:?} is unknown; there are {}",
                known.join(", ")
            )),
            None => Ok(()),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&'f str>, String> {
        self.0
            .text(name)
            .map_err(|_| format!("the field \"{name}\" must be a string"))
    }

    fn required(&self, name: &str) -> Result<&'f str, String> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    fn parsed<T, E: core::fmt::Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, String> {
        let text = self.required(name)?;
        parse(text).map_err(|fault| format!("the field \"{name}\" cannot be used: {fault}"))
    }

    fn name(&self, name: &str) -> Result<Option<String>, String> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) if text.is_empty() || text.len() > NAME_BYTES => Err(format!(
                "the field \"{name}\" must be a cluster's name, of 1 to {NAME_BYTES} bytes"
            )),
            Some(text) => Ok(Some(text.to_owned())),
        }
    }

    fn count(&self, name: &str, most: u64) -> Result<Option<u64>, String> {
        let wrong = || {
            let most = if most == u64::MAX {
                String::new()
            } else {
                format!(" from 0 to {most}")
            };
            format!("the field \"{name}\" must be a whole number{most}")
        };
        let count = self.0.count(name).map_err(|_| wrong())?;
        match count {
            Some(count) if count > most => Err(wrong()),
            count => Ok(count),
        }
    }
}

fn missing(name: &str) -> String {
    format!("the field \"{name}\" is missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXCHANGE: &str = r#"{"plugin":"exchange","client_id":"id","tenant_id":"contoso.example",
        "authority_host":"https://login.microsoftonline.com/","scope":"api/.default",
        "cluster":"egress"}"#;

    #[test]
    fn both_plugins_have_a_configuration() {
        let Ok(Configuration::Exchange(exchange)) = Configuration::read(EXCHANGE.as_bytes()) else {
            panic!("not read");
        };
        assert_eq!(exchange.cluster, "egress");
        assert_eq!(exchange.token_cluster, None);
        assert_eq!(
            Configuration::read(br#"{"plugin":"inject","wait_ms":0}"#),
            Ok(Configuration::Inject(Inject {
                wait_ms: 0,
                strip_by: StripBy::Plugin
            }))
        );
        assert_eq!(
            Configuration::read(br#"{"plugin":"inject","strip_by":"envoy"}"#),
            Ok(Configuration::Inject(Inject {
                wait_ms: 2_000,
                strip_by: StripBy::Envoy
            }))
        );
    }

    #[test]
    fn what_is_wrong_names_its_field() {
        for (text, part) in [
            ("", "flat JSON object"),
            ("[]", "flat JSON object"),
            ("{}", "\"plugin\" is missing"),
            (r#"{"plugin":1}"#, "\"plugin\" must be a string"),
            (r#"{"plugin":"x"}"#, "\"plugin\" is \"x\""),
            (r#"{"plugin":"inject","wait":1}"#, "\"wait\" is unknown"),
            (
                r#"{"plugin":"inject","wait_ms":"1"}"#,
                "\"wait_ms\" must be a whole number",
            ),
            (r#"{"plugin":"inject","wait_ms":60001}"#, "from 0 to 60000"),
            (
                r#"{"plugin":"inject","strip_by":"Envoy"}"#,
                "\"strip_by\" must be",
            ),
            (
                r#"{"plugin":"inject","strip_by":true}"#,
                "\"strip_by\" must be",
            ),
            (r#"{"plugin":"exchange"}"#, "\"client_id\" is missing"),
        ] {
            let error = Configuration::read(text.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        for (field, value, part) in [
            ("client_id", "a b", "\"client_id\" cannot be used"),
            ("tenant_id", "a/b", "\"tenant_id\" cannot be used"),
            (
                "authority_host",
                "ftp://x",
                "\"authority_host\" cannot be used",
            ),
            ("scope", "", "\"scope\" cannot be used"),
            ("cluster", "", "\"cluster\" must be a cluster's name"),
        ] {
            let read: serde_json::Value = serde_json::from_str(EXCHANGE).unwrap();
            let mut odd = read.clone();
            odd[field] = value.into();
            let error = Configuration::read(odd.to_string().as_bytes()).unwrap_err();
            assert!(error.contains(part), "{field}: {error}");
        }
    }
}
