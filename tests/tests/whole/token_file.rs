//! The federated token file: rotations and swaps, and files that cannot be
//! used. Those the program as users get it answers with exit code 3, the path
//! and the reason, and it sends nothing.

use keyhole_emulator::{Claims, ProjectedVolume};
use keyhole_tests::World;
use keyhole_tests::program::{Ran, command, run_command, slim, within_memory};
use keyhole_tests::sandbox::Sandbox;
use rustix::fs::{CWD, FileType, Mode};
use std::fs;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What the program may map for writing, in MiB: less than the largest file.
const MEMORY: u32 = 64;

fn get_token(world: &World, path: &Path) -> Ran {
    let mut command = within_memory(MEMORY, &slim(), world);
    command
        .args(["get-token", "--log-level", "trace"])
        .arg("--federated-token-file")
        .arg(path);
    run_command(&mut command, world)
}

fn must_be_said(world: &World, path: &Path, said: &[&str]) {
    println!("{}", path.display());
    get_token(world, path).must_have_failed(3, said);
    assert_eq!(world.emulator.connections(), 0, "nothing is sent");
}

/// A file in the pod's folder.
fn written(world: &World, name: &str, content: &[u8]) -> PathBuf {
    let path = world.folder().join(name);
    fs::write(&path, content).expect("a file");
    path
}

