//! A table as its mysqld describes it now.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_value::{Collation, Field, Row, Type, Value};

/// A table that is streamed.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceTable {
    pub name: String,
    pub columns: Vec<SourceColumn>,
    /// The columns that tell rows apart, in the order of the key: the primary key, else a unique
    /// key without NULLs, else all columns.
    pub key: Vec<usize>,
}

/// A column of a [`SourceTable`].
#[derive(Clone, Debug, PartialEq)]
pub struct SourceColumn {
    /// As a SELECT describes it to a client that speaks utf8mb4; the type as DDL writes it.
    pub field: Field,
    /// The collation of its own, by which it is compared.
    pub collation: Collation,
    /// The members of an ENUM or SET, in utf8mb4.
    pub members: Option<Vec<Bytes>>,
}

impl SourceColumn {
    /// Makes a column of a description that was sent; its collation is the one that it names.
    pub fn of_field(field: Field) -> SourceColumn {
        let members =
            matches!(field.typ, Type::ENUM | Type::SET).then(|| members(&field.column_type));
        SourceColumn { collation: Collation(field.charset), members, field }
    }

    /// Returns the number by which an ENUM's or SET's value is ordered; `None` for other columns.
    pub fn number_of(&self, text: Option<&[u8]>) -> Option<u64> {
        let (text, members) = (text?, self.members.as_ref()?);
        if self.field.typ == Type::ENUM {
            let place = members.iter().position(|one| one == text);
            return Some(place.map_or(0, |place| place as u64 + 1));
        }
        let chosen = |member: &Bytes| text.split(|byte| *byte == b',').any(|one| one == member);
        let bits = members.iter().enumerate().filter(|(_, member)| chosen(member));
        Some(bits.fold(0, |bits, (place, _)| bits | 1 << (place & 63)))
    }
}

/// No table of MySQL has more columns.
const COLUMNS_MAX: usize = 4096;
/// Rows of a key's description: a key has at most 16 columns, a table at most 64 keys.
const KEY_ROWS_MAX: usize = 2048;

impl SourceTable {
    /// Reads a table's description.
    ///
    /// # Errors
    /// There is no such table, or mysqld does not answer.
    pub async fn load(conn: &mut Conn, database: &str, name: &str) -> Result<SourceTable> {
        let sql = format!(
            "select column_name, column_type, collation_name from information_schema.columns \
             where table_schema = {} and table_name = {} order by ordinal_position",
            text_literal(database),
            text_literal(name)
        );
        let described = conn.query(&sql, COLUMNS_MAX).await?;
        let text = |row: Row<'_>, index: usize| {
            String::from_utf8_lossy(row.column(index).unwrap_or_default()).into_owned()
        };
        if described.rows.is_empty() {
            return Err(Error::new(Code::NotFound, format!("table {name} is not in {database}")));
        }
        // `*` would leave out invisible columns.
        let names: Vec<String> = described.rows.iter().map(|row| quoted(&text(row, 0))).collect();
        let (names, place) = (names.join(", "), format!("{}.{}", quoted(database), quoted(name)));
        let fields =
            conn.query(format!("select {names} from {place} where 1 = 0"), 1).await?.fields;
        let mut columns = Vec::with_capacity(fields.len());
        for (field, row) in fields.iter().zip(described.rows.iter()) {
            let column_type = text(row, 1);
            let collation = Collation::from_name(&text(row, 2)).unwrap_or(Collation::BINARY);
            let members =
                matches!(field.typ, Type::ENUM | Type::SET).then(|| members(&column_type));
            let field = Field { column_type: Arc::from(column_type), ..field.clone() };
            columns.push(SourceColumn { field, collation, members });
        }
        let key = load_key(conn, database, name, &columns).await?;
        Ok(SourceTable { name: name.to_owned(), columns, key })
    }

    /// Reads the values of a key, so that they compare as its index orders them: ENUMs and SETs by
    /// their numbers.
    ///
    /// # Errors
    /// A value is none of its column's type.
    pub(crate) fn key_values(
        &self,
        texts: impl Iterator<Item = Option<Bytes>>,
    ) -> Result<Vec<Value>> {
        texts.zip(&self.key).map(|(text, place)| key_value(&self.columns[*place], text)).collect()
    }

    /// Returns the columns of the key, each with the collation of its own: by that the key is
    /// ordered, and a reader that goes on from a key has to know it.
    pub(crate) fn key_fields(&self) -> impl Iterator<Item = Field> + '_ {
        self.key.iter().map(|place| {
            let column = &self.columns[*place];
            Field { charset: column.collation.0, ..column.field.clone() }
        })
    }

    /// Returns the place of a column.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.field.name.eq_ignore_ascii_case(name))
    }
}

