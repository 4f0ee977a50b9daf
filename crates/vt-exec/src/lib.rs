//! Runs a plan against the shards.
//!
//! Start at [`execute`]: it walks the tree of [`vt_plan::Node`] (`node.rs`), one file here a node.
//! The shards lie behind [`ShardQueries`], which the gateway implements with tablets and its
//! session's transactions, and tests with tables in memory. Nodes that work on rows are steps
//! (`step.rs`), the same for whole results and for streams. A statement for one shard is one call,
//! and its rows are passed on untouched.
//!
//! The crate knows neither SQL grammar nor the planner nor tablets; it holds no state between
//! statements and starts no task, so that dropping a future here cancels all that it began.

pub mod context;
pub mod shards;

mod aggregate;
mod binds;
mod change;
mod concat;
mod distinct;
mod foreign;
mod insert;
mod join;
mod kept;
mod keys;
mod limit;
mod lookup;
mod matching;
mod node;
mod project;
mod recurse;
mod route;
mod sort;
mod step;
mod stream;
mod subquery;
mod vindex_rows;
mod window;
mod write;

use tokio::sync::mpsc;
use vt_base::Error;
use vt_plan::{Node, Plan};
use vt_value::{Fields, QueryResult, StreamPart};

pub use context::{ExecContext, Limits, Observer};
pub use foreign::Cascading;
pub use shards::{Autocommit, CallOptions, CommitOrder, ShardCall, ShardQueries, first_error};

/// Runs a plan and returns its whole result.
pub async fn execute(plan: &Plan, ctx: &ExecContext<'_>) -> Result<QueryResult, Error> {
    let result = match &plan.root {
        // The most common plan needs no boxed future.
        Node::Route(route) => route::run(route, *ctx).await?,
        root => node::run(root, *ctx).await?,
    };
    note_last_insert_id(&result, ctx);
    Ok(result)
}

/// Runs a plan and sends its rows in pieces, the fields first; the result has no rows.
///
/// Ends early and well when the receiver of `out` is gone.
pub async fn execute_stream(
    plan: &Plan,
    ctx: &ExecContext<'_>,
    out: mpsc::Sender<StreamPart>,
) -> Result<QueryResult, Error> {
    let result = stream::run(&plan.root, *ctx, out).await?;
    note_last_insert_id(&result, ctx);
    Ok(result)
}

/// Returns the fields that a plan's rows will have, without running it; none for one without rows.
pub async fn fields(plan: &Plan, ctx: &ExecContext<'_>) -> Result<Fields, Error> {
    node::fields(&plan.root, *ctx).await
}

fn note_last_insert_id(result: &QueryResult, ctx: &ExecContext<'_>) {
    if result.insert_id != 0 || result.insert_id_changed {
        ctx.shards.set_last_insert_id(result.insert_id);
    }
}

#[cfg(test)]
mod tests;
