//! A column as a table map tells it.

use bytes::Bytes;
use vt_value::Type;

/// How the cells of a column are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// An integer of so many bytes.
    Integer(u8),
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Year,
    Date,
    /// Temporal values with so many digits of a second's fraction.
    Time(u8),
    Datetime(u8),
    Timestamp(u8),
    /// The forms before MySQL 5.6, without a fraction.
    OldTime,
    OldDatetime,
    OldTimestamp,
    /// VARCHAR and VARBINARY of at most so many bytes.
    Varchar(u16),
    /// CHAR and BINARY of so many bytes.
    Char(u16),
    /// TEXT and BLOB whose length takes so many bytes.
    Blob(u8),
    Json(u8),
    Geometry(u8),
    Vector(u8),
    /// The number of a member, in so many bytes.
    Enum(u8),
    /// A bit a member, in so many bytes.
    Set(u8),
    Bit(u16),
    Null,
}

/// A column of a [`crate::TableMap`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub kind: ColumnKind,
    pub nullable: bool,
    pub unsigned: bool,
    /// The collation of text, or of the members of an ENUM or SET; 63 for bytes, 0 if not told.
    pub collation: u16,
    /// Told only by servers with `binlog_row_metadata=FULL`.
    pub name: Option<String>,
    /// The members of an ENUM or SET, in the column's character set; told as `name` is.
    pub members: Option<Vec<Bytes>>,
    pub in_primary_key: bool,
}

/// The collation id of bytes.
pub(crate) const BINARY: u16 = 63;

impl Column {
    /// Returns the type of the column's values.
    ///
    /// The log does not tell TEXT from BLOB but by the collation, nor the lengths of either.
    pub fn value_type(&self) -> Type {
        let binary = self.collation == BINARY;
        let pick = |signed: Type, other: Type| if self.unsigned { other } else { signed };
        match self.kind {
            ColumnKind::Integer(1) => pick(Type::INT8, Type::UINT8),
            ColumnKind::Integer(2) => pick(Type::INT16, Type::UINT16),
            ColumnKind::Integer(3) => pick(Type::INT24, Type::UINT24),
            ColumnKind::Integer(4) => pick(Type::INT32, Type::UINT32),
            ColumnKind::Integer(_) => pick(Type::INT64, Type::UINT64),
            ColumnKind::Float => Type::FLOAT32,
            ColumnKind::Double => Type::FLOAT64,
            ColumnKind::Decimal { .. } => Type::DECIMAL,
            ColumnKind::Year => Type::YEAR,
            ColumnKind::Date => Type::DATE,
            ColumnKind::Time(_) | ColumnKind::OldTime => Type::TIME,
            ColumnKind::Datetime(_) | ColumnKind::OldDatetime => Type::DATETIME,
            ColumnKind::Timestamp(_) | ColumnKind::OldTimestamp => Type::TIMESTAMP,
            ColumnKind::Varchar(_) if binary => Type::VARBINARY,
            ColumnKind::Varchar(_) => Type::VARCHAR,
            ColumnKind::Char(_) if binary => Type::BINARY,
            ColumnKind::Char(_) => Type::CHAR,
            ColumnKind::Blob(_) if binary => Type::BLOB,
            ColumnKind::Blob(_) => Type::TEXT,
            ColumnKind::Json(_) => Type::JSON,
            ColumnKind::Geometry(_) => Type::GEOMETRY,
            ColumnKind::Vector(_) => Type::VECTOR,
            ColumnKind::Enum(_) => Type::ENUM,
            ColumnKind::Set(_) => Type::SET,
            ColumnKind::Bit(_) => Type::BIT,
            ColumnKind::Null => Type::NULL_TYPE,
        }
    }

    /// Returns whether the log tells a collation of the column's values; it does of vectors, too.
    pub(crate) fn is_text(&self) -> bool {
        matches!(
            self.kind,
            ColumnKind::Varchar(_)
                | ColumnKind::Char(_)
                | ColumnKind::Blob(_)
                | ColumnKind::Vector(_)
        )
    }

    pub(crate) fn is_enum_or_set(&self) -> bool {
        matches!(self.kind, ColumnKind::Enum(_) | ColumnKind::Set(_))
    }

    /// Returns whether the log tells if the column is unsigned.
    pub(crate) fn is_numeric(&self) -> bool {
        matches!(
            self.kind,
            ColumnKind::Integer(_)
                | ColumnKind::Float
                | ColumnKind::Double
                | ColumnKind::Decimal { .. }
                | ColumnKind::Year
        )
    }
}
