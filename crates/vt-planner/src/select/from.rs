//! From the tables of a FROM to operators: leaves, outer joins, and the joining of all.

use std::rc::Rc;
use std::sync::Arc;

use vt_base::Error;
use vt_sql::ast::{
    ColumnName, Derived, Expr, Ident, Join, JoinCondition, JoinKind as AstJoin, TableFactor,
    TableName, TableRef,
};
use vt_vschema::ColumnVindex;
use vt_vschema::table::same_name;

use super::block::Block;
use super::op::{Home, Member, MemberVindex, Op, RouteOp, RowsOp};
use super::routing::pinned;
use super::vindex::vindex_op;
use crate::analyze::joined::hidden_in;
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
            TableRef::Derived(derived) if !derived.lateral => {
                parts.ops.push(self.plan_derived(derived, scope)?);
                Ok(())
            }
            TableRef::Derived(_) | TableRef::JsonTable(_) => self.plan_after(table, scope, parts),
            TableRef::Paren(tables) => self.plan_tables(tables, scope, parts),
            TableRef::Join(join) => match join.kind {
                AstJoin::Inner | AstJoin::Straight | AstJoin::NaturalInner => {
                    self.plan_table(&join.left, scope, parts)?;
                    self.plan_table(&join.right, scope, parts)?;
                    self.join_conditions(join, scope, &mut parts.filters)
                }
                _ => {
                    let mut on = Vec::new();
                    self.join_conditions(join, scope, &mut on)?;
                    let (left, right) = match join.kind {
                        AstJoin::Right | AstJoin::NaturalRight => (&join.right, &join.left),
                        _ => (&join.left, &join.right),
                    };
                    let left = self.plan_side(left, scope)?;
                    let joined = match self.plan_lateral(&left, right, scope)? {
                        Some(lateral) => self.plan_lateral_left(left, lateral, &on, scope)?,
                        None => {
                            let right = self.plan_side(right, scope)?;
                            self.plan_left_join(left, right, &on, scope)?
                        }
                    };
                    parts.ops.push(joined);
                    Ok(())
                }
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
            JoinCondition::On(on) => split(self, on, out),
            JoinCondition::None | JoinCondition::Using(_) => {
                for name in self.joined_names(join, scope)? {
                    let left = self.using_column(&join.left, name, scope)?;
                    let right = self.using_column(&join.right, name, scope)?;
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
        let own = |entry: &&Rc<Entry<'a>>| names.contains(&entry.name);
        let entries: Vec<_> = scope.entries.iter().filter(own).cloned().collect();
        let hidden = hidden_in(*side, scope)?;
        let side = Scope { entries, hidden, ..Scope::default() };
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
            return self.plan_common(common, (name, id), scope);
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
                let vindexes =
                    table.column_vindexes.iter().map(|one| MemberVindex::of(&table, one));
                Ok(route(home, vindexes.collect(), pinned(&table)))
            }
            Located::System => Ok(route(Home::Anywhere, Vec::new(), None)),
            Located::Vindex { keyspace, vindex } => Ok(vindex_op(keyspace, vindex, id)),
        }
    }

    fn plan_derived(
        &self,
        derived: &'a Derived<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        let Some(alias) = derived.alias else {
            return Err(Error::bug("a derived table without a name"));
        };
        let id = entry_id(scope, alias, None)?;
        // A derived table sees what is around the select, not its neighbours.
        let around = match &scope.parent {
            Some(parent) => Rc::new(Scope {
                entries: parent.entries.clone(),
                computed: parent.computed.clone(),
                hidden: parent.hidden.clone(),
                joined: parent.joined.clone(),
                parent: parent.parent.clone(),
                common: scope.common.clone(),
            }),
            None => Rc::new(Scope::empty(scope.common.clone())),
        };
        self.plan_derived_in(derived, id, &around)
    }

    pub(super) fn plan_derived_in(
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
                // What every shard gives alike tells nothing of where other tables' rows are.
                let inherited = block.route.home.is_sharded().then_some(choice);
                let query = block.query;
                let from = self.arena.node(Derived { query, ..*derived });
                Ok(Op::Route(Box::new(RouteOp {
                    tables: id,
                    home: block.route.home,
                    members,
                    nullable: Tables::NONE,
                    from: vec![TableRef::Derived(from)],
                    filters: Vec::new(),
                    inherited,
                    items: Vec::new(),
                })))
            }
            Block::Node { node, mut columns } => {
                for (column, name) in columns.iter_mut().zip(derived.columns) {
                    column.name = name.as_str().into();
                }
                Ok(Op::Rows(Box::new(RowsOp { table: id, node, columns })))
            }
        }
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

/// Collects the names by which columns refer to tables.
pub(crate) fn exposed_names<'a>(table: &TableRef<'a>, out: &mut Vec<Ident<'a>>) {
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

pub(super) fn entry_id<'a>(
    scope: &Scope<'a>,
    name: Ident<'a>,
    qualifier: Option<Ident<'a>>,
) -> Result<Tables, Error> {
    let keyspace = qualifier.map(|one| one.as_str());
    let fits = |entry: &&Rc<Entry<'a>>| {
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
                let named = ColumnVindex { columns, ..vindex.named.clone() };
                vindexes.push(MemberVindex { named, mapping: vindex.mapping.clone() });
            }
        }
    }
    Ok(vec![Member { id, vindexes, pinned: None }])
}
