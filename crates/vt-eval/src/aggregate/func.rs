//! The aggregates that there are, and their names.

/// What is aggregated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateFunc {
    /// `COUNT(*)`
    CountStar,
    Count,
    Sum,
    Avg,
    Min,
    Max,
    BitAnd,
    BitOr,
    BitXor,
    VarPop,
    VarSamp,
    StdPop,
    StdSamp,
    GroupConcat,
    JsonArrayAgg,
    JsonObjectAgg,
    /// `ST_COLLECT()`
    Collect,
    AnyValue,
}

/// The names that SQL has for aggregates.
const NAMES: &[(&str, AggregateFunc)] = &[
    ("any_value", AggregateFunc::AnyValue),
    ("avg", AggregateFunc::Avg),
    ("bit_and", AggregateFunc::BitAnd),
    ("bit_or", AggregateFunc::BitOr),
    ("bit_xor", AggregateFunc::BitXor),
    ("count", AggregateFunc::Count),
    ("group_concat", AggregateFunc::GroupConcat),
    ("json_arrayagg", AggregateFunc::JsonArrayAgg),
    ("json_objectagg", AggregateFunc::JsonObjectAgg),
    ("max", AggregateFunc::Max),
    ("min", AggregateFunc::Min),
    ("st_collect", AggregateFunc::Collect),
    ("std", AggregateFunc::StdPop),
    ("stddev", AggregateFunc::StdPop),
    ("stddev_pop", AggregateFunc::StdPop),
    ("stddev_samp", AggregateFunc::StdSamp),
    ("sum", AggregateFunc::Sum),
    ("var_pop", AggregateFunc::VarPop),
    ("var_samp", AggregateFunc::VarSamp),
    ("variance", AggregateFunc::VarPop),
];

impl AggregateFunc {
    /// Returns the aggregate that a name means, in any letter case.
    pub fn from_name(name: &str) -> Option<AggregateFunc> {
        let known = NAMES.iter().find(|(one, _)| one.eq_ignore_ascii_case(name));
        known.map(|(_, func)| *func)
    }

    /// Returns the name that messages have.
    pub fn name(self) -> &'static str {
        match self {
            AggregateFunc::CountStar => "count",
            AggregateFunc::VarPop => "variance",
            AggregateFunc::StdPop => "std",
            _ => NAMES.iter().find(|(_, func)| *func == self).map_or("", |(name, _)| name),
        }
    }
}
