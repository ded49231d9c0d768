//! A call in a sandbox that is already built, beyond the network: what
//! instantiating the component and calling it takes.
//!
//! The time of the network is the host's own word, the `us` of the request's
//! audit event: from resolving the name to the last byte of the answer. The
//! rest of a call is the sandbox: a fresh instance, the file, the grants, the
//! rules of the exchange and the result. After measuring, the emulator's
//! counters say how many connections and requests the calls have made; the
//! last line of standard output is that, as JSON.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use criterion::Criterion;
use keyhole_emulator::{Emulator, EmulatorConfig, Observer, ProjectedVolume};
use keyhole_exchange::{Flags, Settings};
use keyhole_host::audit::{AuditEvent, Capability};
use keyhole_host::{Artifact, Keyhole, TlsRoots, TokenRequest};

fn main() -> Result<(), Box<dyn Error>> {
    let requests = Arc::new(AtomicU64::new(0));
    let seen = requests.clone();
    let emulator = Emulator::start(EmulatorConfig {
        observer: Some(Observer::new(move |_| {
            seen.fetch_add(1, Relaxed);
        })),
        ..EmulatorConfig::default()
    })?;
    let folder = tempfile::tempdir()?;
    let volume = ProjectedVolume::create(folder.path(), &emulator.federated_token())?;
    let network = Arc::new(AtomicU64::new(0));
    let keyhole = sandbox(&emulator, &volume, network.clone())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut calls = 0;

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("warm");
    group.bench_function("get_token_beyond_network", |bencher| {
        bencher.iter_custom(|iterations| {
            calls += iterations;
            network.store(0, Relaxed);
            let start = Instant::now();
            for _ in 0..iterations {
                let token = runtime.block_on(keyhole.get_token(TokenRequest::default()));
                token.expect("an access token");
            }
            start.elapsed() - Duration::from_micros(network.load(Relaxed))
        });
    });
    group.bench_function("inspect_token", |bencher| {
        bencher.iter(|| {
            let facts = runtime.block_on(keyhole.inspect_token());
            facts.expect("facts of the federated token")
        });
    });
    group.finish();
    println!(
        "{{\"exchanges\":{calls},\"requests\":{},\"connections\":{},\"handshakes\":{}}}",
        requests.load(Relaxed),
        emulator.connections(),
        emulator.handshakes()
    );
    Ok(())
}

/// The exchange in a pod; what its requests take is added to `network`.
fn sandbox(
    emulator: &Emulator,
    volume: &ProjectedVolume,
    network: Arc<AtomicU64>,
) -> Result<Keyhole, Box<dyn Error>> {
    let flags = Flags {
        client_id: Some(emulator.client_id().to_owned()),
        tenant_id: Some(emulator.tenant().to_owned()),
        federated_token_file: Some(volume.token_file().display().to_string()),
        authority_host: Some(emulator.https_authority()),
        ..Flags::default()
    };
    let keyhole = Keyhole::builder()
        .artifact(Artifact::embedded()?)
        .settings(Settings::resolve(&flags, &|_| None)?)
        .roots(TlsRoots::from_file(emulator.ca_file())?)
        .audit(move |event: &AuditEvent| {
            // The request's first event, before it is sent, has no time.
            if event.capability == Capability::Request {
                network.fetch_add(event.us.unwrap_or(0), Relaxed);
            }
        })
        .build()?;
    Ok(keyhole)
}
