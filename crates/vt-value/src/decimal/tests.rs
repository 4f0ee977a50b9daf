use proptest::prelude::*;

use super::*;

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text.as_bytes()).expect("the test writes a decimal")
}

#[test]
fn texts_come_back() {
    let nines = "9".repeat(65);
    for text in ["0", "-1", "0.00", "12.50", "-0.000000000000000000000000000001", &nines] {
        assert_eq!(decimal(text).to_string(), text);
    }
    for (text, want) in
        [("+1", "1"), (".5", "0.5"), ("1.", "1"), ("-0", "0"), ("1e3", "1000"), ("12e-3", "0.012")]
    {
        assert_eq!(decimal(text).to_string(), want, "{text}");
    }
    for text in ["", "-", ".", "x", "1x", " 1", "1e9999", &"9".repeat(82)] {
        assert_eq!(Decimal::parse(text.as_bytes()), None, "{text}");
    }
    assert_eq!(Decimal::parse_prefix(b"1.5e abc"), Some((decimal("1.5"), &b"e abc"[..])));
    assert_eq!(Decimal::max_value(true).to_string(), format!("-{nines}"));
}

#[test]
fn division_keeps_whole_groups_of_digits() {
    for (a, b, want) in [
        ("1", "3", "0.333333333"),
        ("2", "3", "0.666666666"),
        ("1.00", "3", "0.333333333"),
        ("1.00", "3.00", "0.333333333333333333"),
        ("-10", "4", "-2.500000000"),
        ("0", "4", "0.000000000"),
    ] {
        let quotient = decimal(a).div(&decimal(b), DIV_SCALE_INCREMENT).unwrap();
        assert_eq!(quotient.to_string(), want, "{a} / {b}");
    }
    assert_eq!(decimal("1").div(&decimal("0.00"), 4), None);
}

#[test]
fn remainders_have_the_sign_of_the_dividend() {
    for (a, b, quotient, rest) in [
        ("7", "3", "2", "1"),
        ("-7", "3", "-2", "-1"),
        ("7.5", "-2", "-3", "1.5"),
        ("1", "0.3", "3", "0.1"),
    ] {
        assert_eq!(decimal(a).int_div(&decimal(b)).unwrap(), decimal(quotient), "{a} div {b}");
        assert_eq!(decimal(a).rem(&decimal(b)).unwrap(), decimal(rest), "{a} % {b}");
    }
}

#[test]
fn rounding_is_half_away_from_zero() {
    for (text, scale, round, cut) in [
        ("0.5", 0, "1", "0"),
        ("-0.5", 0, "-1", "0"),
        ("1.45", 1, "1.5", "1.4"),
        ("0.4999999999999999999999999999", 0, "0", "0"),
        ("99.995", 2, "100.00", "99.99"),
        ("1", 2, "1.00", "1.00"),
    ] {
        assert_eq!(decimal(text).round(scale).to_string(), round, "{text}");
        assert_eq!(decimal(text).truncate(scale).to_string(), cut, "{text}");
    }
}

#[test]
fn products_cut_beyond_31_digits_and_refuse_beyond_81() {
    let tiny = decimal("0.0000000000000000009");
    assert_eq!(tiny.mul(&tiny).unwrap().to_string(), format!("0.{}", "0".repeat(31)));
    let big = Decimal::max_value(false);
    assert_eq!(big.mul(&big), None);
    assert_eq!(
        big.add(&decimal("0.1")).map(|sum| sum.to_string()),
        Some(format!("{}.1", "9".repeat(65)))
    );
    // A tenth digit would need a group that has no room beside eight groups of integer digits.
    assert_eq!(
        big.add(&decimal("0.0000000001")).map(|sum| sum.to_string()),
        Some(format!("{}.000000000", "9".repeat(65)))
    );
}

#[test]
fn integers_round_and_stop_at_their_range() {
    assert_eq!(decimal("9223372036854775807.4").to_i64(), Some(i64::MAX));
    assert_eq!(decimal("9223372036854775807.5").to_i64(), None);
    assert_eq!(decimal("-9223372036854775808").to_i64(), Some(i64::MIN));
    assert_eq!(decimal("18446744073709551615").to_u64(), Some(u64::MAX));
    assert_eq!(decimal("-1").to_u64(), None);
    assert_eq!(decimal("-0.4").to_u64(), Some(0));
}

fn small_decimal() -> impl Strategy<Value = (i64, u8)> {
    (-1_000_000_000i64..1_000_000_000, 0u8..8)
}

fn make((number, scale): (i64, u8)) -> Decimal {
    Decimal::new(number < 0, scale.into(), small(number.unsigned_abs()))
}

/// The same number as an integer over 10^8.
fn as_i128((number, scale): (i64, u8)) -> i128 {
    i128::from(number) * 10i128.pow(8 - u32::from(scale))
}

proptest! {
    #[test]
    fn arithmetic_agrees_with_integers(a in small_decimal(), b in small_decimal()) {
        let (x, y) = (make(a), make(b));
        let (m, n) = (as_i128(a), as_i128(b));
        let exact = |value: Decimal| {
            let text = value.round(8).to_string().replace('.', "");
            text.parse::<i128>().unwrap()
        };
        prop_assert_eq!(exact(x.add(&y).unwrap()), m + n);
        prop_assert_eq!(exact(x.sub(&y).unwrap()), m - n);
        prop_assert_eq!(x.mul(&y).unwrap().round(16).to_string().replace('.', "").parse::<i128>().unwrap(), m * n);
        prop_assert_eq!(x.cmp(&y), m.cmp(&n));
        if n != 0 {
            prop_assert_eq!(exact(x.rem(&y).unwrap()), m % n);
            prop_assert_eq!(x.int_div(&y).unwrap().to_string(), (m / n).to_string());
            let quotient = x.div(&y, 4).unwrap();
            prop_assert_eq!(exact(quotient.truncate(8)), m * 100_000_000 / n);
        }
    }

    #[test]
    fn long_division_multiplies_back(a in any::<[u64; 5]>(), b in any::<[u64; 4]>()) {
        let mut divisor = wide::widen(&[b[0], b[1], b[2], b[3], 0]);
        divisor[0] |= 1;
        let dividend = wide::widen(&a);
        let (quotient, rest) = wide::div(&dividend, &divisor);
        let mut back = wide::mul(&wide::narrow(&quotient).unwrap(), &wide::narrow(&divisor).unwrap());
        prop_assert!(!wide::add(&mut back, &rest));
        prop_assert_eq!(back, dividend);
        prop_assert_eq!(wide::cmp(&rest, &divisor), Ordering::Less);
    }

    #[test]
    fn digits_agree_with_formatting(number in any::<u128>()) {
        let magnitude = [number as u64, (number >> 64) as u64, 0, 0, 0];
        let text = String::from_utf8(wide::digits(&magnitude).to_vec()).unwrap();
        let want = if number == 0 { String::new() } else { number.to_string() };
        prop_assert_eq!(wide::digit_count(&magnitude), want.len());
        prop_assert_eq!(text, want);
    }

    #[test]
    fn equal_numbers_hash_alike(a in small_decimal(), more in 0u8..6) {
        use std::hash::BuildHasher;
        let state = std::hash::RandomState::new();
        let number = make(a);
        let padded = number.round(number.scale() + more);
        prop_assert_eq!(number, padded);
        prop_assert_eq!(state.hash_one(number), state.hash_one(padded));
    }
}
