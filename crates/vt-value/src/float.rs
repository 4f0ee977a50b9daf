//! Floating-point numbers as MySQL prints and reads them.

/// Whole numbers with more digits than this, and numbers with so many zeroes after the point, are
/// printed with an exponent.
const FIXED_DIGITS: i32 = 15;

/// How long a double may be as a string before it gets an exponent.
const STRING_WIDTH: usize = 22;

/// Appends a DOUBLE as MySQL prints it in a result: the shortest digits that read back the same, `1e15`,
/// `-0.001`, `1.5e-20`.
pub fn write_f64(number: f64, out: &mut Vec<u8>) {
    write_shortest(&shortest(number), None, out);
}

/// Appends a DOUBLE as MySQL turns a computed one into a string: as a result prints it, but within
/// 22 characters, for which it gets an exponent and loses digits.
pub fn write_f64_as_string(number: f64, out: &mut Vec<u8>) {
    let start = out.len();
    write_shortest(&shortest(number), Some(STRING_WIDTH), out);
    let mut digits = 17;
    while out.len() - start > STRING_WIDTH && digits > 1 {
        digits -= 1;
        out.truncate(start);
        write_shortest(&format!("{number:.*e}", digits - 1), Some(STRING_WIDTH), out);
    }
}

/// Appends a number with so many digits after the point, rounded as the number is exactly.
pub fn write_fixed(number: f64, decimals: u8, out: &mut Vec<u8>) {
    let decimals = usize::from(decimals);
    // The shortest digits that read back the same, and zeroes behind them.
    let mut text = number.to_string();
    let shown = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if shown > decimals {
        text = format!("{number:.decimals$}");
    } else if decimals > 0 {
        if shown == 0 {
            text.push('.');
        }
        text.extend(std::iter::repeat_n('0', decimals - shown));
    }
    out.extend_from_slice(text.as_bytes());
}

/// Appends a FLOAT as MySQL prints it: at most six digits.
pub fn write_f32(number: f32, out: &mut Vec<u8>) {
    let text = format!("{number:.5e}");
    write_shortest(&text, None, out);
}

/// Returns the shortest digits that read back the same, as `[-]d.ddde[-]x`.
///
/// Where two numbers of so many digits are equally near, MySQL takes the even one.
fn shortest(number: f64) -> String {
    let text = format!("{number:e}");
    let digits = text.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    if digits < 16 {
        // A tie has a digit more than this behind it, and doubles with ties have many before it.
        return text;
    }
    let even = format!("{number:.*e}", digits - 1);
    if even.parse() == Ok(number) { even } else { text }
}

/// Turns `[-]d.ddde[-]x` into MySQL's form.
fn write_shortest(text: &str, width: Option<usize>, out: &mut Vec<u8>) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let used = digits.iter().rposition(|digit| *digit != b'0').map_or(1, |last| last + 1);
    let digits = &digits[..used.min(digits.len())];
    out.extend_from_slice(sign.as_bytes());
    if digits.is_empty() || digits == b"0" {
        out.push(b'0');
        return;
    }
    // The place of the point behind the first digit's left edge: 1.5 has 1, 0.05 has -1.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let zeroes = usize::try_from(-point).unwrap_or(0);
    let fixed = sign.len() + usize::from(point <= 0) + 1 + zeroes + digits.len();
    let too_long = point <= 0 && width.is_some_and(|width| fixed > width);
    let has_fraction = digits.len() as i32 > point;
    let too_great = point > FIXED_DIGITS && !has_fraction;
    if too_long || too_great || point < 1 - FIXED_DIGITS {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.push(b'e');
        out.extend_from_slice((point - 1).to_string().as_bytes());
        return;
    }
    match usize::try_from(point) {
        Ok(before) if before >= digits.len() => {
            out.extend_from_slice(digits);
            out.resize(out.len() + before - digits.len(), b'0');
        }
        Ok(before) if before > 0 => {
            out.extend_from_slice(&digits[..before]);
            out.push(b'.');
            out.extend_from_slice(&digits[before..]);
        }
        _ => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + point.unsigned_abs() as usize, b'0');
            out.extend_from_slice(digits);
        }
    }
}

/// Reads the number at the start of a string, as MySQL turns strings into numbers: leading white
/// space is skipped, what follows the number is ignored, no number is 0.
pub fn parse_prefix(text: &[u8]) -> f64 {
    parse_number(text).0
}

