//! Which of several tablets is furthest, and whether one can be furthest at all.

use vt_base::gtid::Position;
use vt_base::{Code, Error, TabletAlias};

use crate::{CellRule, Durability, Promotion, Reach, ShardSnapshot, TabletState};

/// Returns the tablet whose position holds the positions of all others; the first alias of several.
///
/// Where two tablets each have what the other lacks, the error names both and the transactions.
pub(crate) fn most_advanced<'a>(
    shard: &ShardSnapshot,
    tablets: &[(&'a TabletState, &Position)],
) -> Result<&'a TabletState, Error> {
    let Some(mut best) = tablets.first().copied() else {
        let message = format!("no tablet of the shard {} can be reached", shard.shard);
        return Err(Error::new(Code::Unavailable, message));
    };
    for candidate in &tablets[1..] {
        if candidate.1.at_least(best.1) && !best.1.at_least(candidate.1) {
            best = *candidate;
        }
    }
    for other in tablets {
        if !best.1.at_least(other.1) {
            return Err(diverged(shard, (&best.0.alias, best.1), (&other.0.alias, other.1)));
        }
    }
    Ok(best.0)
}

/// Says that two tablets have both taken writes that the other lacks.
fn diverged(
    shard: &ShardSnapshot,
    one: (&TabletAlias, &Position),
    other: (&TabletAlias, &Position),
) -> Error {
    let only_one = one.1.gtid_set.subtract(&other.1.gtid_set);
    let only_other = other.1.gtid_set.subtract(&one.1.gtid_set);
    Error::new(
        Code::FailedPrecondition,
        format!(
            "tablets of the shard {} have diverged: only {} has {only_one}, only {} has {only_other}; \
             decide which of the two is to be lost, take that tablet out (DeleteTablets, or --ignore-replicas), \
             and run the command again",
            shard.shard, one.0, other.0
        ),
    )
}

/// What a tablet must be in order to be chosen.
pub(crate) struct Wanted<'a> {
    pub avoid: Option<&'a TabletAlias>,
    /// The cell that the new primary has to be in.
    pub cell: Option<&'a str>,
    pub lag_max: Option<std::time::Duration>,
}

/// Returns the tablets that may be chosen, and for each other one why not.
pub(crate) fn candidates<'a>(
    snapshot: &'a ShardSnapshot,
    wanted: &Wanted<'_>,
) -> (Vec<&'a TabletState>, Vec<String>) {
    let mut fit = Vec::new();
    let mut refused = Vec::new();
    for tablet in &snapshot.tablets {
        if Some(&tablet.alias) == wanted.avoid {
            continue;
        }
        match unfit(tablet, snapshot.durability, wanted) {
            None => fit.push(tablet),
            Some(reason) => refused.push(format!("{}: {reason}", tablet.alias)),
        }
    }
    (fit, refused)
}

/// Returns why a tablet cannot be chosen, `None` if it can.
fn unfit(tablet: &TabletState, durability: Durability, wanted: &Wanted<'_>) -> Option<String> {
    if durability.promotion(tablet.tablet_type) == Promotion::Never {
        return Some(format!("is of type {}", tablet.tablet_type));
    }
    if let Some(cell) = wanted.cell
        && *tablet.alias.cell != *cell
    {
        return Some(format!("is not in the cell {cell}"));
    }
    match &tablet.reach {
        Reach::Down { reason } => Some(format!("cannot be reached: {reason}")),
        Reach::Up { in_backup: true, .. } => Some("is taking a backup".to_owned()),
        Reach::Up { lag, .. } => {
            let limit = wanted.lag_max.filter(|limit| !limit.is_zero())?;
            match lag {
                Some(lag) if *lag <= limit => None,
                Some(lag) => Some(format!("is {} s behind", lag.as_secs())),
                None => Some("does not know how far it is behind".to_owned()),
            }
        }
    }
}

/// Returns the cell that a new primary has to be in.
pub(crate) fn wanted_cell(rule: CellRule, old: Option<&TabletAlias>) -> Option<&str> {
    match rule {
        CellRule::SameCell => old.map(|alias| &*alias.cell),
        CellRule::AnyCell => None,
    }
}

/// Says that nobody can be chosen, with the reason for each.
pub(crate) fn nobody(snapshot: &ShardSnapshot, refused: &[String]) -> Error {
    let reasons =
        if refused.is_empty() { "it has no other".to_owned() } else { refused.join("; ") };
    Error::new(
        Code::FailedPrecondition,
        format!("cannot find a tablet to promote in the shard {}: {reasons}", snapshot.shard),
    )
}
