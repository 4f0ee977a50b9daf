//! Streams from one keyspace into the shards of another, while clients write and processes die:
//! nothing is lost and nothing comes twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use tokio::runtime::Runtime;
use tonic::transport::Channel;
use vt_proto::binlogdata::{BinlogSource, Filter, Rule, VReplicationWorkflowState as State};
use vt_proto::tabletmanagerdata::*;
use vt_rpc::tabletmanagerservice::tablet_manager_client::TabletManagerClient;
use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, within};

pub(crate) fn cases() -> Vec<Case> {
    vec![("a table is copied and followed while processes die", copied_and_followed)]
}

const LIMIT: Duration = Duration::from_secs(120);
/// The tablets of the target's shards, with their key ranges.
const TARGETS: [(u16, &str); 2] = [(200, "-80"), (300, "80-")];
const SOURCE_TABLET: u16 = 100;

/// Tables whose keys are of several kinds, and columns of many types.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "account",
        "create table account (id bigint primary key, name varchar(60), amount int not null, \
         note text, key by_name (name), key by_amount (amount, name))",
        "id",
    ),
    (
        "event",
        "create table event (kind enum('zeta', 'alpha', 'mid') not null, \
         code varchar(20) character set latin1 not null, id bigint not null, doc json, \
         bits bit(9), at datetime(3), price decimal(12,3), ratio double, raw varbinary(20), \
         upper_code varchar(20) generated always as (upper(code)) virtual, \
         primary key (kind, code, id))",
        "id",
    ),
];
const ROWS: u64 = 30_000;

/// Calls to the managers of the target's tablets.
struct Managers {
    runtime: Runtime,
    clients: Vec<TabletManagerClient<Channel>>,
}

