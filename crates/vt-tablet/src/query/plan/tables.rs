//! The tables that a statement names, and signs in a query of what it does besides reading.

use vt_sql::ast::{Expr, Query, Statement, TableName, TableRef};
use vt_sql::visit::{Node, Visitor, Walk};

/// Functions that take or give back named locks, which belong to a connection.
const LOCK_FUNCTIONS: [&str; 5] =
    ["get_lock", "release_lock", "release_all_locks", "is_free_lock", "is_used_lock"];

/// Functions whose value differs from call to call, or that take time on purpose.
const VOLATILE_FUNCTIONS: [&str; 11] = [
    "rand",
    "uuid",
    "uuid_short",
    "sleep",
    "benchmark",
    "sysdate",
    "last_insert_id",
    "row_count",
    "found_rows",
    "connection_id",
    "master_pos_wait",
];

/// What a query does besides reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) locks_names: bool,
    pub(super) locks_rows: bool,
    pub(super) assigns: bool,
    pub(super) volatile: bool,
}

/// Collects names of tables, and of those that queries make for themselves.
#[derive(Default)]
struct Names {
    named: Vec<String>,
    made: Vec<String>,
}

impl<'a> Visitor<'a> for Names {
    fn query(&mut self, query: &'a Query<'a>) -> Walk {
        let made = query.with.iter().flat_map(|with| with.tables);
        self.made.extend(made.map(|table| table.name.as_str().to_owned()));
        Walk::Into
    }

    fn table_name(&mut self, name: &TableName<'a>) {
        let text = name.name.as_str();
        if !name.is_dual() && !self.named.iter().any(|one| one == text) {
            self.named.push(text.to_owned());
        }
    }
}

impl Names {
    /// Tables that a query makes for itself are none of the database's.
    fn finish(mut self) -> Vec<String> {
        self.named.retain(|name| !self.made.contains(name));
        self.named
    }
}

/// Returns the tables that a statement names, each once, in order of first appearance.
pub(super) fn named(statement: &Statement<'_>) -> Vec<String> {
    let mut names = Names::default();
    // Nothing here stops the walk.
    let _ = statement.walk(&mut names);
    names.finish()
}

/// Returns the first table of a FROM.
pub(super) fn first_of(from: &[TableRef<'_>]) -> Option<String> {
    match from.first()? {
        TableRef::Table(factor) => Some(factor.name.name.as_str().to_owned()),
        TableRef::Paren(refs) => first_of(refs),
        _ => None,
    }
}

/// Looks for signs in a query and in those within it.
pub(super) fn signs<'a>(query: &'a Query<'a>) -> Signs {
    let mut signs = Signs::default();
    let _ = query.walk(&mut signs);
    signs
}

impl<'a> Visitor<'a> for Signs {
    fn query(&mut self, query: &'a Query<'a>) -> Walk {
        self.locks_rows |= !query.locks.is_empty();
        Walk::Into
    }

    fn expr(&mut self, expr: &Expr<'a>) -> Walk {
        match expr {
            Expr::Assign(_) => self.assigns = true,
            Expr::Variable(_) => self.volatile = true,
            Expr::Function(function) => {
                let is = |names: &[&str]| names.iter().any(|name| function.name.is(name));
                self.locks_names |= is(&LOCK_FUNCTIONS);
                self.volatile |= is(&VOLATILE_FUNCTIONS);
            }
            _ => {}
        }
        Walk::Into
    }
}
