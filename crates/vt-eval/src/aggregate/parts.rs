//! Aggregates in two steps: what each shard computes, and what that comes to together.

use vt_base::Error;
use vt_value::Value;

use super::extreme::Extreme;
use super::{Aggregate, AggregateFunc, State, Total, json, sum};
use crate::context::Context;

impl Aggregate {
    /// Returns the aggregates of the same arguments whose values, computed on each shard, make
    /// this one together; `None` where only all rows do.
    ///
    /// A variance is `None`: what parts of it come to depends in its last digits on the order.
    pub fn parts(&self) -> Option<&'static [AggregateFunc]> {
        use AggregateFunc::{
            AnyValue, Avg, BitAnd, BitOr, BitXor, Collect, Count, CountStar, GroupConcat,
            JsonArrayAgg, JsonObjectAgg, Max, Min, StdPop, StdSamp, Sum, VarPop, VarSamp,
        };
        let alone = !self.options.distinct && self.options.descending.is_empty();
        Some(match self.func {
            Min => &[Min],
            Max => &[Max],
            _ if !alone => return None,
            CountStar => &[CountStar],
            Count => &[Count],
            Sum => &[Sum],
            Avg => &[Sum, Count],
            BitAnd => &[BitAnd],
            BitOr => &[BitOr],
            BitXor => &[BitXor],
            GroupConcat => &[GroupConcat],
            JsonArrayAgg => &[JsonArrayAgg],
            JsonObjectAgg => &[JsonObjectAgg],
            Collect => &[Collect],
            AnyValue => &[AnyValue],
            VarPop | VarSamp | StdPop | StdSamp => return None,
        })
    }

    /// Takes in what a shard's rows came to: the values of [`Aggregate::parts`], of MIN and MAX
    /// with what stands for the value in comparisons if the options say so.
    pub fn add_parts(
        &mut self,
        state: &mut State,
        parts: &[Value],
        ctx: &mut Context<'_>,
    ) -> Result<(), Error> {
        let first = parts.first().unwrap_or(&Value::Null);
        if first.is_null() {
            return Ok(());
        }
        match &mut state.total {
            Total::Count(count) => {
                let more = sum::whole(first).and_then(|more| count.checked_add(more));
                *count = more.ok_or_else(|| Error::bug("counts that are none or too great"))?;
                Ok(())
            }
            Total::Sum(sum) => {
                let rows = match self.func {
                    AggregateFunc::Avg => parts.get(1).and_then(sum::whole),
                    _ => Some(1),
                };
                let rows = rows.ok_or_else(|| Error::bug("an average without its count"))?;
                sum.add_sum(first, rows)
            }
            Total::Bits(bits) => bits.add_part(first),
            Total::Concat(concat) => {
                self.concatenated += 1;
                let number = self.concatenated;
                let text = first.text().unwrap_or_default();
                let held = concat.append(&text, self.glue(), number, ctx);
                state.held += self.hold(held)?;
                Ok(())
            }
            Total::Array(items) => {
                state.held += self.hold(first.text().map_or(0, |text| text.len()))?;
                json::add_items(items, first)
            }
            Total::Object(members) => {
                state.held += self.hold(first.text().map_or(0, |text| text.len()))?;
                json::add_members(members, first)
            }
            Total::Collected(collected) => {
                let held = collected.add_part(first)?;
                state.held += self.hold(held)?;
                Ok(())
            }
            Total::Extreme(best) => {
                let key = parts.get(usize::from(self.options.weighed)).unwrap_or(first);
                Extreme::keep(best, first, key, self.func == AggregateFunc::Min)
            }
            Total::First(value) => {
                value.get_or_insert_with(|| first.clone());
                Ok(())
            }
            Total::Variance(_) => Err(Error::bug("a variance that is computed in parts")),
        }
    }
}
