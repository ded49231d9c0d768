//! `--cache file`: what is kept, for whom, and what is never taken from it.

use super::audit_log::must_be_a_valid_line;
use keyhole_emulator::{Fault, TOKEN_PROXY_SNI};
use keyhole_host::TokenCache;
use keyhole_policy::cache::{CacheKey, Entry, Owner};
use keyhole_tests::World;
use keyhole_tests::leaks::Secret;
use keyhole_tests::program::{Ran, command, run_command, slim};
use keyhole_tests::sandbox::{Sandbox, block_on};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The scope of a pod that names none.
const SCOPE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

/// `keyhole get-token --cache file` in a pod with a runtime directory.
fn get_token(world: &World) -> Command {
    let mut command = in_session(world);
    command.args(["get-token", "--cache", "file"]);
    command
}

/// `keyhole` in a pod with a runtime directory.
fn in_session(world: &World) -> Command {
    let mut command = command(&slim(), world);
    command.env("XDG_RUNTIME_DIR", world.folder());
    command
}

fn run(world: &World) -> Ran {
    run_command(&mut get_token(world), world)
}

/// A run that gives a token and says nothing beside it.
fn token(world: &World) -> String {
    let ran = run(world);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    ran.stdout
}

fn directory(world: &World) -> PathBuf {
    world.folder().join("keyhole")
}

fn key(world: &World) -> CacheKey {
    let (authority, tenant) = (world.emulator.https_authority(), world.emulator.tenant());
    let asked = format!(
        "POST {authority}{tenant}/oauth2/v2.0/token SSL_CERT_FILE/SSL_CERT_DIR: {} None",
        world.emulator.ca_file().display()
    );
    CacheKey::of(&Owner {
        authority: &authority,
        asked: &asked,
        tenant,
        client_id: world.emulator.client_id(),
        scope: SCOPE,
        issuer: world.emulator.issuer_url(),
        subject: world.emulator.subject(),
        audiences: &["api://AzureADTokenExchange".to_owned()],
    })
}

/// The file that the pod's token is kept in.
fn kept(world: &World) -> PathBuf {
    directory(world).join(format!("{}.token", key(world).to_hex()))
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("time");
    i64::try_from(now.as_secs()).expect("time")
}

/// Keeps a token with these times, in seconds from now.
fn keep(world: &World, written_on: i64, expires_on: i64, refresh_on: Option<i64>) {
    let entry = Entry {
        token: "kept-before".to_owned().into(),
        written_on: now() + written_on,
        expires_on: now() + expires_on,
        refresh_on: refresh_on.map(|when| now() + when),
    };
    write(&kept(world), &entry.encode(&key(world)));
}

/// A file as Keyhole makes it, in a directory as Keyhole makes it.
fn write(path: &Path, content: &[u8]) {
    let directory = path.parent().expect("a directory");
    fs::create_dir_all(directory).expect("a directory");
    fs::set_permissions(directory, Permissions::from_mode(0o700)).expect("its mode");
    fs::write(path, content).expect("a file");
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("its mode");
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .expect("the directory")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    names
}

fn requests(world: &World) -> usize {
    world.emulator.requests().len()
}

