//! The certificates that prove the authority: files and directories, broken
//! ones, and ones that rotate under a host that goes on.

use keyhole_host::{Artifact, Error, TlsRoots};
use keyhole_tests::World;
use keyhole_tests::program::{Ran, command, run_command, slim};
use keyhole_tests::sandbox::Sandbox;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

fn get_token(world: &World, ca: &OsStr) -> Ran {
    let mut command = command(&slim(), world);
    command
        .env_remove("SSL_CERT_FILE")
        .args(["get-token", "--timeout", "3s", "--authority-ca"])
        .arg(ca);
    run_command(&mut command, world)
}

fn sandbox(world: &World, roots: TlsRoots) -> Sandbox {
    let exchange = Artifact::embedded().expect("the exchange");
    Sandbox::new(world, exchange, |builder| {
        let timeout = std::time::Duration::from_secs(2);
        builder.roots(roots).timeout(timeout)
    })
    .expect("a sandbox")
}

/// Puts another file in the place of one, as rotation does.
fn swap(place: &Path, content: impl AsRef<[u8]>) {
    let new = place.with_extension("new");
    std::fs::write(&new, content).expect("a file");
    std::fs::rename(&new, place).expect("a swap");
}

#[test]
fn a_ca_that_rotates_between_calls_is_read_again() {
    let (world, other) = (World::new(), World::new());
    let read = |world: &World| std::fs::read(world.emulator.ca_file()).expect("a CA");
    let ca = world.folder().join("ca.pem");
    swap(&ca, read(&world));
    let sandbox = sandbox(&world, TlsRoots::from_path(&ca).expect("a CA"));
    sandbox.get_token().expect("a token");

    swap(&ca, read(&other));
    let error = sandbox.get_token().expect_err("another CA");
    let said = format!("{error} {error:?}");
    assert!(said.contains("not trusted"), "{said}");

    swap(&ca, [read(&other), read(&world)].concat());
    sandbox.get_token().expect("a token");

    // Half way through a rotation the roots stay as they were.
    swap(&ca, "");
    sandbox.get_token().expect("a token");

    swap(&ca, "no certificate");
    let error = sandbox.get_token().expect_err("no CA");
    assert!(matches!(error, Error::Roots(_)), "{error:?}");
    std::fs::remove_file(&ca).expect("a file");
    let error = sandbox.get_token().expect_err("no CA");
    assert!(matches!(error, Error::Roots(_)), "{error:?}");

    swap(&ca, read(&world));
    sandbox.get_token().expect("a token");
}

#[test]
fn a_ca_may_appear_after_the_host_has_started() {
    let world = World::new();
    let ca = world.folder().join("later");
    let sandbox = sandbox(&world, TlsRoots::from_path_when_there(&ca));
    let error = sandbox.get_token().expect_err("no CA yet");
    assert!(matches!(error, Error::Roots(_)), "{error:?}");
    assert!(error.to_string().contains("later"), "{error}");
    assert_eq!(world.emulator.connections(), 0);
    std::fs::create_dir(&ca).expect("a folder");
    std::fs::copy(world.emulator.ca_file(), ca.join("ca.pem")).expect("a CA");
    sandbox.get_token().expect("a token");
}

#[test]
fn a_directory_of_certificates_is_taken_and_the_other_files_in_it_are_not() {
    let world = World::new();
    let folder = world.folder().join("certificates");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("README"), "no certificate").expect("a file");
    std::fs::create_dir(folder.join("folder.pem")).expect("a folder");
    let ran = get_token(&world, folder.as_os_str());
    ran.must_have_failed(2, &["certificates", "none of its files"]);
    std::fs::copy(world.emulator.ca_file(), folder.join("ca.crt")).expect("a CA");
    assert_eq!(get_token(&world, folder.as_os_str()).code, Some(0));
}

#[test]
fn a_broken_ca_exits_2_and_says_what_it_is() {
    let world = World::new();
    let at = |name: &str| world.folder().join(name);
    let pem = std::fs::read_to_string(world.emulator.ca_file()).expect("a CA");
    let key = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    let body: String = pem.lines().filter(|line| !line.contains('-')).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body);
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("empty.pem", Vec::new(), "it is empty"),
        ("blank.pem", b" \n\n".to_vec(), "it is empty"),
        ("text.pem", b"no certificate\n".to_vec(), "it is not PEM"),
        ("der.crt", der.expect("DER"), "it is DER"),
        ("key.pem", key.clone().into_bytes(), "private key"),
        (
            "both.pem",
            format!("{pem}{key}").into_bytes(),
            "private key",
        ),
        (
            "public.pem",
            b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_vec(),
            "holds no CERTIFICATE",
        ),
        (
            "cut.pem",
            pem.as_bytes()[..pem.len() / 2].to_vec(),
            "none of its certificates can be read",
        ),
        (
            "damaged.pem",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(),
            "none of its certificates can be read",
        ),
    ];
    for (name, content, said) in cases {
        std::fs::write(at(name), content).expect("a file");
        println!("{name}");
        let ran = get_token(&world, at(name).as_os_str());
        ran.must_have_failed(2, &[name, said, "SSL_CERT_FILE"]);
        assert!(!ran.stderr.contains("BEGIN"), "{ran:?}");
    }
    let large = std::fs::File::create(at("large.pem")).expect("a file");
    large.set_len(1 << 40).expect("a sparse file");
    let made = Command::new("mkfifo").arg(at("fifo.pem")).status();
    assert!(made.is_ok_and(|status| status.success()), "a FIFO");
    std::os::unix::fs::symlink("loop.pem", at("loop.pem")).expect("a link");
    for (name, said) in [
        ("large.pem", "larger than"),
        ("fifo.pem", "not a regular file"),
        ("loop.pem", "circle"),
        ("missing.pem", "no such file"),
    ] {
        get_token(&world, at(name).as_os_str()).must_have_failed(2, &[name, said]);
    }
    assert_eq!(world.emulator.connections(), 0);
}
