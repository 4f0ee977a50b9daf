//! What a result says of each of its columns.

use std::sync::Arc;

use crate::Type;

/// A column of a result, as the protocol's column definition gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    pub name: Arc<str>,
    pub typ: Type,
    /// The table's alias in the statement.
    pub table: Arc<str>,
    pub org_table: Arc<str>,
    pub database: Arc<str>,
    pub org_name: Arc<str>,
    /// The widest value in bytes.
    pub column_length: u32,
    /// A collation id; 63 is binary.
    pub charset: u16,
    pub decimals: u8,
    /// MySQL's column flags.
    pub flags: u16,
    /// The type as DDL writes it, where it is known.
    pub column_type: Arc<str>,
}

impl Field {
    /// Makes a column that comes from no table.
    pub fn new(name: &str, typ: Type) -> Field {
        let (_, flags) = typ.to_mysql();
        let charset = if typ.is_text() { 255 } else { 63 };
        Field { name: name.into(), typ, charset, flags, ..Field::default() }
    }
}

/// The columns of a result, shared by all who pass it on.
pub type Fields = Arc<[Field]>;
