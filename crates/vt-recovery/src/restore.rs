//! Whose data a tablet takes over that is restored, and what it loses by that.

use std::time::Duration;

use vt_base::gtid::{GtidSet, Position};
use vt_base::{Code, Error, TabletAlias, TabletType};

/// A tablet as it stands before a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreView {
    pub alias: TabletAlias,
    pub tablet_type: TabletType,
    /// What its server calls itself, and the transactions that begin there.
    pub uuid: String,
    pub executed: Position,
    /// How far it is behind; `None` where it does not follow, or does not know.
    pub lag: Option<Duration>,
}

/// Who may give the data away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DonorRule {
    /// A tablet that follows well, or else the primary.
    #[default]
    Any,
    Primary,
    Tablet(TabletAlias),
}

/// How a tablet is restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestorePlan {
    /// Whose data it takes.
    pub donor: TabletAlias,
    /// What the donor has: the tablet has it too, and perhaps more, once it is restored.
    pub held: GtidSet,
    /// The transactions that only it has, and loses.
    pub errant: GtidSet,
}

impl RestorePlan {
    /// Returns whether a tablet that has these transactions has been restored.
    pub fn is_done(&self, executed: &GtidSet) -> bool {
        let kept = executed.subtract(&self.errant);
        executed.contains(&self.held) && kept.contains(executed)
    }
}

/// Returns the transactions of a tablet that its primary lacks.
///
/// What began on the primary came from there: it counts there as executed only once it is
/// acknowledged, and a replica may have executed it by then.
pub(crate) fn errant_beyond(executed: &GtidSet, primary: &GtidSet, primary_uuid: &str) -> GtidSet {
    let beyond = executed.subtract(primary);
    let mut errant = GtidSet::default();
    for (source, intervals) in beyond.sources() {
        if !source.uuid.eq_ignore_ascii_case(primary_uuid) {
            intervals.iter().for_each(|one| errant.add(source.clone(), *one));
        }
    }
    errant
}

/// Decides whose data a tablet takes: never those of one that has transactions which the primary
/// lacks.
pub fn plan_restore(
    own: &RestoreView,
    primary: &RestoreView,
    others: &[RestoreView],
    rule: &DonorRule,
) -> Result<RestorePlan, Error> {
    let refused = |message: String| Err(Error::new(Code::FailedPrecondition, message));
    let errant_of = |one: &RestoreView| {
        errant_beyond(&one.executed.gtid_set, &primary.executed.gtid_set, &primary.uuid)
    };
    let plan = |donor: &RestoreView| RestorePlan {
        donor: donor.alias.clone(),
        held: donor.executed.gtid_set.clone(),
        errant: errant_of(own),
    };
    match rule {
        DonorRule::Primary => Ok(plan(primary)),
        DonorRule::Tablet(wanted) if *wanted == primary.alias => Ok(plan(primary)),
        DonorRule::Tablet(wanted) => {
            let Some(donor) = others.iter().find(|one| one.alias == *wanted) else {
                return refused(format!(
                    "tablet {wanted}, which {} is to be restored from, is not another tablet of its \
                     shard, or does not answer",
                    own.alias
                ));
            };
            let errant = errant_of(donor);
            if !errant.is_empty() {
                return refused(format!(
                    "tablet {wanted}, which {} is to be restored from, has {errant}, which the \
                     primary {} lacks; name another one",
                    own.alias, primary.alias
                ));
            }
            Ok(plan(donor))
        }
        DonorRule::Any => {
            let follows = |one: &&RestoreView| {
                let gives = matches!(
                    one.tablet_type,
                    TabletType::Replica | TabletType::Rdonly | TabletType::Spare
                );
                gives && one.alias != own.alias && one.lag.is_some() && errant_of(one).is_empty()
            };
            // The nearest and freshest; the primary has enough to do.
            let order =
                |one: &&RestoreView| (one.alias.cell != own.alias.cell, one.lag, one.alias.clone());
            let donor = others.iter().filter(follows).min_by_key(order);
            Ok(plan(donor.unwrap_or(primary)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "16b1039f-22b6-11ed-b765-0a43f95f28a3";
    const B: &str = "26b1039f-22b6-11ed-b765-0a43f95f28a3";

    fn view(cell: &str, uid: u32, set: &str, lag: Option<u64>) -> RestoreView {
        RestoreView {
            alias: TabletAlias::new(cell, uid),
            tablet_type: TabletType::Replica,
            uuid: if uid == 100 { A.to_owned() } else { B.to_owned() },
            executed: format!("MySQL56/{set}").parse().unwrap(),
            lag: lag.map(Duration::from_secs),
        }
    }

    fn chosen(others: &[RestoreView], rule: &DonorRule) -> Result<RestorePlan, Error> {
        let own = view("zone1", 101, &format!("{A}:1-10,{B}:1-2"), None);
        plan_restore(&own, &view("zone1", 100, &format!("{A}:1-12"), None), others, rule)
    }

    #[test]
    fn the_nearest_and_freshest_that_follows_gives_its_data() {
        let far = view("zone2", 200, &format!("{A}:1-12"), Some(0));
        let late = view("zone1", 102, &format!("{A}:1-9"), Some(60));
        let near = view("zone1", 103, &format!("{A}:1-13"), Some(1));
        let broken = view("zone1", 104, &format!("{A}:1-12"), None);
        let errant = view("zone1", 105, &format!("{A}:1-12,{B}:7"), Some(0));
        let drained = RestoreView {
            tablet_type: TabletType::Drained,
            ..view("zone1", 106, &format!("{A}:1-12"), Some(0))
        };
        let plan = |others: &[RestoreView]| chosen(others, &DonorRule::Any).unwrap();
        let all = [far.clone(), late.clone(), near, broken.clone(), errant.clone(), drained];
        assert_eq!(plan(&all).donor.uid, 103, "what is not committed there yet is not errant");
        assert_eq!(plan(&[far.clone(), late, broken.clone()]).donor.uid, 102);
        assert_eq!(plan(&[far, broken.clone()]).donor.uid, 200);
        let last = plan(&[broken, errant]);
        assert_eq!(last.donor.uid, 100, "the primary, where nobody follows");
        assert_eq!(last.errant.to_string(), format!("{B}:1-2"));
        let has = |set: &str| last.is_done(&set.parse().unwrap());
        assert!(has(&format!("{A}:1-12")) && has(&format!("{A}:1-13")));
        assert!(!has(&format!("{A}:1-10,{B}:1-2")) && !has(&format!("{A}:1-12,{B}:2")));
        assert!(!has(""), "it has been emptied, and no more");
    }

    #[test]
    fn who_is_named_gives_its_data_unless_it_has_what_the_primary_lacks() {
        let well = view("zone1", 102, &format!("{A}:1-12"), Some(0));
        let errant = view("zone1", 103, &format!("{A}:1-12,{B}:7"), Some(0));
        let others = [well, errant];
        let named = |uid| DonorRule::Tablet(TabletAlias::new("zone1", uid));
        assert_eq!(chosen(&others, &named(102)).unwrap().donor.uid, 102);
        assert_eq!(chosen(&others, &named(100)).unwrap().donor.uid, 100);
        assert_eq!(chosen(&others, &DonorRule::Primary).unwrap().donor.uid, 100);
        let err = chosen(&others, &named(103)).unwrap_err();
        assert!(err.message().contains(&format!("has {B}:7, which the primary")), "{err}");
        assert!(chosen(&others, &named(104)).unwrap_err().message().contains("not another tablet"));
    }
}
