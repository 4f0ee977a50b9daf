//! Statements from text to shards, over tablets that write down what they are asked.

use std::sync::Arc;

use vt_proto::vschema;
use vt_value::QueryResult;

use super::*;
use crate::testing::{FakeCluster, Running, gate_of};
use vt_base::Error;

/// Keyspace `c` in two shards with `customer(customer_id: hash)`, keyspace `m` in one.
struct Fixture {
    running: Running,
    gate: Arc<Gate>,
    session: Session,
}

fn vschema_record() -> vschema::SrvVSchema {
    let hash = vschema::Vindex { r#type: "hash".into(), ..vschema::Vindex::default() };
    let by_id = vschema::ColumnVindex {
        column: "customer_id".into(),
        name: "hash".into(),
        ..vschema::ColumnVindex::default()
    };
    let customer = vschema::Table { column_vindexes: vec![by_id], ..vschema::Table::default() };
    let sharded = vschema::Keyspace {
        sharded: true,
        vindexes: [("hash".to_owned(), hash)].into(),
        tables: [("customer".to_owned(), customer)].into(),
        ..vschema::Keyspace::default()
    };
    let product = ("product".to_owned(), vschema::Table::default());
    let whole = vschema::Keyspace { tables: [product].into(), ..vschema::Keyspace::default() };
    vschema::SrvVSchema {
        keyspaces: [("c".to_owned(), sharded), ("m".to_owned(), whole)].into(),
        ..vschema::SrvVSchema::default()
    }
}

async fn fixture(target: &str) -> Fixture {
    let running =
        FakeCluster::default().keyspace("c", &["-80", "80-"]).keyspace("m", &["-"]).start().await;
    let gate = gate_of(&running).await;
    gate.vschemas.set_record(Arc::new(vschema_record()));
    let session = running.session(target);
    Fixture { running, gate, session }
}

impl Fixture {
    async fn run(&mut self, sql: &str) -> Result<QueryResult> {
        run_query(&self.gate, &mut self.session, Query::new(sql), &mut Collected).await
    }

    async fn ok(&mut self, sql: &str) -> QueryResult {
        self.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Returns the first column of the result.
    async fn column(&mut self, sql: &str) -> Vec<String> {
        let result = self.ok(sql).await;
        let text = |row: vt_value::Row<'_>| {
            String::from_utf8(row.column(0).unwrap_or(b"NULL").to_vec()).unwrap()
        };
        result.rows.iter().map(text).collect()
    }

    fn log(&self, uid: u32) -> Vec<String> {
        self.running.tablet(uid).take_log()
    }

    fn last_binds(&self, uid: u32) -> Vec<String> {
        let requests = self.running.tablet(uid).requests.lock();
        let binds = requests.last().unwrap().bind_vars.clone();
        binds.iter().map(|(name, value)| format!("{name}={value:?}")).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn one_plan_serves_all_values() {
    let mut fixture = fixture("c").await;
    fixture.ok("select email from customer where customer_id = 1").await;
    assert_eq!(fixture.log(1).len(), 1);
    fixture.ok("SELECT email FROM customer  WHERE customer_id = 4").await;
    assert!(fixture.log(1).is_empty(), "customer 4 is not in -80");
    assert_eq!(fixture.log(2).len(), 1);
    assert!(fixture.last_binds(2).iter().any(|one| one.contains('4')));
    assert_eq!((fixture.gate.plans.misses(), fixture.gate.plans.hits()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_literal_that_names_a_column_has_a_plan_of_its_own() {
    let mut fixture = fixture("m").await;
    fixture.ok("select 5 from product").await;
    fixture.ok("select 6 from product").await;
    fixture.ok("select 5 from product").await;
    let log = fixture.log(3);
    assert!(log[0].contains('5') && log[1].contains('6'), "{log:?}");
    assert_eq!(log[0], log[2]);
}

#[tokio::test(start_paused = true)]
async fn use_aims_the_session() {
    let mut fixture = fixture("").await;
    let error = fixture.run("use nowhere").await.unwrap_err();
    assert_eq!(
        (error.errno(), error.message()),
        (1049, "VT05003: unknown database 'nowhere' in vschema")
    );
    fixture.ok("use `c:80-`").await;
    assert_eq!(fixture.column("show vitess_target").await, ["c:80-"]);
    fixture.ok("select email from customer").await;
    assert!(fixture.log(1).is_empty());
    assert_eq!(fixture.log(2).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_spans_shards_and_rolls_back() {
    let mut fixture = fixture("c").await;
    fixture.ok("begin").await;
    fixture.ok("update customer set email = 'a' where customer_id = 1").await;
    fixture.ok("update customer set email = 'b' where customer_id = 4").await;
    fixture.ok("rollback").await;
    for uid in [1, 2] {
        let log = fixture.log(uid);
        assert!(log[0].starts_with("begin; update"), "{log:?}");
        assert_eq!(log[1], "rollback 2");
    }
    fixture.ok("update customer set email = 'a' where customer_id = 1").await;
    assert_eq!(fixture.session.row_count, 1);
    assert_eq!(fixture.running.tablet(1).open_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_autocommit_the_first_statement_opens_a_transaction() {
    let mut fixture = fixture("c").await;
    fixture.ok("set autocommit = 0").await;
    fixture.ok("select email from customer where customer_id = 1").await;
    assert!(fixture.session.is_in_transaction());
    fixture.ok("set autocommit = 1").await;
    assert!(!fixture.session.is_in_transaction());
    assert_eq!(fixture.log(1).last().unwrap(), "commit 2");
}

#[tokio::test(start_paused = true)]
async fn user_variables_are_kept_and_bound() {
    let mut fixture = fixture("c").await;
    fixture.ok("set @id = 4, @name = 'x'").await;
    fixture.ok("select email from customer where customer_id = @id").await;
    assert_eq!(fixture.log(2).len(), 1);
    let binds = fixture.last_binds(2);
    assert!(
        binds.iter().any(|one| one.starts_with("__vtudvid=") && one.contains('4')),
        "{binds:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn set_knows_its_variables() {
    let mut fixture = fixture("m").await;
    // Names that the gateway does not know are MySQL's to judge.
    let unknown = Error::mysql(1193, b"HY000", "Unknown system variable 'no_such'");
    fixture.running.tablet(3).fail_next(unknown);
    let error = fixture.run("set no_such = 1").await.unwrap_err();
    assert_eq!(error.errno(), 1193);
    assert_eq!(fixture.run("set insert_id = 5").await.unwrap_err().errno(), 1235);
    assert!(fixture.run("set global sql_mode = ''").await.is_err());
    assert_eq!(fixture.run("set autocommit = 7").await.unwrap_err().errno(), 1231);
    assert_eq!(fixture.run("set version = '1'").await.unwrap_err().errno(), 1238);
    fixture.ok("set sql_mode = 'ANSI_QUOTES', wait_timeout = 5, names utf8mb4").await;
    assert!(fixture.session.modes.ansi_quotes);
    fixture.ok("select \"sku\" from product").await;
    let settings = fixture.running.tablet(3).requests.lock().last().unwrap().settings.clone();
    assert_eq!(&*settings, ["set sql_mode = 'ANSI_QUOTES'"]);
    assert!(fixture.run("set transaction_mode = twopc").await.is_err());
    fixture.ok("set transaction_mode = single, workload = olap").await;
    fixture.ok("set session transaction isolation level serializable").await;
    fixture.ok("set names latin1").await;
    assert!(fixture.run("set names utf8mb4 collate latin1_bin").await.is_err());
    fixture.ok("set @@session.wait_timeout = default, completion_type = 'chain'").await;
    assert_eq!(fixture.session.charsets.client.name(), "latin1");
    assert!(fixture.run("set names klingon").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_mysql_refuses_is_not_kept() {
    let mut fixture = fixture("m").await;
    let refusal = Error::mysql(1231, b"42000", "Variable 'sql_mode' can't be set");
    fixture.running.tablet(3).fail_next(refusal);
    assert_eq!(fixture.run("set sql_mode = 'X'").await.unwrap_err().errno(), 1231);
    assert!(fixture.session.settings.is_empty());
}

#[tokio::test(start_paused = true)]
async fn named_statements_run_with_variables() {
    let mut fixture = fixture("c").await;
    fixture.ok("prepare s from 'select email from customer where customer_id = ?'").await;
    fixture.ok("set @a = 4").await;
    fixture.ok("execute s using @a").await;
    assert_eq!(fixture.log(2).len(), 1);
    assert_eq!(fixture.run("execute s").await.unwrap_err().errno(), 1210);
    fixture.ok("deallocate prepare s").await;
    assert_eq!(fixture.run("execute s using @a").await.unwrap_err().errno(), 1243);
}

#[tokio::test(start_paused = true)]
async fn show_knows_the_cluster() {
    let mut fixture = fixture("c").await;
    assert_eq!(fixture.column("show vitess_shards").await, ["c/-80", "c/80-", "m/-"]);
    assert_eq!(fixture.column("show vitess_shards like 'c/%'").await, ["c/-80", "c/80-"]);
    assert_eq!(fixture.column("show keyspaces").await, ["c", "m"]);
    assert_eq!(fixture.column("show databases like 'm%'").await, ["m", "mysql"]);
    let tablets = fixture.ok("show vitess_tablets where shard = '80-'").await;
    assert_eq!(tablets.rows.len(), 1);
    let names: Vec<_> = tablets.fields.iter().map(|field| field.name.to_string()).collect();
    assert_eq!(
        names.join(","),
        "Cell,Keyspace,Shard,TabletType,State,Alias,Hostname,PrimaryTermStartTime"
    );
    assert_eq!(fixture.column("show vschema tables").await, ["customer"]);
    let vindexes = fixture.ok("show vschema vindexes on c.customer").await;
    assert_eq!(vindexes.rows.get(0).column(2), Some(&b"hash"[..]));
    assert_eq!(fixture.column("show vschema keyspaces").await, ["c", "m"]);
    assert_eq!(fixture.column("show engines").await, ["InnoDB"]);
    fixture.ok("show tables from m").await;
    assert_eq!(fixture.log(3), ["show tables"]);
    fixture.ok("show create table m.product").await;
    assert_eq!(fixture.log(3), ["show create table product"]);
}

#[tokio::test(start_paused = true)]
async fn warnings_last_until_the_next_statement() {
    let mut fixture = fixture("m").await;
    fixture.run("slect 1").await.unwrap_err();
    let warnings = fixture.ok("show warnings").await;
    assert_eq!(warnings.rows.len(), 1);
    assert_eq!(warnings.rows.get(0).column(0), Some(&b"Error"[..]));
    assert_eq!(fixture.column("show count(*) errors").await, ["1"]);
    assert_eq!(fixture.column("show count(*) warnings").await, ["1"]);
    fixture.ok("select sku from product").await;
    assert_eq!(fixture.ok("show warnings").await.rows.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn databases_are_keyspaces() {
    let mut fixture = fixture("").await;
    let error = fixture.run("create database c").await.unwrap_err();
    assert_eq!(
        (error.errno(), error.message()),
        (1007, "VT06001: cannot create database 'c'; database exists")
    );
    fixture.ok("create database if not exists c").await;
    let error = fixture.run("create database new").await.unwrap_err();
    assert!(error.message().contains("vitrum up --keyspace new"), "{error}");
    assert_eq!(fixture.run("drop database none").await.unwrap_err().errno(), 1008);
    fixture.ok("drop database if exists none").await;
    assert!(fixture.run("drop database c").await.unwrap_err().message().contains("DeleteKeyspace"));
}

#[tokio::test(start_paused = true)]
async fn vexplain_tells_what_is_sent() {
    let mut fixture = fixture("c").await;
    let plan =
        fixture.column("vexplain plan select email from customer where customer_id = 4").await;
    assert!(plan[0].contains("\"EqualUnique\""), "{}", plan[0]);
    assert!(fixture.log(2).is_empty());
    let sql = "vexplain queries select email from customer where customer_id = 4";
    let queries = fixture.ok(sql).await;
    let row = queries.rows.get(0);
    assert_eq!(row.column(2), Some(&b"80-"[..]));
    let text = String::from_utf8_lossy(row.column(3).unwrap()).into_owned();
    assert!(text.contains("customer_id = 4"), "{text}");
    let refused = fixture.run("vexplain queries delete from customer where customer_id = 4").await;
    assert!(refused.unwrap_err().message().starts_with("VT09008"));
}

#[tokio::test(start_paused = true)]
async fn kill_needs_leave() {
    let mut fixture = fixture("c").await;
    assert_eq!(fixture.run("kill 5").await.unwrap_err().errno(), 1095);
}

#[tokio::test(start_paused = true)]
async fn a_syntax_error_is_mysqls() {
    let mut fixture = fixture("c").await;
    assert_eq!(fixture.run("selec 1").await.unwrap_err().errno(), 1064);
    assert_eq!(fixture.run("  ").await.unwrap_err().errno(), 1065);
    assert_eq!(fixture.run("select * from customer where").await.unwrap_err().errno(), 1064);
}

#[tokio::test(start_paused = true)]
async fn a_row_goes_into_variables() {
    let mut fixture = fixture("m").await;
    fixture.ok("select sku into @x from product limit 1").await;
    assert_eq!(&fixture.session.user_variables["x"].bytes[..], b"-");
}

#[tokio::test(start_paused = true)]
async fn writes_need_a_primary() {
    let mut fixture = fixture("c@replica").await;
    let error = fixture.run("delete from customer where customer_id = 1").await.unwrap_err();
    assert!(error.message().starts_with("VT09002"), "{error}");
}

/// Returns the rows of the tables of a page: statement and error.
fn refused(page: &str) -> Vec<(String, String)> {
    let row = |line: &str| {
        let rest = line.strip_prefix("| `")?;
        let (statement, rest) = rest.split_once("` | ")?;
        let (error, _) = rest.split_once(" | ")?;
        Some((statement.to_owned(), error.to_owned()))
    };
    page.lines().filter_map(row).collect()
}

#[tokio::test(start_paused = true)]
async fn the_page_of_what_is_refused_is_true() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/unsupported.md");
    let page = std::fs::read_to_string(path).unwrap();
    let rows = refused(&page);
    assert!(rows.len() > 30, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for (statements, error) in rows {
        let mut fixture = fixture("c").await;
        let (before, last) = statements.rsplit_once("; ").unwrap_or(("", &statements));
        for statement in before.split("; ").filter(|one| !one.is_empty()) {
            fixture.ok(statement).await;
        }
        match fixture.run(last).await {
            Err(seen) if seen.message().contains(&error) => {}
            Err(seen) => wrong.push(format!("{last}: {seen}, not {error}")),
            Ok(_) => wrong.push(format!("{last}: is not refused")),
        }
    }
    assert!(wrong.is_empty(), "docs/unsupported.md is wrong:\n{}", wrong.join("\n"));
}
