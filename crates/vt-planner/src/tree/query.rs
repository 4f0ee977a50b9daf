//! Rebuilding a query from its changed parts.

use vt_base::Error;
use vt_sql::ast::{
    CommonTable, Derived, GroupBy, Join, JoinCondition, JsonTable, Limit, NamedWindow, Query,
    QueryBody, Select, SelectExpr, SelectItem, SetOperation, SetTail, TableRef, With,
};

use super::rewrite::{Rewrite, exprs, option, order_items, rewrite_window};

/// Rebuilds a query from its parts, each changed by `r`.
pub(crate) fn rewrite_query<'a, R: Rewrite<'a>>(
    r: &mut R,
    query: &'a Query<'a>,
) -> Result<&'a Query<'a>, Error> {
    let with = match query.with {
        None => None,
        Some(with) => {
            let tables: Vec<CommonTable<'a>> = with
                .tables
                .iter()
                .map(|table| Ok(CommonTable { query: r.query(table.query)?, ..*table }))
                .collect::<Result<_, Error>>()?;
            let tables = r.arena().list(&tables);
            Some(r.arena().node(With { tables, ..*with }))
        }
    };
    let body = rewrite_body(r, query.body)?;
    let order_by = order_items(r, query.order_by)?;
    let limit = match query.limit {
        None => None,
        Some(limit) => {
            Some(Limit { offset: option(r, limit.offset)?, count: r.expr(limit.count)? })
        }
    };
    let next = Query { with, body, order_by, limit, ..*query };
    Ok(r.arena().node(next))
}

fn rewrite_body<'a, R: Rewrite<'a>>(
    r: &mut R,
    body: QueryBody<'a>,
) -> Result<QueryBody<'a>, Error> {
    Ok(match body {
        QueryBody::Select(select) => QueryBody::Select(rewrite_select(r, select)?),
        QueryBody::Set(set) => {
            let first = rewrite_body(r, set.first)?;
            let rest: Vec<SetTail<'a>> = set
                .rest
                .iter()
                .map(|tail| Ok(SetTail { body: rewrite_body(r, tail.body)?, ..*tail }))
                .collect::<Result<_, Error>>()?;
            let rest = r.arena().list(&rest);
            QueryBody::Set(r.arena().node(SetOperation { first, rest }))
        }
        QueryBody::Values(rows) => {
            let rows: Vec<_> =
                rows.iter().map(|row| exprs(r, row)).collect::<Result<_, Error>>()?;
            QueryBody::Values(r.arena().list(&rows))
        }
        QueryBody::Table(name) => QueryBody::Table(name),
        QueryBody::Query(query) => QueryBody::Query(r.query(query)?),
    })
}

fn rewrite_select<'a, R: Rewrite<'a>>(
    r: &mut R,
    select: &'a Select<'a>,
) -> Result<&'a Select<'a>, Error> {
    let items: Vec<SelectItem<'a>> = select
        .items
        .iter()
        .map(|item| {
            let item = match item {
                SelectItem::Star(_) => *item,
                SelectItem::Next(expr) => SelectItem::Next(r.expr(*expr)?),
                SelectItem::Expr(item) => {
                    SelectItem::Expr(SelectExpr { expr: r.expr(item.expr)?, ..*item })
                }
            };
            r.select_item(item)
        })
        .collect::<Result<_, Error>>()?;
    let from = rewrite_table_refs(r, select.from)?;
    let filter = option(r, select.filter)?;
    let group_by = match select.group_by {
        None => None,
        Some(group_by) => {
            let exprs = exprs(r, group_by.exprs)?;
            Some(r.arena().node(GroupBy { exprs, ..*group_by }))
        }
    };
    let having = option(r, select.having)?;
    let windows: Vec<NamedWindow<'a>> = select
        .windows
        .iter()
        .map(|window| Ok(NamedWindow { spec: rewrite_window(r, &window.spec)?, ..*window }))
        .collect::<Result<_, Error>>()?;
    let qualify = option(r, select.qualify)?;
    let arena = r.arena();
    let (items, windows) = (arena.list(&items), arena.list(&windows));
    Ok(arena.node(Select { items, from, filter, group_by, having, windows, qualify, ..*select }))
}

/// Rebuilds the tables of a FROM from their parts.
pub(crate) fn rewrite_table_refs<'a, R: Rewrite<'a>>(
    r: &mut R,
    tables: &'a [TableRef<'a>],
) -> Result<&'a [TableRef<'a>], Error> {
    let changed: Vec<TableRef<'a>> =
        tables.iter().map(|table| rewrite_table_ref(r, table)).collect::<Result<_, Error>>()?;
    Ok(r.arena().list(&changed))
}

fn rewrite_table_ref<'a, R: Rewrite<'a>>(
    r: &mut R,
    table: &TableRef<'a>,
) -> Result<TableRef<'a>, Error> {
    Ok(match table {
        TableRef::Table(table) => TableRef::Table(r.table(table)?),
        TableRef::Derived(derived) => {
            let query = r.query(derived.query)?;
            TableRef::Derived(r.arena().node(Derived { query, ..**derived }))
        }
        TableRef::JsonTable(json) => {
            let doc = r.expr(json.doc)?;
            TableRef::JsonTable(r.arena().node(JsonTable { doc, ..**json }))
        }
        TableRef::Join(join) => {
            let left = rewrite_table_ref(r, &join.left)?;
            let right = rewrite_table_ref(r, &join.right)?;
            let condition = match join.condition {
                JoinCondition::On(on) => JoinCondition::On(r.expr(on)?),
                plain => plain,
            };
            TableRef::Join(r.arena().node(Join { left, right, condition, ..**join }))
        }
        TableRef::Paren(tables) => TableRef::Paren(rewrite_table_refs(r, tables)?),
    })
}
