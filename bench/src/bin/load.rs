//! `load ADDRESS:PORT PATH CONNECTIONS SECONDS [PER_SECOND]`: asks a proxy over plain
//! HTTP as fast as it answers, or as often as told, one request at a time on each
//! connection, and prints what came of it as JSON. What does not answer with 200
//! is counted by itself.
//!
//! At a told rate each request has its time, and its latency counts from there,
//! so that one slow answer is not hidden by the requests that wait behind it.

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
    let [address, path, connections, seconds, rate @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: load ADDRESS:PORT PATH CONNECTIONS SECONDS [PER_SECOND]");
    };
    let connections: usize = connections.parse().context("CONNECTIONS")?;
    let time = Duration::from_secs_f64(seconds.parse().context("SECONDS")?);
    let rate = match rate {
        [] => None,
        [rate, ..] => Some(rate.parse::<f64>().context("PER_SECOND")?),
    };
    // Of one connection.
    let pace = rate.map(|rate| Duration::from_secs_f64(connections as f64 / rate));
    let mut all = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(load(address, path, connections, time, pace))?;
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

async fn load(
    address: &str,
    path: &str,
    connections: usize,
    time: Duration,
    pace: Option<Duration>,
) -> Result<Outcome> {
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..connections {
        let (address, path) = (address.to_owned(), path.to_owned());
        let schedule = Schedule {
            // Spread over the pace: else all ask at the same instant.
            next: start
                + pace
                    .unwrap_or_default()
                    .mul_f64(number as f64 / connections as f64),
            end: start + time,
            pace,
        };
        tasks.spawn(async move { ask(&address, &path, schedule).await });
    }
    let mut all = Outcome::default();
    while let Some(one) = tasks.join_next().await {
        let one = one??;
        all.latencies.extend(one.latencies);
        all.failed += one.failed;
    }
    Ok(all)
}

/// When a connection asks.
struct Schedule {
    next: Instant,
    end: Instant,
    pace: Option<Duration>,
}

impl Schedule {
    /// Waits for the time of the next request; `None` when there is none.
    async fn next(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let Some(pace) = self.pace else {
            return (now < self.end).then_some(now);
        };
        let due = self.next;
        self.next += pace;
        if due >= self.end {
            return None;
        }
        if now >= due {
            return Some(due);
        }
        // The timer's lateness (up to 1 ms in tokio) is not the proxy's.
        tokio::time::sleep_until(due.into()).await;
        Some(Instant::now())
    }
}

async fn ask(address: &str, path: &str, mut schedule: Schedule) -> Result<Outcome> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut outcome = Outcome::default();
    while let Some(start) = schedule.next().await {
        let request = Request::get(path)
            .header("host", "localhost")
            .header("accept", "application/json")
            .header("user-agent", "load")
            .body(Empty::<Bytes>::new())?;
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
