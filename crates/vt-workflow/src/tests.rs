//! States in words, rules, and what speaks against a switch.

use crate::rules::Move;
use crate::step::Side;
use crate::*;

fn stream(state: StreamState) -> Stream {
    Stream {
        id: 1,
        source_shard: "0".into(),
        state,
        is_frozen: false,
        lag_seconds: Some(1),
        message: String::new(),
    }
}

fn shard(name: &str, streams: Vec<Stream>) -> ShardState {
    ShardState { shard: name.into(), takes_writes: true, is_journaled: false, streams }
}

fn snapshot() -> Snapshot {
    let reads = |kind, cell: &str| Reads { kind, cell: cell.into(), place: Place::Source };
    Snapshot {
        workflow: "commerce2customer".into(),
        kind: Kind::Tables,
        source_keyspace: "commerce".into(),
        target_keyspace: "customer".into(),
        tables: vec!["corder".into(), "customer".into()],
        source: vec![shard("0", Vec::new())],
        target: vec![shard("0", vec![stream(StreamState::Running)])],
        writes: Place::Source,
        reads: vec![
            reads(ReadKind::Rdonly, "zone1"),
            reads(ReadKind::Replica, "zone1"),
            reads(ReadKind::Rdonly, "zone2"),
            reads(ReadKind::Replica, "zone2"),
        ],
        has_rules: true,
        has_others: false,
        by_shard: Vec::new(),
    }
}

#[test]
fn the_state_of_traffic_is_told_in_words() {
    let mut one = snapshot();
    assert_eq!(one.traffic_state(), "Reads Not Switched. Writes Not Switched");
    one.reads[1].place = Place::Target;
    assert_eq!(
        one.traffic_state(),
        "Replica switched in cells: zone1. Rdonly not switched. Writes Not Switched"
    );
    one.reads[3].place = Place::Target;
    assert_eq!(
        one.traffic_state(),
        "All Replica Reads Switched. Rdonly not switched. Writes Not Switched"
    );
    one.reads[0].place = Place::Target;
    one.reads[2].place = Place::Target;
    assert_eq!(one.traffic_state(), "All Reads Switched. Writes Not Switched");
    one.writes = Place::Target;
    assert_eq!(one.traffic_state(), "All Reads Switched. Writes Switched");
}

#[test]
fn a_move_by_shards_tells_which() {
    let mut one = Snapshot { kind: Kind::TablesByShard, ..snapshot() };
    one.by_shard = vec![("-80".into(), false), ("80-".into(), false)];
    assert_eq!(one.traffic_state(), "Reads Not Switched. Writes Not Switched");
    one.by_shard[1].1 = true;
    assert_eq!(
        one.traffic_state(),
        "Reads partially switched, for shards: 80-. Writes partially switched, for shards: 80-"
    );
    // The tables leave the source's VSchema at the end, and with it those of its other shards.
    one.writes = Place::Target;
    one.reads.clear();
    one.target[0].streams[0].is_frozen = true;
    let early = check_complete(&one).unwrap_err();
    let wanted =
        "the tables are still served from keyspace commerce for shards -80: move these too";
    assert!(early.message().contains(wanted), "{early}");
    one.by_shard[0].1 = true;
    assert_eq!(one.traffic_state(), "All Reads Switched. All Writes Switched");
    check_complete(&one).unwrap();
}

#[test]
fn rules_send_each_type_its_way() {
    let tables = ["t".to_owned()];
    let of = Move { tables: &tables, source: "a", target: "b" };
    let mut rules = Rules::default();
    assert_eq!(
        (rules.writes(of), rules.reads(of, ReadKind::Replica)),
        (Place::Source, Place::Source)
    );
    rules.route_reads(of, &[ReadKind::Replica], Side::Target);
    assert_eq!(rules.reads(of, ReadKind::Replica), Place::Target);
    assert_eq!(rules.reads(of, ReadKind::Rdonly), Place::Source);
    rules.route_writes(of);
    assert_eq!(rules.writes(of), Place::Target);
    // Reads that nobody switched stay where they were.
    assert_eq!(rules.reads(of, ReadKind::Rdonly), Place::Source);
    let get = |name: &str| rules.0.get(name).map(|to| to.join(","));
    assert_eq!(get("t").as_deref(), Some("b.t"));
    assert_eq!(get("a.t").as_deref(), Some("b.t"));
    assert_eq!(get("b.t"), None);
    assert_eq!(get("b.t@rdonly").as_deref(), Some("a.t"));
    let back = Move { tables: &tables, source: "b", target: "a" };
    let mut rules = rules.clone();
    rules.route_writes(back);
    assert_eq!((rules.writes(of), rules.writes(back)), (Place::Source, Place::Target));
    assert!(rules.remove(of) && rules.0.is_empty() && !rules.remove(of));
}

