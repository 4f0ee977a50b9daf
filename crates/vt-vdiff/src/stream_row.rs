//! The streams of a workflow, as the table `vreplication` has them.

use std::sync::Arc;

use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::BinlogSource;
use vt_value::Row;
use vt_vreplication::spec::read_source;

use crate::host::Host;
use crate::store::{literal, text};

/// A stream of a workflow.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) id: i64,
    pub(crate) source: BinlogSource,
    pub(crate) position: String,
    pub(crate) stop_position: String,
    pub(crate) state: String,
    pub(crate) message: String,
    pub(crate) options: String,
}

/// What the table says of a stream while a VDiff has it stopped, or runs it up to a position.
pub(crate) const STOPPED_BY_US: &str = "for vdiff";
pub(crate) const RUN_BY_US: &str = "synchronizing for vdiff";
/// What the applier says of a stream that came to the position where it was told to stop.
const STOPPED_THERE: &str = "Reached stopping position";
const FROZEN: &str = "FROZEN";
const RUNNING: &str = "Running";

impl Stream {
    /// Returns whether a VDiff left the stream in the state in which it is: stopped, on its way to
    /// a position, or stopped there.
    fn is_held(&self) -> bool {
        let has_end = !self.stop_position.is_empty();
        self.message == STOPPED_BY_US
            || self.message == RUN_BY_US
            // The applier writes messages of its own as it goes on.
            || (has_end && self.state == RUNNING)
            || (has_end && self.message.starts_with(STOPPED_THERE))
    }
}

/// The streams of one workflow.
#[derive(Clone)]
pub(crate) struct Streams {
    host: Arc<dyn Host>,
    database: String,
    workflow: String,
}

impl Streams {
    pub(crate) fn new(host: Arc<dyn Host>, database: &str, workflow: &str) -> Streams {
        Streams { host, database: database.to_owned(), workflow: workflow.to_owned() }
    }

    fn table(&self) -> String {
        format!("`{}`.vreplication", self.host.sidecar().replace('`', "``"))
    }

    fn of_workflow(&self) -> String {
        format!("workflow = {} and db_name = {}", literal(&self.workflow), literal(&self.database))
    }

    /// Reads the streams.
    ///
    /// # Errors
    /// There is none, or one's source cannot be read.
    pub(crate) async fn load(&self) -> Result<Vec<Stream>> {
        let sql = format!(
            "select id, source, pos, stop_pos, state, message, options from {} where {} order by id",
            self.table(),
            self.of_workflow()
        );
        let found = self.host.query(&sql).await?;
        if found.rows.is_empty() {
            return Err(Error::new(
                Code::NotFound,
                format!("workflow {} has no streams on this tablet", self.workflow),
            ));
        }
        let read = |row: Row<'_>| {
            Ok(Stream {
                id: text(row, 0).parse().unwrap_or_default(),
                source: read_source(&text(row, 1))?,
                position: text(row, 2),
                stop_position: text(row, 3),
                state: text(row, 4),
                message: text(row, 5),
                options: text(row, 6),
            })
        };
        found.rows.iter().map(read).collect()
    }

    /// Makes sure that all streams follow their sources, so that they can be stopped at one
    /// position.
    ///
    /// # Errors
    /// One does not, and why.
    pub(crate) fn check(&self, streams: &[Stream]) -> Result<()> {
        for stream in streams {
            if stream.message == FROZEN {
                return Err(Error::new(
                    Code::FailedPrecondition,
                    format!(
                        "workflow {} is frozen: its traffic is switched, and its target goes on \
                         without its source; compare its reverse workflow",
                        self.workflow
                    ),
                ));
            }
            if stream.state != RUNNING {
                // It may run soon: what asks again is told the same until then.
                return Err(Error::new(
                    Code::Unavailable,
                    format!(
                        "stream {} of workflow {} does not follow its source: its state is {}{}{}",
                        stream.id,
                        self.workflow,
                        stream.state,
                        if stream.message.is_empty() { "" } else { ": " },
                        stream.message
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Stops the streams.
    pub(crate) async fn stop(&self) -> Result<()> {
        self.update(&format!("state = 'Stopped', message = '{STOPPED_BY_US}'"), "true").await
    }

    /// Lets one stream run up to a position.
    pub(crate) async fn run_up_to(&self, id: i64, position: &str) -> Result<()> {
        let stop = literal(position);
        let set = format!("state = 'Running', message = '{RUN_BY_US}', stop_pos = {stop}");
        self.update(&set, &format!("id = {id}")).await
    }

    /// Lets the streams that a VDiff holds go on.
    pub(crate) async fn release(&self) -> Result<()> {
        let held: Vec<String> = self
            .load()
            .await?
            .iter()
            .filter(|stream| stream.is_held())
            .map(|stream| stream.id.to_string())
            .collect();
        if held.is_empty() {
            return Ok(());
        }
        let set = "state = 'Running', message = '', stop_pos = ''";
        self.update(set, &format!("id in ({})", held.join(", "))).await
    }

    async fn update(&self, set: &str, condition: &str) -> Result<()> {
        let (table, of) = (self.table(), self.of_workflow());
        self.host.apply(&format!("update {table} set {set} where {of} and {condition}")).await
    }
}
