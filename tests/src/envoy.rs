//! A real Envoy with the plugin, in a pod with its authority and its cluster's
//! API server. Program: `KEYHOLE_ENVOY`, which `cargo xtask test` gets and sets.

use crate::program::{command, run_command, slim};
use crate::{World, artifacts};
use keyhole_emulator::{ApiServer, EmulatorConfig, RecordedRequest};
use std::fs::{self, DirBuilder, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Nothing takes longer, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// Workers, as on a machine with four processors.
const WORKERS: u32 = 4;

/// The program, if it is there.
#[must_use]
pub fn program() -> Option<PathBuf> {
    let program = std::env::var_os("KEYHOLE_ENVOY").map(PathBuf::from);
    if program.is_none() {
        crate::skipped("KEYHOLE_ENVOY does not name an Envoy; `cargo xtask test` gets one");
    }
    program
}

/// A pod with Envoy's configuration, before Envoy is started.
pub struct Pod {
    /// The pod and its authority.
    pub world: World,
    /// What gets the token.
    pub api_server: ApiServer,
    /// The configuration, as `keyhole envoy config` wrote it and tests changed it.
    pub yaml: String,
    /// Workers of Envoy.
    pub workers: u32,
    port: u16,
    program: PathBuf,
}

/// A running Envoy; it ends when it is dropped.
pub struct Envoy {
    child: Child,
    log: PathBuf,
    admin: PathBuf,
    port: u16,
}

/// An answer to a request.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status; 0 if there was no answer.
    pub status: u16,
    /// The head as it came.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Pod {
    /// One in which everything is in order; `None` where there is no Envoy.
    #[must_use]
    pub fn new(flags: &[&str]) -> Option<Self> {
        Self::with(EmulatorConfig::default(), flags)
    }

    /// One with an authority of this configuration.
    #[must_use]
    pub fn with(config: EmulatorConfig, flags: &[&str]) -> Option<Self> {
        let program = program()?;
        let world = World::with(config);
        let api_server = ApiServer::start(&world.emulator, 0).expect("the API server starts");
        let ca = world.folder().join("cluster-ca.pem");
        fs::write(&ca, api_server.ca_certificate()).expect("the cluster's CA");
        let private = world.folder().join("private");
        DirBuilder::new()
            .mode(0o700)
            .create(&private)
            .expect("a folder for sockets");
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let module = artifacts::component("envoy-filter");
        let mut command = command(&slim(), &world);
        command.args([
            "envoy",
            "config",
            "--upstream",
            api_server.url(),
            "--listen",
            &listen,
        ]);
        command.arg("--upstream-ca").arg(&ca);
        command.arg("--authority-ca").arg(world.emulator.ca_file());
        command.arg("--private-dir").arg(&private);
        command.arg("--wasm").arg(&module).args(flags);
        let ran = run_command(&mut command, &world);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        Some(Self {
            yaml: ran.stdout,
            workers: WORKERS,
            world,
            api_server,
            port,
            program,
        })
    }

    /// Changes the configuration; what is replaced must be there.
    pub fn edit(&mut self, from: &str, to: &str) {
        assert!(self.yaml.contains(from), "{from:?} in:\n{}", self.yaml);
        self.yaml = self.yaml.replace(from, to);
    }

    /// Lets the plugin remove the callers' headers itself, as where the listener
    /// is somebody else's.
    pub fn let_the_plugin_strip(&mut self) {
        self.edit(", \"strip_by\": \"envoy\"", "");
        let list = "proxy_on_request_headers: {}\n";
        let more = "{list}INproxy_get_header_map_pairs: {}\nINproxy_remove_header_map_value: {}\n";
        let more = more.replace("{list}", list).replace("IN", &" ".repeat(20));
        self.edit(list, &more);
        let from = self
            .yaml
            .find("          early_header_mutation_extensions:");
        let end = self.yaml.find("          # kubectl exec, attach");
        let (Some(from), Some(end)) = (from, end) else {
            panic!("no early_header_mutation_extensions in:\n{}", self.yaml);
        };
        self.yaml.replace_range(from..end, "");
    }

    /// Lets callers in at a socket of this path instead of the port.
    pub fn listen_at(&mut self, socket: &Path) {
        let tcp = format!(
            "{{socket_address: {{address: \"127.0.0.1\", port_value: {}}}}}",
            self.port
        );
        let pipe = format!("{{pipe: {{path: \"{}\", mode: 384}}}}", socket.display());
        self.edit(&tcp, &pipe);
    }

    /// Leaves the plugins out, and with them what removes things of callers'
    /// requests, for another filter: of the listener, or of the cluster.
    pub fn put_in_the_plugin_s_place(&mut self, filter: &str, of_cluster: bool) {
        let (on_listener, on_cluster) = if of_cluster {
            ("", filter)
        } else {
            (filter, "")
        };
        let router = "          - name: router";
        for (from, to, new) in [
            (
                "        - name: keyhole-inject",
                "        - name: codec",
                on_cluster,
            ),
            ("bootstrap_extensions:", "static_resources:", ""),
            (
                "          early_header_mutation_extensions:",
                "          # kubectl exec, attach",
                "",
            ),
            (router, router, on_listener),
        ] {
            let place = self.yaml.find(from).zip(self.yaml.find(to));
            let (start, end) = place.unwrap_or_else(|| panic!("{from:?} in:\n{}", self.yaml));
            self.yaml.replace_range(start..end, new);
        }
    }

    /// Envoy's folder for sockets.
    #[must_use]
    pub fn private(&self) -> PathBuf {
        self.world.folder().join("private")
    }

    /// Its port for callers.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts Envoy and waits until it serves.
    #[must_use]
    pub fn start(&self) -> Envoy {
        match self.try_start() {
            Ok(envoy) => envoy,
            Err(log) => panic!("Envoy does not start:\n{log}"),
        }
    }

    /// Starts Envoy and waits until it serves, or ends.
    ///
    /// # Errors
    /// It ended; its log.
    pub fn try_start(&self) -> Result<Envoy, String> {
        let file = self.world.folder().join("envoy.yaml");
        fs::write(&file, &self.yaml).expect("the configuration");
        let path = self.world.folder().join("envoy.log");
        let log = File::create(&path).expect("a log");
        let mut command = command(&self.program, &self.world);
        command
            .arg("-c")
            .arg(&file)
            .args([
                "--concurrency",
                &self.workers.to_string(),
                "--disable-hot-restart",
            ])
            .args(["--drain-time-s", "1"])
            .stdout(Stdio::null())
            .stderr(log);
        let mut envoy = Envoy {
            child: command.spawn().expect("Envoy starts"),
            admin: self.private().join("admin.sock"),
            log: path,
            port: self.port,
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            if envoy.child.try_wait().expect("a child").is_some() {
                return Err(envoy.log());
            }
            if envoy.admin("/ready").status == 200 {
                return Ok(envoy);
            }
            assert!(Instant::now() < deadline, "not ready:\n{}", envoy.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The requests that came to the API server.
    #[must_use]
    pub fn arrived(&self) -> Vec<RecordedRequest> {
        self.api_server.requests()
    }

    /// How many requests came to the authority.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.world.emulator.requests().len()
    }

    /// Fails if Envoy's log, statistics or configuration hold a token.
    pub fn must_hold_no_secret(&self, envoy: &Envoy) {
        let statistics = envoy.admin("/stats");
        assert_eq!(statistics.status, 200, "{statistics:?}");
        let dump = envoy.admin("/config_dump");
        assert_eq!(dump.status, 200, "{}", dump.head);
        for secret in self.world.secrets() {
            secret.must_not_be_in("Envoy's log", envoy.log());
            secret.must_not_be_in("Envoy's statistics", &statistics.body);
            secret.must_not_be_in("Envoy's configuration dump", &dump.body);
        }
    }
}

impl Envoy {
    /// Its URL for callers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port for callers.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        let log = fs::read_to_string(&self.log).expect("UTF-8");
        // At its start it lists everything that it could do.
        let lines = log.lines().filter(|line| !line.contains("][info][main]"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Waits until the log holds a text.
    ///
    /// # Panics
    /// If it never does.
    pub fn wait_for_log(&self, text: &str) {
        wait_until(
            || self.log().contains(text),
            || format!("{text:?} in:\n{}", self.log()),
        );
    }

    /// Gets a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, "")
    }

    /// Gets a path with more header lines, each with its line end.
    #[must_use]
    pub fn get_with(&self, path: &str, headers: &str) -> Answer {
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\n{headers}\r\n",
            self.port
        ))
    }

    /// Sends bytes, and reads until the connection ends.
    #[must_use]
    pub fn raw(&self, request: &str) -> Answer {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("Envoy listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        exchange(stream, request)
    }

    /// Asks the admin interface.
    #[must_use]
    pub fn admin(&self, path: &str) -> Answer {
        let Ok(stream) = UnixStream::connect(&self.admin) else {
            return Answer::none();
        };
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
        exchange(stream, &request)
    }

    /// The value of a counter or gauge.
    #[must_use]
    pub fn statistic(&self, name: &str) -> u64 {
        let all = self.admin("/stats").body;
        let line = all
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.and_then(|value| value.parse().ok())
            .unwrap_or_default()
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    fn none() -> Self {
        Self {
            status: 0,
            head: String::new(),
            body: String::new(),
        }
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Asks again until it holds.
///
/// # Panics
/// If it never does, with what `seen` says.
pub fn wait_until(mut holds: impl FnMut() -> bool, seen: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{}", seen());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn exchange(mut stream: impl Read + Write, request: &str) -> Answer {
    if stream.write_all(request.as_bytes()).is_err() {
        return Answer::none();
    }
    let mut bytes = Vec::new();
    // What came before a reset counts.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    Answer {
        status: status.unwrap_or_default(),
        head: head.to_owned(),
        body: if chunked {
            unchunked(body)
        } else {
            body.to_owned()
        },
    }
}

fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size, 16) else {
            break;
        };
        let Some(chunk) = behind.get(..size) else {
            break;
        };
        body.push_str(chunk);
        rest = behind.get(size + 2..).unwrap_or("");
    }
    body
}

/// One that was free a moment ago, of those that no outgoing connection is
/// given: two tests of this process do not get the same.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + (std::process::id().wrapping_mul(37).wrapping_add(step)) % 12_000;
        let port = u16::try_from(port).expect("a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A command that sees the pod's variables and no others.
#[must_use]
pub fn client(program: &Path, pod: &Pod) -> Command {
    let mut client = command(program, &pod.world);
    client.env("HOME", pod.world.folder());
    client
}
