//! Proxies that add the token, under load: ours and other people's, in turn over
//! the same upstream.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::composition::COMPOSED_GATEWAY;
use crate::emulator::Emulator;
use crate::process;
use crate::steps::Steps;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// How often each is measured, and for how many seconds.
const ROUNDS: usize = 7;
const SECONDS: &str = "2";

/// Callers at a time.
const CONNECTIONS: [usize; 2] = [1, 64];

/// As many requests a second for each where latencies are compared: at full load
/// they show how long the queue is.
const RATE: f64 = 2_000.0;

/// How long a proxy may take until it serves.
const PATIENCE: Duration = Duration::from_secs(30);

/// A proxy to be measured.
struct Contestant {
    name: &'static str,
    command: Command,
    address: SocketAddr,
    /// What it is asked for.
    path: &'static str,
}

/// What a round of one has shown.
struct Round {
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
    cpu_us: f64,
    /// The share that did not get 200.
    failed: f64,
}

/// A child that ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs all that can be had in turn; the answer is a Markdown table.
pub(super) fn measure(workspace: &Workspace, steps: &mut Steps) -> Result<String> {
    let tools = Tools::quick(workspace, steps);
    let folder = tempfile::tempdir()?;
    let emulator = Emulator::start_quietly(workspace)?;
    let ca = folder.path().join("upstream-ca.pem");
    let (upstream, [tls, plain]) = upstream(workspace, &ca)?;
    let place = Place {
        workspace,
        tools: &tools,
        emulator: &emulator,
        folder: folder.path(),
        upstream: format!("https://localhost:{tls}"),
        plain_upstream: format!("http://127.0.0.1:{plain}"),
        ca,
    };
    let mut table = format!(
        "| {} callers | requests/s | p50 | p99 | CPU a request | memory |\n\
         |---|---:|---:|---:|---:|---:|\n",
        CONNECTIONS[CONNECTIONS.len() - 1]
    );
    let mut running = Vec::new();
    for contestant in place.contestants()? {
        let started = steps.run(contestant.name, || Ok(start(workspace, contestant)));
        match started? {
            Ok(one) => running.push(one),
            Err(error) => eprintln!("    left out: {error:#}"),
        }
    }
    let rows = steps.run("in turn", || rows(workspace, &running))?;
    let at_rate = steps.run("in turn, at one rate", || at_rate(workspace, &running))?;
    drop(upstream);
    table += &rows.concat();
    table += &format!(
        "\nMedians of {ROUNDS} rounds of {SECONDS} s each, in turn, over TLS to an upstream that \
         answers 400 bytes; the load, the proxy and the upstream share the cores. In brackets \
         one caller; of each the most memory. `wasmtime serve` makes an exchange a request, over \
         plain HTTP.\n\n\
         | {} callers, {RATE} requests/s | p50 | p99 |\n|---|---:|---:|\n",
        CONNECTIONS[CONNECTIONS.len() - 1]
    );
    table += &at_rate;
    Ok(table)
}

/// What the contestants stand on.
struct Place<'a> {
    workspace: &'a Workspace,
    tools: &'a Tools,
    emulator: &'a Emulator,
    folder: &'a Path,
    upstream: String,
    plain_upstream: String,
    ca: PathBuf,
}

