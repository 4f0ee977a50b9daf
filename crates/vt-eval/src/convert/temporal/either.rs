//! Values that may be dates or times, as ADDTIME, TIMEDIFF and EXTRACT take them.

use vt_base::Error;
use vt_value::temporal::{self, DateRules, Notes};
use vt_value::{Temporal, TemporalKind, Value};

use super::source::{Source, deprecation, warn};
use super::{Need, datetime, name, settled, shown, split, time, time_of_text};
use crate::context::Context;

/// Returns a value as what it looks like, a DATE, DATETIME or TIME, as ADDTIME and TIMEDIFF take
/// it. Partial dates are refused where a whole one is needed.
pub(crate) fn either(
    value: &Value,
    need: Need,
    ctx: &mut Context<'_>,
) -> Result<Option<Temporal>, Error> {
    let refused = |value: &Temporal, ctx: &Context<'_>| {
        let dated = value.kind != TemporalKind::Time;
        dated && need.rules(ctx.session).check_value(value).is_some()
    };
    match value {
        Value::Temporal(value) => {
            // A day past the end of its month counts on into the next.
            let rules = DateRules { any_day: true, ..need.rules(ctx.session) };
            let dated = value.kind != TemporalKind::Time;
            let refused = dated && rules.check_value(value).is_some();
            Ok((!refused).then_some(*value))
        }
        Value::Text(bytes, collation) => {
            let text = Source::new(bytes, *collation)?;
            let (value, lenient) = either_of_text(&text, ctx)?;
            match value {
                Some(value) if (!lenient || in_year_zero(&text)) && refused(&value, ctx) => {
                    warn(ctx, "Truncated incorrect", name(&value), &text);
                    Ok(None)
                }
                value => Ok(value),
            }
        }
        Value::Json(json) => {
            let mut text = Vec::new();
            json.write(&mut text);
            either_of_text(&Source::of_text(&text), ctx).map(|(value, _)| value)
        }
        number => {
            let Some(split) = split(number) else { return time(value, ctx) };
            // Numbers that have the digits of a date are one.
            let is_int = matches!(value, Value::Int(_) | Value::UInt(_));
            if is_int && split.whole < 10_000_101 {
                return time(value, ctx);
            }
            let timely = split.whole.unsigned_abs() < 10_000_101;
            let (found, notes) = match timely {
                true => (temporal::time_of_number(split, false).0, Notes::NONE),
                false => temporal::datetime_of_number(split, &DateRules::FUZZY),
            };
            if found.is_some() && notes.is_bad() {
                warn(ctx, "Truncated incorrect", "date", &Source::of_text(&shown(value)));
            }
            if found.is_none() {
                let (way, what) = match timely {
                    true => ("Truncated incorrect", "time"),
                    false => ("Incorrect", "datetime"),
                };
                warn(ctx, way, what, &Source::of_text(&shown(value)));
            }
            Ok(found)
        }
    }
}

/// Returns whether the first number of a text is zero.
fn in_year_zero(text: &[u8]) -> bool {
    let mut digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.all(|digit| *digit == b'0')
}

/// Reads a text as a datetime or a time; says also whether it is a date with a delimiter that is
/// deprecated, whose zeroes MySQL lets pass.
fn either_of_text(text: &Source, ctx: &mut Context<'_>) -> Result<(Option<Temporal>, bool), Error> {
    if text.contains(&b':') {
        let (value, notes) = time_of_text(text, ctx.session)?;
        let is_time = value.is_some_and(|_| {
            temporal::read_time(text).0.is_some_and(|read| read.value.kind == TemporalKind::Time)
        });
        if is_time && notes == Notes::NONE {
            return Ok((value, false));
        }
    }
    let rules = DateRules { any_day: true, ..DateRules::FUZZY };
    let (read, mut notes) = temporal::read_datetime(text, &rules);
    if let Some(read) = read
        && let Some(value) = settled(read, &rules, &mut notes, ctx.session)?
    {
        deprecation(&notes, text, ctx);
        let lenient = notes.deprecation.is_some();
        return Ok((Some(value), lenient));
    }
    let (value, notes) = time_of_text(text, ctx.session)?;
    match value {
        Some(_) if notes.is_bad() => warn(ctx, "Truncated incorrect", "time", text),
        Some(_) => {}
        None => warn(ctx, "Incorrect", "datetime", text),
    }
    Ok((value, false))
}

/// Returns a value as what EXTRACT takes hours and less from: a datetime if it is clearly one,
/// else a time.
pub(crate) fn clock(value: &Value, ctx: &mut Context<'_>) -> Result<Option<Temporal>, Error> {
    let rules = Need::Parts.rules(ctx.session);
    match value {
        Value::Temporal(value) => Ok(Some(*value)),
        Value::Text(bytes, collation) => {
            let text = Source::new(bytes, *collation)?;
            let (read, mut notes) = temporal::read_datetime(&text, &rules);
            let refused = Notes::ZERO_DATE.and(Notes::ZERO_IN_DATE).and(Notes::OUT_OF_RANGE);
            if notes.has(refused) && notes.deprecation.is_none() {
                warn(ctx, "Incorrect", "datetime", &text);
                return Ok(None);
            }
            match read {
                Some(read) if notes == Notes::NONE => {
                    settled(read, &rules, &mut notes, ctx.session)
                }
                _ => time(value, ctx),
            }
        }
        number => {
            let Some(split) = split(number) else { return time(value, ctx) };
            let found = temporal::datetime_of_number(split, &rules).0;
            // Four digits and less are minutes and seconds.
            let dated = found.is_some_and(|found| !found.has_zero()) && split.whole > 9999;
            if split.whole == 0 && split.nanoseconds < 0 {
                return datetime(&Value::Int(0), Need::Parts, ctx);
            }
            if dated || split.whole == 0 {
                return datetime(number, Need::Parts, ctx);
            }
            time(value, ctx)
        }
    }
}
