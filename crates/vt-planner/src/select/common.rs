//! Common tables: read where they stand, run once for several readers, or recursive.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Code, Error, ErrorId};
use vt_plan::{InsertSource, Node, Recurse, SortKey, With as Keeping};
use vt_sql::ast::{
    CommonTable, Derived, Expr, Ident, Query, QueryBody, SetOp, SetOperation, SetTail, TableName,
    TableRef, With,
};

use super::build::plain_query;
use super::keys::collation_id;
use super::op::{Home, Op, RouteOp, RowsOp};
use crate::analyze::scope::OutColumn;
use crate::analyze::tables::tables_of_query;
use crate::analyze::{Scope, Tables};
use crate::planner::{Located, Planner};
use crate::tree::{Child, walk_children, walk_query};

/// The common tables of a statement that the gateway makes.
#[derive(Default)]
pub(crate) struct Commons {
    /// Those of WITH RECURSIVE, by where they lie.
    recursive: HashSet<*const ()>,
    /// Those whose rows a step of the plan keeps.
    kept: Vec<KeptTable>,
    slots: usize,
}

#[derive(Clone)]
struct KeptTable {
    place: *const (),
    slot: usize,
    name: Arc<str>,
    columns: Vec<OutColumn>,
    /// None while the step of a recursive one is planned, which reads the rows that came last.
    definition: Option<Node>,
}

impl KeptTable {
    fn rows<'a>(&self, table: Tables) -> Op<'a> {
        let node = Node::Kept { slot: self.slot, name: self.name.clone() };
        Op::Rows(Box::new(RowsOp { table, node, columns: self.columns.clone() }))
    }
}

/// A recursive common table taken apart.
struct Parts<'a> {
    seed: &'a Query<'a>,
    step: &'a Query<'a>,
    distinct: bool,
}

impl<'a> Planner<'a> {
    /// Notes the tables of WITH RECURSIVE, which may read themselves.
    pub(super) fn note_recursive(&self, query: &Query<'a>) {
        let tables = query.with.filter(|with| with.recursive).map_or(&[][..], |with| with.tables);
        let mut commons = self.commons.borrow_mut();
        commons.recursive.extend(tables.iter().map(place_of));
    }

