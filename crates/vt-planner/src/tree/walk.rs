//! Visiting the parts of an expression or query without changing them.

use vt_sql::ast::{
    Expr, FrameBound, InList, JoinCondition, JsonFallback, Limit, OrderItem, Over, Query,
    QueryBody, Select, SelectItem, Special, TableRef, WindowSpec,
};

/// A part of an expression.
#[derive(Clone, Copy)]
pub(crate) enum Child<'a> {
    Expr(Expr<'a>),
    Query(&'a Query<'a>),
}

/// Calls `f` for each direct part of an expression.
pub(crate) fn walk_children<'a>(expr: Expr<'a>, f: &mut dyn FnMut(Child<'a>)) {
    match expr {
        Expr::Null
        | Expr::True
        | Expr::False
        | Expr::Literal(_)
        | Expr::Bind(_)
        | Expr::Column(_)
        | Expr::Variable(_)
        | Expr::Default(_)
        | Expr::Values(_) => {}
        Expr::Assign(assign) => f(Child::Expr(assign.value)),
        Expr::Unary(unary) => f(Child::Expr(unary.expr)),
        Expr::Binary(binary) => {
            f(Child::Expr(binary.left));
            f(Child::Expr(binary.right));
        }
        Expr::And(list) | Expr::Or(list) | Expr::Row(list) => walk_list(list, f),
        Expr::Quantified(quantified) => {
            f(Child::Expr(quantified.left));
            f(Child::Query(quantified.query));
        }
        Expr::In(one) => {
            f(Child::Expr(one.expr));
            match one.list {
                InList::Exprs(list) => walk_list(list, f),
                InList::Query(query) => f(Child::Query(query)),
                InList::Literals(_) | InList::Bind(_) => {}
            }
        }
        Expr::Between(between) => walk_list(&[between.expr, between.low, between.high], f),
        Expr::Like(like) => {
            walk_list(&[like.expr, like.pattern], f);
            walk_option(like.escape, f);
        }
        Expr::Is(is) => f(Child::Expr(is.expr)),
        Expr::MemberOf(member) => walk_list(&[member.value, member.json], f),
        Expr::Case(case) => {
            walk_option(case.operand, f);
            for when in case.whens {
                walk_list(&[when.condition, when.value], f);
            }
            walk_option(case.otherwise, f);
        }
        Expr::Cast(cast) => f(Child::Expr(cast.expr)),
        Expr::ConvertUsing(convert) => f(Child::Expr(convert.expr)),
        Expr::Collate(collate) => f(Child::Expr(collate.expr)),
        Expr::Introducer(introducer) => f(Child::Expr(introducer.expr)),
        Expr::Temporal(temporal) => f(Child::Expr(temporal.expr)),
        Expr::Function(function) => walk_list(function.args, f),
        Expr::Aggregate(aggregate) => {
            walk_list(aggregate.args, f);
            walk_order(aggregate.order_by, f);
            walk_option(aggregate.separator, f);
            if let Some(over) = aggregate.over {
                walk_over(over, f);
            }
        }
        Expr::Window(window) => {
            walk_list(window.args, f);
            walk_over(window.over, f);
        }
        Expr::Special(special) => walk_special(special, f),
        Expr::Match(matched) => {
            walk_list(matched.columns, f);
            f(Child::Expr(matched.against));
        }
        Expr::Interval(interval) => f(Child::Expr(interval.amount)),
        Expr::Subquery(query) | Expr::Exists(query) => f(Child::Query(query)),
    }
}

fn walk_list<'a>(list: &[Expr<'a>], f: &mut dyn FnMut(Child<'a>)) {
    list.iter().for_each(|expr| f(Child::Expr(*expr)));
}

fn walk_option<'a>(expr: Option<Expr<'a>>, f: &mut dyn FnMut(Child<'a>)) {
    if let Some(expr) = expr {
        f(Child::Expr(expr));
    }
}

fn walk_order<'a>(items: &[OrderItem<'a>], f: &mut dyn FnMut(Child<'a>)) {
    items.iter().for_each(|item| f(Child::Expr(item.expr)));
}

fn walk_over<'a>(over: &Over<'a>, f: &mut dyn FnMut(Child<'a>)) {
    if let Over::Spec(spec) = over {
        walk_window(spec, f);
    }
}

fn walk_window<'a>(spec: &WindowSpec<'a>, f: &mut dyn FnMut(Child<'a>)) {
    walk_list(spec.partition_by, f);
    walk_order(spec.order_by, f);
    for bound in spec.frame.iter().flat_map(|frame| [Some(frame.start), frame.end]).flatten() {
        if let FrameBound::Preceding(expr) | FrameBound::Following(expr) = bound {
            f(Child::Expr(expr));
        }
    }
}

