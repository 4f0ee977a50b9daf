//! Why two values are not the same, in words.

use vt_value::{Type, Value};
use vt_vstream::table::SourceColumn;

/// A column as both sides have it.
#[derive(Clone, Debug)]
pub struct Compared {
    pub target: SourceColumn,
    /// The type that the source sends.
    pub source_type: Type,
}

impl Compared {
    /// Returns whether two values mean the same.
    ///
    /// Values of one type are the same if their texts are; where a workflow changes a column's
    /// type or precision, numbers and times are compared as such.
    pub fn is_same(&self, source: Option<&[u8]>, target: Option<&[u8]>) -> bool {
        if source == target {
            return true;
        }
        let (Some(left), Some(right)) = (source, target) else { return false };
        let own = self.target.field.typ;
        let other = self.source_type;
        let counts = |typ: Type| typ.is_number() || typ.is_temporal();
        // Of one type, only these have several texts for one value, by their digits.
        let has_digits = own == Type::DECIMAL || own.is_temporal();
        if !counts(own) || !counts(other) || (own == other && !has_digits) {
            return false;
        }
        let read = |typ: Type, text: &[u8]| {
            let text = bytes::Bytes::copy_from_slice(text);
            Value::decode(typ, self.target.collation, Some(text)).ok()
        };
        match (read(other, left), read(own, right)) {
            (Some(left), Some(right)) => left.compare(&right) == Some(std::cmp::Ordering::Equal),
            _ => false,
        }
    }

    /// Says how the target's value differs from the source's.
    pub fn reason(&self, source: Option<&[u8]>, target: Option<&[u8]>) -> String {
        let (source, target) = match (source, target) {
            (None, _) => return "NULL at the source only".to_owned(),
            (_, None) => return "NULL at the target only".to_owned(),
            (Some(source), Some(target)) => (source, target),
        };
        if !self.target.field.typ.is_text() || self.target.field.typ.is_number() {
            return "the values differ".to_owned();
        }
        let trimmed = |text: &[u8]| text.trim_ascii_end().len();
        if source[..trimmed(source)] == target[..trimmed(target)] {
            return "only spaces at the end differ".to_owned();
        }
        if source.starts_with(target) {
            return format!("the target's value ends after {} bytes", target.len());
        }
        if target.starts_with(source) {
            return format!("the target's value goes on after {} bytes", source.len());
        }
        if let (Ok(left), Ok(right)) = (str::from_utf8(source), str::from_utf8(target))
            && left.to_lowercase() == right.to_lowercase()
        {
            return "only letter case differs".to_owned();
        }
        let same = source.iter().zip(target).take_while(|(left, right)| left == right).count();
        format!("the values differ from byte {} on", same + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::column;

    fn compared(target: Type, source_type: Type) -> Compared {
        Compared { target: column("a", target, "utf8mb4_0900_ai_ci"), source_type }
    }

    #[test]
    fn values_of_one_type_are_the_same_if_their_texts_are() {
        let text = compared(Type::VARCHAR, Type::VARCHAR);
        assert!(text.is_same(None, None) && text.is_same(Some(b"a"), Some(b"a")));
        assert!(!text.is_same(Some(b"a"), Some(b"A")) && !text.is_same(None, Some(b"")));
        assert!(!compared(Type::VARCHAR, Type::INT64).is_same(Some(b"1"), Some(b"01")));
        assert!(!compared(Type::INT64, Type::INT64).is_same(Some(b"1"), Some(b"2")));
    }

    #[test]
    fn values_of_different_types_are_the_same_if_they_mean_the_same() {
        assert!(compared(Type::DECIMAL, Type::DECIMAL).is_same(Some(b"1.5"), Some(b"1.50")));
        assert!(compared(Type::DECIMAL, Type::INT32).is_same(Some(b"15"), Some(b"15.00")));
        let time = compared(Type::DATETIME, Type::DATETIME);
        assert!(time.is_same(Some(b"2024-02-29 01:02:03"), Some(b"2024-02-29 01:02:03.000")));
        assert!(!time.is_same(Some(b"2024-02-29 01:02:03"), Some(b"2024-02-29 01:02:04")));
        assert!(!compared(Type::JSON, Type::JSON).is_same(Some(b"[1.0]"), Some(b"[1]")));
    }

    #[test]
    fn the_reason_of_a_difference_is_told() {
        let text = compared(Type::VARCHAR, Type::VARCHAR);
        let reason = |a: &str, b: &str| text.reason(Some(a.as_bytes()), Some(b.as_bytes()));
        assert_eq!(text.reason(None, Some(b"a")), "NULL at the source only");
        assert_eq!(text.reason(Some(b"a"), None), "NULL at the target only");
        assert_eq!(reason("a", "a "), "only spaces at the end differ");
        assert_eq!(reason("abc", "ab"), "the target's value ends after 2 bytes");
        assert_eq!(reason("ab", "abc"), "the target's value goes on after 2 bytes");
        assert_eq!(reason("Ab", "aB"), "only letter case differs");
        assert_eq!(reason("abc", "abd"), "the values differ from byte 3 on");
        let number = compared(Type::INT64, Type::INT64);
        assert_eq!(number.reason(Some(b"10"), Some(b"1")), "the values differ");
    }
}
