//! Dates and times in binary form, from text and back.

use crate::scan::{Malformed, Scan};

/// Takes a number of at most `digits_max` digits off the front, and at least one.
fn number(text: &mut &[u8], digits_max: usize) -> Option<u32> {
    let digits = text.iter().take(digits_max).take_while(|byte| byte.is_ascii_digit()).count();
    let (taken, rest) = text.split_at(digits);
    *text = rest;
    if taken.is_empty() {
        return None;
    }
    Some(taken.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}

fn expect(text: &mut &[u8], mark: u8) -> Option<()> {
    *text = text.strip_prefix(&[mark])?;
    Some(())
}

/// Takes `.ffffff` off the front; nothing is zero microseconds.
fn micros(text: &mut &[u8]) -> Option<u32> {
    if text.is_empty() {
        return Some(0);
    }
    expect(text, b'.')?;
    let digits = text.len();
    if digits > 6 {
        return None;
    }
    let fraction = number(text, 6)?;
    text.is_empty().then(|| fraction * 10_u32.pow(6 - digits as u32))
}

fn clock(text: &mut &[u8]) -> Option<[u8; 2]> {
    expect(text, b':')?;
    let minute = number(text, 2)?;
    expect(text, b':')?;
    let second = number(text, 2)?;
    Some([minute as u8, second as u8])
}

/// Appends `YYYY-MM-DD` or `YYYY-MM-DD hh:mm:ss.ffffff`; zero parts at the end are left out.
pub(super) fn put_datetime(out: &mut Vec<u8>, mut text: &[u8]) -> Option<()> {
    let text = &mut text;
    let year = number(text, 4)?;
    expect(text, b'-')?;
    let month = number(text, 2)?;
    expect(text, b'-')?;
    let day = number(text, 2)?;
    let (mut hour, mut minute, mut second, mut fraction) = (0, 0, 0, 0);
    if !text.is_empty() {
        expect(text, b' ')?;
        hour = number(text, 2)?;
        [minute, second] = clock(text)?;
        fraction = micros(text)?;
    }
    let length: u8 = match (fraction, (hour, minute, second), (year, month, day)) {
        (0, (0, 0, 0), (0, 0, 0)) => 0,
        (0, (0, 0, 0), _) => 4,
        (0, ..) => 7,
        _ => 11,
    };
    let mut whole = [0; 12];
    whole[0] = length;
    whole[1..3].copy_from_slice(&(year as u16).to_le_bytes());
    whole[3..8].copy_from_slice(&[month as u8, day as u8, hour as u8, minute, second]);
    whole[8..].copy_from_slice(&fraction.to_le_bytes());
    out.extend_from_slice(&whole[..=usize::from(length)]);
    Some(())
}

/// Appends `-hhh:mm:ss.ffffff`.
pub(super) fn put_time(out: &mut Vec<u8>, mut text: &[u8]) -> Option<()> {
    let text = &mut text;
    let is_negative = expect(text, b'-').is_some();
    let hours = number(text, 3)?;
    let [minute, second] = clock(text)?;
    let fraction = micros(text)?;
    let length: u8 = match (fraction, hours, minute, second) {
        (0, 0, 0, 0) => 0,
        (0, ..) => 8,
        _ => 12,
    };
    let mut whole = [0; 13];
    whole[0] = length;
    whole[1] = u8::from(is_negative);
    whole[2..6].copy_from_slice(&(hours / 24).to_le_bytes());
    whole[6..9].copy_from_slice(&[(hours % 24) as u8, minute, second]);
    whole[9..].copy_from_slice(&fraction.to_le_bytes());
    out.extend_from_slice(&whole[..=usize::from(length)]);
    Some(())
}

struct Moment {
    date: String,
    /// Hour, minute, second; `None` where the packet left them out.
    clock: Option<(u8, u8, u8)>,
    micros: Option<u32>,
}

fn moment(scan: &mut Scan<'_>) -> Result<Moment, Malformed> {
    let part = "binary date";
    let length = scan.u8(part)?;
    if ![0, 4, 7, 11].contains(&length) {
        return Err(Malformed(part));
    }
    let mut moment = Moment { date: "0000-00-00".to_owned(), clock: None, micros: None };
    if length >= 4 {
        let (year, month, day) = (scan.u16(part)?, scan.u8(part)?, scan.u8(part)?);
        moment.date = format!("{year:04}-{month:02}-{day:02}");
    }
    if length >= 7 {
        moment.clock = Some((scan.u8(part)?, scan.u8(part)?, scan.u8(part)?));
    }
    if length == 11 {
        moment.micros = Some(scan.u32(part)?);
    }
    Ok(moment)
}

/// Takes a date; what the packet says of the time is dropped, as MySQL does.
pub(super) fn print_date(scan: &mut Scan<'_>) -> Result<String, Malformed> {
    Ok(moment(scan)?.date)
}

/// Takes a date and time.
pub(super) fn print_datetime(scan: &mut Scan<'_>) -> Result<String, Malformed> {
    let Moment { date, clock, micros } = moment(scan)?;
    let (hour, minute, second) = clock.unwrap_or_default();
    let fraction = micros.map(|micros| format!(".{micros:06}")).unwrap_or_default();
    Ok(format!("{date} {hour:02}:{minute:02}:{second:02}{fraction}"))
}

/// Takes a time.
pub(super) fn print_time(scan: &mut Scan<'_>) -> Result<String, Malformed> {
    let part = "binary time";
    let length = scan.u8(part)?;
    if length == 0 {
        return Ok("00:00:00".to_owned());
    }
    if ![8, 12].contains(&length) {
        return Err(Malformed(part));
    }
    let sign = if scan.u8(part)? == 0 { "" } else { "-" };
    let days = scan.u32(part)?;
    let (hour, minute, second) = (scan.u8(part)?, scan.u8(part)?, scan.u8(part)?);
    let hours = u64::from(days) * 24 + u64::from(hour);
    let fraction = if length == 12 { format!(".{:06}", scan.u32(part)?) } else { String::new() };
    Ok(format!("{sign}{hours:02}:{minute:02}:{second:02}{fraction}"))
}
