//! Constants that become what they are compared with.

use vt_base::{Code, Error};
use vt_value::{Temporal, TemporalKind, Type, Value};

use super::{Comparing, How, is_date, is_text};
use crate::context::Context;
use crate::convert::{self, Need, Read};
use crate::kind::Kind;
use crate::node::{Node, Op};
use crate::session::Session;
use crate::warning::Warning;

/// Stands for a string that is no date among dates: it equals none of them, not even the zero.
const NO_DATE: Temporal = Temporal::datetime(0, 0, 0, 86_399_999_999, 6);

impl Comparing<'_> {
    /// Brings a constant to the type of what it is compared with; tells how both compare, where
    /// that follows.
    pub(super) fn constant(
        &mut self,
        other: &Node,
        constant: &mut Node,
    ) -> Result<Option<How>, Error> {
        let Some(value) = constant.constant() else {
            let year = other.kind.typ == Type::YEAR && other.is_column();
            return match year && constant.kind.typ.is_temporal() && constant.is_still() {
                true => Err(Error::unsupported("a year beside a date of the clock")),
                false => Ok(None),
            };
        };
        if value.is_null() {
            let timely = is_text(&constant.kind) || constant.kind.typ == Type::TIME;
            if is_date(&other.kind) && timely {
                // It is looked at twice.
                self.notes.extend(constant.folded_warnings().iter().cloned());
            }
            return Ok(None);
        }
        if is_date(&other.kind) && is_text(&constant.kind) {
            let date = self.date(other, constant, value)?;
            replace(constant, date);
            return Ok(Some(How::Calendar(other.kind.typ)));
        }
        // CASE brings its values to no column.
        if !other.is_column() || self.operation == "case" {
            return Ok(None);
        }
        // What fits a column is compared as the column's type.
        let value = value.clone();
        match other.kind.typ {
            // Of a date only its time is looked at.
            Type::TIME if constant.kind.typ != Type::TIME => {
                let mut ctx = Context::new(self.session);
                let read = convert::time(&value, &mut ctx)?;
                let Some(time) = read.filter(|_| ctx.warnings.count() == 0) else {
                    self.misfit("time", other, &value);
                    return Ok(None);
                };
                replace(constant, time);
                Ok(Some(How::Time))
            }
            _ if is_date(&other.kind) && constant.kind.typ.is_number() => {
                let mut ctx = Context::new(self.session);
                let read = convert::datetime(&value, Need::Stored, &mut ctx)?;
                let Some(date) = read.filter(|_| ctx.warnings.count() == 0) else {
                    let what = if other.kind.typ == Type::DATE { "date" } else { "datetime" };
                    self.misfit(what, other, &value);
                    return Ok(None);
                };
                replace(constant, date);
                Ok(Some(How::Calendar(other.kind.typ)))
            }
            Type::YEAR => {
                let Some(year) = year_of(&value, constant, self.session)? else { return Ok(None) };
                // Of what was computed from years, a two-digit constant may mean itself.
                if !other.is_of_table() && stands_for_another(&value, year) {
                    return Err(Error::unsupported("a computed year beside one of two digits"));
                }
                put_year(constant, year);
                Ok(Some(How::Int))
            }
            typ if typ.is_integral() && is_text(&constant.kind) && !constant.kind.is_bits() => {
                let Value::Text(text, _) = &value else { return Ok(None) };
                let (number, whole) = convert::integer_of_text(text);
                if !whole {
                    return Ok(None);
                }
                constant.kind = Kind { nullable: false, ..Kind::int(21) };
                constant.op = Op::Constant(number.to_value());
                Ok(Some(How::Int))
            }
            Type::DECIMAL if is_text(&constant.kind) && !constant.kind.is_bits() => {
                let mut ctx = Context::new(self.session);
                let number = convert::decimal(&value, &constant.kind, &mut ctx)?;
                self.notes.extend(ctx.warnings.take());
                let Some(number) = number else { return Ok(None) };
                constant.kind = Kind { nullable: false, ..Kind::decimal(65, number.scale()) };
                constant.op = Op::Constant(Value::Decimal(number));
                Ok(Some(How::Decimal))
            }
            _ => Ok(None),
        }
    }

    /// Notes that a constant does not fit the column that it is compared with.
    fn misfit(&mut self, what: &str, column: &Node, constant: &Value) {
        // The empty string is no time, but MySQL tells of it in dates alone.
        if what == "time" && matches!(constant, Value::Text(text, _) if text.is_empty()) {
            return;
        }
        let mut text = Vec::new();
        match constant {
            Value::Text(bytes, collation) => {
                text.extend(convert::shown(bytes, *collation).into_bytes());
            }
            other => other.write(&mut text),
        }
        let text = String::from_utf8_lossy(&text);
        let name = column.column_name().unwrap_or_default();
        let message = format!("Incorrect {what} value: '{text}' for column '{name}' at row 1");
        self.notes.push(Warning::new(1292, message));
    }

    /// Reads a constant string that is compared with a date.
    fn date(&mut self, other: &Node, constant: &Node, value: &Value) -> Result<Temporal, Error> {
        let mut ctx = Context::new(self.session);
        let (upper, lower) = match self.calendar.unwrap_or(other.kind.typ) {
            Type::DATE => ("DATE", "date"),
            Type::TIMESTAMP => ("TIMESTAMP", "datetime"),
            _ => ("DATETIME", "datetime"),
        };
        // Sums of dates that were strings are strings to MySQL, and dates to us.
        let made = match value {
            Value::Temporal(_) => {
                value.text().map(|text| Value::Text(text, constant.kind.collation))
            }
            _ => None,
        };
        let value = made.as_ref().unwrap_or(value);
        let Value::Text(bytes, collation) = value else {
            return Err(Error::bug("a string that is none"));
        };
        let text = convert::shown(bytes, *collation);
        let read = convert::datetime(value, Need::Stored, &mut ctx)?;
        let date = match read {
            Some(date) => date,
            None if self.among => {
                if constant.kind.is_bits() || !(other.is_constant() || other.is_column()) {
                    return Err(Error::unsupported("IN of dates and what is none"));
                }
                self.note_misfit(other, lower, &text);
                return Ok(NO_DATE);
            }
            None => {
                let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
                let text = convert::as_it_is(without_broken_end(bytes));
                let message = format!("Incorrect {upper} value: '{text}'");
                return Err(Error::mysql(1525, b"HY000", message).with_code(Code::InvalidArgument));
            }
        };
        if ctx.warnings.count() > 0 {
            self.note_misfit(other, lower, &text);
        }
        debug_assert!(constant.constant().is_some(), "only constants are read");
        Ok(date)
    }

    /// Notes that a constant string is no date, or more than one.
    fn note_misfit(&mut self, other: &Node, what: &str, text: &str) {
        // Among others it becomes a DATE without a word of the column.
        let plain = self.among && what == "date";
        let message = match other.column_name().filter(|_| !plain) {
            Some(name) => format!("Incorrect {what} value: '{text}' for column '{name}' at row 1"),
            None => format!("Truncated incorrect {what} value: '{text}'"),
        };
        self.notes.push(Warning::new(1292, message));
    }
}

