//! The tz database's files (RFC 9636), and the rule of the years behind the last entry.

/// What clocks show in a zone, moment by moment.
pub(super) struct Rules {
    name: &'static str,
    /// The seconds east of Greenwich before the first change.
    before: i32,
    /// Moments of change in order, with the offset from each on.
    changes: Vec<(i64, i32)>,
}

/// MySQL's tables have no change from 2038-01-19 03:14:08 UTC on.
const END: i64 = i32::MAX as i64;
const HEADER: usize = 44;

impl Rules {
    /// Reads a file's bytes; `None` if they are none.
    pub(super) fn read(name: &'static str, data: &[u8]) -> Option<Rules> {
        let (first, _) = Block::read(data, 4)?;
        let (block, footer) = Block::read(data.get(first.end..)?, 8)?;
        let footer = std::str::from_utf8(footer).ok()?.trim_matches('\n');
        let mut changes = Vec::with_capacity(block.changes.len() + 80);
        changes.extend_from_slice(&block.changes);
        if let Some(yearly) = Yearly::read(footer) {
            let last = changes.last().map_or(i64::MIN, |(moment, _)| *moment);
            let from = if last == i64::MIN { 1970 } else { year_of(last) };
            for year in from..=2037 {
                let mut both = yearly.changes(year);
                both.sort_unstable();
                changes.extend(both.into_iter().filter(|(moment, _)| *moment > last));
            }
        }
        changes.retain(|(moment, _)| *moment <= END);
        Some(Rules { name, before: block.before, changes })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn offset_at(&self, seconds: i64) -> i32 {
        let after = self.changes.partition_point(|(moment, _)| *moment <= seconds);
        after.checked_sub(1).map_or(self.before, |place| self.changes[place].1)
    }

    pub(super) fn moment(&self, local: i64) -> super::Moment {
        // The changes at which clocks that go by the old offset have not passed the local time.
        let place = self.changes.partition_point(|(moment, _)| {
            // Before this change the offset is that of the one before.
            moment + i64::from(self.offset_at(moment - 1)) <= local
        });
        let Some((moment, offset)) = place.checked_sub(1).map(|place| self.changes[place]) else {
            return super::Moment { seconds: local - i64::from(self.before), skipped: false };
        };
        let seconds = local - i64::from(offset);
        if seconds < moment {
            return super::Moment { seconds: moment, skipped: true };
        }
        super::Moment { seconds, skipped: false }
    }
}

/// A data block with its header.
struct Block {
    before: i32,
    changes: Vec<(i64, i32)>,
    /// Where the next begins.
    end: usize,
}

impl Block {
    /// Reads a block whose moments have so many bytes, and what follows it.
    fn read(data: &[u8], width: usize) -> Option<(Block, &[u8])> {
        if !data.starts_with(b"TZif") {
            return None;
        }
        let count = |place: usize| {
            let bytes = data.get(20 + place * 4..24 + place * 4)?;
            usize::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok()
        };
        let (utc, standard, leaps) = (count(0)?, count(1)?, count(2)?);
        let (times, types, chars) = (count(3)?, count(4)?, count(5)?);
        let indices = HEADER + times * width;
        let infos = indices + times;
        let end = infos + types * 6 + chars + leaps * (width + 4) + standard + utc;
        let rest = data.get(end..)?;
        let info = |place: usize| {
            let bytes = data.get(infos + place * 6..infos + place * 6 + 5)?;
            let offset = i32::from_be_bytes(bytes[..4].try_into().ok()?);
            Some((offset, bytes[4] != 0))
        };
        let mut changes = Vec::with_capacity(times);
        for place in 0..times {
            let bytes = data.get(HEADER + place * width..HEADER + (place + 1) * width)?;
            let moment = match width {
                4 => i32::from_be_bytes(bytes.try_into().ok()?).into(),
                _ => i64::from_be_bytes(bytes.try_into().ok()?),
            };
            let (offset, _) = info(usize::from(*data.get(indices + place)?))?;
            changes.push((moment, offset));
        }
        let first_standard = (0..types).find(|place| info(*place).is_some_and(|(_, dst)| !dst));
        let before = info(first_standard.unwrap_or(0)).map_or(0, |(offset, _)| offset);
        Some((Block { before, changes, end }, rest))
    }
}

/// The rule of each year, as POSIX writes it in TZ: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct Yearly {
    standard: i32,
    summer: i32,
    start: (Day, i32),
    end: (Day, i32),
}

