//! Values as dates and times, with MySQL's warnings.

mod either;
mod source;

use vt_base::Error;
use vt_value::temporal::{
    self, DAY, DateRules, Notes, ReadDateTime, SECOND, Split, TIME_MAX, add_nanoseconds,
};
use vt_value::{Temporal, TemporalKind, Value};

pub(crate) use either::{clock, either};
use source::{Source, deprecation, warn};
pub(crate) use source::{overflow, readable, warn_temporal, warn_text};

use crate::context::Context;
use crate::session::Session;
use crate::sql_mode::SqlMode;
use crate::warning::Warning;

/// What a function does with its date, which decides what becomes of its time and which warning
/// tells of a bad one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Date,
    DateTime,
}

/// Which zero and partial dates a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// None: it counts days.
    Whole,
    /// None, but the impossible ones that ALLOW_INVALID_DATES allows.
    Countable,
    /// All that look like a date, but 0000-00-00 under NO_ZERO_DATE: it looks at the parts.
    Parts,
    /// What `sql_mode` lets a column hold.
    Stored,
    /// Whatever there is.
    Any,
}

impl Need {
    pub(crate) fn rules(self, session: &Session) -> DateRules {
        let mode = session.sql_mode;
        if self == Need::Any {
            return DateRules { any_day: true, ..DateRules::FUZZY };
        }
        let whole = matches!(self, Need::Whole | Need::Countable);
        DateRules {
            partial: !whole,
            no_zero_date: whole || mode.has(SqlMode::NO_ZERO_DATE),
            no_zero_in_date: whole || self == Need::Stored && mode.has(SqlMode::NO_ZERO_IN_DATE),
            any_day: self != Need::Whole && mode.has(SqlMode::ALLOW_INVALID_DATES),
            truncate_fraction: mode.has(SqlMode::TIME_TRUNCATE_FRACTIONAL),
        }
    }
}

/// Returns the local time at which the statement started.
pub(crate) fn now(session: &Session) -> Temporal {
    let now = session.time_zone.local(session.now_micros, 6);
    now.unwrap_or(Temporal::datetime(1970, 1, 1, 0, 6))
}

/// Returns a value as a DATE; `None` for NULL and for what is none.
pub(crate) fn date(
    value: &Value,
    need: Need,
    ctx: &mut Context<'_>,
) -> Result<Option<Temporal>, Error> {
    calendar(value, Asked::Date, need, ctx)
}

/// Returns a value as a DATETIME, or as a DATE if it has no time; `None` for NULL and for what is
/// neither.
pub(crate) fn datetime(
    value: &Value,
    need: Need,
    ctx: &mut Context<'_>,
) -> Result<Option<Temporal>, Error> {
    calendar(value, Asked::DateTime, need, ctx)
}

fn calendar(
    value: &Value,
    asked: Asked,
    need: Need,
    ctx: &mut Context<'_>,
) -> Result<Option<Temporal>, Error> {
    let rules = need.rules(ctx.session);
    let found = match value {
        Value::Null => None,
        Value::Temporal(value) if value.kind == TemporalKind::Time => {
            on_today(value, asked, ctx.session)
        }
        Value::Temporal(value) => stored(value, asked, need, rules).then_some(*value),
        Value::Text(bytes, collation) => {
            let text = Source::new(bytes, *collation)?;
            datetime_of_text(&text, asked, &rules, ctx)?
        }
        number => {
            let Some(split) = split(number) else {
                return Err(Error::unsupported(format_args!("{} as a date", value.typ())));
            };
            let mut split = split;
            // Where a date is wanted, MySQL makes an integer of a double.
            let double = matches!(number, Value::Float(_)) && split.whole.unsigned_abs() < 1 << 62;
            let integer = Value::Int(split.whole);
            let number = if double && asked == Asked::Date { &integer } else { number };
            if asked == Asked::Date {
                if let Value::Decimal(number) = number {
                    too_long(&Value::Decimal(number.truncate(0)), ctx);
                }
                // What is but a fraction below zero is zero.
                if split.whole == 0 {
                    split.nanoseconds = split.nanoseconds.max(0);
                }
                if split.whole > 99_991_231 {
                    // The time's digits are not looked at.
                    split.whole -= split.whole % SECOND;
                }
            }
            datetime_of_number(number, split, asked, &rules, ctx)
        }
    };
    Ok(match asked {
        Asked::Date => found.map(|value| value.to_date()),
        Asked::DateTime => found,
    })
}

