//! Which dates are taken: the part of `sql_mode`, and of what asks for the date, that decides it.

use super::calendar::days_in_month;
use super::{Notes, Temporal};

/// Which zero, partial and impossible dates are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateRules {
    /// Month and day may be zero where the mode does not forbid it (MONTH, DATE_FORMAT...).
    pub partial: bool,
    /// 0000-00-00 is refused.
    pub no_zero_date: bool,
    /// Dates with a month or a day of zero are refused.
    pub no_zero_in_date: bool,
    /// A day up to 31 is taken in every month (ALLOW_INVALID_DATES).
    pub any_day: bool,
    /// Fractions are cut instead of rounded (TIME_TRUNCATE_FRACTIONAL).
    pub truncate_fraction: bool,
}

impl DateRules {
    /// Takes whatever has the digits of a date, but for days past the end of a month.
    pub const FUZZY: DateRules = DateRules {
        partial: true,
        no_zero_date: false,
        no_zero_in_date: false,
        any_day: false,
        truncate_fraction: false,
    };

    /// Says what is wrong with a date whose parts are in their ranges. `not_zero` is whether any
    /// part of it, of the day or of the time, is other than zero.
    pub fn check(&self, year: u32, month: u32, day: u32, not_zero: bool) -> Option<Notes> {
        if !not_zero {
            return self.no_zero_date.then_some(Notes::ZERO_DATE);
        }
        if month == 0 || day == 0 {
            let refused = self.no_zero_in_date || !self.partial;
            return refused.then_some(Notes::ZERO_IN_DATE);
        }
        let impossible = !self.any_day && day > days_in_month(year, month);
        impossible.then_some(Notes::OUT_OF_RANGE)
    }

    /// Says what is wrong with a value that exists, as that of a column.
    pub fn check_value(&self, value: &Temporal) -> Option<Notes> {
        let (year, month, day) = value.ymd();
        let not_zero = year | month | day != 0 || value.clock() != 0;
        self.check(year, month, day, not_zero)
    }
}
