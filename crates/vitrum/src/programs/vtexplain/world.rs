//! The cluster that is made up: its tables, its shards, and the rows that they answer with.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use vt_base::{Code, Error, KeyRange, Result};
use vt_exec::{CallOptions, ExecContext, Limits, ShardCall, ShardQueries};
use vt_gate::statements::vexplain::with_values;
use vt_plan::{Need, Plan};
use vt_planner::PlanContext;
use vt_proto::vschema as proto;
use vt_sql::ast::{Expr, Query, QueryBody, Select, SelectItem, Statement, TableRef};
use vt_sql::fingerprint::fingerprint;
use vt_sql::{Arena, Modes, split_statements};
use vt_value::{
    BindVars, BoundValue, Field, QueryResult, RowsBuilder, StreamPart, Type, TypedBytes,
};
use vt_vschema::spec::{SrvVSchemaSpec, TrackedTable};
use vt_vschema::{ShardMap, VSchema};

/// A statement, and what became of it.
pub(super) struct Explained {
    pub(super) sql: String,
    pub(super) plan: Value,
    pub(super) queries: Vec<ShardQuery>,
}

/// A query that came to a shard.
pub(super) struct ShardQuery {
    /// Queries of the same number come at the same time.
    pub(super) time: usize,
    pub(super) keyspace: Arc<str>,
    pub(super) shard: Arc<str>,
    /// As MySQL gets it.
    pub(super) sql: String,
    /// As the tablet gets it, with its bind variables; none for what the tablet adds.
    pub(super) asked: Option<(String, Value)>,
}

/// The tablets' cap on rows, as it stands in queries.
const LIMIT: &str = " limit 10001";

/// The cluster.
pub(super) struct World {
    vschema: VSchema,
    shards: BTreeMap<String, Arc<ShardMap>>,
    columns: BTreeMap<String, TrackedTable>,
    keyspace: Option<String>,
}

impl World {
    /// Makes a cluster of statements that make tables and of a VSchema by keyspace; sharded
    /// keyspaces have `count` shards, or those that `shards` says.
    pub(super) fn new(
        schema: &str,
        vschema: &str,
        count: u32,
        shards: Option<&str>,
        dbname: &str,
    ) -> Result<World> {
        let columns = tables(schema)?;
        let spec = spec(vschema)?;
        let mut built = VSchema::build(&spec);
        let all: Vec<(String, TrackedTable)> =
            columns.iter().map(|(name, table)| (name.clone(), table.clone())).collect();
        let names: Vec<String> = spec.keyspaces.keys().cloned().collect();
        for name in &names {
            // Which keyspace a table lies in is for the VSchema to say.
            let own: Vec<_> = all
                .iter()
                .filter(|(table, _)| spec.keyspaces[name].tables.contains_key(table))
                .cloned()
                .collect();
            built = built.with_tables(name, &own);
        }
        for (name, keyspace) in &built.keyspaces {
            if let Some(error) = &keyspace.error {
                return Err(error.clone().context(format!("keyspace {name}")));
            }
        }
        let shards = shard_maps(&built, count, shards)?;
        let keyspace = (!dbname.is_empty()).then(|| dbname.to_owned());
        Ok(World { vschema: built, shards, columns, keyspace })
    }

    /// Plans and runs a statement.
    pub(super) async fn explain(&self, sql: &str) -> Result<Explained> {
        let arena = Arena::new();
        let statement = vt_sql::parse(&arena, sql, Modes::default())?;
        let context =
            PlanContext { keyspace: self.keyspace.as_deref(), ..PlanContext::new(&self.vschema) };
        let mut binds = BindVars::new();
        let normal = vt_sql::normalize::normalize(&arena, &statement);
        let plan = match fingerprint(sql, Modes::default()) {
            Some(print) => {
                let frozen = vt_sql::normalize::frozen_literals(sql, &print, &normal);
                let modes = Modes::default();
                vt_gate::query::literals::bind(sql, &print, &frozen, modes, &mut binds);
                vt_planner::plan(&normal.statement, &context)?
            }
            None => vt_planner::plan(&statement, &context)?,
        };
        for need in &plan.needs {
            binds.set(need.bind_name(), self.value_of(need, &binds));
        }
        let queries = self.run(&plan, binds).await?;
        let plan = vt_plan::explain::to_json(&plan);
        Ok(Explained { sql: sql.to_owned(), plan, queries })
    }

    async fn run(&self, plan: &Plan, binds: BindVars) -> Result<Vec<ShardQuery>> {
        let shards = Shards { world: self, told: Mutex::default() };
        let binds = Arc::new(binds);
        let session = vt_eval::Session::default();
        let context = ExecContext {
            shards: &shards,
            binds: &binds,
            session: &session,
            limits: Limits::default(),
            exclusive: false,
            any_shard: 0,
            observer: None,
            kept: None,
            cascading: None,
        };
        vt_exec::execute(plan, &context).await?;
        let mut told = shards.told.into_inner();
        let written = std::mem::take(&mut told.written);
        let time = told.time + 1;
        for (keyspace, shard) in written {
            let sql = "commit".to_owned();
            told.queries.push(ShardQuery { time, keyspace, shard, sql, asked: None });
        }
        Ok(told.queries)
    }

