//! Exact decimal numbers with MySQL's rules for digits, scale and rounding.
//!
//! MySQL computes with at most nine groups of nine digits, and what a division or a product keeps
//! follows from those groups, not from the scale that is shown; a value is rounded to the scale of
//! its expression when it leaves (manual, "Precision Math").

mod wide;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use wide::{Narrow, Wide};

/// The digits that a DECIMAL column, or a result, may have.
pub const MAX_DIGITS: usize = 65;
/// The most digits after the point that an expression shows.
pub const MAX_SCALE: u8 = 30;
/// What a division adds to the dividend's scale (`div_precision_increment`).
pub const DIV_SCALE_INCREMENT: u8 = 4;

const GROUP: usize = 9;
const GROUPS_MAX: usize = 9;
/// A product keeps no more digits after the point than this.
const PRODUCT_SCALE_MAX: usize = 31;

/// A decimal number: `magnitude / 10^scale`, and a sign.
///
/// Zero is never negative. Equal numbers of different scale are equal, and hash alike.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    negative: bool,
    scale: u8,
    magnitude: Narrow,
}

impl Decimal {
    pub const ZERO: Decimal = Decimal { negative: false, scale: 0, magnitude: [0; wide::LIMBS] };

    /// The greatest number of 65 digits without fraction.
    pub fn max_value(negative: bool) -> Decimal {
        let mut magnitude = wide::scale_up(small(1), MAX_DIGITS).expect("10^65 has 216 bits");
        wide::sub(&mut magnitude, &small(1));
        Decimal { negative, scale: 0, magnitude }
    }

    /// Returns the number of 65 digits, with as many behind the point, that lies nearest.
    #[must_use]
    pub fn clamped(self) -> Decimal {
        let most = Decimal { scale: self.scale, ..Decimal::max_value(self.negative) };
        let beyond = wide::cmp(&self.magnitude, &most.magnitude).is_gt();
        if beyond { most } else { self }
    }

    fn new(negative: bool, scale: usize, magnitude: Narrow) -> Decimal {
        let negative = negative && !wide::is_zero(&magnitude);
        Decimal { negative, scale: scale as u8, magnitude }
    }

    /// Returns how many digits stand after the point.
    pub fn scale(&self) -> u8 {
        self.scale
    }

    pub fn is_zero(&self) -> bool {
        wide::is_zero(&self.magnitude)
    }

    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Returns how many digits stand before the point, without leading zeroes.
    pub fn integer_digits(&self) -> usize {
        wide::digit_count(&self.magnitude).saturating_sub(usize::from(self.scale))
    }

    /// Reads the whole of a text, as MySQL prints decimals and as literals are written
    /// (`-12.50`, `.5`, `1e3`); `None` if it is anything else or has too many digits.
    pub fn parse(text: &[u8]) -> Option<Decimal> {
        let (number, rest) = Decimal::parse_prefix(text)?;
        rest.is_empty().then_some(number)
    }

    /// Reads a decimal number at the start of a text; returns what follows it too.
    ///
    /// `None` if no digit stands there, or the number has more than 81 digits.
    pub fn parse_prefix(text: &[u8]) -> Option<(Decimal, &[u8])> {
        let (negative, body) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let integer = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let fraction = match body.get(integer) {
            Some(b'.') => body[integer + 1..].iter().take_while(|b| b.is_ascii_digit()).count(),
            _ => 0,
        };
        if integer + fraction == 0 {
            return None;
        }
        let point = usize::from(body.get(integer) == Some(&b'.'));
        let (digits, mut rest) = body.split_at(integer + point + fraction);
        let mut exponent = 0i64;
        if let [b'e' | b'E', tail @ ..] = rest {
            let sign = usize::from(matches!(tail.first(), Some(b'+' | b'-')));
            let width = tail[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if width > 0 {
                exponent = std::str::from_utf8(&tail[..sign + width]).ok()?.parse().ok()?;
                rest = &tail[sign + width..];
            }
        }
        let digits = digits.iter().filter(|byte| **byte != b'.');
        let number = Decimal::from_digits(negative, digits, fraction, exponent)?;
        Some((number, rest))
    }

    fn from_digits<'a>(
        negative: bool,
        digits: impl Iterator<Item = &'a u8>,
        fraction: usize,
        exponent: i64,
    ) -> Option<Decimal> {
        let mut magnitude = small(0);
        let mut seen = 0;
        // What does not fit behind the point is cut off; before the point it is too much.
        let capacity = (GROUP * GROUPS_MAX) as i64;
        let mut scale = i64::try_from(fraction).ok()?.checked_sub(exponent)?;
        for digit in digits.skip_while(|digit| **digit == b'0') {
            if seen >= GROUP * GROUPS_MAX {
                scale = scale.checked_sub(1)?;
                continue;
            }
            seen += 1;
            wide::mul_small(&mut magnitude, 10);
            wide::add(&mut magnitude, &[u64::from(digit - b'0')]);
        }
        if scale > capacity {
            let beyond = usize::try_from(scale - capacity).ok()?;
            wide::scale_down(&mut magnitude, beyond.min(GROUP * GROUPS_MAX + 1));
            scale = capacity;
        }
        if scale >= 0 {
            let number = Decimal::new(negative, usize::try_from(scale).ok()?, magnitude);
            return Some(number.cut_to_groups());
        }
        let fits = scale.checked_neg()?.checked_add(seen as i64)? <= capacity || seen == 0;
        let zeroes = usize::try_from(-scale).ok().filter(|_| fits)?;
        Some(Decimal::new(negative, 0, wide::scale_up(magnitude, zeroes)?))
    }

