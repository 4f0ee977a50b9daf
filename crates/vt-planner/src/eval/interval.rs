//! Dates with intervals: `date + INTERVAL 1 DAY`, DATE_ADD and its like.

use vt_base::Error;
use vt_eval::Expr as Eval;
use vt_sql::ast::{Expr, TimeUnit};

use super::operator::Direction;
use super::{ColumnPlace, call, literal, translate, untranslatable};

/// Translates a date with an interval added or taken away.
pub(super) fn shifted<'a>(
    date: Expr<'a>,
    interval: Expr<'a>,
    direction: Direction,
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    let date = translate(date, place)?;
    shift(date, interval, direction, place)
}

/// The same, of a date that is translated: it, the amount and the unit are the arguments.
pub(super) fn shift<'a>(
    date: Eval,
    interval: Expr<'a>,
    direction: Direction,
    place: ColumnPlace<'_, 'a>,
) -> Result<Eval, Error> {
    let Expr::Interval(one) = interval else { return Err(untranslatable(interval)) };
    let amount = translate(one.amount, place)?;
    let name = if direction == Direction::Later { "date_add" } else { "date_sub" };
    call::internal(name, vec![date, amount, unit(one.unit)], interval)
}

/// Makes the constant argument that names a unit.
pub(super) fn unit(unit: TimeUnit) -> Eval {
    literal::word(unit_name(unit))
}

/// Returns the name of a unit.
pub(crate) fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Microsecond => "MICROSECOND",
        TimeUnit::Second => "SECOND",
        TimeUnit::Minute => "MINUTE",
        TimeUnit::Hour => "HOUR",
        TimeUnit::Day => "DAY",
        TimeUnit::Week => "WEEK",
        TimeUnit::Month => "MONTH",
        TimeUnit::Quarter => "QUARTER",
        TimeUnit::Year => "YEAR",
        TimeUnit::SecondMicrosecond => "SECOND_MICROSECOND",
        TimeUnit::MinuteMicrosecond => "MINUTE_MICROSECOND",
        TimeUnit::MinuteSecond => "MINUTE_SECOND",
        TimeUnit::HourMicrosecond => "HOUR_MICROSECOND",
        TimeUnit::HourSecond => "HOUR_SECOND",
        TimeUnit::HourMinute => "HOUR_MINUTE",
        TimeUnit::DayMicrosecond => "DAY_MICROSECOND",
        TimeUnit::DaySecond => "DAY_SECOND",
        TimeUnit::DayMinute => "DAY_MINUTE",
        TimeUnit::DayHour => "DAY_HOUR",
        TimeUnit::YearMonth => "YEAR_MONTH",
    }
}
