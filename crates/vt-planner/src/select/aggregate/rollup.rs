//! WITH ROLLUP, and GROUPING(), which tells its rows from others.

use vt_base::{Code, Error};
use vt_eval::{Expr as Eval, Func};
use vt_plan::Node;
use vt_sql::ast::{Expr, Function, GroupModifier, Select};
use vt_value::TypedBytes;

use super::{Grouped, Grouping};
use crate::planner::Planner;

/// Returns whether a select has super-aggregate rows; those of a kind that MySQL has but for
/// secondary engines are refused.
pub(super) fn of(select: &Select<'_>) -> Result<bool, Error> {
    match select.group_by.map(|group_by| group_by.modifier) {
        None | Some(GroupModifier::None) => Ok(false),
        Some(GroupModifier::Rollup) => Ok(true),
        Some(GroupModifier::Cube | GroupModifier::Sets(_)) => {
            Err(Error::unsupported("GROUP BY with CUBE or GROUPING SETS over several shards"))
        }
    }
}

impl<'a> Planner<'a> {
    /// Takes note of the column behind all others that a rollup adds, and computes what GROUPING()
    /// makes of it.
    pub(super) fn add_groupings(
        &self,
        grouping: &Grouping<'a>,
        grouped: &mut Grouped<'a>,
    ) -> Result<(), Error> {
        if !grouping.rollup {
            return Ok(());
        }
        let level = grouped.columns.len();
        let nameless = Function::new("grouping", &[]);
        grouped.columns.push(Expr::Function(self.arena.node(nameless)));
        let mut calls: Vec<&'a Function<'a>> = Vec::new();
        let order = grouping.order_by.iter().map(|item| item.expr);
        let outs = grouping.outs.iter().map(|out| out.item.expr);
        for expr in outs.chain(grouping.having).chain(order) {
            crate::tree::any_expr(expr, &mut |part| {
                if let Expr::Function(call) = part
                    && call.name.is("grouping")
                    && !calls.contains(&call)
                {
                    calls.push(call);
                }
                false
            });
        }
        if calls.is_empty() {
            return Ok(());
        }
        let mut exprs: Vec<Eval> = (0..=level).map(Eval::Column).collect();
        let mut names = vec!["".into(); level + 1];
        for call in calls {
            exprs.push(number(call, &grouping.group_by, level)?);
            let expr = Expr::Function(call);
            names.push(vt_sql::to_sql(&expr).into());
            grouped.columns.push(expr);
        }
        let input = std::mem::replace(&mut grouped.node, Node::Concat { inputs: Vec::new() });
        grouped.node = Node::Project { input: Box::new(input), exprs, names };
        Ok(())
    }
}

/// Makes the number of a call: a bit for each argument, set where a row is for all its values.
fn number(call: &Function<'_>, group_by: &[Expr<'_>], level: usize) -> Result<Eval, Error> {
    let mut number: Option<Eval> = None;
    for (index, arg) in call.args.iter().enumerate() {
        let Some(place) = group_by.iter().position(|expr| expr == arg) else {
            let message =
                format!("Argument #{} of GROUPING function is not in GROUP BY", index + 1);
            let error = Error::mysql(3602, b"HY000", message);
            return Err(error.with_code(Code::InvalidArgument));
        };
        let place = Eval::Literal(TypedBytes::int64(place as i64));
        let bit = Eval::Call(Func::Le, vec![Eval::Column(level), place]);
        number = Some(match number {
            None => bit,
            Some(before) => {
                let two = Eval::Literal(TypedBytes::int64(2));
                let shifted = Eval::Call(Func::Mul, vec![before, two]);
                Eval::Call(Func::Add, vec![shifted, bit])
            }
        });
    }
    number.ok_or_else(|| Error::bug("GROUPING() of nothing"))
}
