//! Command lines and what they print, on a pretended cluster.
//!
//! A file of `golden/` is one cluster: `$ LINE` runs a command, `@ tablet ALIAS KEYSPACE SHARD TYPE`
//! starts a tablet, and what stands below is what must be printed.
//! `UPDATE=1 cargo test -p vt-cli` rewrites the files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vt_control::server::{Config, Vtctld};
use vt_control::testing::FakeCluster;
use vt_proto::binlogdata::BinlogSource;
use vt_proto::tabletmanagerdata::read_v_replication_workflow_response::Stream;
use vt_proto::tabletmanagerdata::{ReadVReplicationWorkflowResponse, TableDefinition};

use crate::client::Client;
use crate::{answer, docs, help};

const TIMEOUT: Duration = Duration::from_secs(30);

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// Compares a text with a file, or writes it.
fn check_file(name: &str, got: &str) {
    let path = golden(name);
    if updating() {
        std::fs::write(&path, got).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(got, expected, "{name}");
}

/// Runs every line of a file, and compares what is printed.
async fn check(name: &str) {
    let cluster = FakeCluster::start(&["zone1", "zone2"]).await.unwrap();
    let text = std::fs::read_to_string(golden(name)).unwrap();
    let mut got = String::new();
    for line in text.lines() {
        if let Some(words) = line.strip_prefix("@ ") {
            got.push_str(&format!("{line}\n"));
            arrange(&cluster, &split(words)).await;
        } else if let Some(words) = line.strip_prefix("$ ") {
            got.push_str(&format!("{line}\n"));
            let client = Client::internal(cluster.control.clone(), TIMEOUT);
            got.push_str(&steady(&printed(&split(words), client).await));
        } else if line.starts_with("# ") {
            got.push_str(&format!("{line}\n"));
        }
    }
    cluster.stop().await;
    check_file(name, &got);
}

async fn printed(words: &[String], client: Client) -> String {
    match answer(words, Some(client)).await {
        Ok(text) => text,
        Err(failure) => format!("{}{failure}\n", failure.printed().unwrap_or_default()),
    }
}

async fn arrange(cluster: &FakeCluster, words: &[String]) {
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tablet", alias, keyspace, shard, typ] => {
            cluster.add_tablet(alias, keyspace, shard, typ.parse().unwrap()).await.unwrap();
        }
        ["table", alias, name] => cluster.mysql(alias, |mysql| {
            let table = TableDefinition { name: (*name).to_owned(), ..Default::default() };
            mysql.tables.push(table);
        }),
        ["stream", alias, workflow, field, value] => cluster.mysql(alias, |mysql| {
            let found = mysql.workflows.iter_mut().filter(|one| one.workflow == *workflow);
            for stream in found.flat_map(|one| &mut one.streams) {
                match *field {
                    "message" => stream.message = (*value).to_owned(),
                    "position" => stream.pos = (*value).to_owned(),
                    other => panic!("unknown field {other}"),
                }
            }
        }),
        ["rows", alias, table] => cluster.mysql(alias, |mysql| {
            mysql.filled.push((*table).to_owned());
        }),
        ["down", alias] => cluster.mysql(alias, |mysql| mysql.down = true),
        ["fail", alias, call, text] => {
            let call: &'static str = String::leak((*call).to_owned());
            cluster.mysql(alias, |mysql| mysql.failing.insert(call, (*text).to_owned()));
        }
        ["workflow", name, keyspace, shard, alias] => {
            let source = BinlogSource {
                keyspace: (*keyspace).to_owned(),
                shard: (*shard).to_owned(),
                ..BinlogSource::default()
            };
            let stream = Stream { id: 1, bls: Some(source), ..Stream::default() };
            let workflow = ReadVReplicationWorkflowResponse {
                workflow: (*name).to_owned(),
                streams: vec![stream],
                ..ReadVReplicationWorkflowResponse::default()
            };
            cluster.mysql(alias, |mysql| mysql.workflows.push(workflow));
        }
        ["vdiff", alias, state, table, table_state, rows, compared, report, error @ ..] => {
            cluster.mysql(alias, |mysql| {
                let last = mysql.vdiffs.last_mut().expect("a vdiff was created");
                last.state = (*state).to_owned();
                last.last_error = error.concat();
                let (rows, compared) = (rows.parse().unwrap(), compared.parse().unwrap());
                let (table, table_state) = ((*table).to_owned(), (*table_state).to_owned());
                last.tables = vec![(table, table_state, rows, compared, (*report).to_owned())];
            });
        }
        other => panic!("unknown arrangement {other:?}"),
    }
}

