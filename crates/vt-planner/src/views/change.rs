//! INSERT, UPDATE and DELETE through a view: changes of the one table that the view reads.

use vt_base::Error;
use vt_sql::Arena;
use vt_sql::ast::{
    Assignment, ColumnName, Delete, Expr, Ident, Insert, QueryBody, Select, SelectItem, Statement,
    TableFactor, TableName, TableRef, Update, View,
};
use vt_sql::visit::{Node, Rewriter, any_expr};

use super::not_updatable;
use crate::planner::Planner;

/// A view over the rows of one table: each column is one of the table's, or computed of them.
struct Simple<'a> {
    table: &'a TableFactor<'a>,
    columns: Vec<(Ident<'a>, Expr<'a>)>,
    filter: Option<Expr<'a>>,
}

impl<'a> Planner<'a> {
    /// Returns an INSERT into the table that a view reads.
    pub(super) fn insert_through(
        &self,
        insert: &'a Insert<'a>,
        view: &'a View<'a>,
    ) -> Result<&'a Insert<'a>, Error> {
        let verb = if insert.replace { "REPLACE" } else { "INSERT" };
        let simple = self.simple(view, verb)?;
        if !insert.on_duplicate.is_empty() || insert.row_alias.is_some() {
            let what = "INSERT ... ON DUPLICATE KEY UPDATE through a view: name its table";
            return Err(Error::unsupported(what));
        }
        let refused = || {
            let message = format!(
                "The target table {} of the {verb} is not insertable-into",
                view.name.name.as_str()
            );
            Error::mysql(1471, b"HY000", message).with_code(vt_base::Code::InvalidArgument)
        };
        let base = |name: Ident<'a>| match simple.column(name) {
            Some(Expr::Column(column)) => Ok(column.name),
            Some(_) => Err(refused()),
            None => {
                let name = name.as_str();
                let message = format!("Unknown column '{name}' in 'field list'");
                Err(Error::mysql(1054, b"42S22", message).with_code(vt_base::Code::InvalidArgument))
            }
        };
        let names: Vec<Ident<'a>> = match insert.columns {
            [] => simple.columns.iter().map(|(name, _)| *name).collect(),
            columns => columns.to_vec(),
        };
        let columns: Vec<Ident<'a>> = names.into_iter().map(base).collect::<Result<_, Error>>()?;
        let (table, columns) = (simple.table.name, self.arena.list(&columns));
        Ok(self.arena.node(Insert { table, columns, ..*insert }))
    }

    pub(super) fn update_without_views(
        &self,
        update: &'a Update<'a>,
    ) -> Result<Statement<'a>, Error> {
        let Some((factor, view)) = self.changed_view(update.tables)? else {
            let filter = self.expand(update.filter, 0)?;
            let assignments = self.expand(update.assignments, 0)?;
            let update = Update { filter, assignments, ..*update };
            return Ok(Statement::Update(self.arena.node(update)));
        };
        let simple = self.simple(view, "UPDATE")?;
        refuse_subqueries(&Statement::Update(update))?;
        let mut columns = Columns { planner: self, view: factor.exposed_name(), simple: &simple };
        let mut assignments = Vec::with_capacity(update.assignments.len());
        for one in update.assignments {
            let Some(Expr::Column(column)) = simple.column(one.column.name) else {
                let name = one.column.name.as_str();
                let message = format!("Column '{name}' is not updatable");
                return Err(
                    Error::mysql(1348, b"HY000", message).with_code(vt_base::Code::InvalidArgument)
                );
            };
            let column = ColumnName { table: None, name: column.name };
            assignments.push(Assignment { column, value: one.value.rewritten(&mut columns) });
        }
        let update = Update {
            tables: self.arena.list(&[self.bare(&simple)]),
            assignments: self.arena.list(&assignments),
            filter: self.both(update.filter.rewritten(&mut columns), &simple),
            order_by: update.order_by.rewritten(&mut columns),
            ..*update
        };
        Ok(Statement::Update(self.arena.node(update)))
    }

    pub(super) fn delete_without_views(
        &self,
        delete: &'a Delete<'a>,
    ) -> Result<Statement<'a>, Error> {
        let Some((factor, view)) = self.changed_view(delete.tables)? else {
            let filter = self.expand(delete.filter, 0)?;
            return Ok(Statement::Delete(self.arena.node(Delete { filter, ..*delete })));
        };
        let simple = self.simple(view, "DELETE")?;
        refuse_subqueries(&Statement::Delete(delete))?;
        if !delete.targets.is_empty() {
            return Err(Error::unsupported("DELETE of several tables through a view"));
        }
        let mut columns = Columns { planner: self, view: factor.exposed_name(), simple: &simple };
        let delete = Delete {
            tables: self.arena.list(&[self.bare(&simple)]),
            filter: self.both(delete.filter.rewritten(&mut columns), &simple),
            order_by: delete.order_by.rewritten(&mut columns),
            ..*delete
        };
        Ok(Statement::Delete(self.arena.node(delete)))
    }

    /// Returns the view that a statement changes, if its only table is one.
    fn changed_view(
        &self,
        tables: &'a [TableRef<'a>],
    ) -> Result<Option<(&'a TableFactor<'a>, &'a View<'a>)>, Error> {
        if let [TableRef::Table(factor)] = tables {
            return Ok(self.view_at(factor.name, 0)?.map(|view| (*factor, view)));
        }
        let mut found = ViewNames { planner: self, name: None };
        let _ = tables.rewrite(&mut found);
        match found.name {
            Some(name) => {
                let what = format!("a change of several tables one of which is the view {name}");
                Err(Error::unsupported(what))
            }
            None => Ok(None),
        }
    }

    /// Reads a view whose rows are rows of one table, through views over views.
    fn simple(&self, view: &'a View<'a>, verb: &str) -> Result<Simple<'a>, Error> {
        let name = view.name.name.as_str();
        if view.check.is_some() {
            let what = format!("{verb} through the view {name}, which has a CHECK OPTION");
            return Err(Error::unsupported(what));
        }
        let select = plain_select(view).ok_or_else(|| not_updatable(name, verb))?;
        let [TableRef::Table(table)] = select.from else { return Err(not_updatable(name, verb)) };
        if self.view_at(table.name, 0)?.is_some() {
            let what = format!("{verb} through the view {name} over another view: name the table");
            return Err(Error::unsupported(what));
        }
        let mut columns = Vec::with_capacity(select.items.len());
        for (place, item) in select.items.iter().enumerate() {
            let SelectItem::Expr(item) = item else { return Err(not_updatable(name, verb)) };
            let own = Ident::new(self.arena.text(item.name));
            let named = view.columns.get(place).copied().or(item.alias).unwrap_or(own);
            columns.push((named, item.expr));
        }
        Ok(Simple { table, columns, filter: select.filter })
    }

    /// Returns the table of a view as the one that is changed.
    fn bare(&self, simple: &Simple<'a>) -> TableRef<'a> {
        TableRef::Table(simple.table)
    }

    /// Returns a condition together with the view's own.
    fn both(&self, own: Option<Expr<'a>>, simple: &Simple<'a>) -> Option<Expr<'a>> {
        match (own, simple.filter) {
            (Some(own), Some(of_view)) => Some(Expr::And(self.arena.list(&[own, of_view]))),
            (own, of_view) => own.or(of_view),
        }
    }
}

