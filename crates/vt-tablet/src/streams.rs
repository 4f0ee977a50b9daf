//! Streams of rows and events: the tablet's face of [`vt_vstream`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use vt_base::gtid::{GtidSet, Position};
use vt_base::{Code, Error, Result, Target};
use vt_proto::binlogdata::{
    VEvent, VEventType, VStreamRequest, VStreamResponse, VStreamResultsRequest,
    VStreamResultsResponse, VStreamRowsRequest, VStreamRowsResponse, VStreamTablesRequest,
    VStreamTablesResponse,
};
use vt_proto::query;
use vt_rpc::convert::target_from_proto;
use vt_rpc::row_streams::RowStreams;
use vt_rpc::vschema::spec_from_proto;
use vt_vschema::VSchema;
use vt_vstream::filter::{Wanted, read_select};
use vt_vstream::{
    CopySpec, FullSpec, KeyRange, RANGES_MAX, Source, StreamSpec, TablesSpec, Values, Vindexes,
    key_of,
};

use crate::core::Core;
use crate::db::Role;
use crate::service::TabletService;

/// How many bytes of rows one message of a stream has, about.
const BATCH_BYTES: usize = 250_000;
/// An event of the log greater than this ends the stream that meets it.
const EVENT_BYTES_MAX: usize = 1 << 30;
/// How often a stream says that nothing happened.
const HEARTBEAT: Duration = Duration::from_millis(900);
/// The position that means "from now on".
const CURRENT: &str = "current";

#[async_trait]
impl RowStreams for TabletService {
    async fn v_stream(
        &self,
        request: VStreamRequest,
        out: mpsc::Sender<VStreamResponse>,
    ) -> Result<()> {
        let core = &self.0;
        let target = target_from_proto(request.target.as_ref());
        let (sender, receiver) = mpsc::channel::<Vec<VEvent>>(1);
        let streaming = async {
            // The sender must go when the events end, for the other half to end.
            let sender = sender;
            events(core, request, &sender).await
        };
        let handing_on = async {
            let mut receiver = receiver;
            while let Some(events) = receiver.recv().await {
                if out.send(VStreamResponse { events }).await.is_err() {
                    break;
                }
            }
            // Nobody listens any more once the receiver goes, and the events end.
            Ok(())
        };
        // A stream under way is large, and there are few of them.
        let both = Box::pin(async { tokio::try_join!(streaming, handing_on).map(drop) });
        while_serving(core, &target, both).await
    }

    async fn v_stream_rows(
        &self,
        request: VStreamRowsRequest,
        out: mpsc::Sender<VStreamRowsResponse>,
    ) -> Result<()> {
        let core = &self.0;
        let target = target_from_proto(request.target.as_ref());
        let (table, selection) = read_select(&request.query)?;
        let after = request.lastpk.as_ref().map(|last| key(&table, last)).transpose()?;
        let schema = vindexes(core).await?;
        let ranges = request
            .ranges
            .iter()
            .map(|range| KeyRange::of_proto(range).ok_or_else(|| wrong_key(&table)));
        let ranges = ranges.collect::<Result<Vec<_>>>()?;
        if ranges.len() > RANGES_MAX {
            let message = format!("more than {RANGES_MAX} ranges of table {table} at once");
            return Err(Error::new(Code::InvalidArgument, message));
        }
        let wanted = Wanted::Select(selection);
        let ranges_max = usize::try_from(request.ranges_max).unwrap_or(RANGES_MAX);
        let spec = CopySpec { table, wanted, schema, after, ranges, ranges_max };
        let source = source(core);
        while_serving(core, &target, source.copy_rows(spec, &out)).await
    }

    async fn v_stream_tables(
        &self,
        request: VStreamTablesRequest,
        out: mpsc::Sender<VStreamTablesResponse>,
    ) -> Result<()> {
        let target = target_from_proto(request.target.as_ref());
        let schema = vindexes(&self.0).await?;
        let tables = request.options.map(|options| options.tables_to_copy).unwrap_or_default();
        let spec = TablesSpec { filter: request.filter, tables, schema };
        while_serving(&self.0, &target, source(&self.0).all_tables(spec, &out)).await
    }

