//! Tables that read the rows of those before them: LATERAL derived tables and JSON_TABLE.

use std::rc::Rc;

use vt_base::{Error, ErrorId};
use vt_plan::JoinKind;
use vt_sql::ast::{
    Derived, Expr, Ident, Join, JoinCondition, JoinKind as AstJoin, Query, QueryBody, TableRef,
};

use super::build::plain_query;
use super::from::{Parts, entry_id};
use super::op::{Home, JoinOp, Op, RouteOp, RowsOp};
use super::subquery::has_query;
use crate::analyze::{Scope, Tables};
use crate::planner::Planner;
use crate::shard_form::conjunction;

/// A table that reads others.
pub(super) struct Lateral<'a> {
    id: Tables,
    /// What gives its rows, for a row of the tables that it reads.
    query: &'a Query<'a>,
    columns: &'a [Ident<'a>],
    /// The table as it is written.
    table: TableRef<'a>,
}

impl<'a> Planner<'a> {
    /// Plans a table that may read those before it.
    pub(super) fn plan_after(
        &self,
        table: &'a TableRef<'a>,
        scope: &Rc<Scope<'a>>,
        parts: &mut Parts<'a>,
    ) -> Result<(), Error> {
        let lateral = self.lateral(table, scope)?.ok_or_else(|| Error::bug("a table alone"))?;
        let reads = self.query_deps(lateral.query, scope)?.without(lateral.id);
        if reads.is_empty() && matches!(table, TableRef::JsonTable(_)) {
            parts.ops.push(Op::Route(Box::new(RouteOp {
                tables: lateral.id,
                home: Home::Anywhere,
                members: Vec::new(),
                nullable: Tables::NONE,
                from: vec![*table],
                filters: Vec::new(),
                inherited: None,
                items: Vec::new(),
            })));
            return Ok(());
        }
        if let Some(place) = parts.ops.iter().position(|op| reads.is_within(op.tables())) {
            let left = parts.ops.remove(place);
            let joined = self.join_lateral(left, lateral, JoinKind::Inner, &[], scope)?;
            parts.ops.insert(place, joined);
            return Ok(());
        }
        let left = self.combine(std::mem::take(parts), scope)?;
        parts.ops.push(self.join_lateral(left, lateral, JoinKind::Inner, &[], scope)?);
        Ok(())
    }

    /// Returns the right side of an outer join as a table that reads the left; `None` if it does
    /// not.
    pub(super) fn plan_lateral(
        &self,
        left: &Op<'a>,
        right: &'a TableRef<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<Lateral<'a>>, Error> {
        let Some(lateral) = self.lateral(right, scope)? else { return Ok(None) };
        let reads = self.query_deps(lateral.query, scope)?;
        Ok(reads.overlaps(left.tables()).then_some(lateral))
    }

    pub(super) fn plan_lateral_left(
        &self,
        left: Op<'a>,
        lateral: Lateral<'a>,
        on: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        self.join_lateral(left, lateral, JoinKind::Left, on, scope)
    }

    fn lateral(
        &self,
        table: &'a TableRef<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Option<Lateral<'a>>, Error> {
        let unnamed = || {
            let message = "Every derived table must have its own alias";
            Error::mysql(1248, b"42000", message)
        };
        Ok(match table {
            TableRef::Derived(derived) if derived.lateral => {
                let id = entry_id(scope, derived.alias.ok_or_else(unnamed)?, None)?;
                let Derived { query, columns, .. } = **derived;
                Some(Lateral { id, query, columns, table: *table })
            }
            TableRef::JsonTable(json) => {
                let id = entry_id(scope, json.alias.ok_or_else(unnamed)?, None)?;
                let select = self.star_of(self.arena.list(&[*table]));
                let query = self.arena.node(plain_query(QueryBody::Select(select)));
                Some(Lateral { id, query, columns: &[], table: *table })
            }
            _ => None,
        })
    }

    fn join_lateral(
        &self,
        left: Op<'a>,
        lateral: Lateral<'a>,
        kind: JoinKind,
        on: &[Expr<'a>],
        scope: &Rc<Scope<'a>>,
    ) -> Result<Op<'a>, Error> {
        if let Op::Route(route) = &left
            && !on.iter().any(|condition| has_query(*condition))
            && self.subquery_merges(lateral.query, None, route, scope)?
        {
            return Ok(Op::Route(Box::new(self.merge_lateral(route, &lateral, kind, on))));
        }
        let rows = RowsOp { table: lateral.id, ..RowsOp::default() };
        let mut join = JoinOp::new(kind, left, Op::Rows(Box::new(rows)));
        let query = self.bind_outer(&mut join, lateral.query, scope)?;
        let block = self.plan_block(query, scope.parent.as_ref(), &scope.common)?;
        let columns = self.block_columns(&block)?;
        let Some(mut columns) = columns else { return Err(Error::vt(ErrorId::VT09015, "")) };
        for (column, name) in columns.iter_mut().zip(lateral.columns) {
            column.name = name.as_str().into();
        }
        let node = self.block_node(block)?;
        join.right = Op::Rows(Box::new(RowsOp { table: lateral.id, node, columns }));
        for condition in on {
            let bound = self.bind_left(&mut join, *condition, scope)?;
            let right = std::mem::replace(&mut join.right, Op::nothing());
            join.right = match has_query(bound) {
                true => self.settle_inside(right, bound, scope)?,
                false => self.push_filter(right, bound, scope)?,
            };
        }
        Ok(Op::Join(Box::new(join)))
    }

    /// Lets the shards of a route read a table together with their rows.
    fn merge_lateral(
        &self,
        route: &RouteOp<'a>,
        lateral: &Lateral<'a>,
        kind: JoinKind,
        on: &[Expr<'a>],
    ) -> RouteOp<'a> {
        let mut merged = route.clone();
        merged.tables = route.tables.with(lateral.id);
        if kind == JoinKind::Left {
            let condition = conjunction(self.arena, on).unwrap_or(Expr::True);
            let left = self.one_table(&route.from);
            let join = Join {
                kind: AstJoin::Left,
                left,
                right: lateral.table,
                condition: JoinCondition::On(condition),
            };
            merged.from = vec![TableRef::Join(self.arena.node(join))];
            merged.nullable = route.nullable.with(lateral.id);
        } else {
            merged.from.push(lateral.table);
        }
        merged.items = Vec::new();
        merged
    }
}
