//! What the source sends of a table, gathered into batches, each of one range.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::BoxStream;
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::VStreamRowsResponse;
use vt_proto::query;

use crate::copier::Copied;
use crate::stream::Stream;
use crate::trouble::Outcome;

/// Messages of the source are inserted together up to so many bytes.
pub(crate) const BATCH_BYTES: usize = 1 << 20;
/// Rows that are large on average are inserted together up to so many: of these the server writes
/// more with each commit.
const LARGE_BATCH_BYTES: usize = 4 << 20;
/// Rows of so many bytes are large.
pub(crate) const LARGE_ROW_BYTES: usize = 8 << 10;
/// How long a copy that has to wait waits before it asks again.
const PAUSE: Duration = Duration::from_millis(250);

/// Rows that are inserted together.
pub(crate) struct Batch {
    /// The range that they are of.
    pub(crate) range: usize,
    /// The batches of one range come in by their numbers.
    pub(crate) sequence: u64,
    pub(crate) rows: Vec<query::Row>,
    /// How many bytes their values have.
    pub(crate) bytes: usize,
    /// The key of the last of them.
    pub(crate) last: query::Row,
}

/// What the source sends of one table.
pub(crate) type Rows = BoxStream<'static, Result<VStreamRowsResponse>>;

/// Reads what the source sends.
pub(crate) struct Reader<'a> {
    stream: &'a Stream,
    messages: Rows,
    gathered: Vec<Gathered>,
    /// When the snapshot is given up for a new one.
    until: Option<Instant>,
    /// What is gathered is handed on before more is read.
    flushing: bool,
    /// Why reading ended.
    pub(crate) end: Option<Copied>,
}

/// What has come of a range and is not yet a batch.
#[derive(Default)]
struct Gathered {
    rows: Vec<query::Row>,
    bytes: usize,
    last: Option<query::Row>,
    sequence: u64,
}

/// What comes next.
enum Message {
    Rows(VStreamRowsResponse),
    /// Nothing for a while: what is gathered should not wait.
    Pause,
    End(Copied),
}

impl<'a> Reader<'a> {
    /// Makes a reader of so many ranges.
    pub(crate) fn new(
        stream: &'a Stream,
        (messages, until): (Rows, Option<Instant>),
        ranges: usize,
    ) -> Reader<'a> {
        Reader {
            stream,
            messages,
            gathered: (0..ranges).map(|_| Gathered::default()).collect(),
            until,
            flushing: false,
            end: None,
        }
    }

    /// Returns the next batch; `None` where the copy ends, for the reason that `end` has.
    pub(crate) async fn next(&mut self) -> Outcome<Option<Batch>> {
        loop {
            if self.flushing {
                let some = self.gathered.iter().position(|one| one.last.is_some());
                if let Some(batch) = some.and_then(|range| self.batch(range)) {
                    return Ok(Some(batch));
                }
                self.flushing = false;
            }
            if self.end.is_some() {
                return Ok(None);
            }
            match self.message().await? {
                Message::Rows(message) => {
                    let range = message.range as usize;
                    let gathered = self.gathered.get_mut(range);
                    let gathered = gathered
                        .ok_or_else(|| Error::bug("rows came of a range that is not read"))?;
                    gathered.add(message);
                    if gathered.is_enough() {
                        return Ok(self.batch(range));
                    }
                }
                Message::Pause => self.flushing = true,
                Message::End(end) => {
                    self.flushing = true;
                    self.end = Some(end);
                }
            }
        }
    }

    fn batch(&mut self, range: usize) -> Option<Batch> {
        let gathered = self.gathered.get_mut(range)?;
        let sequence = gathered.sequence;
        let last = gathered.last.take()?;
        gathered.sequence += 1;
        let rows = std::mem::take(&mut gathered.rows);
        let bytes = std::mem::take(&mut gathered.bytes);
        Some(Batch { range, sequence, rows, bytes, last })
    }

    async fn message(&mut self) -> Outcome<Message> {
        if self.stream.token.is_cancelled() {
            return Ok(Message::End(Copied::Cancelled));
        }
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return Ok(Message::End(Copied::Paused));
        }
        let (mut asked, mut conn) = (0u32, None);
        while let Some(reason) = self.stream.throttle.check("vcopier") {
            if self.stream.token.is_cancelled() {
                return Ok(Message::End(Copied::Cancelled));
            }
            // What was read is written before the wait.
            if self.gathered.iter().any(|one| one.last.is_some()) {
                return Ok(Message::Pause);
            }
            let mut telling = match conn.take() {
                Some(conn) => conn,
                None => self.stream.store.connect().await?,
            };
            self.stream.note_throttled(&mut telling, ("vcopier", &reason), asked).await?;
            conn = Some(telling);
            asked = asked.saturating_add(1);
            tokio::time::sleep(PAUSE).await;
        }
        let message = tokio::select! {
            biased;
            () = self.stream.token.cancelled() => return Ok(Message::End(Copied::Cancelled)),
            message = self.messages.next() => message.transpose()?,
        };
        Ok(message.map_or(Message::End(Copied::Done), Message::Rows))
    }
}

impl Gathered {
    fn is_enough(&self) -> bool {
        let is_large = self.bytes / self.rows.len().max(1) >= LARGE_ROW_BYTES;
        self.bytes >= if is_large { LARGE_BATCH_BYTES } else { BATCH_BYTES }
    }

    fn add(&mut self, message: VStreamRowsResponse) {
        self.bytes += message.rows.iter().map(|row| row.values.len()).sum::<usize>();
        self.rows.extend(message.rows);
        self.last = message.lastpk.or(self.last.take());
    }
}

/// Returns the error of a source that ended before the table did.
pub(crate) fn ended_early() -> Error {
    Error::new(Code::Unavailable, "the source ended a copy before its end")
}
