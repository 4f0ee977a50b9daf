//! From a statement and the vschema of the moment to a plan.
//!
//! Start at [`plan`]. A statement whose tables all lie in one place goes there as it is
//! (`whole.rs`); for the others `select/` builds operators over the tables, pushes as much as it
//! can under routes, where it becomes SQL again, and leaves the rest to the gateway. `dml/` plans
//! what changes rows, `analyze/` says what names mean, `tree/` walks and rebuilds syntax trees.
//!
//! - Pure: a function of the statement and [`PlanContext`].
//! - What cannot be carried out is refused with `VT12001`, never done wrongly.
//! - Statements of the session (SET, USE, BEGIN, SHOW of the cluster) never come here.

mod analyze;
mod assigned;
mod context;
mod ddl;
mod directives;
mod dml;
mod eval;
mod expression;
mod fields;
mod other;
mod planner;
mod select;
mod shard_form;
mod target;
mod tree;
mod views;
mod vschema_change;
mod whole;
mod years;

use vt_base::Error;
use vt_plan::Plan;
use vt_sql::Arena;
use vt_sql::ast::Statement;

pub use context::PlanContext;
pub use expression::{ExpressionAnswer, ExpressionColumn, Given, PreparedExpression, expression};
pub use vschema_change::vschema_change;

/// Plans a statement whose literals may have become bind variables.
///
/// # Errors
/// `VT12001` for what is not supported; `VT03...` to `VT09...` for what is wrong with the
/// statement, worded as their table says.
pub fn plan(statement: &Statement<'_>, ctx: &PlanContext<'_>) -> Result<Plan, Error> {
    let arena = Arena::new();
    planner::Planner::new(&arena, ctx).plan(*statement)
}
