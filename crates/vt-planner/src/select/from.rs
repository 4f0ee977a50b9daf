//! From the tables of a FROM to operators: leaves, outer joins, and the joining of all.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::JoinKind;
use vt_sql::ast::{
    ColumnName, Derived, Expr, Ident, Join, JoinCondition, JoinKind as AstJoin, TableFactor,
    TableName, TableRef,
};
use vt_vschema::ColumnVindex;
use vt_vschema::table::same_name;

use super::block::Block;
use super::op::{Home, JoinOp, Member, Op, RouteOp, RowsOp};
use super::routing::pinned;
use crate::analyze::{Entry, Resolved, Scope, Tables};
use crate::planner::{Located, Planner};
use crate::shard_form::{conjuncts, equal};

/// What a list of tables becomes before it is joined: operators, and conditions on them all.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    pub(crate) ops: Vec<Op<'a>>,
    pub(crate) filters: Vec<Expr<'a>>,
}

impl<'a> Planner<'a> {
    /// Makes operators of tables, inner joins taken apart.
    pub(crate) fn plan_tables(
        &self,
        tables: &'a [TableRef<'a>],
        scope: &Rc<Scope<'a>>,
        parts: &mut Parts<'a>,
    ) -> Result<(), Error> {
        tables.iter().try_for_each(|table| self.plan_table(table, scope, parts))
    }

    fn plan_table(
        &self,
        table: &'a TableRef<'a>,
        scope: &Rc<Scope<'a>>,
        parts: &mut Parts<'a>,
    ) -> Result<(), Error> {
        match table {
            TableRef::Table(factor) => {
                if !factor.name.is_dual() {
                    parts.ops.push(self.plan_factor(factor, scope)?);
                }
                Ok(())
            }
            TableRef::Derived(derived) => {
                parts.ops.push(self.plan_derived(derived, scope)?);
                Ok(())
            }
            TableRef::JsonTable(_) => Err(Error::unsupported("json_table expressions")),
            TableRef::Paren(tables) => self.plan_tables(tables, scope, parts),
            TableRef::Join(join) => match join.kind {
                AstJoin::Inner | AstJoin::Straight => {
                    self.plan_table(&join.left, scope, parts)?;
                    self.plan_table(&join.right, scope, parts)?;
                    self.join_conditions(join, scope, &mut parts.filters)
                }
                AstJoin::Left | AstJoin::Right => {
                    let mut on = Vec::new();
                    self.join_conditions(join, scope, &mut on)?;
                    let left = self.plan_side(&join.left, scope)?;
                    let right = self.plan_side(&join.right, scope)?;
                    let (left, right) = match join.kind {
                        AstJoin::Left => (left, right),
                        _ => (right, left),
                    };
                    parts.ops.push(self.plan_left_join(left, right, &on, scope)?);
                    Ok(())
                }
                AstJoin::NaturalInner => Err(Error::unsupported("natural join")),
                AstJoin::NaturalLeft => Err(Error::unsupported("natural left join")),
                AstJoin::NaturalRight => Err(Error::unsupported("natural right join")),
            },
        }
    }

    /// Makes one operator of a side of an outer join.
    fn plan_side(&self, table: &'a TableRef<'a>, scope: &Rc<Scope<'a>>) -> Result<Op<'a>, Error> {
        let mut parts = Parts::default();
        self.plan_table(table, scope, &mut parts)?;
        self.combine(parts, scope)
    }

    /// Takes the condition of a join apart.
    fn join_conditions(
        &self,
        join: &Join<'a>,
        scope: &Rc<Scope<'a>>,
        out: &mut Vec<Expr<'a>>,
    ) -> Result<(), Error> {
        match join.condition {
            JoinCondition::None => {}
            JoinCondition::On(on) => split(self, on, out),
            JoinCondition::Using(names) => {
                for name in names {
                    let left = self.using_column(&join.left, *name, scope)?;
                    let right = self.using_column(&join.right, *name, scope)?;
                    out.push(equal(self.arena, left, right));
                }
            }
        }
        Ok(())
    }

    /// Finds the column that USING names among the tables of one side.
    fn using_column(
        &self,
        side: &TableRef<'a>,
        name: Ident<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Expr<'a>, Error> {
        let mut names = Vec::new();
        exposed_names(side, &mut names);
        let own = |entry: &&Entry<'a>| names.contains(&entry.name);
        let entries: Vec<Entry<'a>> = scope.entries.iter().filter(own).cloned().collect();
        let side = Scope { entries, parent: None, common: Vec::new() };
        let bare = ColumnName { table: None, name };
        match side.resolve(&bare)? {
            Resolved::One { entry, .. } => {
                let table = Some(TableName { qualifier: None, name: entry.name });
                Ok(Expr::Column(self.arena.node(ColumnName { table, name })))
            }
            Resolved::Several { .. } => Err(Error::vt(vt_base::ErrorId::VT03021, name.as_str())),
            Resolved::Nothing => Err(Error::vt(vt_base::ErrorId::VT03019, name.as_str())),
        }
    }

    fn plan_factor(
        &self,
        factor: &'a TableFactor<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        let name = factor.exposed_name();
        let id = entry_id(scope, name, factor.name.qualifier)?;
        if factor.name.qualifier.is_none()
            && let Some(common) = scope.common_table(factor.name.name.as_str())
        {
            let derived = self.arena.node(Derived {
                lateral: false,
                query: common.query,
                alias: Some(name),
                columns: common.columns,
            });
            let before: Vec<_> = scope
                .common
                .iter()
                .take_while(|one| !std::ptr::eq(**one, common))
                .copied()
                .collect();
            let around = Rc::new(Scope { entries: Vec::new(), parent: None, common: before });
            return self.plan_derived_in(derived, id, &around);
        }
        let from = vec![TableRef::Table(factor)];
        let route = |home, vindexes, pinned| {
            let members = vec![Member { id, vindexes, pinned }];
            let route = RouteOp {
                tables: id,
                home,
                members,
                nullable: Tables::NONE,
                from,
                filters: Vec::new(),
                inherited: None,
                items: Vec::new(),
            };
            Op::Route(Box::new(route))
        };
        match self.locate(factor.name)? {
            Located::Table(table) => {
                let home = Home::of(&table, self.homes(&table));
                Ok(route(home, table.column_vindexes.clone(), pinned(&table)))
            }
            Located::System => Ok(route(Home::Anywhere, Vec::new(), None)),
            Located::Vindex(vindex) => {
                Err(Error::unsupported(format!("vindex {} as a table", vindex.name)))
            }
        }
    }

    fn plan_derived(
        &self,
        derived: &'a Derived<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        if derived.lateral {
            return Err(Error::unsupported("lateral derived tables"));
        }
        let Some(alias) = derived.alias else {
            return Err(Error::bug("a derived table without a name"));
        };
        let id = entry_id(scope, alias, None)?;
        // A derived table sees what is around the select, not its neighbours.
        let around = match &scope.parent {
            Some(parent) => Rc::new(Scope {
                entries: parent.entries.clone(),
                parent: parent.parent.clone(),
                common: scope.common.clone(),
            }),
            None => {
                Rc::new(Scope { entries: Vec::new(), parent: None, common: scope.common.clone() })
            }
        };
        self.plan_derived_in(derived, id, &around)
    }

    fn plan_derived_in(
        &self,
        derived: &'a Derived<'a>,
        id: Tables,
        around: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        match self.plan_block(derived.query, Some(around), &around.common)? {
            Block::Route(block) => {
                let choice = self.choose(&block.route, &block.scope)?;
                let single = choice.is_single();
                let members = match single {
                    true => Vec::new(),
                    false => exposed_vindexes(&block, derived, id)?,
                };
                let query = block.query;
                let from = self.arena.node(Derived { query, ..*derived });
                Ok(Op::Route(Box::new(RouteOp {
                    tables: id,
                    home: block.route.home,
                    members,
                    nullable: Tables::NONE,
                    from: vec![TableRef::Derived(from)],
                    filters: Vec::new(),
                    inherited: Some(choice),
                    items: Vec::new(),
                })))
            }
            Block::Node { node, mut columns } => {
                for (column, name) in columns.iter_mut().zip(derived.columns) {
                    column.name = name.as_str().into();
                }
                Ok(Op::Rows(Box::new(RowsOp { table: id, node, columns, exprs: Vec::new() })))
            }
        }
    }

    /// Joins operators, as far as they go together in routes, and applies the conditions.
    pub(crate) fn combine(&self, parts: Parts<'a>, scope: &Rc<Scope<'a>>) -> Result<Op<'a>, Error> {
        let Parts { mut ops, mut filters } = parts;
        if ops.is_empty() {
            ops.push(Op::Route(Box::new(nothing())));
        }
        self.push_single(&mut ops, &mut filters, scope)?;
        while let Some((left, right)) = self.mergeable_pair(&ops, &filters, scope)? {
            let right = ops.remove(right);
            let left_op = ops.remove(left);
            let (Op::Route(left_route), Op::Route(right_route)) = (left_op, right) else {
                return Err(Error::bug("only routes merge"));
            };
            let merged = self.merge(*left_route, *right_route)?;
            ops.insert(left, Op::Route(Box::new(merged)));
            self.push_single(&mut ops, &mut filters, scope)?;
        }
        let mut joined = self.take_first(&mut ops, scope)?;
        while !ops.is_empty() {
            let next = self.next_to_join(&joined, &ops, &filters, scope)?;
            let right = ops.remove(next);
            let tables = joined.tables().with(right.tables());
            let own = self.own_deps(scope);
            let mut here = Vec::new();
            let mut later = Vec::new();
            for filter in filters {
                let deps = self.deps(filter, scope)?.both(own);
                if deps.is_within(tables) { here.push(filter) } else { later.push(filter) }
            }
            filters = later;
            joined = self.inner_join(joined, right, &here, scope)?;
        }
        for filter in filters {
            joined = self.push_filter(joined, filter, scope)?;
        }
        Ok(joined)
    }

    fn own_deps(&self, scope: &Rc<Scope<'a>>) -> Tables {
        scope.own_tables()
    }

    /// Gives each condition that concerns one operator alone to it.
    fn push_single(
        &self,
        ops: &mut [Op<'a>],
        filters: &mut Vec<Expr<'a>>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<(), Error> {
        let own = self.own_deps(scope);
        let mut left = Vec::new();
        for filter in std::mem::take(filters) {
            let deps = self.deps(filter, scope)?.both(own);
            match ops.iter_mut().find(|op| deps.is_within(op.tables())) {
                Some(op) => {
                    let taken = std::mem::replace(op, Op::Route(Box::new(nothing())));
                    *op = self.push_filter(taken, filter, scope)?;
                }
                None => left.push(filter),
            }
        }
        *filters = left;
        Ok(())
    }

    /// Takes the operator that drives the join: what cannot be run again for each row, else the
    /// cheapest.
    fn take_first(&self, ops: &mut Vec<Op<'a>>, scope: &Rc<Scope<'a>>) -> Result<Op<'a>, Error> {
        let mut best = (0, (u32::MAX, u32::MAX));
        for (index, op) in ops.iter().enumerate() {
            let rank = match op {
                Op::Rows(_) => (0, 0),
                Op::Route(route) => self.choose(route, scope)?.rank(),
                Op::Join(_) | Op::Filter(_) => (10, 0),
            };
            if rank < best.1 {
                best = (index, rank);
            }
        }
        Ok(ops.remove(best.0))
    }

    /// Returns which operator to join next: one that the conditions lead to by a vindex, else one
    /// that they lead to, else the first.
    fn next_to_join(
        &self,
        joined: &Op<'a>,
        ops: &[Op<'a>],
        filters: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<usize, Error> {
        let mut best = (0, 4);
        for (index, op) in ops.iter().enumerate() {
            let mut rank = 3;
            for filter in filters {
                let deps = self.deps(*filter, scope)?;
                let reaches = deps.overlaps(op.tables())
                    && deps.both(self.own_deps(scope)).is_within(joined.tables().with(op.tables()));
                if reaches {
                    rank = rank.min(match self.uses_vindex(op, *filter, scope)? {
                        true => 1,
                        false => 2,
                    });
                }
            }
            if rank < best.1 {
                best = (index, rank);
            }
        }
        Ok(best.0)
    }

    /// Returns whether an equality names a column of a vindex of a route.
    fn uses_vindex(
        &self,
        op: &Op<'a>,
        filter: Expr<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<bool, Error> {
        let (Op::Route(route), Expr::Binary(binary)) = (op, filter) else { return Ok(false) };
        if binary.op != vt_sql::ast::BinaryOp::Eq {
            return Ok(false);
        }
        for member in &route.members {
            for column in member.vindexes.iter().filter_map(|one| one.columns.first()) {
                for side in [binary.left, binary.right] {
                    if self.is_column(side, member.id, column, scope)? {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    fn inner_join(
        &self,
        left: Op<'a>,
        right: Op<'a>,
        conditions: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        let mut join =
            JoinOp { kind: JoinKind::Inner, left, right, columns: Vec::new(), vars: Vec::new() };
        for condition in conditions {
            let bound = self.bind_left(&mut join, *condition, scope)?;
            join.right = self.push_filter(join.right, bound, scope)?;
        }
        Ok(Op::Join(Box::new(join)))
    }

    fn plan_left_join(
        &self,
        left: Op<'a>,
        right: Op<'a>,
        on: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        if let (Op::Route(left_route), Op::Route(right_route)) = (&left, &right)
            && self.left_joins_merge(left_route, right_route, on, scope)?
        {
            let merged = self.merge_left(left_route, right_route, on)?;
            return Ok(Op::Route(Box::new(merged)));
        }
        let has_query = |expr: &Expr<'a>| super::subquery::has_query(*expr);
        if on.iter().any(has_query) {
            return Err(Error::unsupported("subquery in outer join predicate"));
        }
        let kind = JoinKind::Left;
        let mut join = JoinOp { kind, left, right, columns: Vec::new(), vars: Vec::new() };
        for condition in on {
            let bound = self.bind_left(&mut join, *condition, scope)?;
            join.right = self.push_filter(join.right, bound, scope)?;
        }
        Ok(Op::Join(Box::new(join)))
    }
}

/// Splits a condition at its ANDs, and comparisons of rows into those of their parts.
pub(crate) fn split<'a>(planner: &Planner<'a>, condition: Expr<'a>, out: &mut Vec<Expr<'a>>) {
    let mut parts = Vec::new();
    conjuncts(condition, &mut parts);
    for part in parts {
        match part {
            Expr::Binary(binary) if binary.op == vt_sql::ast::BinaryOp::Eq => {
                match (binary.left, binary.right) {
                    (Expr::Row(left), Expr::Row(right)) if left.len() == right.len() => {
                        let pairs = left.iter().zip(right);
                        out.extend(pairs.map(|(left, right)| equal(planner.arena, *left, *right)));
                    }
                    _ => out.push(part),
                }
            }
            _ => out.push(part),
        }
    }
}

/// Makes the route of a select without tables.
fn nothing<'a>() -> RouteOp<'a> {
    RouteOp {
        tables: Tables::NONE,
        home: Home::Anywhere,
        members: Vec::new(),
        nullable: Tables::NONE,
        from: Vec::new(),
        filters: Vec::new(),
        inherited: None,
        items: Vec::new(),
    }
}

fn exposed_names<'a>(table: &TableRef<'a>, out: &mut Vec<Ident<'a>>) {
    match table {
        TableRef::Table(factor) => out.push(factor.exposed_name()),
        TableRef::Derived(derived) => out.extend(derived.alias),
        TableRef::JsonTable(json) => out.extend(json.alias),
        TableRef::Join(join) => {
            exposed_names(&join.left, out);
            exposed_names(&join.right, out);
        }
        TableRef::Paren(tables) => tables.iter().for_each(|table| exposed_names(table, out)),
    }
}

fn entry_id<'a>(
    scope: &Scope<'a>,
    name: Ident<'a>,
    qualifier: Option<Ident<'a>>,
) -> Result<Tables, Error> {
    let keyspace = qualifier.map(|one| one.as_str());
    let fits = |entry: &&Entry<'a>| {
        entry.name == name
            && keyspace.is_none_or(|one| entry.keyspace.as_deref().is_none_or(|held| held == one))
    };
    scope
        .entries
        .iter()
        .find(fits)
        .map(|entry| entry.id)
        .ok_or_else(|| Error::bug(format!("table {} is in no scope", name.as_str())))
}

/// Returns the vindexes whose columns a derived table passes on, under their new names.
fn exposed_vindexes<'a>(
    block: &super::block::RouteBlock<'a>,
    derived: &Derived<'a>,
    id: Tables,
) -> Result<Vec<Member>, Error> {
    let vt_sql::ast::QueryBody::Select(select) = block.query.body else { return Ok(Vec::new()) };
    let mut passed: Vec<(Tables, Arc<str>, Arc<str>)> = Vec::new();
    for (index, item) in select.items.iter().enumerate() {
        match item {
            vt_sql::ast::SelectItem::Expr(item) => {
                let Expr::Column(column) = item.expr else { continue };
                let Resolved::One { entry, depth: 0 } = block.scope.resolve(column)? else {
                    continue;
                };
                let outer = match derived.columns.get(index) {
                    Some(name) => *name,
                    None => item.alias.unwrap_or(column.name),
                };
                passed.push((entry.id, column.name.as_str().into(), outer.as_str().into()));
            }
            // The columns behind a star keep their names, but their places are not known.
            vt_sql::ast::SelectItem::Star(None) if derived.columns.is_empty() => {
                for member in &block.route.members {
                    for column in member.vindexes.iter().flat_map(|one| &one.columns) {
                        passed.push((member.id, column.clone(), column.clone()));
                    }
                }
            }
            _ => {}
        }
    }
    let mut vindexes = Vec::new();
    for member in &block.route.members {
        if member.id.overlaps(block.route.nullable) {
            continue;
        }
        for vindex in &member.vindexes {
            let renamed = vindex.columns.iter().map(|column| {
                let same = |(table, inner, _): &&(Tables, Arc<str>, Arc<str>)| {
                    *table == member.id && same_name(inner, column)
                };
                passed.iter().find(same).map(|(_, _, outer)| outer.clone())
            });
            if let Some(columns) = renamed.collect::<Option<Vec<_>>>() {
                vindexes.push(ColumnVindex { columns, ..vindex.clone() });
            }
        }
    }
    Ok(vec![Member { id, vindexes, pinned: None }])
}
