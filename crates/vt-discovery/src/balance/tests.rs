use std::collections::BTreeMap;

use proptest::prelude::*;
use vt_base::TabletType;

use super::*;
use crate::rules::tests::tablet;

fn tablets(aliases: &[&str]) -> Vec<Arc<TabletHealth>> {
    aliases.iter().map(|alias| tablet(alias, TabletType::Replica, 0, 0)).collect()
}

/// Cells `a`, `b` and `c` are of one alias; the gateway is in `a`.
fn nearness() -> Nearness {
    let cells = ["a", "b", "c"].map(str::to_owned).to_vec();
    Nearness::new("a", &BTreeMap::from([("region".to_owned(), cells)]))
}

fn order(mode: Mode, cells: &[&str], aliases: &[&str]) -> Choice {
    let cells = cells.iter().map(|one| (*one).to_owned()).collect();
    let balance = Balance { mode, cells, keyspaces: Vec::new() };
    balance.order("ks", &nearness(), tablets(aliases))
}

/// Returns how often each tablet is picked.
fn picks(choice: &Choice, sessions: impl Iterator<Item = Option<u64>>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for session in sessions {
        let picked = choice.pick(&[], session).unwrap();
        *counts.entry(picked.alias().to_string()).or_default() += 1;
    }
    counts
}

#[test]
fn the_own_cell_comes_first_and_its_alias_only_where_it_has_nobody() {
    let choice = order(Mode::Cell, &[], &["a-1", "a-2", "b-1", "z-1"]);
    let counts = picks(&choice, (0..1_000).map(|_| None));
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["a-0000000001", "a-0000000002"]);
    let own: Vec<TabletAlias> = ["a-1", "a-2"].map(|one| one.parse().unwrap()).to_vec();
    assert_eq!(choice.pick(&own, None).unwrap().alias().to_string(), "b-0000000001");
}

#[test]
fn at_random_the_cell_does_not_count_unless_cells_are_given() {
    let all = ["a-1", "b-1", "c-1"];
    let counts = picks(&order(Mode::Random, &[], &all), (0..3_000).map(|_| None));
    assert_eq!(counts.len(), 3);
    assert!(counts.values().all(|count| *count > 700), "{counts:?}");
    let counts = picks(&order(Mode::Random, &["b", "c"], &all), (0..100).map(|_| None));
    assert!(!counts.contains_key("a-0000000001"));
}

#[test]
fn a_session_keeps_its_tablet_and_sessions_spread() {
    let all = ["a-1", "a-2", "a-3", "b-1"];
    let choice = order(Mode::Session, &[], &all);
    let counts = picks(&choice, (0..3_000).map(Some));
    assert_eq!(counts.len(), 3, "one cell's tablets");
    assert!(counts.values().all(|count| *count > 700), "{counts:?}");
    let without = order(Mode::Session, &[], &["a-2", "a-3", "b-1"]);
    for session in 0..500 {
        let first = choice.pick(&[], Some(session)).unwrap();
        assert_eq!(first.alias(), choice.pick(&[], Some(session)).unwrap().alias());
        let then = without.pick(&[], Some(session)).unwrap();
        if first.alias().uid != 1 {
            assert_eq!(first.alias(), then.alias(), "who need not move stays");
        }
    }
}

#[test]
fn cells_with_fewer_tablets_send_the_rest_to_those_with_more() {
    // Each of the four tablets gets a quarter of all; each of the two cells sends a half.
    let gates = ["a", "b"].map(str::to_owned);
    let close = |found: Vec<f64>, wanted: [f64; 4]| {
        found.iter().zip(wanted).for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{found:?}"));
    };
    close(shares("a", &gates, &["a", "b", "b", "b"]), [0.5, 1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0]);
    close(shares("b", &gates, &["a", "b", "b", "b"]), [0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]);
    close(shares("a", &gates, &["a", "a", "b", "b"]), [0.5, 0.5, 0.0, 0.0]);
    // A cell without tablets sends all of its reads away; one without gateways only takes.
    close(shares("a", &gates, &["b", "b", "c", "c"]), [0.0, 0.0, 0.5, 0.5]);
}

#[test]
fn those_that_get_nothing_serve_when_the_others_are_gone() {
    let choice = order(Mode::PreferCell, &["a", "b"], &["a-1", "b-1"]);
    let counts = picks(&choice, (0..200).map(|_| None));
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["a-0000000001"]);
    let own: TabletAlias = "a-1".parse().unwrap();
    assert_eq!(choice.pick(&[own], None).unwrap().alias().to_string(), "b-0000000001");
}

#[test]
fn keyspaces_that_are_not_named_are_shared_as_ever() {
    let balance =
        Balance { mode: Mode::Random, cells: Vec::new(), keyspaces: vec!["ks".to_owned()] };
    assert_eq!((balance.mode_of("ks"), balance.mode_of("other")), (Mode::Random, Mode::Cell));
    assert!(Mode::parse("nearest").is_err());
    for mode in [Mode::Cell, Mode::PreferCell, Mode::Random, Mode::Session] {
        assert_eq!(Mode::parse(mode.name()).unwrap(), mode);
    }
}

proptest! {
    /// Whatever the cells, all gateways together load all tablets alike, and send all their reads.
    #[test]
    fn all_tablets_do_the_same_work(
        tablets in prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "d"]), 1..12),
        gates in prop::sample::subsequence(vec!["a", "b", "c"], 1..=3),
    ) {
        let cells: Vec<String> = gates.iter().map(|one| (*one).to_owned()).collect();
        let mut loads = vec![0.0; tablets.len()];
        for gate in &gates {
            let shares = shares(gate, &cells, &tablets);
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{:?}", shares);
            for (load, share) in loads.iter_mut().zip(shares) {
                *load += share / gates.len() as f64;
            }
        }
        for load in &loads {
            prop_assert!((load - 1.0 / tablets.len() as f64).abs() < 1e-9, "{:?}", loads);
        }
    }
}