fn walk_special<'a>(special: &Special<'a>, f: &mut dyn FnMut(Child<'a>)) {
    match special {
        Special::Extract { expr, .. }
        | Special::WeightString { expr, .. }
        | Special::GetFormat { expr, .. } => f(Child::Expr(*expr)),
        Special::Trim { what, expr, .. } => {
            walk_option(*what, f);
            f(Child::Expr(*expr));
        }
        Special::Char { args, .. } => walk_list(args, f),
        Special::TimestampAdd { amount, expr, .. } => walk_list(&[*amount, *expr], f),
        Special::TimestampDiff { from, to, .. } => walk_list(&[*from, *to], f),
        Special::DualityObject { pairs, .. } => {
            pairs.iter().for_each(|pair| f(Child::Expr(pair.value)));
        }
        Special::JsonValue { doc, path, on_empty, on_error, .. } => {
            walk_list(&[*doc, *path], f);
            for fallback in [on_empty, on_error] {
                if let Some(JsonFallback::Default(expr)) = fallback {
                    f(Child::Expr(*expr));
                }
            }
        }
    }
}

/// Calls `f` for each expression and query that stands directly in a query: not inside another
/// expression, and not inside a query that one of them holds.
pub(crate) fn walk_query<'a>(query: &'a Query<'a>, f: &mut dyn FnMut(Child<'a>)) {
    if let Some(with) = query.with {
        with.tables.iter().for_each(|table| f(Child::Query(table.query)));
    }
    walk_body(query.body, f);
    walk_order(query.order_by, f);
    if let Some(Limit { offset, count }) = query.limit {
        walk_option(offset, f);
        f(Child::Expr(count));
    }
}

fn walk_body<'a>(body: QueryBody<'a>, f: &mut dyn FnMut(Child<'a>)) {
    match body {
        QueryBody::Select(select) => walk_select(select, f),
        QueryBody::Set(set) => {
            walk_body(set.first, f);
            set.rest.iter().for_each(|tail| walk_body(tail.body, f));
        }
        QueryBody::Values(rows) => rows.iter().for_each(|row| walk_list(row, f)),
        QueryBody::Table(_) => {}
        QueryBody::Query(query) => f(Child::Query(query)),
    }
}

pub(crate) fn walk_select<'a>(select: &'a Select<'a>, f: &mut dyn FnMut(Child<'a>)) {
    for item in select.items {
        match item {
            SelectItem::Expr(item) => f(Child::Expr(item.expr)),
            SelectItem::Next(expr) => f(Child::Expr(*expr)),
            SelectItem::Star(_) => {}
        }
    }
    walk_tables(select.from, f);
    walk_option(select.filter, f);
    if let Some(group_by) = select.group_by {
        walk_list(group_by.exprs, f);
    }
    walk_option(select.having, f);
    select.windows.iter().for_each(|window| walk_window(&window.spec, f));
    walk_option(select.qualify, f);
}

fn walk_tables<'a>(tables: &'a [TableRef<'a>], f: &mut dyn FnMut(Child<'a>)) {
    for table in tables {
        match table {
            TableRef::Table(_) => {}
            TableRef::Derived(derived) => f(Child::Query(derived.query)),
            TableRef::JsonTable(json) => f(Child::Expr(json.doc)),
            TableRef::Join(join) => {
                walk_tables(std::slice::from_ref(&join.left), f);
                walk_tables(std::slice::from_ref(&join.right), f);
                if let JoinCondition::On(on) = join.condition {
                    f(Child::Expr(on));
                }
            }
            TableRef::Paren(tables) => walk_tables(tables, f),
        }
    }
}

/// Returns whether a predicate holds for an expression or a part of it; queries in it are not
/// looked into.
pub(crate) fn any_expr<'a>(expr: Expr<'a>, test: &mut dyn FnMut(Expr<'a>) -> bool) -> bool {
    // Along a chain of operators without recursion.
    let mut links = Vec::new();
    let mut first = expr;
    loop {
        if test(first) {
            return true;
        }
        let Expr::Binary(link) = first else { break };
        links.push(link);
        first = link.left;
    }
    let mut found = false;
    walk_children(first, &mut |child| {
        if let Child::Expr(part) = child
            && !found
        {
            found = any_expr(part, test);
        }
    });
    found || links.iter().rev().any(|link| any_expr(link.right, test))
}
