//! Whether the values of a column keep what they are in a column of another type.
//!
//! MySQL refuses in strict mode what is out of range or too long; what it would round or cut with
//! no more than a note is refused here, before a row is written.

use vt_base::Result;
use vt_value::{Field, Type};

use crate::plan::wrong;
use crate::target::TargetTable;

/// Checks a column of the source against the one that it goes to.
///
/// # Errors
/// Values could lose something that MySQL does not tell.
pub(crate) fn check_fits(from: &Field, table: &TargetTable, place: usize) -> Result<()> {
    let to = &table.columns[place];
    if fits(from.typ, &from.column_type, to.typ, &to.column_type) {
        return Ok(());
    }
    let described = |typ: Type, ddl: &str| match ddl.is_empty() {
        true => typ.name().to_ascii_lowercase(),
        false => ddl.to_owned(),
    };
    Err(wrong(format!(
        "column {} of table {} is {} at the source and {} at the target, where its values could \
         lose something; make the types agree, or write the conversion into the filter",
        to.name,
        table.name,
        described(from.typ, &from.column_type),
        described(to.typ, &to.column_type)
    )))
}

fn fits(from: Type, from_ddl: &str, to: Type, to_ddl: &str) -> bool {
    if to.is_text() || to.is_binary() || matches!(to, Type::BLOB) {
        return true;
    }
    match from {
        Type::DECIMAL => to == Type::DECIMAL && scale(from_ddl) <= scale(to_ddl),
        _ if from.is_float() => to.is_float() && !(from == Type::FLOAT64 && to == Type::FLOAT32),
        _ if from.is_integral() || from == Type::YEAR => to.is_number() || to == Type::BIT,
        Type::DATE => matches!(to, Type::DATE | Type::DATETIME | Type::TIMESTAMP),
        Type::DATETIME | Type::TIMESTAMP => {
            matches!(to, Type::DATETIME | Type::TIMESTAMP) && scale(from_ddl) <= scale(to_ddl)
        }
        Type::TIME => to == Type::TIME && scale(from_ddl) <= scale(to_ddl),
        Type::ENUM | Type::SET => matches!(to, Type::ENUM | Type::SET),
        Type::JSON | Type::GEOMETRY | Type::VECTOR | Type::BIT => from == to,
        _ if from.is_text() => matches!(to, Type::ENUM | Type::SET | Type::JSON),
        _ if from.is_binary() => matches!(to, Type::GEOMETRY | Type::VECTOR),
        _ => from == to,
    }
}

/// Returns how many digits stand behind the point: `decimal(10,2)`, `datetime(6)`.
fn scale(ddl: &str) -> u32 {
    let inner = ddl.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(one, _)| one);
    let Some(inner) = inner else { return 0 };
    let last = match inner.rsplit_once(',') {
        Some((_, last)) => last,
        None if ddl.starts_with("decimal") => "0",
        None => inner,
    };
    last.trim().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_lose_something_is_told() {
        let of = |from: Type, from_ddl, to: Type, to_ddl| fits(from, from_ddl, to, to_ddl);
        assert!(of(Type::INT32, "int", Type::INT64, "bigint"));
        assert!(of(Type::INT64, "bigint", Type::DECIMAL, "decimal(20,0)"));
        assert!(of(Type::DECIMAL, "decimal(10,2)", Type::DECIMAL, "decimal(12,2)"));
        assert!(!of(Type::DECIMAL, "decimal(10,2)", Type::DECIMAL, "decimal(10)"));
        assert!(!of(Type::DECIMAL, "decimal(10,2)", Type::INT64, "bigint"));
        assert!(!of(Type::FLOAT64, "double", Type::INT64, "bigint"));
        assert!(!of(Type::VARCHAR, "varchar(9)", Type::INT64, "bigint"));
        assert!(of(Type::DATETIME, "datetime(3)", Type::TIMESTAMP, "timestamp(6)"));
        assert!(!of(Type::DATETIME, "datetime(3)", Type::DATETIME, "datetime"));
        assert!(!of(Type::DATETIME, "datetime", Type::DATE, "date"));
        assert!(of(Type::INT64, "bigint", Type::VARCHAR, "varchar(20)"));
    }
}
