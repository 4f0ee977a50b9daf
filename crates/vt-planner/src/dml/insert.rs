//! INSERT and REPLACE: rows divided by their primary vindex, ids from sequences.

mod conflicts;

use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_eval::Expr as Eval;
use vt_plan::{
    AutoIncrement, Insert as InsertNode, InsertRouting, InsertSource as PlanSource, Node,
    VindexColumn,
};
use vt_sql::ast::{
    Assignment, ColumnName, Expr, Ident, Insert, InsertSource, Query, Statement, TableName,
};
use vt_value::TypedBytes;
use vt_vschema::table::same_name;
use vt_vschema::{ColumnVindex, Keyspace, Mapping, Table};

use self::conflicts::Probing;
use super::foreign::KeyRows;
use super::rows::with_pullouts;
use crate::analyze::Scope;
use crate::ddl::to_every_copy;
use crate::eval::{plain_value, translate};
use crate::planner::Planner;
use crate::select::{Nesting, Pullout, has_query};
use crate::shard_form::{ShardForm, bind, shard_sql};
use crate::tree::Rewrite;

/// The columns that an INSERT names, or that its table is known to have.
struct Columns<'a> {
    names: Vec<Ident<'a>>,
    /// Where the column of the sequence stands; it may have been added at the end.
    auto: Option<usize>,
    auto_added: bool,
    /// What rows get for columns of vindexes that the statement does not name; these stand last.
    defaults: Vec<Expr<'a>>,
}

impl<'a> Columns<'a> {
    fn place(&self, column: &str) -> Option<usize> {
        self.names.iter().position(|name| same_name(name.as_str(), column))
    }
}

/// What the rows of an INSERT are divided by.
struct Division<'t, 'a> {
    table: &'t Table,
    columns: Columns<'a>,
    /// The vindexes, with the places of their columns.
    vindexes: Vec<(&'t ColumnVindex, Vec<usize>)>,
    /// What each vindex gets of the rows.
    routed: Vec<VindexColumn>,
    /// Queries among the values, which run first.
    pullouts: Vec<Pullout>,
    /// What the rows refer to, where the gateway looks after foreign keys.
    keys: Vec<KeyRows<'a>>,
}

impl<'a> Planner<'a> {
    pub(crate) fn plan_insert(&self, insert: &'a Insert<'a>) -> Result<Node, Error> {
        let table = self.locate_table(insert.table)?;
        if table.is_reference() {
            return self.insert_into_reference(insert, &table);
        }
        if let InsertSource::Values(rows) = insert.source {
            let values = rows.iter().copied().flatten().copied();
            let updates = insert.on_duplicate.iter().map(|one| one.value);
            let target = [(insert.table.name.as_str(), &table)];
            self.refuse_own_reads(&target, values.chain(updates))?;
        }
        let mut columns = self.insert_columns(insert, &table)?;
        refuse_vindex_updates(insert, &table)?;
        let vindexes = routing_vindexes(self, insert, &table, &mut columns)?;
        let keys = self.key_rows(insert, &table, &columns.names)?;
        let comments = match keys.is_empty() {
            true => insert.comments,
            false => self.unchecked(insert.comments),
        };
        let names = self.arena.list(&columns.names);
        let insert = self.arena.node(Insert { comments, columns: names, ..*insert });
        let mut node = bare_insert(insert, &table, self.insert_ends(insert)?);
        let mut probing = self.probing(insert, &table)?;
        let routed = vindexes.iter().map(|(vindex, _)| vindex_column(&table, vindex)).collect();
        let mut division =
            Division { table: &table, columns, vindexes, routed, pullouts: Vec::new(), keys };
        match insert.source {
            InsertSource::Values(rows) => {
                for (index, row) in rows.iter().enumerate() {
                    let values = self.insert_row(index, row, &mut division, &mut node)?;
                    if let Some(probing) = &mut probing {
                        self.probe(probing, &division.columns.names, values)?;
                    }
                    node.rows.push(shard_sql(&Expr::Row(values)).into());
                }
            }
            InsertSource::Query(query) => {
                if let Some(probing) = &mut probing {
                    self.probe_selected(probing, &division.columns.names)?;
                }
                self.insert_query(query, &mut division, &mut node)?;
            }
        }
        node.parents = division.keys.into_iter().map(|key| key.parents).collect();
        node.conflicts = probing.map(Probing::into_conflicts).map(Box::new);
        if table.keyspace.sharded {
            node.routing = InsertRouting::Sharded(division.routed);
        }
        Ok(with_pullouts(Node::Insert(Box::new(node)), division.pullouts))
    }

