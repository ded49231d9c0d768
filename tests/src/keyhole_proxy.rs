//! `keyhole proxy`, as a process and in this one.

use crate::World;
use crate::program::command;
use crate::proxied::{Address, Proxied};
use keyhole_emulator::ApiServer;
use keyhole_host::gateway::{Gateway, Listener};
use keyhole_host::{Artifact, Error, TlsRoots};
use keyhole_proxy_rules::settings::{Settings, UPSTREAM};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// What it says when it serves, before the address: `kubectl proxy`'s words.
const SERVING: &str = "Starting to serve on ";

/// A running `keyhole proxy` in a pod, before an API server.
pub struct KeyholeProxy<'a> {
    child: Child,
    log: PathBuf,
    /// How it is spoken to.
    pub proxied: Proxied<'a>,
}

impl<'a> KeyholeProxy<'a> {
    /// Starts a program on a free port, with more flags.
    #[must_use]
    pub fn start(
        program: &Path,
        world: &'a World,
        api_server: &'a ApiServer,
        flags: &[&str],
    ) -> Self {
        let ca = world.folder().join("api-server-ca.pem");
        std::fs::write(&ca, api_server.ca_certificate()).expect("the CA of the API server");
        let log = world.folder().join("proxy.log");
        let mut proxy = command(program, world);
        proxy
            .args(["proxy", "--upstream", api_server.url(), "--upstream-ca"])
            .arg(&ca)
            .args(flags);
        if !flags.iter().any(|flag| flag.starts_with("--unix-socket")) {
            proxy.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = proxy
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).expect("a log"))
            .spawn()
            .expect("the proxy starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut line)
            .expect("the proxy's standard output");
        let address = line.trim_end().strip_prefix(SERVING).unwrap_or_else(|| {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("the proxy does not serve: {line:?}\n{log}")
        });
        let address = match address.parse() {
            Ok(address) => Address::Tcp(address),
            Err(_) => Address::Unix(address.into()),
        };
        let proxied = Proxied {
            address,
            world,
            api_server,
            process: Some(child.id()),
        };
        Self {
            child,
            log,
            proxied,
        }
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the proxy's log")
    }

    /// Sends it a signal and waits for its end.
    pub fn end_by(&mut self, signal: rustix::process::Signal) -> ExitStatus {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, signal).expect("the proxy runs");
        self.child.wait().expect("the proxy's end")
    }
}

impl Drop for KeyholeProxy<'_> {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let log = std::fs::read(&self.log).expect("the proxy's log");
            for secret in self.proxied.world.secrets() {
                secret.must_not_be_in("the proxy's log", &log);
            }
        }
    }
}

/// A gateway in this process.
pub struct InProcess<'a> {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// How it is spoken to.
    pub proxied: Proxied<'a>,
}

/// A gateway component before an API server.
///
/// # Errors
/// What [`Gateway::new`] says.
pub fn gateway(
    keyhole: keyhole_host::Keyhole,
    artifact: Artifact,
    api_server: &ApiServer,
) -> Result<Gateway, Error> {
    let settings = Settings::from_env(|name| (name == UPSTREAM).then(|| api_server.url()));
    let roots = TlsRoots::from_pem(api_server.ca_certificate(), "the cluster's CA");
    let roots = roots.expect("the CA of the API server");
    let settings = settings.expect("the settings of a gateway");
    Gateway::new(keyhole, artifact, settings, Some(roots), false, CALLERS)
}

/// Callers at a time.
const CALLERS: usize = 16;

impl<'a> InProcess<'a> {
    /// Serves it on a free port.
    #[must_use]
    pub fn serve(gateway: Gateway, world: &'a World, api_server: &'a ApiServer) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            crate::sandbox::block_on(async {
                let any = ([127, 0, 0, 1], 0).into();
                let listener = Listener::tcp(any, false).await.expect("a port");
                tell.send(listener.to_string()).expect("somebody waits");
                tokio::select! {
                    served = gateway.serve(&listener, CALLERS, 2) => served.expect("threads"),
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().expect("the gateway serves");
        let proxied = Proxied {
            address: Address::Tcp(address.parse().expect("an address")),
            world,
            api_server,
            process: None,
        };
        Self {
            stop: Some(stop),
            thread: Some(thread),
            proxied,
        }
    }
}

impl Drop for InProcess<'_> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed there.
            let _ = thread.join();
        }
    }
}