/// Returns whether a function takes a value that exists: a day past the end of its month is
/// looked at only in a DATE that stays one.
fn stored(value: &Temporal, asked: Asked, need: Need, rules: DateRules) -> bool {
    let looked_at = value.kind == TemporalKind::Date
        && asked == Asked::Date
        && matches!(need, Need::Whole | Need::Stored);
    let any_day = rules.any_day || !looked_at;
    need == Need::Parts || DateRules { any_day, ..rules }.check_value(value).is_none()
}

/// Counts a TIME from today's midnight; where a date is wanted, from now, if it is more than the
/// time of a day.
fn on_today(value: &Temporal, asked: Asked, session: &Session) -> Option<Temporal> {
    let now = now(session);
    let within = (0..DAY).contains(&value.time_micros());
    let from = if asked == Asked::Date && !within { now.clock() } else { 0 };
    let micros = from.checked_add(value.time_micros())?;
    Temporal::time(micros, value.fraction_digits).on_day(now.day_number())
}

fn datetime_of_text(
    text: &Source,
    asked: Asked,
    rules: &DateRules,
    ctx: &mut Context<'_>,
) -> Result<Option<Temporal>, Error> {
    let (read, mut notes) = temporal::read_datetime(text, rules);
    let value = match read {
        Some(read) => settled(read, rules, &mut notes, ctx.session)?,
        None => None,
    };
    if notes.has(Notes::OVERFLOW) {
        overflow(ctx, "datetime");
    }
    if notes.is_bad() {
        let (way, what) = match (asked, value, notes.has(Notes::OVERFLOW)) {
            (Asked::Date, ..) => ("Truncated incorrect", "date"),
            (_, Some(value), _) => ("Truncated incorrect", name(&value)),
            (_, None, true) => ("Truncated incorrect", "datetime"),
            (_, None, false) => ("Incorrect", "datetime"),
        };
        warn(ctx, way, what, text);
    }
    if value.is_some() {
        deprecation(&notes, text, ctx);
    }
    Ok(value)
}

/// Moves what was read by its offset, and rounds it.
fn settled(
    read: ReadDateTime,
    rules: &DateRules,
    notes: &mut Notes,
    session: &Session,
) -> Result<Option<Temporal>, Error> {
    let mut value = read.value;
    if let Some(offset) = read.offset {
        let seconds = temporal::zone::local_seconds(&value) - i64::from(offset);
        let micros = seconds * SECOND + i64::from(value.micros());
        value = match session.time_zone.local(micros, value.fraction_digits) {
            Some(value) if value.ymd().0 >= 1901 && seconds < 253_402_214_400 => value,
            _ => return Err(Error::unsupported("an offset in a datetime of so distant a year")),
        };
    }
    if rules.truncate_fraction {
        return Ok(Some(value));
    }
    let rounded = add_nanoseconds(value, read.nanoseconds);
    if rounded.is_none() {
        notes.add(Notes::OVERFLOW);
    }
    Ok(rounded)
}

