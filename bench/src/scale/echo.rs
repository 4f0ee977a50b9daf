//! What connections cost a server that does nothing: it answers each packet with another.
//!
//! Beside it stands what they cost the gateway. Sockets that are used in turns are less at hand
//! to the system and to the processor's caches the more there are, whoever serves them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{AT_ONCE, Asks, Cost, in_turns, median_us};
use crate::{Outcome, say, usage};

/// The word that makes this program such a server.
pub(crate) const WORD: &str = "scale-echo";

/// Packets as long as a short statement and its result.
const QUESTION: [u8; 50] = [b'?'; 50];
const ANSWER: [u8; 120] = [b'!'; 120];

fn text(err: impl std::fmt::Display) -> String {
    err.to_string()
}

/// Serves until it is killed; prints its port.
pub(crate) fn serve() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(text)?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(text)?;
        say(&listener.local_addr().map_err(text)?.port().to_string());
        loop {
            let (stream, _) = listener.accept().await.map_err(text)?;
            // It ends with its client.
            tokio::spawn(async move { drop(answer(stream).await) });
        }
    })
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut question = QUESTION;
    loop {
        stream.read_exact(&mut question).await?;
        stream.write_all(&ANSWER).await?;
    }
}

/// Measures few and many connections to such a server in turns.
pub(super) async fn compare(few: usize, many: usize, seconds: u64, rounds: u64) -> Outcome<()> {
    let own = std::env::current_exe().map_err(text)?;
    let mut child = tokio::process::Command::from({
        let mut command = Command::new(own);
        command.arg(WORD).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    })
    .kill_on_drop(true)
    .spawn()
    .map_err(text)?;
    let pid = child.id().ok_or("the server has ended")?;
    let mut line = String::new();
    let out = child.stdout.take().ok_or("the server is silent")?;
    BufReader::new(out).read_line(&mut line).await.map_err(text)?;
    let port: u16 = line.trim().parse().map_err(text)?;
    let mut crowds = [Crowd::open(pid, port, few).await?, Crowd::open(pid, port, many).await?];
    let sums = in_turns(&mut crowds, seconds, rounds).await?;
    let (first, second) = (median_us(&sums[0]), median_us(&sums[1]));
    say(&format!(
        "{:<13} {few:>7}: {first:>6.1} us of CPU a packet{:>21}{many:>7}: {second:>6.1} us  \
         ratio {:.2}",
        "  mere echo",
        "",
        second / first
    ));
    Ok(())
}

/// Open connections that ask in turns.
struct Crowd {
    /// The server's process.
    pid: u32,
    /// A part of the connections for each that asks at the same time.
    parts: Vec<Vec<TcpStream>>,
}

impl Crowd {
    async fn open(pid: u32, port: u16, count: usize) -> Outcome<Crowd> {
        let askers = count.min(AT_ONCE);
        let mut parts: Vec<Vec<TcpStream>> = (0..askers).map(|_| Vec::new()).collect();
        for number in 0..count {
            let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(text)?;
            stream.set_nodelay(true).map_err(text)?;
            parts[number % askers].push(stream);
        }
        Ok(Crowd { pid, parts })
    }

    /// Returns the seconds of CPU that the server has used.
    fn spent(&self) -> f64 {
        let process = usage::Process { name: "echo".to_owned(), pid: self.pid };
        usage::spent(&[process]).iter().map(usage::Spent::total).sum()
    }
}

impl Asks for Crowd {
    async fn ask(&mut self, time: Duration) -> Outcome<Cost> {
        let (cpu, started) = (self.spent(), Instant::now());
        let asking = self.parts.iter_mut().map(|streams| async move {
            let (mut packets, mut answer) = (0_u64, ANSWER);
            while started.elapsed() < time {
                for stream in streams.iter_mut() {
                    stream.write_all(&QUESTION).await?;
                    stream.read_exact(&mut answer).await?;
                    packets += 1;
                    if started.elapsed() >= time {
                        break;
                    }
                }
            }
            Ok::<u64, std::io::Error>(packets)
        });
        let mut queries = 0;
        for asked in futures::future::join_all(asking).await {
            queries += asked.map_err(text)?;
        }
        let cpu_us = 1e6 * (self.spent() - cpu) / queries.max(1) as f64;
        Ok(Cost { queries, seconds: started.elapsed().as_secs_f64(), cpu_us })
    }
}