/// Reads a value of a key, so that it compares as the key's index orders it: ENUMs and SETs by
/// their numbers.
///
/// # Errors
/// The text is no value of the column's type.
pub fn key_value(column: &SourceColumn, text: Option<Bytes>) -> Result<Value> {
    match (column.number_of(text.as_deref()), text) {
        (Some(number), _) => Ok(Value::UInt(number)),
        (None, text) => Value::decode(column.field.typ, column.collation, text),
    }
}

/// Returns whether a key comes before another in the order of its index, or is the same. NULLs
/// come first.
pub fn at_most(key: &[Value], other: &[Value]) -> bool {
    for (one, two) in key.iter().zip(other) {
        let order = match (one.is_null(), two.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => one.compare(two).unwrap_or(Ordering::Equal),
        };
        if order.is_ne() {
            return order.is_lt();
        }
    }
    true
}

async fn load_key(
    conn: &mut Conn,
    database: &str,
    table: &str,
    columns: &[SourceColumn],
) -> Result<Vec<usize>> {
    let sql = format!(
        "select index_name, column_name, nullable, sub_part from information_schema.statistics \
         where table_schema = {} and table_name = {} and non_unique = 0 \
         order by index_name <> 'PRIMARY', index_name, seq_in_index",
        text_literal(database),
        text_literal(table)
    );
    let result = conn.query(&sql, KEY_ROWS_MAX).await?;
    let mut keys: Vec<(Bytes, Option<Vec<usize>>)> = Vec::new();
    for row in result.rows.iter() {
        let name = row.column(0).unwrap_or_default();
        if keys.last().is_none_or(|(last, _)| last != name) {
            keys.push((Bytes::copy_from_slice(name), Some(Vec::new())));
        }
        let column = row.column(1).map(String::from_utf8_lossy);
        let place = column.and_then(|column| {
            columns.iter().position(|one| one.field.name.eq_ignore_ascii_case(&column))
        });
        // A part of a value, an expression or a NULL does not tell rows apart.
        let whole = row.column(2) != Some(b"YES") && row.column(3).is_none();
        let (_, key) = keys.last_mut().expect("a key was pushed if there was none");
        match (place.filter(|_| whole), &mut *key) {
            (Some(place), Some(places)) => places.push(place),
            _ => *key = None,
        }
    }
    let usable = keys.into_iter().find_map(|(_, key)| key);
    Ok(usable.unwrap_or_else(|| (0..columns.len()).collect()))
}

/// Reads the members of `enum('a','it''s')`.
fn members(column_type: &str) -> Vec<Bytes> {
    let mut out = Vec::new();
    let mut chars = column_type.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\'' {
            continue;
        }
        let mut member = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\'' if chars.peek() == Some(&'\'') => {
                    chars.next();
                    member.push('\'');
                }
                '\'' => break,
                '\\' if chars.peek() == Some(&'\\') => {
                    chars.next();
                    member.push('\\');
                }
                other => member.push(other),
            }
        }
        out.push(Bytes::from(member));
    }
    out
}

/// Puts a name into backquotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Writes text as a literal that means the same under every `sql_mode`.
pub(crate) fn text_literal(text: &str) -> String {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    match digits.is_empty() {
        true => "''".to_owned(),
        false => format!("_utf8mb4 0x{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_enums_are_read_as_ddl_writes_them() {
        let read = members(r"enum('a','it''s','b,c','')");
        assert_eq!(read, ["a", "it's", "b,c", ""].map(Bytes::from));
    }
}
