//! Columns that an expression is computed over, by the types that DDL writes.

use bytes::Bytes;
use vt_base::{Code, Error};
use vt_collation::Collation;
use vt_eval::{Kind, Session};
use vt_sql::ast::{
    Charset, ColumnDef, ColumnOption, DataType, Literal, Statement, TableElement, TypeKind,
};
use vt_sql::{Arena, Modes};
use vt_value::{Field, Type, Value};

/// A column of the rows that an expression is computed over.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpressionColumn {
    /// What a result tells of it; its name is found in any letter case.
    pub field: Field,
    /// What is known beyond that: the collation.
    pub kind: Option<Kind>,
}

const NOT_NULL: u16 = 1;
const UNSIGNED: u16 = 32;
/// `decimals` of what has no fixed number of them.
const NOT_FIXED: u8 = 31;
/// How many numbers a VECTOR has where its type does not say, and the most that it may have.
const VECTOR_DIMENSIONS: u32 = 2048;
const VECTOR_DIMENSIONS_MAX: u32 = 16_383;
/// The most digits of a decimal.
const DECIMAL_DIGITS_MAX: u32 = 65;

impl ExpressionColumn {
    /// Makes a column of a type as CREATE TABLE takes it: `DECIMAL(10,2) NOT NULL`,
    /// `VARCHAR(20) COLLATE latin1_bin`.
    ///
    /// # Errors
    /// MySQL's 1064 for text that is no type, its 1273 for an unknown collation, its 1426 for a
    /// decimal of too many digits.
    pub fn of_definition(
        name: &str,
        definition: &str,
        session: &Session,
    ) -> Result<ExpressionColumn, Error> {
        let arena = Arena::new();
        let text = format!("create table t (c {definition})");
        let statement = vt_sql::parse(&arena, &text, Modes::default())?;
        let wrong = || {
            let message = format!("{definition} is no type of a column");
            Error::new(Code::InvalidArgument, message)
        };
        let Statement::CreateTable(table) = statement else { return Err(wrong()) };
        let [TableElement::Column(column)] = table.elements else { return Err(wrong()) };
        made(name, column, definition, session)
    }

    /// Returns the value of a text as a shard gives it: in utf8mb4, whatever the column's set is.
    ///
    /// # Errors
    /// The text is no value of the type.
    pub fn value(&self, text: Option<Bytes>) -> Result<Value, Error> {
        Value::decode(self.field.typ, self.collation(), text)
    }

    /// Returns the collation of the column's strings.
    pub fn collation(&self) -> Collation {
        self.kind.as_ref().map_or(Collation::UNKNOWN, |kind| kind.collation)
    }
}

/// Type, width in characters or digits, and digits after the point.
struct Shape {
    typ: Type,
    length: u32,
    decimals: u8,
}

fn made(
    name: &str,
    column: &ColumnDef<'_>,
    definition: &str,
    session: &Session,
) -> Result<ExpressionColumn, Error> {
    let data_type = &column.data_type;
    let digits = data_type.length.and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0);
    if data_type.kind == TypeKind::Decimal && digits > DECIMAL_DIGITS_MAX {
        let message = format!("Too-big precision {digits} specified for '{name}'. Maximum is 65.");
        return Err(Error::mysql(1426, b"42000", message).with_code(Code::InvalidArgument));
    }
    let shape = shape(data_type).ok_or_else(|| {
        Error::unsupported(format_args!("a column of the type {definition} in a row by hand"))
    })?;
    let text = shape.typ.is_text() || matches!(shape.typ, Type::ENUM | Type::SET);
    let collation = if text { collation(column, session)? } else { Collation::BINARY };
    // What is text in bytes is bytes.
    let typ = match (shape.typ, collation == Collation::BINARY) {
        (Type::CHAR, true) => Type::BINARY,
        (Type::VARCHAR, true) => Type::VARBINARY,
        (Type::TEXT, true) => Type::BLOB,
        (typ, _) => typ,
    };
    let (_, mut flags) = typ.to_mysql();
    if column.options.iter().any(|option| matches!(option, ColumnOption::NotNull)) {
        flags |= NOT_NULL;
    }
    if data_type.unsigned {
        flags |= UNSIGNED;
    }
    let width = if text && collation != Collation::BINARY { 4 } else { 1 };
    let column_type = match data_type.kind {
        TypeKind::Enum => listed("enum", data_type.values),
        TypeKind::Set => listed("set", data_type.values),
        _ => definition.to_owned(),
    };
    let field = Field {
        flags,
        column_length: shape.length.saturating_mul(width),
        decimals: shape.decimals,
        column_type: column_type.as_str().into(),
        ..Field::new(name, typ)
    };
    let kind = Kind::of_column(&field, collation);
    Ok(ExpressionColumn { field, kind: Some(kind) })
}

