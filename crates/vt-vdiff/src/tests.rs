//! A whole VDiff on a pretended tablet: what is asked of it in which order, and what is kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::{BinlogSource, Filter, Rule, VStreamRowsResponse};
use vt_proto::query;
use vt_proto::tabletmanagerdata::{VDiffCoreOptions, VDiffOptions};
use vt_service::stats::Stats;
use vt_value::rows::RowsBuilder;
use vt_value::{Field, QueryResult, Type};
use vt_vreplication::Wish;
use vt_vreplication::spec::write_source;
use vt_vstream::SourceTable;

use crate::options::Options;
use crate::order::tests::column;
use crate::run::Run;
use crate::store::{Record, Store, state};
use crate::stream_row::Streams;
use crate::{Host, RowStream, Side};

type Rows = Vec<(i64, &'static str)>;

/// A tablet whose MySQL answers only what the test says.
#[derive(Default)]
struct FakeHost {
    /// Rows by shard.
    rows: BTreeMap<String, Rows>,
    /// Statements and calls, in order.
    log: Mutex<Vec<String>>,
    /// Message and stop position of each stream, by id.
    streams: Mutex<BTreeMap<i64, (String, String)>>,
    state: Mutex<String>,
    kept: Mutex<Vec<String>>,
    added: Mutex<bool>,
    /// Picks fail so many times.
    failing: Mutex<usize>,
}

struct FakeSide {
    shard: String,
    rows: Rows,
    after: Arc<Mutex<Vec<String>>>,
}

fn result(names: &[&str], rows: Vec<Vec<Option<String>>>) -> QueryResult {
    let mut builder = RowsBuilder::default();
    for row in rows {
        builder.push(row);
    }
    let fields: Vec<Field> = names.iter().map(|name| Field::new(name, Type::VARCHAR)).collect();
    QueryResult { fields: fields.into(), rows: builder.finish(), ..QueryResult::default() }
}

impl FakeHost {
    fn source(shard: &str) -> String {
        let rule = Rule { r#match: "/.*".to_owned(), ..Rule::default() };
        let filter = Filter { rules: vec![rule], ..Filter::default() };
        let source = BinlogSource {
            keyspace: "from".to_owned(),
            shard: shard.to_owned(),
            filter: Some(filter),
            ..BinlogSource::default()
        };
        write_source(&source).unwrap()
    }
}

#[async_trait]
impl Host for FakeHost {
    fn sidecar(&self) -> String {
        "_vt".to_owned()
    }

    async fn query(&self, sql: &str) -> Result<QueryResult> {
        if sql.starts_with("select id, source") {
            let text = |text: &str| Some(text.to_owned());
            let row = |(id, (message, stop)): (&i64, &(String, String))| {
                let shard = if *id == 1 { "-80" } else { "80-" };
                vec![
                    Some(id.to_string()),
                    Some(FakeHost::source(shard)),
                    text("MySQL56/00000000-0000-0000-0000-000000000001:1-5"),
                    text(stop),
                    text(&self.state.lock()),
                    text(message),
                    text("{}"),
                ]
            };
            let rows = self.streams.lock().iter().map(row).collect();
            return Ok(result(&["id"; 7], rows));
        }
        if sql.starts_with("select table_name, state, lastpk, report") {
            let added = *self.added.lock();
            let row = vec![Some("t".to_owned()), Some("pending".to_owned()), None, None];
            return Ok(result(&["a"; 4], if added { vec![row] } else { Vec::new() }));
        }
        if sql.starts_with("insert into `_vt`.vdiff_table") {
            *self.added.lock() = true;
        }
        if sql.starts_with("update `_vt`.vdiff") {
            self.kept.lock().push(sql.to_owned());
        }
        Ok(QueryResult::default())
    }

    async fn apply(&self, sql: &str) -> Result<()> {
        let set = sql.split(" set ").nth(1).unwrap_or_default();
        let (set, condition) = set.split_once(" where ").unwrap();
        let condition = condition.rsplit(" and ").next().unwrap();
        self.log.lock().push(format!("{condition}: {set}"));
        let value = |name: &str| {
            let rest = set.split(&format!("{name} = '")).nth(1)?;
            Some(rest.split('\'').next()?.to_owned())
        };
        for (id, (message, stop)) in self.streams.lock().iter_mut() {
            let concerned = condition == "true"
                || condition == format!("id = {id}")
                || (condition.starts_with("id in") && condition.contains(&id.to_string()));
            if concerned {
                *message = value("message").unwrap_or_default();
                *stop = value("stop_pos").unwrap_or_else(|| stop.clone());
            }
        }
        Ok(())
    }

    async fn wait_for_stream(&self, stream: i64, position: &str) -> Result<()> {
        self.log.lock().push(format!("wait for stream {stream} at {position}"));
        Ok(())
    }

    async fn position(&self) -> Result<String> {
        Ok("own".to_owned())
    }

    async fn table(&self, name: &str) -> Result<SourceTable> {
        let columns =
            vec![column("id", Type::INT64, ""), column("v", Type::VARCHAR, "utf8mb4_bin")];
        Ok(SourceTable { name: name.to_owned(), columns, key: vec![0] })
    }

    async fn tables(&self) -> Result<Vec<String>> {
        Ok(vec!["_vt_hld_x".to_owned(), "t".to_owned()])
    }

    async fn tenant_column(&self) -> Result<Option<String>> {
        Ok(None)
    }

    async fn pick(&self, wish: &Wish) -> Result<Arc<dyn Side>> {
        let mut failing = self.failing.lock();
        if *failing > 0 {
            *failing -= 1;
            return Err(Error::new(Code::Unavailable, "no tablet"));
        }
        let shard = format!("{}/{}", wish.keyspace, wish.shard);
        self.log.lock().push(format!("read {shard}"));
        let rows = self.rows.get(&shard).cloned().unwrap_or_default();
        Ok(Arc::new(FakeSide { shard, rows, after: Arc::default() }))
    }
}

#[async_trait]
impl Side for FakeSide {
    fn alias(&self) -> String {
        self.shard.clone()
    }

    async fn wait_for_position(&self, _: &str, _: Duration) -> Result<()> {
        Ok(())
    }

    async fn rows(&self, query: &str, _: Option<query::QueryResult>) -> Result<RowStream> {
        self.after.lock().push(query.to_owned());
        let field = |name: &str, typ: Type| query::Field {
            name: name.to_owned(),
            r#type: typ.0,
            ..query::Field::default()
        };
        let first = VStreamRowsResponse {
            fields: vec![field("id", Type::INT64), field("v", Type::VARCHAR)],
            pkfields: vec![field("id", Type::INT64)],
            gtid: format!("at {}", self.shard),
            ..VStreamRowsResponse::default()
        };
        let row = |(id, value): &(i64, &str)| {
            let id = id.to_string();
            let lengths = vec![id.len() as i64, value.len() as i64];
            query::Row { lengths, values: Bytes::from(format!("{id}{value}")) }
        };
        // One row a message, so that every message ends somewhere.
        let parts: Vec<Result<VStreamRowsResponse>> = std::iter::once(first)
            .chain(self.rows.iter().map(|one| VStreamRowsResponse {
                rows: vec![row(one)],
                ..VStreamRowsResponse::default()
            }))
            .map(Ok)
            .collect();
        Ok(futures::stream::iter(parts).boxed())
    }
}

fn host(first: &Rows, second: &Rows, target: &Rows) -> FakeHost {
    let rows = [("from/-80", first), ("from/80-", second), ("to/0", target)];
    let host = FakeHost {
        rows: rows.into_iter().map(|(shard, rows)| (shard.to_owned(), rows.clone())).collect(),
        ..FakeHost::default()
    };
    host.streams.lock().extend([1, 2].map(|id| (id, (String::new(), String::new()))));
    *host.state.lock() = "Running".to_owned();
    host
}

async fn run(host: FakeHost, core: VDiffCoreOptions) -> Arc<FakeHost> {
    let host = Arc::new(host);
    let options = VDiffOptions { core_options: Some(core), ..VDiffOptions::default() };
    let record = Record {
        id: 7,
        uuid: "u".to_owned(),
        keyspace: "to".to_owned(),
        workflow: "w".to_owned(),
        state: state::PENDING.to_owned(),
        options: Options::read(options).unwrap(),
    };
    let stats = Stats::new("test");
    let shared: Arc<dyn Host> = host.clone();
    let run = Run {
        store: Store::new(shared.clone()),
        streams: Streams::new(shared.clone(), "vt_to", "w"),
        host: shared,
        record,
        place: ("to".to_owned(), "0".to_owned()),
        turn: Arc::default(),
        rows_compared: stats.counter("a", "a"),
        restarts: stats.counter("b", "b"),
        errors: stats.counter("c", "c"),
    };
    run.run(&CancellationToken::new()).await;
    host
}

fn last_kept(host: &FakeHost, table: &str) -> String {
    let kept = host.kept.lock();
    let start = format!("update `_vt`.{table} ");
    kept.iter().rev().find(|sql| sql.starts_with(&start)).cloned().unwrap_or_default()
}

#[tokio::test]
async fn both_sides_are_read_at_one_moment_and_the_streams_go_on() {
    let host = run(
        host(
            &vec![(1, "a"), (4, "d")],
            &vec![(2, "b"), (3, "c")],
            &vec![(1, "a"), (2, "b"), (3, "c"), (4, "d")],
        ),
        VDiffCoreOptions::default(),
    )
    .await;
    let log = host.log.lock().clone();
    assert_eq!(
        log,
        [
            "true: state = 'Stopped', message = 'for vdiff'",
            "read from/-80",
            "read from/80-",
            "id = 1: state = 'Running', message = 'synchronizing for vdiff', \
             stop_pos = 'at from/-80'",
            "wait for stream 1 at at from/-80",
            "id = 2: state = 'Running', message = 'synchronizing for vdiff', \
             stop_pos = 'at from/80-'",
            "wait for stream 2 at at from/80-",
            "read to/0",
            "id in (1, 2): state = 'Running', message = '', stop_pos = ''",
        ]
    );
    let table = last_kept(&host, "vdiff_table");
    assert!(table.contains("state = 'completed', rows_compared = 4, mismatch = 0"), "{table}");
    assert!(table.contains("\"MatchingRows\":4"), "{table}");
    assert!(table.contains("lastpk = 'target"), "{table}");
    assert!(last_kept(&host, "vdiff").contains("state = 'completed'"));
}

#[tokio::test]
async fn what_differs_is_kept() {
    let host = run(
        host(&vec![(1, "a")], &vec![(2, "b"), (5, "e")], &vec![(1, "x"), (2, "b"), (3, "c")]),
        VDiffCoreOptions::default(),
    )
    .await;
    let table = last_kept(&host, "vdiff_table");
    assert!(table.contains("state = 'completed', rows_compared = 4, mismatch = 1"), "{table}");
    for count in ["\"MismatchedRows\":1", "\"ExtraRowsSource\":1", "\"ExtraRowsTarget\":1"] {
        assert!(table.contains(count), "{table}");
    }
}

#[tokio::test]
async fn no_more_rows_are_compared_than_were_asked_for() {
    let rows = vec![(1, "a"), (2, "b"), (3, "c")];
    let core = VDiffCoreOptions { max_rows: 2, ..VDiffCoreOptions::default() };
    let host = run(host(&rows, &Vec::new(), &rows), core).await;
    let table = last_kept(&host, "vdiff_table");
    assert!(table.contains("rows_compared = 2, mismatch = 0"), "{table}");
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_and_leaves_no_stream_stopped() {
    let rows = vec![(1, "a")];
    let pretended = host(&rows, &Vec::new(), &rows);
    *pretended.failing.lock() = 1;
    let core = VDiffCoreOptions { auto_retry: true, ..VDiffCoreOptions::default() };
    let host = run(pretended, core).await;
    let released = host.log.lock().iter().filter(|one| one.starts_with("id in (1, 2)")).count();
    assert_eq!(released, 2);
    assert!(last_kept(&host, "vdiff").contains("state = 'completed'"));
    // The failure was told while it lasted.
    let told = host
        .kept
        .lock()
        .iter()
        .any(|sql| sql.contains("last_error = ") && sql.contains("no tablet"));
    assert!(told);
}

#[tokio::test]
async fn a_workflow_that_does_not_run_is_an_error_with_its_reason() {
    let pretended = host(&Vec::new(), &Vec::new(), &Vec::new());
    *pretended.state.lock() = "Copying".to_owned();
    let host = run(pretended, VDiffCoreOptions::default()).await;
    let kept = last_kept(&host, "vdiff");
    assert!(kept.contains("state = 'error'") && kept.contains("its state is Copying"), "{kept}");
    assert!(host.log.lock().is_empty(), "no stream was touched");
}

#[tokio::test]
async fn tables_that_are_not_in_the_workflow_are_named() {
    let core = VDiffCoreOptions { tables: "t,other".to_owned(), ..VDiffCoreOptions::default() };
    let host = run(host(&Vec::new(), &Vec::new(), &Vec::new()), core).await;
    let kept = last_kept(&host, "vdiff");
    assert!(kept.contains("workflow w has no table other"), "{kept}");
}
