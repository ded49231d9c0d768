//! The emulator as a program: starts one, mounts a federated token, and prints
//! what to export.

mod args;
mod settings;

use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use keyhole_emulator::{ApiServer, Emulator, Observer, PRESETS, ProjectedVolume};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use args::{Args, Output};
use settings::Settings;

fn main() -> Result<()> {
    let args = Args::parse();
    if args.list_faults {
        let list: String = PRESETS
            .iter()
            .map(|(name, text)| format!("{name:26} {text}\n"))
            .collect();
        return print(&list);
    }
    let log =
        Observer::new(|request| eprintln!("{:?} #{} {request}", request.listener, request.number));
    let emulator = Emulator::start(args.config(log))?;
    for fault in &args.fault {
        emulator.queue(fault.clone());
    }
    emulator.always(args.fault_always.clone());

    let folder = Folder::open(args.dir.clone())?;
    let volume = ProjectedVolume::create_with_mode(
        &folder.path,
        &emulator.federated_token(),
        args.file_mode,
    )
    .with_context(|| {
        format!(
            "the federated token could not be mounted in {}",
            folder.path.display()
        )
    })?;
    let cluster = args.api_server.map(|port| Cluster::start(&emulator, port));
    let cluster = cluster.transpose()?;
    let kubeconfig = cluster.as_ref().map(Cluster::kubeconfig);
    let shown = cluster
        .as_ref()
        .map(|cluster| cluster.api_server.http_url());
    let shown = kubeconfig.as_deref().zip(shown);
    print(&Settings::of(&emulator, &volume, shown).render(args.output))?;
    run(
        &emulator,
        &volume,
        args.rotate.map(Duration::from_secs),
        args.until_stdin_closes,
    )?;
    match args.output {
        Output::Json => print(&settings::counts(&emulator)),
        Output::Text | Output::Env => Ok(()),
    }
}

/// Where the token is mounted: the caller's folder, or one that goes at the end.
struct Folder {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl Folder {
    fn open(given: Option<PathBuf>) -> Result<Self> {
        if let Some(path) = given {
            fs::create_dir_all(&path)
                .with_context(|| format!("{} could not be made", path.display()))?;
            return Ok(Self {
                path: path.canonicalize()?,
                _temporary: None,
            });
        }
        let temporary = tempfile::Builder::new()
            .prefix("keyhole-token-")
            .tempdir()?;
        Ok(Self {
            path: temporary.path().to_owned(),
            _temporary: Some(temporary),
        })
    }
}

/// The API server's stand-in with its kubeconfig, which goes at the end.
struct Cluster {
    api_server: ApiServer,
    folder: TempDir,
}

impl Cluster {
    fn start(emulator: &Emulator, port: u16) -> Result<Self> {
        let api_server = ApiServer::start(emulator, port)?;
        let folder = tempfile::Builder::new()
            .prefix("keyhole-cluster-")
            .tempdir()?;
        let text = api_server.kubeconfig();
        let cluster = Self { api_server, folder };
        fs::write(cluster.kubeconfig(), text).context("the kubeconfig could not be written")?;
        Ok(cluster)
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }
}

/// A reader that has gone is no reason to stop: it may have wanted one line.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Rotates the token until the user ends it.
fn run(
    emulator: &Emulator,
    volume: &ProjectedVolume,
    rotate: Option<Duration>,
    until_stdin_closes: bool,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        // Held as long as the loop runs, or let go by the thread.
        let (close, mut closed) = oneshot::channel::<()>();
        let _open = if until_stdin_closes {
            thread::spawn(move || wait_for_end_of_stdin(close));
            None
        } else {
            Some(close)
        };
        loop {
            let next = async {
                match rotate {
                    Some(time) => tokio::time::sleep(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = interrupt.recv() => return Ok(()),
                _ = terminate.recv() => return Ok(()),
                _ = &mut closed => return Ok(()),
                () = next => {
                    volume.rotate(&emulator.federated_token()).context("the federated token could not be rotated")?;
                    eprintln!("rotated {}", volume.token_file().display());
                }
            }
        }
    })
}

/// Lets go of what it is given when standard input ends.
fn wait_for_end_of_stdin(close: oneshot::Sender<()>) {
    let mut ignored = [0; 1_024];
    while matches!(io::stdin().read(&mut ignored), Ok(bytes) if bytes > 0) {}
    drop(close);
}