    /// Inserts into every copy of a reference table, or into the source that the copies follow.
    fn insert_into_reference(
        &self,
        insert: &'a Insert<'a>,
        table: &Arc<Table>,
    ) -> Result<Node, Error> {
        let keyspace = match &table.source {
            Some((keyspace, _)) => self.ctx.vschema.keyspace(keyspace)?.keyspace.clone(),
            None => table.keyspace.clone(),
        };
        if let InsertSource::Query(query) = insert.source {
            return self.copy_into_reference(insert, query, table, &keyspace);
        }
        let statement = ShardForm::new(self).statement(Statement::Insert(insert))?;
        Ok(to_every_copy(&keyspace, shard_sql(&statement)))
    }

    /// Inserts what a query gives into every copy: it runs once, so that all copies are alike.
    fn copy_into_reference(
        &self,
        insert: &'a Insert<'a>,
        query: &'a Query<'a>,
        table: &Arc<Table>,
        keyspace: &Keyspace,
    ) -> Result<Node, Error> {
        let columns = self.insert_columns(insert, table)?;
        let insert =
            self.arena.node(Insert { columns: self.arena.list(&columns.names), ..*insert });
        let ends = self.insert_ends(insert)?;
        let mut node = bare_insert(insert, table, ends);
        node.keyspace = keyspace.name.clone();
        if keyspace.sharded {
            node.routing = InsertRouting::Copies;
        }
        let (vindexes, routed, pullouts, keys) = Default::default();
        let mut division = Division { table, columns, vindexes, routed, pullouts, keys };
        self.insert_query(query, &mut division, &mut node)?;
        Ok(Node::Insert(Box::new(node)))
    }

