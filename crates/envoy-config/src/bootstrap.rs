//! A whole static bootstrap for given settings, from one template with comments.

use core::fmt;
use core::net::IpAddr;
use std::path::{Component, Path};

use keyhole_exchange::cloud::Scheme;
use keyhole_exchange::form;
use keyhole_exchange::settings::Settings;

use crate::url::{Upstream, UrlFault};

const TEMPLATE: &str = include_str!("bootstrap.yaml");

/// Stands in the form where Envoy puts the file; nothing in it is escaped there.
const ASSERTION: &str = "KEYHOLE_ASSERTION";

/// A Unix socket's path has room for this many bytes (sockaddr_un).
const SOCKET_PATH_BYTES: usize = 107;

/// What stands in the configuration besides the identity.
#[derive(Debug)]
pub struct Options {
    /// Where requests go.
    pub upstream: Upstream,
    /// Where callers come in.
    pub listen: Listen,
    /// The plugin's module, as Envoy finds it.
    pub wasm: String,
    /// A folder that only Envoy's user can enter, for its sockets.
    pub private_folder: String,
    /// The CA of the upstream, PEM.
    pub upstream_ca: String,
    /// The CA of the authority, PEM.
    pub authority_ca: String,
    /// For an Envoy before 1.38, which cannot build the form.
    pub older_envoy: bool,
}

/// Where callers come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A port of an address.
    Tcp(IpAddr, u16),
    /// A Unix socket.
    Unix(String),
}

/// Why there is no such configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFault {
    /// `--upstream` cannot be used.
    Upstream(UrlFault),
    /// `--listen` cannot be used: what was given.
    Listen(String),
    /// Every process of the machine or network could get the token's rights.
    OpenListener(IpAddr),
    /// A path that is not absolute, or has characters that Envoy takes for its
    /// own: what it is, and the path.
    Path(&'static str, String),
    /// A value that cannot stand in quotes.
    Value(String),
    /// A socket's path is too long for the system.
    SocketPath(String),
    /// The authority is not asked over TLS.
    Authority(String),
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream(fault) => write!(f, "--upstream cannot be used: {fault}"),
            Self::Listen(given) => write!(
                f,
                "--listen {given:?} is neither ADDRESS:PORT nor unix:PATH"
            ),
            Self::OpenListener(address) => write!(
                f,
                "--listen {address} is no loopback address: whoever reaches it would have the \
                 token's rights"
            ),
            Self::Path(what, path) => write!(
                f,
                "{what} {path:?} must be an absolute path of letters, digits and / . _ - + @ ="
            ),
            Self::Value(value) => {
                write!(f, "{value:?} has characters that no setting of Envoy has")
            }
            Self::SocketPath(path) => write!(
                f,
                "the socket {path:?} has a path of more than {SOCKET_PATH_BYTES} bytes, which no \
                 system takes"
            ),
            Self::Authority(url) => write!(
                f,
                "the authority {url} is not asked over https, and Envoy is to ask no other way"
            ),
        }
    }
}

impl core::error::Error for ConfigFault {}

impl Listen {
    /// `ADDRESS:PORT` with a loopback address, or `unix:PATH`.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, ConfigFault> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(absolute("--listen", path)?));
        }
        let address: core::net::SocketAddr = text
            .parse()
            .map_err(|_| ConfigFault::Listen(text.to_owned()))?;
        if !address.ip().is_loopback() {
            return Err(ConfigFault::OpenListener(address.ip()));
        }
        Ok(Self::Tcp(address.ip(), address.port()))
    }
}

