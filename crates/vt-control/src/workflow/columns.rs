//! Whether the rows of a source's table fit into a table that the target has already.

use vt_base::Result;
use vt_sql::ast::TypeKind;

use super::ddl::{ColumnShape, TableShape, table_shape};
use crate::control::refused;

/// Refuses a target table that cannot take every row of the source's.
///
/// It must have all of the source's columns, of the same type or a wider one, and what it has more
/// must need no value.
pub(super) fn check_fits(table: &str, source: &str, target: &str) -> Result<()> {
    let (source, target) = (table_shape(table, source)?, table_shape(table, target)?);
    match misfit(&source, &target) {
        None => Ok(()),
        Some(why) => Err(refused(format!(
            "table {table} exists in the target already, and rows of the source do not fit: {why}; \
             change it, or drop it so that it is made anew"
        ))),
    }
}

fn misfit(source: &TableShape, target: &TableShape) -> Option<String> {
    let same = |a: &ColumnShape, b: &ColumnShape| a.name.eq_ignore_ascii_case(&b.name);
    for from in source.columns.iter().filter(|one| !one.generated) {
        let Some(to) = target.columns.iter().find(|one| same(one, from)) else {
            return Some(format!("it has no column {}", from.name));
        };
        if to.generated {
            return Some(format!("its column {} is generated", to.name));
        }
        if !takes(to, from) {
            return Some(format!(
                "its column {} is {}, and the source's {}",
                to.name, to.text, from.text
            ));
        }
        if from.nullable && !to.nullable {
            return Some(format!("its column {} takes no NULL", to.name));
        }
    }
    let more = target.columns.iter().filter(|to| !source.columns.iter().any(|from| same(from, to)));
    more.into_iter()
        .find(|one| !one.optional)
        .map(|one| format!("its column {} needs a value that the source does not have", one.name))
}

/// Tells whether a column takes every value of another.
fn takes(to: &ColumnShape, from: &ColumnShape) -> bool {
    if let (Some(to_rank), Some(from_rank)) = (integer_rank(to.kind), integer_rank(from.kind)) {
        return match (to.unsigned, from.unsigned) {
            (true, false) => false,
            (false, true) => to_rank > from_rank,
            _ => to_rank >= from_rank,
        };
    }
    if let (Some((to_class, to_size)), Some((from_class, from_size))) = (string(to), string(from)) {
        // CHAR gives trailing spaces away, which the other types keep.
        let loses_spaces = to.kind == TypeKind::Char && from.kind != TypeKind::Char;
        return to_class == from_class && to_size >= from_size && !loses_spaces;
    }
    if to.kind != from.kind || (to.unsigned && !from.unsigned) {
        return false;
    }
    match to.kind {
        TypeKind::Decimal => {
            let parts = |one: &ColumnShape| {
                let scale = one.scale.unwrap_or(0);
                (one.length.unwrap_or(10).saturating_sub(scale), scale)
            };
            let ((to_whole, to_scale), (from_whole, from_scale)) = (parts(to), parts(from));
            to_whole >= from_whole && to_scale >= from_scale
        }
        TypeKind::Enum | TypeKind::Set => to.values.starts_with(&from.values),
        // A longer one would fill its values up with zero bytes.
        TypeKind::Binary => to.length.unwrap_or(1) == from.length.unwrap_or(1),
        // The digits after the point, or the width of bits.
        _ => to.length.unwrap_or(0) >= from.length.unwrap_or(0) && to.scale == from.scale,
    }
}

fn integer_rank(kind: TypeKind) -> Option<u8> {
    Some(match kind {
        TypeKind::TinyInt => 1,
        TypeKind::SmallInt => 2,
        TypeKind::MediumInt => 3,
        TypeKind::Int => 4,
        TypeKind::BigInt | TypeKind::Serial => 5,
        _ => return None,
    })
}

/// Which strings a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Text,
    Bytes,
}

fn string(column: &ColumnShape) -> Option<(Class, u64)> {
    const TINY: u64 = 255;
    const PLAIN: u64 = 65_535;
    const MEDIUM: u64 = 16_777_215;
    const LONG: u64 = 4_294_967_295;
    let length = column.length;
    Some(match column.kind {
        TypeKind::Char | TypeKind::VarChar => (Class::Text, length.unwrap_or(1)),
        TypeKind::TinyText => (Class::Text, TINY),
        TypeKind::Text => (Class::Text, PLAIN),
        TypeKind::MediumText => (Class::Text, MEDIUM),
        TypeKind::LongText => (Class::Text, LONG),
        TypeKind::VarBinary => (Class::Bytes, length.unwrap_or(1)),
        TypeKind::TinyBlob => (Class::Bytes, TINY),
        TypeKind::Blob => (Class::Bytes, PLAIN),
        TypeKind::MediumBlob => (Class::Bytes, MEDIUM),
        TypeKind::LongBlob => (Class::Bytes, LONG),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, target: &str) -> String {
        let table = |columns: &str| format!("create table t ({columns})");
        match check_fits("t", &table(source), &table(target)) {
            Ok(()) => String::new(),
            Err(err) => {
                let text = err.message().to_owned();
                let from = text.find("do not fit: ").unwrap() + "do not fit: ".len();
                text[from..text.find("; change").unwrap()].to_owned()
            }
        }
    }

    #[test]
    fn equal_and_wider_tables_fit() {
        for (source, target) in [
            ("id int primary key, a varchar(9)", "id int primary key, a varchar(9)"),
            ("id int auto_increment primary key", "id bigint primary key"),
            ("a varchar(100)", "a text"),
            ("a decimal(10,2)", "a decimal(12,2)"),
            ("a enum('x','y')", "a enum('x','y','z')"),
            ("a int unsigned not null", "a bigint not null"),
            ("a int", "b int, A int"),
            ("a datetime", "a datetime(6)"),
            ("a int, b int as (a + 1)", "a int"),
        ] {
            assert_eq!(check(source, target), "", "{source} into {target}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (source, target, why) in [
            ("a int, b int", "a int", "it has no column b"),
            ("a bigint", "a int", "its column a is int, and the source's bigint"),
            ("a int", "a int unsigned", "its column a is int unsigned, and the source's int"),
            (
                "a varchar(10)",
                "a varchar(5)",
                "its column a is varchar(5), and the source's varchar(10)",
            ),
            ("a binary(2)", "a binary(3)", "its column a is binary(3), and the source's binary(2)"),
            ("a varchar(5)", "a char(5)", "its column a is char(5), and the source's varchar(5)"),
            ("a blob", "a text", "its column a is text, and the source's blob"),
            ("a int", "a int not null", "its column a takes no NULL"),
            (
                "a int",
                "a int, b int not null",
                "its column b needs a value that the source does not have",
            ),
            ("a int", "a int as (1)", "its column a is generated"),
            (
                "a enum('x','y')",
                "a enum('y','x')",
                "its column a is enum('y', 'x'), and the source's enum('x', 'y')",
            ),
        ] {
            assert_eq!(check(source, target), why, "{source} into {target}");
        }
    }
}
