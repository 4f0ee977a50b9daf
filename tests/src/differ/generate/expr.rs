//! Expressions of a kind, over the columns that can be seen.

use super::query::Maker;
use super::schema::{Kind, SIMPLE, literals};

/// A form: `{i}` an Int, `{m}` a small one, `{d}` a Dec, `{f}` a Float, `{s}` a Str, `{t}` a Date,
/// `{w}` a DateTime, `{h}` a Time, `{j}` a JSON document, `{p}` a condition, `{q}` the same kind
/// again.
const INTS: [&str; 36] = [
    "{i} + {m}",
    "{i} - {m}",
    "{m} * {m}",
    "{i} div nullif({m}, 0)",
    "{i} % nullif({m}, 0)",
    "abs({i})",
    "sign({i})",
    "length({s})",
    "char_length({s})",
    "year({t})",
    "month({t})",
    "dayofmonth({w})",
    "hour({h})",
    "locate('a', {s})",
    "ascii({s})",
    "{m} & {m}",
    "{m} | {m}",
    "{m} ^ 3",
    "coalesce({i}, {i})",
    "ifnull({i}, {m})",
    "nullif({i}, {m})",
    "if({p}, {i}, {m})",
    "case when {p} then {i} else {m} end",
    "case {m} when 1 then {i} when 2 then {m} end",
    "cast({d} as signed)",
    "datediff({t}, {t})",
    "greatest({i}, {m})",
    "least({i}, {m})",
    "floor({d})",
    "ceiling({d})",
    "quarter({t})",
    "strcmp({s}, {s})",
    "({p})",
    "-{m}",
    "json_length({j})",
    "interval({m}, 1, 2, 3)",
];
const DECS: [&str; 14] = [
    "{d} + {m}",
    "{d} - {d}",
    "{d} * 2",
    "{m} / nullif({m}, 0)",
    "round({d}, 1)",
    "truncate({d}, 0)",
    "cast({m} as decimal(10,2))",
    "coalesce({d}, {d})",
    "if({p}, {d}, {d})",
    "abs({d})",
    "nullif({d}, {d})",
    "greatest({d}, {m})",
    "ifnull({d}, 0.5)",
    "case when {p} then {d} end",
];
const FLOATS: [&str; 6] =
    ["{f} + 1", "{f} * 2", "-{f}", "coalesce({f}, 0e0)", "if({p}, {f}, {f})", "abs({f})"];
const STRINGS: [&str; 28] = [
    "concat({s}, '-', {s})",
    "upper({s})",
    "lower({s})",
    "left({s}, 2)",
    "right({s}, 1)",
    "substring({s}, 2, 2)",
    "trim({s})",
    "replace({s}, 'a', 'x')",
    "coalesce({s}, 'none')",
    "if({p}, {s}, 'no')",
    "case when {p} then {s} else 'other' end",
    "cast({i} as char)",
    "lpad({s}, 4, '.')",
    "reverse({s})",
    "concat_ws(',', {s}, {i})",
    "hex({s})",
    "date_format({t}, '%Y/%m')",
    "ifnull({s}, 'n')",
    "nullif({s}, 'a')",
    "repeat({s}, 2)",
    "rpad({s}, 3, 'é')",
    "substring_index({s}, ' ', 1)",
    "cast({t} as char)",
    "dayname({t})",
    "concat({i}, {d})",
    "json_unquote(json_extract({j}, '$.a'))",
    "elt(1 + {m} % 3, 'p', 'q', 'r')",
    "format({d}, 1)",
];
const DATES: [&str; 7] = [
    "date_add({t}, interval 1 day)",
    "{t} - interval 1 month",
    "coalesce({t}, date '2020-01-01')",
    "cast({w} as date)",
    "last_day({t})",
    "if({p}, {t}, {t})",
    "date({w})",
];
const DATETIMES: [&str; 4] = [
    "date_add({w}, interval 90 minute)",
    "coalesce({w}, timestamp '2020-01-01 00:00:00')",
    "cast({t} as datetime)",
    "if({p}, {w}, {w})",
];
const TIMES: [&str; 3] =
    ["coalesce({h}, time '01:02:03')", "if({p}, {h}, {h})", "sec_to_time({m})"];