impl Managers {
    fn new(cluster: &LocalCluster) -> Result<Managers, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|err| err.to_string())?;
        let inside = runtime.enter();
        let client = |(uid, _): &(u16, &str)| {
            let port = cluster.port(15000) + 1000 + uid;
            let channel = Channel::from_shared(format!("http://127.0.0.1:{port}"));
            Ok(TabletManagerClient::new(channel.map_err(|err| err.to_string())?.connect_lazy()))
        };
        let clients = TARGETS.iter().map(client).collect::<Result<_, String>>()?;
        drop(inside);
        Ok(Managers { runtime, clients })
    }

    fn create(&self, workflow: &str) -> Outcome {
        for (client, (_, shard)) in self.clients.iter().zip(TARGETS) {
            let rules = TABLES.iter().map(|(table, _, column)| Rule {
                r#match: (*table).to_owned(),
                filter: format!(
                    "select * from {table} where in_keyrange({column}, 'dst.hash', '{shard}')"
                ),
                ..Rule::default()
            });
            let source = BinlogSource {
                keyspace: "src".to_owned(),
                shard: "-".to_owned(),
                filter: Some(Filter { rules: rules.collect(), ..Filter::default() }),
                ..BinlogSource::default()
            };
            let request = CreateVReplicationWorkflowRequest {
                workflow: workflow.to_owned(),
                binlog_source: vec![source],
                workflow_type: 1,
                defer_secondary_keys: true,
                auto_start: true,
                options: r#"{"config":{"vreplication-retry-delay":"500ms"}}"#.to_owned(),
                ..Default::default()
            };
            let made = self.runtime.block_on(client.clone().create_v_replication_workflow(request));
            let made = made.map_err(|status| status.to_string())?.into_inner();
            equal("streams made", made.result.map(|one| one.rows_affected), Some(1))?;
        }
        Ok(())
    }

    fn read(&self, workflow: &str) -> Result<Vec<ReadVReplicationWorkflowResponse>, String> {
        let read = |client: &TabletManagerClient<Channel>| {
            let request = ReadVReplicationWorkflowRequest { workflow: workflow.to_owned() };
            let answer = self.runtime.block_on(client.clone().read_v_replication_workflow(request));
            answer.map(tonic::Response::into_inner).map_err(|status| status.to_string())
        };
        self.clients.iter().map(read).collect()
    }

    /// Waits until all streams of a workflow fulfil a condition.
    fn until(
        &self,
        workflow: &str,
        what: &str,
        holds: impl Fn(&read_v_replication_workflow_response::Stream) -> bool,
    ) -> Outcome {
        within(LIMIT, || {
            let read = self.read(workflow)?;
            let streams = || read.iter().flat_map(|one| &one.streams);
            match streams().count() == TARGETS.len() && streams().all(&holds) {
                true => Ok(()),
                false => Err(format!("{what}: {read:?}")),
            }
        })
    }

    fn wait_for(&self, workflow: &str, position: &str) -> Outcome {
        let read = self.read(workflow)?;
        for (client, read) in self.clients.iter().zip(&read) {
            for stream in &read.streams {
                let mut request = tonic::Request::new(VReplicationWaitForPosRequest {
                    id: stream.id,
                    position: position.to_owned(),
                });
                request.set_timeout(LIMIT);
                let waited =
                    self.runtime.block_on(client.clone().v_replication_wait_for_pos(request));
                waited.map_err(|status| format!("{status}: {:?}", self.read(workflow)))?;
            }
        }
        Ok(())
    }

    fn set_state(&self, workflow: &str, state: State) -> Outcome {
        for client in &self.clients {
            let request = UpdateVReplicationWorkflowRequest {
                workflow: workflow.to_owned(),
                cells: vec!["NULL".to_owned()],
                tablet_types: vec![-1],
                state: Some(state.into()),
                ..Default::default()
            };
            let set = self.runtime.block_on(client.clone().update_v_replication_workflow(request));
            set.map_err(|status| status.to_string())?;
        }
        Ok(())
    }

    fn delete(&self, workflow: &str) -> Outcome {
        for client in &self.clients {
            let request = DeleteVReplicationWorkflowRequest { workflow: workflow.to_owned() };
            let gone = self.runtime.block_on(client.clone().delete_v_replication_workflow(request));
            gone.map_err(|status| status.to_string())?;
        }
        Ok(())
    }
}

/// A client that writes to the source, in transactions of several statements.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64, String>>,
}

impl Writer {
    /// Writes past the tablet, which dies meanwhile.
    fn start(cluster: &LocalCluster) -> Writer {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, folder) = (stop.clone(), format!("vt_{SOURCE_TABLET:010}"));
        let socket = cluster.folder().join(folder).join("mysql.sock");
        Writer { stop, thread: std::thread::spawn(move || write_on(&socket, &told)) }
    }

    fn finish(self) -> Result<u64, String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the writer panicked")?
    }
}

fn write_on(socket: &std::path::Path, stop: &AtomicBool) -> Result<u64, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(async {
        let opts = mysql_async::OptsBuilder::default()
            .socket(Some(socket.display().to_string()))
            .user(Some("vt_dba"))
            .db_name(Some("vt_src"));
        let mut conn = mysql_async::Conn::new(opts).await.map_err(|err| err.to_string())?;
        let mut random = 12345u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (random >> 33) % below
        };
        let mut done = 0;
        while !stop.load(Ordering::Relaxed) {
            let (from, to, amount) = (next(ROWS) + 1, next(ROWS) + 1, next(10));
            let (fresh, gone) = (ROWS + 1 + done, next(ROWS + done) + 1);
            let statements = [
                "begin".to_owned(),
                format!("update account set amount = amount - {amount} where id = {from}"),
                format!("update account set amount = amount + {amount} where id = {to}"),
                format!(
                    "insert into event (kind, code, id, doc, bits, at, price, ratio, raw) values \
                     ({}, concat('é', {}), {fresh}, json_object('n', {fresh}), {}, \
                     '2026-01-31 10:00:00.125', {fresh} / 7, {fresh} / 3, x'00ff5c27')",
                    next(3) + 1,
                    next(1000),
                    next(512)
                ),
                format!(
                    "update event set id = id + 10000000, code = concat(code, 'x') \
                     where id = {gone}"
                ),
                format!("delete from event where id = {}", next(ROWS + done)),
                format!(
                    "insert ignore into account values \
                     ({fresh}, 'neu', 0, repeat('a\\'\\\\', 9))"
                ),
                "commit".to_owned(),
            ];
            for sql in statements {
                conn.query_drop(&sql).await.map_err(|err| format!("{sql}: {err}"))?;
            }
            done += 1;
        }
        Ok(done)
    })
}

