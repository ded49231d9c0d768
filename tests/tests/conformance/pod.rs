//! What a case is run in: an authority of its own, a folder with the token, and
//! the arguments and variables that go with them.

use crate::case::{Case, Instead, Need};
use crate::runtimes::LIMIT;
use keyhole_emulator::{BadCertificate, Emulator, EmulatorConfig, ProjectedVolume};
use keyhole_tests::leaks::Secret;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// How a runtime reaches the authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// TLS, with the emulator's CA.
    Tls,
    /// Plain HTTP on loopback: a CA of ours cannot be given.
    PlainHttp,
}

impl Transport {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tls => "TLS",
            Self::PlainHttp => "plain HTTP",
        }
    }
}

/// One case, ready to be run once.
pub(crate) struct Pod {
    pub(crate) case: Case,
    /// How the authority is reached in this case.
    pub(crate) transport: Transport,
    pub(crate) emulator: Emulator,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    /// What the pod's variable names, whatever the case changes.
    pub(crate) token_file: PathBuf,
    /// How long it is waited for.
    pub(crate) patience: Duration,
    /// Whether the driver grants as little as it can: the file in the place of its
    /// folder, and a handler of its own that lets one URL pass.
    pub(crate) narrowed: bool,
    federated_token: String,
    folder: TempDir,
}

/// Names of the pod's file and of one beside it that is nobody's business.
const TOKEN: &str = "federated-token";
const NEIGHBOUR: &str = "azure-identity-token";

/// What is shorter is no token.
const SHORTEST_SECRET: usize = 100;

impl Pod {
    pub(crate) fn new(case: &Case, transport: Transport) -> Self {
        let transport = match case.needs {
            Need::PlainHttp => Transport::PlainHttp,
            _ => transport,
        };
        let emulator = start(case);
        let folder = TempDir::with_prefix("keyhole-conformance-").expect("a folder");
        let federated_token = mint(case, &emulator);
        let mount = folder.path().join("token");
        fs::create_dir(&mount).expect("a mount point");
        fs::create_dir(folder.path().join("out")).expect("a folder");
        let token_file = lay(case, &mount, folder.path(), &federated_token);
        let mut pod = Self {
            case: case.clone(),
            transport,
            emulator,
            arguments: Vec::new(),
            variables: Vec::new(),
            token_file,
            patience: LIMIT,
            narrowed: true,
            federated_token,
            folder,
        };
        let fill = |text: &str| pod.fill(text);
        if let Some((last, first)) = case.authority.split_last() {
            for behaviour in first {
                pod.emulator.queue(behaviour.fault(fill));
            }
            pod.emulator.always(Some(last.fault(fill)));
        }
        let arguments = case.command.iter().chain(&case.flags);
        pod.arguments = arguments.map(|text| pod.fill(text)).collect();
        if transport == Transport::PlainHttp {
            pod.arguments.push("--insecure-http".to_owned());
        }
        pod.variables = pod.variables();
        pod
    }

    /// The folder that is granted where a file cannot be.
    pub(crate) fn mount(&self) -> &Path {
        self.token_file.parent().expect("a folder")
    }

    /// A folder for the driver's own files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A folder for what a driver leaves of the case.
    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// What no output may hold.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let federated = Some(self.federated_token.as_str());
        let federated = federated.filter(|token| token.len() >= SHORTEST_SECRET);
        let federated = federated.filter(|token| !token.ends_with('.'));
        let sent = self.emulator.access_tokens().into_iter();
        let sent = sent.filter(|token| token.len() >= SHORTEST_SECRET);
        federated
            .map(|token| Secret::signature("federated token", token))
            .into_iter()
            .chain(sent.map(|token| Secret::access_token("access token", &token)))
            .collect()
    }

    /// A text of a case with the pod's values for `{NAME}`.
    pub(crate) fn fill(&self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let emulator = &self.emulator;
        let bad = |kind| emulator.bad_authority(kind);
        let authority = match self.transport {
            Transport::Tls => emulator.https_authority(),
            Transport::PlainHttp => emulator.http_authority(),
        };
        let host = authority
            .split_once("://")
            .map_or("", |(_, host)| host.trim_end_matches('/'));
        let port = host.rsplit(':').next().unwrap_or_default().to_owned();
        let http = emulator.http_authority();
        let http_port = http.trim_end_matches('/').rsplit(':').next();
        let values = [
            ("http_port", http_port.unwrap_or_default().to_owned()),
            ("host", host.to_owned()),
            ("port", port),
            ("authority", authority.clone()),
            ("client", emulator.client_id().to_owned()),
            ("tenant", emulator.tenant().to_owned()),
            ("issuer", emulator.issuer_url().to_owned()),
            ("subject", emulator.subject().to_owned()),
            ("audience", emulator.audience().to_owned()),
            ("expired_certificate", bad(BadCertificate::Expired)),
            ("certificate_of_another", bad(BadCertificate::WrongHost)),
            ("unknown_ca", bad(BadCertificate::UnknownCa)),
            ("token_file", self.token_file.display().to_string()),
            ("token_folder", self.mount().display().to_string()),
            ("federated_token", self.federated_token.clone()),
            ("long", "x".repeat(300)),
        ];
        values.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }

    /// The variables of a pod with workload identity, as the case changes them.
    fn variables(&self) -> Vec<(String, String)> {
        let pods = [
            ("AZURE_CLIENT_ID", "{client}"),
            ("AZURE_TENANT_ID", "{tenant}"),
            ("AZURE_FEDERATED_TOKEN_FILE", "{token_file}"),
            ("AZURE_AUTHORITY_HOST", "{authority}"),
        ];
        let changed = &self.case.variables;
        let kept = pods
            .iter()
            .filter(|(name, _)| !changed.contains_key(*name))
            .map(|(name, value)| ((*name).to_owned(), self.fill(value)));
        let set = changed
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), self.fill(value.as_deref()?))));
        kept.chain(set).collect()
    }
}

