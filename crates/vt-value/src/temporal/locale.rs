//! The languages of `lc_time_names` and of FORMAT: names of months and days, signs of numbers.

use std::fmt;
use std::sync::LazyLock;

/// A language and country as MySQL knows them.
#[derive(Clone, Copy)]
pub struct Locale(&'static Names);

/// What a locale says.
struct Names {
    name: &'static str,
    months: Vec<&'static str>,
    short_months: Vec<&'static str>,
    /// From Monday.
    days: Vec<&'static str>,
    short_days: Vec<&'static str>,
    /// The sign before the fraction.
    point: &'static str,
    /// The sign between groups of digits; empty where there are none.
    separator: &'static str,
    /// The groups but for the last, which has three digits, have two.
    pairs: bool,
}

/// A line for each locale in the order of their ids; `locales.sql` has mysqld write it.
static TABLE: LazyLock<Vec<Names>> =
    LazyLock::new(|| include_str!("locale/locales.tsv").lines().filter_map(Names::read).collect());

impl Names {
    fn read(line: &'static str) -> Option<Names> {
        let mut fields = line.split('\t');
        let mut field = || fields.next();
        let name = field()?;
        let mut list = || Some(field()?.split('|').collect::<Vec<_>>());
        let (months, short_months, days, short_days) = (list()?, list()?, list()?, list()?);
        // 1234567890123.5, as the locale writes it.
        let number = field()?;
        let last = number.rfind('3')? + 1;
        let point = number.get(last..)?.trim_end_matches('5');
        // What stands between 90 and 123.
        let separator = number.split_once("90").and_then(|(_, rest)| rest.split_once("123"));
        let separator = separator.map_or("", |(between, _)| between);
        let pairs = number.starts_with("12,34");
        Some(Names { name, months, short_months, days, short_days, point, separator, pairs })
    }
}

impl Locale {
    /// Finds a locale by name, in any letter case.
    pub fn of_name(name: &str) -> Option<Locale> {
        TABLE.iter().find(|one| one.name.eq_ignore_ascii_case(name)).map(Locale)
    }

    /// Finds a locale by the number that `lc_time_names` also takes.
    pub fn of_id(id: usize) -> Option<Locale> {
        TABLE.get(id).map(Locale)
    }

    /// Returns `en_US`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Returns the name of a month, 1 for January; empty for none.
    pub fn month(self, month: u32) -> &'static str {
        pick(&self.0.months, month.wrapping_sub(1))
    }

    pub fn short_month(self, month: u32) -> &'static str {
        pick(&self.0.short_months, month.wrapping_sub(1))
    }

    /// Returns the name of a day, 0 for Monday.
    pub fn day(self, weekday: u32) -> &'static str {
        pick(&self.0.days, weekday)
    }

    pub fn short_day(self, weekday: u32) -> &'static str {
        pick(&self.0.short_days, weekday)
    }

    /// Returns the most letters that the name of a month has.
    pub fn longest_month(self) -> usize {
        self.0.months.iter().map(|name| name.chars().count()).max().unwrap_or(0)
    }

    /// Returns the most letters that the name of a day has.
    pub fn longest_day(self) -> usize {
        self.0.days.iter().map(|name| name.chars().count()).max().unwrap_or(0)
    }

    /// Writes a decimal number's text (`-1234.50`) with the locale's signs, as FORMAT does.
    pub fn write_number(self, number: &str, out: &mut String) {
        let (sign, number) = match number.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", number),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        out.push_str(sign);
        for (place, digit) in whole.chars().enumerate() {
            let left = whole.len() - place;
            let group = if self.0.pairs && left > 3 { (left - 3) % 2 } else { left % 3 };
            if place > 0 && group == 0 {
                out.push_str(self.0.separator);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push_str(self.0.point);
            out.push_str(fraction);
        }
    }
}

fn pick(names: &[&'static str], place: u32) -> &'static str {
    usize::try_from(place).ok().and_then(|place| names.get(place)).copied().unwrap_or("")
}

impl Default for Locale {
    fn default() -> Locale {
        Locale(&TABLE[0])
    }
}

impl fmt::Debug for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl PartialEq for Locale {
    fn eq(&self, other: &Locale) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Locale {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_locale_is_whole() {
        assert_eq!(TABLE.len(), include_str!("locale/locales.tsv").lines().count());
        for names in TABLE.iter() {
            assert_eq!((names.months.len(), names.short_months.len()), (12, 12), "{}", names.name);
            assert_eq!((names.days.len(), names.short_days.len()), (7, 7), "{}", names.name);
        }
        assert_eq!(Locale::default(), Locale::of_name("EN_us").unwrap());
        assert_eq!(Locale::of_id(2).unwrap().month(1), "1月");
        assert_eq!(Locale::of_name("xx_XX"), None);
    }

    #[test]
    fn numbers_are_written_back_as_mysql_wrote_them() {
        for line in include_str!("locale/locales.tsv").lines() {
            let locale = Locale::of_name(line.split('\t').next().unwrap()).unwrap();
            let mut out = String::new();
            locale.write_number("1234567890123.5", &mut out);
            assert_eq!(out, line.split('\t').next_back().unwrap());
        }
    }
}
