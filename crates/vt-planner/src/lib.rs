//! From a statement and the vschema of the moment to a plan.

mod context;
mod vschema_change;

pub use context::PlanContext;
pub use vschema_change::vschema_change;

/// Plans a statement.
pub fn plan(
    statement: &vt_sql::ast::Statement<'_>,
    ctx: &PlanContext<'_>,
) -> Result<vt_plan::Plan, vt_base::Error> {
    let _ = (statement, ctx);
    Err(vt_base::Error::unsupported("planning"))
}
