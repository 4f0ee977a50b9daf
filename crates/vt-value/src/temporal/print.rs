//! Printing: digits straight into the buffer.

use super::{SECOND, Temporal, TemporalKind};

impl Temporal {
    /// Writes the value as MySQL prints it.
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.kind != TemporalKind::Time {
            let (year, month, day) = self.ymd();
            put(out, year, 4);
            out.push(b'-');
            put(out, month, 2);
            out.push(b'-');
            put(out, day, 2);
        }
        match self.kind {
            TemporalKind::Date => return,
            TemporalKind::DateTime => out.push(b' '),
            TemporalKind::Time if self.is_negative() => out.push(b'-'),
            TemporalKind::Time => {}
        }
        let (hours, minutes, seconds) = self.hms();
        put(out, hours, if hours > 99 { 3 } else { 2 });
        out.push(b':');
        put(out, minutes, 2);
        out.push(b':');
        put(out, seconds, 2);
        self.write_fraction(out);
    }

    fn write_fraction(&self, out: &mut Vec<u8>) {
        let digits = u32::from(self.fraction_digits.min(6));
        if digits > 0 {
            out.push(b'.');
            let unit = SECOND as u32 / 10u32.pow(digits);
            put(out, self.micros() / unit, digits as usize);
        }
    }
}

/// Appends a number's last `width` digits.
pub(super) fn put(out: &mut Vec<u8>, mut number: u32, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    for place in out[start..].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