    /// Plans a common table that a FROM names.
    pub(super) fn plan_common(
        &self,
        common: &'a CommonTable<'a>,
        (name, id): (Ident<'a>, Tables),
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        let place = place_of(common);
        let held = self.commons.borrow().kept.iter().rfind(|one| one.place == place).cloned();
        if let Some(held) = held {
            return Ok(held.rows(id));
        }
        let before = scope.common.iter().take_while(|one| !std::ptr::eq(**one, common));
        let around = Rc::new(Scope::empty(before.copied().collect()));
        let own = self.commons.borrow().recursive.contains(&place);
        if own && reads(common.query, common.name) {
            return self.plan_recursive(common, (name, id), &around);
        }
        let Derived { query, columns, .. } =
            Derived { lateral: false, query: common.query, alias: None, columns: common.columns };
        let derived = Derived { lateral: false, query, alias: Some(name), columns };
        let op = self.plan_derived_in(self.arena.node(derived), id, &around)?;
        match op {
            Op::Rows(rows) if !self.reads_vars(common.query) => {
                let RowsOp { node, columns, .. } = *rows;
                Ok(self.keep(common, columns, Some(node)).rows(id))
            }
            op => Ok(op),
        }
    }

    fn keep(
        &self,
        common: &'a CommonTable<'a>,
        columns: Vec<OutColumn>,
        definition: Option<Node>,
    ) -> KeptTable {
        let mut commons = self.commons.borrow_mut();
        commons.slots += 1;
        let (place, name) = (place_of(common), common.name.as_str().into());
        let kept = KeptTable { place, slot: commons.slots, name, columns, definition };
        commons.kept.push(kept.clone());
        kept
    }

    fn plan_recursive(
        &self,
        common: &'a CommonTable<'a>,
        (name, id): (Ident<'a>, Tables),
        around: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        if let Some(home) = self.whole_home(common)? {
            return Ok(self.recursive_route(common, (name, id), home));
        }
        let parts = self.recursive_parts(common)?;
        let columns = self.query_columns(parts.seed, None, &around.common)?;
        let Some(mut columns) = columns else { return Err(Error::vt(ErrorId::VT09015, "")) };
        for (column, name) in columns.iter_mut().zip(common.columns) {
            column.name = name.as_str().into();
        }
        let seed = self.block_node(self.plan_block(parts.seed, None, &around.common)?)?;
        let work = self.keep(common, columns.clone(), None);
        let mut inside = around.common.clone();
        inside.push(common);
        let step =
            self.plan_block(parts.step, None, &inside).and_then(|step| self.block_node(step));
        self.commons.borrow_mut().kept.retain(|one| one.slot != work.slot);
        let key = |(column, out): (usize, &OutColumn)| SortKey {
            column,
            weight_column: None,
            descending: false,
            typ: out.typ,
            collation: out.collation.as_deref().and_then(collation_id),
        };
        let recurse = Recurse {
            slot: work.slot,
            name: work.name,
            columns: columns.iter().map(|column| column.name.clone()).collect(),
            seed,
            step: step?,
            distinct: parts.distinct.then(|| columns.iter().enumerate().map(key).collect()),
        };
        let node = Node::Recurse(Box::new(recurse));
        if self.reads_vars(common.query) {
            return Ok(Op::Rows(Box::new(RowsOp { table: id, node, columns })));
        }
        Ok(self.keep(common, columns, Some(node)).rows(id))
    }

    /// Returns where a shard alone can make a recursive common table: where all tables that it
    /// reads have all their rows.
    fn whole_home(&self, common: &'a CommonTable<'a>) -> Result<Option<Home>, Error> {
        let mut home = Home::Anywhere;
        for name in tables_of_query(common.query) {
            if name.qualifier.is_none() && name.name == common.name {
                continue;
            }
            let own = match self.locate(name) {
                Ok(Located::Table(table)) => Home::of(&table, self.homes(&table)),
                Ok(Located::System) => Home::Anywhere,
                // Another common table, or none at all: planning its query tells.
                _ => return Ok(None),
            };
            match home.common(&own) {
                Some(common) if !common.is_sharded() => home = common,
                _ => return Ok(None),
            }
        }
        Ok(Some(home))
    }

    fn recursive_route(
        &self,
        common: &'a CommonTable<'a>,
        (name, id): (Ident<'a>, Tables),
        home: Home,
    ) -> Op<'a> {
        let table = TableName { qualifier: None, name: common.name };
        let with = With { recursive: true, tables: std::slice::from_ref(common) };
        let body = QueryBody::Select(self.star_of(self.arena.list(&[self.table_ref(table)])));
        let query =
            self.arena.node(Query { with: Some(self.arena.node(with)), ..plain_query(body) });
        let derived = Derived { lateral: false, query, alias: Some(name), columns: &[] };
        Op::Route(Box::new(RouteOp {
            tables: id,
            home,
            members: Vec::new(),
            nullable: Tables::NONE,
            from: vec![TableRef::Derived(self.arena.node(derived))],
            filters: Vec::new(),
            inherited: None,
            items: Vec::new(),
        }))
    }

    /// Takes a recursive common table apart: the queries that do not read it, then those that do.
    fn recursive_parts(&self, common: &'a CommonTable<'a>) -> Result<Parts<'a>, Error> {
        let unfit = |what: &str| {
            Err(Error::unsupported(format!("{what} in a recursive common table over shards")))
        };
        let query = common.query;
        if !query.order_by.is_empty() || query.limit.is_some() {
            return unfit("ORDER BY or LIMIT");
        }
        let no_seed = || {
            let message = format!(
                "Recursive Common Table Expression '{}' should have one or more non-recursive \
                 query blocks followed by one or more recursive ones",
                common.name.as_str()
            );
            Error::mysql(3574, b"HY000", message).with_code(Code::InvalidArgument)
        };
        let QueryBody::Set(set) = query.body else { return Err(no_seed()) };
        let reads_itself =
            |body: QueryBody<'a>| reads(self.arena.node(plain_query(body)), common.name);
        if reads_itself(set.first) {
            return Err(no_seed());
        }
        let at = set.rest.iter().position(|tail| reads_itself(tail.body)).ok_or_else(no_seed)?;
        let (seeds, steps) = set.rest.split_at(at);
        if steps.iter().any(|tail| !reads_itself(tail.body)) {
            return Err(no_seed());
        }
        let Some(first) = steps.first() else { return Err(no_seed()) };
        if steps.iter().any(|tail| tail.op != SetOp::Union || tail.all != first.all) {
            return unfit("UNION beside UNION ALL");
        }
        let with = query.with;
        let seed = Query { with, ..self.set_of(set.first, seeds) };
        let step = Query { with, ..self.set_of(first.body, steps.get(1..).unwrap_or_default()) };
        let (seed, step) = (self.arena.node(seed), self.arena.node(step));
        Ok(Parts { seed, step, distinct: !first.all })
    }

    fn set_of(&self, first: QueryBody<'a>, rest: &'a [SetTail<'a>]) -> Query<'a> {
        match rest {
            [] => plain_query(first),
            rest => plain_query(QueryBody::Set(self.arena.node(SetOperation { first, rest }))),
        }
    }

    /// Returns whether a query reads variables that a join fills for each row.
    fn reads_vars(&self, query: &'a Query<'a>) -> bool {
        any_in_query(query, &mut |expr| match expr {
            Expr::Bind(bind) => self.is_join_var(bind.name),
            _ => false,
        })
    }

    /// Gives a query the common tables of the queries around it that it reads, since it may be
    /// sent to the shards without those.
    pub(super) fn with_commons(
        &self,
        query: &'a Query<'a>,
        common: &[&'a CommonTable<'a>],
    ) -> &'a Query<'a> {
        let own = query.with.map_or(&[][..], |with| with.tables);
        let outer: Vec<&'a CommonTable<'a>> = common
            .iter()
            .copied()
            .filter(|one| !own.iter().any(|held| std::ptr::eq(held, *one)))
            .collect();
        if outer.is_empty() {
            return query;
        }
        let mut wanted: Vec<TableName<'a>> = tables_of_query(query);
        let mut used = Vec::new();
        for table in outer.into_iter().rev() {
            let named = |name: &TableName<'a>| name.qualifier.is_none() && name.name == table.name;
            if wanted.iter().any(named) {
                wanted.retain(|name| !named(name));
                wanted.extend(tables_of_query(table.query));
                used.push(*table);
            }
        }
        if used.is_empty() {
            return query;
        }
        used.reverse();
        let commons = self.commons.borrow();
        let recursive = query.with.is_some_and(|with| with.recursive)
            || common.iter().any(|one| commons.recursive.contains(&place_of(one)));
        used.extend(own);
        let with = With { recursive, tables: self.arena.list(&used) };
        self.arena.node(Query { with: Some(self.arena.node(with)), ..*query })
    }

    /// Puts the steps that keep common tables around a plan; one that is read but once stands where
    /// it is read.
    pub(crate) fn keeping(&self, mut root: Node) -> Node {
        // What is changed is kept open: the rows that are kept are those of its source.
        if let Node::Insert(insert) = &mut root
            && let InsertSource::Select(input) = &mut insert.source
        {
            let taken = std::mem::replace(&mut **input, Node::Concat { inputs: Vec::new() });
            **input = self.keeping(taken);
            return root;
        }
        let kept = std::mem::take(&mut self.commons.borrow_mut().kept);
        for table in kept.into_iter().rev() {
            let Some(mut definition) = table.definition else { continue };
            match readers(&root, table.slot) {
                0 => {}
                1 => put(&mut root, table.slot, &mut definition),
                _ => {
                    let KeptTable { slot, name, .. } = table;
                    root = Node::With(Box::new(Keeping { slot, name, definition, body: root }));
                }
            }
        }
        root
    }
}

fn place_of(common: &CommonTable<'_>) -> *const () {
    std::ptr::from_ref(common).cast()
}

/// Returns whether a query names a common table.
fn reads(query: &Query<'_>, name: Ident<'_>) -> bool {
    tables_of_query(query).iter().any(|one| one.qualifier.is_none() && one.name == name)
}

fn any_in_query<'a>(query: &'a Query<'a>, test: &mut dyn FnMut(Expr<'a>) -> bool) -> bool {
    let mut found = false;
    walk_query(query, &mut |child| found = found || any_in_child(child, test));
    found
}

fn any_in_child<'a>(child: Child<'a>, test: &mut dyn FnMut(Expr<'a>) -> bool) -> bool {
    match child {
        Child::Query(query) => any_in_query(query, test),
        Child::Expr(expr) if test(expr) => true,
        Child::Expr(expr) => {
            let mut found = false;
            walk_children(expr, &mut |child| found = found || any_in_child(child, test));
            found
        }
    }
}

/// Returns how often kept rows are read; what runs again and again counts as several.
fn readers(node: &Node, slot: usize) -> usize {
    if let Node::Kept { slot: held, .. } = node {
        return usize::from(*held == slot);
    }
    let again = match node {
        Node::Join(_) | Node::Recurse(_) => 1,
        _ => usize::MAX,
    };
    let inputs = node.inputs().into_iter().enumerate();
    inputs.fold(0, |sum, (place, input)| {
        let times = if place == again { 2 } else { 1 };
        sum + times * readers(input, slot)
    })
}

/// Puts a definition in the place where its rows are read.
fn put(node: &mut Node, slot: usize, definition: &mut Node) {
    if matches!(node, Node::Kept { slot: held, .. } if *held == slot) {
        std::mem::swap(node, definition);
        return;
    }
    node.inputs_mut().into_iter().for_each(|input| put(input, slot, definition));
}
