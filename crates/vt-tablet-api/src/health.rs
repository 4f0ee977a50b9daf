//! What a tablet says of itself, again and again.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use vt_base::{TabletAlias, Target};

/// One message of a tablet's health stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HealthState {
    pub target: Target,
    pub serving: bool,
    /// Seconds since 1970 when this tablet's term as primary began; 0 if it is none.
    pub primary_term_start: i64,
    pub alias: Option<TabletAlias>,
    pub stats: RealtimeStats,
}

/// The measurements in a health message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RealtimeStats {
    /// Why the tablet is not healthy; empty when it is.
    pub health_error: String,
    pub replication_lag_seconds: u32,
    pub binlog_players_count: i32,
    pub filtered_replication_lag_seconds: i64,
    pub cpu_usage: f64,
    pub qps: f64,
    /// Tables whose definition changed since the last message.
    pub table_schema_changed: Vec<String>,
    pub view_schema_changed: Vec<String>,
    pub udfs_changed: bool,
    pub tx_unresolved: bool,
}

/// The messages of one tablet's health, as they come; ends with the tablet. Dropped, it is closed.
///
/// A gateway holds one for each tablet that it knows: it is whatever takes the least room there, and
/// needs no task of its own.
pub struct HealthStream(BoxStream<'static, HealthState>);

impl HealthStream {
    /// Makes the stream of messages that come in any way.
    pub fn new(messages: impl Stream<Item = HealthState> + Send + 'static) -> HealthStream {
        HealthStream(messages.fuse().boxed())
    }

    /// Waits for the next message; `None` when the stream has ended. Safe to cancel.
    pub async fn recv(&mut self) -> Option<HealthState> {
        self.0.next().await
    }
}

impl From<mpsc::Receiver<HealthState>> for HealthStream {
    fn from(mut receiver: mpsc::Receiver<HealthState>) -> HealthStream {
        HealthStream::new(stream::poll_fn(move |context| receiver.poll_recv(context)))
    }
}

impl Stream for HealthStream {
    type Item = HealthState;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<HealthState>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for HealthStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HealthStream")
    }
}
