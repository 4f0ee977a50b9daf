//! GROUP BY, aggregates, HAVING, ROLLUP, and window functions.

use super::query::{Maker, Naming, Query};
use super::schema::{Kind, SIMPLE};

const WINDOWS: [&str; 12] = [
    "row_number() over (partition by {x} order by {total})",
    "rank() over (order by {x})",
    "dense_rank() over (partition by {x} order by {y})",
    "count(*) over ()",
    "count({x}) over (partition by {y})",
    "max({i}) over (partition by {x})",
    "lag({i}) over (order by {total})",
    "lead({i}, 2, 0) over (partition by {x} order by {total})",
    "first_value({i}) over (partition by {x} order by {total})",
    "ntile(3) over (order by {total})",
    "min({i}) over (order by {total} rows between 1 preceding and 1 following)",
    "last_value({i}) over (order by {total} rows between unbounded preceding and current row)",
];

impl Maker<'_> {
    /// Makes a SELECT with groups, or with aggregates over all rows.
    pub(super) fn grouped(
        &mut self,
        wanted: Option<&[Kind]>,
        naming: Naming,
        from: &str,
        filter: &str,
    ) -> Query {
        let count = self.chance.below(3);
        let groups: Vec<(String, Kind)> = (0..count)
            .map(|_| {
                let kind = *self.chance.pick(&SIMPLE);
                let depth = usize::from(self.chance.percent(20));
                let kept = std::mem::take(&mut self.subqueries);
                let expr = self.expr(kind, depth);
                self.subqueries = kept;
                (expr, kind)
            })
            // A number would be taken for a place in the list.
            .filter(|(expr, _)| expr.contains('.') && expr.contains('x'))
            .collect();
        let kinds = self.kinds(wanted);
        let mut items = Vec::new();
        for kind in &kinds {
            let of_kind: Vec<&(String, Kind)> =
                groups.iter().filter(|(_, one)| one == kind).collect();
            let item = match of_kind.first() {
                Some((expr, _)) if self.chance.percent(60) => expr.clone(),
                _ => self.aggregate(*kind),
            };
            items.push(item);
        }
        let list = self.named(items, naming);
        let mut sql = format!("select {list} from {from}{filter}");
        if !groups.is_empty() {
            let exprs: Vec<&str> = groups.iter().map(|(expr, _)| expr.as_str()).collect();
            let rollup = if self.chance.percent(8) { " with rollup" } else { "" };
            sql.push_str(&format!(" group by {}{rollup}", exprs.join(", ")));
        }
        if self.chance.percent(25) {
            let condition = match self.chance.below(3) {
                0 => format!("count(*) > {}", self.chance.below(4)),
                1 => format!("{} is not null", self.aggregate(Kind::Dec)),
                _ => format!("{} >= {}", self.aggregate(Kind::Int), self.chance.below(6)),
            };
            sql.push_str(&format!(" having {condition}"));
        }
        Query { sql, kinds }
    }

    /// Makes an aggregate of a kind.
    pub(super) fn aggregate(&mut self, kind: Kind) -> String {
        let kept = std::mem::take(&mut self.subqueries);
        let distinct = if self.chance.percent(25) { "distinct " } else { "" };
        let text = match kind {
            Kind::Int => match self.chance.below(8) {
                0..2 => "count(*)".to_owned(),
                2..4 => {
                    let kind = *self.chance.pick(&SIMPLE);
                    format!("count({distinct}{})", self.expr(kind, 1))
                }
                4 => format!("max({})", self.expr(Kind::Int, 1)),
                5 => format!("min({distinct}{})", self.expr(Kind::Int, 1)),
                6 => {
                    let name = *self.chance.pick(&["bit_or", "bit_and", "bit_xor"]);
                    format!("{name}({})", self.expr(Kind::Int, 0))
                }
                _ => format!(
                    "count(distinct {}, {})",
                    self.expr(Kind::Int, 0),
                    self.expr(Kind::Str, 0)
                ),
            },
            Kind::Dec => match self.chance.below(6) {
                0 => format!("sum({distinct}{})", self.expr(Kind::Int, 1)),
                1 => format!("avg({distinct}{})", self.expr(Kind::Int, 1)),
                2 => format!("avg({})", self.expr(Kind::Dec, 1)),
                3 => format!("sum({}) + count(*)", self.expr(Kind::Dec, 0)),
                _ => format!("sum({distinct}{})", self.expr(Kind::Dec, 1)),
            },
            Kind::Float => match self.chance.below(4) {
                0 => format!("avg({})", self.expr(Kind::Float, 0)),
                1 => format!("std({})", self.expr(Kind::Int, 0)),
                2 => format!("max({})", self.expr(Kind::Float, 1)),
                _ => format!("sum({distinct}{})", self.expr(Kind::Float, 1)),
            },
            Kind::Str if self.chance.percent(50) => {
                let expr = self.expr(Kind::Str, 1);
                let order =
                    if self.chance.percent(70) { expr.clone() } else { format!("{expr} desc") };
                let separator = if self.chance.percent(30) { " separator '|'" } else { "" };
                format!("group_concat({distinct}{expr} order by {order}{separator})")
            }
            Kind::Json => "count(*)".to_owned(),
            kind => format!("{}({})", self.chance.pick(&["max", "min"]), self.expr(kind, 1)),
        };
        self.subqueries = kept;
        text
    }

    /// Makes a window function that gives a whole number.
    pub(super) fn window(&mut self) -> String {
        let kept = std::mem::take(&mut self.subqueries);
        let form = *self.chance.pick(&WINDOWS);
        let (one, other) = (*self.chance.pick(&SIMPLE), *self.chance.pick(&SIMPLE));
        let text = form
            .replace("{total}", &self.total_order())
            .replace("{x}", &self.expr(one, 0))
            .replace("{y}", &self.expr(other, 0))
            .replace("{i}", &self.expr(Kind::Int, 0));
        self.subqueries = kept;
        text
    }
}
