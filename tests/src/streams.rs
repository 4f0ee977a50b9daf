//! Change data capture: a consumer copies tables of all shards, follows them, and goes on from
//! where it was.

use std::collections::BTreeMap;
use std::time::Duration;

use tonic::Streaming;
use tonic::transport::Channel;
use vt_proto::binlogdata::{Filter, Rule, ShardGtid, VEvent, VEventType, VGtid};
use vt_proto::query::Row;
use vt_proto::topodata::TabletType;
use vt_proto::vtgate::{VStreamRequest, VStreamResponse};
use vt_rpc::MESSAGE_BYTES_MAX;
use vt_rpc::vtgateservice::vitess_client::VitessClient;
use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, equal};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("a consumer copies, follows and goes on", copy_follow_resume),
        ("values of the copy and of the log are the same", same_values),
        ("a filter shapes what is sent", filtered),
    ]
}

/// How long events are waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// A consumer: rows by key, as the events so far leave them.
struct Consumer {
    stream: Streaming<VStreamResponse>,
    rows: BTreeMap<String, Vec<Option<String>>>,
    vgtid: VGtid,
    /// How many rows were told in all.
    told: usize,
    copied: bool,
}

impl Consumer {
    async fn start(cluster: &LocalCluster, vgtid: VGtid, rule: Rule) -> Result<Consumer, String> {
        let address = format!("http://127.0.0.1:{}", cluster.port(15991));
        let channel = Channel::from_shared(address).map_err(|err| err.to_string())?;
        let channel = channel.connect().await.map_err(|err| err.to_string())?;
        let mut client = VitessClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let request = VStreamRequest {
            tablet_type: TabletType::Primary.into(),
            vgtid: Some(vgtid.clone()),
            filter: Some(Filter { rules: vec![rule], ..Filter::default() }),
            ..VStreamRequest::default()
        };
        let stream = client.v_stream(request).await.map_err(|status| status.to_string())?;
        let (stream, rows) = (stream.into_inner(), BTreeMap::new());
        Ok(Consumer { stream, rows, vgtid, told: 0, copied: false })
    }

    /// Reads until what was read fulfils a condition.
    async fn until(&mut self, what: &str, done: impl Fn(&Consumer) -> bool) -> Outcome {
        let reading = async {
            while !done(self) {
                let part = self.stream.message().await.map_err(|status| status.to_string())?;
                let part = part.ok_or_else(|| format!("{what}: the stream ended"))?;
                part.events.iter().for_each(|event| self.take(event));
            }
            Ok(())
        };
        tokio::time::timeout(PATIENCE, reading)
            .await
            .map_err(|_| format!("{what}: not seen; rows are\n{}", self.shown()))?
    }

    fn take(&mut self, event: &VEvent) {
        if let Some(vgtid) = &event.vgtid {
            self.vgtid = vgtid.clone();
        }
        // The last of them is of no shard: all shards are copied.
        self.copied |= event.r#type() == VEventType::CopyCompleted && event.shard.is_empty();
        for change in event.row_event.iter().flat_map(|event| &event.row_changes) {
            self.told += 1;
            if let Some(before) = &change.before {
                self.rows.remove(&key(before));
            }
            if let Some(after) = &change.after {
                self.rows.insert(key(after), values(after));
            }
        }
    }

    fn shown(&self) -> String {
        let line = |row: &Vec<Option<String>>| {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
            format!("{}\n", row.iter().map(text).collect::<Vec<_>>().join("\t"))
        };
        self.rows.values().map(line).collect()
    }
}

fn values(row: &Row) -> Vec<Option<String>> {
    let mut rest = &row.values[..];
    row.lengths
        .iter()
        .map(|length| {
            let (value, after) = rest.split_at(usize::try_from(*length).ok()?);
            rest = after;
            Some(String::from_utf8_lossy(value).into_owned())
        })
        .collect()
}

fn key(row: &Row) -> String {
    values(row).first().cloned().flatten().unwrap_or_default()
}

/// A position of all shards of the keyspace.
fn everywhere(gtid: &str) -> VGtid {
    let shard = ShardGtid {
        keyspace: "customer".to_owned(),
        gtid: gtid.to_owned(),
        ..ShardGtid::default()
    };
    VGtid { shard_gtids: vec![shard] }
}