const JSONS: [&str; 4] = [
    "json_object('k', {i})",
    "json_array({i}, {s})",
    "json_extract({j}, '$.b')",
    "coalesce({j}, json_array())",
];

const PREDICATES: [&str; 18] = [
    "{p} and {p}",
    "{p} or {p}",
    "not ({p})",
    "{i} = {m}",
    "{i} > {m}",
    "{s} = {s}",
    "{s} like 'a%'",
    "{d} <= {d}",
    "{t} < {t}",
    "{i} between {m} and {m} + 5",
    "{i} in ({m}, {m}, 3)",
    "{s} in ('a', 'b', {s})",
    "{i} <=> {m}",
    "{s} <> {s}",
    "({i}, {s}) = ({m}, {s})",
    "({p}) is true",
    "{w} >= {w}",
    "{s} not like '%b_'",
];

impl Maker<'_> {
    /// Makes an expression of a kind.
    pub(super) fn expr(&mut self, kind: Kind, depth: usize) -> String {
        let column = self.column(kind);
        if depth == 0 || self.chance.percent(35) {
            return match column {
                Some(column) if self.chance.percent(80) => column,
                _ => self.literal(kind),
            };
        }
        if depth > 1 && self.subqueries > 0 && self.chance.percent(8) {
            return self.scalar_subquery(kind);
        }
        let forms: &[&str] = match kind {
            Kind::Int => &INTS,
            Kind::Dec => &DECS,
            Kind::Float => &FLOATS,
            Kind::Str => &STRINGS,
            Kind::Date => &DATES,
            Kind::DateTime => &DATETIMES,
            Kind::Time => &TIMES,
            Kind::Json => &JSONS,
        };
        let form = *self.chance.pick(forms);
        self.fill(form, depth - 1)
    }

    /// Makes a literal that says its type.
    pub(super) fn literal(&mut self, kind: Kind) -> String {
        let literal = *self.chance.pick(literals(kind));
        match kind {
            Kind::Date => format!("date {literal}"),
            Kind::DateTime => format!("timestamp {literal}"),
            Kind::Time => format!("time {literal}"),
            Kind::Json => format!("cast({literal} as json)"),
            _ if literal.starts_with('-') => format!("({literal})"),
            _ => literal.to_owned(),
        }
    }

    /// Makes a condition.
    pub(super) fn predicate(&mut self, depth: usize) -> String {
        if self.chance.percent(25)
            && let Some(text) = self.routing_predicate()
        {
            return text;
        }
        if depth > 0 && self.subqueries > 0 && self.chance.percent(18) {
            return self.subquery_predicate();
        }
        if self.chance.percent(12) {
            let kind = *self.chance.pick(&SIMPLE);
            let not = if self.chance.percent(50) { " not" } else { "" };
            return format!("{} is{not} null", self.expr(kind, 0));
        }
        let forms = if depth == 0 { &PREDICATES[3..] } else { &PREDICATES[..] };
        let form = *self.chance.pick(forms);
        self.fill(form, depth.saturating_sub(1))
    }

    fn fill(&mut self, form: &str, depth: usize) -> String {
        let mut text = String::new();
        let mut rest = form;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let letter = after.chars().next().unwrap_or('i');
            rest = after.get(2..).unwrap_or_default();
            let part = match letter {
                'i' => self.expr(Kind::Int, depth),
                // What is multiplied or shifted must not pass the bounds.
                'm' => self.small(),
                'd' => self.expr(Kind::Dec, depth),
                'f' => self.expr(Kind::Float, depth),
                's' => self.expr(Kind::Str, depth),
                't' => self.expr(Kind::Date, depth),
                'w' => self.expr(Kind::DateTime, depth),
                'h' => self.expr(Kind::Time, depth),
                'j' => self.expr(Kind::Json, depth),
                _ => self.predicate(depth),
            };
            // A condition in another, and a sum in a product.
            let bare = part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '\''));
            let called = before.ends_with(['(', ' ']) && rest.starts_with([')', ',']);
            if bare || (called && before.ends_with('(')) {
                text.push_str(&part);
            } else {
                text.push_str(&format!("({part})"));
            }
        }
        text.push_str(rest);
        text
    }

    fn small(&mut self) -> String {
        if self.chance.percent(50)
            && let Some(column) = self.key_column()
        {
            return column;
        }
        self.chance.below(9).to_string()
    }
}
