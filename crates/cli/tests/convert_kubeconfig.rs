//! `keyhole convert-kubeconfig` with files: what is written, what is left, and
//! what is said. What becomes of a kubeconfig's text is tested in
//! `keyhole-kubeconfig`.

mod fixture;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use fixture::{Ran, run};

const SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const SECRET: &str = "hunter2-and-nothing-else";

/// A folder with kubeconfigs.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        path
    }

    /// The names of all files, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }
}

/// A kubeconfig with one user of kubelogin's and one with a token.
fn kubelogin(user: &str) -> String {
    format!(
        "\
apiVersion: v1
kind: Config
clusters:
- name: aks
  cluster:
    server: https://aks.example
contexts:
- name: {user}
  context:
    cluster: aks
    user: {user}
- name: {user}-token
  context:
    cluster: aks
    user: {user}-token
users:
- name: {user} # kept
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args:
      - get-token
      - --login
      - spn
      - --server-id
      - {SERVER}
      - --client-secret
      - {SECRET}
      env:
      - name: AAD_SERVICE_PRINCIPAL_CLIENT_SECRET
        value: {SECRET}
- name: {user}-token
  user:
    token: {SECRET}
"
    )
}

/// A kubeconfig with the users of two.
fn two_users() -> String {
    let other = kubelogin("b");
    let (_, users) = other.split_once("users:\n").expect("users");
    kubelogin("a") + users
}

fn convert(path: &Path, more: &[&str]) -> Ran {
    let path = path.to_str().expect("a path in UTF-8");
    let start = ["convert-kubeconfig", "--kubeconfig", path];
    let ran = run(start.into_iter().chain(more.iter().copied()), []);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!said.contains(SECRET), "{said}");
    ran
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

/// Fails, says so, and leaves the file and the folder as they are.
fn refused(folder: &Folder, path: &Path, more: &[&str], message: &str) {
    let (before, names) = (fs::read(path).ok(), folder.names());
    let ran = convert(path, more);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert!(ran.stderr.contains(message), "{message:?}: {}", ran.stderr);
    assert!(ran.stderr.contains("\nhint: "), "{}", ran.stderr);
    assert_eq!(fs::read(path).ok(), before);
    assert_eq!(folder.names(), names);
}

