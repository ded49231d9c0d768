//! `gateway.wasm`, the gateway with the exchange in it, under servers of other
//! people's: `wasmtime serve` (`KEYHOLE_WASMTIME`), jco's on Node (`KEYHOLE_JCO`)
//! and wasmCloud's `wash dev` (`KEYHOLE_WASH`), which `cargo xtask test --all` gets
//! and sets.

use crate::World;
use crate::artifacts::{component, workspace};
use crate::program::command;
use crate::proxied::{Address, Proxied, wait_until};
use keyhole_emulator::ApiServer;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// What `wasmtime serve` says when it serves, before the address.
const SERVING: &str = "Serving HTTP on http://";

/// Variables of the pod that the component is given.
const GIVEN: [&str; 4] = [
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
];

/// A running server; it ends with this.
pub struct StockServer<'a> {
    child: Child,
    log: PathBuf,
    /// How it is spoken to.
    pub proxied: Proxied<'a>,
}

/// Where `wasmtime` is, if it is there.
#[must_use]
pub fn wasmtime() -> Option<PathBuf> {
    std::env::var_os("KEYHOLE_WASMTIME").map(PathBuf::from)
}

/// The folder in which jco is installed, if it is.
#[must_use]
pub fn jco() -> Option<PathBuf> {
    std::env::var_os("KEYHOLE_JCO").map(PathBuf::from)
}

/// Where `wash` is, if it is there.
#[must_use]
pub fn wash() -> Option<PathBuf> {
    std::env::var_os("KEYHOLE_WASH").map(PathBuf::from)
}

impl<'a> StockServer<'a> {
    /// `wasmtime serve` with more variables of the component's. Its roots of TLS are
    /// built in, so both the authority and the API server are plain HTTP.
    #[must_use]
    pub fn wasmtime(
        program: &Path,
        world: &'a World,
        api_server: &'a ApiServer,
        variables: &[(&str, &str)],
    ) -> Self {
        let folder = world.token_file();
        let folder = folder.parent().expect("a folder").display();
        let authority = world.emulator.http_authority();
        let mut wasmtime = command(program, world);
        wasmtime
            .args(["serve", "-S", "cli", "-W", "max-memory-size=4194304"])
            .args([
                "--addr",
                "127.0.0.1:0",
                "--dir",
                &format!("{folder}::{folder}"),
            ])
            .env("AZURE_AUTHORITY_HOST", authority)
            .env("KEYHOLE_UPSTREAM", api_server.http_url())
            .envs(variables.iter().copied())
            .args(["--env", "KEYHOLE_UPSTREAM"]);
        for name in GIVEN.iter().chain(variables.iter().map(|(name, _)| name)) {
            wasmtime.args(["--env", name]);
        }
        wasmtime.arg(component("gateway"));
        let (child, log) = start(wasmtime, world);
        let address = || {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let line = said.lines().find_map(|line| line.strip_prefix(SERVING));
            line?.trim_end_matches('/').parse().ok()
        };
        wait_until("wasmtime serves", || address().is_some());
        let address = address().expect("it has just been there");
        let process = child.id();
        Self::new(child, log, address, process, world, api_server)
    }

    /// `wash dev` with the configuration of `deploy/wasmcloud`, over TLS, with more
    /// variables of the component's.
    #[must_use]
    pub fn wash(
        program: &Path,
        world: &'a World,
        api_server: &'a ApiServer,
        variables: &[(&str, &str)],
    ) -> Self {
        let project = world.folder().join("wash");
        std::fs::create_dir_all(project.join(".wash")).expect("a folder");
        std::fs::copy(component("gateway"), project.join("gateway.wasm")).expect("the gateway");
        let from = workspace().join("deploy/wasmcloud/config.yaml");
        let text = std::fs::read_to_string(from).expect("the configuration");
        let mut config: Value = serde_yaml_ng::from_str(&text).expect("YAML");
        let port = free_port();
        config["dev"]["address"] = json!(format!("127.0.0.1:{port}"));
        config["dev"]["http_client_ca_paths"] = json!([roots(world, api_server)]);
        let token = world.token_file();
        let folder = token.parent();
        for path in ["host_path", "guest_path"] {
            config["dev"]["volumes"][0][path] = json!(folder);
        }
        config["workload"]["allowedHosts"] = json!(["localhost"]);
        let environment = &mut config["workload"]["environment"]["config"];
        for (name, value) in world.variables() {
            if GIVEN.contains(&name) {
                environment[name] = json!(value);
            }
        }
        for (name, value) in variables {
            environment[*name] = json!(value);
        }
        environment["KEYHOLE_UPSTREAM"] = json!(api_server.url());
        let config = serde_yaml_ng::to_string(&config).expect("YAML");
        std::fs::write(project.join(".wash/config.yaml"), config).expect("the configuration");
        let mut wash = command(program, world);
        wash.env("HOME", world.folder())
            .current_dir(&project)
            .args(["--non-interactive", "dev"]);
        let (child, log) = start(wash, world);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let serves = "listening for HTTP requests";
        wait_until("wash serves", || {
            std::fs::read_to_string(&log).is_ok_and(|said| said.contains(serves))
        });
        let process = child.id();
        Self::new(child, log, address, process, world, api_server)
    }