impl<'a> Simple<'a> {
    fn column(&self, name: Ident<'_>) -> Option<Expr<'a>> {
        let found = self.columns.iter().find(|(one, _)| one.is(name.as_str()));
        found.map(|(_, expr)| *expr)
    }
}

/// Returns the SELECT of a view that leaves the rows of its tables as they are.
fn plain_select<'a>(view: &'a View<'a>) -> Option<&'a Select<'a>> {
    let QueryBody::Select(select) = view.query.body else { return None };
    let is_plain = view.query.with.is_none()
        && view.query.limit.is_none()
        && !select.options.distinct
        && select.group_by.is_none()
        && select.having.is_none()
        && select.windows.is_empty()
        && !crate::select::has_aggregate(select);
    is_plain.then_some(select)
}

/// Columns of a subquery may have the names of the view's, so that they are not told apart here.
fn refuse_subqueries(statement: &Statement<'_>) -> Result<(), Error> {
    let has_query = any_expr(statement, |expr| {
        matches!(expr, Expr::Subquery(_) | Expr::Exists(_) | Expr::Quantified(_))
            || matches!(expr, Expr::In(one) if matches!(one.list, vt_sql::ast::InList::Query(_)))
    });
    match has_query {
        true => {
            let what = "a change through a view with subqueries: name the view's table";
            Err(Error::unsupported(what))
        }
        false => Ok(()),
    }
}

/// Puts what a view computes in the place of its columns.
struct Columns<'p, 'a> {
    planner: &'p Planner<'a>,
    view: Ident<'a>,
    simple: &'p Simple<'a>,
}

impl<'a> Rewriter<'a> for Columns<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: &Expr<'a>) -> Option<Expr<'a>> {
        let Expr::Column(column) = expr else { return None };
        let is_ours = column.table.is_none_or(|table| table.name.is(self.view.as_str()));
        // A column that the view does not have stays, and is not found by who looks it up.
        match self.simple.column(column.name).filter(|_| is_ours) {
            Some(found) => Some(found),
            None => {
                let table = Some(TableName::new(self.view.as_str()));
                let unknown = ColumnName { table, name: column.name };
                Some(Expr::Column(self.planner.arena.node(unknown)))
            }
        }
    }
}

/// Finds a view among tables.
struct ViewNames<'p, 'a> {
    planner: &'p Planner<'a>,
    name: Option<String>,
}

impl<'a> Rewriter<'a> for ViewNames<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn table_name(&mut self, name: &TableName<'a>) -> Option<TableName<'a>> {
        if self.planner.find_view(*name).is_some() {
            self.name.get_or_insert_with(|| name.name.as_str().to_owned());
        }
        None
    }
}
