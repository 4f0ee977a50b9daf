//! Runs a plan against the shards.
//!
//! Start at [`execute`]: it walks the tree of [`vt_plan::Node`], one file here a node. The shards
//! lie behind [`ShardQueries`], which the gateway implements with tablets and its session's
//! transactions, and tests with tables in memory. The crate knows neither SQL grammar nor the
//! planner nor tablets; it holds no state between statements and starts no task, so that dropping
//! a future here cancels all that it began.

pub mod context;
pub mod shards;

use tokio::sync::mpsc;
use vt_base::Error;
use vt_plan::Plan;
use vt_value::{Fields, QueryResult, StreamPart};

pub use context::{ExecContext, Limits};
pub use shards::{Autocommit, CallOptions, ShardCall, ShardQueries, first_error};

/// Runs a plan and returns its whole result.
pub async fn execute(plan: &Plan, ctx: &ExecContext<'_>) -> Result<QueryResult, Error> {
    let _ = (plan, ctx);
    Err(Error::unsupported("execution"))
}

/// Runs a plan and sends its rows in pieces, the fields first; the result has no rows.
pub async fn execute_stream(
    plan: &Plan,
    ctx: &ExecContext<'_>,
    out: mpsc::Sender<StreamPart>,
) -> Result<QueryResult, Error> {
    let _ = (plan, ctx, out);
    Err(Error::unsupported("execution"))
}

/// Returns the fields that a plan's rows will have, without running it; none for one without rows.
pub async fn fields(plan: &Plan, ctx: &ExecContext<'_>) -> Result<Fields, Error> {
    let _ = (plan, ctx);
    Err(Error::unsupported("execution"))
}
