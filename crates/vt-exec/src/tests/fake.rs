//! Shards for tests: a closure answers each call, and what was asked is written down.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::mpsc;
use vt_base::Error;
use vt_eval::Expr;
use vt_plan::{Node, Plan, Route, Routing, SortKey, StatementType};
use vt_value::{
    BindVars, BoundValue, Field, Fields, QueryResult, Rows, RowsBuilder, StreamPart, Type,
    TypedBytes,
};
use vt_vschema::spec::VindexSpec;
use vt_vschema::{ShardMap, Vindex};

use crate::{CallOptions, ExecContext, Limits, ShardCall, ShardQueries};

type Answer = dyn Fn(&ShardCall) -> Result<QueryResult, Error> + Send + Sync;

pub(crate) struct Fake {
    answer: Box<Answer>,
    pub(crate) binds: Arc<BindVars>,
    pub(crate) session: vt_eval::Session,
    pub(crate) limits: Limits,
    log: Mutex<Vec<String>>,
    pub(crate) last_insert_id: Mutex<Option<u64>>,
    /// How many rows a piece of a stream has.
    pub(crate) part_rows: usize,
}

impl Fake {
    pub(crate) fn new(
        answer: impl Fn(&ShardCall) -> Result<QueryResult, Error> + Send + Sync + 'static,
    ) -> Fake {
        Fake {
            answer: Box::new(answer),
            binds: Arc::default(),
            session: vt_eval::Session::default(),
            limits: Limits::default(),
            log: Mutex::default(),
            last_insert_id: Mutex::default(),
            part_rows: 3,
        }
    }

    pub(crate) fn with_binds(mut self, binds: &[(&str, BoundValue)]) -> Fake {
        let mut all = BindVars::new();
        binds.iter().for_each(|(name, value)| all.set(*name, value.clone()));
        self.binds = Arc::new(all);
        self
    }

    pub(crate) fn ctx(&self) -> ExecContext<'_> {
        ExecContext {
            shards: self,
            binds: &self.binds,
            session: &self.session,
            limits: self.limits,
            exclusive: false,
            kept: None,
            cascading: None,
            any_shard: 0,
            observer: None,
        }
    }

    /// Returns what was asked, a call a line: `ks/-80 ro if-single: sql {name=value}`.
    pub(crate) fn trace(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    fn note(&self, call: &ShardCall, how: CallOptions) {
        let binds: Vec<String> =
            call.bind_vars.iter().map(|(name, value)| format!("{name}={}", show(value))).collect();
        let mut line = format!("{}/{}", call.keyspace, call.shard);
        if how.read_only {
            line.push_str(" ro");
        } else {
            line.push_str(&format!(" {:?}", how.autocommit));
        }
        if how.outside_transaction {
            line.push_str(" outside");
        }
        if how.order != crate::CommitOrder::Normal {
            line.push_str(&format!(" {:?}", how.order));
        }
        line.push_str(&format!(": {}", call.sql));
        if !binds.is_empty() {
            line.push_str(&format!(" {{{}}}", binds.join(", ")));
        }
        self.log.lock().unwrap().push(line);
    }
}

fn show(value: &BoundValue) -> String {
    let one = |value: &TypedBytes| match value.is_null() {
        true => "null".to_owned(),
        false => String::from_utf8_lossy(&value.bytes).into_owned(),
    };
    match value {
        BoundValue::One(value) => one(value),
        BoundValue::Tuple(values) => {
            format!("({})", values.iter().map(one).collect::<Vec<_>>().join(" "))
        }
    }
}

#[async_trait]
impl ShardQueries for Fake {
    fn shards(&self, keyspace: &str) -> Result<Arc<ShardMap>, Error> {
        let names: &[&str] = if keyspace == "main" { &["0"] } else { &["-80", "80-"] };
        Ok(Arc::new(ShardMap::from_names(keyspace, names)?))
    }

    async fn execute(
        &self,
        calls: Vec<ShardCall>,
        how: CallOptions,
    ) -> Vec<Result<QueryResult, Error>> {
        calls.iter().for_each(|call| self.note(call, how));
        calls.iter().map(|call| (self.answer)(call)).collect()
    }

