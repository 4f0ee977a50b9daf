//! The columns of joins that name what they join by: USING and NATURAL.
//!
//! Such a column stands once among those of the join: the left side's, or of a RIGHT JOIN the
//! right side's. The other one is found by its table's name alone, and no star has it.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_sql::Arena;
use vt_sql::ast::{
    ColumnName, CommonTable, Expr, Ident, Join, JoinCondition, JoinKind, Query, QueryBody, Select,
    TableName, TableRef,
};
use vt_vschema::table::same_name;

use super::scope::{Entry, Resolved, Scope};
use crate::planner::Planner;
use crate::tree::{Rewrite, rewrite_children, rewrite_query};

/// A column with the table that it is of.
#[derive(Clone, Debug)]
pub(crate) struct JoinedColumn<'a> {
    pub(crate) entry: Rc<Entry<'a>>,
    pub(crate) name: Arc<str>,
}

impl<'a> Planner<'a> {
    /// Tells a scope of the columns that its joins name.
    pub(crate) fn merge_columns(
        &self,
        tables: &'a [TableRef<'a>],
        scope: &mut Scope<'a>,
    ) -> Result<(), Error> {
        if !tables.iter().any(names_columns) {
            return Ok(());
        }
        let mut hidden = Vec::new();
        let mut all = Some(Vec::new());
        for table in tables {
            let columns = visible(*table, scope, &mut hidden)?;
            all = match (all, columns) {
                (Some(mut all), Some(columns)) => {
                    all.extend(columns);
                    Some(all)
                }
                _ => None,
            };
        }
        scope.hidden = hidden;
        scope.joined = all;
        Ok(())
    }

    /// Returns the names of the columns that a join says are equal: those of USING, or for a
    /// NATURAL join all that both sides have.
    pub(crate) fn joined_names(
        &self,
        join: &Join<'a>,
        scope: &Scope<'a>,
    ) -> Result<Vec<Ident<'a>>, Error> {
        let names = common_names(join, scope, &mut Vec::new())?;
        Ok(names.iter().map(|name| Ident::new(self.arena.text(name))).collect())
    }

    /// Writes the table before every column of a select whose joins merge columns: apart from its
    /// FROM, the bare names could be those of several tables.
    pub(crate) fn qualified(
        &self,
        query: &'a Query<'a>,
        select: &'a Select<'a>,
        parent: Option<&Rc<Scope<'a>>>,
        common: &[&'a CommonTable<'a>],
    ) -> Result<(&'a Query<'a>, &'a Select<'a>), Error> {
        if !select.from.iter().any(names_columns) {
            return Ok((query, select));
        }
        let scope = self.scope_of(select, parent, common)?;
        let nothing = Rc::new(Scope::default());
        let around = parent.unwrap_or(&nothing);
        let mut names = Vec::new();
        let own = scope.own_tables();
        self.each_column_of_query(query, around, common, &mut |column, resolved| {
            if let Resolved::One { entry, .. } = resolved
                && column.table.is_none()
                && entry.id.overlaps(own)
            {
                names.push((std::ptr::from_ref(column), entry.name));
            }
        })?;
        if names.is_empty() {
            return Ok((query, select));
        }
        let query = rewrite_query(&mut Qualify { planner: self, names }, query)?;
        match query.body {
            QueryBody::Select(select) => Ok((query, select)),
            _ => Err(Error::bug("a select has become something else")),
        }
    }
}

struct Qualify<'p, 'a> {
    planner: &'p Planner<'a>,
    names: Vec<(*const ColumnName<'a>, Ident<'a>)>,
}

impl<'a> Rewrite<'a> for Qualify<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        let Expr::Column(column) = expr else { return rewrite_children(self, expr) };
        let held = self.names.iter().find(|(place, _)| std::ptr::eq(*place, column));
        let Some((_, table)) = held else { return Ok(expr) };
        let table = Some(TableName { qualifier: None, name: *table });
        Ok(Expr::Column(self.arena().node(ColumnName { table, name: column.name })))
    }
}

/// Returns whether a table is joined by columns that it names, or by all that are common.
fn names_columns(table: &TableRef<'_>) -> bool {
    match table {
        TableRef::Join(join) => {
            matches!(join.condition, JoinCondition::Using(_))
                || is_natural(join.kind)
                || names_columns(&join.left)
                || names_columns(&join.right)
        }
        TableRef::Paren(tables) => tables.iter().any(names_columns),
        _ => false,
    }
}

fn is_natural(kind: JoinKind) -> bool {
    matches!(kind, JoinKind::NaturalInner | JoinKind::NaturalLeft | JoinKind::NaturalRight)
}

/// Returns the columns that joins inside a table merge away.
pub(crate) fn hidden_in<'a>(
    table: TableRef<'a>,
    scope: &Scope<'a>,
) -> Result<Vec<JoinedColumn<'a>>, Error> {
    let mut hidden = Vec::new();
    visible(table, scope, &mut hidden)?;
    Ok(hidden)
}