fn rule(table: &str, filter: &str) -> Rule {
    Rule { r#match: table.to_owned(), filter: filter.to_owned(), ..Rule::default() }
}

fn run(test: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(test)
}

/// Makes a table of the sharded keyspace, by its column `id`.
fn make(cluster: &LocalCluster, name: &str, columns: &str) -> Outcome {
    cluster.mysql("customer", &format!("create table {name} ({columns})"))?;
    let vindex = format!("alter vschema on customer.{name} add vindex `hash`(id)");
    cluster.mysql("customer", &vindex).map(drop)
}

fn copy_follow_resume(cluster: &LocalCluster) -> Outcome {
    make(cluster, "cdc", "id bigint primary key, name varchar(20), n int")?;
    let rows: Vec<String> = (0..300).map(|id| format!("({id}, 'name {id}', {})", id % 7)).collect();
    let sql = format!("insert into cdc(id, name, n) values {}", rows.join(","));
    cluster.mysql("customer", &sql)?;
    let all = || cluster.mysql("customer", "select id, name, n from cdc order by cast(id as char)");
    run(async {
        let mut consumer = Consumer::start(cluster, everywhere(""), rule("cdc", "")).await?;
        consumer.until("copy", |now| now.copied).await?;
        equal("copied", consumer.shown(), all()?)?;
        cluster.mysql(
            "customer",
            "update cdc set n = 100 where id < 10; delete from cdc where id between 10 and 19; \
             begin; insert into cdc values (1000, 'ä', null), (1001, 'b', 2), (1002, 'c', 3); \
             commit; begin; insert into cdc values (1003, 'never', 0); rollback",
        )?;
        let wanted = all()?;
        consumer.until("changes", |now| now.shown() == wanted).await?;
        let place = consumer.vgtid.clone();
        drop(consumer);
        cluster.mysql(
            "customer",
            "insert into cdc values (2000, 'later', 1), (2001, 'later', 1), (2002, 'later', 1)",
        )?;
        let mut consumer = Consumer::start(cluster, place, rule("cdc", "")).await?;
        consumer.until("the rest", |now| now.told >= 3).await?;
        // What was told before does not come again, and nothing is left out.
        let ids: Vec<_> = consumer.rows.keys().map(String::as_str).collect();
        equal("after going on", ids, vec!["2000", "2001", "2002"])
    })
}

fn same_values(cluster: &LocalCluster) -> Outcome {
    make(
        cluster,
        "cdc_types",
        "id bigint primary key, t tinyint unsigned, d decimal(20,5), f float, g double, y year, \
         da date, ti time(3), dt datetime(6), ts timestamp(2) null, c char(5), b binary(4), \
         l varchar(10) character set latin1, e enum('a','ü') character set latin1, \
         s set('x','y'), bi bit(10), j json, bl blob, z int(5) zerofill",
    )?;
    let row = |id: u32| {
        format!(
            "({id}, 255, -12345.60000, 1.1, -2.5e-300, 2024, '2024-02-29', '-38:59:59.5', \
             '9999-12-31 23:59:59.999999', '2024-07-01 12:00:00.25', 'ab', 0x01, 'ß', 'ü', 'x,y', \
             b'1000000001', '{{\"a\": [1, 2.5, null, \"ü\"]}}', 0x00ff, 42)"
        )
    };
    cluster.mysql("customer", &format!("insert into cdc_types values {}, {}", row(1), row(4)))?;
    run(async {
        let rule = rule("cdc_types", "");
        let mut consumer = Consumer::start(cluster, everywhere(""), rule).await?;
        consumer.until("copy", |now| now.copied).await?;
        let sql = format!("insert into cdc_types values {}, {}", row(2), row(5));
        cluster.mysql("customer", &sql)?;
        consumer.until("the log", |now| now.rows.len() == 4).await?;
        let one = |id: &str| consumer.rows[id][1..].to_vec();
        for id in ["2", "4", "5"] {
            equal(&format!("row {id}"), one(id), one("1"))?;
        }
        Ok(())
    })
}

fn filtered(cluster: &LocalCluster) -> Outcome {
    make(cluster, "cdc_part", "id bigint primary key, name varchar(20), n int")?;
    run(async {
        let filter = "select id, n as number from cdc_part where n >= 5 and name <> 'x'";
        let rule = rule("cdc_part", filter);
        let mut consumer = Consumer::start(cluster, everywhere("current"), rule).await?;
        // The position must be known before anything is written.
        consumer
            .until("the beginning", |now| {
                now.vgtid.shard_gtids.iter().filter(|one| one.gtid.len() > 7).count() == 2
            })
            .await?;
        cluster.mysql(
            "customer",
            "insert into cdc_part values (1, 'a', 5), (2, 'x', 9), (3, 'b', 4), (4, 'c', 6); \
             update cdc_part set n = 8 where id = 3; update cdc_part set n = 1 where id = 4; \
             insert into cdc_part values (5, 'end', 50)",
        )?;
        // Shards tell of their changes side by side: row 4 may be seen before it goes.
        consumer.until("the last row", |now| now.shown() == "1\t5\n3\t8\n5\t50\n").await?;
        let wrong = Rule {
            filter: "select nothing from cdc_part".to_owned(),
            ..self::rule("cdc_part", "")
        };
        let mut consumer = Consumer::start(cluster, everywhere(""), wrong).await?;
        let error = consumer.until("an error", |now| now.copied).await.err().unwrap_or_default();
        equal("error", error.contains("table cdc_part has no column nothing"), true)
    })
}
