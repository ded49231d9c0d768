//! `load ADDRESS:PORT PATH CONNECTIONS SECONDS`: asks a proxy over plain HTTP as fast
//! as it answers, one request at a time on each connection, and prints what came
//! of it as JSON. What does not answer with 200 is counted by itself.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, path, connections, seconds] = arguments.as_slice() else {
        anyhow::bail!("usage: load ADDRESS:PORT PATH CONNECTIONS SECONDS");
    };
    let connections: usize = connections.parse().context("CONNECTIONS")?;
    let time = Duration::from_secs_f64(seconds.parse().context("SECONDS")?);
    let mut all = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(load(address, path, connections, time))?;
    all.latencies.sort_unstable();
    let of = |share: f64| {
        let at = (all.latencies.len() as f64 * share) as usize;
        all.latencies.get(at).copied().unwrap_or_default()
    };
    println!(
        "{}",
        json!({
            "requests": all.latencies.len(),
            "failed": all.failed,
            "per_second": all.latencies.len() as f64 / time.as_secs_f64(),
            "p50_us": of(0.5),
            "p99_us": of(0.99),
        })
    );
    Ok(())
}

/// What came of requests.
#[derive(Default)]
struct Outcome {
    /// In microseconds.
    latencies: Vec<u32>,
    failed: usize,
}

async fn load(address: &str, path: &str, connections: usize, time: Duration) -> Result<Outcome> {
    let end = Instant::now() + time;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (address, path) = (address.to_owned(), path.to_owned());
        tasks.spawn(async move { ask(&address, &path, end).await });
    }
    let mut all = Outcome::default();
    while let Some(one) = tasks.join_next().await {
        let one = one??;
        all.latencies.extend(one.latencies);
        all.failed += one.failed;
    }
    Ok(all)
}

async fn ask(address: &str, path: &str, end: Instant) -> Result<Outcome> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut outcome = Outcome::default();
    while Instant::now() < end {
        let request = Request::get(path)
            .header("host", "localhost")
            .header("accept", "application/json")
            .header("user-agent", "load")
            .body(Empty::<Bytes>::new())?;
        let start = Instant::now();
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let is_good = response.status() == StatusCode::OK;
        response.into_body().collect().await?;
        match is_good {
            true => {
                let took = u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX);
                outcome.latencies.push(took);
            }
            false => outcome.failed += 1,
        }
    }
    Ok(outcome)
}