/// Returns the columns of a table as a star shows them, `None` if they are not known; adds those
/// that are merged away to `hidden`.
fn visible<'a>(
    table: TableRef<'a>,
    scope: &Scope<'a>,
    hidden: &mut Vec<JoinedColumn<'a>>,
) -> Result<Option<Vec<JoinedColumn<'a>>>, Error> {
    let of = |name: Ident<'a>, keyspace: Option<Ident<'a>>| {
        let entry = scope.entries.iter().find(|entry| {
            entry.name == name
                && keyspace.is_none_or(|one| {
                    entry.keyspace.as_deref().is_none_or(|held| held == one.as_str())
                })
        });
        let entry = entry?;
        let columns = entry.source.star_columns()?;
        let columns = columns.into_iter();
        Some(
            columns
                .map(|column| JoinedColumn { entry: entry.clone(), name: column.name })
                .collect::<Vec<_>>(),
        )
    };
    match table {
        TableRef::Table(factor) if factor.name.is_dual() => Ok(Some(Vec::new())),
        TableRef::Table(factor) => Ok(of(factor.exposed_name(), factor.name.qualifier)),
        TableRef::Derived(derived) => Ok(derived.alias.and_then(|name| of(name, None))),
        TableRef::JsonTable(json) => Ok(json.alias.and_then(|name| of(name, None))),
        TableRef::Paren(tables) => {
            let mut all = Some(Vec::new());
            for table in tables {
                let columns = visible(*table, scope, hidden)?;
                all = all.zip(columns).map(|(mut all, columns)| {
                    all.extend(columns);
                    all
                });
            }
            Ok(all)
        }
        TableRef::Join(join) => visible_of_join(join, scope, hidden),
    }
}

fn visible_of_join<'a>(
    join: &Join<'a>,
    scope: &Scope<'a>,
    hidden: &mut Vec<JoinedColumn<'a>>,
) -> Result<Option<Vec<JoinedColumn<'a>>>, Error> {
    let names = common_names(join, scope, &mut Vec::new())?;
    let left = visible(join.left, scope, hidden)?;
    let right = visible(join.right, scope, hidden)?;
    let swapped = matches!(join.kind, JoinKind::Right | JoinKind::NaturalRight);
    let (first, second) = if swapped { (left.clone(), right) } else { (right, left.clone()) };
    // `second` keeps its columns, `first` loses those that are common.
    let is_common =
        |column: &JoinedColumn<'a>| names.iter().any(|name| same_name(name, &column.name));
    let (Some(loses), Some(keeps)) = (first, second) else {
        let side = if swapped { join.left } else { join.right };
        for name in &names {
            if let Some(entry) = owner(side, name, scope) {
                hidden.push(JoinedColumn { entry, name: name.clone() });
            }
        }
        return Ok(None);
    };
    let (lost, rest): (Vec<_>, Vec<_>) = loses.into_iter().partition(is_common);
    hidden.extend(lost);
    if names.is_empty() {
        // Nothing is merged: the left side's columns come first.
        let (mut all, rest) = if swapped { (rest, keeps) } else { (keeps, rest) };
        all.extend(rest);
        return Ok(Some(all));
    }
    let (mut all, kept): (Vec<_>, Vec<_>) = keeps.into_iter().partition(is_common);
    all.extend(kept);
    all.extend(rest);
    Ok(Some(all))
}

/// Finds the table of one side that has a column, as far as is known.
fn owner<'a>(side: TableRef<'a>, name: &str, scope: &Scope<'a>) -> Option<Rc<Entry<'a>>> {
    let mut names = Vec::new();
    crate::select::exposed_names(&side, &mut names);
    let entries = scope.entries.iter().filter(|entry| names.contains(&entry.name));
    let entries: Vec<_> = entries.cloned().collect();
    let side = Scope { entries, ..Scope::default() };
    match side.resolve(&ColumnName { table: None, name: Ident::new(name) }) {
        Ok(Resolved::One { entry, .. }) => Some(entry),
        _ => None,
    }
}

/// Returns the names of the columns that a join merges.
fn common_names<'a>(
    join: &Join<'a>,
    scope: &Scope<'a>,
    hidden: &mut Vec<JoinedColumn<'a>>,
) -> Result<Vec<Arc<str>>, Error> {
    if let JoinCondition::Using(names) = join.condition {
        return Ok(names.iter().map(|name| Arc::from(name.as_str())).collect());
    }
    if !is_natural(join.kind) {
        return Ok(Vec::new());
    }
    let left = visible(join.left, scope, hidden)?;
    let right = visible(join.right, scope, hidden)?;
    let (Some(left), Some(right)) = (left, right) else {
        return Err(Error::vt(ErrorId::VT09015, ""));
    };
    let mut names = Vec::new();
    for column in &left {
        let same = |other: &&JoinedColumn<'a>| same_name(&other.name, &column.name);
        match (right.iter().filter(same).count(), left.iter().filter(same).count()) {
            (0, _) => {}
            (1, 1) => names.push(column.name.clone()),
            _ => {
                let message = format!("Column '{}' in from clause is ambiguous", column.name);
                return Err(Error::mysql(1052, b"23000", message));
            }
        }
    }
    Ok(names)
}
