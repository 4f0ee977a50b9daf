//! What was compared, and the differences by group.

use std::collections::{BTreeMap, BTreeSet};

use crate::exceptions::Named;

use super::answer::{Answer, Aspect};

/// How many differences of a group are shown.
const SHOWN_MAX: usize = 200;
/// How many forms are listed, those that come most often first.
const FORMS_MAX: usize = 300;

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
    /// How many expressions differ, shown or not.
    pub(crate) differing: u64,
    /// In what they differ, and how many do.
    pub(crate) aspects: BTreeMap<Aspect, u64>,
    /// How many come to the same form when they are made small.
    pub(crate) forms: BTreeMap<String, u64>,
    /// The forms that we never compute.
    pub(crate) missing: Vec<String>,
    /// Expressions that ended the server: what was asked is told, and not compared.
    pub(crate) fatal: Vec<String>,
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
        for expression in &self.fatal {
            text.push_str(&format!("== the server ended\n{expression}\n"));
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
        let mut forms: Vec<(&String, &u64)> = self.forms.iter().collect();
        forms.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (form, count) in forms.into_iter().take(FORMS_MAX) {
            text.push_str(&format!("{count} times: {form}\n"));
        }
        for (aspect, count) in &self.aspects {
            text.push_str(&format!("{count} differ in {}\n", aspect.name()));
        }
        text.push_str(&format!(
            "{} compared, {} refused by us, {} ended the server, {} differ, {} differ as accepted\n",
            self.compared,
            self.refused,
            self.fatal.len(),
            self.differing,
            self.accepted.values().sum::<u64>()
        ));
        text
    }

    /// Counts an expression that differs.
    pub(crate) fn count(&mut self, aspects: &[Aspect]) {
        self.differing += 1;
        for aspect in aspects {
            *self.aspects.entry(*aspect).or_default() += 1;
        }
    }

    /// Takes in what another session has compared.
    pub(crate) fn join(&mut self, other: Report) {
        self.compared += other.compared;
        self.refused += other.refused;
        self.differing += other.differing;
        add(&mut self.accepted, other.accepted);
        add(&mut self.aspects, other.aspects);
        add(&mut self.forms, other.forms);
        add(&mut self.refusals, other.refusals);
        self.missing.extend(other.missing);
        self.fatal.extend(other.fatal);
        for difference in other.differences {
            if !self.differences.iter().any(|one| one.expression == difference.expression) {
                self.differences.push(difference);
            }
        }
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *counts.entry(key).or_default() += count;
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
