//! Planned changes of a primary: first election, hand-over, repair.

use std::time::Duration;

use vt_base::gtid::Position;
use vt_base::{Code, Error, TabletAlias};

use crate::choice::{Wanted, candidates, most_advanced, nobody, wanted_cell};
use crate::step::repoint;
use crate::{CellRule, Reach, ReparentKind, ReparentPlan, ShardSnapshot, Step, TabletState};

/// What the caller of a planned reparent asks for.
#[derive(Clone, Debug)]
pub struct PlannedRequest {
    pub new_primary: Option<TabletAlias>,
    pub avoid_primary: Option<TabletAlias>,
    /// Nothing happens unless this is the primary now.
    pub expected_primary: Option<TabletAlias>,
    /// A replica further behind is not chosen; zero means no limit.
    pub tolerable_lag: Duration,
    pub cells: CellRule,
}

/// Decides the steps of a planned reparent.
pub fn plan_planned(
    snapshot: &ShardSnapshot,
    request: &PlannedRequest,
) -> Result<ReparentPlan, Error> {
    check_request(snapshot, request)?;
    match (snapshot.current_primary()?, &snapshot.recorded_primary) {
        (Some(primary), _) => plan_with_primary(snapshot, request, primary),
        (None, None) => plan_election(snapshot, request, ReparentKind::FirstElection),
        (None, Some(_)) => plan_election(snapshot, request, ReparentKind::Orphaned),
    }
}

fn check_request(snapshot: &ShardSnapshot, request: &PlannedRequest) -> Result<(), Error> {
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
    if let (Some(new), Some(avoid)) = (&request.new_primary, &request.avoid_primary)
        && new == avoid
    {
        return Err(Error::new(
            Code::InvalidArgument,
            format!("primary-elect tablet {new} is the same as the tablet to avoid"),
        ));
    }
    for alias in request.new_primary.iter().chain(&request.avoid_primary) {
        snapshot.known(alias)?;
    }
    Ok(())
}

fn plan_with_primary(
    snapshot: &ShardSnapshot,
    request: &PlannedRequest,
    primary: &TabletState,
) -> Result<ReparentPlan, Error> {
    if request.new_primary.is_none()
        && let Some(avoid) = &request.avoid_primary
        && *avoid != primary.alias
    {
        return Ok(ReparentPlan {
            kind: ReparentKind::Repair,
            old_primary: Some(primary.alias.clone()),
            new_primary: primary.alias.clone(),
            steps: Vec::new(),
            note: format!("current primary {} is not {avoid}; nothing to do", primary.alias),
        });
    }
    if let Reach::Down { reason } = &primary.reach {
        return Err(Error::new(
            Code::Unavailable,
            format!(
                "primary {} of the shard {} cannot be reached: {reason}; \
                 if it is lost, run EmergencyReparentShard {}",
                primary.alias, snapshot.shard, snapshot.shard
            ),
        ));
    }
    if request.new_primary.as_ref() == Some(&primary.alias) {
        return plan_repair(snapshot, primary);
    }
    let elect = match &request.new_primary {
        Some(alias) => snapshot.known(alias)?,
        None => elect_successor(snapshot, request, primary)?,
    };
    plan_hand_over(snapshot, primary, elect)
}

/// The primary stays; the others are pointed at it, as after a run that broke off.
fn plan_repair(snapshot: &ShardSnapshot, primary: &TabletState) -> Result<ReparentPlan, Error> {
    snapshot.check_enough_ackers(&primary.alias)?;
    let alias = &primary.alias;
    Ok(ReparentPlan {
        kind: ReparentKind::Repair,
        old_primary: Some(alias.clone()),
        new_primary: alias.clone(),
        steps: vec![
            Step::MakeWritable { tablet: alias.clone() },
            Step::Record { tablet: alias.clone() },
            repoint(snapshot, alias),
        ],
        note: format!("{alias} is primary already; replication of the others is set again"),
    })
}

/// Chooses the replica that is furthest and could have its writes acknowledged.
fn elect_successor<'a>(
    snapshot: &'a ShardSnapshot,
    request: &PlannedRequest,
    primary: &TabletState,
) -> Result<&'a TabletState, Error> {
    let wanted = Wanted {
        avoid: Some(&primary.alias),
        cell: wanted_cell(request.cells, Some(&primary.alias)),
        lag_max: Some(request.tolerable_lag),
    };
    let (fit, mut refused) = candidates(snapshot, &wanted);
    let mut best: Option<(&TabletState, &Position)> = None;
    for tablet in fit {
        let Some(executed) = tablet.executed() else { continue };
        if let Err(err) = check_no_errant(primary, tablet) {
            refused.push(err.message().to_owned());
        } else if let Err(err) = snapshot.check_enough_ackers(&tablet.alias) {
            refused.push(err.message().to_owned());
        } else if best.is_none_or(|(_, most)| !most.at_least(executed)) {
            best = Some((tablet, executed));
        }
    }
    best.map(|(tablet, _)| tablet).ok_or_else(|| nobody(snapshot, &refused))
}

/// Refuses a replica with transactions that its primary never had.
fn check_no_errant(primary: &TabletState, replica: &TabletState) -> Result<(), Error> {
    let (Some(source), Some(own)) = (primary.executed(), replica.executed()) else {
        return Ok(());
    };
    let errant = own.gtid_set.subtract(&source.gtid_set);
    if errant.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Code::FailedPrecondition,
        format!(
            "tablet {} has transactions that the primary {} lacks ({errant}); restore it from a backup before it is promoted",
            replica.alias, primary.alias
        ),
    ))
}

