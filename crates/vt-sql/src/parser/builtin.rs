//! What the grammar knows of built-in functions by their names.

use crate::{ast::AggregateKind, lexer::Keyword};

/// Returns how few and how many arguments a function takes, if its grammar tells.
pub(super) fn arity(keyword: Keyword) -> Option<(usize, usize)> {
    Some(match keyword {
        Keyword::Curdate | Keyword::Database | Keyword::Schema | Keyword::User => (0, 0),
        Keyword::RowCount => (0, 0),
        Keyword::Ascii
        | Keyword::Charset
        | Keyword::Collation
        | Keyword::Date
        | Keyword::Day
        | Keyword::Hour
        | Keyword::Microsecond
        | Keyword::Minute
        | Keyword::Month
        | Keyword::Quarter
        | Keyword::Reverse
        | Keyword::Second
        | Keyword::Time
        | Keyword::Year => (1, 1),
        Keyword::Timestamp | Keyword::Week => (1, 2),
        Keyword::Adddate
        | Keyword::DateAdd
        | Keyword::DateSub
        | Keyword::Left
        | Keyword::Mod
        | Keyword::Point
        | Keyword::Repeat
        | Keyword::Right
        | Keyword::Subdate
        | Keyword::Truncate => (2, 2),
        Keyword::Format => (2, 3),
        Keyword::If | Keyword::Replace => (3, 3),
        Keyword::Insert => (4, 4),
        _ => return None,
    })
}

/// Tells whether a function without keywords takes so many arguments, if its grammar tells.
pub(super) fn may_take(name: &str, count: usize) -> bool {
    const SHAPES: &[&str] =
        &["linestring", "multilinestring", "multipoint", "multipolygon", "polygon"];
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    match count {
        0 => !is("log") && !SHAPES.iter().any(|shape| is(shape)),
        1 | 2 => true,
        _ => !is("log"),
    }
}

pub(super) fn aggregate_kind(keyword: Keyword) -> Option<AggregateKind> {
    Some(match keyword {
        Keyword::Count => AggregateKind::Count,
        Keyword::Sum => AggregateKind::Sum,
        Keyword::Min => AggregateKind::Min,
        Keyword::Max => AggregateKind::Max,
        Keyword::BitAnd => AggregateKind::BitAnd,
        Keyword::BitOr => AggregateKind::BitOr,
        Keyword::BitXor => AggregateKind::BitXor,
        Keyword::GroupConcat => AggregateKind::GroupConcat,
        Keyword::JsonArrayagg => AggregateKind::JsonArrayAgg,
        Keyword::JsonObjectagg => AggregateKind::JsonObjectAgg,
        Keyword::Std => AggregateKind::Std,
        Keyword::Stddev => AggregateKind::StdDev,
        Keyword::StddevPop => AggregateKind::StdDevPop,
        Keyword::StddevSamp => AggregateKind::StdDevSamp,
        Keyword::VarPop => AggregateKind::VarPop,
        Keyword::VarSamp => AggregateKind::VarSamp,
        Keyword::Variance => AggregateKind::Variance,
        Keyword::StCollect => AggregateKind::StCollect,
        Keyword::Avg => AggregateKind::Avg,
        _ => return None,
    })
}