/// Returns what a number is before and behind the point; `None` for a value that is no number.
fn split(value: &Value) -> Option<Split> {
    Some(match value {
        Value::Int(number) => Split { whole: *number, nanoseconds: 0 },
        Value::UInt(number) => Split { whole: *number as i64, nanoseconds: 0 },
        Value::Float(number) => Split::of_f64(*number),
        Value::Decimal(number) => {
            let whole = number.truncate(0);
            let rest = number.sub(&whole)?;
            let nanoseconds =
                rest.truncate(9).mul(&1_000_000_000i64.into())?.truncate(0).to_i64()?;
            let limit = if number.is_negative() { i64::MIN } else { i64::MAX };
            let whole = whole.to_i64().unwrap_or(limit);
            Split { whole, nanoseconds: i32::try_from(nanoseconds).unwrap_or(0) }
        }
        _ => return None,
    })
}

/// Warns of a decimal whose whole part no integer holds.
pub(crate) fn too_long(number: &Value, ctx: &mut Context<'_>) {
    if let Value::Decimal(number) = number
        && number.round(0).to_i64().is_none()
    {
        let text = Source::of_text(number.to_string().as_bytes());
        warn(ctx, "Truncated incorrect", "DECIMAL", &text);
    }
}

/// Reads a number of fewer digits than a whole date has, where parts of it may be zero: its year
/// has two digits.
fn partial_date(number: Split, rules: &DateRules) -> Option<Temporal> {
    let digits = match number.whole {
        0..=100 => number.whole + 20_000_000,
        700_000..=700_100 => number.whole + 19_000_000,
        _ => return None,
    };
    let (month, day) = ((digits / 100 % 100) as u32, (digits % 100) as u32);
    let fits = rules.partial && number.nanoseconds >= 0 && month <= 12 && day <= 31;
    let year = (digits / 10_000) as u32;
    let date = Temporal::date(year, month, day);
    (fits && rules.check(year, month, day, true).is_none()).then_some(date)
}

/// Writes a number as a warning shows it.
fn shown(number: &Value) -> Vec<u8> {
    let mut text = Vec::new();
    match number {
        Value::UInt(number) => Value::Int(*number as i64).write(&mut text),
        number => number.write(&mut text),
    }
    text
}

fn datetime_of_number(
    number: &Value,
    split: Split,
    asked: Asked,
    rules: &DateRules,
    ctx: &mut Context<'_>,
) -> Option<Temporal> {
    if asked == Asked::Date
        && let Some(date) = partial_date(split, rules)
    {
        return Some(date);
    }
    // A date has no fraction that could be rounded.
    let truncate_fraction = rules.truncate_fraction || asked == Asked::Date;
    let exact = DateRules { truncate_fraction, ..*rules };
    let (value, notes) = temporal::datetime_of_number(split, &exact);
    if notes.has(Notes::OVERFLOW) {
        overflow(ctx, "datetime");
    }
    let whole = matches!(number, Value::Int(_) | Value::UInt(_));
    match (value, asked) {
        (None, Asked::Date) if !whole => {
            warn(ctx, "Truncated incorrect", "date", &Source::of_text(&shown(number)))
        }
        (None, _) if notes.has(Notes::OVERFLOW) => {
            warn(ctx, "Truncated incorrect", "datetime", &Source::of_text(&shown(number)));
        }
        (None, _) => warn(ctx, "Incorrect", "datetime", &Source::of_text(&shown(number))),
        (Some(_), Asked::DateTime)
            if notes.is_bad() && *rules != Need::Stored.rules(ctx.session) =>
        {
            warn(ctx, "Truncated incorrect", "date", &Source::of_text(&shown(number)));
        }
        _ => {}
    }
    value
}

