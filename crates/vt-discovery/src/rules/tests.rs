use proptest::prelude::*;
use vt_base::{TabletAlias, Target};
use vt_proto::topodata;
use vt_tablet_api::RealtimeStats;

use super::*;
use crate::tablet::TabletInfo;

pub(crate) fn tablet(
    alias: &str,
    tablet_type: TabletType,
    term: i64,
    lag: u32,
) -> Arc<TabletHealth> {
    let alias: TabletAlias = alias.parse().unwrap();
    let record = topodata::Tablet {
        alias: Some((&alias).into()),
        keyspace: "ks".into(),
        shard: "-".into(),
        ..topodata::Tablet::default()
    };
    let mut health = TabletHealth::unknown(Arc::new(TabletInfo::new(record).unwrap()));
    health.target = Target::new("ks", "-", tablet_type);
    health.primary_term_start = term;
    health.serving = true;
    health.is_known = true;
    health.stats = RealtimeStats { replication_lag_seconds: lag, ..RealtimeStats::default() };
    health.service = Some(Arc::new(crate::discovery::tests::Deaf));
    Arc::new(health)
}

fn uids(tablets: &[Arc<TabletHealth>]) -> Vec<u32> {
    tablets.iter().map(|one| one.alias().uid).collect()
}

const RULE: LagRule =
    LagRule { low: Duration::from_secs(30), high: Duration::from_secs(7200), serving_min: 2 };

fn replicas(lags: &[u32]) -> Vec<Arc<TabletHealth>> {
    let make =
        |(uid, lag): (usize, &u32)| tablet(&format!("z-{uid}"), TabletType::Replica, 0, *lag);
    lags.iter().enumerate().map(make).collect()
}

#[test]
fn replicas_below_the_low_limit_are_enough() {
    assert_eq!(uids(&RULE.healthy(replicas(&[5, 31, 0, 30]))), [2, 0, 3]);
}

#[test]
fn those_least_behind_fill_up_to_the_minimum() {
    assert_eq!(uids(&RULE.healthy(replicas(&[500, 100, 90, 10]))), [3, 2]);
    assert_eq!(uids(&RULE.healthy(replicas(&[500, 7201]))), [0]);
    assert!(RULE.healthy(replicas(&[7201, 9000])).is_empty());
}

#[test]
fn the_highest_term_is_the_primary() {
    let old = tablet("z-1", TabletType::Primary, 10, 0);
    let new = tablet("z-2", TabletType::Primary, 20, 0);
    let replica = tablet("z-3", TabletType::Replica, 30, 0);
    let found = primary(&[old.clone(), new.clone(), replica]).unwrap();
    assert_eq!(found.alias().uid, 2);

    let mut ill = TabletHealth::clone(&new);
    ill.serving = false;
    assert!(primary(&[old, Arc::new(ill)]).is_none(), "a primary of an old term was taken");
}

#[test]
fn cells_of_the_alias_come_after_the_local_one() {
    let aliases = [
        ("east".to_owned(), vec!["a".to_owned(), "b".to_owned()]),
        ("west".to_owned(), vec!["c".into()]),
    ];
    let near = Nearness::new("a", &aliases.into());
    let all = ["b-1", "c-2", "a-3", "a-4"].map(|alias| tablet(alias, TabletType::Replica, 0, 0));
    let tiers = near.tiers(all.to_vec());
    let tiers: Vec<_> = tiers.iter().map(|tier| uids(tier)).collect();
    assert_eq!(tiers, [vec![3, 4], vec![1]]);
}

proptest! {
    #[test]
    fn lag_never_leaves_fewer_than_the_minimum_while_there_are_more(
        lags in prop::collection::vec(0u32..10_000, 0..12), serving_min in 1usize..5)
    {
        let rule = LagRule { serving_min, ..RULE };
        let healthy = rule.healthy(replicas(&lags));
        let possible = lags.iter().filter(|lag| **lag <= 7200).count();
        prop_assert!(healthy.len() >= possible.min(serving_min));
        let worst = healthy.iter().map(|one| one.stats.replication_lag_seconds).max().unwrap_or(0);
        let better = lags.iter().filter(|lag| **lag < worst).count();
        prop_assert!(better <= healthy.len(), "one that is less behind was left out");
    }
}
