//! Day numbers and weeks beside what MySQL answered.

use proptest::prelude::*;

use super::*;

#[test]
fn days_are_numbered_as_mysql_numbers_them() {
    // TO_DAYS of MySQL 9.7.
    for (date, days) in [
        ((0, 1, 1), 1),
        ((0, 2, 28), 59),
        ((0, 3, 1), 60),
        ((0, 12, 31), 365),
        ((1, 1, 1), 366),
        ((1970, 1, 1), 719_528),
        ((2000, 2, 29), 730_544),
        ((9999, 12, 31), 3_652_424),
    ] {
        assert_eq!(day_number(date.0, date.1, date.2), days);
        assert_eq!(date_of_day_number(days), Some(date));
    }
    assert_eq!(date_of_day_number(0), None);
    assert_eq!(date_of_day_number(3_652_425), None);
}

#[test]
fn weeks_are_numbered_as_mysql_numbers_them() {
    // WEEK(date, 0) to WEEK(date, 7) of MySQL 9.7, then YEARWEEK of the same modes.
    for line in include_str!("weeks.tsv").lines() {
        let mut fields = line.split('\t');
        let date: Vec<u32> =
            fields.next().unwrap().split('-').map(|n| n.parse().unwrap()).collect();
        let date = (date[0], date[1], date[2]);
        for mode in 0..8 {
            let (number, _) = week(date, WeekMode::of_number(mode));
            assert_eq!(number, fields.next().unwrap().parse().unwrap(), "{line} mode {mode}");
        }
        for mode in 0..8 {
            let mode = WeekMode { by_week_year: true, ..WeekMode::of_number(mode) };
            let (number, year) = week(date, mode);
            let whole: i32 = fields.next().unwrap().parse().unwrap();
            assert_eq!(
                year.wrapping_mul(100).wrapping_add(number) as i32,
                whole,
                "{line} mode {mode:?}"
            );
        }
    }
}

#[test]
fn weeks_of_zero_months_and_days_are_numbered_as_mysql_numbers_them() {
    // DATE_FORMAT(date, '%U %u %V %v') of MySQL 9.7.
    for (date, weeks) in [
        ((2024, 0, 0), [613_566_752, 613_566_753, 613_566_752, 1]),
        ((2024, 0, 31), [613_566_756, 613_566_757, 613_566_756, 1]),
        ((2022, 0, 31), [613_566_757, 613_566_757, 1, 613_566_757]),
        ((2024, 1, 0), [0, 52, 53, 52]),
        ((2023, 1, 0), [52, 0, 52, 52]),
        ((0, 0, 10), [613_566_757, 613_566_757, 613_566_757, 1]),
        ((0, 1, 0), [52, 0, 52, 52]),
    ] {
        for (place, number) in weeks.into_iter().enumerate() {
            let monday_first = place % 2 == 1;
            let mode =
                WeekMode { monday_first, by_week_year: place > 1, whole_first: !monday_first };
            assert_eq!(week(date, mode).0, number, "{date:?} {mode:?}");
        }
    }
}

proptest! {
    #[test]
    fn numbers_and_dates_lead_to_each_other(days in 1i64..3_652_425) {
        let (year, month, day) = date_of_day_number(days).unwrap();
        prop_assert_eq!(day_number(year, month, day), days);
        prop_assert!(day <= days_in_month(year, month));
    }
}
