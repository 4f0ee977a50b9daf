//! The vschema as a query sees it that is sent along to where its tables are being moved.

use std::sync::Arc;

use crate::vschema::RoutingRule;
use crate::{Table, VSchema};

impl VSchema {
    /// Returns how many percent of the reads of some tables go along to their mirrors: the least of
    /// what the rules of these tables say. `keyspace.table`; 0 where no rule is of any.
    pub fn mirror_percent(&self, tables: &[String], tablet_type: vt_base::TabletType) -> f32 {
        let of_table = |table: &String| {
            let own = format!("{table}@{tablet_type}");
            let rule = |from: &str| self.mirror_rules.iter().find(|rule| rule.from_table == from);
            rule(&own).or_else(|| rule(table)).map(|rule| rule.percent)
        };
        tables.iter().filter_map(of_table).reduce(f32::min).unwrap_or(0.0)
    }

    /// Returns a vschema in which tables with a mirror are where that is.
    ///
    /// A rule whose mirror is not there changes nothing.
    #[must_use]
    pub fn mirrored(&self) -> VSchema {
        let mut next = self.clone();
        for rule in &self.mirror_rules {
            let Ok(to) = self.rule_target(&rule.to_table) else { continue };
            let (from, kind) = match rule.from_table.split_once('@') {
                Some((from, kind)) => (from, format!("@{kind}")),
                None => (rule.from_table.as_str(), String::new()),
            };
            let is_from = |table: &Arc<Table>| table.qualified_name() == from;
            let routed = self.routing_rules.iter().filter(|(name, target)| {
                let suffix = name.split_once('@').map_or("", |(_, kind)| kind);
                let is_of_kind = kind.is_empty() || suffix.is_empty() || kind[1..] == *suffix;
                is_of_kind && matches!(target, RoutingRule::To(table) if is_from(table))
            });
            let mut names: Vec<String> = routed.map(|(name, _)| name.clone()).collect();
            names.push(from.to_owned());
            let bare = from.split_once('.').map_or(from, |(_, name)| name);
            if self.global_tables.get(bare).is_some_and(|one| one.as_ref().is_some_and(is_from)) {
                names.push(bare.to_owned());
            }
            for name in names {
                let has_kind = name.contains('@');
                let name = if has_kind { name } else { format!("{name}{kind}") };
                next.routing_rules.insert(name, RoutingRule::To(to.clone()));
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use vt_base::TabletType;

    use crate::VSchema;
    use crate::spec::{KeyspaceSpec, MirrorRuleSpec, RoutingRuleSpec, SrvVSchemaSpec};

    fn vschema(rules: &[(&str, f32)]) -> VSchema {
        let keyspaces = ["a", "b"].map(|name| (name.to_owned(), KeyspaceSpec::default()));
        VSchema::build(&SrvVSchemaSpec {
            keyspaces: keyspaces.into(),
            routing_rules: vec![RoutingRuleSpec {
                from_table: "t".into(),
                to_tables: vec!["a.t".into()],
            }],
            mirror_rules: rules
                .iter()
                .map(|(from, percent)| MirrorRuleSpec {
                    from_table: (*from).into(),
                    to_table: "b.t".into(),
                    percent: *percent,
                })
                .collect(),
            ..SrvVSchemaSpec::default()
        })
    }

    fn place(vschema: &VSchema, name: &str, tablet_type: TabletType) -> String {
        let (keyspace, table) = match name.split_once('.') {
            Some((keyspace, table)) => (Some(keyspace), table),
            None => (None, name),
        };
        vschema.find_table(keyspace, table, tablet_type).unwrap().qualified_name()
    }

    #[test]
    fn every_name_of_a_table_leads_to_its_mirror() {
        let plain = vschema(&[("a.t", 10.0)]);
        let mirrored = plain.mirrored();
        for name in ["t", "a.t"] {
            assert_eq!(place(&plain, name, TabletType::Primary), "a.t");
            assert_eq!(place(&mirrored, name, TabletType::Primary), "b.t");
            assert_eq!(place(&mirrored, name, TabletType::Replica), "b.t");
        }
        assert_eq!(place(&mirrored, "a.other", TabletType::Primary), "a.other");
    }

    #[test]
    fn a_rule_for_a_type_is_for_that_type() {
        let plain = vschema(&[("a.t@replica", 10.0)]);
        let mirrored = plain.mirrored();
        assert_eq!(place(&mirrored, "t", TabletType::Replica), "b.t");
        assert_eq!(place(&mirrored, "t", TabletType::Primary), "a.t");
        let tables = ["a.t".to_owned(), "a.other".to_owned()];
        assert_eq!(plain.mirror_percent(&tables, TabletType::Replica), 10.0);
        assert_eq!(plain.mirror_percent(&tables, TabletType::Primary), 0.0);
    }
}
