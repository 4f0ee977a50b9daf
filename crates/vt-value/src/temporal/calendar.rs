//! Days counted as MySQL counts them: 0000-01-01 is day 1, and the year 0 has no leap day.

/// The day number of 1970-01-01.
pub const EPOCH: i64 = 719_528;
/// The first day number that is no date any more, that of 10000-01-01.
const END: i64 = 3_652_425;
/// Days before the first of a month in a common year.
const BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// How weeks are numbered: the bits of the argument `mode` of WEEK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeekMode {
    pub monday_first: bool,
    /// The days before the first week count to the last week of the year before, not to week 0.
    pub by_week_year: bool,
    /// The first week is the first that lies whole in the year, not the first with four days in it.
    pub whole_first: bool,
}

impl WeekMode {
    /// Weeks of Monday to Sunday as ISO 8601 has them.
    pub const ISO: WeekMode =
        WeekMode { monday_first: true, by_week_year: true, whole_first: false };

    /// Reads the mode of WEEK and of `default_week_format`; bits above the third are ignored.
    pub fn of_number(mode: i64) -> WeekMode {
        let monday_first = mode & 1 != 0;
        // Weeks that start on Sunday have the sense of the third bit turned round.
        let whole_first = (mode & 4 != 0) == monday_first;
        WeekMode { monday_first, by_week_year: mode & 2 != 0, whole_first }
    }
}

/// Returns whether a year has 366 days; MySQL's year 0 has not.
pub fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) && year != 0
}

/// Returns how many days a month has; 31 for a month that is none.
pub fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns how many days a year has.
pub fn days_in_year(year: u32) -> u32 {
    if is_leap(year) { 366 } else { 365 }
}

/// Returns the number of a day. A day past the end of its month counts on into the next, month 0
/// stands for a December before the year; 0000-00-00 is 0.
pub fn day_number(year: u32, month: u32, day: u32) -> i64 {
    if year == 0 && month == 0 {
        return 0;
    }
    let past = i64::from(year) - 1;
    let leap_days = if year == 0 { 0 } else { past / 4 - past / 100 + past / 400 };
    let month_start = match month {
        0 => -31,
        1..=12 => BEFORE[month as usize - 1] + i64::from(month > 2 && is_leap(year)),
        _ => 365,
    };
    365 * i64::from(year) + leap_days + month_start + i64::from(day)
}

/// Returns year, month and day of a day number; `None` outside of the years 0 to 9999.
pub fn date_of_day_number(days: i64) -> Option<(u32, u32, u32)> {
    if !(1..END).contains(&days) {
        return None;
    }
    if days < 366 {
        return Some(date_in_year(0, days - 1));
    }
    // Count from 0001-01-01 in cycles of 400, 100, 4 and 1 years.
    let mut rest = (days - 366) as u32;
    let mut year = 1 + rest / 146_097 * 400;
    rest %= 146_097;
    let centuries = (rest / 36_524).min(3);
    rest -= centuries * 36_524;
    year += centuries * 100 + rest / 1461 * 4;
    rest %= 1461;
    let years = (rest / 365).min(3);
    rest -= years * 365;
    year += years;
    Some(date_in_year(year, rest.into()))
}

/// Returns the date of a day of a year, the first of which is 0.
fn date_in_year(year: u32, day: i64) -> (u32, u32, u32) {
    let leap = i64::from(is_leap(year));
    let start = |month: usize| BEFORE[month] + if month > 1 { leap } else { 0 };
    let month = (1..12).find(|month| day < start(*month)).unwrap_or(12);
    (year, month as u32, (day - start(month - 1)) as u32 + 1)
}

/// Returns the day of the week, 0 for Monday.
pub fn weekday(days: i64) -> u32 {
    (days + 5).rem_euclid(7) as u32
}

/// Returns the day of the week, 0 for the day that the weeks start with.
fn day_of_week(days: i64, monday_first: bool) -> i64 {
    (days + if monday_first { 5 } else { 6 }).rem_euclid(7)
}

/// Returns the week of a date, and the year that the week counts to.
///
/// Dates with a month or a day of zero have weeks too: MySQL subtracts without a sign, and so does
/// this.
pub fn week((year, month, day): (u32, u32, u32), mode: WeekMode) -> (u32, u32) {
    const LAST_WEEK: u32 = 52 * 7;
    let counts = |weekday: i64| if mode.whole_first { weekday == 0 } else { weekday <= 3 };
    let mut year = year;
    let mut by_week_year = mode.by_week_year;
    let mut jan_1st = day_number(year, 1, 1);
    let days = day_number(year, month, day);
    let mut weekday = day_of_week(jan_1st, mode.monday_first);
    if month == 1 && i64::from(day) <= 7 - weekday {
        if !by_week_year && !counts(weekday) {
            return (0, year);
        }
        by_week_year = true;
        year = year.wrapping_sub(1);
        let length = i64::from(days_in_year(year));
        jan_1st -= length;
        weekday = (weekday - length).rem_euclid(7);
    }
    let start = if counts(weekday) { jan_1st - weekday } else { jan_1st + 7 - weekday };
    let since = (days - start) as u32;
    if by_week_year && since >= LAST_WEEK {
        let next = (weekday + i64::from(days_in_year(year))) % 7;
        if counts(next) {
            return (1, year.wrapping_add(1));
        }
    }
    (since / 7 + 1, year)
}

#[cfg(test)]
mod tests;
