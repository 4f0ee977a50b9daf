//! What was compared, and the differences by group.

use std::collections::{BTreeMap, BTreeSet};

use crate::exceptions::Named;

use super::answer::{Answer, Aspect};

/// How many differences of a group are shown.
const SHOWN_MAX: usize = 200;

/// A difference between MySQL and us.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) group: String,
    pub(crate) expression: String,
    /// The directives that make its surroundings.
    pub(crate) directives: String,
    pub(crate) aspects: Vec<Aspect>,
    pub(crate) mysql: Answer,
    pub(crate) ours: Answer,
}

/// The outcome of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) compared: u64,
    pub(crate) refused: u64,
    pub(crate) accepted: BTreeMap<String, u64>,
    pub(crate) differences: Vec<Difference>,
    /// How many differences more there were, like those that are shown or past their number.
    pub(crate) hidden: u64,
    /// The forms that we never compute.
    pub(crate) missing: Vec<String>,
    /// What we refuse, and how often.
    pub(crate) refusals: BTreeMap<String, u64>,
}

impl Report {
    /// Returns the whole report as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let groups: BTreeSet<&str> =
            self.differences.iter().map(|difference| difference.group.as_str()).collect();
        for group in groups {
            let of_group: Vec<&Difference> =
                self.differences.iter().filter(|one| one.group == group).collect();
            text.push_str(&format!("== {group}: {} differences\n", of_group.len()));
            for difference in of_group.iter().take(SHOWN_MAX) {
                text.push_str(&difference.text());
            }
        }
        for (why, count) in &self.refusals {
            text.push_str(&format!("refused {count} times: {why}\n"));
        }
        for (reason, count) in &self.accepted {
            text.push_str(&format!("accepted {count} times: {reason}\n"));
        }
        if !self.missing.is_empty() {
            text.push_str(&format!("never computed: {}\n", self.missing.join("  ")));
        }
        text.push_str(&format!(
            "{} compared, {} refused by us, {} differ and {} like them, {} differ as accepted\n",
            self.compared,
            self.refused,
            self.differences.len(),
            self.hidden,
            self.accepted.values().sum::<u64>()
        ));
        text
    }
}

impl Difference {
    pub(crate) fn text(&self) -> String {
        let aspects: Vec<&str> = self.aspects.iter().map(|aspect| aspect.name()).collect();
        format!(
            "{}{}\n  in     {}\n  mysql  {}\n  ours   {}\n",
            self.directives,
            self.expression,
            aspects.join(", "),
            self.mysql,
            self.ours
        )
    }
}
