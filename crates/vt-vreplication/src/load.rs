//! Rows as a file that MySQL loads, which costs it half of what an INSERT does.

use vt_value::{Field, Type};

use crate::bound::{Bound, Cells, Out};
use crate::literal;
use crate::plan::{Mode, TablePlan};
use crate::store::quote_name;

impl Bound {
    /// Writes rows as lines of a file.
    pub(crate) fn file<'a>(&self, rows: impl Iterator<Item = &'a Cells<'a>>, out: &mut Vec<u8>) {
        let places: Vec<usize> = self.outs.iter().filter_map(Out::loaded_from).collect();
        for row in rows {
            for (index, place) in places.iter().enumerate() {
                if index > 0 {
                    out.push(b'\t');
                }
                literal::write_in_file(row.get(*place), out);
            }
            out.push(b'\n');
        }
    }
}

/// Returns the statement that loads rows as a file.
///
/// The file has one character set for all columns. Bytes that are no text need `binary`, by which
/// texts are stored as they come: right for columns in UTF-8, but neither for texts in other
/// character sets nor for JSON.
pub(crate) fn statement(
    plan: &TablePlan,
    target: &str,
    (fields, outs): (&[Field], &[Out]),
) -> Option<String> {
    let written: Vec<&Out> = outs.iter().filter(|one| !one.generated).collect();
    if plan.mode != Mode::Plain || written.iter().any(|one| one.loaded_from().is_none()) {
        return None;
    }
    if plan.zones.is_some() && fields.iter().any(|one| one.typ == Type::DATETIME) {
        return None;
    }
    let (mut has_bytes, mut is_converted) = (false, false);
    for one in &written {
        let column = plan.table.columns.get(plan.table.place(&one.name)?)?;
        let from = fields.get(one.loaded_from()?)?.typ;
        for typ in [from, column.typ] {
            match typ {
                Type::BIT | Type::GEOMETRY | Type::VECTOR => return None,
                Type::JSON => is_converted = true,
                Type::BINARY | Type::VARBINARY | Type::BLOB => has_bytes = true,
                typ if typ.is_number() || typ.is_temporal() => {}
                Type::CHAR | Type::VARCHAR | Type::TEXT | Type::ENUM | Type::SET => {}
                _ => return None,
            }
        }
        let is_text = column.typ.is_text() || matches!(column.typ, Type::ENUM | Type::SET);
        is_converted |= is_text && !column.is_utf8;
    }
    let charset = match (has_bytes, is_converted) {
        (true, true) => return None,
        (true, false) => "binary",
        (false, _) => "utf8mb4",
    };
    let names: Vec<String> = written.iter().map(|one| quote_name(&one.name)).collect();
    Some(format!(
        "load data local infile 'rows' into table {target} character set {charset} fields \
         terminated by '\\t' escaped by '\\\\' lines terminated by '\\n' ({})",
        names.join(",")
    ))
}

/// Returns the statement that inserts a row whose values come beside it: `insert` is what stands
/// before the rows of an INSERT.
///
/// Each value has a character set of its own, so that texts and bytes stand beside one another.
pub(crate) fn prepared(
    plan: &TablePlan,
    insert: &str,
    (fields, outs): (&[Field], &[Out]),
) -> Option<String> {
    if plan.mode != Mode::Plain || plan.zones.is_some() {
        return None;
    }
    let mut marks = Vec::new();
    for one in outs.iter().filter(|one| !one.generated) {
        let column = plan.table.columns.get(plan.table.place(&one.name)?)?;
        let from = fields.get(one.loaded_from()?)?.typ;
        let is_plain = |typ: Type| !matches!(typ, Type::BIT | Type::GEOMETRY | Type::VECTOR);
        if !is_plain(from) || !is_plain(column.typ) {
            return None;
        }
        marks.push("?");
    }
    Some(format!("{insert}({})", marks.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::tests::{bound, row, text};

    #[test]
    fn rows_are_loaded_as_a_file_where_that_keeps_them() {
        let load = |types: &[Type]| {
            let names = ["a", "b", "c"];
            let columns: Vec<(&str, Type)> =
                names.iter().copied().zip(types.iter().copied()).collect();
            bound("", &columns, &columns).load().map(str::to_owned)
        };
        let plain = load(&[Type::INT64, Type::VARCHAR, Type::JSON]).unwrap();
        assert_eq!(
            plain,
            "load data local infile 'rows' into table `d`.`t` character set utf8mb4 fields \
             terminated by '\\t' escaped by '\\\\' lines terminated by '\\n' (`a`,`b`,`c`)"
        );
        let bytes = load(&[Type::INT64, Type::VARCHAR, Type::BLOB]).unwrap();
        assert!(bytes.contains("character set binary"), "{bytes}");
        // No character set is right for both.
        assert_eq!(load(&[Type::INT64, Type::JSON, Type::BLOB]), None);
        assert_eq!(load(&[Type::INT64, Type::BIT]), None);
        assert_eq!(load(&[Type::INT64, Type::GEOMETRY]), None);
        let columns = [("id", Type::INT64), ("name", Type::VARCHAR)];
        let computed = bound("select id, upper(name) as name from t", &columns, &columns);
        assert_eq!(computed.load(), None);
        assert_eq!(computed.prepared(), None);
        let both = bound("", &columns, &columns);
        let insert = "insert into `d`.`t` (`id`,`name`) values (?,?)";
        assert_eq!(both.prepared(), Some(insert));
        let rows = [row(&[Some("1"), Some("a\tb")]), row(&[Some("2"), None])];
        let cells: Vec<Cells<'_>> = rows.iter().map(|one| Cells::of(one).unwrap()).collect();
        assert_eq!(text(|out| both.file(cells.iter(), out)), "1\ta\\\tb\n2\t\\N\n");
    }
}