fn copied_and_followed(_: &LocalCluster) -> Outcome {
    let cluster =
        LocalCluster::up(&["--keyspace", "src:1", "--keyspace", "dst:2", "--replicas", "0"])?;
    scenes(&cluster).map_err(|err| format!("{err}\n{}", cluster.logs()))
}

fn scenes(cluster: &LocalCluster) -> Outcome {
    let vschema = r#"{"sharded": true, "vindexes": {"hash": {"type": "hash"}}, "tables": {
        "account": {"column_vindexes": [{"column": "id", "name": "hash"}]},
        "event": {"column_vindexes": [{"column": "id", "name": "hash"}]}}}"#;
    cluster.client(&["ApplyVSchema", "--vschema", vschema, "dst"])?;
    for (_, ddl, _) in TABLES {
        for keyspace in ["src", "dst"] {
            cluster.client(&["ApplySchema", "--sql", ddl, keyspace])?;
        }
    }
    fill(cluster)?;
    let managers = Managers::new(cluster)?;
    let writer = Writer::start(cluster);
    let seen = die_on_the_way(cluster, &managers);
    let done = writer.finish()?;
    seen?;
    let at = position(cluster)?;
    managers.wait_for("move", &at)?;
    same_rows(cluster)?;
    crate::say(&format!("{done} transactions while it was copied and followed"));
    keys_are_there(cluster)?;
    for (uid, _) in TARGETS {
        let log = ask(cluster, uid, "select message from _vt.vreplication_log")?;
        contains("the log of the copy", &log, "table account is copied in 4 ranges")?;
    }
    managers.set_state("move", State::Stopped)?;
    managers.until("move", "stopped", |stream| stream.state() == State::Stopped)?;
    cluster.mysql("src", "update account set name = 'later' where id = 1")?;
    managers.set_state("move", State::Running)?;
    managers.wait_for("move", &position(cluster)?)?;
    same_rows(cluster)?;
    managers.delete("move")?;
    let left = ask(cluster, TARGETS[0].0, "select count(*) from _vt.vreplication")?;
    contains("streams that are left", &left, "0")
}

/// Rows enough that processes can die while they are copied.
fn fill(cluster: &LocalCluster) -> Outcome {
    let numbers = format!(
        "(with recursive s (n) as (select 1 union all select n + 1 from s where n < {ROWS}) \
         select n from s) x"
    );
    let deep = "insert /*+ SET_VAR(cte_max_recursion_depth = 1000000) */ into";
    let account = "account select n, concat('name ', n), 100, repeat(char(97 + n % 26), 200) from";
    let event = "event (kind, code, id, doc, bits, at, price, ratio, raw) \
                 select 1 + n % 3, concat(char(65 + n % 26), n % 977), n, json_object('n', n, 'a', \
                 json_array(1, 2.5, null)), n % 512, '2026-01-01', n / 7, n / 3, \
                 unhex(lpad(hex(n), 8, '0')) from";
    for rows in [account, event] {
        ask(cluster, SOURCE_TABLET, &format!("{deep} {rows} {numbers}"))?;
    }
    // A table that is known to be large is copied in ranges.
    ask(cluster, SOURCE_TABLET, "analyze table account").map(drop)
}

