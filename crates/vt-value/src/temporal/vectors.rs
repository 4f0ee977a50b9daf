//! Strings read beside what MySQL 9.7 answered, and values led there and back.

use proptest::prelude::*;

use super::calendar::days_in_month;
use super::*;

/// What columns take by default.
const RULES: DateRules = DateRules {
    partial: true,
    no_zero_date: true,
    no_zero_in_date: true,
    any_day: false,
    truncate_fraction: false,
};

fn print(value: &Temporal) -> String {
    let mut out = Vec::new();
    value.write(&mut out);
    String::from_utf8(out).unwrap()
}

/// Reads as TIMESTAMP() and TIME() do in UTC.
fn read(kind: &str, text: &[u8]) -> (Option<Temporal>, Notes) {
    let is_time = kind == "time";
    let (read, mut notes) = if is_time { read_time(text) } else { read_datetime(text, &RULES) };
    let Some(read) = read else { return (None, notes) };
    let mut value = read.value;
    if let Some(offset) = read.offset {
        let seconds = zone::local_seconds(&value) - i64::from(offset);
        let micros = seconds * SECOND + i64::from(value.micros());
        value = TimeZone::UTC.local(micros, value.fraction_digits).unwrap();
    }
    let value = if is_time { value.to_time() } else { value.to_datetime() };
    match add_nanoseconds(value, read.nanoseconds) {
        Some(value) if is_time && value.time_micros().abs() > TIME_MAX => {
            notes.add(Notes::OUT_OF_RANGE);
            let cut = value.time_micros().clamp(-TIME_MAX, TIME_MAX);
            (Some(Temporal::time(cut, value.fraction_digits)), notes)
        }
        Some(value) => (Some(value), notes),
        None => {
            notes.add(Notes::OVERFLOW);
            (None, notes)
        }
    }
}

#[test]
fn strings_are_read_as_mysql_read_them() {
    // Function, text, answer, whether it warned, and the delimiter that it warned of: 5 for one
    // that is deprecated, 6 for one that is too much, the delimiter and its place.
    for line in include_str!("read_vectors.tsv").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let (value, notes) = read(fields[0], fields[1].as_bytes());
        let shown = value.map_or("NULL".to_owned(), |value| print(&value));
        assert_eq!(shown, fields[2], "{line}");
        assert_eq!(notes.is_bad(), fields[3] == "bad", "{line}");
        let seen = notes.deprecation.filter(|_| value.is_some()).map_or("-".to_owned(), |seen| {
            let kind = if seen.standard.is_some() { 5 } else { 6 };
            format!("{kind}:{}:{}", char::from(seen.delimiter), seen.position)
        });
        assert_eq!(seen, fields[4], "{line}");
    }
}

#[test]
fn numbers_are_read_as_mysql_read_them() {
    // TIMESTAMP() of whole numbers, MySQL 9.7.
    for (number, want) in [
        (20_201_201, "2020-12-01"),
        (20_201_201_101_112, "2020-12-01 10:11:12.000000"),
        (201_201, "2020-12-01"),
        (101, "2000-01-01"),
        (691_231, "2069-12-31"),
        (700_101, "1970-01-01"),
        (101_000_000, "2000-01-01 00:00:00.000000"),
        (99_991_231, "9999-12-31"),
    ] {
        let (value, notes) = datetime_of_number(Split { whole: number, nanoseconds: 0 }, &RULES);
        assert_eq!(value.map(|value| print(&value)).as_deref(), Some(want), "{number}");
        assert!(!notes.is_bad());
    }
    for number in [-1, 0, 100, 691_232, 700_100, 991_232, 99_991_232, 100_000_101_000_000, i64::MAX]
    {
        let (value, _) = datetime_of_number(Split { whole: number, nanoseconds: 0 }, &RULES);
        assert_eq!(value, None, "{number}");
    }
}

#[test]
fn intervals_are_read_from_texts_as_mysql_read_them() {
    let micros = |unit, text: &str| interval_of_text(unit, text.as_bytes()).map(|one| one.micros);
    let second = i128::from(SECOND);
    assert_eq!(micros(Unit::DayMicrosecond, "1 2:3:4.5"), Some(93_784 * second + 500_000));
    assert_eq!(micros(Unit::SecondMicrosecond, "1"), Some(100_000));
    assert_eq!(micros(Unit::MinuteSecond, " -1:2"), Some(-62 * second));
    assert_eq!(micros(Unit::MinuteSecond, "a1b2"), Some(62 * second));
    assert_eq!(micros(Unit::MinuteSecond, ""), Some(0));
    assert_eq!(micros(Unit::MinuteSecond, "1:2:3"), None);
    assert_eq!(micros(Unit::MinuteSecond, "99999999999999999999:1"), None);
    let months = interval_of_text(Unit::YearMonth, b"1-1").map(|one| one.months);
    assert_eq!(months, Some(13));
}

prop_compose! {
    fn datetimes()(
        (year, month) in (1u32..=9999, 1u32..=12),
        day in 1u32..=31,
        clock in 0..DAY,
    ) -> Temporal {
        let day = day.min(days_in_month(year, month));
        Temporal::datetime(year, month, day, clock, 6)
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(value in datetimes()) {
        let text = print(&value);
        let (read, notes) = read_datetime(text.as_bytes(), &RULES);
        prop_assert_eq!(read.map(|read| read.value), Some(value));
        prop_assert_eq!(notes, Notes::NONE);
        prop_assert_eq!(Temporal::parse(TemporalKind::DateTime, text.as_bytes()), Some(value));
    }

    #[test]
    fn times_read_back(micros in -TIME_MAX..=TIME_MAX) {
        let value = Temporal::time(micros, 6);
        let (read, notes) = read_time(print(&value).as_bytes());
        prop_assert_eq!(read.map(|read| read.value), Some(value));
        prop_assert_eq!(notes, Notes::NONE);
    }

    #[test]
    fn a_pattern_reads_what_it_wrote(value in datetimes()) {
        let pattern = b"%d.%m.%Y %H-%i-%s.%f";
        let mut text = Vec::new();
        format_datetime(&value, pattern, Locale::default(), &mut text).unwrap();
        let read = str_to_date(&text, pattern).unwrap();
        prop_assert_eq!(read.to_datetime(), value);
        prop_assert!(!read.truncated);
    }

    #[test]
    fn what_is_added_can_be_taken_away(value in datetimes(), seconds in -1_000_000_000i64..1_000_000_000) {
        let interval = Interval::of_count(Unit::Second, seconds.into());
        if let Some(sum) = add_interval(value, interval, Unit::Second) {
            prop_assert_eq!(sum.packed() > value.packed(), seconds > 0);
            prop_assert_eq!(add_interval(sum, interval.negated(), Unit::Second), Some(value));
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(text in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = read_datetime(&text, &RULES);
        let _ = read_time(&text);
        let _ = str_to_date(&text, b"%d.%m.%Y %r %j %U %W %M %f");
        let _ = interval_of_text(Unit::DayMicrosecond, &text);
        let mut out = Vec::new();
        let _ = format_datetime(&Temporal::ZERO_DATE, &text, Locale::default(), &mut out);
    }

    #[test]
    fn digits_are_read_without_panic(text in "[-+0-9:. T]{0,30}") {
        let _ = read_datetime(text.as_bytes(), &DateRules::FUZZY);
        let _ = read_time(text.as_bytes());
    }
}