#[test]
fn what_is_no_regular_file_is_named_and_never_waited_for() {
    let world = World::new();
    let at = |name: &str| world.folder().join(name);
    must_be_said(&world, &at("missing"), &["/missing", "no such file"]);
    must_be_said(&world, &at("no/folder"), &["/no/folder", "no such file"]);
    must_be_said(&world, world.folder(), &["directory"]);
    rustix::fs::mknodat(CWD, at("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
        .expect("a FIFO");
    must_be_said(&world, &at("fifo"), &["/fifo", "FIFO"]);
    let _socket = UnixListener::bind(at("socket")).expect("a socket");
    must_be_said(&world, &at("socket"), &["/socket", "socket"]);
    must_be_said(&world, Path::new("/dev/zero"), &["/dev/zero", "device"]);
    must_be_said(&world, Path::new("/dev/stdin"), &["/dev/stdin"]);
    symlink(at("loop-b"), at("loop-a")).expect("a link");
    symlink(at("loop-a"), at("loop-b")).expect("a link");
    must_be_said(&world, &at("loop-a"), &["/loop-a", "circle"]);
    symlink(at("nowhere"), at("dangling")).expect("a link");
    must_be_said(&world, &at("dangling"), &["/dangling", "no such file"]);
    let below = written(&world, "file", b"x").join("below");
    must_be_said(&world, &below, &["/file/below", "no such file"]);
}

#[test]
fn a_file_of_anything_but_a_token_is_named_and_nothing_of_it_is_shown() {
    let world = World::new();
    let environ = Path::new("/proc/self/environ");
    must_be_said(&world, environ, &["/proc/self/environ", "not a JWT"]);
    must_be_said(
        &world,
        Path::new("/etc/passwd"),
        &["/etc/passwd", "not a JWT"],
    );
    let shown = get_token(&world, Path::new("/etc/passwd")).stderr;
    assert!(!shown.contains("root:"), "{shown}");

    let token = world.federated_token();
    let whole = |name, content: &[u8], said| {
        must_be_said(&world, &written(&world, name, content), &[name, said]);
    };
    whole("empty", b"", "empty");
    whole("blank", b" \r\n\t\n", "empty");
    whole("quoted", format!("\"{token}\"").as_bytes(), "not a JWT");
    whole("leading-space", format!(" {token}").as_bytes(), "not a JWT");
    whole("bearer", format!("Bearer {token}").as_bytes(), "not a JWT");
    whole("twice", format!("{token}\n{token}").as_bytes(), "not a JWT");
    whole("not-utf-8", b"\xff\xfe.\xff.\xff", "not a JWT");
    whole("utf-16", &utf_16(&token), "not a JWT");
    whole(
        "byte-order-mark",
        format!("\u{feff}{token}").as_bytes(),
        "not a JWT",
    );
    whole("no-claims", b"bm90.anNvbg.c2ln", "JWT");
    whole("over-1-mib", &vec![b'a'; (1 << 20) + 1], "1048576 bytes");
    let sparse = written(&world, "sparse", b"");
    let file = fs::File::options()
        .write(true)
        .open(&sparse)
        .expect("a file");
    file.set_len(1 << 40).expect("a sparse file of a tebibyte");
    must_be_said(&world, &sparse, &["/sparse", "1048576 bytes"]);
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_token_of_the_wrong_time_is_named_with_what_it_says() {
    let world = World::new();
    let claims = || world.emulator.claims();
    let minted = |name: &str, claims: &Claims| {
        written(
            &world,
            name,
            world.emulator.issuer().mint(claims).as_bytes(),
        )
    };
    let subject = world.emulator.subject();
    for (name, claims, said) in [
        (
            "ended",
            claims().shifted(-7_200),
            "the federated token ended at",
        ),
        (
            "early",
            claims().shifted(7_200),
            "the federated token begins at",
        ),
        ("endless", claims().without("exp"), "exp"),
        (
            "long",
            claims().lifetime(Duration::from_secs(26 * 3_600)),
            "25 h",
        ),
    ] {
        let path = minted(name, &claims);
        must_be_said(&world, &path, &[name, said, subject]);
    }
}

#[test]
fn white_space_at_the_end_is_no_part_of_the_token() {
    let world = World::new();
    for (number, end) in ["\n", "\r\n", " \t\n\n"].into_iter().enumerate() {
        let token = world.federated_token();
        let path = written(&world, "with-end", format!("{token}{end}").as_bytes());
        let ran = get_token(&world, &path);
        assert_eq!(ran.code, Some(0), "{end:?}: {ran:?}");
        let sent = &world.honest_requests()[number];
        assert_eq!(sent.field("client_assertion"), Some(&*token), "{end:?}");
    }
}

/// As another user, if this one may read every file.
#[test]
fn a_file_that_may_not_be_read_is_named() {
    const NOBODY: u32 = 65_534;
    let world = World::new();
    let path = written(&world, "unreadable", world.federated_token().as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("a mode");
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(world.folder(), open.clone()).expect("a mode");
    let program = world.folder().join("keyhole");
    fs::copy(slim(), &program).expect("a copy of the program");
    fs::set_permissions(&program, open).expect("a mode");
    let roots = world.folder().join("ca.pem");
    fs::copy(world.emulator.ca_file(), &roots).expect("a copy of the roots");

    let mut command = command(&program, &world);
    command
        .current_dir("/")
        .env("SSL_CERT_FILE", &roots)
        .args(["get-token", "--federated-token-file"])
        .arg(&path);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let ran = run_command(&mut command, &world);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.contains("permission denied"), "{ran:?}");
    assert!(ran.stderr.contains("fsGroup"), "{ran:?}");
}

#[test]
fn a_rotation_between_two_calls_is_seen() {
    let world = World::new();
    let sandbox = Sandbox::honest(&world);
    let first = world.federated_token();
    sandbox.get_token().expect("a token for the first");

    let claims = world.emulator.claims().set("jti", "the-second-one");
    let second = world.emulator.issuer().mint(&claims);
    world.volume.rotate(&second).expect("a rotation");
    sandbox.get_token().expect("a token for the second");

    let requests = world.honest_requests();
    assert_eq!(requests.len(), 2);
    let sent = |number: usize| requests[number].field("client_assertion") == Some(&*first);
    assert!(sent(0), "the first request carries the first token");
    assert!(!sent(1), "the second request carries another");
    assert_eq!(
        requests[1].field("client_assertion").map(str::len),
        Some(second.len())
    );
}

#[test]
fn a_thousand_calls_during_swaps_every_few_milliseconds_never_fail() {
    const CALLS: usize = 1_000;
    let world = World::new();
    let sandbox = Sandbox::honest(&world);
    let failed = during(
        &world,
        |volume, token| volume.rotate(token),
        || {
            (0..CALLS)
                .filter_map(|_| sandbox.get_token().err())
                .map(|error| error.to_string())
                .collect::<Vec<_>>()
        },
    );
    assert_eq!(failed.len(), 0, "{:?}", failed.first());
    assert_eq!(world.honest_requests().len(), CALLS);
}

/// Not as kubelet does it, but as a shell's `>` does: the file is cut to nothing
/// and written again.
#[test]
fn a_file_that_is_written_over_while_it_is_read_is_read_whole() {
    const CALLS: usize = 300;
    let world = World::new();
    let sandbox = Sandbox::honest(&world);
    let path = world.token_file();
    let write_over = |_: &ProjectedVolume, token: &str| {
        let mut file = fs::File::options().write(true).open(&path)?;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(token.as_bytes())
    };
    let failed = during(&world, write_over, || {
        (0..CALLS)
            .filter_map(|_| sandbox.get_token().err())
            .map(|error| error.to_string())
            .collect::<Vec<_>>()
    });
    assert_eq!(failed.len(), 0, "{:?}", failed.first());
}

/// Replaces the token again and again, with two milliseconds between, while
/// something is done; there must be many replacements.
fn during<T>(
    world: &World,
    replace: impl Fn(&ProjectedVolume, &str) -> std::io::Result<()> + Sync,
    act: impl FnOnce() -> T,
) -> T {
    let tokens: Vec<String> = ["one", "two"]
        .map(|id| world.emulator.claims().set("jti", id))
        .iter()
        .map(|claims| world.emulator.issuer().mint(claims))
        .collect();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let replacing = scope.spawn(|| {
            let mut replaced = 0;
            while !done.load(Ordering::Relaxed) {
                replace(&world.volume, &tokens[replaced % 2]).expect("a replacement");
                replaced += 1;
                std::thread::park_timeout(Duration::from_millis(2));
            }
            replaced
        });
        let result = act();
        done.store(true, Ordering::Relaxed);
        let replaced = replacing.join().expect("the thread that replaces");
        assert!(replaced > 20, "{replaced} replacements");
        result
    })
}