fn die_on_the_way(cluster: &LocalCluster, managers: &Managers) -> Outcome {
    managers.create("move")?;
    let copying = |what: &str| {
        within(LIMIT, || {
            let read = managers.read("move")?;
            let some = read.iter().flat_map(|one| &one.streams).any(|one| one.rows_copied > 0);
            if some { Ok(()) } else { Err(format!("{what}: nothing is copied: {read:?}")) }
        })
    };
    copying("at first")?;
    cluster.kill("vttablet-200")?;
    cluster.kill("mysqld-300")?;
    cluster.kill(&format!("vttablet-{SOURCE_TABLET}"))?;
    managers.until("move", "running", |stream| stream.state() == State::Running)?;
    for part in ["vttablet-300", "mysqld-200", "vttablet-200"] {
        cluster.kill(part)?;
        std::thread::sleep(Duration::from_secs(2));
    }
    managers.until("move", "running again", |stream| {
        stream.state() == State::Running && stream.time_heartbeat.is_some_and(|at| at.seconds > 0)
    })
}

fn position(cluster: &LocalCluster) -> Result<String, String> {
    let gtids = ask(cluster, SOURCE_TABLET, "select concat('<', @@global.gtid_executed, '>') g")?;
    let text = gtids.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    let (text, _) = text.ok_or_else(|| format!("no position in {gtids}"))?;
    Ok(format!("MySQL56/{}", text.replace("\\n", "")))
}

/// Returns how many rows there are of each table, and a sum over all that they hold.
fn sums(cluster: &LocalCluster, uid: u16, table: &str) -> Result<(u64, u64), String> {
    let columns = match table {
        "account" => "id, name, amount, note",
        _ => "kind, code, id, doc, bits + 0, at, price, ratio, hex(raw), upper_code",
    };
    let sql = format!(
        "select concat('<', count(*), ' ', coalesce(sum(crc32(concat_ws('|', {columns}))), 0), \
         '>') s from {table}"
    );
    let out = ask(cluster, uid, &sql)?;
    let text = out.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    let mut words = text.map_or("", |(text, _)| text).split(' ').map(str::parse::<u64>);
    match (words.next(), words.next()) {
        (Some(Ok(count)), Some(Ok(sum))) => Ok((count, sum)),
        _ => Err(format!("no sums in {out}")),
    }
}

fn same_rows(cluster: &LocalCluster) -> Outcome {
    for (table, _, _) in TABLES {
        let source = sums(cluster, SOURCE_TABLET, table)?;
        let mut target = (0, 0);
        for (uid, _) in TARGETS {
            let part = sums(cluster, uid, table)?;
            if part.0 == 0 {
                return Err(format!("shard of tablet {uid} has no rows of {table}"));
            }
            target = (target.0 + part.0, target.1 + part.1);
        }
        equal(&format!("rows and sums of {table} (target, source)"), target, source)?;
    }
    let total = |uid| ask(cluster, uid, "select sum(amount) from account");
    contains("money", &total(SOURCE_TABLET)?, &(ROWS * 100).to_string())
}

fn keys_are_there(cluster: &LocalCluster) -> Outcome {
    for (uid, _) in TARGETS {
        let shown = ask(cluster, uid, "show create table account")?;
        contains("deferred keys", &shown, "by_name")?;
        contains("deferred keys", &shown, "by_amount")?;
        let notes = ask(cluster, uid, "select count(*) as n from _vt.post_copy_action")?;
        contains("notes of keys", &notes, "0")?;
    }
    Ok(())
}

/// Asks a tablet's own server.
fn ask(cluster: &LocalCluster, uid: u16, sql: &str) -> Result<String, String> {
    let alias = format!("zone1-{uid:010}");
    cluster.client(&["ExecuteFetchAsDBA", "--json", &alias, sql])
}
