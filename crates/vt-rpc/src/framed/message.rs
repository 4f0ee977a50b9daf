//! The payloads of frames: requests here, what comes back in [`result`].

mod result;

use std::sync::Arc;
use std::time::{Duration, Instant};

use vt_base::{Code, Error, Result, Retry, TabletAlias, TabletType, Target};
use vt_tablet_api::{
    Begin, Caller, ExecuteOptions, ExecuteRequest, HealthState, Isolation, RealtimeStats, Reserve,
    SchemaReply, SchemaTables, TxState, Workload,
};
use vt_value::{BindVars, BoundValue, Type, TypedBytes};

use super::codec::{FrameWriter, Reader};
use crate::status;

/// Something that a frame carries.
pub(crate) trait Message: Sized {
    fn write(&self, out: &mut FrameWriter);
    fn read(from: &mut Reader) -> Result<Self>;

    /// About how many bytes it takes.
    fn size(&self) -> usize {
        256
    }
}

fn write_option<T>(
    out: &mut FrameWriter,
    value: Option<&T>,
    write: impl FnOnce(&mut FrameWriter, &T),
) {
    out.bool(value.is_some());
    if let Some(value) = value {
        write(out, value);
    }
}

fn read_option<T>(
    from: &mut Reader,
    read: impl FnOnce(&mut Reader) -> Result<T>,
) -> Result<Option<T>> {
    if from.bool()? { read(from).map(Some) } else { Ok(None) }
}

fn write_texts(out: &mut FrameWriter, texts: &[String]) {
    out.length(texts.len());
    texts.iter().for_each(|text| out.text(text));
}

fn read_texts(from: &mut Reader) -> Result<Vec<String>> {
    let count = from.count(4)?;
    (0..count).map(|_| from.text()).collect()
}

impl Message for Caller {
    fn write(&self, out: &mut FrameWriter) {
        out.text(&self.username);
        write_texts(out, &self.groups);
        out.text(&self.principal);
        out.text(&self.component);
        out.text(&self.subcomponent);
    }

    fn read(from: &mut Reader) -> Result<Caller> {
        Ok(Caller {
            username: from.shared()?,
            groups: read_texts(from)?.into(),
            principal: from.shared()?,
            component: from.shared()?,
            subcomponent: from.shared()?,
        })
    }
}

impl Message for Target {
    fn write(&self, out: &mut FrameWriter) {
        out.text(&self.keyspace);
        out.text(&self.shard);
        out.u8(self.tablet_type as u8);
        out.text(&self.cell);
    }

    fn read(from: &mut Reader) -> Result<Target> {
        Ok(Target {
            keyspace: from.shared()?,
            shard: from.shared()?,
            tablet_type: TabletType::from_i32(i32::from(from.u8()?)),
            cell: from.shared()?,
        })
    }
}

fn write_value(out: &mut FrameWriter, value: &TypedBytes) {
    out.i32(value.typ.0);
    out.bytes(&value.bytes);
}

fn read_value(from: &mut Reader) -> Result<TypedBytes> {
    Ok(TypedBytes { typ: Type(from.i32()?), bytes: from.bytes()? })
}

impl Message for BindVars {
    fn write(&self, out: &mut FrameWriter) {
        out.length(self.len());
        for (name, value) in self.iter() {
            out.text(name);
            match value {
                BoundValue::One(value) => {
                    out.bool(false);
                    write_value(out, value);
                }
                BoundValue::Tuple(values) => {
                    out.bool(true);
                    out.length(values.len());
                    values.iter().for_each(|value| write_value(out, value));
                }
            }
        }
    }

    fn read(from: &mut Reader) -> Result<BindVars> {
        let count = from.count(9)?;
        let mut binds = BindVars::new();
        for _ in 0..count {
            let name = from.shared()?;
            let value = if from.bool()? {
                let count = from.count(8)?;
                BoundValue::Tuple((0..count).map(|_| read_value(from)).collect::<Result<_>>()?)
            } else {
                BoundValue::One(read_value(from)?)
            };
            binds.set(name, value);
        }
        Ok(binds)
    }
}

const ISOLATIONS: [Isolation; 7] = [
    Isolation::Default,
    Isolation::RepeatableRead,
    Isolation::ReadCommitted,
    Isolation::ReadUncommitted,
    Isolation::Serializable,
    Isolation::ConsistentSnapshotReadOnly,
    Isolation::Autocommit,
];

const WORKLOADS: [Workload; 4] =
    [Workload::Unspecified, Workload::Oltp, Workload::Olap, Workload::Dba];

fn write_choice<T: PartialEq>(out: &mut FrameWriter, all: &[T], value: &T) {
    let index = all.iter().position(|one| one == value).unwrap_or(0);
    out.u8(u8::try_from(index).unwrap_or(0));
}

