//! Window functions over generated tables: every function with frames by rows and by values.
//!
//! The argument is the column that orders the window, so that rows of one rank, whose order no one
//! knows, give the same values in any order.

use std::cmp::Ordering;

use vt_base::Error;
use vt_eval::aggregate::AggregateFunc;
use vt_eval::window::{Bound, Frame, FrameUnit, Offset, WindowCall, WindowFunc, WindowRow};
use vt_eval::{Context, Kind};
use vt_value::temporal::{Interval, Unit};
use vt_value::{Type, Value};

use super::answer::Answer;
use super::generate::Chance;
use super::ours::Evaluator;

/// How many windows of a column are compared.
const WINDOWS_PER_COLUMN: usize = 12;

/// A call as SQL has it and as the engine has it.
pub(super) struct Window {
    pub(super) text: String,
    func: WindowFunc,
    args: usize,
    descending: bool,
    frame: Option<Frame>,
}

const RANKS: &[(&str, WindowFunc)] = &[
    ("row_number()", WindowFunc::RowNumber),
    ("rank()", WindowFunc::Rank),
    ("dense_rank()", WindowFunc::DenseRank),
    ("percent_rank()", WindowFunc::PercentRank),
    ("cume_dist()", WindowFunc::CumeDist),
    ("ntile(3)", WindowFunc::Ntile(3)),
];

const MOVED: &[(&str, WindowFunc)] = &[("lead", WindowFunc::Lead(1)), ("lag", WindowFunc::Lag(1))];

const FRAMED: &[(&str, WindowFunc)] = &[
    ("first_value", WindowFunc::FirstValue),
    ("last_value", WindowFunc::LastValue),
    ("count", WindowFunc::Aggregate(AggregateFunc::Count)),
    ("sum", WindowFunc::Aggregate(AggregateFunc::Sum)),
    ("avg", WindowFunc::Aggregate(AggregateFunc::Avg)),
    ("min", WindowFunc::Aggregate(AggregateFunc::Min)),
    ("max", WindowFunc::Aggregate(AggregateFunc::Max)),
    ("bit_or", WindowFunc::Aggregate(AggregateFunc::BitOr)),
    ("std", WindowFunc::Aggregate(AggregateFunc::StdPop)),
    ("var_samp", WindowFunc::Aggregate(AggregateFunc::VarSamp)),
];

/// Makes calls over windows in the order of a column.
pub(super) fn by_chance(column: &str, kind: &Kind, chance: &mut Chance) -> Vec<Window> {
    (0..WINDOWS_PER_COLUMN).map(|_| one(column, kind, chance)).collect()
}

fn one(column: &str, kind: &Kind, chance: &mut Chance) -> Window {
    let descending = chance.percent(40);
    let order = if descending { " desc" } else { "" };
    let over = format!("over (order by {column}{order}");
    match chance.below(4) {
        0 => {
            let (name, func) = chance.pick(RANKS);
            let text = format!("{name} {over})");
            Window { text, func: func.clone(), args: 0, descending, frame: None }
        }
        1 => {
            let (name, func) = chance.pick(MOVED);
            let text = format!("{name}({column}) {over})");
            Window { text, func: func.clone(), args: 1, descending, frame: None }
        }
        _ => {
            let (name, func) = chance.pick(FRAMED);
            let (words, frame) = frame(kind, chance);
            let text = format!("{name}({column}) {over}{words})");
            Window { text, func: func.clone(), args: 1, descending, frame }
        }
    }
}

