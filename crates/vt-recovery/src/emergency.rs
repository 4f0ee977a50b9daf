//! The loss of a primary: who has every acknowledged write, and how it takes over.

use vt_base::gtid::Position;
use vt_base::{Code, Error, TabletAlias, TabletType};

use crate::choice::{Wanted, candidates, most_advanced, nobody, wanted_cell};
use crate::step::repoint;
use crate::{
    CellRule, Promotion, Reach, ReparentKind, ReparentPlan, ShardSnapshot, Step, TabletState,
};

/// What the caller of an emergency reparent asks for.
#[derive(Clone, Debug)]
pub struct EmergencyRequest {
    pub new_primary: Option<TabletAlias>,
    /// Nothing happens unless the shard's record names this primary.
    pub expected_primary: Option<TabletAlias>,
    /// Tablets that do not count: neither their data nor their acknowledgements.
    pub ignore: Vec<TabletAlias>,
    pub cells: CellRule,
}

/// Decides the steps after the loss of a primary.
///
/// The snapshot is taken after replication was stopped on every tablet that could be reached, so
/// that no tablet in it can take or acknowledge another write of the old primary.
pub fn plan_emergency(
    snapshot: &ShardSnapshot,
    request: &EmergencyRequest,
) -> Result<ReparentPlan, Error> {
    if let Some(expected) = &request.expected_primary
        && snapshot.recorded_primary.as_ref() != Some(expected)
    {
        let found =
            snapshot.recorded_primary.as_ref().map_or("none".to_owned(), ToString::to_string);
        return Err(Error::new(
            Code::FailedPrecondition,
            format!("primary {found} is not equal to expected alias {expected}"),
        ));
    }
    let counted = without_ignored(snapshot, &request.ignore);
    check_nothing_hidden(&counted)?;
    let known: Vec<(&TabletState, &Position)> = counted
        .tablets
        .iter()
        .filter(|one| holds_data(one.tablet_type))
        .filter_map(|one| Some((one, one.received()?)))
        .collect();
    let furthest = most_advanced(&counted, &known)?;
    let elect = match &request.new_primary {
        Some(alias) => counted.known(alias)?,
        None => elect_survivor(&counted, request, furthest)?,
    };
    check_cell(request, snapshot.recorded_primary.as_ref(), elect)?;
    counted.check_electable(elect)?;
    counted.check_enough_ackers(&elect.alias)?;
    Ok(emergency_plan(&counted, furthest, elect))
}

fn without_ignored(snapshot: &ShardSnapshot, ignore: &[TabletAlias]) -> ShardSnapshot {
    let mut counted = snapshot.clone();
    counted.tablets.retain(|one| !ignore.contains(&one.alias));
    counted
}

/// A tablet in restore has no data of its own yet.
fn holds_data(tablet_type: TabletType) -> bool {
    tablet_type != TabletType::Restore
}

/// Refuses where a write may have been acknowledged that nobody reachable has.
///
/// A primary that cannot be reached had each write acknowledged by some of its ackers. As long as
/// fewer ackers than that are out of reach, every acknowledged write is on one that is in reach.
fn check_nothing_hidden(snapshot: &ShardSnapshot) -> Result<(), Error> {
    let needed = snapshot.durability.acks_required();
    if needed == 0 {
        return Ok(());
    }
    for tablet in &snapshot.tablets {
        if tablet.is_up() || snapshot.durability.promotion(tablet.tablet_type) == Promotion::Never {
            continue;
        }
        let hidden: Vec<String> = snapshot
            .ackers(&tablet.alias)
            .filter(|one| !one.is_up())
            .map(|one| one.alias.to_string())
            .collect();
        if hidden.len() >= needed {
            return Err(Error::new(
                Code::Unavailable,
                format!(
                    "cannot tell whether all acknowledged writes of {} are known: {} could have acknowledged them \
                     for {} and cannot be reached; start them, or pass --ignore-replicas to give up what only they have",
                    snapshot.shard,
                    hidden.join(", "),
                    tablet.alias
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses a named tablet of another cell where the request forbids it.
fn check_cell(
    request: &EmergencyRequest,
    old: Option<&TabletAlias>,
    elect: &TabletState,
) -> Result<(), Error> {
    match wanted_cell(request.cells, old) {
        Some(cell) if *elect.alias.cell != *cell => Err(Error::new(
            Code::FailedPrecondition,
            format!(
                "tablet {} is not in the cell {cell} of the old primary; leave out --prevent-cross-cell-promotion to allow it",
                elect.alias
            ),
        )),
        _ => Ok(()),
    }
}

/// Chooses the furthest tablet if it may be promoted, else the furthest of those that may.
fn elect_survivor<'a>(
    snapshot: &'a ShardSnapshot,
    request: &EmergencyRequest,
    furthest: &'a TabletState,
) -> Result<&'a TabletState, Error> {
    let old = snapshot.recorded_primary.as_ref();
    let wanted = Wanted { avoid: old, cell: wanted_cell(request.cells, old), lag_max: None };
    let (fit, mut refused) = candidates(snapshot, &wanted);
    if let Some(best) = fit.iter().find(|one| one.alias == furthest.alias)
        && snapshot.check_enough_ackers(&best.alias).is_ok()
    {
        return Ok(best);
    }
    let mut best: Option<(&TabletState, &Position)> = None;
    for tablet in fit {
        let Some(received) = tablet.received() else { continue };
        if let Err(err) = snapshot.check_enough_ackers(&tablet.alias) {
            refused.push(err.message().to_owned());
        } else if best.is_none_or(|(_, most)| !most.at_least(received)) {
            best = Some((tablet, received));
        }
    }
    best.map(|(tablet, _)| tablet).ok_or_else(|| nobody(snapshot, &refused))
}

fn emergency_plan(
    snapshot: &ShardSnapshot,
    furthest: &TabletState,
    elect: &TabletState,
) -> ReparentPlan {
    let mut steps = Vec::new();
    if let Reach::Up { executed, received, .. } = &furthest.reach
        && executed != received
    {
        steps.push(Step::ApplyRelayLog {
            tablet: furthest.alias.clone(),
            position: received.to_string(),
        });
    }
    let new = &elect.alias;
    let lacks = elect.executed() != furthest.received();
    if elect.alias != furthest.alias && lacks {
        steps.push(Step::Follow {
            tablet: new.clone(),
            source: furthest.alias.clone(),
            semi_sync: false,
        });
        steps.push(Step::CatchUp { tablet: new.clone(), source: furthest.alias.clone() });
    }
    let semi_sync = snapshot.durability.primary_waits();
    steps.push(Step::Promote { tablet: new.clone(), semi_sync });
    steps.push(Step::Record { tablet: new.clone() });
    // What cannot be reached now is pointed at the new primary when it comes back.
    let mut reached = snapshot.clone();
    reached.tablets.retain(TabletState::is_up);
    steps.push(repoint(&reached, new));
    ReparentPlan {
        kind: ReparentKind::Emergency,
        old_primary: snapshot.recorded_primary.clone(),
        new_primary: new.clone(),
        steps,
        note: format!("{new} takes over; the furthest tablet is {}", furthest.alias),
    }
}