    /// Cuts digits off behind the point until the groups of MySQL's decimals hold the number.
    fn cut_to_groups(self) -> Decimal {
        let room = GROUPS_MAX.saturating_sub(groups(self.integer_digits())) * GROUP;
        if usize::from(self.scale) > room { self.truncate(room as u8) } else { self }
    }

    /// Converts as MySQL does: over the text that the double prints as.
    pub fn from_f64(number: f64) -> Option<Decimal> {
        let mut text = Vec::new();
        crate::float::write_f64(number, &mut text);
        Decimal::parse(&text)
    }

    pub fn to_f64(&self) -> f64 {
        // The text has digits, a point and a sign alone, all of which the standard parser reads.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Rounds half away from zero to `scale` digits after the point, or fills up with zeroes.
    pub fn round(&self, scale: u8) -> Decimal {
        self.rescale(scale, Rounding::HalfUp)
    }

    /// Rounds to `scale` digits after the point, or fills up with as many zeroes as have room.
    #[must_use]
    pub fn fitted(&self, scale: u8) -> Decimal {
        let room = GROUP * GROUPS_MAX.saturating_sub(groups(self.integer_digits()));
        let most = room.max(self.scale.into()).min(usize::from(u8::MAX)) as u8;
        self.round(scale.min(most))
    }

    /// Cuts to `scale` digits after the point, or fills up with zeroes.
    pub fn truncate(&self, scale: u8) -> Decimal {
        self.rescale(scale, Rounding::Down)
    }

    fn rescale(&self, scale: u8, rounding: Rounding) -> Decimal {
        let mut magnitude = self.magnitude;
        if scale >= self.scale {
            let fill = usize::from(scale - self.scale);
            return match wide::scale_up(magnitude, fill) {
                Some(magnitude) => Decimal::new(self.negative, scale.into(), magnitude),
                None => *self,
            };
        }
        let up = wide::scale_down(&mut magnitude, usize::from(self.scale - scale));
        if up && matches!(rounding, Rounding::HalfUp) {
            wide::add(&mut magnitude, &[1]);
        }
        Decimal::new(self.negative, scale.into(), magnitude)
    }

    /// Rounds to an integer; `None` if it has more than 64 bits and a sign.
    pub fn to_i128(&self) -> Option<i128> {
        let rounded = self.round(0);
        let low = i128::from(rounded.magnitude[0]);
        let value = if rounded.negative { -low } else { low };
        wide::is_zero(&rounded.magnitude[1..]).then_some(value)
    }

    /// Rounds to an integer; `None` if it is outside `i64`.
    pub fn to_i64(&self) -> Option<i64> {
        self.to_i128()?.try_into().ok()
    }

    /// Rounds to an integer; `None` if it is outside `u64`.
    pub fn to_u64(&self) -> Option<u64> {
        self.to_i128()?.try_into().ok()
    }

    #[must_use]
    pub fn negated(&self) -> Decimal {
        Decimal::new(!self.negative, self.scale.into(), self.magnitude)
    }

    /// Adds; the result has the greater scale, unless that has no room: then digits of both are
    /// cut off before. `None` if the integer digits alone have no room.
    pub fn add(&self, other: &Decimal) -> Option<Decimal> {
        let integer = groups(self.integer_digits().max(other.integer_digits()));
        let room = GROUP * GROUPS_MAX.saturating_sub(integer);
        let cut = |number: &Decimal| match usize::from(number.scale) > room {
            true => number.truncate(room as u8),
            false => *number,
        };
        let sum = cut(self).add_exactly(&cut(other))?;
        fit(sum).or_else(|| fit(sum.cut_to_groups()))
    }

    fn add_exactly(&self, other: &Decimal) -> Option<Decimal> {
        let (a, b, scale) = align(self, other)?;
        let (mut sum, negative) = (a, self.negative);
        if self.negative == other.negative {
            if wide::add(&mut sum, &b) {
                return None;
            }
            return Some(Decimal::new(negative, scale, sum));
        }
        if wide::cmp(&a, &b) == Ordering::Less {
            sum = b;
            wide::sub(&mut sum, &a);
            return Some(Decimal::new(other.negative, scale, sum));
        }
        wide::sub(&mut sum, &b);
        Some(Decimal::new(negative, scale, sum))
    }

    pub fn sub(&self, other: &Decimal) -> Option<Decimal> {
        self.add(&other.negated())
    }

    /// Multiplies; the scales add up to at most 31. Where all groups of the product have no room,
    /// groups behind the points are cut off before, most of them of the longer. `None` if the
    /// integer digits alone have no room.
    pub fn mul(&self, other: &Decimal) -> Option<Decimal> {
        let (own, others) = (groups(self.scale.into()), groups(other.scale.into()));
        let integer = groups(self.integer_digits() + other.integer_digits());
        if integer > GROUPS_MAX {
            return None;
        }
        let full = usize::from(self.scale) + usize::from(other.scale);
        let excess = (own + others + integer).saturating_sub(GROUPS_MAX);
        let kept = GROUP * (own + others - excess);
        let (mut a, mut b) = (*self, *other);
        if excess > 0 {
            let (less, more) = (excess / 2, excess - excess / 2);
            let (first, second) = if own <= others { (less, more) } else { (more, less) };
            a = self.without_groups(own, first);
            b = other.without_groups(others, second);
        }
        let mut product = wide::mul(&a.magnitude, &b.magnitude);
        let has = usize::from(a.scale) + usize::from(b.scale);
        let scale = full.min(PRODUCT_SCALE_MAX).min(kept);
        if has >= scale {
            wide::scale_down(&mut product, has - scale);
        } else {
            product = wide::scale_up(product, scale - has)?;
        }
        Some(Decimal::new(self.negative != other.negative, scale, wide::narrow(&product)?))
    }

    /// Cuts off groups of digits from the right, of which so many stand behind the point.
    fn without_groups(&self, behind: usize, dropped: usize) -> Decimal {
        let kept = GROUP * behind.saturating_sub(dropped);
        let mut cut = *self;
        if usize::from(self.scale) > kept {
            cut = self.truncate(kept as u8);
        }
        let before = GROUP * dropped.saturating_sub(behind);
        if before > 0 {
            wide::scale_down(&mut cut.magnitude, before);
            let filled = wide::scale_up(cut.magnitude, before);
            cut = Decimal::new(cut.negative, 0, filled.unwrap_or(cut.magnitude));
        }
        cut
    }

    /// Divides; `increment` is added to the scale, which is then filled up to whole groups, and
    /// what is beyond is cut off. `None` for a divisor of zero.
    pub fn div(&self, other: &Decimal, increment: u8) -> Option<Decimal> {
        if other.is_zero() {
            return None;
        }
        let (own, others) = (usize::from(self.scale), usize::from(other.scale));
        let (own_full, others_full) = (GROUP * groups(own), GROUP * groups(others));
        let filled = own_full - own + others_full - others;
        let increment = usize::from(increment).saturating_sub(filled);
        let integer_groups = groups(self.quotient_integer_digits(other));
        let wanted = groups(own_full + others_full + increment);
        let scale = GROUP * wanted.min(GROUPS_MAX.checked_sub(integer_groups)?);
        // magnitude/10^own / (magnitude/10^others), times 10^scale for the digits that are kept.
        let shift = (scale + others) as i64 - own as i64;
        let (mut dividend, mut divisor) =
            (wide::widen(&self.magnitude), wide::widen(&other.magnitude));
        match usize::try_from(shift) {
            Ok(up) => dividend = wide::scale_up(dividend, up)?,
            Err(_) => divisor = wide::scale_up(divisor, usize::try_from(-shift).ok()?)?,
        }
        let (quotient, _) = wide::div(&dividend, &divisor);
        Some(Decimal::new(self.negative != other.negative, scale, wide::narrow(&quotient)?))
    }

    /// Returns how many integer digits MySQL sets aside for a quotient.
    fn quotient_integer_digits(&self, other: &Decimal) -> usize {
        let place = |number: &Decimal| {
            wide::digit_count(&number.magnitude) as i64 - i64::from(number.scale)
        };
        usize::try_from(place(self) - place(other) + 1).unwrap_or(0)
    }

    /// Divides and cuts to the integer; `None` for a divisor of zero.
    pub fn int_div(&self, other: &Decimal) -> Option<Decimal> {
        let (quotient, _) = self.div_rem(other)?;
        Some(Decimal::new(self.negative != other.negative, 0, wide::narrow(&quotient)?))
    }

    /// Returns the remainder, with the sign of the dividend and the greater scale.
    pub fn rem(&self, other: &Decimal) -> Option<Decimal> {
        let (_, rest) = self.div_rem(other)?;
        let scale = usize::from(self.scale.max(other.scale));
        Some(Decimal::new(self.negative, scale, wide::narrow(&rest)?))
    }

    fn div_rem(&self, other: &Decimal) -> Option<(Wide, Wide)> {
        if other.is_zero() {
            return None;
        }
        let scale = usize::from(self.scale.max(other.scale));
        let up = |number: &Decimal| {
            wide::scale_up(wide::widen(&number.magnitude), scale - usize::from(number.scale))
        };
        Some(wide::div(&up(self)?, &up(other)?))
    }

    /// Returns the same number without trailing zeroes after the point.
    #[must_use]
    pub fn normalized(&self) -> Decimal {
        let mut best = *self;
        while best.scale > 0 {
            let mut shorter = best.magnitude;
            if wide::div_small(&mut shorter, 10) != 0 {
                break;
            }
            best = Decimal::new(best.negative, usize::from(best.scale) - 1, shorter);
        }
        best
    }

    /// Writes the number as MySQL prints it: `-0.50`, all digits of the scale.
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.negative {
            out.push(b'-');
        }
        let digits = wide::digits(&self.magnitude);
        let scale = usize::from(self.scale);
        let integer = digits.len().saturating_sub(scale);
        if integer == 0 {
            out.push(b'0');
        }
        out.extend_from_slice(&digits[..integer]);
        if scale > 0 {
            out.push(b'.');
            out.resize(out.len() + scale.saturating_sub(digits.len()), b'0');
            out.extend_from_slice(&digits[integer..]);
        }
    }
}

