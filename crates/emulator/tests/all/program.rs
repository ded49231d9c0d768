//! The program: what it prints, logs and leaves behind.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;

/// A running program that is told to end by closing its input.
struct Program {
    child: Child,
    input: Option<ChildStdin>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keyhole-emulator"))
            .args(["--until-stdin-closes"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        Self { child, input }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        line
    }

    /// Ends it and returns what it wrote to standard error.
    fn end(mut self) -> String {
        drop(self.input.take());
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        assert!(self.child.wait().unwrap().success(), "{log}");
        log
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_settings_it_prints_lead_to_a_token_and_the_log_has_no_secret() {
    use std::io::Write;
    let mut program = Program::start(&["--output", "json"]);
    let settings: Value = serde_json::from_str(&program.line()).unwrap();
    let text = |name: &str| {
        settings[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name}: {settings}"))
            .to_owned()
    };
    assert!(text("AZURE_AUTHORITY_HOST").starts_with("https://localhost:"));
    assert!(
        std::fs::read_to_string(text("SSL_CERT_FILE"))
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
    let token = std::fs::read_to_string(text("AZURE_FEDERATED_TOKEN_FILE")).unwrap();

    let body = format!(
        "client_id={}&scope=6dae42f8-4368-4678-94ff-3960e28e3630%2F.default&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={token}&grant_type=client_credentials",
        text("AZURE_CLIENT_ID")
    );
    let host = text("http_authority")
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let mut stream = std::net::TcpStream::connect(&host).unwrap();
    write!(
        stream,
        "POST /{}/oauth2/v2.0/token HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        text("AZURE_TENANT_ID"),
        body.len()
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");

    let log = program.end();
    assert!(
        log.contains("Http #1 POST /") && log.contains(" granted client_id="),
        "{log}"
    );
    assert!(!log.contains(&token[..20]), "{log}");
    assert!(!PathBuf::from(text("AZURE_FEDERATED_TOKEN_FILE")).exists());
    assert!(!PathBuf::from(text("SSL_CERT_FILE")).exists());
}

#[test]
fn the_settings_can_be_evaluated_by_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("it's here");
    let mut program = Program::start(&[
        "--output",
        "env",
        "--dir",
        directory.to_str().unwrap(),
        "--client-id",
        "me",
    ]);
    assert_eq!(program.line(), "export AZURE_CLIENT_ID='me'\n");
    let token = directory
        .canonicalize()
        .unwrap()
        .join("azure-identity-token");
    assert!(token.exists());
    program.end();
}

#[test]
fn a_token_is_rotated_when_asked() {
    let mut program = Program::start(&["--output", "json", "--rotate", "1"]);
    let settings: Value = serde_json::from_str(&program.line()).unwrap();
    let file = settings["AZURE_FEDERATED_TOKEN_FILE"]
        .as_str()
        .unwrap()
        .to_owned();
    let before = std::fs::read_to_string(&file).unwrap();
    let mut log = BufReader::new(program.child.stderr.as_mut().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    assert!(line.starts_with("rotated "), "{line}");
    assert_ne!(std::fs::read_to_string(&file).unwrap(), before);
    program.end();
}

#[test]
fn the_faults_are_listed_and_an_unknown_one_is_a_usage_error() {
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_keyhole-emulator"))
            .args(arguments)
            .output()
            .unwrap()
    };
    let list = run(&["--list-faults"]);
    assert!(list.status.success());
    assert!(String::from_utf8(list.stdout).unwrap().contains("\nhang "));
    let unknown = run(&["--fault", "nonsense"]);
    assert_eq!(unknown.status.code(), Some(2));
    let text = String::from_utf8(unknown.stderr).unwrap();
    assert!(
        text.contains("unknown fault \"nonsense\"; see --list-faults"),
        "{text}"
    );
}

#[test]
fn the_kubeconfig_of_its_api_server_is_there_until_it_ends() {
    let mut program = Program::start(&["--output", "json", "--api-server"]);
    let settings: Value = serde_json::from_str(&program.line()).unwrap();
    let file = PathBuf::from(settings["KUBECONFIG"].as_str().unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    let server = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("server: https://"));
    std::net::TcpStream::connect(server.unwrap()).unwrap();
    program.end();
    assert!(!file.exists());
}
