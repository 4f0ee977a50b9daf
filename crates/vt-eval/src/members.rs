//! The members of an ENUM or a SET, out of the type as DDL writes it.

use std::sync::Arc;

use bytes::Bytes;

/// Reads the members of a type such as `enum('a','b')`; `None` of any other type.
pub fn of_type(column_type: &str) -> Option<Arc<[Bytes]>> {
    let open = column_type.find('(')?;
    let word = column_type.get(..open)?;
    if !word.eq_ignore_ascii_case("enum") && !word.eq_ignore_ascii_case("set") {
        return None;
    }
    let mut rest = column_type.get(open + 1..)?.strip_suffix(')')?.as_bytes();
    let mut members = Vec::new();
    loop {
        rest = rest.strip_prefix(b"'")?;
        let mut member = Vec::new();
        loop {
            match rest {
                [b'\'', b'\'', tail @ ..] => {
                    member.push(b'\'');
                    rest = tail;
                }
                [b'\'', tail @ ..] => {
                    rest = tail;
                    break;
                }
                [byte, tail @ ..] => {
                    member.push(*byte);
                    rest = tail;
                }
                [] => return None,
            }
        }
        members.push(Bytes::from(member));
        match rest {
            [] => return Some(members.into()),
            [b',', tail @ ..] => rest = tail,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read() {
        let members = |text: &str| {
            let all = of_type(text)?;
            Some(all.iter().map(|one| String::from_utf8_lossy(one).into_owned()).collect())
        };
        let want = |all: &[&str]| -> Option<Vec<String>> {
            Some(all.iter().map(|one| (*one).to_owned()).collect())
        };
        assert_eq!(members("enum('b','a')"), want(&["b", "a"]));
        assert_eq!(members("SET('it''s',',')"), want(&["it's", ","]));
        for wrong in ["", "enum", "enum(", "enum()", "enum('a'", "enum('a',)", "char('a')"] {
            assert_eq!(members(wrong), None, "{wrong}");
        }
    }
}
