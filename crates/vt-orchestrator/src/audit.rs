//! The file in which every finding and recovery is written down, a line each
//! (`--audit-file-location`).
//!
//! It is written beside the watching: a disk that hangs holds no recovery up.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vt_base::KeyspaceShard;

/// How many lines may wait for the disk; further ones are lost, and the log says so.
const LINES_MAX: usize = 10_000;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    /// What kind of thing: `detected`, `recover`, ...
    pub(crate) kind: &'a str,
    /// The tablet that it is about, if it is about one.
    pub(crate) alias: String,
    pub(crate) shard: &'a KeyspaceShard,
    pub(crate) message: String,
}

impl Event<'_> {
    /// Returns the line: time, kind, tablet, shard and message, with tabs between them.
    fn line(&self, at: SystemTime) -> String {
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let time = vt_topo::records::lock::rfc3339(seconds);
        let (keyspace, shard) = (&self.shard.keyspace, &self.shard.shard);
        // One event, one line.
        let message = self.message.replace(['\n', '\r', '\t'], " ");
        format!("{time}\t{}\t{}\t[{keyspace}:{shard}]\t{message}\n", self.kind, self.alias)
    }
}

/// Where events are told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audit {
    lines: Option<mpsc::Sender<String>>,
}

/// Writes what is told.
pub(crate) struct Writer {
    path: PathBuf,
    lines: mpsc::Receiver<String>,
}

impl Audit {
    /// Returns an audit that is written to a file, and who writes it.
    pub(crate) fn to_file(path: PathBuf) -> (Audit, Writer) {
        let (sender, lines) = mpsc::channel(LINES_MAX);
        (Audit { lines: Some(sender) }, Writer { path, lines })
    }

    /// Writes an event down, where there is a file.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        let Some(lines) = &self.lines else { return };
        if lines.try_send(event.line(SystemTime::now())).is_err() {
            tracing::warn!(kind = event.kind, "the audit file is too slow; an event is not in it");
        }
    }
}

impl Writer {
    /// Writes until told to stop, and then what is left.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let line = tokio::select! {
                biased;
                line = self.lines.recv() => line,
                () = stop.cancelled() => self.lines.try_recv().ok(),
            };
            let Some(line) = line else { return };
            if let Err(err) = self.write(line).await {
                tracing::warn!(path = %self.path.display(), %err, "cannot write the audit file");
            }
        }
    }

    /// The file is opened anew each time, so that it may be moved away.
    async fn write(&mut self, mut text: String) -> std::io::Result<()> {
        while let Ok(line) = self.lines.try_recv() {
            text.push_str(&line);
        }
        let mut options = tokio::fs::OpenOptions::new();
        let mut file = options.create(true).append(true).open(&self.path).await?;
        file.write_all(text.as_bytes()).await?;
        file.flush().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_event_is_a_line_and_none_is_lost_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let (audit, writer) = Audit::to_file(path.clone());
        let shard = "ks/-80".parse().unwrap();
        for number in 0..3 {
            audit.tell(&Event {
                kind: "detected",
                alias: format!("zone1-{number}"),
                shard: &shard,
                message: "two\nlines".to_owned(),
            });
        }
        let stop = CancellationToken::new();
        stop.cancel();
        writer.run(stop).await;
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2][1..], ["detected", "zone1-2", "[ks:-80]", "two lines"]);
    }
}
