//! The real kubelogin and `keyhole` by its name: the same command lines, the
//! same pod, the same authority; what they print, how they end and what they
//! ask for is compared.
//!
//! `KEYHOLE_REAL_KUBELOGIN` names the real one (`cargo xtask peers` builds it).
//! Without it, what it did when it last ran is compared:
//! `kubelogin-VERSION.json`, which `KEYHOLE_RECORD=1` writes anew.

mod cases;

use cases::{CONVERSIONS, Case, Conversion, EXCHANGES};
use keyhole_emulator::{AKS_SERVER_APP_ID, EmulatorConfig, Strictness};
use keyhole_tests::program::slim;
use keyhole_tests::{World, artifacts};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The kubelogin that is compared with.
const VERSION: &str = "0.2.19";

/// What MSAL asks for besides the scope that it is given.
const SCOPES_OF_MSAL: &str = " openid offline_access profile";

fn recorded_in() -> PathBuf {
    let folder = artifacts::workspace().join("tests/tests/whole/real_kubelogin");
    folder.join(format!("kubelogin-{VERSION}.json"))
}

/// A pod and a program in it.
struct Pod {
    world: World,
    program: PathBuf,
}

/// An authority that takes what Microsoft's libraries send, as Entra does.
fn world() -> World {
    World::with(EmulatorConfig {
        strictness: Strictness::Sdk,
        ..EmulatorConfig::default()
    })
}

impl Pod {
    fn new(program: PathBuf) -> Self {
        let world = world();
        Self { world, program }
    }

    /// `keyhole` by the name of `kubelogin`.
    fn keyhole() -> Self {
        let world = world();
        let program = world.folder().join("kubelogin");
        symlink(slim(), &program).expect("a link");
        Self { world, program }
    }

    /// Puts what this pod has into the place of its names.
    fn fill(&self, text: &str) -> String {
        let authority = self.world.emulator.https_authority();
        let file = self.world.token_file();
        [
            ("{authority}", &*authority),
            ("{no-slash}", authority.trim_end_matches('/')),
            ("{client}", self.world.emulator.client_id()),
            ("{tenant}", self.world.emulator.tenant()),
            ("{file}", &file.to_string_lossy()),
            ("{server}", AKS_SERVER_APP_ID),
        ]
        .iter()
        .fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }

    /// Runs the program with these variables alone, and a new home.
    fn run<'t>(
        &self,
        arguments: impl IntoIterator<Item = &'t str>,
        variables: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> (bool, String) {
        // kubelogin keeps tokens below it where the kernel's keyring lets it.
        let home = tempfile::tempdir_in(self.world.folder()).expect("a home");
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .stdin(Stdio::null())
            .env("HOME", home.path())
            .env("SSL_CERT_FILE", self.world.emulator.ca_file());
        for (name, value) in variables {
            command.env(name, self.fill(value));
        }
        for argument in arguments {
            command.arg(self.fill(argument));
        }
        let output = command.output().expect("it starts");
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        (output.status.success(), stdout)
    }

    /// What came of a case: how it ended, what was printed, and the first
    /// request for a token.
    fn exchange(&self, case: &Case) -> Value {
        let before = self.world.emulator.requests().len();
        if let Some(fault) = case.fault {
            let fault = fault.parse().expect("a fault");
            self.world.emulator.always(Some(fault));
        }
        let (ended_well, stdout) = self.run(
            case.arguments.iter().copied(),
            case.variables.iter().copied(),
        );
        self.world.emulator.always(None);
        let requests = self.world.emulator.requests();
        let asked = requests[before..].iter().find(|one| !one.form.is_empty());
        let asked = asked.map(|request| {
            let field = |name| request.field(name).unwrap_or_default().to_owned();
            json!({
                "request": format!("{} {}", request.method, request.target),
                "client_id": field("client_id"),
                "scope": field("scope").trim_end_matches(SCOPES_OF_MSAL),
                "grant_type": field("grant_type"),
                "client_assertion_type": field("client_assertion_type"),
                "client_assertion": field("client_assertion") == self.world.federated_token(),
            })
        });
        let token = self.world.emulator.access_tokens().pop();
        json!({
            "ended_well": ended_well,
            "stdout": without_what_changes(&stdout, token.as_deref()),
            "asked": asked,
        })
    }