    /// `jco serve` with the grants of `deploy/jco`, over TLS, with more variables of
    /// the component's.
    #[must_use]
    pub fn jco(
        folder: &Path,
        world: &'a World,
        api_server: &'a ApiServer,
        variables: &[(&str, &str)],
    ) -> Self {
        let grants = jco_grants(folder, world);
        let port = free_port();
        let mut jco = command(Path::new("node"), world);
        jco.arg(folder.join("node_modules/.bin/jco"))
            .args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--isolate-requests", "worker"])
            .args(["--isolate-worker-pool-size", &WORKERS.to_string()])
            .arg("--jco-import")
            .arg(grants)
            .arg(component("gateway"))
            .env("KEYHOLE_UPSTREAM", api_server.url())
            .env("NODE_EXTRA_CA_CERTS", roots(world, api_server))
            .envs(variables.iter().copied());
        let (child, log) = start(jco, world);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        wait_until("jco serves", || TcpStream::connect(address).is_ok());
        let process = only_child(child.id());
        Self::new(child, log, address, process, world, api_server)
    }

    fn new(
        child: Child,
        log: PathBuf,
        address: SocketAddr,
        process: u32,
        world: &'a World,
        api_server: &'a ApiServer,
    ) -> Self {
        let proxied = Proxied {
            address: Address::Tcp(address),
            world,
            api_server,
            process: Some(process),
        };
        Self {
            child,
            log,
            proxied,
        }
    }

    /// What it has said.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the server's log")
    }
}

/// Workers that jco keeps ready, each for one request.
const WORKERS: usize = 8;

impl Drop for StockServer<'_> {
    fn drop(&mut self) {
        // It may have ended.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server said:\n{}", self.log());
            return;
        }
        let log = self.log();
        for secret in self.proxied.world.secrets() {
            secret.must_not_be_in("the server's log", log.as_bytes());
        }
    }
}

/// Starts a server with a process group of its own: jco starts another process.
fn start(mut server: Command, world: &World) -> (Child, PathBuf) {
    let log = world.folder().join("server.log");
    let file = File::create(&log).expect("a log");
    let child = server
        .stdout(file.try_clone().expect("a log"))
        .stderr(file)
        .process_group(0)
        .spawn()
        .expect("the server starts");
    (child, log)
}

/// The grants, in a folder of the pod's.
fn jco_grants(folder: &Path, world: &World) -> PathBuf {
    let grants = world.folder().join("jco");
    std::fs::create_dir(&grants).expect("a folder");
    // They are of the shim that jco takes: both lie beside it.
    symlink(folder.join("node_modules"), grants.join("node_modules")).expect("a link");
    let from = workspace().join("deploy/jco/grants.mjs");
    let grants = grants.join("grants.mjs");
    std::fs::copy(from, &grants).expect("the grants");
    grants
}

/// One step beyond each of jco's grants, on Node: what each came to, a line each.
#[must_use]
pub fn jco_steps_further(folder: &Path, world: &World, api_server: &ApiServer) -> String {
    let grants = jco_grants(folder, world);
    let steps = grants.with_file_name("steps_further.mjs");
    std::fs::copy(workspace().join("tests/jco/steps_further.mjs"), &steps).expect("the steps");
    let mut node = command(Path::new("node"), world);
    node.arg(steps)
        .env("KEYHOLE_UPSTREAM", api_server.url())
        .env("NODE_EXTRA_CA_CERTS", roots(world, api_server));
    let output = node.output().expect("Node starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    assert!(output.status.success(), "{}", text(output.stderr));
    text(output.stdout)
}

/// The CAs of the authority and of the API server.
fn roots(world: &World, api_server: &ApiServer) -> PathBuf {
    let authority = std::fs::read_to_string(world.emulator.ca_file()).expect("a CA");
    let roots = world.folder().join("roots.pem");
    std::fs::write(&roots, authority + api_server.ca_certificate()).expect("roots");
    roots
}

/// A port that was free a moment ago: jco and wash
/// cannot take any and say which.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The process that a process has started (proc(5)).
fn only_child(process: u32) -> u32 {
    let path = format!("/proc/{process}/task/{process}/children");
    let children = std::fs::read_to_string(path).unwrap_or_default();
    let child = children.split_whitespace().next();
    child
        .and_then(|child| child.parse().ok())
        .unwrap_or(process)
}
