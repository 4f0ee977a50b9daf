//! Columns of tables, as the vschema or schema tracking knows them.

use std::sync::Arc;

use vt_value::Type;

use crate::spec::ColumnSpec;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: Arc<str>,
    /// `NULL_TYPE` where it is not known.
    pub typ: Type,
    /// Empty where it is not known.
    pub collation_name: Arc<str>,
    /// Not part of `*`.
    pub invisible: bool,
    /// True where nothing says that it is not.
    pub nullable: bool,
    pub default: Arc<str>,
    pub size: i32,
    pub scale: i32,
    pub values: Arc<[String]>,
    /// MySQL computes it from other columns.
    pub generated: bool,
    /// What `ON UPDATE` sets it to; empty for nothing.
    pub on_update: Arc<str>,
}

impl Column {
    /// Makes a column of which only the name is known.
    pub fn named(name: &str) -> Column {
        Column::from(&ColumnSpec { name: name.to_owned(), ..ColumnSpec::default() })
    }

    /// Returns whether the column's type is known.
    pub fn is_typed(&self) -> bool {
        self.typ != Type::NULL_TYPE
    }
}

impl From<&ColumnSpec> for Column {
    fn from(spec: &ColumnSpec) -> Column {
        Column {
            name: spec.name.as_str().into(),
            typ: spec.typ,
            collation_name: spec.collation_name.as_str().into(),
            invisible: spec.invisible,
            nullable: spec.nullable.unwrap_or(true),
            default: spec.default.as_str().into(),
            size: spec.size,
            scale: spec.scale,
            values: spec.values.clone().into(),
            generated: spec.generated,
            on_update: spec.on_update.as_str().into(),
        }
    }
}