fn read_choice<T: Copy>(from: &mut Reader, all: &[T]) -> Result<T> {
    all.get(usize::from(from.u8()?)).copied().ok_or_else(Reader::wrong)
}

impl Message for ExecuteOptions {
    fn write(&self, out: &mut FrameWriter) {
        out.bool(self.client_found_rows);
        write_choice(out, &WORKLOADS, &self.workload);
        out.i64(self.sql_select_limit);
        write_choice(out, &ISOLATIONS, &self.isolation);
        out.bool(self.read_only);
        out.bool(self.consistent_snapshot);
        out.bool(self.skip_query_plan_cache);
        out.bool(self.has_created_temp_tables);
        write_option(out, self.consolidator.as_ref(), |out, value| out.bool(*value));
        out.text(&self.workload_name);
        out.text(&self.priority);
        out.i64(self.timeout_ms);
        write_option(out, self.transaction_timeout_ms.as_ref(), |out, value| out.i64(*value));
        out.bool(self.fetch_last_insert_id);
    }

    fn read(from: &mut Reader) -> Result<ExecuteOptions> {
        Ok(ExecuteOptions {
            client_found_rows: from.bool()?,
            workload: read_choice(from, &WORKLOADS)?,
            sql_select_limit: from.i64()?,
            isolation: read_choice(from, &ISOLATIONS)?,
            read_only: from.bool()?,
            consistent_snapshot: from.bool()?,
            skip_query_plan_cache: from.bool()?,
            has_created_temp_tables: from.bool()?,
            consolidator: read_option(from, Reader::bool)?,
            workload_name: from.shared()?,
            priority: from.shared()?,
            timeout_ms: from.i64()?,
            transaction_timeout_ms: read_option(from, Reader::i64)?,
            fetch_last_insert_id: from.bool()?,
        })
    }
}

impl Message for ExecuteRequest {
    fn write(&self, out: &mut FrameWriter) {
        self.caller.write(out);
        self.target.write(out);
        out.text(&self.sql);
        self.bind_vars.write(out);
        out.i64(self.transaction_id);
        out.i64(self.reserved_id);
        // Most calls say nothing of how they are to run.
        let plain = *self.options == ExecuteOptions::default();
        write_option(out, (!plain).then_some(&*self.options), |out, options| options.write(out));
        write_option(out, self.begin.as_ref(), |out, begin| write_texts(out, &begin.post_queries));
        write_option(out, self.reserve.as_ref(), |out, one| write_texts(out, &one.pre_queries));
        write_texts(out, &self.settings);
        // Clocks differ, so what is told is the time that is left.
        write_option(out, self.deadline.as_ref(), |out, deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            out.u64(u64::try_from(left.as_micros()).unwrap_or(u64::MAX));
        });
    }

    fn read(from: &mut Reader) -> Result<ExecuteRequest> {
        Ok(ExecuteRequest {
            caller: Arc::new(Caller::read(from)?),
            target: Target::read(from)?,
            sql: from.shared()?,
            bind_vars: Arc::new(BindVars::read(from)?),
            transaction_id: from.i64()?,
            reserved_id: from.i64()?,
            options: Arc::new(read_option(from, ExecuteOptions::read)?.unwrap_or_default()),
            begin: read_option(from, read_texts)?.map(|post_queries| Begin { post_queries }),
            reserve: read_option(from, read_texts)?.map(|pre_queries| Reserve { pre_queries }),
            settings: read_texts(from)?.into(),
            deadline: read_option(from, Reader::u64)?
                .and_then(|left| Instant::now().checked_add(Duration::from_micros(left))),
        })
    }

    fn size(&self) -> usize {
        256 + self.sql.len()
    }
}

/// How an operation ended that was tried.
const RETRIES: [Retry; 4] = [Retry::Never, Retry::BeforeSend, Retry::Always, Retry::Elsewhere];

impl Message for Error {
    fn write(&self, out: &mut FrameWriter) {
        out.i32(self.code() as i32);
        write_choice(out, &RETRIES, &self.retry());
        out.text(&status::text(self));
    }

    fn read(from: &mut Reader) -> Result<Error> {
        let code = Code::from_i32(from.i32()?);
        let retry = read_choice(from, &RETRIES)?;
        let error = status::from_text(code, &from.text()?);
        Ok(status::tablet_error(error).with_retry(retry))
    }
}

impl Message for TxState {
    fn write(&self, out: &mut FrameWriter) {
        out.i64(self.transaction_id);
        out.i64(self.reserved_id);
        write_option(out, self.tablet_alias.as_ref(), write_alias);
        out.text(&self.session_state_changes);
    }