/// Writes a type with its members as a result tells it: quotes among them are doubled.
fn listed(word: &str, members: &[Literal<'_>]) -> String {
    let members = members.iter().map(|member| {
        let text = String::from_utf8_lossy(member.value);
        format!("'{}'", text.replace('\'', "''"))
    });
    format!("{word}({})", members.collect::<Vec<_>>().join(","))
}

fn collation(column: &ColumnDef<'_>, session: &Session) -> Result<Collation, Error> {
    let data_type = &column.data_type;
    let option = column.options.iter().find_map(|option| match option {
        ColumnOption::Collate(name) => Some(*name),
        _ => None,
    });
    if let Some(name) = data_type.collate.or(option) {
        let unknown = || Error::mysql(1273, b"HY000", format!("Unknown collation: '{name}'"));
        return Collation::from_name(name).ok_or_else(unknown);
    }
    let named = match data_type.charset {
        None => return Ok(session.connection_collation),
        Some(Charset::Named(name)) => name,
        Some(Charset::Ascii) => "latin1",
        Some(Charset::Unicode) => "ucs2",
        Some(Charset::Byte) => "binary",
    };
    let unknown = || Error::mysql(1115, b"42000", format!("Unknown character set: '{named}'"));
    let charset = vt_collation::Charset::from_name(named).ok_or_else(unknown)?;
    Ok(charset.default_collation())
}

/// Returns how many characters each member of an ENUM or a SET has.
fn member_lengths<'a>(members: &'a [Literal<'a>]) -> impl Iterator<Item = u32> + 'a {
    members.iter().map(|member| String::from_utf8_lossy(member.value).chars().count() as u32)
}

/// Returns how wide the values of a type are; `None` for a VARCHAR or VARBINARY without length.
fn shape(data_type: &DataType<'_>) -> Option<Shape> {
    let number = |text: Option<&str>| text.and_then(|digits| digits.parse::<u32>().ok());
    let length = number(data_type.length);
    let scale = number(data_type.scale).unwrap_or(0).min(30) as u8;
    let sign = u32::from(!data_type.unsigned);
    let integer = |signed: Type, unsigned: Type, digits: u32, unsigned_digits: u32| Shape {
        typ: if data_type.unsigned { unsigned } else { signed },
        length: if data_type.unsigned { unsigned_digits } else { digits + 1 },
        decimals: 0,
    };
    let plain = |typ: Type, length: u32, decimals: u8| Shape { typ, length, decimals };
    // A fraction of a second comes behind a point.
    let digits = length.unwrap_or(0).min(6);
    let fraction = if digits > 0 { digits + 1 } else { 0 };
    Some(match data_type.kind {
        TypeKind::TinyInt => integer(Type::INT8, Type::UINT8, 3, 3),
        TypeKind::SmallInt => integer(Type::INT16, Type::UINT16, 5, 5),
        TypeKind::MediumInt => integer(Type::INT24, Type::UINT24, 8, 8),
        TypeKind::Int => integer(Type::INT32, Type::UINT32, 10, 10),
        TypeKind::BigInt | TypeKind::Serial => integer(Type::INT64, Type::UINT64, 19, 20),
        TypeKind::Decimal => {
            let precision = length.unwrap_or(10).min(65);
            plain(Type::DECIMAL, precision + u32::from(scale > 0) + sign, scale)
        }
        TypeKind::Float => match (length, data_type.scale) {
            (Some(width), Some(_)) => plain(Type::FLOAT32, width, scale),
            (Some(bits), None) if bits > 24 => plain(Type::FLOAT64, 22, NOT_FIXED),
            _ => plain(Type::FLOAT32, 12, NOT_FIXED),
        },
        TypeKind::Double => match (length, data_type.scale) {
            (Some(width), Some(_)) => plain(Type::FLOAT64, width, scale),
            _ => plain(Type::FLOAT64, 22, NOT_FIXED),
        },
        TypeKind::Year => plain(Type::YEAR, 4, 0),
        TypeKind::Date => plain(Type::DATE, 10, 0),
        TypeKind::Datetime => plain(Type::DATETIME, 19 + fraction, digits as u8),
        TypeKind::Timestamp => plain(Type::TIMESTAMP, 19 + fraction, digits as u8),
        TypeKind::Time => plain(Type::TIME, 10 + fraction, digits as u8),
        TypeKind::Char => plain(Type::CHAR, length.unwrap_or(1), 0),
        TypeKind::VarChar => plain(Type::VARCHAR, length?, 0),
        TypeKind::TinyText => plain(Type::TEXT, 255, 0),
        TypeKind::Text => plain(Type::TEXT, u16::MAX.into(), 0),
        TypeKind::MediumText => plain(Type::TEXT, (1 << 24) - 1, 0),
        TypeKind::LongText => plain(Type::TEXT, u32::MAX / 4, 0),
        TypeKind::Binary => plain(Type::BINARY, length.unwrap_or(1), 0),
        TypeKind::VarBinary => plain(Type::VARBINARY, length?, 0),
        TypeKind::TinyBlob => plain(Type::BLOB, 255, 0),
        TypeKind::Blob => plain(Type::BLOB, u16::MAX.into(), 0),
        TypeKind::MediumBlob => plain(Type::BLOB, (1 << 24) - 1, 0),
        TypeKind::LongBlob => plain(Type::BLOB, u32::MAX, 0),
        TypeKind::Json => plain(Type::JSON, u32::MAX, 0),
        TypeKind::Bit => plain(Type::BIT, length.unwrap_or(1).clamp(1, 64), 0),
        TypeKind::Vector => {
            let dimensions = length.unwrap_or(VECTOR_DIMENSIONS).min(VECTOR_DIMENSIONS_MAX);
            plain(Type::VECTOR, dimensions * 4, NOT_FIXED)
        }
        TypeKind::Enum => plain(Type::ENUM, member_lengths(data_type.values).max().unwrap_or(0), 0),
        TypeKind::Set => {
            let commas = data_type.values.len().saturating_sub(1) as u32;
            plain(Type::SET, member_lengths(data_type.values).sum::<u32>() + commas, 0)
        }
        TypeKind::Geometry
        | TypeKind::Point
        | TypeKind::LineString
        | TypeKind::Polygon
        | TypeKind::MultiPoint
        | TypeKind::MultiLineString
        | TypeKind::MultiPolygon
        | TypeKind::GeometryCollection => plain(Type::GEOMETRY, u32::MAX, 0),
    })
}