fn start(case: &Case) -> Emulator {
    let setup = &case.emulator;
    let mut config = EmulatorConfig {
        refresh_in: setup.refresh_in.map(Duration::from_secs),
        ..EmulatorConfig::default()
    };
    config.resources.extend(setup.resources.iter().cloned());
    if let Some(seconds) = setup.access_token_lifetime {
        config.access_token_lifetime = Duration::from_secs(seconds);
    }
    Emulator::start(config).expect("the emulator starts")
}

/// The token of the issuer, as the case changes it.
fn mint(case: &Case, emulator: &Emulator) -> String {
    let token = &case.token;
    let mut claims = emulator.claims();
    if let Some(seconds) = token.lifetime {
        claims = claims.lifetime(Duration::from_secs(seconds));
    }
    claims = claims.shifted(token.shift).signed(token.signed.signature());
    for (name, value) in &token.claims {
        claims = match value {
            Value::Null => claims.without(name),
            value => claims.set(name, value.clone()),
        };
    }
    emulator.issuer().mint(&claims)
}

/// Puts the token, or what the case has instead, where the pod looks for it.
fn lay(case: &Case, mount: &Path, outside: &Path, token: &str) -> PathBuf {
    let spec = &case.token;
    let content = format!("{}{token}{}", spec.before, spec.after);
    if spec.projected {
        let volume = ProjectedVolume::create(mount, &content).expect("a mounted token");
        return volume.token_file();
    }
    fs::write(mount.join(NEIGHBOUR), "not yours").expect("a neighbour");
    let path = mount.join(TOKEN);
    match &spec.instead {
        None => fs::write(&path, content).expect("a token file"),
        Some(Instead::Missing) => {}
        Some(Instead::Folder) => fs::create_dir(&path).expect("a folder"),
        Some(Instead::Text(text)) => fs::write(&path, text).expect("a file"),
        Some(Instead::Parts(bytes)) => {
            let part = "A".repeat(bytes / 3);
            fs::write(&path, [&*part, &*part, &*part].join(".")).expect("a file");
        }
        Some(Instead::LinkOut) => {
            let elsewhere = outside.join("elsewhere");
            fs::write(&elsewhere, content).expect("a file");
            symlink(&elsewhere, &path).expect("a link");
        }
    }
    path
}

impl Pod {
    /// Where this case's settings send the form, for runtimes whose handler lets
    /// one URL pass.
    pub(crate) fn endpoint(&self) -> String {
        let given = |flag: &str, variable: &str| {
            let mut words = self.arguments.iter();
            let of_flag = words.find(|word| *word == flag).and(words.next());
            let of_variable = self.variables.iter().find(|(name, _)| name == variable);
            let value = of_flag.or(of_variable.map(|(_, value)| value));
            value.cloned().unwrap_or_default()
        };
        let authority = given("--authority-host", "AZURE_AUTHORITY_HOST");
        let tenant = given("--tenant-id", "AZURE_TENANT_ID");
        let authority = match authority.contains("://") {
            true => authority,
            false => format!("https://{authority}"),
        };
        let authority = authority.trim_end_matches('/').to_ascii_lowercase();
        format!("{authority}/{tenant}/oauth2/v2.0/token")
    }
}
