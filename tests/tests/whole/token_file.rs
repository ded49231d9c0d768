//! The file grant as the exchange meets it: rotation, swaps, and files that are
//! no federated token.

use keyhole_exchange::settings::Flags;
use keyhole_host::{Artifact, Error, FileFault, TokenError};
use keyhole_tests::World;
use keyhole_tests::sandbox::Sandbox;
use rustix::fs::{CWD, FileType, Mode};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

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
fn calls_during_swaps_never_fail() {
    const CALLS: usize = 100;
    let world = World::new();
    let sandbox = Sandbox::honest(&world);
    let tokens: Vec<String> = ["one", "two"]
        .map(|id| world.emulator.claims().set("jti", id))
        .iter()
        .map(|claims| world.emulator.issuer().mint(claims))
        .collect();
    let done = AtomicBool::new(false);
    let swaps = std::thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            let mut swaps = 0;
            while !done.load(Ordering::Relaxed) {
                let token = &tokens[swaps % 2];
                world.volume.rotate(token).expect("a rotation");
                swaps += 1;
            }
            swaps
        });
        let failed: Vec<String> = (0..CALLS)
            .filter_map(|_| sandbox.get_token().err())
            .map(|error| error.to_string())
            .collect();
        done.store(true, Ordering::Relaxed);
        assert!(failed.is_empty(), "{failed:?}");
        swapping.join().expect("the thread that swaps")
    });
    assert!(swaps > CALLS, "{swaps} swaps");
    assert_eq!(world.honest_requests().len(), CALLS);
}

/// What comes of a file that is not what was mounted.
fn exchange(world: &World, path: &Path) -> Result<(), Error> {
    let flags = Flags {
        federated_token_file: Some(path.display().to_string()),
        ..Flags::default()
    };
    let exchange = Artifact::embedded().expect("the exchange");
    let sandbox =
        Sandbox::with_settings(world, &world.settings(&flags), exchange, |builder| builder)
            .expect("a sandbox");
    sandbox.get_token().map(|_| ())
}

fn must_be(world: &World, path: &Path, expected: &FileFault) {
    let connections = world.emulator.connections();
    match exchange(world, path) {
        Err(Error::TokenFile { path: named, fault }) => {
            assert_eq!(fault, *expected, "{}", path.display());
            assert_eq!(named, path, "the real path is named");
        }
        other => panic!("{}: {other:?}", path.display()),
    }
    assert_eq!(world.emulator.connections(), connections, "nothing is sent");
}

#[test]
fn a_file_that_is_no_regular_file_of_a_token_is_named_and_nothing_is_sent() {
    let world = World::new();
    let at = |name: &str| world.folder().join(name);
    let not_regular = |kind| FileFault::NotRegular { kind };

    must_be(&world, &at("missing"), &FileFault::Missing);
    must_be(&world, &at("no/folder"), &FileFault::Missing);
    must_be(&world, world.folder(), &not_regular("directory"));

    rustix::fs::mknodat(CWD, at("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
        .expect("a FIFO");
    must_be(&world, &at("fifo"), &not_regular("FIFO"));
    must_be(&world, Path::new("/dev/zero"), &not_regular("device"));

    symlink(at("loop-b"), at("loop-a")).expect("a link");
    symlink(at("loop-a"), at("loop-b")).expect("a link");
    must_be(&world, &at("loop-a"), &FileFault::LinkLoop);

    let write = |name: &str, content: &[u8]| {
        fs::write(at(name), content).expect("a file");
        at(name)
    };
    must_be(&world, &write("empty", b""), &FileFault::Empty);
    must_be(&world, &write("blank", b" \n\t\n"), &FileFault::Empty);
    let quoted = format!("\"{}\"", world.federated_token());
    for (name, content) in [
        ("text", &b"not a token"[..]),
        ("passwd", b"root:x:0:0:root:/root:/bin/bash\n"),
        ("two-parts", b"aGVhZGVy.cGF5bG9hZA"),
        ("four-parts", b"aGVhZGVy.cGF5bG9hZA.c2ln.bW9yZQ"),
        ("not-utf-8", b"aGVhZGVy.cGF5\xff\xfe.c2ln"),
        ("quoted", quoted.as_bytes()),
        (
            "two-lines",
            b"aGVhZGVy.cGF5bG9hZA.c2ln\naGVhZGVy.cGF5bG9hZA.c2ln\n",
        ),
    ] {
        must_be(&world, &write(name, content), &FileFault::NotAToken);
    }
    must_be(
        &world,
        Path::new("/proc/self/environ"),
        &FileFault::NotAToken,
    );

    let too_large = FileFault::TooLarge { max: 1 << 20 };
    must_be(
        &world,
        &write("large", &vec![b'a'; (1 << 20) + 1]),
        &too_large,
    );
    let sparse = fs::File::create(at("sparse")).expect("a file");
    sparse.set_len(1 << 40).expect("a sparse file");
    must_be(&world, &at("sparse"), &too_large);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let world = World::new();
    let path = world.folder().join("secret");
    fs::write(&path, world.federated_token()).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("a mode");
    if fs::File::open(&path).is_ok() {
        eprintln!("this user may read every file: not tested");
        return;
    }
    must_be(&world, &path, &FileFault::Permission);
}

#[test]
fn a_line_break_at_the_end_is_no_part_of_the_token() {
    let world = World::new();
    let path = world.folder().join("with-newline");
    fs::write(&path, world.federated_token() + "\r\n").expect("a file");
    exchange(&world, &path).expect("a token");
    let sent = &world.honest_requests()[0];
    assert_eq!(
        sent.field("client_assertion"),
        Some(&*world.federated_token())
    );
}

#[test]
fn a_token_that_would_be_refused_is_not_sent() {
    let world = World::new();
    let claims = || world.emulator.claims();
    for (name, claims) in [
        ("expired", claims().shifted(-7_200)),
        ("not yet valid", claims().shifted(7_200)),
        ("without exp", claims().without("exp")),
        (
            "lives too long",
            claims().lifetime(std::time::Duration::from_secs(26 * 3_600)),
        ),
    ] {
        let path = world.folder().join("token");
        fs::write(&path, world.emulator.issuer().mint(&claims)).expect("a file");
        match exchange(&world, &path) {
            Err(Error::Token { error, .. }) => {
                let TokenError::Assertion(error) = *error else {
                    panic!("{name}: {error:?}")
                };
                let facts = error.assertion.expect("facts");
                assert_eq!(facts.subject.as_deref(), Some(world.emulator.subject()));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(world.emulator.connections(), 0);
}