    fn read(from: &mut Reader) -> Result<TxState> {
        Ok(TxState {
            transaction_id: from.i64()?,
            reserved_id: from.i64()?,
            tablet_alias: read_option(from, read_alias)?,
            session_state_changes: from.text()?,
        })
    }
}

fn write_alias(out: &mut FrameWriter, alias: &TabletAlias) {
    out.text(&alias.cell);
    out.u32(alias.uid);
}

fn read_alias(from: &mut Reader) -> Result<TabletAlias> {
    Ok(TabletAlias { cell: from.shared()?, uid: from.u32()? })
}

impl Message for HealthState {
    fn write(&self, out: &mut FrameWriter) {
        self.target.write(out);
        out.bool(self.serving);
        out.i64(self.primary_term_start);
        write_option(out, self.alias.as_ref(), write_alias);
        let stats = &self.stats;
        out.text(&stats.health_error);
        out.u32(stats.replication_lag_seconds);
        out.i32(stats.binlog_players_count);
        out.i64(stats.filtered_replication_lag_seconds);
        out.f64(stats.cpu_usage);
        out.f64(stats.qps);
        write_texts(out, &stats.table_schema_changed);
        write_texts(out, &stats.view_schema_changed);
        out.bool(stats.udfs_changed);
        out.bool(stats.tx_unresolved);
    }

    fn read(from: &mut Reader) -> Result<HealthState> {
        Ok(HealthState {
            target: Target::read(from)?,
            serving: from.bool()?,
            primary_term_start: from.i64()?,
            alias: read_option(from, read_alias)?,
            stats: RealtimeStats {
                health_error: from.text()?,
                replication_lag_seconds: from.u32()?,
                binlog_players_count: from.i32()?,
                filtered_replication_lag_seconds: from.i64()?,
                cpu_usage: from.f64()?,
                qps: from.f64()?,
                table_schema_changed: read_texts(from)?,
                view_schema_changed: read_texts(from)?,
                udfs_changed: from.bool()?,
                tx_unresolved: from.bool()?,
            },
        })
    }
}

/// A call about a transaction: BEGIN with options, or the numbers of what is to end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TransactionCall {
    pub(crate) caller: Caller,
    pub(crate) target: Target,
    pub(crate) options: ExecuteOptions,
    pub(crate) transaction_id: i64,
    pub(crate) reserved_id: i64,
}

impl Message for TransactionCall {
    fn write(&self, out: &mut FrameWriter) {
        self.caller.write(out);
        self.target.write(out);
        self.options.write(out);
        out.i64(self.transaction_id);
        out.i64(self.reserved_id);
    }

    fn read(from: &mut Reader) -> Result<TransactionCall> {
        Ok(TransactionCall {
            caller: Caller::read(from)?,
            target: Target::read(from)?,
            options: ExecuteOptions::read(from)?,
            transaction_id: from.i64()?,
            reserved_id: from.i64()?,
        })
    }
}

/// A call for definitions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SchemaCall {
    pub(crate) target: Target,
    pub(crate) which: SchemaTables,
    pub(crate) names: Vec<String>,
}

const SCHEMA_TABLES: [SchemaTables; 4] =
    [SchemaTables::Views, SchemaTables::Tables, SchemaTables::All, SchemaTables::Udfs];

impl Message for SchemaCall {
    fn write(&self, out: &mut FrameWriter) {
        self.target.write(out);
        write_choice(out, &SCHEMA_TABLES, &self.which);
        write_texts(out, &self.names);
    }

    fn read(from: &mut Reader) -> Result<SchemaCall> {
        Ok(SchemaCall {
            target: Target::read(from)?,
            which: read_choice(from, &SCHEMA_TABLES)?,
            names: read_texts(from)?,
        })
    }
}

impl Message for SchemaReply {
    fn write(&self, out: &mut FrameWriter) {
        out.length(self.definitions.len());
        for (name, definition) in &self.definitions {
            out.text(name);
            out.text(definition);
        }
    }

    fn read(from: &mut Reader) -> Result<SchemaReply> {
        let count = from.count(8)?;
        let one = |from: &mut Reader| Ok((from.text()?, from.text()?));
        Ok(SchemaReply { definitions: (0..count).map(|_| one(from)).collect::<Result<_>>()? })
    }
}

impl Message for i64 {
    fn write(&self, out: &mut FrameWriter) {
        out.i64(*self);
    }

    fn read(from: &mut Reader) -> Result<i64> {
        from.i64()
    }
}

/// Nothing at all.
impl Message for () {
    fn write(&self, _: &mut FrameWriter) {}

    fn read(_: &mut Reader) -> Result<()> {
        Ok(())
    }
}