/// Returns bytes without those at the end that begin a character of UTF-8 which is not whole.
fn without_broken_end(bytes: &[u8]) -> &[u8] {
    const START_MAX: usize = 3;
    if std::str::from_utf8(bytes).is_ok() {
        return bytes;
    }
    let from = bytes.len().saturating_sub(START_MAX);
    let start = bytes[from..].iter().position(|byte| *byte >= 0xc0);
    start.map_or(bytes, |start| &bytes[..from + start])
}

fn replace(constant: &mut Node, value: Temporal) {
    let digits = value.fraction_digits;
    let (typ, width) = match value.kind {
        vt_value::TemporalKind::Date => (Type::DATE, 10),
        vt_value::TemporalKind::DateTime => (Type::DATETIME, 19),
        vt_value::TemporalKind::Time => (Type::TIME, 10),
    };
    let nullable = constant.kind.nullable;
    constant.kind = Kind { nullable, ..Kind::new(typ, width, digits) };
    constant.op = Op::Constant(Value::Temporal(value));
}

/// Puts a year in the place of a constant.
fn put_year(constant: &mut Node, year: i64) {
    constant.kind = Kind { nullable: false, ..Kind::int(5) };
    constant.op = Op::Constant(Value::Int(year));
}

/// Brings the bounds of a column of years to years: MySQL does so with both or with none. Returns
/// whether they are.
pub(crate) fn bring_bounds(args: &mut [Node], session: &Session) -> Result<bool, Error> {
    let [column, low, high] = args else { return Ok(false) };
    let mut years = Vec::with_capacity(2);
    for bound in [&*low, &*high] {
        let Some(value) = bound.constant().filter(|value| !value.is_null()) else { continue };
        let Some(year) = year_of(value, bound, session)? else { continue };
        if stands_for_another(value, year) && !column.is_of_table() {
            return Err(Error::unsupported("a computed year beside one of two digits"));
        }
        years.push((year, stands_for_another(value, year)));
    }
    if let [(first, _), (second, _)] = years.as_slice() {
        put_year(low, *first);
        put_year(high, *second);
        return Ok(true);
    }
    let plain = |node: &Node| node.constant().is_none() || node.kind.typ.is_number();
    match plain(low) && plain(high) && years.iter().all(|(_, another)| !another) {
        true => Ok(false),
        false => Err(Error::unsupported("BETWEEN of a year and what is none")),
    }
}

