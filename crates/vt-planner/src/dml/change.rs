//! Rows that no shard finds and changes by itself: a query finds them, locked, and their keys say
//! what to change.

mod delete;
mod moved;
mod update;

use std::sync::Arc;

pub(in crate::dml) use update::{Sets, assigned};
use vt_base::{Error, ErrorId};
use vt_plan::{Change, ChangePlace, Node, TableChange};
use vt_sql::ast::{
    Bind, ColumnName, Comments, Expr, Ident, In, InList, Limit, Lock, LockStrength, LockWait,
    OrderItem, Query, QueryBody, Select, SelectExpr, SelectItem, SelectOptions, Statement,
    TableFactor, TableName, TableRef, With,
};
use vt_vschema::{Keyspace, Mapping, Table};

use crate::analyze::{Entry, Scope, Source, Tables};
use crate::planner::Planner;

/// The variable in whose place the executor writes the keys.
const KEYS: &str = "::__keys";

/// The columns that the query gives, each once.
#[derive(Default)]
pub(in crate::dml) struct Items<'a>(pub(super) Vec<SelectItem<'a>>);

impl<'a> Items<'a> {
    /// Returns the place of an expression, adding it if it is not there.
    pub(in crate::dml) fn place(&mut self, expr: Expr<'a>) -> usize {
        let same =
            |item: &SelectItem<'a>| matches!(item, SelectItem::Expr(one) if one.expr == expr);
        if let Some(place) = self.0.iter().position(same) {
            return place;
        }
        self.0.push(SelectItem::Expr(SelectExpr { expr, alias: None, name: "" }));
        self.0.len() - 1
    }
}

/// What finds the rows, of an UPDATE or a DELETE.
#[derive(Clone, Copy)]
struct Finding<'a> {
    with: Option<&'a With<'a>>,
    tables: &'a [TableRef<'a>],
    filter: Option<Expr<'a>>,
    order_by: &'a [OrderItem<'a>],
    limit: Option<Limit<'a>>,
    locks: &'a [Lock<'a>],
    ignore: bool,
}

/// A table whose rows change, as it really is.
pub(in crate::dml) struct Changed<'a> {
    /// The name that the statement has for it.
    pub(super) name: Ident<'a>,
    pub(super) id: Tables,
    /// The table itself, or the source that its copies follow.
    pub(super) table: Arc<Table>,
}

impl<'a> Planner<'a> {
    /// Plans the query that finds rows.
    fn plan_finding(&self, finding: Finding<'a>, items: Items<'a>) -> Result<Node, Error> {
        let select = self.arena.node(Select {
            comments: Comments::NONE,
            options: SelectOptions::default(),
            items: self.arena.list(&items.0),
            from: finding.tables,
            filter: finding.filter,
            group_by: None,
            having: None,
            windows: &[],
            qualify: None,
        });
        let query: &'a Query<'a> = self.arena.node(Query {
            with: finding.with,
            body: QueryBody::Select(select),
            order_by: finding.order_by,
            limit: finding.limit,
            locks: finding.locks,
            into: None,
        });
        match self.plan_whole(Statement::Query(query))? {
            Some(node) => Ok(node),
            None => self.plan_query_statement(query),
        }
    }

    fn change_node(
        &self,
        finding: Finding<'a>,
        items: Items<'a>,
        tables: Vec<TableChange>,
    ) -> Result<Node, Error> {
        let input = self.plan_finding(finding, items)?;
        Ok(Node::Change(Box::new(Change { input, tables, ignore: finding.ignore })))
    }