impl Place<'_> {
    fn contestants(&self) -> Result<Vec<Contestant>> {
        let mut all = vec![self.keyhole()?];
        all.push(self.kubectl()?);
        if let Some(envoy) = self.tools.get("KEYHOLE_ENVOY") {
            for (name, filter) in [
                ("Envoy, no filter", Some(String::new())),
                ("Envoy, `header_mutation`", Some(header_mutation())),
                ("Envoy, Keyhole's plugin", None),
            ] {
                all.push(self.envoy(envoy, name, filter)?);
            }
        }
        if let Some(wasmtime) = self.tools.get("KEYHOLE_WASMTIME") {
            all.push(self.wasmtime(wasmtime)?);
        }
        Ok(all)
    }

    fn keyhole(&self) -> Result<Contestant> {
        let address = free_address()?;
        let mut command = self
            .emulator
            .in_the_pod(&self.workspace.dist.join("keyhole"));
        command
            .args(["proxy", "--upstream", &self.upstream, "--upstream-ca"])
            .arg(&self.ca)
            .args(["--listen", &address.to_string()]);
        Ok(Contestant {
            name: "`keyhole proxy`",
            command,
            address,
            path: "/version",
        })
    }

    /// With the token in its kubeconfig: it makes no exchange.
    fn kubectl(&self) -> Result<Contestant> {
        let keyhole = self.workspace.dist.join("keyhole");
        let token = process::output(self.emulator.in_the_pod(&keyhole).args([
            "get-token",
            "--output",
            "token",
        ]))?;
        let kubeconfig = self.folder.join("kubeconfig");
        let text = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{ "name": "it", "cluster": {
                "server": self.upstream, "certificate-authority": self.ca,
            }}],
            "users": [{ "name": "it", "user": { "token": token.trim() }}],
            "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" }}],
        });
        fs::write(&kubeconfig, text.to_string())?;
        let address = free_address()?;
        let program = self.tools.get("KEYHOLE_KUBECTL");
        let mut command = Command::new(program.unwrap_or(Path::new("kubectl")));
        command.arg("--kubeconfig").arg(&kubeconfig);
        command.args(["proxy", "--port", &address.port().to_string()]);
        Ok(Contestant {
            name: "`kubectl proxy`",
            command,
            address,
            path: "/version",
        })
    }

    /// Envoy with another filter in the plugin's place, or with the plugin.
    fn envoy(
        &self,
        envoy: &Path,
        name: &'static str,
        filter: Option<String>,
    ) -> Result<Contestant> {
        use std::os::unix::fs::DirBuilderExt as _;

        let address = free_address()?;
        let private = self.folder.join(format!("envoy-{}", address.port()));
        fs::DirBuilder::new().mode(0o700).create(&private)?;
        let variables = self.emulator.variables();
        let ca = variables.iter().find(|(name, _)| name == "SSL_CERT_FILE");
        let (_, ca) = ca.context("the emulator has told no CA")?;
        let keyhole = self.workspace.dist.join("keyhole");
        let mut yaml = process::output(
            self.emulator
                .in_the_pod(&keyhole)
                .args(["envoy", "config", "--upstream", &self.upstream])
                .args(["--listen", &address.to_string(), "--authority-ca", ca])
                .arg("--upstream-ca")
                .arg(&self.ca)
                .arg("--wasm")
                .arg(self.workspace.dist.join("envoy-filter.wasm"))
                .arg("--private-dir")
                .arg(&private),
        )?;
        let adds_token = filter.as_ref().is_none_or(|filter| !filter.is_empty());
        if let Some(filter) = filter {
            let between = |yaml: &str, start, end| {
                let of = |what: &str| yaml.find(what).with_context(|| format!("no {what} in it"));
                anyhow::Ok(of(start)?..of(end)?)
            };
            yaml.replace_range(between(&yaml, PLUGIN, CODEC)?, &filter);
            // What belongs to the plugin.
            yaml.replace_range(between(&yaml, STRIP, UPGRADES)?, "");
        }
        let file = private.join("envoy.yaml");
        fs::write(&file, yaml)?;
        let mut command = self.emulator.in_the_pod(envoy);
        command.arg("--config-path").arg(file).args([
            "--disable-hot-restart",
            "--concurrency",
            "2",
            "--log-level",
            "error",
        ]);
        Ok(Contestant {
            name,
            command,
            address,
            path: if adds_token { "/version" } else { "/open" },
        })
    }

    /// The same component in a stock server: an exchange a request. Its roots of
    /// TLS are built in, so authority and upstream are plain HTTP.
    fn wasmtime(&self, wasmtime: &Path) -> Result<Contestant> {
        let address = free_address()?;
        let mut command = self.emulator.in_the_pod(wasmtime);
        command.args(["serve", "-S", "cli", "--addr", &address.to_string()]);
        let told = self.emulator.told("http_authority")?;
        for (name, value) in self.emulator.variables() {
            if name == "AZURE_FEDERATED_TOKEN_FILE" {
                let folder = Path::new(&value).parent().context("a folder")?;
                let folder = folder.display();
                command.args(["--dir", &format!("{folder}::{folder}")]);
            }
            if name.starts_with("AZURE_") {
                command.args(["--env", &name]);
            }
        }
        command
            .env("AZURE_AUTHORITY_HOST", told)
            .env("KEYHOLE_UPSTREAM", &self.plain_upstream)
            .args(["--env", "KEYHOLE_UPSTREAM"])
            .arg(self.workspace.component(COMPOSED_GATEWAY));
        Ok(Contestant {
            name: "`wasmtime serve`, `gateway.wasm`",
            command,
            address,
            path: "/version",
        })
    }
}