#[test]
fn two_hundred_processes_at_once_make_one_exchange_and_say_the_same() {
    let world = World::new();
    world
        .emulator
        .always(Some(Fault::delay(Duration::from_secs(1))));
    let started: Vec<_> = (0..200)
        .map(|_| {
            get_token(&world)
                .args(["--timeout", "5m"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the program starts")
        })
        .collect();
    let ended: Vec<_> = started
        .into_iter()
        .map(|child| child.wait_with_output().expect("its output"))
        .collect();
    for output in &ended {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(output.stderr, b"", "{output:?}");
        assert_eq!(output.stdout, ended[0].stdout);
    }
    assert_eq!(world.honest_requests().len(), 1);
}

#[test]
fn a_kept_token_is_the_same_reply_and_nobody_is_asked() {
    let world = World::new();
    let first = token(&world);
    let log = world.folder().join("audit.jsonl");
    let second = run_command(get_token(&world).arg("--audit").arg(&log), &world);
    assert_eq!((second.code, second.stdout), (Some(0), first));
    assert_eq!(world.honest_requests().len(), 1);

    let log = fs::read_to_string(log).expect("the audit log");
    let events: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    events.iter().for_each(must_be_a_valid_line);
    let of = |capability: &str| -> Vec<_> {
        let is_it = |event: &&serde_json::Value| event["capability"] == capability;
        events.iter().filter(is_it).collect()
    };
    let cache = of("cache");
    assert_eq!(cache.len(), 1, "{log}");
    assert_eq!(cache[0]["target"], kept(&world).display().to_string());
    let said = cache[0]["detail"].as_str().expect("a text");
    assert!(said.starts_with("hit: it ends in "), "{said}");
    assert_eq!(of("file").len(), 1, "the federated token is read: {log}");
    assert!(of("request").is_empty(), "{log}");
    for secret in world.secrets() {
        secret.must_not_be_in("the audit log", &log);
    }
}

#[test]
fn the_files_are_their_owner_s_alone_and_hold_no_federated_token() {
    let world = World::new();
    token(&world);
    let mode = |path: &Path| fs::metadata(path).expect("a file").mode() & 0o7777;
    let directory = directory(&world);
    assert_eq!(mode(&directory), 0o700);
    let key = key(&world).to_hex();
    assert_eq!(
        names(&directory),
        [format!("{key}.lock"), format!("{key}.token")]
    );
    for name in names(&directory) {
        assert_eq!(mode(&directory.join(&name)), 0o600, "{name}");
        let content = fs::read(directory.join(&name)).expect("a file");
        Secret::signature("federated token", &world.federated_token())
            .must_not_be_in(&name, &content);
    }
}

#[test]
fn nothing_is_kept_unless_it_is_asked_for() {
    let world = World::new();
    for arguments in [
        &["get-token"][..],
        &["get-token", "--cache", "none"],
        &["get-token", "--cache", "memory"],
        &["get-token", "--cache-dir", "somewhere"],
        &["verify"],
        &["verify", "--cache", "memory"],
    ] {
        let before = requests(&world);
        let ran = run_command(
            in_session(&world)
                .args(arguments)
                .current_dir(world.folder()),
            &world,
        );
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(requests(&world), before + 1, "{arguments:?}");
        assert_eq!(names(world.folder()), ["mount"], "{arguments:?}");
    }
}

#[test]
fn a_rotated_token_of_the_same_identity_finds_it_and_no_other_does() {
    let world = World::new();
    let first = token(&world);
    let rotated = world.emulator.issuer().mint(&world.emulator.claims());
    world.volume.rotate(&rotated).expect("a rotation");
    assert_eq!(token(&world), first);
    assert_eq!(requests(&world), 1);

    let other = world
        .emulator
        .claims()
        .subject("system:serviceaccount:other:one");
    let other = world.emulator.issuer().mint(&other);
    world.volume.rotate(&other).expect("a rotation");
    let ran = run(&world);
    ran.must_have_failed(4, &["AADSTS700213"]);
    assert_eq!(requests(&world), 2, "the authority decides");

    world.volume.rotate(&rotated).expect("a rotation");
    let ran = run_command(
        get_token(&world).args(["--client-id", "00000000-0000-0000-0000-000000000001"]),
        &world,
    );
    assert_eq!(ran.code, Some(4), "{ran:?}");
    let ran = run_command(
        get_token(&world).args(["--scope", "other/.default"]),
        &world,
    );
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert_eq!(requests(&world), 4);
}

#[test]
fn a_federated_token_that_would_be_refused_gets_no_kept_token() {
    let world = World::new();
    token(&world);
    let expired = world.emulator.claims().shifted(-2 * 24 * 3600);
    let expired = world.emulator.issuer().mint(&expired);
    world.volume.rotate(&expired).expect("a rotation");
    run(&world).must_have_failed(3, &["the federated token ended at"]);
    fs::remove_file(world.token_file()).expect("the token is gone");
    run(&world).must_have_failed(3, &["no such file"]);
    assert_eq!(requests(&world), 1);
}

/// Its signature is not the host's to check; its audience decides as its issuer
/// and subject do.
#[test]
fn a_federated_token_for_another_audience_gets_no_kept_token() {
    let world = World::new();
    token(&world);
    let other = world.emulator.claims().set("aud", "api://another");
    let other = world.emulator.issuer().mint(&other);
    world.volume.rotate(&other).expect("a rotation");
    run(&world).must_have_failed(4, &["AADSTS700212"]);
    assert_eq!(requests(&world), 2);
}

/// What answers in the authority's name is not the authority.
#[test]
fn a_token_proxy_s_token_is_not_given_for_the_authority_s() {
    let world = World::new();
    let bound = |command: &mut Command| {
        command
            .env("AZURE_KUBERNETES_TOKEN_PROXY", world.emulator.token_proxy())
            .env("AZURE_KUBERNETES_SNI_NAME", TOKEN_PROXY_SNI)
            .env(
                "AZURE_KUBERNETES_CA_FILE",
                world.emulator.token_proxy_ca_file(),
            );
    };
    let mut proxied = get_token(&world);
    bound(&mut proxied);
    assert_eq!(run_command(&mut proxied, &world).code, Some(0));
    let from_the_proxy = world.emulator.access_tokens().pop().expect("a token");
    assert!(!token(&world).contains(&from_the_proxy));
    assert_eq!(requests(&world), 2);
}

/// What lies there and how its refusal reads.
type Trap = (&'static str, fn(&World), &'static str);

const TRAPS: [Trap; 9] = [
    (
        "a directory that others may read",
        |world| {
            keep(world, 0, 3600, None);
            fs::set_permissions(directory(world), Permissions::from_mode(0o750)).expect("a mode");
        },
        "mode 0750",
    ),
    (
        "a link to a directory",
        |world| {
            let real = world.folder().join("real");
            fs::create_dir(&real).expect("a directory");
            fs::set_permissions(&real, Permissions::from_mode(0o700)).expect("a mode");
            symlink(real, directory(world)).expect("a link");
        },
        "symbolic link",
    ),
    (
        "a file in the directory's place",
        |world| fs::write(directory(world), "").expect("a file"),
        "not a directory",
    ),
    (
        "a file that others may read",
        |world| {
            keep(world, 0, 3600, None);
            fs::set_permissions(kept(world), Permissions::from_mode(0o640)).expect("a mode");
        },
        "mode 0640",
    ),
    (
        "a link to a file",
        |world| {
            keep(world, 0, 3600, None);
            let elsewhere = world.folder().join("elsewhere");
            fs::rename(kept(world), &elsewhere).expect("a move");
            symlink(elsewhere, kept(world)).expect("a link");
        },
        "symbolic link",
    ),
    (
        "a file with a second name",
        |world| {
            keep(world, 0, 3600, None);
            fs::hard_link(kept(world), world.folder().join("second")).expect("a link");
        },
        "hard link",
    ),
    (
        "a directory in the file's place",
        |world| {
            keep(world, 0, 3600, None);
            fs::remove_file(kept(world)).expect("a removal");
            fs::create_dir(kept(world)).expect("a directory");
        },
        "not a regular file",
    ),
    (
        "a FIFO in the file's place",
        |world| {
            keep(world, 0, 3600, None);
            fs::remove_file(kept(world)).expect("a removal");
            let made = Command::new("mkfifo")
                .args(["-m", "600"])
                .arg(kept(world))
                .status();
            assert!(made.expect("mkfifo runs").success());
        },
        "FIFO",
    ),
    (
        "a link in the lock's place",
        |world| {
            write(&directory(world).join("x"), b"");
            let lock = kept(world).with_extension("lock");
            symlink(world.folder().join("victim"), lock).expect("a link");
        },
        "symbolic link",
    ),
];

#[test]
fn what_others_could_read_or_have_made_is_refused_before_anything_is_sent() {
    for (name, set, said) in TRAPS {
        println!("{name}");
        let world = World::new();
        set(&world);
        run(&world).must_have_failed(2, &[said, "--cache-dir"]);
        assert_eq!(requests(&world), 0, "{name}");
        assert!(!world.folder().join("victim").exists(), "{name}");
    }
}

/// Only root can give files away.
#[test]
fn what_belongs_to_another_user_is_refused() {
    for whose in [directory as fn(&World) -> PathBuf, kept] {
        let world = World::new();
        keep(&world, 0, 3600, None);
        if std::os::unix::fs::chown(whose(&world), Some(4711), None).is_err() {
            println!("skipped: not root");
            return;
        }
        run(&world).must_have_failed(2, &["belongs to user 4711"]);
        let ran = run_command(in_session(&world).arg("clean-cache"), &world);
        if whose(&world) == directory(&world) {
            ran.must_have_failed(2, &["belongs to user 4711"]);
        }
        assert_eq!(requests(&world), 0);
    }
}

#[test]
fn what_is_damaged_or_from_the_future_is_said_and_replaced() {
    let world = World::new();
    keep(&world, 0, 3600, None);
    let good = fs::read(kept(&world)).expect("the file");
    let text = String::from_utf8(good.clone()).expect("UTF-8");
    let damaged: [(&str, Vec<u8>); 6] = [
        ("damaged", good[..good.len() / 2].to_vec()),
        ("damaged", Vec::new()),
        ("damaged", b"\x7fELF\0\0garbage".to_vec()),
        ("damaged", vec![b'a'; 1 << 20]),
        (
            "damaged",
            text.replace("kept-before", "kept-behind").into_bytes(),
        ),
        (
            "another version",
            text.replace("keyhole-token 1", "keyhole-token 2")
                .into_bytes(),
        ),
    ];
    for (said, content) in damaged {
        write(&kept(&world), &content);
        must_be_replaced(&world, said);
    }
    keep(&world, 24 * 3600, 25 * 3600, None);
    must_be_replaced(&world, "from the future");
    keep(&world, 0, 400 * 24 * 3600, None);
    must_be_replaced(&world, "from the future");
}

fn must_be_replaced(world: &World, said: &str) {
    let before = requests(world);
    let ran = run(world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains(said), "{said}: {ran:?}");
    assert!(!ran.stdout.contains("kept-before"), "{ran:?}");
    assert_eq!(token(world), ran.stdout, "the new one is kept");
    assert_eq!(requests(world), before + 1, "{said}");
}

#[test]
fn in_its_last_five_minutes_a_token_is_not_used() {
    let world = World::new();
    keep(&world, -60, 360, None);
    assert!(token(&world).contains("kept-before"));
    for left in [299, 0, -3600] {
        let before = requests(&world);
        keep(&world, -3600, left, None);
        assert!(!token(&world).contains("kept-before"), "{left}");
        assert_eq!(requests(&world), before + 1, "{left}");
    }
}

#[test]
fn a_token_that_should_be_renewed_is_and_serves_if_it_cannot_be() {
    let world = World::new();
    keep(&world, -60, 3600, Some(-1));
    world.emulator.queue(Fault::Entra(700_016));
    assert!(token(&world).contains("kept-before"), "it serves");
    assert_eq!(requests(&world), 1, "it was tried");
    assert!(token(&world).contains("kept-before"));
    assert_eq!(requests(&world), 1, "not again within 30 s");

    let world = World::new();
    keep(&world, -60, 3600, Some(-1));
    let renewed = token(&world);
    assert!(!renewed.contains("kept-before"));
    assert_eq!(token(&world), renewed);
    assert_eq!(requests(&world), 1);

    let world = World::new();
    world.emulator.queue(Fault::member("refresh_in", 0));
    let first = token(&world);
    let text = fs::read_to_string(kept(&world)).expect("the file");
    assert!(!text.contains("refresh -"), "refresh_in is kept");
    assert_ne!(token(&world), first, "and honoured");
}

#[test]
fn an_exchange_that_fails_holds_the_others_up_once() {
    const PROCESSES: u32 = 20;
    const EACH: Duration = Duration::from_secs(2);
    let world = World::new();
    world
        .emulator
        .always(Some(Fault::Entra(700_016).after(EACH)));
    let start = Instant::now();
    let started: Vec<_> = (0..PROCESSES)
        .map(|_| {
            get_token(&world)
                .stderr(Stdio::null())
                .spawn()
                .expect("it starts")
        })
        .collect();
    for mut child in started {
        assert_eq!(child.wait().expect("it ends").code(), Some(4));
    }
    let took = start.elapsed();
    assert!(
        took < EACH * PROCESSES / 2,
        "not one after the other: {took:?}"
    );
    assert_eq!(names(&directory(&world)).len(), 1, "the lock alone");
}

#[test]
fn who_holds_the_lock_is_waited_for_within_half_of_the_time_and_no_longer_than_it_lives() {
    let world = World::new();
    world.emulator.always(Some(Fault::Hang));
    let mut holder = get_token(&world).spawn().expect("it starts");
    assert!(world.emulator.wait_for_requests(1, Duration::from_secs(30)));
    // A holder that hangs holds nobody up for longer than half of the time.
    world.emulator.always(None);
    let late = run_command(get_token(&world).args(["--timeout", "2s"]), &world);
    assert_eq!(late.code, Some(0), "{late:?}");
    assert_eq!(requests(&world), 2);

    let waiting = get_token(&world)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    holder.kill().expect("it is killed");
    holder.wait().expect("it has ended");
    let output = waiting.wait_with_output().expect("its output");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(requests(&world), 3);
}

/// A small file system in memory; only root can have one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: PathBuf) -> Option<Self> {
        fs::create_dir(&path).expect("a directory");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs"])
            .arg(&path)
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn on_a_full_or_read_only_disk_there_is_a_token_a_warning_and_no_half_file() {
    let world = World::new();
    let Some(disk) = SmallDisk::mount(world.folder().join("disk")) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let get_token = || {
        let mut command = command(&slim(), &world);
        command
            .args(["get-token", "--cache", "file", "--cache-dir"])
            .arg(&disk.0);
        run_command(&mut command, &world)
    };
    assert!(
        fs::write(disk.0.join("full"), vec![0; 64 << 10]).is_err(),
        "it is full"
    );
    let full = get_token();
    assert_eq!(full.code, Some(0), "{full:?}");
    assert!(full.stderr.contains("No space left"), "{full:?}");
    let left = names(&disk.0);
    assert!(
        left.iter()
            .all(|name| name == "full" || name.ends_with(".lock")),
        "{left:?}"
    );

    let remounted = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&disk.0)
        .status();
    assert!(remounted.expect("mount runs").success());
    let read_only = get_token();
    assert_eq!(read_only.code, Some(0), "{read_only:?}");
    assert!(
        read_only.stderr.contains("Read-only file system"),
        "{read_only:?}"
    );
    assert_eq!(requests(&world), 2);
}

#[test]
fn without_a_directory_it_is_said_which_flag_names_one() {
    let world = World::new();
    for runtime_dir in [None, Some(""), Some("relative"), Some("/no/such/directory")] {
        let mut command = command(&slim(), &world);
        command.args(["get-token", "--cache", "file"]);
        if let Some(path) = runtime_dir {
            command.env("XDG_RUNTIME_DIR", path);
        }
        run_command(&mut command, &world)
            .must_have_failed(2, &["XDG_RUNTIME_DIR", "--cache-dir", "not encrypted"]);
    }
    assert_eq!(requests(&world), 0);
}

#[test]
fn clean_cache_removes_what_is_ours_and_nothing_else_by_every_name_it_has() {
    let world = World::new();
    let kubelogin = world.folder().join("kubelogin");
    symlink(slim(), &kubelogin).expect("a link");
    for (program, name) in [
        (slim(), "clean-cache"),
        (kubelogin.clone(), "remove-cache-dir"),
        (kubelogin, "remove-tokens"),
    ] {
        let before = requests(&world);
        token(&world);
        assert_eq!(
            requests(&world),
            before + 1,
            "{name}: what was kept is gone"
        );
        let ours = directory(&world).join("config.token");
        write(&ours, b"somebody else's");
        let clean = || {
            let mut command = command(&program, &world);
            command.env("XDG_RUNTIME_DIR", world.folder()).arg(name);
            run_command(&mut command, &world)
        };
        let ran = clean();
        let key = key(&world).to_hex();
        let folder = directory(&world).display().to_string();
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (
                Some(0),
                format!("removed {folder}/{key}.lock\nremoved {folder}/{key}.token\n").as_str(),
                ""
            ),
        );
        assert_eq!(names(&directory(&world)), ["config.token"]);
        let again = clean();
        assert_eq!(again.code, Some(0), "{again:?}");
        assert_eq!(again.stdout, format!("nothing to remove in {folder}\n"));
    }
    let nowhere = run_command(
        in_session(&world).args(["clean-cache", "--cache-dir", "/no/such/directory"]),
        &world,
    );
    assert_eq!(nowhere.code, Some(0), "{nowhere:?}");
}

