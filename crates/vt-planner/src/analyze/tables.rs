//! The tables that a statement names, at any depth.

use vt_sql::ast::{
    CommonTable, Delete, Insert, InsertSource, Query, QueryBody, Statement, TableName, TableRef,
    Update,
};

use crate::tree::{Child, walk_children, walk_query};

/// Returns every table that a statement names, in the order of its text, common tables left out.
pub(crate) fn tables_of<'a>(statement: Statement<'a>) -> Vec<TableName<'a>> {
    let mut finder = Finder::default();
    match statement {
        Statement::Query(query) => finder.query(query),
        Statement::Insert(insert) => finder.insert(insert),
        Statement::Update(update) => finder.update(update),
        Statement::Delete(delete) => finder.delete(delete),
        _ => {}
    }
    finder.found
}

/// Returns every table that a query names.
pub(crate) fn tables_of_query<'a>(query: &'a Query<'a>) -> Vec<TableName<'a>> {
    let mut finder = Finder::default();
    finder.query(query);
    finder.found
}

#[derive(Default)]
struct Finder<'a> {
    found: Vec<TableName<'a>>,
    /// The common tables that are in sight.
    common: Vec<&'a CommonTable<'a>>,
}

impl<'a> Finder<'a> {
    fn name(&mut self, name: TableName<'a>) {
        let common = name.qualifier.is_none()
            && self.common.iter().any(|table| table.name.is(name.name.as_str()));
        if !common && !name.is_dual() {
            self.found.push(name);
        }
    }

    fn query(&mut self, query: &'a Query<'a>) {
        let depth = self.common.len();
        if let Some(with) = query.with {
            if with.recursive {
                self.common.extend(with.tables);
            }
            for table in with.tables {
                self.query(table.query);
                if !with.recursive {
                    self.common.push(table);
                }
            }
        }
        self.body(query.body);
        let with_queries = query.with.map_or(0, |with| with.tables.len());
        let mut seen = 0;
        walk_query(query, &mut |child| {
            // The queries of the WITH come first; they have been looked into above.
            seen += 1;
            if seen > with_queries {
                self.child(child);
            }
        });
        self.common.truncate(depth);
    }

    /// Takes the tables of FROM clauses; queries among them come from [`walk_query`].
    fn body(&mut self, body: QueryBody<'a>) {
        match body {
            QueryBody::Select(select) => select.from.iter().for_each(|table| self.table(table)),
            QueryBody::Set(set) => {
                self.body(set.first);
                set.rest.iter().for_each(|tail| self.body(tail.body));
            }
            QueryBody::Table(name) => self.name(name),
            QueryBody::Values(_) | QueryBody::Query(_) => {}
        }
    }

    fn child(&mut self, child: Child<'a>) {
        match child {
            Child::Query(query) => self.query(query),
            Child::Expr(expr) => walk_children(expr, &mut |child| self.child(child)),
        }
    }

    fn table(&mut self, table: &'a TableRef<'a>) {
        match table {
            TableRef::Table(table) => self.name(table.name),
            TableRef::Join(join) => {
                self.table(&join.left);
                self.table(&join.right);
            }
            TableRef::Paren(tables) => tables.iter().for_each(|table| self.table(table)),
            TableRef::Derived(_) | TableRef::JsonTable(_) => {}
        }
    }

    /// Takes the tables of a list of table references, and the queries in them.
    fn tables_and_queries(&mut self, tables: &'a [TableRef<'a>]) {
        for table in tables {
            match table {
                TableRef::Derived(derived) => self.query(derived.query),
                TableRef::JsonTable(json) => self.child(Child::Expr(json.doc)),
                TableRef::Table(table) => self.name(table.name),
                TableRef::Join(join) => {
                    self.tables_and_queries(std::slice::from_ref(&join.left));
                    self.tables_and_queries(std::slice::from_ref(&join.right));
                    if let vt_sql::ast::JoinCondition::On(on) = join.condition {
                        self.child(Child::Expr(on));
                    }
                }
                TableRef::Paren(tables) => self.tables_and_queries(tables),
            }
        }
    }

    fn insert(&mut self, insert: &'a Insert<'a>) {
        self.name(insert.table);
        match insert.source {
            InsertSource::Query(query) => self.query(query),
            InsertSource::Values(rows) => {
                rows.iter().copied().flatten().for_each(|expr| self.child(Child::Expr(*expr)));
            }
        }
        for assignment in insert.on_duplicate {
            self.child(Child::Expr(assignment.value));
        }
    }

    fn update(&mut self, update: &'a Update<'a>) {
        let with = update.with.map_or(&[][..], |with| with.tables);
        for table in with {
            self.common.push(table);
            self.query(table.query);
        }
        self.tables_and_queries(update.tables);
        let values = update.assignments.iter().map(|assignment| assignment.value);
        let order = update.order_by.iter().map(|item| item.expr);
        for expr in values.chain(update.filter).chain(order) {
            self.child(Child::Expr(expr));
        }
    }

    fn delete(&mut self, delete: &'a Delete<'a>) {
        let with = delete.with.map_or(&[][..], |with| with.tables);
        for table in with {
            self.common.push(table);
            self.query(table.query);
        }
        self.tables_and_queries(delete.tables);
        let order = delete.order_by.iter().map(|item| item.expr);
        for expr in delete.filter.into_iter().chain(order) {
            self.child(Child::Expr(expr));
        }
    }
}