/// Returns a value as a TIME; `None` for NULL and for what is none.
pub(crate) fn time(value: &Value, ctx: &mut Context<'_>) -> Result<Option<Temporal>, Error> {
    let truncate = ctx.session.sql_mode.has(SqlMode::TIME_TRUNCATE_FRACTIONAL);
    match value {
        Value::Null => Ok(None),
        Value::Temporal(value) => Ok(Some(value.to_time())),
        Value::Text(bytes, collation) => {
            let text = Source::new(bytes, *collation)?;
            let (value, notes) = time_of_text(&text, ctx.session)?;
            if notes.is_bad() {
                warn(ctx, "Truncated incorrect", "time", &text);
            }
            // A space before what is no time is told all the same.
            let before = notes.deprecation.is_some_and(|seen| seen.standard.is_none());
            if value.is_some() || before {
                deprecation(&notes, &text, ctx);
            }
            Ok(value)
        }
        number => {
            let Some(split) = split(number) else {
                return Err(Error::unsupported(format_args!("{} as a time", value.typ())));
            };
            let (value, notes) = temporal::time_of_number(split, truncate);
            if notes.is_bad() {
                warn(ctx, "Truncated incorrect", "time", &Source::of_text(&shown(number)));
            }
            Ok(value)
        }
    }
}

/// Reads a TIME, or the time of a datetime.
fn time_of_text(text: &[u8], session: &Session) -> Result<(Option<Temporal>, Notes), Error> {
    let (read, mut notes) = temporal::read_time(text);
    let Some(mut read) = read else { return Ok((None, notes)) };
    let truncate_fraction = session.sql_mode.has(SqlMode::TIME_TRUNCATE_FRACTIONAL);
    let nanoseconds = std::mem::take(&mut read.nanoseconds);
    let rules = DateRules { truncate_fraction, ..DateRules::FUZZY };
    let Some(value) = settled(read, &rules, &mut notes, session)? else { return Ok((None, notes)) };
    let value = value.to_time();
    let nanoseconds = if truncate_fraction { 0 } else { nanoseconds };
    let value = add_nanoseconds(value, nanoseconds).unwrap_or(value);
    Ok((Some(within_time(value, &mut notes)), notes))
}

/// Cuts a TIME to its range.
fn within_time(value: Temporal, notes: &mut Notes) -> Temporal {
    let micros = value.time_micros();
    if micros.abs() <= TIME_MAX {
        return value;
    }
    notes.add(Notes::OUT_OF_RANGE);
    Temporal::time(micros.clamp(-TIME_MAX, TIME_MAX), value.fraction_digits)
}

/// Reads the text of `DATE 'x'`, `TIME 'x'` or `TIMESTAMP 'x'`, with the warnings that it gives;
/// `None` if it is none.
pub(crate) fn literal(
    kind: TemporalKind,
    text: &[u8],
    session: &Session,
) -> Result<Option<(Temporal, Vec<Warning>)>, Error> {
    let (value, notes) = if kind == TemporalKind::Time {
        let read = temporal::read_time(text).0;
        match read.is_some_and(|read| read.value.kind == TemporalKind::Time) {
            true => time_of_text(text, session)?,
            false => return Ok(None),
        }
    } else {
        let rules = Need::Stored.rules(session);
        let (read, mut notes) = temporal::read_datetime(text, &rules);
        let Some(read) = read else { return Ok(None) };
        (settled(read, &rules, &mut notes, session)?, notes)
    };
    let value = value.filter(|value| value.kind == kind && !notes.is_bad());
    let mut ctx = Context::new(session);
    deprecation(&notes, &Source::of_text(text), &mut ctx);
    Ok(value.map(|value| (value, ctx.warnings.take())))
}

fn name(value: &Temporal) -> &'static str {
    match value.kind {
        TemporalKind::Date => "date",
        TemporalKind::DateTime => "datetime",
        TemporalKind::Time => "time",
    }
}

/// Returns how many digits of a fraction a text shows as a datetime or as a time; six for what is
/// neither.
pub(crate) fn digits_of_text(text: &[u8], as_time: bool) -> u8 {
    let read = if as_time {
        temporal::read_time(text).0
    } else {
        temporal::read_datetime(text, &DateRules { any_day: true, ..DateRules::FUZZY }).0
    };
    read.map_or(6, |read| read.value.fraction_digits)
}
