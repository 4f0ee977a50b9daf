//! Tables that statements may not touch for now: those whose traffic is being switched away.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use vt_base::{Code, Error, Result, Retry};

use super::plan::Plan;

/// The rules of the moment, by who set them.
#[derive(Default)]
pub struct Rules {
    denied: ArcSwap<BTreeMap<String, Denied>>,
}

/// Tables that are denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denied {
    pub tables: Vec<String>,
    /// Whether reads go on.
    pub allow_reads: bool,
}

impl Rules {
    /// Sets the tables that one source denies; an empty list lifts them.
    pub fn deny(&self, source: &str, denied: Denied) {
        self.denied.rcu(|rules| {
            let mut rules = BTreeMap::clone(rules);
            if denied.tables.is_empty() {
                rules.remove(source);
            } else {
                rules.insert(source.to_owned(), denied.clone());
            }
            rules
        });
    }

    /// Returns the rules by source.
    pub fn all(&self) -> Arc<BTreeMap<String, Denied>> {
        self.denied.load_full()
    }

    /// Refuses a statement on a denied table; the gateway waits for the switch and tries again.
    pub fn check(&self, plan: &Plan) -> Result<()> {
        let rules = self.denied.load();
        if rules.is_empty() {
            return Ok(());
        }
        for denied in rules.values() {
            let reads_only = !plan.kind.is_write();
            if denied.allow_reads && reads_only {
                continue;
            }
            if plan.tables.iter().any(|table| denied.tables.contains(table)) {
                let text = "disallowed due to rule: enforce denied tables";
                let error = Error::new(Code::FailedPrecondition, text);
                return Err(error.with_retry(Retry::Elsewhere));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_table_is_refused_until_the_rule_is_lifted() {
        let rules = Rules::default();
        let plan = Plan { tables: ["t".to_owned()].into(), ..Plan::new("select 1") };
        assert!(rules.check(&plan).is_ok());
        let tables = vec!["t".to_owned()];
        rules.deny("topo", Denied { tables: tables.clone(), allow_reads: false });
        let error = rules.check(&plan).unwrap_err();
        assert_eq!(error.message(), "disallowed due to rule: enforce denied tables");
        rules.deny("topo", Denied { tables, allow_reads: true });
        assert_eq!(rules.check(&plan).is_ok(), !plan.kind.is_write());
        rules.deny("topo", Denied::default());
        assert!(rules.check(&plan).is_ok() && rules.all().is_empty());
    }
}