/// Reads the number at the start of a string; tells also whether the string is wholly a number,
/// but for white space around it, and the number one that a double holds. A string without any
/// character is wholly the number 0.
pub fn parse_number(text: &[u8]) -> (f64, bool) {
    let start = text.iter().take_while(|byte| is_space(**byte)).count();
    let text = &text[start..];
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let count = |from: usize| {
        text.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let integer = count(sign);
    let mut end = sign + integer;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = count(end + 1);
        end += 1 + fraction;
    }
    if integer + fraction == 0 {
        return (0.0, text.iter().all(|byte| is_space(*byte)));
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let width = count(end + 1 + sign);
        if width > 0 {
            end += 1 + sign + width;
        }
    }
    let number: f64 =
        std::str::from_utf8(&text[..end]).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    let whole = text[end..].iter().all(|byte| is_space(*byte)) && number.is_finite();
    // A number out of range is the greatest there is, not infinite.
    (number.clamp(f64::MIN, f64::MAX), whole)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn doubles_print_as_mysql_prints_them() {
        for (number, want) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (-12.5, "-12.5"),
            (1e14, "100000000000000"),
            (1e15, "1e15"),
            (123_456_789_012_345.0, "123456789012345"),
            (1_234_567_890_123_456.0, "1.234567890123456e15"),
            (1e-15, "0.000000000000001"),
            (1e-16, "1e-16"),
            (0.001, "0.001"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e308"),
            (1.0 / 3.0, "0.3333333333333333"),
        ] {
            let mut text = Vec::new();
            write_f64(number, &mut text);
            assert_eq!(String::from_utf8(text).unwrap(), want);
        }
    }

    #[test]
    fn numbers_print_as_mysql_printed_them() {
        // The number, as MySQL 9.7 prints it in a result, by concat(), and as a FLOAT.
        for line in include_str!("float/vectors.tsv").lines() {
            let parts: Vec<&str> = line.split('\t').collect();
            let number: f64 = parts[0].parse().unwrap();
            let mut text = Vec::new();
            write_f64(number, &mut text);
            assert_eq!(String::from_utf8(text).unwrap(), parts[1]);
            let mut text = Vec::new();
            write_f64_as_string(number, &mut text);
            assert_eq!(String::from_utf8(text).unwrap(), parts[2], "{line}");
            if parts[3] != "NULL" {
                let mut text = Vec::new();
                write_f32(number as f32, &mut text);
                assert_eq!(String::from_utf8(text).unwrap(), parts[3]);
            }
        }
    }

    #[test]
    fn long_strings_get_an_exponent() {
        for (number, want) in [
            (8.617_280_829_356_821e-6, "8.617280829356821e-6"),
            (-0.001_234_567_890_123_456_7, "-0.0012345678901234567"),
            (-0.000_123_456_789_012_345_67, "-1.2345678901234567e-4"),
            (1.234_567_890_12e-10, "1.23456789012e-10"),
            (1.5e-14, "0.000000000000015"),
            (-1.263_225_675_294_117_6e-291, "-1.26322567529412e-291"),
            (1.263_225_675_294_117_6e-291, "1.263225675294118e-291"),
        ] {
            let mut text = Vec::new();
            write_f64_as_string(number, &mut text);
            assert_eq!(String::from_utf8(text).unwrap(), want);
        }
    }

    #[test]
    fn floats_print_six_digits() {
        for (number, want) in
            [(std::f32::consts::PI, "3.14159"), (1e10, "10000000000"), (0.1, "0.1"), (1e20, "1e20")]
        {
            let mut text = Vec::new();
            write_f32(number, &mut text);
            assert_eq!(String::from_utf8(text).unwrap(), want);
        }
    }

    #[test]
    fn strings_give_the_number_they_start_with() {
        for (text, want) in [
            ("12abc", 12.0),
            (" \t-1.5e3x", -1500.0),
            ("1e", 1.0),
            ("1e+", 1.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("", 0.0),
            ("abc", 0.0),
            ("-", 0.0),
            ("nan", 0.0),
            ("inf", 0.0),
            ("1e400", f64::MAX),
        ] {
            assert_eq!(parse_prefix(text.as_bytes()), want, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            if number.is_finite() {
                let mut text = Vec::new();
                write_f64(number, &mut text);
                prop_assert_eq!(parse_prefix(&text).to_bits(), number.to_bits());
            }
        }
    }
}