#[test]
fn verify_and_inspect_say_where_it_is_and_verify_always_asks() {
    let world = World::new();
    keep(&world, 0, 3600, None);
    let place = directory(&world).display().to_string();
    for command in ["verify", "inspect"] {
        let ran = run_command(
            in_session(&world).args([command, "--cache", "file", "--output", "json"]),
            &world,
        );
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let cache = &report["cache"];
        assert_eq!(cache["place"], place, "{ran:?}");
        assert!(
            cache["used"]
                .as_str()
                .is_some_and(|used| used.starts_with("no")),
            "{cache}"
        );
        if command == "verify" {
            assert!(cache["kept_token_expires"].is_string(), "{cache}");
        }
    }
    assert_eq!(requests(&world), 1, "verify's");
}

#[test]
fn in_memory_calls_at_once_make_one_exchange_and_claims_make_another() {
    let world = World::new();
    let sandbox = Sandbox::new(
        &world,
        keyhole_host::Artifact::embedded().expect("the exchange component"),
        |builder| builder.cache(TokenCache::memory()),
    )
    .expect("a sandbox");
    let request = keyhole_host::TokenRequest::default;
    let (first, second, third) = block_on(async {
        tokio::join!(
            sandbox.keyhole.get_token(request()),
            sandbox.keyhole.get_token(request()),
            sandbox.keyhole.get_token(request()),
        )
    });
    let first = first.expect("a token");
    for other in [second, third] {
        assert_eq!(other.expect("a token").expose(), first.expose());
    }
    let again = sandbox.get_token().expect("a token");
    assert_eq!((again.expose(), again.requests), (first.expose(), 0));
    assert_eq!(requests(&world), 1);

    let claims = keyhole_host::TokenRequest {
        claims: Some("{}".to_owned().into()),
        ..request()
    };
    block_on(sandbox.keyhole.get_token(claims)).expect("a token");
    assert_eq!(requests(&world), 2);
}