    fn insert_columns(&self, insert: &Insert<'a>, table: &Table) -> Result<Columns<'a>, Error> {
        let mut names = insert.columns.to_vec();
        // `INSERT INTO t () VALUES ()` names no column, and gives all their defaults.
        let only_defaults = matches!(insert.source, InsertSource::Values(rows)
            if !rows.is_empty() && rows.iter().all(|row| row.is_empty()));
        if names.is_empty() && !only_defaults {
            if !table.authoritative {
                return Err(Error::vt(ErrorId::VT09004, ""));
            }
            let visible = table.columns.iter().filter(|column| !column.invisible);
            names.extend(visible.map(|column| Ident::new(self.arena.text(&column.name))));
        }
        if let InsertSource::Values(rows) = insert.source
            && rows.iter().any(|row| row.len() != names.len())
        {
            return Err(Error::vt(ErrorId::VT03006, ""));
        }
        let mut columns = Columns { names, auto: None, auto_added: false, defaults: Vec::new() };
        if let Some(auto) = &table.auto_increment {
            columns.auto = columns.place(&auto.column);
            if columns.auto.is_none() {
                columns.auto = Some(columns.names.len());
                columns.auto_added = true;
                columns.names.push(Ident::new(self.arena.text(&auto.column)));
            }
        }
        Ok(columns)
    }

    /// Returns the text before the rows of an INSERT, and that behind them.
    fn insert_ends(&self, insert: &'a Insert<'a>) -> Result<(String, String), Error> {
        let mut form = ShardForm::new(self);
        let table: TableName<'a> = form.table_name(insert.table)?;
        let source = InsertSource::Values(&[]);
        let bare = Insert { table, source, row_alias: None, on_duplicate: &[], ..*insert };
        let prefix = shard_sql(&bare);
        let whole = self.arena.node(Insert { table, source, ..*insert });
        let whole = shard_sql(&form.statement(Statement::Insert(whole))?);
        let suffix = whole.strip_prefix(&prefix).map(str::to_owned);
        Ok((prefix, suffix.ok_or_else(|| Error::bug("an INSERT printed in two ways"))?))
    }

    /// Makes the values of a row, and notes those for the vindexes and the sequence.
    fn insert_row(
        &self,
        index: usize,
        row: &[Expr<'a>],
        division: &mut Division<'_, 'a>,
        node: &mut InsertNode,
    ) -> Result<&'a [Expr<'a>], Error> {
        let Division { table, columns, vindexes, routed, pullouts, keys } = division;
        let scope = Rc::new(Scope::default());
        let mut form = ShardForm::new(self);
        let mut values = Vec::with_capacity(columns.names.len());
        for (place, value) in row.iter().enumerate() {
            if let Expr::Default(None) = value
                && vindexes.iter().any(|(_, places)| places.contains(&place))
            {
                // A shard would take the default by itself, but the row's place depends on it.
                values.push(form.expr(self.default_of(table, columns.names[place].as_str())?)?);
                continue;
            }
            let value = match has_query(*value) {
                // It knows nothing of the row, and so runs once before all of them.
                true => self.settle(*value, None, &scope, pullouts, Nesting::Inside)?,
                false => *value,
            };
            values.push(form.expr(value)?);
        }
        if columns.auto_added {
            values.push(Expr::Null);
        }
        for value in &columns.defaults {
            values.push(form.expr(*value)?);
        }
        let mut sequenced = None;
        if let (Some(place), Some(auto)) = (columns.auto, &mut node.auto_increment) {
            auto.values.push(given_value(values[place])?);
            let name = format!("__seq{index}");
            values[place] = bind(self, self.arena.text(&name));
            sequenced = Some((place, Eval::Bind(name.into())));
        }
        self.note_keys(keys, table, &columns.names, &values)?;
        for ((_, places), routed) in vindexes.iter().zip(routed.iter_mut()) {
            let mut found = Vec::with_capacity(places.len());
            for place in places {
                found.push(match &sequenced {
                    Some((auto, id)) if auto == place => id.clone(),
                    _ => given_value(values[*place])?,
                });
            }
            routed.rows.push(found);
        }
        for ((_, places), routed) in vindexes.iter().zip(routed.iter()) {
            for (place, column) in places.iter().zip(&routed.columns) {
                let name = format!("_{column}_{index}");
                values[*place] = bind(self, self.arena.text(&name));
            }
        }
        Ok(self.arena.list(&values))
    }

    /// Takes the rows of an INSERT from a query.
    fn insert_query(
        &self,
        query: &'a Query<'a>,
        division: &mut Division<'_, 'a>,
        node: &mut InsertNode,
    ) -> Result<(), Error> {
        let Division { table, columns, vindexes, routed, keys, .. } = division;
        let given = columns.names.len() - usize::from(columns.auto_added);
        self.note_offsets(keys, given, table)?;
        if let Some(found) = self.query_columns(query, None, &[])?
            && found.len() != given
        {
            return Err(Error::vt(ErrorId::VT03006, ""));
        }
        let source = match self.plan_whole(Statement::Query(query))? {
            Some(node) => node,
            None => self.plan_query_statement(query)?,
        };
        node.source = PlanSource::Select(Box::new(source));
        if let Some(auto) = &mut node.auto_increment {
            auto.offset = columns.auto.filter(|_| !columns.auto_added);
        }
        for ((_, places), routed) in vindexes.iter().zip(routed.iter_mut()) {
            routed.offsets.clone_from(places);
        }
        Ok(())
    }
}

/// Returns the vindexes that divide and check the rows, with the places of their columns; columns
/// that the statement does not name are added with their defaults where they matter.
fn routing_vindexes<'t, 'a>(
    planner: &Planner<'a>,
    insert: &Insert<'a>,
    table: &'t Table,
    columns: &mut Columns<'a>,
) -> Result<Vec<(&'t ColumnVindex, Vec<usize>)>, Error> {
    if !table.keyspace.sharded {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (index, vindex) in table.whole_vindexes().enumerate() {
        let mut places = Vec::with_capacity(vindex.columns.len());
        for column in &vindex.columns {
            let place = match columns.place(column) {
                Some(place) => Some(place),
                None => {
                    planner.default_place(insert, table, (index == 0, vindex, column), columns)?
                }
            };
            places.extend(place);
        }
        if places.len() == vindex.columns.len() {
            found.push((vindex, places));
        }
    }
    if found.is_empty() {
        return Err(Error::vt(ErrorId::VT09001, &table.name));
    }
    Ok(found)
}

impl<'a> Planner<'a> {
    /// Adds a vindex column that an INSERT leaves to its default; `None` where it does not matter.
    fn default_place(
        &self,
        insert: &Insert<'a>,
        table: &Table,
        (is_primary, vindex, column): (bool, &ColumnVindex, &Arc<str>),
        columns: &mut Columns<'a>,
    ) -> Result<Option<usize>, Error> {
        let value = self.default_of(table, column)?;
        let is_null = matches!(value, Expr::Null);
        let ignores_nulls = vindex.vindex.lookup().is_some_and(|lookup| lookup.ignore_nulls);
        if is_primary && is_null {
            return Err(Error::vt(ErrorId::VT09003, column).with_mysql(1364, *b"HY000"));
        }
        if is_null && (!vindex.owned || ignores_nulls) {
            return Ok(None);
        }
        if let InsertSource::Query(_) = insert.source {
            return Err(Error::unsupported(format!(
                "INSERT ... SELECT that leaves column {column} of vindex {} to its default",
                vindex.vindex.name
            )));
        }
        columns.names.push(Ident::new(self.arena.text(column)));
        columns.defaults.push(value);
        Ok(Some(columns.names.len() - 1))
    }

    /// Returns the default of a column; NULL where none is known.
    pub(super) fn default_of(&self, table: &Table, column: &str) -> Result<Expr<'a>, Error> {
        let default = match table.column(column) {
            Some(column) if !column.default.is_empty() => &column.default,
            _ => return Ok(Expr::Null),
        };
        let text = self.arena.text(&format!("do {default}"));
        match vt_sql::parse(self.arena, text, vt_sql::Modes::default()) {
            Ok(Statement::Do([expr])) => Ok(*expr),
            // A vschema may give the bare text.
            _ => Err(Error::unsupported(format!("the default '{default}' of column {column}"))),
        }
    }
}

/// Makes the step without rows; `ends` are the texts before and behind them.
fn bare_insert(insert: &Insert<'_>, table: &Table, ends: (String, String)) -> InsertNode {
    InsertNode {
        keyspace: table.keyspace.name.clone(),
        table: table.name.clone(),
        routing: InsertRouting::Unsharded,
        auto_increment: sequence(table),
        source: PlanSource::Values,
        prefix: ends.0.into(),
        rows: Vec::new(),
        suffix: ends.1.into(),
        ignore: insert.ignore,
        multi_shard_autocommit: false,
        timeout_ms: 0,
        conflicts: None,
        parents: Vec::new(),
    }
}

fn vindex_column(table: &Table, vindex: &ColumnVindex) -> VindexColumn {
    VindexColumn {
        vindex: Mapping::of(table, vindex),
        columns: vindex.columns.iter().map(|column| variable(column).into()).collect(),
        rows: Vec::new(),
        offsets: Vec::new(),
        owned: vindex.owned,
    }
}

/// Spells a column's name as a part of a bind variable's.
fn variable(column: &str) -> String {
    column.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect()
}

/// Returns the value that a row gives for a column that decides where it goes.
fn given_value(value: Expr<'_>) -> Result<Eval, Error> {
    match value {
        Expr::Default(_) => Ok(Eval::Literal(TypedBytes::NULL)),
        _ => match plain_value(value) {
            Some(value) => Ok(value),
            None => translate(value, &mut |_| Ok(None)),
        },
    }
}

fn sequence(table: &Table) -> Option<AutoIncrement> {
    let auto = table.auto_increment.as_ref()?;
    let name = Ident::new(&auto.sequence.name);
    Some(AutoIncrement {
        keyspace: auto.sequence.keyspace.name.clone(),
        sql: format!("select next :n values from {}", vt_sql::to_sql(&name)).into(),
        values: Vec::new(),
        offset: None,
    })
}

/// Refuses ON DUPLICATE KEY UPDATE that may change a column which tells where the row is.
fn refuse_vindex_updates(insert: &Insert<'_>, table: &Table) -> Result<(), Error> {
    let columns = || table.column_vindexes.iter().flat_map(|vindex| &vindex.columns);
    let changes = |column: &Arc<str>| {
        let sets = |one: &&Assignment<'_>| same_name(one.column.name.as_str(), column);
        insert.on_duplicate.iter().filter(sets).any(|one| !stays(one, insert, table))
    };
    match table.keyspace.sharded && columns().any(changes) {
        true => Err(Error::unsupported("DML cannot update vindex column")),
        false => Ok(()),
    }
}

/// Returns whether an assignment gives a column the value that the row has: `id = id`, or
/// `id = values(id)` of a whole number in the only unique key, by which both rows are the same.
fn stays(one: &Assignment<'_>, insert: &Insert<'_>, table: &Table) -> bool {
    let name = one.column.name.as_str();
    let is_same = |column: &ColumnName<'_>| same_name(column.name.as_str(), name);
    let is_new = match one.value {
        Expr::Column(column) => {
            let alias = insert.row_alias.map(|alias| alias.name);
            let of_row = column.table.is_some_and(|table| Some(table.name) == alias);
            match is_same(column) {
                true if !of_row => return true,
                of_same => of_same,
            }
        }
        Expr::Values(column) => is_same(column),
        _ => false,
    };
    let is_key = table.primary_key.iter().any(|key| same_name(key, name));
    let is_whole = table.column(name).is_some_and(|column| column.typ.is_integral());
    is_new && is_key && is_whole && table.unique_keys.is_empty()
}
