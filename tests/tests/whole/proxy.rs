//! A forward proxy between the host and the authority: what it sees, what it
//! may do wrong, and what its user is told.

use keyhole_emulator::{BEHIND_PROXY, ForwardProxy, ForwardProxyConfig, ProxyFault};
use keyhole_tests::World;
use keyhole_tests::leaks::Secret;
use keyhole_tests::program::{Ran, command, run_command, slim};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const USER: &str = "DOMAIN\\keyhole";
const PASSWORD: &str = "p@ss/w:rd#1 and 20 bytes more %?";
const USERINFO: &str = "DOMAIN%5Ckeyhole:p%40ss%2Fw%3Ard%231%20and%2020%20bytes%20more%20%25%3F";

/// The port of an emulator's URL.
pub(crate) fn port(url: &str) -> u16 {
    let url = url.strip_prefix("https://").expect("https");
    let authority = url.split('/').next().expect("an authority");
    let (_, port) = authority.rsplit_once(':').expect("a port");
    port.parse().expect("a port")
}

fn here(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The authority's name and port, as only a proxy can reach it.
fn authority(world: &World) -> String {
    format!("{BEHIND_PROXY}:{}", port(&world.emulator.https_authority()))
}

fn proxy(world: &World, tls: bool, credentials: bool) -> ForwardProxy {
    let at = here(port(&world.emulator.https_authority()));
    ForwardProxy::start(ForwardProxyConfig {
        names: [(authority(world), at)].into(),
        credentials: credentials.then(|| (USER.into(), PASSWORD.into())),
        tls,
    })
    .expect("a proxy")
}

/// `keyhole get-token` of a pod whose authority is behind a proxy.
fn behind(world: &World, https_proxy: &str) -> Command {
    let mut command = command(&slim(), world);
    command
        .env(
            "AZURE_AUTHORITY_HOST",
            format!("https://{}/", authority(world)),
        )
        .env("HTTPS_PROXY", https_proxy)
        .args(["get-token", "--timeout", "3s", "--log-level", "trace"]);
    command
}

fn run(world: &World, command: &mut Command) -> Ran {
    let ran = run_command(command, world);
    let password = Secret::new("proxy password", PASSWORD);
    let userinfo = Secret::new("proxy password as in the URL", USERINFO);
    for secret in [&password, &userinfo] {
        secret.must_not_be_in("standard output", &ran.stdout);
        secret.must_not_be_in("standard error", &ran.stderr);
    }
    ran
}

#[test]
fn a_proxy_sees_the_authority_s_name_and_nothing_of_the_request() {
    let world = World::new();
    let proxy = proxy(&world, false, true);
    let ran = run(
        &world,
        behind(&world, &proxy.url_with(USERINFO)).args(["--audit", "-"]),
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let said = "(HTTPS_PROXY, with credentials)";
    assert!(ran.stderr.contains(said), "{said} in {ran:?}");

    let heads = proxy.heads();
    assert_eq!(heads.len(), 1, "{heads:?}");
    let name = authority(&world);
    let mut lines = heads[0].trim_end().lines();
    assert_eq!(
        lines.next(),
        Some(format!("CONNECT {name} HTTP/1.1").as_str())
    );
    let names: Vec<&str> = lines.filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["host", "user-agent", "proxy-authorization"]);
    let carried = proxy.carried();
    assert!(carried.len() > 1_000, "{} bytes", carried.len());
    for secret in world.secrets() {
        secret.must_not_be_in("what the proxy carried", &carried);
    }
    let request = &world.honest_requests()[0];
    assert_eq!(request.header("host"), Some(name.as_str()));
}

#[test]
fn a_proxy_is_reached_over_tls_with_the_roots_of_the_system_not_the_authority_s() {
    let world = World::new();
    let proxy = proxy(&world, true, true);
    let url = proxy.url_with(USERINFO);
    let mut trusted = behind(&world, &url);
    trusted
        .env("SSL_CERT_FILE", proxy.ca_file())
        .arg("--authority-ca")
        .arg(world.emulator.ca_file());
    assert_eq!(run(&world, &mut trusted).code, Some(0));
    assert_eq!(proxy.heads().len(), 1);
    assert_eq!(world.honest_requests().len(), 1);

    let ran = run(&world, &mut behind(&world, &url));
    ran.must_have_failed(5, &["the proxy https://localhost:", "certificate"]);
    assert_eq!(proxy.heads().len(), 1, "no credentials without TLS");
}

#[test]
fn hosts_of_no_proxy_and_this_machine_are_asked_without_a_proxy() {
    let world = World::new();
    let proxy = proxy(&world, false, false);
    for no_proxy in [
        "keyhole.example",
        "*",
        "x, .KEYHOLE.example:*,.keyhole.example",
    ] {
        let ran = run(
            &world,
            behind(&world, &proxy.url()).env("NO_PROXY", no_proxy),
        );
        // No resolver knows the name.
        ran.must_have_failed(5, &[BEHIND_PROXY]);
    }
    let mut local = behind(&world, &proxy.url());
    local.env("AZURE_AUTHORITY_HOST", world.emulator.https_authority());
    assert_eq!(run(&world, &mut local).code, Some(0));
    assert_eq!(proxy.connections(), 0);
    let other = run(
        &world,
        behind(&world, &proxy.url()).env("no_proxy", "other.example"),
    );
    assert_eq!(other.code, Some(0), "{other:?}");
}

#[test]
fn what_a_proxy_refuses_for_good_is_not_tried_again() {
    let world = World::new();
    for (proxy, userinfo, fault, said) in [
        (
            proxy(&world, false, true),
            "",
            ProxyFault::None,
            &[
                "407",
                "none were sent",
                "set HTTPS_PROXY to http://user:password@",
            ][..],
        ),
        (
            proxy(&world, false, true),
            "someone:else",
            ProxyFault::None,
            &[
                "407",
                "does not take the credentials it was sent",
                "HTTPS_PROXY",
            ],
        ),
        (
            proxy(&world, false, false),
            USERINFO,
            ProxyFault::Status(403),
            &["403", "does not allow it", "NO_PROXY"],
        ),
    ] {
        proxy.always(fault);
        let ran = run(&world, &mut behind(&world, &proxy.url_with(userinfo)));
        ran.must_have_failed(5, said);
        ran.must_have_failed(5, &[&proxy.url(), &authority(&world)]);
        assert_eq!(proxy.connections(), 1, "{ran:?}");
    }
    assert_eq!(world.emulator.requests().len(), 0);
}

#[test]
fn what_a_proxy_does_wrong_exits_5_and_is_said() {
    let garbage = b"220 mail.example ESMTP\r\n".to_vec();
    let redirect = b"HTTP/1.1 302 Found\r\nlocation: http://portal/\r\n\r\n".to_vec();
    for (fault, said) in [
        (ProxyFault::Status(502), "with 502"),
        (ProxyFault::Raw(garbage.clone()), "not HTTP/1.1"),
        (ProxyFault::Raw(redirect), "with 302"),
        (ProxyFault::Raw(Vec::new()), "closed the connection"),
        (ProxyFault::HugeHead(70_000), "larger than 65536 bytes"),
        (ProxyFault::Hang, "has not answered CONNECT"),
        (ProxyFault::Close, "closed the connection"),
        (ProxyFault::CloseTunnel, "TLS handshake"),
        (ProxyFault::RawTunnel(garbage), "TLS handshake"),
    ] {
        let world = World::new();
        let proxy = proxy(&world, false, false);
        proxy.always(fault.clone());
        println!("{fault:?}");
        let ran = run(&world, &mut behind(&world, &proxy.url_with(USERINFO)));
        ran.must_have_failed(5, &[said]);
        assert!(world.emulator.requests().is_empty(), "{fault:?}");
    }
}

#[test]
fn the_name_is_proved_inside_the_tunnel() {
    let world = World::new();
    for kind in keyhole_emulator::BadCertificate::ALL {
        let elsewhere = here(port(&world.emulator.bad_authority(kind)));
        let proxy = ForwardProxy::start(ForwardProxyConfig {
            names: [(authority(&world), elsewhere)].into(),
            ..ForwardProxyConfig::default()
        })
        .expect("a proxy");
        let ran = run(&world, &mut behind(&world, &proxy.url()));
        ran.must_have_failed(5, &["certificate"]);
    }
    assert!(world.emulator.requests().is_empty());
}

#[test]
fn forbidden_addresses_are_refused_with_a_proxy_as_without() {
    let world = World::new();
    let proxy = proxy(&world, false, false);
    let mut metadata = behind(&world, &proxy.url());
    metadata.env("AZURE_AUTHORITY_HOST", "https://169.254.169.254/");
    run(&world, &mut metadata).must_have_failed(7, &["address.forbidden"]);
    assert_eq!(proxy.connections(), 0);
    for url in [
        "http://169.254.169.254:80",
        "http://168.63.129.16",
        "http://[fe80::1]:3128",
        "http://0.0.0.0:3128",
    ] {
        let ran = run(&world, &mut behind(&world, url));
        ran.must_have_failed(7, &["address.forbidden"]);
    }
}

#[test]
fn a_proxy_that_is_not_there_exits_5_and_is_named() {
    let world = World::new();
    let ran = run(&world, &mut behind(&world, "http://127.0.0.1:1"));
    ran.must_have_failed(5, &["the proxy http://127.0.0.1:1 (HTTPS_PROXY)"]);
    let ran = run(&world, &mut behind(&world, "http://no-such-proxy.example"));
    ran.must_have_failed(
        5,
        &["the proxy http://no-such-proxy.example:80 (HTTPS_PROXY)"],
    );
}

#[test]
fn a_proxy_s_url_that_cannot_be_used_exits_2_and_shows_nothing_of_it() {
    let world = World::new();
    for (url, said) in [
        ("socks5://u:hunter2@p:1080", "SOCKS"),
        ("http://u:hunter2@", "host"),
        ("http://u:hunter2@p:0", "port"),
        ("http://u:hun/ter2@p:1", "follows"),
        ("http://u:hunter2%zz@p:1", "%"),
        ("http://u:hunter2@p:1/x", "follows"),
    ] {
        let ran = run(&world, &mut behind(&world, url));
        ran.must_have_failed(2, &["HTTPS_PROXY cannot be used", said]);
        assert!(!ran.stderr.contains("ter2"), "{ran:?}");
    }
    let mut flag = behind(&world, "http://p:1");
    flag.args(["--proxy", "http://u:hunter2@p:1"]);
    let ran = run(&world, &mut flag);
    ran.must_have_failed(
        2,
        &["--proxy", "command line", "set the variable HTTPS_PROXY"],
    );
    assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
}

#[test]
fn inspect_and_verify_name_the_proxy_and_not_its_credentials() {
    let world = World::new();
    let proxy = proxy(&world, false, true);
    for subcommand in ["inspect", "verify"] {
        let mut command = command(&slim(), &world);
        command
            .env(
                "AZURE_AUTHORITY_HOST",
                format!("https://{}/", authority(&world)),
            )
            .env("https_proxy", proxy.url_with(USERINFO))
            .args([subcommand]);
        let ran = run(&world, &mut command);
        let said = format!(
            "CONNECT through {} (https_proxy, with credentials)",
            proxy.url()
        );
        assert!(ran.stdout.contains(&said), "{said} in {ran:?}");
    }
}

/// Debian's tinyproxy: with authentication, and with a
/// hosts file in which it finds the authority.
struct Tinyproxy {
    child: Child,
    port: u16,
}

/// The one that `cargo xtask test` found, or the PATH's.
fn tinyproxy() -> PathBuf {
    std::env::var_os("KEYHOLE_TINYPROXY").map_or_else(|| "tinyproxy".into(), PathBuf::from)
}

impl Tinyproxy {
    fn start(world: &World) -> Result<Self, String> {
        let hosts = world.folder().join("hosts");
        std::fs::write(&hosts, format!("127.0.0.1 localhost {BEHIND_PROXY}\n")).expect("a file");
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let settings = world.folder().join("tinyproxy.conf");
        let lines = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 10\nMaxClients 10\nBasicAuth keyhole \
             a-password-of-tinyproxy-1\nConnectPort {}\n",
            self::port(&world.emulator.https_authority())
        );
        std::fs::write(&settings, lines).expect("a file");
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--mount", "sh", "-c"])
            .arg("mount --bind \"$0\" /etc/hosts && exec \"$@\"")
            .arg(&hosts)
            .arg(tinyproxy())
            .args(["-d", "-c"])
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        // It is ready when it listens: it says so nowhere else.
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while std::net::TcpStream::connect(here(port)).is_err() {
            if let Some(status) = child.try_wait().expect("a child") {
                return Err(format!("tinyproxy ended with {status}"));
            }
            assert!(std::time::Instant::now() < end, "tinyproxy does not listen");
            std::thread::yield_now();
        }
        Ok(Self { child, port })
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn tinyproxy_with_authentication_lets_the_request_through() {
    let has = Command::new(tinyproxy()).arg("-v").output();
    if !has.is_ok_and(|output| output.status.success()) {
        keyhole_tests::skipped("no tinyproxy (`cargo xtask test` gets Debian's)");
        return;
    }
    let world = World::new();
    let proxy = match Tinyproxy::start(&world) {
        Ok(proxy) => proxy,
        Err(why) => {
            keyhole_tests::skipped(&format!(
                "no mount namespace in which tinyproxy finds the authority: {why}"
            ));
            return;
        }
    };
    let url = |userinfo: &str| format!("http://{userinfo}localhost:{}", proxy.port);
    let ran = run(
        &world,
        &mut behind(&world, &url("keyhole:a-password-of-tinyproxy-1@")),
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(world.honest_requests().len(), 1);
    run(&world, &mut behind(&world, &url(""))).must_have_failed(5, &["407", "none were sent"]);
    run(&world, &mut behind(&world, &url("keyhole:wrong@")))
        .must_have_failed(5, &["the credentials it was sent"]);
    assert_eq!(world.emulator.requests().len(), 1);
}