/// Returns the year of four digits that a constant stands for.
pub(super) fn year_of(
    value: &Value,
    constant: &Node,
    session: &Session,
) -> Result<Option<i64>, Error> {
    Ok(match value {
        // Of a date or moment its year counts, of a time today's.
        Value::Temporal(date) => {
            let date = match date.kind {
                TemporalKind::Time => convert::now(session),
                _ => *date,
            };
            let year = i64::from(date.ymd().0);
            if !matches!(year, 0 | 1901..=2155) {
                return Err(Error::unsupported("a year beside a date that no year has"));
            }
            Some(year)
        }
        _ => number_of(value, constant).map(|(number, two)| match number {
            0..=69 if two => 2000 + number,
            70..=99 => 1900 + number,
            _ => number,
        }),
    })
}

/// Returns the number that a constant is as a year, and whether its century is left out.
fn number_of(value: &Value, constant: &Node) -> Option<(i64, bool)> {
    match value {
        Value::Int(number) => Some((*number, *number > 0)),
        Value::UInt(number) => Some((i64::try_from(*number).ok()?, *number > 0)),
        Value::Decimal(number) if !number.is_negative() => {
            year_of_number(number.round(0).to_i64()?)
        }
        Value::Float(number) if *number >= 0.0 => year_of_number(number.round_ties_even() as i64),
        // A string may have more than a number; zero is the year 2000, but for that of four digits.
        Value::Text(text, collation) if !constant.kind.is_bits() => {
            let (number, read) = convert::decimal_of_text(&convert::plain(text, *collation));
            if number.is_negative() || matches!(read, Read::Nothing | Read::Beyond) {
                return None;
            }
            let number = number.round(0).to_i64()?;
            let (number, _) = year_of_number(number)?;
            Some((number, number != 0 || text.len() != 4))
        }
        _ => None,
    }
}

/// Whether a constant is another number than the year that it stands for.
pub(super) fn stands_for_another(value: &Value, year: i64) -> bool {
    value.to_f64() != Some(year as f64)
}

/// Returns a number that a YEAR can hold, and whether it is one of two digits.
fn year_of_number(number: i64) -> Option<(i64, bool)> {
    let fits = matches!(number, 0..=99 | 1901..=2155);
    fits.then_some((number, number > 0))
}