/// Splits a line at blanks; single quotes keep words together.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// Replaces what differs from run to run: ports of gRPC and the time of events.
fn steady(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let grpc = ["\"grpc\": ", "\"grpc\":"]
            .iter()
            .find_map(|mark| line.find(mark).map(|at| at + mark.len()));
        let event = ["I 20", "W 20"].iter().any(|head| line.starts_with(head));
        match (grpc, event) {
            (Some(at), _) => {
                let rest = line[at..].trim_start_matches(|c: char| c.is_ascii_digit());
                out.push_str(&format!("{}PORT{rest}", &line[..at]));
            }
            (None, true) => out.push_str(&format!("{}TIME{}", &line[..2], &line[22..])),
            (None, false) => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[tokio::test]
async fn topology_commands_print_what_is_recorded() {
    check("topology.txt").await;
}

#[tokio::test]
async fn tablet_commands_print_what_is_recorded() {
    check("tablets.txt").await;
}

#[tokio::test]
async fn schema_commands_print_what_is_recorded() {
    check("schema.txt").await;
}

#[tokio::test]
async fn vdiff_commands_print_what_is_recorded() {
    check("vdiff.txt").await;
}

#[tokio::test]
async fn workflow_commands_print_what_is_recorded() {
    check("workflows.txt").await;
}

#[tokio::test]
async fn materialized_tables_lookups_and_splits_print_what_is_recorded() {
    check("materialize.txt").await;
}

#[tokio::test]
async fn wrong_lines_print_what_is_recorded() {
    check("errors.txt").await;
}

#[test]
fn help_is_as_recorded() {
    let mut all = help::overview();
    for command in crate::commands::all() {
        all.push_str(&format!("\n=== {} ===\n{}", command.name, help::command(command)));
    }
    check_file("help.txt", &all);
}

#[test]
fn the_page_has_every_command_and_its_flags() {
    let page = docs::commands_page();
    for command in crate::commands::all() {
        assert!(page.contains(&format!("### {}\n", command.name)), "{} is missing", command.name);
        for flag in command.flags {
            assert!(page.contains(&format!("--{}", flag.name)), "--{} is missing", flag.name);
            assert!(!flag.help.is_empty(), "--{} of {} is not described", flag.name, command.name);
        }
    }
}

#[test]
fn names_and_short_flags_are_unique() {
    let mut names: Vec<String> =
        crate::commands::all().map(|one| one.name.to_lowercase()).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    for command in crate::commands::all() {
        let mut shorts: Vec<char> = command.flags.iter().filter_map(|one| one.short).collect();
        let count = shorts.len();
        shorts.sort_unstable();
        shorts.dedup();
        assert_eq!(shorts.len(), count, "{}", command.name);
    }
}

#[tokio::test]
async fn a_vtctld_answers_as_the_process_itself_does() {
    let cluster = FakeCluster::start(&["zone1"]).await.unwrap();
    let config = Config {
        grpc_address: "127.0.0.1:0".into(),
        http_address: "127.0.0.1:0".into(),
        ..Config::default()
    };
    let vtctld = Vtctld::build(config, cluster.topo.clone()).await.unwrap();
    let address = vtctld.grpc_address().unwrap().to_string();
    let stop = CancellationToken::new();
    let running = tokio::spawn(vtctld.run(stop.clone()));
    cluster.add_tablet("zone1-100", "ks", "-", vt_base::TabletType::Replica).await.unwrap();
    for line in [
        "GetTablets",
        "LegacyVtctlCommand -- ListAllTablets",
        "GetKeyspaces",
        "GetKeyspace nowhere",
        "PlannedReparentShard ks/0",
    ] {
        let here = Client::internal(cluster.control.clone(), TIMEOUT);
        let there = Client::remote(&address, 16 << 20, TIMEOUT).unwrap();
        let (here, there) = (printed(&split(line), here).await, printed(&split(line), there).await);
        assert_eq!(here, there, "{line}");
    }
    let line = ["--server".to_owned(), address, "GetCellInfoNames".to_owned()];
    assert_eq!(answer(&line, None).await.unwrap(), "zone1\n");
    assert_eq!(
        wait_for_leader(&cluster).await.as_deref(),
        Some("localhost:15999"),
        "the vtctld stands in the election"
    );
    stop.cancel();
    running.await.unwrap().unwrap();
    cluster.stop().await;
}

async fn wait_for_leader(cluster: &FakeCluster) -> Option<String> {
    let topo = Arc::clone(&cluster.topo);
    let wait = async move {
        loop {
            if let Some(leader) = topo.current_leader("vtctld").await.unwrap() {
                return leader;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, wait).await.ok()
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_told_apart_from_one_that_is_not_there() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let client = Client::remote(&address, 16 << 20, Duration::from_millis(100)).unwrap();
    let text = printed(&split("GetKeyspaces"), client).await;
    assert!(text.contains("DeadlineExceeded desc = the command took longer than 100ms"), "{text}");
    drop(silent);
    let client = Client::remote(&address, 16 << 20, TIMEOUT).unwrap();
    let text = printed(&split("GetKeyspaces"), client).await;
    assert!(text.contains("cannot reach a vtctld at"), "{text}");
}