    async fn v_stream_results(
        &self,
        request: VStreamResultsRequest,
        out: mpsc::Sender<VStreamResultsResponse>,
    ) -> Result<()> {
        let target = target_from_proto(request.target.as_ref());
        while_serving(&self.0, &target, source(&self.0).results(&request.query, &out)).await
    }
}

pub(crate) fn source(core: &Core) -> Source {
    Source {
        params: Arc::new(core.db.params(Role::Dba)),
        database: core.db.name().into(),
        sidecar: core.sidecar.load().as_str().into(),
        batch_bytes: BATCH_BYTES,
        event_bytes_max: EVENT_BYTES_MAX,
        heartbeat: HEARTBEAT,
    }
}

/// Runs a stream for as long as the tablet serves its target.
async fn while_serving(
    core: &Core,
    target: &Target,
    stream: impl Future<Output = Result<()>>,
) -> Result<()> {
    core.state.check(target)?;
    let mut changes = core.state.watch();
    let ended = async {
        loop {
            // The watch ends with the tablet, and so does the stream.
            if changes.changed().await.is_err() {
                return Err(Error::new(Code::Unavailable, "tablet is shutting down"));
            }
            core.state.check(target)?;
        }
    };
    tokio::select! {
        biased;
        end = ended => end,
        end = stream => end,
    }
}

async fn events(
    core: &Core,
    request: VStreamRequest,
    out: &mpsc::Sender<Vec<VEvent>>,
) -> Result<()> {
    let source = source(core);
    let schema = vindexes(core).await?;
    let filter = request.filter.unwrap_or_default();
    let tables_to_copy = request.options.map(|options| options.tables_to_copy).unwrap_or_default();
    let mut left: BTreeMap<String, Values> = BTreeMap::new();
    for table in &request.table_last_p_ks {
        if let Some(last) = &table.lastpk {
            left.insert(table.table_name.clone(), key(&table.table_name, last)?);
        }
    }
    let start = match request.position.as_str() {
        "" => None,
        CURRENT => {
            let gtid_set = source.position().await?;
            // The client learns at once where it began.
            let gtid = Position { gtid_set: gtid_set.clone() }.to_string();
            let kind = |kind: VEventType| VEvent { r#type: kind.into(), ..VEvent::default() };
            let begun = VEvent { gtid, ..kind(VEventType::Gtid) };
            if out.send(vec![begun, kind(VEventType::Other)]).await.is_err() {
                return Ok(());
            }
            Some(gtid_set)
        }
        text => Some(position(text)?),
    };
    let Some(start) = start.filter(|_| left.is_empty()) else {
        let resume = match request.position.as_str() {
            "" => None,
            text => Some((position(text)?, left)),
        };
        let spec = FullSpec { filter, schema, tables_to_copy, resume };
        return source.copy_and_stream(spec, out).await.map(drop);
    };
    let spec = StreamSpec { start, filter, schema, stop: None, up_to: BTreeMap::new() };
    source.stream(spec, out).await.map(drop)
}

fn position(text: &str) -> Result<GtidSet> {
    Ok(text.parse::<Position>()?.gtid_set)
}

fn key(table: &str, last: &query::QueryResult) -> Result<Values> {
    key_of(last).ok_or_else(|| wrong_key(table))
}

fn wrong_key(table: &str) -> Error {
    Error::new(Code::InvalidArgument, format!("a key of table {table} is no row"))
}

/// Returns the vindexes that filters may name; none where the cell has no vschema yet.
async fn vindexes(core: &Core) -> Result<Option<Arc<Vindexes>>> {
    let record = match core.topo.get_srv_vschema(&core.config.alias.cell).await {
        Ok(record) => record,
        Err(error) if error.is_no_node() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let all = Arc::new(VSchema::build(&spec_from_proto(&record)));
    let keyspace = core.config.keyspace.as_str().into();
    Ok(Some(Arc::new(Vindexes { all, keyspace })))
}