    fn value_of(&self, need: &Need, binds: &BindVars) -> BoundValue {
        BoundValue::One(match need {
            Need::Database => match &self.keyspace {
                Some(name) => TypedBytes::varchar(name),
                None => TypedBytes::NULL,
            },
            Need::LastInsertId | Need::ConnectionId => TypedBytes::uint64(1),
            Need::FoundRows | Need::RowCount => TypedBytes::int64(1),
            Need::User => TypedBytes::varchar("vtexplain"),
            Need::Version => TypedBytes::varchar("8.4.6-Vitess"),
            Need::SchemaOf(name) => TypedBytes::varchar(&format!("vt_{name}")),
            Need::SchemaName(name) => {
                return binds.get(name).cloned().unwrap_or(BoundValue::One(TypedBytes::NULL));
            }
            Need::UserVariable(_)
            | Need::SessionVariable(_)
            | Need::OwnVariable(_)
            | Need::GlobalVariable(_) => TypedBytes::NULL,
        })
    }

    /// Makes the answer to a query: one row.
    fn answer(&self, sql: &str) -> QueryResult {
        let arena = Arena::new();
        let Ok(statement) = vt_sql::parse(&arena, sql, Modes::default()) else {
            return QueryResult::default();
        };
        let Statement::Query(query) = statement else {
            return QueryResult { rows_affected: 1, ..QueryResult::default() };
        };
        let Some(select) = first_select(query) else { return QueryResult::default() };
        let mut fields = Vec::new();
        for item in select.items {
            match item {
                SelectItem::Star(_) => {
                    for table in tables_of(select.from) {
                        let columns =
                            self.columns.get(table).into_iter().flat_map(|one| &one.columns);
                        fields.extend(columns.map(|one| Field::new(&one.name, one.typ)));
                    }
                }
                SelectItem::Expr(item) => {
                    fields.push(Field::new(item.name, self.type_of(&item.expr, select)));
                }
                SelectItem::Next(_) => fields.push(Field::new("nextval", Type::INT64)),
            }
        }
        let mut rows = RowsBuilder::default();
        let value = |field: &Field| match field.typ {
            typ if typ.is_number() => "1".to_owned(),
            Type::DATE => "2026-01-01".to_owned(),
            Type::DATETIME | Type::TIMESTAMP => "2026-01-01 00:00:00".to_owned(),
            Type::TIME => "00:00:00".to_owned(),
            Type::JSON => "{}".to_owned(),
            _ => format!("{}_val_1", field.name),
        };
        rows.push(fields.iter().map(|field| Some(value(field))));
        QueryResult::with_rows(fields, rows.finish())
    }

    fn type_of(&self, expr: &Expr<'_>, select: &Select<'_>) -> Type {
        match expr {
            Expr::Column(column) => {
                let tables = tables_of(select.from);
                let columns = tables
                    .iter()
                    .filter_map(|table| self.columns.get(*table))
                    .flat_map(|one| &one.columns);
                let found = columns.into_iter().find(|one| column.name.is(&one.name));
                found.map_or(Type::VARCHAR, |one| one.typ)
            }
            Expr::Function(function) if function.name.is("weight_string") => Type::VARBINARY,
            _ => Type::INT64,
        }
    }
}

/// The shards as one statement sees them.
struct Shards<'w> {
    world: &'w World,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    time: usize,
    queries: Vec<ShardQuery>,
    /// Shards on which a transaction is open.
    written: Vec<(Arc<str>, Arc<str>)>,
}

impl Shards<'_> {
    fn tell(&self, calls: &[ShardCall], how: CallOptions) -> Vec<Result<QueryResult>> {
        let mut told = self.told.lock();
        told.time += 1;
        let time = told.time;
        let one = |call: &ShardCall| {
            let (keyspace, shard) = (call.keyspace.clone(), call.shard.clone());
            let place = (keyspace.clone(), shard.clone());
            if !how.read_only && !how.outside_transaction && !told.written.contains(&place) {
                told.written.push(place);
                let sql = "begin".to_owned();
                let (keyspace, shard) = (keyspace.clone(), shard.clone());
                told.queries.push(ShardQuery { time, keyspace, shard, sql, asked: None });
            }
            let sql = with_values(&call.sql, &call.bind_vars);
            let answer = self.world.answer(&sql);
            let capped = if is_capped(&sql) { format!("{sql}{LIMIT}") } else { sql };
            let asked = Some((call.sql.to_string(), binds_json(&call.bind_vars)));
            told.queries.push(ShardQuery { time, keyspace, shard, sql: capped, asked });
            Ok(answer)
        };
        calls.iter().map(one).collect()
    }
}

