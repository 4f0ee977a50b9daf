//! Following the log from a position.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use vt_base::gtid::GtidSet;
use vt_base::{Code, Error, Result};
use vt_binlog::{Decoder, Event, Header, dump};
use vt_mysql::Conn;
use vt_proto::binlogdata::{self, VEvent, VEventType};

use crate::plan::Values;
use crate::translate::{Translated, Translator};
use crate::{Source, SourceTable, Vindexes};

/// What is streamed, and from where to where.
#[derive(Clone, Debug)]
pub struct StreamSpec {
    /// The transactions that the reader has.
    pub start: GtidSet,
    pub filter: binlogdata::Filter,
    /// The vschema whose vindexes the filter means.
    pub schema: Option<Arc<Vindexes>>,
    /// End once all of these have been sent; `None` never ends.
    pub stop: Option<GtidSet>,
    /// Of these tables the reader has the rows up to a key only: others are left out.
    pub up_to: BTreeMap<String, Values>,
}

/// Servers that read a log have numbers; ours lie above those of tablets, one a connection.
const SERVER_ID_BASE: u32 = 0x8000_0000;
/// So many heartbeats may be missed before the server is taken for lost.
const MISSED_MAX: u32 = 5;
/// How long the server may be silent at least.
const SILENCE_MIN: Duration = Duration::from_secs(10);

impl Source {
    /// Sends what happens behind a position, transaction by transaction, in batches. Ends when
    /// the receiver is gone, or at [`StreamSpec::stop`]; returns the position behind what was
    /// sent.
    ///
    /// # Errors
    /// mysqld has purged what the reader lacks, or does not answer; the filter asks for what
    /// cannot be streamed.
    pub async fn stream(
        &self,
        spec: StreamSpec,
        out: &mpsc::Sender<Vec<VEvent>>,
    ) -> Result<GtidSet> {
        let mut describer = self.connect().await?;
        check_start(&mut describer, &spec.start).await?;
        let mut conn = self.connect().await?;
        let period = self.heartbeat.as_nanos();
        conn.query(
            format!(
                "set @source_binlog_checksum = @@global.binlog_checksum, \
                 @master_binlog_checksum = @@global.binlog_checksum, \
                 @source_heartbeat_period = {period}, @master_heartbeat_period = {period}"
            ),
            1,
        )
        .await?;
        let request = dump::Request {
            server_id: SERVER_ID_BASE | conn.connection_id(),
            have: spec.start.clone(),
            follow: true,
        };
        let mut packets = conn.into_packets(&request.payload()).await?;
        let translator = Translator::new(self.database.clone(), self.sidecar.clone(), &spec);
        let (pending, pending_bytes) = (Vec::new(), 0);
        let mut follower =
            Follower { source: self, describer, translator, out, pending, pending_bytes };
        let mut decoder = Decoder::new(false);
        let silence = (self.heartbeat * MISSED_MAX).max(SILENCE_MIN);
        loop {
            if follower.is_done(spec.stop.as_ref()) {
                return Ok(follower.translator.position().clone());
            }
            let packet = tokio::select! {
                biased;
                () = out.closed() => return Ok(follower.translator.position().clone()),
                packet = tokio::time::timeout(silence, packets.next()) => packet,
            };
            let lost = |what: &str| Error::new(Code::Unavailable, format!("mysqld {what}"));
            let Some(bytes) = packet.map_err(|_| lost("sent no sign of life"))?? else {
                return Err(lost("ended the stream of its log"));
            };
            let (header, event) = decoder.decode(&bytes)?;
            if !follower.take(&decoder, header, event).await? {
                return Ok(follower.translator.position().clone());
            }
        }
    }
}

/// A stream under way.
struct Follower<'a> {
    source: &'a Source,
    /// Tells what tables look like.
    describer: Conn,
    translator: Translator,
    out: &'a mpsc::Sender<Vec<VEvent>>,
    pending: Vec<VEvent>,
    pending_bytes: usize,
}

impl Follower<'_> {
    fn is_done(&self, stop: Option<&GtidSet>) -> bool {
        let translator = &self.translator;
        !translator.in_transaction()
            && self.pending.is_empty()
            && stop.is_some_and(|stop| translator.position().contains(stop))
    }

    /// Takes an event of the log; false says that the reader is gone.
    async fn take(&mut self, decoder: &Decoder, header: Header, event: Event) -> Result<bool> {
        let Event::Payload(payload) = event else { return self.take_one(header, event).await };
        let broken = |error: std::io::Error| Error::new(Code::Internal, error.to_string());
        let mut unpacked = payload.unpack(self.source.event_bytes_max).map_err(broken)?;
        while let Some(bytes) = unpacked.next_event()? {
            let (header, event) = decoder.decode_unpacked(&bytes)?;
            if !self.take_one(header, event).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn take_one(&mut self, header: Header, event: Event) -> Result<bool> {
        let events = match self.translator.translate(header, event)? {
            Translated::Events(events) => events,
            Translated::Unknown(map) => {
                let database = &self.source.database;
                let table = SourceTable::load(&mut self.describer, database, &map.name).await?;
                self.translator.learn(header, map, Arc::new(table))?
            }
        };
        let mut flush = false;
        for event in events {
            flush |= ends_batch(&event);
            self.pending_bytes += size(&event);
            self.pending.push(event);
        }
        if flush || self.pending_bytes >= self.source.batch_bytes {
            return Ok(self.send().await);
        }
        Ok(true)
    }

    async fn send(&mut self) -> bool {
        let mut events = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let now = now_nanos();
        for event in &mut events {
            event.current_time = now;
        }
        self.out.send(events).await.is_ok()
    }
}

/// Returns whether events are sent at once after this one.
fn ends_batch(event: &VEvent) -> bool {
    matches!(
        event.r#type(),
        VEventType::Commit
            | VEventType::Rollback
            | VEventType::Ddl
            | VEventType::Other
            | VEventType::Heartbeat
    )
}

fn size(event: &VEvent) -> usize {
    let rows = event.row_event.iter().flat_map(|event| &event.row_changes);
    let bytes = rows.flat_map(|change| [&change.before, &change.after]).flatten();
    bytes.map(|row| row.values.len() + row.lengths.len() * 2).sum::<usize>() + 64
}

/// Nanoseconds since 1970, as events tell the time at which they are sent.
pub(crate) fn now_nanos() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// A server that has purged what the reader lacks would say so, but not what to do.
async fn check_start(conn: &mut Conn, start: &GtidSet) -> Result<()> {
    let result = conn.query("select @@global.gtid_purged", 1).await?;
    let text = result.rows.iter().next().and_then(|row| row.column(0)).unwrap_or_default();
    let purged: GtidSet = String::from_utf8_lossy(text).parse()?;
    if start.contains(&purged) {
        return Ok(());
    }
    let lacking = purged.subtract(start);
    Err(Error::new(
        Code::FailedPrecondition,
        format!(
            "mysqld has purged transactions that the stream lacks ({lacking}); \
             copy the tables anew, or stream from a tablet that still has them"
        ),
    ))
}
