//! `cargo xtask demo`: from nothing to an exchanged token, with the emulator in
//! Entra's and kubelet's place.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::build;
use crate::emulator::Emulator;
use crate::files;
use crate::guests::HOSTILE;
use crate::process;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Attempts of the hostile component (tests/guests) that are shown, and what
/// they are in words.
const ATTEMPTS: &[(&str, &str)] = &[
    (
        "open_sibling",
        "read another file beside the federated token",
    ),
    (
        "post_other_host",
        "send the federated token to a host of its own",
    ),
    (
        "federated_token_in_path",
        "smuggle the federated token out as the name of a file",
    ),
    ("other_scope", "ask for a token for something else"),
];

/// Exit code of keyhole when a component tried what it was not granted.
const REFUSED: i32 = 7;

/// How much of a token is shown.
const SHOWN: usize = 10;

pub(super) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    build::run(workspace, steps)?;
    let emulator = steps.run("emulator of Entra and kubelet", || {
        let emulator = Emulator::start(workspace)?;
        for (name, value) in emulator.variables() {
            eprintln!("    {name}={value}");
        }
        Ok(emulator)
    })?;
    let keyhole = workspace.dist.join("keyhole");
    steps.run("keyhole verify", || verify(&keyhole, &emulator))?;
    steps.run("keyhole get-token", || get_token(&keyhole, &emulator))?;
    steps.run("a rotated token", || {
        let (before, after) = emulator.wait_for_rotation()?;
        eprintln!("    ..data: {} -> {}", before.display(), after.display());
        verify(&keyhole, &emulator)
    })?;
    steps.run("kubectl, by a converted kubeconfig", || {
        kubectl(&workspace.dist, &emulator)
    })?;
    for (attempt, words) in ATTEMPTS {
        steps.run(format!("a hostile component: {words}"), || {
            hostile(workspace, &emulator, attempt)
        })?;
    }
    drop(emulator);
    print!("{}", farewell(workspace));
    Ok(())
}

fn verify(keyhole: &Path, emulator: &Emulator) -> Result<()> {
    process::run(emulator.in_the_pod(keyhole).arg("verify"))
}

fn get_token(keyhole: &Path, emulator: &Emulator) -> Result<()> {
    let printed = process::output(
        emulator
            .in_the_pod(keyhole)
            .arg("get-token")
            // Refusals and warnings of keyhole are for the person who watches.
            .stderr(Stdio::inherit()),
    )?;
    println!("{}", without_token(&printed)?);
    Ok(())
}

/// What a user of kubelogin does: converts the kubeconfig, and goes on.
fn kubectl(dist: &Path, emulator: &Emulator) -> Result<()> {
    let keyhole = dist.join("keyhole");
    process::run(emulator.in_the_pod(&keyhole).arg("convert-kubeconfig"))?;
    if process::output(Command::new("kubectl").args(["version", "--client"])).is_err() {
        eprintln!("    skipped: no kubectl");
        return Ok(());
    }
    let cache = tempfile::tempdir()?;
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(dist.to_owned()).chain(std::env::split_paths(&paths));
    let paths = std::env::join_paths(paths)?;
    for arguments in [["get", "namespaces"], ["auth", "whoami"]] {
        let mut kubectl = emulator.in_the_pod(Path::new("kubectl"));
        kubectl.env("PATH", &paths).args(arguments);
        process::run(kubectl.arg("--cache-dir").arg(cache.path()))?;
    }
    Ok(())
}

/// Runs a component that is not the exchange in the exchange's sandbox. Which
/// attempt it makes it takes from the scope.
fn hostile(workspace: &Workspace, emulator: &Emulator, attempt: &str) -> Result<()> {
    let component = workspace.component(HOSTILE.name);
    let digest = format!("sha256:{}", files::sha256(&files::read(&component)?));
    let keyhole = workspace.dist.join("keyhole-full");
    let mut command = emulator.in_the_pod(&keyhole);
    command
        .arg("verify")
        .arg("--component")
        .arg(component)
        .args(["--digest", &digest])
        .args(["--scope", &format!("api://attempt/{attempt}/.default")]);
    let status = process::status(&mut command)?;
    ensure!(
        status.code() == Some(REFUSED),
        "the hostile component ended with {status} instead of exit status {REFUSED}: the attempt \
         {attempt} was not refused"
    );
    Ok(())
}

/// The ExecCredential that kubectl would get, with the token cut.
fn without_token(printed: &str) -> Result<String> {
    // The text itself must not get into an error: it holds the token.
    let mut credential: Value = serde_json::from_str(printed)
        .ok()
        .context("get-token did not print JSON")?;
    let token = credential["status"]["token"]
        .as_str()
        .context("the ExecCredential has no status.token")?;
    ensure!(token.len() > 2 * SHOWN, "the token is too short to be one");
    let start: String = token.chars().take(SHOWN).collect();
    let cut = format!("{start}… ({} characters)", token.chars().count());
    credential["status"]["token"] = Value::String(cut);
    Ok(format!("{credential:#}"))
}

fn farewell(workspace: &Workspace) -> String {
    let keyhole = workspace.dist.join("keyhole");
    let keyhole = keyhole.display();
    format!(
        "
Against a real cluster, in a pod with workload identity, these are set:

  AZURE_CLIENT_ID  AZURE_TENANT_ID  AZURE_AUTHORITY_HOST  AZURE_FEDERATED_TOKEN_FILE

Copy {keyhole} there (on Linux it needs no shared library) and run

  keyhole verify

For kubectl, in the kubeconfig:

  users:
  - name: aks
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1
        command: keyhole
        args: [get-token]
        interactiveMode: Never
        provideClusterInfo: false

To go on with the emulator by hand, and with kubectl:

  {} --api-server
",
        workspace.full("keyhole-emulator").display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_printed_token_ten_characters_are_shown() {
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.secret.signature";
        let printed = format!(r#"{{"kind":"ExecCredential","status":{{"token":"{token}"}}}}"#);
        let shown = without_token(&printed).unwrap();
        assert!(shown.contains("eyJ0eXAiOi… (53 characters)"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn an_answer_that_is_not_json_is_not_repeated() {
        let error = without_token("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9").unwrap_err();
        assert!(!format!("{error:#}").contains("eyJ"), "{error:#}");
    }
}