/// Where the plugin begins and ends in what `keyhole envoy config` writes.
const PLUGIN: &str = "        - name: keyhole-inject";
const CODEC: &str = "        - name: codec";

/// Where the removal of the callers' headers begins and ends.
const STRIP: &str = "          early_header_mutation_extensions:";
const UPGRADES: &str = "          # kubectl exec, attach";

/// Envoy's own way to set a header, of a token's size.
fn header_mutation() -> String {
    format!(
        "        - name: mutation\n          typed_config:\n            \"@type\": \
         type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation\n\
         \x20           mutations: {{request_mutations: [{{append: {{header: {{key: \
         authorization, value: \"Bearer {}\"}}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}}}}]}}\n",
        "x".repeat(TOKEN_BYTES)
    )
}

/// About as long as the emulator's access tokens, in bytes.
const TOKEN_BYTES: usize = 1_030;

/// Starts the upstream; answers it with its ports, that of TLS and the other.
fn upstream(workspace: &Workspace, ca: &Path) -> Result<(Running, [u16; 2])> {
    let mut child = Command::new(workspace.slim("upstream"))
        .arg(ca)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the upstream")?;
    let mut line = String::new();
    let stdout = child.stdout.take().context("the upstream has no stdout")?;
    BufReader::new(stdout).read_line(&mut line)?;
    let ports = line.split_whitespace().map(str::parse);
    let ports: Vec<u16> = ports.collect::<Result<_, _>>().context("no ports")?;
    let ports = ports
        .try_into()
        .ok()
        .context("the upstream tells no two ports")?;
    Ok((Running(child), ports))
}

/// One that serves.
struct Serving {
    name: &'static str,
    path: &'static str,
    address: SocketAddr,
    process: Running,
}

fn start(workspace: &Workspace, mut contestant: Contestant) -> Result<Serving> {
    let command = &mut contestant.command;
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let serving = Serving {
        name: contestant.name,
        path: contestant.path,
        address: contestant.address,
        process: Running(command.stderr(Stdio::null()).spawn()?),
    };
    wait(workspace, &serving)?;
    Ok(serving)
}

/// Measures all in turn, so that whatever else the machine does meets all.
fn rows(workspace: &Workspace, all: &[Serving]) -> Result<Vec<String>> {
    let mut columns = vec![Vec::new(); all.len()];
    for connections in CONNECTIONS {
        let mut rounds: Vec<Vec<Round>> = all.iter().map(|_| Vec::new()).collect();
        for _ in 0..ROUNDS {
            for (one, rounds) in all.iter().zip(&mut rounds) {
                rounds.push(round(workspace, one, connections)?);
            }
        }
        for (rounds, column) in rounds.iter().zip(&mut columns) {
            let median = |of: fn(&Round) -> f64| {
                let mut all: Vec<f64> = rounds.iter().map(of).collect();
                all.sort_by(f64::total_cmp);
                all[all.len() / 2]
            };
            column.push([
                median(|round| round.per_second),
                median(|round| round.p50_us),
                median(|round| round.p99_us),
                median(|round| round.cpu_us),
                median(|round| round.failed),
            ]);
        }
    }
    let rows = all.iter().zip(&columns);
    rows.map(|(one, column)| row(one, column)).collect()
}

