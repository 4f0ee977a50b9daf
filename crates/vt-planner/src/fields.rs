//! Queries for the sake of their columns alone, and queries that need no shard.

use std::sync::Arc;

use vt_base::Error;
use vt_plan::Node;
use vt_sql::Arena;
use vt_sql::ast::{
    Binary, BinaryOp, Comments, Expr, Literal, LiteralKind, Query, QueryBody, Select, SelectItem,
    SelectOptions, SetOperation, SetTail, Span, Statement, TableFactor, TableRef,
};
use vt_value::RowsBuilder;

use crate::eval::plain_value;
use crate::planner::Planner;
use crate::shard_form::{ShardForm, shard_sql};
use crate::tree::Rewrite;

impl<'a> Planner<'a> {
    /// Returns the text of a query that gives the same columns, but no row; empty if it has none.
    pub(crate) fn field_sql(&self, query: &'a Query<'a>) -> Result<String, Error> {
        let query = ShardForm::new(self).query(query)?;
        Ok(match without_rows(self.arena, query) {
            Some(query) => shard_sql(&query),
            None => String::new(),
        })
    }

    /// Plans `SELECT 1, DATABASE()`: values that the gateway knows, without a shard.
    pub(crate) fn plan_without_tables(
        &self,
        statement: Statement<'a>,
    ) -> Result<Option<Node>, Error> {
        let Statement::Query(query) = statement else { return Ok(None) };
        let QueryBody::Select(select) = query.body else { return Ok(None) };
        let bare = query.with.is_none()
            && query.order_by.is_empty()
            && query.into.is_none()
            && query.limit.is_none()
            && select.from.is_empty()
            && select.filter.is_none()
            && select.group_by.is_none()
            && select.having.is_none();
        if !bare {
            return Ok(None);
        }
        let mut form = ShardForm::new(self);
        let mut exprs = Vec::with_capacity(select.items.len());
        let mut names: Vec<Arc<str>> = Vec::with_capacity(select.items.len());
        for item in select.items {
            let SelectItem::Expr(item) = item else { return Ok(None) };
            // Binary literals have types that only a shard gives.
            let Some(value) = plain_value(form.expr(item.expr)?) else { return Ok(None) };
            exprs.push(value);
            names.push(item.alias.map_or(item.name, |alias| alias.as_str()).into());
        }
        let mut rows = RowsBuilder::default();
        rows.end_row();
        let input = Box::new(Node::Rows { fields: [].into(), rows: rows.finish() });
        Ok(Some(Node::Project { input, exprs, names }))
    }
}

/// Makes a query that gives the columns of another, already in the form for shards.
pub(crate) fn without_rows<'a>(arena: &'a Arena, query: &Query<'a>) -> Option<Query<'a>> {
    let body = body_without_rows(arena, query.body)?;
    Some(Query { body, order_by: &[], limit: None, locks: &[], into: None, ..*query })
}

fn body_without_rows<'a>(arena: &'a Arena, body: QueryBody<'a>) -> Option<QueryBody<'a>> {
    Some(match body {
        QueryBody::Select(select) => {
            let never = Binary { op: BinaryOp::Ne, left: one(arena), right: one(arena) };
            let filter = Some(Expr::Binary(arena.node(never)));
            QueryBody::Select(arena.node(Select { filter, having: None, ..*select }))
        }
        QueryBody::Set(set) => {
            let first = body_without_rows(arena, set.first)?;
            let rest: Vec<SetTail<'a>> = set
                .rest
                .iter()
                .map(|tail| Some(SetTail { body: body_without_rows(arena, tail.body)?, ..*tail }))
                .collect::<Option<_>>()?;
            QueryBody::Set(arena.node(SetOperation { first, rest: arena.list(&rest) }))
        }
        QueryBody::Query(query) => QueryBody::Query(arena.node(without_rows(arena, query)?)),
        // A few constants cost nothing.
        QueryBody::Values(_) => body,
        QueryBody::Table(name) => {
            let factor =
                TableFactor { name, partitions: &[], alias: None, sample: None, hints: &[] };
            let from = [TableRef::Table(arena.node(factor))];
            let select = Select {
                comments: Comments::NONE,
                options: SelectOptions::default(),
                items: arena.list(&[SelectItem::Star(None)]),
                from: arena.list(&from),
                filter: None,
                group_by: None,
                having: None,
                windows: &[],
                qualify: None,
            };
            return body_without_rows(arena, QueryBody::Select(arena.node(select)));
        }
    })
}

/// Makes the literal 1.
pub(crate) fn one(arena: &Arena) -> Expr<'_> {
    digit(arena, b"1")
}

/// Makes the literal 0.
pub(crate) fn zero(arena: &Arena) -> Expr<'_> {
    digit(arena, b"0")
}

/// Makes the literal of a number.
pub(crate) fn number(arena: &Arena, number: usize) -> Expr<'_> {
    let value = arena.text(&number.to_string()).as_bytes();
    let (span, ordinal) = (Span::default(), Literal::MADE);
    Expr::Literal(arena.node(Literal { kind: LiteralKind::Int, value, span, ordinal }))
}

fn digit<'a>(arena: &'a Arena, value: &'static [u8]) -> Expr<'a> {
    let (span, ordinal) = (Span::default(), Literal::MADE);
    Expr::Literal(arena.node(Literal { kind: LiteralKind::Int, value, span, ordinal }))
}