#[test]
fn names_lead_there_and_back() {
    assert_eq!(snapshot().reverse_name(), "commerce2customer_reverse");
    assert_eq!(snapshot::reverse_name("w_reverse"), "w");
    assert_eq!(snapshot::reverse_name("_reverse"), "_reverse_reverse");
}

#[test]
fn a_workflow_that_still_copies_is_not_switched() {
    let text = |state| {
        let mut one = snapshot();
        one.target[0].streams = vec![stream(state)];
        check_streams(&one).map_err(|error| error.message().to_owned())
    };
    assert_eq!(text(StreamState::Running), Ok(()));
    assert!(text(StreamState::Copying).unwrap_err().contains("copy is still in progress"));
    assert!(text(StreamState::Error).unwrap_err().contains("error state"));
    let mut late = snapshot();
    late.target[0].streams[0].lag_seconds = Some(31);
    assert!(check_lag(&late, 31).is_ok());
    let error = check_lag(&late, 30).unwrap_err();
    assert_eq!(
        error.message(),
        "cannot switch traffic for workflow customer.commerce2customer at this time: \
         replication lag 31s is higher than allowed lag 30s"
    );
}

#[test]
fn a_workflow_ends_only_where_nobody_is_sent_to_what_goes() {
    let mut one = snapshot();
    assert!(check_cancel(&one).is_ok());
    assert!(check_complete(&one).unwrap_err().message().contains("run switchtraffic first"));
    one.reads[0].place = Place::Target;
    assert!(check_cancel(&one).unwrap_err().message().contains("run reversetraffic first"));
    one = snapshot();
    one.source[0].is_journaled = true;
    assert!(check_cancel(&one).unwrap_err().message().contains("run switchtraffic again"));
    for reads in &mut one.reads {
        reads.place = Place::Target;
    }
    one.writes = Place::Target;
    assert!(check_complete(&one).is_err());
    one.target[0].streams[0].is_frozen = true;
    assert!(check_complete(&one).is_ok() && check_cancel(&one).is_err());
    // The rules have gone, and whoever took them out after that.
    one.writes = Place::Source;
    assert!(check_complete(&one).is_err());
    one.has_rules = false;
    assert!(check_complete(&one).is_ok() && check_cancel(&one).is_err());
}

#[test]
fn reads_are_switched_where_they_are_not_yet() {
    let mut one = snapshot();
    one.reads[1].place = Place::Target;
    let all = [ReadKind::Replica, ReadKind::Rdonly];
    let zone1 = ["zone1".to_owned()];
    let step = |kinds: &[ReadKind], cells: &[String], to| {
        vec![Step::RouteReads { kinds: kinds.to_vec(), cells: cells.to_vec(), to }]
    };
    assert_eq!(
        plan_reads(&one, &all, &zone1, Side::Target),
        step(&[ReadKind::Rdonly], &zone1, Side::Target)
    );
    assert_eq!(
        plan_reads(&one, &all, &[], Side::Source),
        step(&[ReadKind::Replica], &[], Side::Source)
    );
    assert!(plan_reads(&one, &[ReadKind::Rdonly], &zone1, Side::Source).is_empty());
}

#[test]
fn a_dry_run_says_what_would_be_done() {
    let one = snapshot();
    let options = WriteOptions { has_reverse: true, initializes_sequences: false };
    let told: Vec<String> =
        plan_writes(&one, options).iter().map(|step| step.describe(&one)).collect();
    assert_eq!(
        told,
        [
            "Stop writes on keyspace commerce for tables [corder,customer]",
            "Wait for transactions on keyspace commerce to end",
            "Wait for vreplication on stopped streams to catchup",
            "Create reverse vreplication workflow commerce2customer_reverse",
            "Create journal entries on source databases",
            "Switch routing from keyspace commerce to keyspace customer",
            "Start reverse vreplication workflow commerce2customer_reverse",
            "Mark vreplication streams frozen on keyspace customer",
        ]
    );
}
