//! TABLE_MAP_EVENT: the columns of the table that the next rows are of.

use bytes::Bytes;
use vt_wire::scan::text;
use vt_wire::{Malformed, Scan};

use crate::{Column, ColumnKind};

/// A table as the log knows it, under a number that holds until the next map of that number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMap {
    pub id: u64,
    pub database: String,
    pub name: String,
    pub columns: Vec<Column>,
}

const PART: &str = "table map";
/// More columns than this no table of MySQL has.
const COLUMNS_MAX: u64 = 4096;

impl TableMap {
    pub(crate) fn read(body: &[u8], id_is_short: bool) -> Result<TableMap, Malformed> {
        let mut scan = Scan::new(body);
        let id = table_id(&mut scan, id_is_short)?;
        scan.u16(PART)?;
        let database = name(&mut scan)?;
        let table = name(&mut scan)?;
        let count = scan.lenenc(PART)?;
        if count > COLUMNS_MAX {
            return Err(Malformed("table map: too many columns"));
        }
        let count = count as usize;
        let kinds = scan.bytes(count, PART)?;
        let mut meta = Scan::new(scan.lenenc_bytes(PART)?);
        let nulls = scan.bytes(count.div_ceil(8), PART)?;
        let mut columns = Vec::with_capacity(count);
        for (index, kind) in kinds.iter().enumerate() {
            columns.push(Column {
                kind: column_kind(*kind, &mut meta)?,
                nullable: nulls[index / 8] >> (index % 8) & 1 == 1,
                unsigned: false,
                collation: 0,
                name: None,
                members: None,
                in_primary_key: false,
            });
        }
        let mut map = TableMap { id, database, name: table, columns };
        while !scan.is_empty() {
            let field = scan.u8(PART)?;
            let value = scan.lenenc_bytes(PART)?;
            map.read_metadata(field, Scan::new(value))?;
        }
        Ok(map)
    }

