//! Sends signed slash commands over kept connections and measures the answers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use catops_core::testing::slack::{Call, Signer};
use catops_core::{Secret, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Failure, SECRET};

/// What one round saw.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Answers per second.
    pub(crate) rate: f64,
    /// The time within which 99 of 100 answers came.
    pub(crate) p99: Duration,
}

/// Makes `count` requests that no earlier round has sent, signed beforehand, so that signing is not measured.
pub(crate) fn requests(count: usize, round: &str, reply: &str) -> Vec<Vec<u8>> {
    let (signer, now) = (Signer::new(Secret::new(SECRET.to_owned())), Timestamp::now());
    let one = |n: usize| {
        let trigger_id = format!("{round}.{n}");
        let http = Call::command("ping").with_address(reply).with_trigger(&trigger_id).signed(&signer, now);
        let mut text = "POST /slack HTTP/1.1\r\nhost: 127.0.0.1\r\n".to_owned();
        for (name, value) in http.headers() {
            text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", http.body().len()));
        [text.as_bytes(), http.body()].concat()
    };
    (0..count).map(one).collect()
}

/// Sends all requests over `connections` connections, each the next one when its answer has come.
pub(crate) async fn send(address: SocketAddr, requests: Vec<Vec<u8>>, connections: usize) -> Result<Measured, Failure> {
    let total = requests.len();
    let mut piles: Vec<Vec<Vec<u8>>> = (0..connections).map(|_| Vec::new()).collect();
    for (n, request) in requests.into_iter().enumerate() {
        piles[n % connections].push(request);
    }
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let begun = Instant::now();
    let tasks: Vec<_> = streams.into_iter().zip(piles).map(|(stream, pile)| tokio::spawn(one(stream, pile))).collect();
    let mut times = Vec::with_capacity(total);
    for task in tasks {
        times.extend(task.await??);
    }
    let took = begun.elapsed();
    times.sort_unstable();
    Ok(Measured { rate: total as f64 / took.as_secs_f64(), p99: times[times.len() * 99 / 100] })
}

async fn one(mut stream: TcpStream, requests: Vec<Vec<u8>>) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::with_capacity(requests.len());
    let mut buffer = [0; 4096];
    for request in requests {
        let begun = Instant::now();
        stream.write_all(&request).await?;
        let mut filled = 0;
        while !is_whole(&buffer[..filled])? {
            let read = stream.read(&mut buffer[filled..]).await?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            filled += read;
        }
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// Returns whether the answer has arrived in full; any other than 200 is an error.
fn is_whole(answer: &[u8]) -> Result<bool, Failure> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(false) };
    let head = std::str::from_utf8(&answer[..end])?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(format!("the server answered {head}").into());
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(Ok(0), str::parse)?;
    Ok(answer.len() >= end + 4 + length)
}