#[test]
fn each_user_is_a_line_and_the_file_is_rewritten() {
    let folder = Folder::new();
    let path = folder.write("config", &kubelogin("a"));
    let ran = convert(&path, &["-l", "workloadidentity", "--client-id", "c"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        format!(
            "changed    a: was exec kubelogin; kept --server-id; dropped --client-secret\n\
             skipped    a-token: it has neither exec nor auth-provider\n\
             wrote      {}\n",
            path.display()
        )
    );
    let text = read(&path);
    let expected = kubelogin("a")
        .replace(
            "command: kubelogin",
            "command: keyhole\n      interactiveMode: Never",
        )
        .replace("- spn", "- workloadidentity")
        .replace("- --client-secret", "- --client-id")
        .replacen(&format!("- {SECRET}"), "- c", 1);
    assert_eq!(text, expected);
    assert_eq!(folder.names(), ["config"]);
}

#[test]
fn kubectl_takes_the_result() {
    let folder = Folder::new();
    let path = folder.write("config", &kubelogin("a"));
    let kubectl = |arguments: &[&str]| {
        Command::new("kubectl")
            .args(arguments)
            .env("KUBECONFIG", &path)
            .output()
    };
    if kubectl(&["version", "--client"]).is_err() {
        eprintln!("skipped: kubectl is not installed");
        return;
    }
    assert_eq!(convert(&path, &[]).code, Some(0));
    let view = kubectl(&["config", "view", "-o", "json"]).expect("kubectl runs");
    let view: serde_json::Value = serde_json::from_slice(&view.stdout).expect("JSON");
    let exec = &view["users"][0]["user"]["exec"];
    assert_eq!(exec["command"], "keyhole", "{view}");
    assert_eq!(exec["interactiveMode"], "Never", "{view}");
    assert_eq!(
        exec["args"],
        serde_json::json!([
            "get-token",
            "--login",
            "workloadidentity",
            "--server-id",
            SERVER
        ])
    );
    assert_eq!(
        exec["env"][0]["name"],
        "AAD_SERVICE_PRINCIPAL_CLIENT_SECRET"
    );
}

#[test]
fn a_second_run_changes_nothing() {
    let folder = Folder::new();
    let path = folder.write("config", &kubelogin("a"));
    let arguments = ["--client-id", "c", "--environment", "AzureChinaCloud"];
    assert_eq!(convert(&path, &arguments).code, Some(0));
    let (once, inode) = (read(&path), fs::metadata(&path).expect("metadata").ino());
    let ran = convert(&path, &arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout
            .starts_with("unchanged  a: it asks keyhole already\n"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("wrote"), "{}", ran.stdout);
    assert_eq!(read(&path), once);
    assert_eq!(fs::metadata(&path).expect("metadata").ino(), inode);
}

#[test]
fn a_dry_run_shows_a_diff_without_secrets_and_writes_nothing() {
    let folder = Folder::new();
    let path = folder.write("config", &kubelogin("a"));
    let ran = convert(&path, &["--dry-run", "--backup"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for line in [
        &format!("--- {}", path.display()),
        "-      command: kubelogin",
        "+      command: keyhole",
        "-      - --client-secret",
        "-      - [redacted]",
        "         value: [redacted]",
    ] {
        assert!(
            ran.stdout.lines().any(|found| found == line),
            "{line:?} is not in\n{}",
            ran.stdout
        );
    }
    assert_eq!(read(&path), kubelogin("a"));
    assert_eq!(folder.names(), ["config"]);
}

#[test]
fn mode_and_owner_stay() {
    let folder = Folder::new();
    let path = folder.write("config", &kubelogin("a"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("the owner may");
    // Only root may give a file away.
    let given = chown(&path, Some(12345), Some(54321)).is_ok();
    let before = fs::metadata(&path).expect("metadata");
    assert_eq!(convert(&path, &["--backup"]).code, Some(0));
    for name in ["config", "config.bak"] {
        let after = fs::metadata(folder.path(name)).expect("metadata");
        assert_eq!(after.mode(), before.mode(), "{name}");
        assert_eq!(
            (after.uid(), after.gid()),
            (before.uid(), before.gid()),
            "{name}"
        );
    }
    if !given {
        eprintln!("not root: the owner was this user's");
    }
}

#[test]
fn a_symbolic_link_stays_one() {
    let folder = Folder::new();
    fs::create_dir(folder.path("real")).expect("a folder");
    let real = folder.write("real/config", &kubelogin("a"));
    let link = folder.path("link");
    symlink("real/config", &link).expect("a link");
    assert_eq!(convert(&link, &[]).code, Some(0));
    let target = fs::read_link(&link).expect("still a link");
    assert_eq!(target, Path::new("real/config"));
    assert!(read(&real).contains("command: keyhole"));
}

#[test]
fn the_old_text_is_kept_once() {
    let folder = Folder::new();
    let path = folder.write("config", &kubelogin("a"));
    let ran = convert(&path, &["--backup"]);
    let backup = folder.path("config.bak");
    assert!(
        ran.stdout
            .contains(&format!("; as it was: {}", backup.display())),
        "{}",
        ran.stdout
    );
    assert_eq!(read(&backup), kubelogin("a"));
    // The same text again is no loss, another one would be.
    fs::write(&path, kubelogin("a")).expect("a file");
    assert_eq!(convert(&path, &["--backup"]).code, Some(0));
    fs::write(&path, kubelogin("b")).expect("a file");
    let ran = convert(&path, &["--backup"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("exists already"), "{}", ran.stderr);
    assert_eq!(read(&path), kubelogin("b"));
    assert_eq!(read(&backup), kubelogin("a"));
}

#[test]
fn of_a_list_of_files_each_is_written_where_it_stands() {
    let folder = Folder::new();
    let first = folder.write("first", &kubelogin("a"));
    let both = two_users();
    let second = folder.write("second", &both);
    let list = format!("{}::{}:{0}:{1}", first.display(), second.display())
        + &format!(":{}", folder.path("missing").display());
    let ran = run(["convert-kubeconfig"], [("KUBECONFIG", list.as_str())]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let (first_name, second_name) = (first.display(), second.display());
    assert_eq!(
        ran.stdout,
        format!(
            "\
changed    a in {first_name}: was exec kubelogin; kept --server-id; dropped --client-secret
skipped    a-token in {first_name}: it has neither exec nor auth-provider
skipped    a in {second_name}: {first_name} has a user of that name
skipped    a-token in {second_name}: {first_name} has a user of that name
changed    b in {second_name}: was exec kubelogin; kept --server-id; dropped --client-secret
skipped    b-token in {second_name}: it has neither exec nor auth-provider
wrote      {first_name}
wrote      {second_name}
"
        )
    );
    assert!(!read(&first).contains("kubelogin"));
    assert_eq!(read(&second).matches("command: kubelogin").count(), 1);
    assert_eq!(read(&second).matches("command: keyhole").count(), 1);
}

#[test]
fn a_context_chooses_its_user() {
    let folder = Folder::new();
    let both = two_users();
    let path = folder.write("config", &both);
    let ran = convert(&path, &["--context", "a"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout
            .contains("skipped    b: not the user of that context\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(read(&path).matches("command: kubelogin").count(), 1);
    refused(
        &folder,
        &path,
        &["--context", "nowhere"],
        "error: no context exists with the name: \"nowhere\"\n",
    );
    refused(
        &folder,
        &path,
        &["--context", "a-token"],
        "error: nothing to convert: ",
    );
}

#[test]
fn nothing_to_convert_is_an_error_that_says_what_was_seen() {
    let folder = Folder::new();
    let path = folder.write("config", "users: [{name: a, user: {token: t}}, {name: b}]");
    refused(
        &folder,
        &path,
        &[],
        "has 2 users, none with exec kubelogin, exec keyhole or auth-provider azure",
    );
    let ran = convert(&path, &[]);
    assert!(
        ran.stderr
            .contains("  a           it has neither exec nor auth-provider"),
        "{}",
        ran.stderr
    );
    let path = folder.write("empty", "");
    refused(&folder, &path, &[], "has no user with");
}

#[test]
fn without_a_flag_it_is_home_s() {
    let folder = Folder::new();
    fs::create_dir(folder.path(".kube")).expect("a folder");
    let path = folder.write(".kube/config", &kubelogin("a"));
    let home = folder.0.path().to_str().expect("UTF-8");
    let ran = run(["convert-kubeconfig"], [("HOME", home), ("KUBECONFIG", "")]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(read(&path).contains("command: keyhole"));
    let ran = run(["convert-kubeconfig"], [("HOME", "")]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("HOME"), "{}", ran.stderr);
    let missing = format!("{home}/a:{home}/b");
    let ran = run(["convert-kubeconfig"], [("KUBECONFIG", missing.as_str())]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("no file of KUBECONFIG="),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_no_kubeconfig_is_refused_and_left_alone() {
    let folder = Folder::new();
    let text = kubelogin("a");
    let secret = |line: &str| format!("{text}{line}");
    for (name, text, message) in [
        (
            "not-yaml",
            secret("- [hunter2-and-nothing-else"),
            "it is not YAML: line ",
        ),
        (
            "tab",
            secret("\t\thunter2-and-nothing-else:"),
            "it is not YAML: line ",
        ),
        (
            "type",
            secret("- hunter2-and-nothing-else"),
            "users[2] is a string",
        ),
        (
            "twice",
            secret("- name: a\n"),
            "the user \"a\" is there a second time",
        ),
        (
            "list",
            "- hunter2-and-nothing-else".into(),
            "the document is a list",
        ),
        ("pod", "kind: Pod".into(), "its kind is not Config"),
        (
            "no-server",
            text.replace("--server-id", "--tenant-id"),
            "--server-id is required",
        ),
    ] {
        let path = folder.write(name, &text);
        refused(&folder, &path, &[], message);
        refused(&folder, &path, &["--dry-run"], message);
    }
    let path = folder.path("latin-1");
    fs::write(&path, b"a: \xff").expect("a file");
    refused(&folder, &path, &[], "is not UTF-8 text (byte 3)");
    let path = folder.write("large", &"#\n".repeat(4 * 1024 * 1024 + 1));
    refused(&folder, &path, &[], "is larger than 8388608 bytes");
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = Folder::new();
    refused(&folder, &folder.path("missing"), &[], "No such file");
    refused(&folder, folder.0.path(), &[], "is a folder, not a file");
    let pipe = folder.path("pipe");
    let made = Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .expect("mkfifo runs");
    assert!(made.success());
    // Reading the pipe afterwards would wait: only the program must not.
    let ran = convert(&pipe, &[]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("is a pipe or device"), "{}", ran.stderr);
    let link = folder.path("dangling");
    symlink("nowhere", &link).expect("a link");
    refused(&folder, &link, &[], "No such file");
}

#[test]
fn a_read_only_file_stays_as_it_is() {
    let folder = Folder::new();
    let path = folder.write("config", &kubelogin("a"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("the owner may");
    let ran = convert(&path, &["--backup"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("is read-only"), "{}", ran.stderr);
    assert_eq!(read(&path), kubelogin("a"));
    assert_eq!(folder.names(), ["config"]);
    // Looking does not need to write.
    assert_eq!(convert(&path, &["--dry-run"]).code, Some(0));
}

#[test]
fn kubectl_s_lock_is_respected() {
    let folder = Folder::new();
    let path = folder.write("config", &kubelogin("a"));
    let lock = folder.write("config.lock", "");
    let ran = convert(&path, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("config.lock"), "{}", ran.stderr);
    assert_eq!(read(&path), kubelogin("a"));
    fs::remove_file(lock).expect("the lock is still there");
    assert_eq!(convert(&path, &[]).code, Some(0));
    assert_eq!(folder.names(), ["config"]);
}

#[test]
fn five_megabytes_are_converted_in_seconds() {
    let folder = Folder::new();
    let user = |number: usize| {
        format!(
            "- name: u{number}\n  user:\n    exec:\n      command: kubelogin\n      args:\n      \
             - get-token\n      - --server-id\n      - {SERVER}\n      - --legacy\n      env: null\n"
        )
    };
    let yaml = String::from("users:\n") + &(0..30_000).map(user).collect::<String>();
    let user = |number: usize| {
        format!(
            r#"{{"name":"u{number}","user":{{"exec":{{"command":"kubelogin","args":["get-token","--server-id","{SERVER}","--login","spn"]}}}}}}"#
        )
    };
    let users: Vec<String> = (0..34_000).map(user).collect();
    let json = format!(r#"{{"users":[{}]}}"#, users.join(","));
    for (text, users) in [(yaml, 30_000), (json, 34_000)] {
        assert!(text.len() > 5_000_000, "{}", text.len());
        let path = folder.write("config", &text);
        let begun = std::time::Instant::now();
        assert_eq!(convert(&path, &["--dry-run"]).code, Some(0));
        let ran = convert(&path, &[]);
        let took = begun.elapsed();
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(ran.stdout.lines().count(), users + 1);
        // In JSON there is no space behind a colon.
        let text = read(&path).replace("\"command\":\"keyhole\"", "command: keyhole");
        assert_eq!(text.matches("command: keyhole").count(), users);
        assert!(took.as_secs() < 30, "{took:?}");
    }
}

#[test]
fn all_of_kubelogin_s_options_are_taken_and_the_idle_ones_named() {
    let folder = Folder::new();
    let path = folder.write("config", &kubelogin("a"));
    let mut arguments = vec![
        "--tenant-id=contoso.example",
        "-e",
        "AzureUSGovernment",
        "--authority-host=https://login.microsoftonline.us/",
        "--federated-token-file=/var/token",
        "--pop-enabled=false",
    ];
    let idle = [
        "--disable-environment-override",
        "--use-azurerm-env-vars",
        "--disable-instance-discovery=true",
        "--legacy",
        "--client-certificate=hunter2-and-nothing-else",
        "--username=hunter2-and-nothing-else",
        "--identity-resource-id=i",
        "--redirect-url=u",
        "--login-hint=hunter2-and-nothing-else",
        "--subscription=s",
        "--azure-pipelines-service-connection-id=i",
        "--token-cache-dir=d",
        "--azure-config-dir=d",
        "--logtostderr",
        "--cache-dir=d",
        "--timeout=30s",
    ];
    arguments.extend(idle);
    // Every command's, kubelogin's too.
    arguments.push("-v=5");
    let ran = convert(&path, &arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let names: Vec<&str> = idle
        .map(|flag| flag.split('=').next().unwrap_or(flag))
        .to_vec();
    assert_eq!(
        ran.stderr,
        format!(
            "note: without meaning for workload identity, and not written: {}\n",
            names.join(", ")
        )
    );
    let text = read(&path);
    let arguments: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("      - "))
        .collect();
    assert_eq!(
        arguments[..13],
        [
            "get-token",
            "--login",
            "workloadidentity",
            "--server-id",
            SERVER,
            "--environment",
            "AzureUSGovernment",
            "--tenant-id",
            "contoso.example",
            "--authority-host",
            "https://login.microsoftonline.us/",
            "--federated-token-file",
            "/var/token"
        ]
    );
}

#[test]
fn secrets_and_other_logins_are_refused() {
    let folder = Folder::new();
    let path = folder.write("config", &kubelogin("a"));
    for (arguments, message) in [
        (
            &["--client-secret", SECRET][..],
            "--client-secret would put a secret on a command line",
        ),
        (
            &["--password", SECRET],
            "--password would put a secret on a command line",
        ),
        (
            &["--client-certificate-password", SECRET],
            "--client-certificate-password would put a secret on a command line",
        ),
        (
            &["--pop-enabled"],
            "--pop-enabled asks for a proof-of-possession token",
        ),
        (
            &["--pop-claims", SECRET],
            "--pop-claims asks for a proof-of-possession token",
        ),
        (
            &["--login", "devicecode"],
            "'devicecode' is not a login that entries are written for; the one method here is workloadidentity",
        ),
        (
            &["--environment", "Nowhere"],
            "--environment=\"Nowhere\" is not the name of a cloud",
        ),
        (
            &["--tenant-id", "common"],
            "--tenant-id=\"common\" is not a tenant",
        ),
    ] {
        refused(&folder, &path, arguments, message);
    }
}