    /// Reads one field of the optional metadata; unknown ones are passed over.
    fn read_metadata(&mut self, field: u8, mut scan: Scan<'_>) -> Result<(), Malformed> {
        match field {
            1 => {
                let bits = scan.take_rest();
                let numeric = self.columns.iter_mut().filter(|column| column.is_numeric());
                for (index, column) in numeric.enumerate() {
                    let byte = bits.get(index / 8).ok_or(Malformed(PART))?;
                    column.unsigned = byte >> (7 - index % 8) & 1 == 1;
                }
            }
            2 => self.default_collations(scan, Column::is_text)?,
            3 => self.each_collation(scan, Column::is_text)?,
            10 => self.default_collations(scan, Column::is_enum_or_set)?,
            11 => self.each_collation(scan, Column::is_enum_or_set)?,
            4 => {
                for column in &mut self.columns {
                    column.name = Some(text(scan.lenenc_bytes(PART)?));
                }
            }
            5 => self.read_members(scan, |column| matches!(column.kind, ColumnKind::Set(_)))?,
            6 => self.read_members(scan, |column| matches!(column.kind, ColumnKind::Enum(_)))?,
            8 | 9 => {
                while !scan.is_empty() {
                    let index = scan.lenenc(PART)? as usize;
                    if field == 9 {
                        scan.lenenc(PART)?;
                    }
                    self.columns.get_mut(index).ok_or(Malformed(PART))?.in_primary_key = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads a default, and the columns that differ from it.
    fn default_collations(
        &mut self,
        mut scan: Scan<'_>,
        is_one: fn(&Column) -> bool,
    ) -> Result<(), Malformed> {
        let mut columns: Vec<_> = self.columns.iter_mut().filter(|one| is_one(one)).collect();
        let default = collation(&mut scan)?;
        for column in &mut columns {
            column.collation = default;
        }
        while !scan.is_empty() {
            let index = scan.lenenc(PART)? as usize;
            columns.get_mut(index).ok_or(Malformed(PART))?.collation = collation(&mut scan)?;
        }
        Ok(())
    }

    fn each_collation(
        &mut self,
        mut scan: Scan<'_>,
        is_one: fn(&Column) -> bool,
    ) -> Result<(), Malformed> {
        for column in self.columns.iter_mut().filter(|one| is_one(one)) {
            column.collation = collation(&mut scan)?;
        }
        Ok(())
    }

    fn read_members(
        &mut self,
        mut scan: Scan<'_>,
        is_one: fn(&Column) -> bool,
    ) -> Result<(), Malformed> {
        for column in self.columns.iter_mut().filter(|one| is_one(one)) {
            let count = scan.lenenc(PART)?;
            let mut members = Vec::new();
            for _ in 0..count {
                members.push(Bytes::copy_from_slice(scan.lenenc_bytes(PART)?));
            }
            column.members = Some(members);
        }
        Ok(())
    }
}

fn collation(scan: &mut Scan<'_>) -> Result<u16, Malformed> {
    u16::try_from(scan.lenenc(PART)?).map_err(|_| Malformed("table map: collation"))
}

/// Takes the number of a table: six bytes, four in logs of very old servers.
pub(crate) fn table_id(scan: &mut Scan<'_>, short: bool) -> Result<u64, Malformed> {
    let low = u64::from(scan.u32("table number")?);
    if short {
        return Ok(low);
    }
    Ok(low | u64::from(scan.u16("table number")?) << 32)
}

fn name(scan: &mut Scan<'_>) -> Result<String, Malformed> {
    let bytes = scan.lenenc_bytes(PART)?;
    scan.u8(PART)?;
    Ok(text(bytes))
}

/// Reads the layout of a column's cells from its type byte and the bytes that go with it.
fn column_kind(kind: u8, meta: &mut Scan<'_>) -> Result<ColumnKind, Malformed> {
    Ok(match kind {
        1 => ColumnKind::Integer(1),
        2 => ColumnKind::Integer(2),
        3 => ColumnKind::Integer(4),
        8 => ColumnKind::Integer(8),
        9 => ColumnKind::Integer(3),
        4 => {
            meta.u8(PART)?;
            ColumnKind::Float
        }
        5 => {
            meta.u8(PART)?;
            ColumnKind::Double
        }
        6 => ColumnKind::Null,
        7 => ColumnKind::OldTimestamp,
        10 | 14 => ColumnKind::Date,
        11 => ColumnKind::OldTime,
        12 => ColumnKind::OldDatetime,
        13 => ColumnKind::Year,
        15 | 253 => ColumnKind::Varchar(meta.u16(PART)?),
        16 => {
            let (odd, whole) = (meta.u8(PART)?, meta.u8(PART)?);
            ColumnKind::Bit(u16::from(whole) * 8 + u16::from(odd))
        }
        17 => ColumnKind::Timestamp(fraction(meta)?),
        18 => ColumnKind::Datetime(fraction(meta)?),
        19 => ColumnKind::Time(fraction(meta)?),
        242 => ColumnKind::Vector(width(meta)?),
        245 => ColumnKind::Json(width(meta)?),
        246 => {
            let (precision, scale) = (meta.u8(PART)?, meta.u8(PART)?);
            if precision > 65 || scale > 30 || scale > precision {
                return Err(Malformed("table map: digits of a decimal"));
            }
            ColumnKind::Decimal { precision, scale }
        }
        247 | 248 | 254 => string_kind(meta.u8(PART)?, meta.u8(PART)?)?,
        249..=252 => ColumnKind::Blob(width(meta)?),
        255 => ColumnKind::Geometry(width(meta)?),
        _ => return Err(Malformed("table map: a column of an unknown type")),
    })
}

/// CHAR, ENUM and SET share a type byte; the metadata tells which it is. Lengths over 255 hide two
/// bits, turned around, in the byte of the type.
fn string_kind(real: u8, length: u8) -> Result<ColumnKind, Malformed> {
    let (real, length) = match real & 0x30 {
        0x30 => (real, u16::from(length)),
        hidden => (real | 0x30, u16::from(length) | u16::from(hidden ^ 0x30) << 4),
    };
    match real {
        247 if matches!(length, 1 | 2) => Ok(ColumnKind::Enum(length as u8)),
        248 if (1..=8).contains(&length) => Ok(ColumnKind::Set(length as u8)),
        253 | 254 => Ok(ColumnKind::Char(length)),
        _ => Err(Malformed("table map: a string of an unknown type")),
    }
}

fn fraction(meta: &mut Scan<'_>) -> Result<u8, Malformed> {
    match meta.u8(PART)? {
        digits @ 0..=6 => Ok(digits),
        _ => Err(Malformed("table map: digits of a fraction")),
    }
}

fn width(meta: &mut Scan<'_>) -> Result<u8, Malformed> {
    match meta.u8(PART)? {
        width @ 1..=4 => Ok(width),
        _ => Err(Malformed("table map: width of a length")),
    }
}
