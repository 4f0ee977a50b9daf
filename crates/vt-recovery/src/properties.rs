//! What must hold of every plan, on shards made at random.

use proptest::prelude::*;
use vt_base::gtid::Position;
use vt_base::{KeyspaceShard, TabletAlias, TabletType};

use crate::*;

/// One tablet other than the primary: its type, cell, writes received and executed, and whether it
/// answers.
#[derive(Clone, Debug)]
struct Other {
    tablet_type: TabletType,
    cell: &'static str,
    received: u32,
    executed: u32,
    up: bool,
}

fn other() -> impl Strategy<Value = Other> {
    let types = prop_oneof![
        Just(TabletType::Replica),
        Just(TabletType::Replica),
        Just(TabletType::Rdonly),
        Just(TabletType::Spare)
    ];
    let cells = prop_oneof![Just("zone1"), Just("zone2")];
    (types, cells, 0..6_u32, 0..6_u32, any::<bool>()).prop_map(
        |(tablet_type, cell, received, behind, up)| {
            let executed = received.saturating_sub(behind);
            Other { tablet_type, cell, received, executed, up }
        },
    )
}

fn policy() -> impl Strategy<Value = Durability> {
    prop::sample::select(Durability::ALL.to_vec())
}

fn writes(count: u32) -> Position {
    match count {
        0 => Position::default(),
        count => format!("MySQL56/aaaaaaaa-0000-0000-0000-000000000000:1-{count}").parse().unwrap(),
    }
}

fn reach(up: bool, executed: u32, received: u32) -> Reach {
    match up {
        true => Reach::Up {
            executed: writes(executed),
            received: writes(received),
            lag: None,
            in_backup: false,
        },
        false => Reach::Down { reason: "gone".to_owned() },
    }
}

/// A shard whose primary has made six writes.
fn shard(durability: Durability, others: &[Other], primary_up: bool) -> ShardSnapshot {
    let primary = TabletAlias::new("zone1", 100);
    let mut tablets = vec![TabletState {
        alias: primary.clone(),
        tablet_type: TabletType::Primary,
        term_ns: Some(1),
        reach: reach(primary_up, 6, 6),
    }];
    for (index, other) in others.iter().enumerate() {
        tablets.push(TabletState {
            alias: TabletAlias::new(other.cell, 101 + u32::try_from(index).unwrap()),
            tablet_type: other.tablet_type,
            term_ns: None,
            reach: reach(other.up, other.executed, other.received),
        });
    }
    tablets.sort_by(|a, b| a.alias.cmp(&b.alias));
    ShardSnapshot {
        shard: KeyspaceShard { keyspace: "ks".into(), shard: "-".into() },
        durability,
        recorded_primary: Some(primary),
        tablets,
    }
}

/// Returns the writes that the new primary has when the steps before its promotion are done.
fn writes_at_promotion(snapshot: &ShardSnapshot, plan: &ReparentPlan) -> Position {
    let of = |alias: &TabletAlias| snapshot.tablet(alias).unwrap().received().unwrap().clone();
    let mut has = snapshot.tablet(&plan.new_primary).unwrap().executed().unwrap().clone();
    for step in &plan.steps {
        match step {
            Step::ApplyRelayLog { tablet, .. } if *tablet == plan.new_primary => has = of(tablet),
            Step::CatchUp { tablet, source } if *tablet == plan.new_primary => has = of(source),
            Step::ReachDemoted { .. } => has = writes(6),
            Step::Promote { .. } => break,
            _ => {}
        }
    }
    has
}

proptest! {
    // A case takes microseconds, and what goes wrong does so in few of them.
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn an_emergency_keeps_every_acknowledged_write(
        durability in policy(),
        others in prop::collection::vec(other(), 1..5),
        primary_up in any::<bool>(),
    ) {
        let snapshot = shard(durability, &others, primary_up);
        let request = EmergencyRequest {
            new_primary: None,
            expected_primary: None,
            ignore: Vec::new(),
            cells: CellRule::AnyCell,
        };
        let Ok(plan) = plan_emergency(&snapshot, &request) else { return Ok(()) };
        // A write is acknowledged when one tablet that may say so has received it.
        let primary = TabletAlias::new("zone1", 100);
        let acknowledged = others
            .iter()
            .enumerate()
            .filter(|(index, one)| {
                let alias = TabletAlias::new(one.cell, 101 + u32::try_from(*index).unwrap());
                durability.may_ack(&primary, &alias, one.tablet_type)
            })
            .map(|(_, one)| one.received)
            .max()
            .unwrap_or(0);
        let has = writes_at_promotion(&snapshot, &plan);
        prop_assert!(has.at_least(&writes(acknowledged)), "lost writes: {plan}");
        // And nothing that anyone in reach has is left behind.
        for tablet in &snapshot.tablets {
            if let Some(received) = tablet.received() {
                prop_assert!(has.at_least(received), "{} has more: {plan}", tablet.alias);
            }
        }
    }

    #[test]
    fn a_new_primary_is_a_replica_whose_writes_can_be_acknowledged(
        durability in policy(),
        others in prop::collection::vec(other(), 1..5),
        emergency in any::<bool>(),
    ) {
        let snapshot = shard(durability, &others, !emergency);
        let plan = match emergency {
            true => plan_emergency(&snapshot, &EmergencyRequest {
                new_primary: None,
                expected_primary: None,
                ignore: Vec::new(),
                cells: CellRule::AnyCell,
            }),
            false => plan_planned(&snapshot, &PlannedRequest {
                new_primary: None,
                avoid_primary: None,
                expected_primary: None,
                tolerable_lag: std::time::Duration::ZERO,
                cells: CellRule::AnyCell,
            }),
        };
        let Ok(plan) = plan else { return Ok(()) };
        let elect = snapshot.tablet(&plan.new_primary).unwrap();
        prop_assert_eq!(elect.tablet_type, TabletType::Replica);
        prop_assert!(elect.is_up());
        let ackers = snapshot.ackers(&elect.alias).filter(|one| one.is_up()).count();
        prop_assert!(ackers >= durability.acks_required());
        let Some(Step::Repoint { primary, followers }) = plan.steps.last() else {
            return Err(TestCaseError::fail("the last step points the others at the primary"));
        };
        prop_assert_eq!(primary, &plan.new_primary);
        for follower in followers {
            let state = snapshot.tablet(&follower.alias).unwrap();
            let acks = durability.may_ack(primary, &follower.alias, state.tablet_type);
            prop_assert_eq!(follower.semi_sync, acks);
        }
        if !emergency {
            prop_assert!(writes_at_promotion(&snapshot, &plan).at_least(&writes(6)));
        }
    }
}