/// The configuration as YAML.
///
/// # Errors
/// See [`ConfigFault`].
pub fn write(settings: &Settings, options: &Options) -> Result<String, ConfigFault> {
    let authority = settings.authority();
    if authority.scheme() != Scheme::Https {
        return Err(ConfigFault::Authority(authority.url()));
    }
    let endpoint = settings.endpoint();
    let token_file = absolute("the federated token file", settings.token_file())?;
    let token_folder = Path::new(&token_file).parent().and_then(Path::to_str);
    let private = absolute("--private-dir", &options.private_folder)?;
    let mut values = vec![
        ("PRIVATE", private.clone()),
        ("WASM", absolute("--wasm", &options.wasm)?),
        ("VM_ID", vm_id(settings)),
        ("CLIENT_ID", settings.client_id().to_string()),
        ("TENANT_ID", settings.tenant().to_string()),
        ("SCOPE", settings.scope().to_string()),
        ("TOKEN_PATH", endpoint.path().to_owned()),
        ("TOKEN_FOLDER", token_folder.unwrap_or("/").to_owned()),
        ("FORM", form(settings, &token_file)),
        ("TOKEN_FILE", token_file),
        ("AUTHORITY_URL", authority.url()),
        ("AUTHORITY", endpoint.authority().to_owned()),
        ("AUTHORITY_PORT", authority.effective_port().to_string()),
        (
            "AUTHORITY_CA",
            absolute("--authority-ca", &options.authority_ca)?,
        ),
        ("UPSTREAM_AUTHORITY", options.upstream.authority()),
        ("UPSTREAM_PORT", options.upstream.port.to_string()),
        (
            "UPSTREAM_CA",
            absolute("--upstream-ca", &options.upstream_ca)?,
        ),
    ];
    let mut is = vec![if options.older_envoy { "old" } else { "new" }];
    let mut server = |prefix: [&'static str; 4], host: &str, is_dns: &'static str| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let by_address = host.parse::<IpAddr>().is_ok();
        if !by_address {
            is.push(is_dns);
        }
        let [name, kind, san, _] = prefix;
        values.push((name, host.to_owned()));
        values.push((
            kind,
            if by_address { "STATIC" } else { "STRICT_DNS" }.into(),
        ));
        values.push((san, if by_address { "IP_ADDRESS" } else { "DNS" }.into()));
    };
    server(
        ["AUTHORITY_HOST", "AUTHORITY_TYPE", "AUTHORITY_SAN", ""],
        authority.host(),
        "authority_dns",
    );
    server(
        ["UPSTREAM_HOST", "UPSTREAM_TYPE", "UPSTREAM_SAN", ""],
        &options.upstream.host,
        "upstream_dns",
    );
    match &options.listen {
        Listen::Tcp(address, port) => {
            is.push("tcp");
            let address_and_port = core::net::SocketAddr::new(*address, *port);
            let address_alone = match address {
                core::net::IpAddr::V4(address) => address.to_string(),
                core::net::IpAddr::V6(address) => format!("[{address}]"),
            };
            let names = [
                address_and_port.to_string(),
                format!("localhost:{port}"),
                address_alone,
                "localhost".to_owned(),
            ];
            values.push(("DOMAINS", names.map(|name| format!("{name:?}")).join(", ")));
            values.push(("LISTEN_HOST", address.to_string()));
            values.push(("LISTEN_PORT", port.to_string()));
        }
        Listen::Unix(path) => {
            is.push("pipe");
            values.push(("DOMAINS", "\"*\"".to_owned()));
            values.push(("LISTEN_PATH", path.clone()));
        }
    }
    let sockets = [
        format!("{private}/federated-token.sock"),
        match &options.listen {
            Listen::Unix(path) => path.clone(),
            Listen::Tcp(..) => String::new(),
        },
    ];
    if let Some(long) = sockets.iter().find(|path| path.len() > SOCKET_PATH_BYTES) {
        return Err(ConfigFault::SocketPath(long.clone()));
    }
    let odd = |c: char| c.is_control() || matches!(c, '"' | '\\');
    let values_alone = values.iter().filter(|(name, _)| *name != "DOMAINS");
    if let Some((_, value)) = values_alone
        .into_iter()
        .find(|(_, value)| value.contains(odd))
    {
        return Err(ConfigFault::Value(value.clone()));
    }
    // The longer names first: one is the beginning of another.
    values.sort_by_key(|(name, _)| core::cmp::Reverse(name.len()));
    Ok(fill(&is, &values))
}

/// The form as a format string of Envoy's, in which a percent sign is doubled.
fn form(settings: &Settings, token_file: &str) -> String {
    let client_id = settings.client_id().as_str();
    let body = form::encode(client_id, settings.scope().as_str(), ASSERTION, None);
    let body = String::from_utf8_lossy(&body).replace('%', "%%");
    let folder = Path::new(token_file).parent().unwrap_or(Path::new("/"));
    let file = format!("%FILE_CONTENT({token_file}:{})%", folder.display());
    let mark = format!("client_assertion={ASSERTION}");
    body.replace(&mark, &format!("client_assertion={file}"))
}

/// Of its own for each identity and scope: the id says who may read the token.
fn vm_id(settings: &Settings) -> String {
    format!(
        "keyhole/{}/{}/{}",
        settings.tenant(),
        settings.client_id(),
        settings.scope()
    )
}

fn fill(is: &[&str], values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(TEMPLATE.len() + 1024);
    let mut shown = true;
    for line in TEMPLATE.lines() {
        if let Some(condition) = line.strip_prefix("#if ") {
            shown = is.contains(&condition);
        } else if line == "#end" {
            shown = true;
        } else if shown {
            let mut rest = line;
            while let Some((before, behind)) = rest.split_once('$') {
                filled.push_str(before);
                rest = behind;
                if let Some((name, value)) = values.iter().find(|(name, _)| rest.starts_with(name))
                {
                    filled.push_str(value);
                    rest = &rest[name.len()..];
                }
            }
            filled.push_str(rest);
            filled.push('\n');
        }
    }
    filled
}

/// A path that stands in YAML and in Envoy's format strings as it is.
fn absolute(what: &'static str, path: &str) -> Result<String, ConfigFault> {
    let wrong = || ConfigFault::Path(what, path.to_owned());
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@=".contains(c);
    let is_absolute = Path::new(path).is_absolute() && path.chars().all(plain);
    let is_straight = !Path::new(path)
        .components()
        .any(|part| part == Component::ParentDir);
    if is_absolute && is_straight {
        Ok(path.trim_end_matches('/').to_owned())
    } else {
        Err(wrong())
    }
}
