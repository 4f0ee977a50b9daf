//! The walk over the tree of a plan, with whole results.

use futures::FutureExt;
use futures::future::BoxFuture;
use vt_base::Error;
use vt_plan::Node;
use vt_value::{Fields, QueryResult};

use crate::kept::Kept;
use crate::{
    ExecContext, change, concat, foreign, insert, join, matching, recurse, route, step, stream,
    subquery, vindex_rows, write,
};

/// Runs a node; the result of one that gives rows has fields, even without a row.
pub(crate) fn run<'a>(
    node: &'a Node,
    ctx: ExecContext<'a>,
) -> BoxFuture<'a, Result<QueryResult, Error>> {
    async move {
        let result = match node {
            Node::Route(route) => route::run(route, ctx).await,
            Node::Rows { fields, rows } => Ok(QueryResult::with_rows(fields.clone(), rows.clone())),
            Node::Join(join) => join::run(join, ctx).await,
            Node::Subquery(subquery) => {
                let (binds, given) = subquery::bind(subquery, ctx).await?;
                let outer = run(&subquery.outer, ExecContext { binds: &binds, ..ctx }).await;
                outer.map(|mut result| {
                    subquery::type_columns(subquery, &given, &mut result.fields);
                    result
                })
            }
            Node::Concat { inputs } => concat::run(inputs, ctx).await,
            Node::With(with) => {
                let kept = Kept::of(with, ctx).await?;
                run(&with.body, ExecContext { kept: Some(&kept), ..ctx }).await
            }
            Node::Kept { slot, .. } => Kept::read(*slot, ctx),
            Node::Recurse(recurse) => recurse::run(recurse, ctx).await,
            Node::VindexRows(rows) => vindex_rows::run(rows, ctx),
            // All rows are counted, but few are held.
            Node::Limit { counts_all: true, .. } => stream::collected(node, ctx).await,
            Node::Insert(insert) => insert::run(insert, ctx).await,
            Node::Update(write) | Node::Delete(write) => write::run(write, ctx).await,
            Node::Change(change) => change::run(change, ctx).await,
            Node::ForeignKeys(one) => foreign::run(one, ctx).await,
            Node::Limit { input, .. }
            | Node::Sort { input, .. }
            | Node::Distinct { input, .. }
            | Node::Filter { input, .. }
            | Node::Project { input, .. }
            | Node::Truncate { input, .. } => run_step(node, input, ctx).await,
            Node::Aggregate(aggregate) => run_step(node, &aggregate.input, ctx).await,
            Node::Window(window) => run_step(node, &window.input, ctx).await,
            Node::Match(one) => matching::run(one, ctx).await,
        };
        if let (Some(observer), Ok(result)) = (ctx.observer, &result) {
            observer.ran(node, result.rows.len());
        }
        result
    }
    .boxed()
}

async fn run_step(node: &Node, input: &Node, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let mut result = run(input, ctx).await?;
    let mut step = step::make(node, &result.fields, ctx)?;
    result.fields = step.fields();
    let first = step.push(std::mem::take(&mut result.rows))?;
    let last = step.finish()?;
    result.rows = if last.is_empty() { first } else { step::joined(&first, last) };
    ctx.limits.check(result.rows.len())?;
    Ok(result)
}

/// Returns the fields that a node's rows have, without running it; none for one that gives none.
pub(crate) fn fields<'a>(
    node: &'a Node,
    ctx: ExecContext<'a>,
) -> BoxFuture<'a, Result<Fields, Error>> {
    async move {
        match node {
            Node::Route(route) => route::fields(route, ctx).await,
            Node::Rows { fields, .. } => Ok(fields.clone()),
            Node::Join(join) => join::fields(join, ctx).await,
            Node::Subquery(subquery) => {
                let binds = subquery::bind_nothing(subquery, ctx);
                let mut all = fields(&subquery.outer, ExecContext { binds: &binds, ..ctx }).await?;
                if !subquery.columns.is_empty() {
                    let given = fields(&subquery.subquery, ctx).await?;
                    subquery::type_columns(subquery, &given, &mut all);
                }
                Ok(all)
            }
            Node::Concat { inputs } => concat::fields(inputs, ctx).await,
            Node::With(with) => {
                let kept = Kept::fields_of(with, ctx).await?;
                fields(&with.body, ExecContext { kept: Some(&kept), ..ctx }).await
            }
            Node::Kept { slot, .. } => Kept::read(*slot, ctx).map(|result| result.fields),
            Node::Recurse(recurse) => recurse::fields(recurse, ctx).await,
            Node::VindexRows(_) => Ok(vindex_rows::fields()),
            Node::Insert(_)
            | Node::Update(_)
            | Node::Delete(_)
            | Node::Change(_)
            | Node::ForeignKeys(_) => Ok(Fields::default()),
            Node::Limit { input, .. }
            | Node::Sort { input, .. }
            | Node::Distinct { input, .. }
            | Node::Filter { input, .. }
            | Node::Project { input, .. }
            | Node::Truncate { input, .. } => step_fields(node, input, ctx).await,
            Node::Aggregate(aggregate) => step_fields(node, &aggregate.input, ctx).await,
            Node::Window(window) => step_fields(node, &window.input, ctx).await,
            Node::Match(one) => matching::fields(one, ctx).await,
        }
    }
    .boxed()
}

async fn step_fields(node: &Node, input: &Node, ctx: ExecContext<'_>) -> Result<Fields, Error> {
    let fields = fields(input, ctx).await?;
    Ok(step::make(node, &fields, ctx)?.fields())
}