    /// What came of a conversion: how it ended, and the arguments of each user's
    /// entry.
    fn convert(&self, conversion: &Conversion) -> Value {
        let path = self.world.folder().join("kubeconfig");
        std::fs::write(&path, self.fill(conversion.kubeconfig)).expect("a kubeconfig");
        let path = path.to_str().expect("UTF-8");
        let arguments = ["convert-kubeconfig", "--kubeconfig", path];
        let arguments = arguments
            .into_iter()
            .chain(conversion.arguments.iter().copied());
        let (ended_well, _) = self.run(arguments, []);
        let text = std::fs::read_to_string(path).expect("a kubeconfig");
        let kubeconfig: Value = serde_yaml_ng::from_str(&text).expect("YAML");
        let users = kubeconfig["users"].as_array().cloned().unwrap_or_default();
        let entries: Map<String, Value> = users
            .iter()
            .map(|user| {
                let name = user["name"].as_str().unwrap_or_default().to_owned();
                let exec = &user["user"]["exec"];
                let entry = json!({
                    "apiVersion": exec["apiVersion"],
                    "args": exec["args"],
                    "env": exec["env"],
                });
                (name, entry)
            })
            .collect();
        json!({ "ended_well": ended_well, "users": entries })
    }

    /// What came of all cases, by their names.
    fn all(&self) -> Map<String, Value> {
        let exchanges = EXCHANGES
            .iter()
            .map(|case| (case.name.to_owned(), self.exchange(case)));
        let conversions = CONVERSIONS
            .iter()
            .map(|case| (case.name.to_owned(), self.convert(case)));
        exchanges.chain(conversions).collect()
    }
}

/// Tokens and times are never the same twice.
fn without_what_changes(stdout: &str, token: Option<&str>) -> String {
    let mut text = stdout.to_owned();
    if let Some(token) = token {
        text = text.replace(token, "TOKEN");
    }
    let Some((before, rest)) = text.split_once("\"expirationTimestamp\":\"") else {
        return text;
    };
    let (time, after) = rest.split_once('"').expect("the end of a time");
    let form: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    format!("{before}\"expirationTimestamp\":\"{form}\"{after}")
}

/// What the real kubelogin does: now, if it is there, else what it did.
fn real() -> Map<String, Value> {
    let recorded = || -> Map<String, Value> {
        let text = std::fs::read_to_string(recorded_in()).expect("what was recorded");
        serde_json::from_str(&text).expect("JSON")
    };
    let Some(program) = std::env::var_os("KEYHOLE_REAL_KUBELOGIN") else {
        keyhole_tests::skipped(
            "no kubelogin (`cargo xtask peers` builds it, with Go): what it did when it last ran \
             is compared",
        );
        return recorded();
    };
    let output = Command::new(&program).arg("--version").output();
    let output = output.expect("kubelogin starts").stdout;
    let said = String::from_utf8_lossy(&output);
    assert!(said.contains(VERSION), "not kubelogin {VERSION}: {said}");
    let now = Pod::new(program.into()).all();
    if std::env::var_os("KEYHOLE_RECORD").is_some() {
        let text = serde_json::to_string_pretty(&now).expect("JSON") + "\n";
        std::fs::write(recorded_in(), text).expect("the record is written");
    } else {
        assert_eq!(
            now,
            recorded(),
            "kubelogin does not do what is recorded: `cargo xtask peers --record`"
        );
    }
    now
}

#[test]
fn what_differs_from_the_real_kubelogin_is_listed_and_nothing_else_does() {
    let real = real();
    let ours = Pod::keyhole().all();
    let names = |all: &Map<String, Value>| all.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&real), names(&ours), "record the cases anew");
    assert!(ours.len() >= 40, "{} cases", ours.len());

    let listed = std::fs::read_to_string(artifacts::workspace().join("docs/kubelogin.md"));
    let listed = listed.expect("docs/kubelogin.md");
    let differs = EXCHANGES.iter().map(|case| (case.name, case.differs));
    let differs = differs.chain(CONVERSIONS.iter().map(|case| (case.name, case.differs)));
    let mut wrong = Vec::new();
    for (name, row) in differs {
        let same = real[name] == ours[name];
        match row {
            None if !same => wrong.push(format!(
                "{name}: a difference that is not listed\n  kubelogin {}\n  keyhole   {}",
                real[name], ours[name]
            )),
            Some(row) if same => wrong.push(format!("{name}: differs no more, but has {row:?}")),
            Some(row) if !listed.contains(&format!("\n| {row} |")) => {
                wrong.push(format!("{name}: docs/kubelogin.md has no row {row:?}"));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