enum Rounding {
    HalfUp,
    Down,
}

fn small(number: u64) -> Narrow {
    let mut magnitude = [0; wide::LIMBS];
    magnitude[0] = number;
    magnitude
}

fn groups(digits: usize) -> usize {
    digits.div_ceil(GROUP)
}

/// Brings two numbers to one scale.
fn align(a: &Decimal, b: &Decimal) -> Option<(Narrow, Narrow, usize)> {
    let scale = a.scale.max(b.scale);
    let up = |number: &Decimal| wide::scale_up(number.magnitude, usize::from(scale - number.scale));
    Some((up(a)?, up(b)?, scale.into()))
}

/// Returns the number if MySQL's nine groups hold all of its digits.
fn fit(number: Decimal) -> Option<Decimal> {
    let used = groups(number.integer_digits()) + groups(number.scale.into());
    (used <= GROUPS_MAX).then_some(number)
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Decimal {
        Decimal::new(number < 0, 0, small(number.unsigned_abs()))
    }
}

impl From<u64> for Decimal {
    fn from(number: u64) -> Decimal {
        Decimal::new(false, 0, small(number))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => return Ordering::Greater,
            (true, false) => return Ordering::Less,
            _ => {}
        }
        let order = if self.scale == other.scale {
            wide::cmp(&self.magnitude, &other.magnitude)
        } else {
            let scale = usize::from(self.scale.max(other.scale));
            // 96 digits and 255 more do not fit in general, but two numbers of at most 81 digits
            // with at most 81 after the point do.
            let up = |number: &Decimal| {
                wide::scale_up(wide::widen(&number.magnitude), scale - usize::from(number.scale))
                    .unwrap_or([u64::MAX; 2 * wide::LIMBS])
            };
            wide::cmp(&up(self), &up(other))
        };
        if self.negative { order.reverse() } else { order }
    }
}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let normal = self.normalized();
        (normal.negative, normal.scale, normal.magnitude).hash(state);
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write(&mut text);
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests;
