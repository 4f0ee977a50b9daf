//! Tables that move to a sharded keyspace while clients transfer money between their rows: traffic
//! is switched, back, and again, with the control killed in the middle.

use std::time::Duration;

use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, within};
use crate::transfers::{Accounts, Load};

pub(crate) fn cases() -> Vec<Case> {
    vec![("tables move, go back and move again under load", there_and_back)]
}

const LIMIT: Duration = Duration::from_secs(120);
const ROWS: u64 = 40;

fn make(cluster: &LocalCluster) -> Outcome {
    let columns = "id bigint primary key, balance int not null, hits int not null";
    cluster.mysql("commerce", &format!("create table account ({columns})"))?;
    let rows: Vec<String> = (1..=ROWS).map(|id| format!("({id}, 100, 0)")).collect();
    let sql = format!("insert into account(id, balance, hits) values {}", rows.join(","));
    cluster.mysql("commerce", &sql)?;
    let vschema = cluster.client(&["GetVSchema", "customer"])?;
    let table =
        r#""tables": { "account": {"column_vindexes": [{"column": "id", "name": "hash"}]},"#;
    let with = vschema.replacen("\"tables\": {", table, 1);
    contains("vschema", &with, "account")?;
    cluster.client(&["ApplyVSchema", "--vschema", &with, "customer"]).map(drop)
}

fn verb(cluster: &LocalCluster, args: &[&str]) -> Result<String, String> {
    let workflow = ["MoveTables", "--workflow", "move", "--target-keyspace", "customer"];
    cluster.client(&[&workflow, args].concat())
}

/// Returns the sums of all accounts.
fn sums(cluster: &LocalCluster) -> Result<(i64, u64), String> {
    let out = cluster.mysql("", "select sum(balance), sum(hits) from account")?;
    let mut words = out.split_whitespace();
    let sum = words.next().and_then(|word| word.parse().ok());
    let hits = words.next().and_then(|word| word.parse().ok());
    sum.zip(hits).ok_or_else(|| format!("no sums: {out}"))
}

fn there_and_back(cluster: &LocalCluster) -> Outcome {
    make(cluster)?;
    let create = ["create", "--source-keyspace", "commerce", "--tables", "account"];
    verb(cluster, &create)?;
    let load =
        Load::start(cluster.port(15306), Accounts { table: "account", key: "id", rows: ROWS });
    let seen = scenes(cluster, &load);
    let done = load.finish()?;
    seen?;
    done.say();
    equal("sums", sums(cluster)?, (100 * ROWS.cast_signed(), done.plain))?;
    let left = cluster.mysql("commerce", "show tables like 'account'")?;
    equal("tables left at the source", left, String::new())?;
    let rows = cluster.mysql("customer", "select count(*) from account")?;
    equal("rows", rows, format!("{ROWS}\n"))
}

fn scenes(cluster: &LocalCluster, load: &Load) -> Outcome {
    load.progress("while rows are copied")?;
    // Until all is copied it is refused, and nothing happens.
    within(LIMIT, || {
        verb(cluster, &["switchtraffic", "--tablet-types", "replica,rdonly"]).map(drop)
    })?;
    let state = |wanted: &str| {
        let out = verb(cluster, &["status"])?;
        contains("state", &out, wanted)
    };
    state("All Reads Switched. Writes Not Switched")?;
    load.take_pause();
    for (args, wanted) in [
        (["switchtraffic", "--tablet-types", "primary"], "Writes Switched"),
        (["reversetraffic", "--tablet-types", "primary"], "Writes Not Switched"),
        (["switchtraffic", "--tablet-types", "primary"], "Writes Switched"),
    ] {
        load.progress(args[0])?;
        verb(cluster, &args)?;
        load.progress(wanted)?;
        state(wanted)?;
        crate::say(&format!("  {}: longest statement {:?}", args[0], load.take_pause()));
    }
    load.may_fail(true);
    killed(cluster, load)?;
    load.may_fail(false);
    verb(cluster, &["switchtraffic"])?;
    verb(cluster, &["complete"])?;
    load.progress("after the end")?;
    let gone = verb(cluster, &["status"]).err().unwrap_or_default();
    contains("no workflow is left", &gone, "no streams found")
}

/// Kills the control in the middle of switches; the same command, given again, finishes each.
fn killed(cluster: &LocalCluster, load: &Load) -> Outcome {
    for (args, delay) in [
        (["reversetraffic", "--tablet-types", "primary"], 60),
        (["switchtraffic", "--tablet-types", "primary"], 250),
    ] {
        let server = format!("localhost:{}", cluster.port(15999));
        let workflow = ["MoveTables", "--workflow", "move", "--target-keyspace", "customer"];
        let mut command = cluster.vitrum(&["vtctldclient", "--server", &server]);
        let mut command = {
            command.args(workflow).args(args);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            command.spawn().map_err(|err| err.to_string())?
        };
        std::thread::sleep(Duration::from_millis(delay));
        cluster.kill("vtctld")?;
        command.wait().map_err(|err| err.to_string())?;
        within(LIMIT, || verb(cluster, &args).map(drop))?;
        load.progress(args[0])?;
        let wanted =
            if args[0] == "switchtraffic" { "Writes Switched" } else { "Writes Not Switched" };
        contains("state", &verb(cluster, &["status"])?, wanted)?;
        crate::say(&format!("  {} with the control killed: {:?}", args[0], load.take_pause()));
    }
    Ok(())
}