/// A day of the year.
#[derive(Clone, Copy)]
enum Day {
    /// Month, week (5 is the last) and day of the week (0 is Sunday).
    OfMonth(i64, i64, i64),
    /// From 1 to 365; the leap day is not counted.
    Julian(i64),
    /// From 0 to 365.
    OfYear(i64),
}

impl Yearly {
    /// Reads the text; `None` if there is no summer time in it.
    fn read(text: &str) -> Option<Yearly> {
        let rest = skip_name(text)?;
        let (standard, rest) = clock(rest)?;
        let rest = skip_name(rest)?;
        let (summer, rest) = match clock(rest) {
            Some((offset, rest)) => (-offset, rest),
            None => (3600 - standard, rest),
        };
        let mut days = rest.strip_prefix(',')?.split(',').map(day);
        let (start, end) = (days.next()??, days.next()??);
        Some(Yearly { standard: -standard, summer, start, end })
    }

    /// Returns the two changes of a year.
    fn changes(&self, year: i64) -> Vec<(i64, i32)> {
        let moment = |(day, clock): (Day, i32), before: i32| {
            day.number(year) * 86_400 + i64::from(clock) - i64::from(before)
        };
        vec![
            (moment(self.start, self.standard), self.summer),
            (moment(self.end, self.summer), self.standard),
        ]
    }
}

impl Day {
    /// Returns the days since 1970-01-01.
    fn number(self, year: i64) -> i64 {
        use super::super::calendar::{EPOCH, day_number, days_in_month, is_leap, weekday};
        let year = year as u32;
        let jan_1st = day_number(year, 1, 1) - EPOCH;
        match self {
            Day::Julian(day) => jan_1st + day - 1 + i64::from(is_leap(year) && day > 59),
            Day::OfYear(day) => jan_1st + day,
            Day::OfMonth(month, week, day) => {
                let month = month as u32;
                let first = day_number(year, month, 1);
                let of_week = (i64::from(weekday(first)) + 1) % 7;
                let mut date = (day - of_week).rem_euclid(7) + (week - 1) * 7;
                while date >= i64::from(days_in_month(year, month)) {
                    date -= 7;
                }
                first - EPOCH + date
            }
        }
    }
}

/// Passes over `CET` or `<+03>`.
fn skip_name(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('<') {
        return rest.split_once('>').map(|(_, rest)| rest);
    }
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    (rest.len() < text.len()).then_some(rest)
}

/// Reads `[+-]h[:mm[:ss]]` as seconds.
fn clock(text: &str) -> Option<(i32, &str)> {
    let (sign, text) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != ':');
    let (own, rest) = text.split_at(end.unwrap_or(text.len()));
    let mut seconds = 0;
    for (part, unit) in own.split(':').zip([3600, 60, 1]) {
        let number: i32 = part.parse().ok().filter(|number| (0..=167).contains(number))?;
        seconds += number * unit;
    }
    Some((sign * seconds, rest))
}

/// Reads `M3.5.0/3`, `J60` or `59`, with the time of the change.
fn day(text: &str) -> Option<(Day, i32)> {
    let (day, time) = match text.split_once('/') {
        Some((day, time)) => (day, clock(time)?.0),
        None => (text, 2 * 3600),
    };
    let number = |text: &str| text.parse::<i64>().ok();
    let day = if let Some(rest) = day.strip_prefix('M') {
        let mut parts = rest.split('.').map(number);
        let (month, week, day) = (parts.next()??, parts.next()??, parts.next()??);
        let known = (1..=12).contains(&month) && (1..=5).contains(&week) && (0..=6).contains(&day);
        known.then_some(Day::OfMonth(month, week, day))?
    } else if let Some(rest) = day.strip_prefix('J') {
        Day::Julian(number(rest).filter(|day| (1..=365).contains(day))?)
    } else {
        Day::OfYear(number(day).filter(|day| (0..=365).contains(day))?)
    };
    Some((day, time))
}

/// Returns the year of a moment.
fn year_of(seconds: i64) -> i64 {
    use super::super::calendar::{EPOCH, date_of_day_number};
    date_of_day_number(EPOCH + seconds.div_euclid(86_400)).map_or(1970, |(year, ..)| year.into())
}