    async fn stream(
        &self,
        calls: Vec<ShardCall>,
        how: CallOptions,
        out: Vec<mpsc::Sender<StreamPart>>,
    ) -> Vec<Result<QueryResult, Error>> {
        calls.iter().for_each(|call| self.note(call, how));
        let sending = calls.iter().zip(out).map(|(call, out)| async move {
            let mut result = (self.answer)(call)?;
            let rows = std::mem::take(&mut result.rows);
            let head = StreamPart { fields: Some(result.fields.clone()), ..StreamPart::default() };
            let mut parts = vec![head];
            for start in (0..rows.len()).step_by(self.part_rows) {
                let rows = rows.slice(start..rows.len().min(start + self.part_rows));
                parts.push(StreamPart { fields: None, rows });
            }
            for (sent, part) in parts.into_iter().enumerate() {
                if out.send(part).await.is_err() {
                    let shard = &call.shard;
                    self.log.lock().unwrap().push(format!("{shard} stopped after {sent} parts"));
                    break;
                }
            }
            Ok(result)
        });
        futures::future::join_all(sending).await
    }

    fn warn(&self, code: u16, message: String) {
        self.log.lock().unwrap().push(format!("warning {code}: {message}"));
    }

    fn set_found_rows(&self, rows: u64) {
        self.log.lock().unwrap().push(format!("found {rows} rows"));
    }

    fn set_last_insert_id(&self, id: u64) {
        *self.last_insert_id.lock().unwrap() = Some(id);
    }
}

pub(crate) fn plan(root: Node) -> Plan {
    Plan {
        root,
        statement: StatementType::Select,
        tables: Vec::new(),
        original: "".into(),
        needs: Vec::new(),
        assigns: Vec::new(),
    }
}

/// A route of keyspace `ks` that reads.
pub(crate) fn route(routing: Routing, sql: &str) -> Route {
    Route { field_sql: format!("{sql} limit 0").into(), ..Route::new("ks".into(), routing, sql) }
}

pub(crate) fn scatter(sql: &str) -> Box<Node> {
    Box::new(Node::Route(Box::new(route(Routing::Scatter, sql))))
}

/// Numbers lie at themselves: -80 has those below 2^63.
pub(crate) fn numeric() -> Arc<Vindex> {
    let spec = VindexSpec { typ: "numeric".into(), ..VindexSpec::default() };
    Arc::new(Vindex::new("numeric", &spec).expect("the vindex is known"))
}

pub(crate) fn fields(columns: &[(&str, Type)]) -> Fields {
    let decimals = |typ| match typ {
        Type::DECIMAL => 2,
        Type::FLOAT64 => 31,
        _ => 0,
    };
    let column =
        |(name, typ): &(&str, Type)| Field { decimals: decimals(*typ), ..Field::new(name, *typ) };
    columns.iter().map(column).collect()
}

/// Rows written as words; `-` is NULL.
pub(crate) fn rows(lines: &[&str]) -> Rows {
    let mut builder = RowsBuilder::default();
    for line in lines {
        builder.push(line.split(' ').map(|word| (word != "-").then_some(word)));
    }
    builder.finish()
}

pub(crate) fn result(columns: &[(&str, Type)], lines: &[&str]) -> QueryResult {
    QueryResult::with_rows(fields(columns), rows(lines))
}

/// Shows rows as [`rows`] takes them.
pub(crate) fn lines(rows: &Rows) -> Vec<String> {
    let word = |cell: Option<&[u8]>| {
        cell.map_or("-".to_owned(), |cell| String::from_utf8_lossy(cell).into_owned())
    };
    rows.iter().map(|row| row.columns().map(word).collect::<Vec<_>>().join(" ")).collect()
}

pub(crate) fn key(column: usize) -> SortKey {
    SortKey { column, weight_column: None, descending: false, typ: None, collation: None }
}

pub(crate) fn int(number: i64) -> Expr {
    Expr::Literal(TypedBytes::int64(number))
}
