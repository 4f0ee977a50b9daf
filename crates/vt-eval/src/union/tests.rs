//! Unions of two columns against what MySQL makes of them.

use super::*;

/// Two columns by name, each as MySQL 9.7 describes it (type byte, flags, character set, decimals,
/// length), their union's description, its two values, and each column's own value.
const VECTORS: &str = include_str!("vectors.tsv");

fn field(text: &str) -> Field {
    let parts: Vec<u32> = text.split('/').map(|part| part.parse().unwrap()).collect();
    let typ = Type::from_mysql(parts[0] as u8, parts[1] as u16, parts[2] as u16);
    Field {
        typ,
        flags: parts[1] as u16,
        charset: parts[2] as u16,
        decimals: parts[3] as u8,
        column_length: parts[4],
        ..Field::new("c", typ)
    }
}

#[test]
fn unions_have_the_types_and_values_of_mysql() {
    let (mut wrong, mut right, mut refused) = (Vec::new(), 0, 0);
    for line in VECTORS.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let (a, b, want) = (field(parts[2]), field(parts[3]), field(parts[4]));
        let names = format!("{} and {}", parts[0], parts[1]);
        let Ok((have, changes)) = Converter::union(&[&a, &b]) else {
            refused += 1;
            continue;
        };
        if have.typ != want.typ || have.decimals != want.decimals && want.typ == Type::DECIMAL {
            wrong.push(format!(
                "{names}: {}({}), not {}({})",
                have.typ, have.decimals, want.typ, want.decimals
            ));
        }
        for (change, own, want) in
            [(&changes[0], parts[7], parts[5]), (&changes[1], parts[8], parts[6])]
        {
            let mut out = Vec::new();
            change.convert(own.as_bytes(), &mut out).unwrap();
            let have = String::from_utf8(out).unwrap();
            if have == want {
                right += 1;
            } else {
                wrong.push(format!("{names}: {have}, not {want}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong of {right}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(right > 2 * refused, "{right} are right and {refused} refused");
}

#[test]
fn a_bare_null_takes_any_type() {
    let null = field("6/128/63/0/0");
    let date = field("10/128/63/0/10");
    let (union, changes) = Converter::union(&[&null, &date]).unwrap();
    assert_eq!(union.typ, Type::DATE);
    assert!(changes.iter().all(Converter::is_identity));
}