fn frame(kind: &Kind, chance: &mut Chance) -> (String, Option<Frame>) {
    let measured = kind.typ.is_number() || kind.typ.is_temporal();
    let by_value = measured && kind.typ != Type::YEAR && kind.members.is_none();
    match chance.below(if by_value { 3 } else { 2 }) {
        0 => (String::new(), None),
        1 => {
            let count = |chance: &mut Chance| Offset::Rows(chance.below(3) as u64);
            let (start_words, start) = bound(chance, true, count, |offset| match offset {
                Offset::Rows(rows) => rows.to_string(),
                _ => String::new(),
            });
            let (end_words, end) = bound(chance, false, count, |offset| match offset {
                Offset::Rows(rows) => rows.to_string(),
                _ => String::new(),
            });
            let words = format!(" rows between {start_words} and {end_words}");
            (words, Some(Frame { unit: FrameUnit::Rows, start, end }))
        }
        _ => {
            let is_temporal = kind.typ.is_temporal();
            let is_time = kind.typ == Type::TIME;
            let offset = move |chance: &mut Chance| {
                let count = 1 + chance.below(30) as i64;
                match (is_temporal, is_time) {
                    (false, _) => Offset::Number(Value::Int(count)),
                    (true, true) => {
                        Offset::Interval(Interval::of_count(Unit::Hour, count.into()), Unit::Hour)
                    }
                    (true, false) => {
                        Offset::Interval(Interval::of_count(Unit::Day, count.into()), Unit::Day)
                    }
                }
            };
            let words = |offset: &Offset| match offset {
                Offset::Number(number) => {
                    String::from_utf8_lossy(&number.text().unwrap_or_default()).into_owned()
                }
                Offset::Interval(interval, Unit::Hour) => {
                    format!("interval {} hour", interval.micros / 3_600_000_000)
                }
                Offset::Interval(interval, _) => {
                    format!("interval {} day", interval.micros / 86_400_000_000)
                }
                Offset::Rows(rows) => rows.to_string(),
            };
            let (start_words, start) = bound(chance, true, offset, words);
            let (end_words, end) = bound(chance, false, offset, words);
            let words = format!(" range between {start_words} and {end_words}");
            (words, Some(Frame { unit: FrameUnit::Range, start, end }))
        }
    }
}

/// Makes a bound; a start is never after the row, and an end never before it.
fn bound(
    chance: &mut Chance,
    start: bool,
    offset: impl Fn(&mut Chance) -> Offset,
    words: impl Fn(&Offset) -> String,
) -> (String, Bound) {
    match (chance.below(3), start) {
        (0, true) => ("unbounded preceding".to_owned(), Bound::UnboundedPreceding),
        (0, false) => ("unbounded following".to_owned(), Bound::UnboundedFollowing),
        (1, _) => ("current row".to_owned(), Bound::CurrentRow),
        (_, true) => {
            let offset = offset(chance);
            (format!("{} preceding", words(&offset)), Bound::Preceding(offset))
        }
        (_, false) => {
            let offset = offset(chance);
            (format!("{} following", words(&offset)), Bound::Following(offset))
        }
    }
}

/// Computes a call over the rows of the evaluator, as MySQL shows them: in the window's order.
pub(super) fn computed(
    evaluator: &Evaluator,
    window: &Window,
    kind: Kind,
    place: usize,
) -> Result<Answer, Error> {
    let session = evaluator.session();
    let args = |value: &Value| if window.args > 0 { vec![value.clone()] } else { Vec::new() };
    let mut rows: Vec<WindowRow> = evaluator
        .rows()
        .iter()
        .map(|row| WindowRow { args: args(&row[place]), keys: vec![row[place].clone()] })
        .collect();
    let mut unknown = false;
    rows.sort_by(|a, b| {
        let order = vt_eval::window::compare_keys(&a.keys, &b.keys, &[window.descending]);
        order.unwrap_or_else(|| {
            unknown = true;
            Ordering::Equal
        })
    });
    if unknown || kind.members.is_some() {
        return Err(Error::unsupported("an order that is unknown"));
    }
    let kinds = if window.args > 0 { vec![kind] } else { Vec::new() };
    let descending = vec![window.descending];
    let limits = (session, usize::MAX);
    let mut call =
        WindowCall::new(window.func.clone(), kinds, descending, window.frame.clone(), limits)?;
    let mut ctx = Context::new(session);
    let values: Vec<Value> = call.compute(&rows, &mut ctx)?;
    Ok(Evaluator::rows_answer(call.kind(), &values, &mut ctx))
}
