//! The routing rules of tables that a workflow moves.

use std::collections::BTreeMap;

use crate::snapshot::{Place, ReadKind};
use crate::step::Side;

/// Routing rules by what they are for: `t`, `ks.t`, each also with `@replica` or `@rdonly`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(pub BTreeMap<String, Vec<String>>);

/// The tables of a move, and the keyspaces that it is between.
#[derive(Clone, Copy, Debug)]
pub struct Move<'a> {
    pub tables: &'a [String],
    pub source: &'a str,
    pub target: &'a str,
}

impl Move<'_> {
    fn keyspace(&self, side: Side) -> &str {
        match side {
            Side::Source => self.source,
            Side::Target => self.target,
        }
    }

    /// Returns the ways to name a table: bare, and in either keyspace.
    fn names(&self, table: &str) -> [String; 3] {
        [table.to_owned(), format!("{}.{table}", self.source), format!("{}.{table}", self.target)]
    }
}

impl Rules {
    /// Sends reads of some types to a side.
    pub fn route_reads(&mut self, of: Move<'_>, kinds: &[ReadKind], to: Side) {
        for table in of.tables {
            let place = format!("{}.{table}", of.keyspace(to));
            for name in of.names(table) {
                for kind in kinds {
                    self.0.insert(format!("{name}@{kind}"), vec![place.clone()]);
                }
            }
        }
    }

    /// Sends all that no rule for a type says otherwise about to the target.
    ///
    /// Types whose reads have no rule of their own stay where they are: they get one first.
    pub fn route_writes(&mut self, of: Move<'_>) {
        for kind in [ReadKind::Rdonly, ReadKind::Replica] {
            for table in of.tables {
                for name in of.names(table) {
                    let own = format!("{name}@{kind}");
                    if !self.0.contains_key(&own) {
                        let place = self.0.get(&name).cloned();
                        let place = place.unwrap_or_else(|| vec![format!("{}.{table}", of.source)]);
                        self.0.insert(own, place);
                    }
                }
            }
        }
        for table in of.tables {
            let place = vec![format!("{}.{table}", of.target)];
            self.0.remove(&format!("{}.{table}", of.target));
            self.0.insert(table.clone(), place.clone());
            self.0.insert(format!("{}.{table}", of.source), place);
        }
    }

    /// Takes out every rule of the tables; returns whether there was one.
    pub fn remove(&mut self, of: Move<'_>) -> bool {
        let before = self.0.len();
        for table in of.tables {
            for name in of.names(table) {
                for kind in ["", "@rdonly", "@replica", "@primary"] {
                    self.0.remove(&format!("{name}{kind}"));
                }
            }
        }
        self.0.len() != before
    }

    /// Returns where writes to the tables go.
    pub fn writes(&self, of: Move<'_>) -> Place {
        Place::of(of.tables.iter().map(|table| {
            let name = format!("{}.{table}", of.source);
            self.leads_to(of, table, self.0.get(&name).or_else(|| self.0.get(table)))
        }))
    }

    /// Returns where reads of a type go.
    pub fn reads(&self, of: Move<'_>, kind: ReadKind) -> Place {
        Place::of(of.tables.iter().map(|table| {
            let name = format!("{}.{table}", of.source);
            let rule = self.0.get(&format!("{name}@{kind}")).or_else(|| self.0.get(&name));
            self.leads_to(of, table, rule)
        }))
    }

    fn leads_to(&self, of: Move<'_>, table: &str, rule: Option<&Vec<String>>) -> bool {
        let place = format!("{}.{table}", of.target);
        rule.is_some_and(|to| to.contains(&place))
    }
}