    /// Locks the rows that change for that, and the others against changes, as MySQL does.
    fn locks(&self, scope: &Scope<'a>, changed: &[Ident<'a>]) -> &'a [Lock<'a>] {
        let names = scope.entries.iter().filter(|entry| matches!(entry.source, Source::Table(_)));
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for entry in names {
            let name = TableName { qualifier: None, name: entry.name };
            match changed.contains(&entry.name) {
                true => own.push(name),
                false => others.push(name),
            }
        }
        let lock = |strength, of: &[TableName<'a>]| {
            let (of, wait) = (self.arena.list(of), LockWait::Wait);
            Lock { strength, of, wait }
        };
        match others.is_empty() {
            true => self.arena.list(&[lock(LockStrength::Update, &[])]),
            false => self
                .arena
                .list(&[lock(LockStrength::Update, &own), lock(LockStrength::Share, &others)]),
        }
    }

    /// Returns a table whose rows change; of a reference table with a source, that source.
    fn changed(&self, entry: &Entry<'a>, table: &Arc<Table>) -> Result<Changed<'a>, Error> {
        let table = match &table.source {
            Some((keyspace, name)) => {
                self.ctx.vschema.find_table(Some(keyspace), name, self.ctx.tablet_type)?
            }
            None => table.clone(),
        };
        if table.primary_key.is_empty() {
            return Err(untracked(&table, "primary key"));
        }
        if let Some(column) = table
            .primary_key
            .iter()
            .find(|column| table.column(column).is_some_and(|column| column.typ.is_float()))
        {
            return Err(Error::unsupported(format!(
                "changing rows of table {} by their key: column {column} is a float",
                table.name
            )));
        }
        Ok(Changed { name: entry.name, id: entry.id, table })
    }

    /// Returns what all changes of a table's rows have in common.
    fn place_of_change(
        &self,
        changed: &Changed<'a>,
        items: &mut Items<'a>,
    ) -> Result<(ChangePlace, Vec<usize>), Error> {
        let table = &changed.table;
        let key =
            table.primary_key.iter().map(|one| items.place(self.column_of(changed.name, one)));
        let key = key.collect();
        let place = match table.primary_vindex() {
            _ if !table.keyspace.sharded => ChangePlace::Unsharded,
            _ if table.is_reference() => ChangePlace::EveryShard,
            _ if table.pinned.is_some() => {
                ChangePlace::Pinned(table.pinned.clone().unwrap_or_default())
            }
            Some(primary) if primary.vindex.lookup().is_none() => {
                let columns = primary.columns.iter();
                let columns =
                    columns.map(|one| items.place(self.column_of(changed.name, one))).collect();
                ChangePlace::Vindex { vindex: Mapping::of(table, primary), columns }
            }
            Some(primary) => {
                return Err(Error::unsupported(format!(
                    "changing rows of table {} by their key: its primary vindex {} is a lookup",
                    table.name, primary.vindex.name
                )));
            }
            None => return Err(Error::vt(ErrorId::VT09001, &table.name)),
        };
        Ok((place, key))
    }

    /// Makes `name.column`.
    pub(in crate::dml) fn column_of(&self, table: Ident<'a>, column: &str) -> Expr<'a> {
        let name = Ident::new(self.arena.text(column));
        let table = Some(TableName { qualifier: None, name: table });
        Expr::Column(self.arena.node(ColumnName { table, name }))
    }

    /// Makes `(name.k1, name.k2) in ::__keys`.
    fn has_key(&self, changed: &Changed<'a>) -> Expr<'a> {
        let key: Vec<Expr<'a>> =
            changed.table.primary_key.iter().map(|one| self.column_of(changed.name, one)).collect();
        let expr = match key.as_slice() {
            [only] => *only,
            _ => Expr::Row(self.arena.list(&key)),
        };
        let list = InList::Bind(self.arena.node(Bind { name: &KEYS[2..], list: true }));
        Expr::In(self.arena.node(In { expr, list, negated: false }))
    }

    /// Makes the one table of a statement that changes rows by their keys.
    pub(in crate::dml) fn by_name(&self, changed: &Changed<'a>) -> &'a [TableRef<'a>] {
        let real = Ident::new(self.arena.text(&changed.table.name));
        let keyspace = Ident::new(self.arena.text(&changed.table.keyspace.name));
        let name = TableName { qualifier: Some(keyspace), name: real };
        let alias = (real != changed.name).then_some(changed.name);
        let factor = TableFactor { name, partitions: &[], alias, sample: None, hints: &[] };
        self.arena.list(&[TableRef::Table(self.arena.node(factor))])
    }
}

/// The error of a change that needs to know more of a table.
pub(super) fn untracked(table: &Table, what: &str) -> Error {
    let error = Error::vt(ErrorId::VT09015, "");
    let message = format!("{}: table {} has no known {what}", error.message(), table.name);
    error.with_message(message)
}

/// Parts a statement where its keys stand.
fn around_keys(sql: &str) -> Result<(Arc<str>, Arc<str>), Error> {
    let (before, after) =
        sql.split_once(KEYS).ok_or_else(|| Error::bug("a statement by keys without any"))?;
    Ok((format!("{before}(").into(), format!("){after}").into()))
}

/// Returns the keyspace that a table's rows are written in.
fn keyspace_name(keyspace: &Keyspace) -> Arc<str> {
    keyspace.name.clone()
}
