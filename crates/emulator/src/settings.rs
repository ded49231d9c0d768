//! What a person exports to use the emulator.

use std::path::Path;

use keyhole_emulator::{BadCertificate, Emulator, ProjectedVolume};
use serde_json::json;

use crate::args::Output;

/// What has come in, as one line of JSON: a program that ends the emulator
/// reads it last.
pub(crate) fn counts(emulator: &Emulator) -> String {
    let requests = emulator.requests().last().map_or(0, |last| last.number);
    let counts = json!({
        "requests": requests,
        "connections": emulator.connections(),
        "handshakes": emulator.handshakes(),
    });
    format!("{counts}\n")
}

/// Variables of a workload identity, and where else to look.
pub(crate) struct Settings {
    variables: Vec<(&'static str, String)>,
    addresses: Vec<(&'static str, String)>,
}

impl Settings {
    /// Those of an emulator, a mounted token, and a cluster if there is one: its
    /// kubeconfig, and its address over plain HTTP.
    pub(crate) fn of(
        emulator: &Emulator,
        volume: &ProjectedVolume,
        cluster: Option<(&Path, &str)>,
    ) -> Self {
        let http_api_server = cluster.map(|(_, url)| ("http_api_server", url.to_owned()));
        let cluster = cluster.map(|(path, _)| ("KUBECONFIG", path.display().to_string()));
        let variables = vec![
            ("AZURE_CLIENT_ID", emulator.client_id().to_owned()),
            ("AZURE_TENANT_ID", emulator.tenant().to_owned()),
            (
                "AZURE_FEDERATED_TOKEN_FILE",
                volume.token_file().display().to_string(),
            ),
            ("AZURE_AUTHORITY_HOST", emulator.https_authority()),
            ("SSL_CERT_FILE", emulator.ca_file().display().to_string()),
        ];
        Self {
            variables: variables.into_iter().chain(cluster).collect(),
            addresses: [
                ("http_authority", emulator.http_authority()),
                (
                    "expired_certificate",
                    emulator.bad_authority(BadCertificate::Expired),
                ),
                (
                    "wrong_host_certificate",
                    emulator.bad_authority(BadCertificate::WrongHost),
                ),
                (
                    "unknown_ca_certificate",
                    emulator.bad_authority(BadCertificate::UnknownCa),
                ),
                ("issuer", emulator.issuer_url().to_owned()),
                ("subject", emulator.subject().to_owned()),
                ("audience", emulator.audience().to_owned()),
            ]
            .into_iter()
            .chain(http_api_server)
            .collect(),
        }
    }

    /// As text that ends with a line break.
    pub(crate) fn render(&self, output: Output) -> String {
        match output {
            Output::Text => {
                let addresses: String = self
                    .addresses
                    .iter()
                    .map(|(name, value)| format!("  {:24}{value}\n", name.replace('_', " ")))
                    .collect();
                format!(
                    "The emulator is running. In another terminal:\n\n{}\nIts other addresses, and what its tokens say:\n\n{addresses}\nRequests are logged to stderr. Ctrl-C ends it.\n",
                    self.exports("  "),
                )
            }
            Output::Env => self.exports(""),
            Output::Json => {
                let all = self.variables.iter().chain(&self.addresses);
                let members: serde_json::Map<_, _> = all
                    .map(|(name, value)| ((*name).to_owned(), json!(value)))
                    .collect();
                format!("{}\n", serde_json::Value::Object(members))
            }
        }
    }

    fn exports(&self, indent: &str) -> String {
        let quoted = |value: &str| format!("'{}'", value.replace('\'', r"'\''"));
        self.variables
            .iter()
            .map(|(name, value)| format!("{indent}export {name}={}\n", quoted(value)))
            .collect()
    }
}