/// The latencies of those that can answer so many, in turn.
fn at_rate(workspace: &Workspace, all: &[Serving]) -> Result<String> {
    let connections = CONNECTIONS[CONNECTIONS.len() - 1];
    let mut rounds = vec![Vec::new(); all.len()];
    for _ in 0..ROUNDS {
        for (one, rounds) in all.iter().zip(&mut rounds) {
            let told = load(workspace, one, connections, SECONDS, Some(RATE))?;
            let figure = |name: &str| told[name].as_f64().context("`load` has no figure");
            let all = figure("per_second")?;
            rounds.push([all, figure("p50_us")?, figure("p99_us")?]);
        }
    }
    let mut table = String::new();
    for (one, rounds) in all.iter().zip(&rounds) {
        let median = |column: usize| {
            let mut all: Vec<f64> = rounds.iter().map(|round| round[column]).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        // Who cannot has a queue that only grows.
        if median(0) > RATE * 0.99 && median(1) < 100_000.0 {
            let (p50, p99) = (median(1) / 1e3, median(2) / 1e3);
            table += &format!("| {} | {p50:.2} ms | {p99:.2} ms |\n", one.name);
        } else {
            table += &format!("| {} | not so many | |\n", one.name);
        }
    }
    Ok(table)
}

fn row(one: &Serving, column: &[[f64; 5]]) -> Result<String> {
    let [single, many] = column else {
        anyhow::bail!("a column is missing");
    };
    let failed = match many[4] {
        0.0 => String::new(),
        share => format!(", {:.1} % failed", share * 100.0),
    };
    Ok(format!(
        "| {}{failed} | {:.0} ({:.0}) | {:.2} ms ({:.2}) | {:.2} ms ({:.2}) | {:.0} µs ({:.0}) | {:.1} MB |\n",
        one.name,
        many[0],
        single[0],
        many[1] / 1e3,
        single[1] / 1e3,
        many[2] / 1e3,
        single[2] / 1e3,
        many[3],
        single[3],
        peak(&one.process)? / 1e6,
    ))
}

/// Until it answers with 200.
fn wait(workspace: &Workspace, one: &Serving) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Ok(told) = load(workspace, one, 1, "0.2", None)
            && told["failed"] == 0
            && told["requests"].as_u64() > Some(0)
        {
            return Ok(());
        }
        ensure!(
            Instant::now() < end,
            "it does not serve within {} s",
            PATIENCE.as_secs()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn load(
    workspace: &Workspace,
    one: &Serving,
    connections: usize,
    seconds: &str,
    rate: Option<f64>,
) -> Result<Value> {
    let text = process::output(
        Command::new(workspace.slim("load"))
            .args([&one.address.to_string(), one.path])
            .args([&connections.to_string(), seconds])
            .args(rate.map(|rate| rate.to_string()))
            .stderr(Stdio::null()),
    )?;
    serde_json::from_str(&text).context("`load` did not write JSON")
}

fn round(workspace: &Workspace, one: &Serving, connections: usize) -> Result<Round> {
    let before = cpu_us(&one.process)?;
    let told = load(workspace, one, connections, SECONDS, None)?;
    let cpu = cpu_us(&one.process)? - before;
    let figure = |name: &str| told[name].as_f64().context("`load` has no figure");
    let all = figure("requests")? + figure("failed")?;
    Ok(Round {
        per_second: figure("per_second")?,
        p50_us: figure("p50_us")?,
        p99_us: figure("p99_us")?,
        cpu_us: cpu / all,
        failed: figure("failed")? / all,
    })
}

/// CPU time so far in microseconds (proc(5): ticks of 10 ms).
fn cpu_us(running: &Running) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", running.0.id()))?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|ticks| ticks.parse::<f64>().ok());
    let (user, system) = (ticks(), ticks());
    let both = user.zip(system).context("no CPU time in /proc")?;
    Ok((both.0 + both.1) * 10_000.0)
}

/// The most memory that it has had, in bytes.
fn peak(running: &Running) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", running.0.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kib: f64 = kib.context("no VmHWM")?.trim().parse()?;
    Ok(kib * 1024.0)
}

/// An address that nobody has now.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
