//! Unsigned integers wide enough for every intermediate of decimal arithmetic.
//!
//! Little-endian limbs of 64 bits, of which a decimal keeps [`LIMBS`]; products and dividends have
//! twice as many.

use std::cmp::Ordering;

/// 320 bits hold 96 digits: MySQL's intermediates have at most 81.
pub(super) const LIMBS: usize = 5;

pub(super) type Narrow = [u64; LIMBS];
pub(super) type Wide = [u64; 2 * LIMBS];

/// Adds in place; returns whether it overflowed.
pub(super) fn add(to: &mut [u64], other: &[u64]) -> bool {
    let mut carry = false;
    for (place, limb) in to.iter_mut().enumerate() {
        let (sum, over) = limb.overflowing_add(other.get(place).copied().unwrap_or(0));
        let (sum, over_again) = sum.overflowing_add(u64::from(carry));
        *limb = sum;
        carry = over || over_again;
    }
    carry
}

/// Subtracts in place; `other` must not be the greater.
pub(super) fn sub(from: &mut [u64], other: &[u64]) {
    let mut borrow = false;
    for (place, limb) in from.iter_mut().enumerate() {
        let (rest, under) = limb.overflowing_sub(other.get(place).copied().unwrap_or(0));
        let (rest, under_again) = rest.overflowing_sub(u64::from(borrow));
        *limb = rest;
        borrow = under || under_again;
    }
}

pub(super) fn cmp(a: &[u64], b: &[u64]) -> Ordering {
    debug_assert_eq!(a.len(), b.len(), "compared numbers have one width");
    a.iter().rev().cmp(b.iter().rev())
}

pub(super) fn is_zero(number: &[u64]) -> bool {
    number.iter().all(|limb| *limb == 0)
}

pub(super) fn mul(a: &Narrow, b: &Narrow) -> Wide {
    let mut product = [0u64; 2 * LIMBS];
    for (i, x) in a.iter().enumerate() {
        let mut carry = 0u128;
        for (j, y) in b.iter().enumerate() {
            let sum = u128::from(*x) * u128::from(*y) + u128::from(product[i + j]) + carry;
            product[i + j] = sum as u64;
            carry = sum >> 64;
        }
        product[i + LIMBS] = carry as u64;
    }
    product
}

/// Multiplies in place by a small number; returns what overflowed.
pub(super) fn mul_small(number: &mut [u64], factor: u64) -> u64 {
    let mut carry = 0u128;
    for limb in number {
        let product = u128::from(*limb) * u128::from(factor) + carry;
        *limb = product as u64;
        carry = product >> 64;
    }
    carry as u64
}

/// Divides in place by a small number; returns the remainder.
pub(super) fn div_small(number: &mut [u64], divisor: u64) -> u64 {
    let mut rest = 0u128;
    for limb in number.iter_mut().rev() {
        let part = rest << 64 | u128::from(*limb);
        *limb = (part / u128::from(divisor)) as u64;
        rest = part % u128::from(divisor);
    }
    rest as u64
}

fn bit_len(number: &[u64]) -> usize {
    let top = number.iter().rposition(|limb| *limb != 0);
    top.map_or(0, |place| 64 * place + 64 - number[place].leading_zeros() as usize)
}

fn shift_left_one(number: &mut [u64], low: bool) {
    let mut carry = u64::from(low);
    for limb in number {
        let next = *limb >> 63;
        *limb = *limb << 1 | carry;
        carry = next;
    }
}

/// Divides; returns quotient and remainder. The divisor must not be zero.
pub(super) fn div(dividend: &Wide, divisor: &Wide) -> (Wide, Wide) {
    if bit_len(divisor) <= 64 {
        let mut quotient = *dividend;
        let mut rest = [0; 2 * LIMBS];
        rest[0] = div_small(&mut quotient, divisor[0]);
        return (quotient, rest);
    }
    let (mut quotient, mut rest) = ([0; 2 * LIMBS], [0; 2 * LIMBS]);
    for bit in (0..bit_len(dividend)).rev() {
        shift_left_one(&mut rest, dividend[bit / 64] >> (bit % 64) & 1 == 1);
        if cmp(&rest, divisor) != Ordering::Less {
            sub(&mut rest, divisor);
            quotient[bit / 64] |= 1 << (bit % 64);
        }
    }
    (quotient, rest)
}

/// Multiplies by a power of ten; `None` if the result does not fit.
pub(super) fn scale_up<const N: usize>(mut number: [u64; N], digits: usize) -> Option<[u64; N]> {
    let mut left = digits;
    while left > 0 && !is_zero(&number) {
        let step = left.min(19);
        if mul_small(&mut number, 10u64.pow(step as u32)) != 0 {
            return None;
        }
        left -= step;
    }
    Some(number)
}

/// Divides by a power of ten, cutting the rest off; returns whether the first digit that was cut
/// is five or more.
pub(super) fn scale_down(number: &mut [u64], digits: usize) -> bool {
    let mut left = digits;
    let mut last = 0;
    while left > 1 {
        let step = (left - 1).min(19);
        div_small(number, 10u64.pow(step as u32));
        left -= step;
    }
    if left == 1 {
        last = div_small(number, 10);
    }
    last >= 5
}

/// Returns the low half; `None` if the high half is not zero.
pub(super) fn narrow(number: &Wide) -> Option<Narrow> {
    let (low, high) = number.split_at(LIMBS);
    is_zero(high).then(|| std::array::from_fn(|place| low[place]))
}

pub(super) fn widen(number: &Narrow) -> Wide {
    std::array::from_fn(|place| number.get(place).copied().unwrap_or(0))
}

/// Writes the digits, without leading zeroes; nothing for zero.
pub(super) fn digits(number: &Narrow) -> DigitBuffer {
    let mut buffer = DigitBuffer { bytes: [b'0'; 100], start: 100 };
    let mut rest = *number;
    while !is_zero(&rest) {
        let mut part = div_small(&mut rest, 10u64.pow(19));
        let end = buffer.start;
        while part > 0 {
            buffer.start -= 1;
            buffer.bytes[buffer.start] = b'0' + (part % 10) as u8;
            part /= 10;
        }
        if !is_zero(&rest) {
            buffer.start = end - 19;
        }
    }
    buffer
}

/// The decimal digits of a number; 320 bits have at most 97.
pub(super) struct DigitBuffer {
    bytes: [u8; 100],
    start: usize,
}

impl std::ops::Deref for DigitBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

pub(super) fn digit_count(number: &Narrow) -> usize {
    if is_zero(&number[1..]) {
        return number[0].checked_ilog10().map_or(0, |log| log as usize + 1);
    }
    digits(number).len()
}