fn plan_hand_over(
    snapshot: &ShardSnapshot,
    primary: &TabletState,
    elect: &TabletState,
) -> Result<ReparentPlan, Error> {
    snapshot.check_electable(elect)?;
    check_no_errant(primary, elect)?;
    snapshot.check_enough_ackers(&elect.alias)?;
    let durability = snapshot.durability;
    let (old, new) = (&primary.alias, &elect.alias);
    Ok(ReparentPlan {
        kind: ReparentKind::HandOver,
        old_primary: Some(old.clone()),
        new_primary: new.clone(),
        steps: vec![
            // The elect is nearly level before the primary stops, so that the pause is short.
            Step::Follow {
                tablet: new.clone(),
                source: old.clone(),
                semi_sync: durability.may_ack(old, new, elect.tablet_type),
            },
            Step::CatchUp { tablet: new.clone(), source: old.clone() },
            Step::Demote { tablet: old.clone() },
            Step::ReachDemoted { tablet: new.clone() },
            Step::Promote { tablet: new.clone(), semi_sync: durability.primary_waits() },
            Step::Record { tablet: new.clone() },
            repoint(snapshot, new),
        ],
        note: format!("{old} hands over to {new}"),
    })
}

/// Chooses a primary where there is none. Every tablet has to answer: one that does not may hold
/// writes that the others lack.
fn plan_election(
    snapshot: &ShardSnapshot,
    request: &PlannedRequest,
    kind: ReparentKind,
) -> Result<ReparentPlan, Error> {
    let mut known = Vec::with_capacity(snapshot.tablets.len());
    for tablet in &snapshot.tablets {
        match &tablet.reach {
            Reach::Up { received, .. } => known.push((tablet, received)),
            Reach::Down { reason } => {
                return Err(Error::new(
                    Code::Unavailable,
                    format!(
                        "tablet {} of the shard {} cannot be reached and may hold data: {reason}; \
                         start it, or remove its record with DeleteTablets {}, and run the command again",
                        tablet.alias, snapshot.shard, tablet.alias
                    ),
                ));
            }
        }
    }
    let furthest = most_advanced(snapshot, &known)?;
    let everything = furthest.received().cloned().unwrap_or_default();
    let elect = match &request.new_primary {
        Some(alias) => snapshot.known(alias)?,
        None => elect_first(snapshot, request, &everything)?,
    };
    snapshot.check_electable(elect)?;
    if !elect.received().is_some_and(|own| own.at_least(&everything)) {
        return Err(Error::new(
            Code::FailedPrecondition,
            format!(
                "primary-elect tablet {} lacks transactions that {} has; name {} with --new-primary",
                elect.alias, furthest.alias, furthest.alias
            ),
        ));
    }
    snapshot.check_enough_ackers(&elect.alias)?;
    Ok(election_plan(snapshot, kind, elect, &everything))
}

/// Chooses among the tablets that have everything, those in the recorded primary's cell first.
fn elect_first<'a>(
    snapshot: &'a ShardSnapshot,
    request: &PlannedRequest,
    everything: &Position,
) -> Result<&'a TabletState, Error> {
    let wanted = Wanted { avoid: request.avoid_primary.as_ref(), cell: None, lag_max: None };
    let (fit, mut refused) = candidates(snapshot, &wanted);
    let home = snapshot.recorded_primary.as_ref().map(|alias| &alias.cell);
    let mut able: Vec<&TabletState> = Vec::new();
    for tablet in fit {
        if !tablet.received().is_some_and(|own| own.at_least(everything)) {
            refused.push(format!("{}: lacks transactions that another has", tablet.alias));
        } else if let Err(err) = snapshot.check_enough_ackers(&tablet.alias) {
            refused.push(err.message().to_owned());
        } else {
            able.push(tablet);
        }
    }
    able.iter()
        .find(|one| Some(&one.alias.cell) == home)
        .or(able.first())
        .copied()
        .ok_or_else(|| nobody(snapshot, &refused))
}

fn election_plan(
    snapshot: &ShardSnapshot,
    kind: ReparentKind,
    elect: &TabletState,
    everything: &Position,
) -> ReparentPlan {
    let alias = &elect.alias;
    let semi_sync = snapshot.durability.primary_waits();
    let mut steps = Vec::new();
    if everything.is_empty() {
        steps.push(Step::Init { tablet: alias.clone(), semi_sync });
    } else {
        if elect.executed() != elect.received() {
            steps.push(Step::ApplyRelayLog {
                tablet: alias.clone(),
                position: everything.to_string(),
            });
        }
        steps.push(Step::Promote { tablet: alias.clone(), semi_sync });
    }
    steps.push(Step::Record { tablet: alias.clone() });
    steps.push(repoint(snapshot, alias));
    let what = match kind {
        ReparentKind::FirstElection => "becomes the first primary",
        _ => "becomes primary where none was left",
    };
    ReparentPlan {
        kind,
        old_primary: snapshot.recorded_primary.clone(),
        new_primary: alias.clone(),
        steps,
        note: format!("{alias} {what}"),
    }
}