#[async_trait::async_trait]
impl ShardQueries for Shards<'_> {
    fn shards(&self, keyspace: &str) -> Result<Arc<ShardMap>> {
        let found = self.world.shards.get(keyspace).cloned();
        found.ok_or_else(|| Error::vt(vt_base::ErrorId::VT05003, keyspace))
    }

    async fn execute(
        &self,
        calls: Vec<ShardCall>,
        how: CallOptions,
    ) -> Vec<Result<QueryResult, Error>> {
        self.tell(&calls, how)
    }

    async fn stream(
        &self,
        calls: Vec<ShardCall>,
        how: CallOptions,
        out: Vec<tokio::sync::mpsc::Sender<StreamPart>>,
    ) -> Vec<Result<QueryResult, Error>> {
        let mut results = self.tell(&calls, how);
        for (result, out) in results.iter_mut().zip(out) {
            let Ok(result) = result else { continue };
            let rows = std::mem::take(&mut result.rows);
            let part = StreamPart { fields: Some(result.fields.clone()), rows };
            // Who has seen enough goes away.
            drop(out.send(part).await);
        }
        results
    }

    fn warn(&self, _: u16, _: String) {}

    fn set_last_insert_id(&self, _: u64) {}

    fn set_found_rows(&self, _: u64) {}
}

fn tables(schema: &str) -> Result<BTreeMap<String, TrackedTable>> {
    let mut tables = BTreeMap::new();
    for text in split_statements(schema, Modes::default()) {
        let arena = Arena::new();
        if text.trim().is_empty() {
            continue;
        }
        let statement = vt_sql::parse(&arena, text, Modes::default())?;
        if let Statement::CreateTable(create) = statement
            && let Some(columns) = vt_gate::vschema::definition::table(text)
        {
            tables.insert(create.name.name.as_str().to_owned(), columns);
        }
    }
    Ok(tables)
}

/// Reads a VSchema: an object with a member a keyspace.
fn spec(vschema: &str) -> Result<SrvVSchemaSpec> {
    let wrong = |what: String| Error::new(Code::InvalidArgument, format!("--vschema: {what}"));
    let parsed: Value = serde_json::from_str(vschema).map_err(|err| wrong(err.to_string()))?;
    let Value::Object(keyspaces) = parsed else {
        return Err(wrong("an object with a member for each keyspace is wanted".to_owned()));
    };
    let mut record = proto::SrvVSchema::default();
    for (name, keyspace) in keyspaces {
        let read = vt_proto::json::from_json("vschema.Keyspace", &keyspace.to_string());
        let keyspace = read.map_err(|err| wrong(format!("keyspace {name}: {err}")))?;
        record.keyspaces.insert(name, keyspace);
    }
    Ok(vt_rpc::vschema::spec_from_proto(&record))
}

fn shard_maps(
    vschema: &VSchema,
    count: u32,
    said: Option<&str>,
) -> Result<BTreeMap<String, Arc<ShardMap>>> {
    let said: Map<String, Value> = match said {
        Some(text) => serde_json::from_str(text)
            .map_err(|err| Error::new(Code::InvalidArgument, format!("--ks-shard-map: {err}")))?,
        None => Map::new(),
    };
    let usual = KeyRange::shard_names(count)?;
    let mut maps = BTreeMap::new();
    for (name, schema) in &vschema.keyspaces {
        let own: Vec<&str> = match said.get(&**name) {
            Some(Value::Object(shards)) => shards.keys().map(String::as_str).collect(),
            _ if schema.keyspace.sharded => usual.iter().map(String::as_str).collect(),
            _ => vec!["-"],
        };
        maps.insert(name.to_string(), Arc::new(ShardMap::from_names(name, &own)?));
    }
    Ok(maps)
}

fn first_select<'a>(query: &Query<'a>) -> Option<&'a Select<'a>> {
    let mut body = query.body;
    loop {
        body = match body {
            QueryBody::Select(select) => return Some(select),
            QueryBody::Set(set) => set.first,
            QueryBody::Query(query) => query.body,
            QueryBody::Values(_) | QueryBody::Table(_) => return None,
        };
    }
}

fn tables_of<'a>(from: &'a [TableRef<'a>]) -> Vec<&'a str> {
    let mut names = Vec::new();
    let mut open: Vec<TableRef<'a>> = from.iter().rev().copied().collect();
    while let Some(table) = open.pop() {
        match table {
            TableRef::Table(factor) => names.push(factor.name.name.as_str()),
            TableRef::Join(join) => open.extend([join.right, join.left]),
            TableRef::Paren(tables) => open.extend(tables.iter().rev().copied()),
            TableRef::Derived(_) | TableRef::JsonTable(_) => {}
        }
    }
    names
}

/// Whether a tablet caps the rows of a query.
fn is_capped(sql: &str) -> bool {
    let arena = Arena::new();
    match vt_sql::parse(&arena, sql, Modes::default()) {
        Ok(Statement::Query(query)) => query.limit.is_none() && query.locks.is_empty(),
        _ => false,
    }
}

fn binds_json(binds: &BindVars) -> Value {
    let text = |value: &TypedBytes| String::from_utf8_lossy(&value.bytes).into_owned();
    let one = |value: &BoundValue| match value {
        BoundValue::One(value) => json!(text(value)),
        BoundValue::Tuple(values) => json!(values.iter().map(text).collect::<Vec<_>>()),
    };
    Value::Object(binds.iter().map(|(name, value)| (name.to_string(), one(value))).collect())
}
