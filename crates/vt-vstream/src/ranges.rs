//! Ranges of a table's key: what of a table is read, and how a large one is cut.
//!
//! A table is cut where its key begins with whole numbers: between the least and the greatest of
//! them the places are looked for that have as many rows before as behind, by what MySQL thinks
//! that there are. Such a guess may be wrong, and then one range takes longer than the others.

use bytes::Bytes;
use vt_base::Result;
use vt_mysql::Conn;
use vt_proto::binlogdata::VStreamRowsRange;
use vt_value::Type;

use crate::copy::values_of;
use crate::plan::Values;
use crate::table::{SourceColumn, quoted, text_literal};
use crate::{Source, SourceTable, values};

/// A table is cut into ranges of at least so many bytes.
const RANGE_BYTES_MIN: u64 = 1 << 20;
/// More ranges than this are never read side by side.
pub const RANGES_MAX: usize = 16;
/// Readers keep the keys that they have come to in columns of limited length: a table whose keys
/// are longer than this, or have more columns, is not cut.
const KEY_BYTES_MAX: u32 = 200;
const KEY_COLUMNS_MAX: usize = 4;
/// A place in the middle is looked for so many times.
const LOOKS_MAX: u32 = 24;
/// Column flag: there are no NULLs.
const NOT_NULL: u16 = 1;

/// Rows behind a key, up to a key that is one of them. Nothing: from the first, to the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRange {
    pub after: Option<Values>,
    pub up_to: Option<Values>,
}

impl KeyRange {
    /// Reads a range of a request; `None` where a key of it is no row.
    pub fn of_proto(range: &VStreamRowsRange) -> Option<KeyRange> {
        let read = |row: &Option<vt_proto::query::Row>| match row {
            Some(row) => values_of(row).map(Some),
            None => Some(None),
        };
        Some(KeyRange { after: read(&range.after)?, up_to: read(&range.up_to)? })
    }

    pub(crate) fn to_proto(&self) -> VStreamRowsRange {
        VStreamRowsRange {
            after: self.after.as_ref().map(values::to_proto),
            up_to: self.up_to.as_ref().map(values::to_proto),
        }
    }

    /// Writes what rows of the range fulfil; nothing where all do.
    pub(crate) fn conditions(&self, table: &SourceTable) -> String {
        let after = self.after.as_ref().map(|key| beyond(table, key, Side::Behind));
        let up_to = self.up_to.as_ref().map(|key| beyond(table, key, Side::UpTo));
        let both: Vec<String> = after.into_iter().chain(up_to).collect();
        match both.as_slice() {
            [one] => one.clone(),
            both => both.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" and "),
        }
    }
}

/// Which rows are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Those that come after a key.
    Behind,
    /// Those that come before it, and itself.
    UpTo,
}

/// Writes what rows on one side of a key fulfil. NULLs come first.
fn beyond(table: &SourceTable, key: &Values, side: Side) -> String {
    let name = |place: &usize| quoted(&table.columns[*place].field.name);
    let same = |place: &usize, value: &Option<Bytes>| {
        format!("{} <=> {}", name(place), literal(&table.columns[*place], value))
    };
    let mut alternatives = Vec::new();
    for (index, place) in table.key.iter().enumerate() {
        let mut all: Vec<String> =
            table.key[..index].iter().zip(key).map(|(place, value)| same(place, value)).collect();
        let value = key.get(index).cloned().flatten();
        let (name, column) = (name(place), &table.columns[*place]);
        let is_last = index + 1 == table.key.len();
        let written = literal(column, &value);
        all.push(match (side, &value) {
            (Side::Behind, Some(_)) => format!("{name} > {written}"),
            (Side::Behind, None) => format!("{name} is not null"),
            (Side::UpTo, Some(_)) => {
                let sign = if is_last { "<=" } else { "<" };
                match column.field.flags & NOT_NULL != 0 {
                    true => format!("{name} {sign} {written}"),
                    false => format!("({name} {sign} {written} or {name} is null)"),
                }
            }
            (Side::UpTo, None) if is_last => format!("{name} is null"),
            // Nothing comes before a NULL.
            (Side::UpTo, None) => continue,
        });
        alternatives.push(format!("({})", all.join(" and ")));
    }
    alternatives.join(" or ")
}

/// Writes a value of a column so that comparing it means what ORDER BY means.
fn literal(column: &SourceColumn, value: &Option<Bytes>) -> String {
    let Some(value) = value else { return "null".to_owned() };
    let typ = column.field.typ;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    if typ.is_number() {
        return String::from_utf8_lossy(value).into_owned();
    }
    // They are ordered by their numbers, not by their texts.
    if let Some(number) = column.number_of(Some(value)) {
        return number.to_string();
    }
    match typ {
        Type::BIT => {
            value.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)).to_string()
        }
        _ if value.is_empty() => "''".to_owned(),
        _ if typ.is_text() => format!("_utf8mb4 0x{}", hex(value)),
        _ if typ.is_temporal() => format!("'{}'", String::from_utf8_lossy(value)),
        _ => format!("0x{}", hex(value)),
    }
}

impl Source {
    /// Returns into how many ranges a table may be cut, of which each is worth a reader.
    pub(crate) async fn readers(
        &self,
        conn: &mut Conn,
        table: &SourceTable,
        ranges_max: usize,
    ) -> Result<usize> {
        if ranges_max < 2 || !may_cut(table) {
            return Ok(1);
        }
        // What a server has once said of a table it says for a day.
        conn.query("set session information_schema_stats_expiry = 0", 1).await?;
        let sql = format!(
            "select data_length from information_schema.tables where table_schema = {} \
             and table_name = {}",
            text_literal(&self.database),
            text_literal(&table.name)
        );
        let bytes = first_number(&conn.query(sql, 1).await?).unwrap_or(0);
        let worth = u64::try_from(bytes).unwrap_or(0) / RANGE_BYTES_MIN;
        let worth = usize::try_from(worth).unwrap_or(RANGES_MAX);
        Ok(worth.min(ranges_max).clamp(1, RANGES_MAX))
    }

    /// Cuts what is behind a key into at most so many ranges, on a connection with a snapshot.
    pub(crate) async fn cut(
        &self,
        conn: &mut Conn,
        table: &SourceTable,
        (after, ranges_max): (Option<Values>, usize),
    ) -> Result<Vec<KeyRange>> {
        let mut cutter = Cutter { conn, database: &self.database, table, places: Vec::new() };
        if ranges_max > 1
            && let Some((low, high)) = cutter.bounds(after.as_ref()).await?
        {
            cutter.halve(low, high, ranges_max).await?;
        }
        let mut ends: Vec<Values> = Vec::new();
        for place in std::mem::take(&mut cutter.places) {
            // Between two places there may be no row.
            let before = ends.last().or(after.as_ref());
            ends.extend(cutter.key_at(place, before).await?);
        }
        let mut ranges = Vec::with_capacity(ends.len() + 1);
        let mut begin = after;
        for end in ends {
            let up_to = Some(end.clone());
            ranges.push(KeyRange { after: begin.replace(end), up_to });
        }
        ranges.push(KeyRange { after: begin, up_to: None });
        Ok(ranges)
    }
}

/// Returns whether keys of a table are such that ranges of them can be told.
fn may_cut(table: &SourceTable) -> bool {
    let key = || table.key.iter().filter_map(|place| table.columns.get(*place));
    let first_counts = key()
        .next()
        .is_some_and(|column| column.field.typ.is_integral() && column.field.typ != Type::YEAR);
    let plain = |column: &SourceColumn| {
        column.field.flags & NOT_NULL != 0
            && !column.field.typ.is_float()
            && column.field.typ != Type::BIT
    };
    let bytes = key().map(|column| column.field.column_length).fold(0, u32::saturating_add);
    first_counts && key().all(plain) && table.key.len() <= KEY_COLUMNS_MAX && bytes <= KEY_BYTES_MAX
}

/// Looks for places to cut a table at.
struct Cutter<'a> {
    conn: &'a mut Conn,
    database: &'a str,
    table: &'a SourceTable,
    places: Vec<i128>,
}

impl Cutter<'_> {
    fn first(&self) -> String {
        self.table.key.first().map(|place| self.column(*place)).unwrap_or_default()
    }

    fn column(&self, place: usize) -> String {
        quoted(&self.table.columns[place].field.name)
    }

    fn place(&self) -> String {
        format!("{}.{}", quoted(self.database), quoted(&self.table.name))
    }

    /// Returns the least and the greatest number that the key begins with behind a key.
    async fn bounds(&mut self, after: Option<&Values>) -> Result<Option<(i128, i128)>> {
        let name = self.first();
        let sql = format!("select min({name}), max({name}) from {}", self.place());
        let found = self.conn.query(sql, 1).await?;
        let Some(row) = found.rows.iter().next() else { return Ok(None) };
        let (Some(low), Some(high)) = (number(row.column(0)), number(row.column(1))) else {
            return Ok(None);
        };
        let from = after.and_then(|key| number(key.first()?.as_deref())).unwrap_or(low);
        Ok((from.max(low) < high).then_some((from.max(low), high)))
    }

    /// Finds the places, in order, that cut what lies between two into so many ranges.
    async fn halve(&mut self, low: i128, high: i128, ranges: usize) -> Result<()> {
        if ranges < 2 || high - low < 2 {
            return Ok(());
        }
        let middle = self.middle(low, high).await?;
        Box::pin(self.halve(low, middle, ranges / 2)).await?;
        self.places.push(middle);
        Box::pin(self.halve(middle, high, ranges - ranges / 2)).await
    }

    /// Returns a place that has about as many rows before it as behind.
    async fn middle(&mut self, low: i128, high: i128) -> Result<i128> {
        let (mut from, mut to) = (low, high);
        let mut middle = low + (high - low) / 2;
        for _ in 0..LOOKS_MAX {
            let before = self.estimate(low, middle).await?;
            let behind = self.estimate(middle, high).await?;
            // A fifth more or less on one side matters less than what looking costs.
            if before.abs_diff(behind) * 5 <= before + behind || to - from < 2 {
                break;
            }
            match before < behind {
                true => from = middle,
                false => to = middle,
            }
            middle = from + (to - from) / 2;
        }
        Ok(middle.clamp(low + 1, high - 1))
    }

    /// Returns how many rows MySQL thinks lie behind a number, up to another.
    async fn estimate(&mut self, low: i128, high: i128) -> Result<u64> {
        let name = self.first();
        let sql = format!(
            "explain format = traditional select {name} from {} where {name} > {low} and \
             {name} <= {high}",
            self.place()
        );
        let explained = self.conn.query(sql, 1).await?;
        let column = explained.fields.iter().position(|field| &*field.name == "rows");
        let rows = column.zip(explained.rows.iter().next());
        let rows = rows.and_then(|(column, row)| number(row.column(column)));
        Ok(rows.and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0))
    }

    /// Returns the last key that begins with a number or one before it, and with a greater one
    /// than another key.
    async fn key_at(&mut self, number: i128, other: Option<&Values>) -> Result<Option<Values>> {
        let key: Vec<String> = self.table.key.iter().map(|place| self.column(*place)).collect();
        let backwards: Vec<String> = key.iter().map(|name| format!("{name} desc")).collect();
        let first = self.first();
        let behind = match other.and_then(|key| self::number(key.first()?.as_deref())) {
            Some(other) => format!("{first} > {other} and "),
            None => String::new(),
        };
        let sql = format!(
            "select {} from {} where {behind}{first} <= {number} order by {} limit 1",
            key.join(", "),
            self.place(),
            backwards.join(", ")
        );
        let found = self.conn.query(sql, 1).await?;
        let row = found.rows.iter().next();
        Ok(row.map(|row| row.columns().map(|one| one.map(Bytes::copy_from_slice)).collect()))
    }
}

fn number(text: Option<&[u8]>) -> Option<i128> {
    std::str::from_utf8(text?).ok()?.parse().ok()
}

fn first_number(found: &vt_value::QueryResult) -> Option<i128> {
    number(found.rows.iter().next()?.column(0))
}

#[cfg(test)]
mod tests {
    use vt_value::Field;

    use super::*;

    fn table(columns: &[(&str, Type, u16)]) -> SourceTable {
        let columns: Vec<SourceColumn> = columns
            .iter()
            .map(|(name, typ, flags)| {
                SourceColumn::of_field(Field { flags: *flags, ..Field::new(name, *typ) })
            })
            .collect();
        SourceTable { name: "t".to_owned(), key: (0..columns.len()).collect(), columns }
    }

    fn key(values: &[Option<&str>]) -> Option<Values> {
        Some(
            values
                .iter()
                .map(|one| one.map(|one| Bytes::copy_from_slice(one.as_bytes())))
                .collect(),
        )
    }

    #[test]
    fn ranges_are_written_as_conditions() {
        let one = table(&[("id", Type::INT64, NOT_NULL)]);
        assert_eq!(KeyRange::default().conditions(&one), "");
        let after = KeyRange { after: key(&[Some("5")]), up_to: None };
        assert_eq!(after.conditions(&one), "(`id` > 5)");
        let between = KeyRange { up_to: key(&[Some("9")]), ..after };
        assert_eq!(between.conditions(&one), "((`id` > 5)) and ((`id` <= 9))");
        let two = table(&[("a", Type::INT64, NOT_NULL), ("b", Type::VARCHAR, 0)]);
        let range =
            KeyRange { after: key(&[Some("5"), None]), up_to: key(&[Some("9"), Some("x")]) };
        assert_eq!(
            range.conditions(&two),
            "((`a` > 5) or (`a` <=> 5 and `b` is not null)) and \
             ((`a` < 9) or (`a` <=> 9 and (`b` <= _utf8mb4 0x78 or `b` is null)))"
        );
    }

    #[test]
    fn only_keys_that_begin_with_whole_numbers_are_cut() {
        let cut = |columns: &[(&str, Type, u16)]| may_cut(&table(columns));
        assert!(cut(&[("id", Type::UINT64, NOT_NULL)]));
        assert!(cut(&[("id", Type::INT32, NOT_NULL), ("name", Type::VARCHAR, NOT_NULL)]));
        assert!(!cut(&[("id", Type::INT32, NOT_NULL), ("name", Type::VARCHAR, 0)]));
        assert!(!cut(&[("name", Type::VARCHAR, NOT_NULL)]));
        assert!(!cut(&[("y", Type::YEAR, NOT_NULL)]));
        assert!(!cut(&[("id", Type::INT32, NOT_NULL), ("ratio", Type::FLOAT64, NOT_NULL)]));
        let mut long = table(&[("id", Type::INT32, NOT_NULL), ("name", Type::VARCHAR, NOT_NULL)]);
        long.columns[1].field.column_length = 1020;
        assert!(!may_cut(&long));
    }

    #[test]
    fn ranges_come_back_as_they_were_sent() {
        let range = KeyRange { after: key(&[Some("5"), None]), up_to: None };
        assert_eq!(KeyRange::of_proto(&range.to_proto()), Some(range));
        let broken = vt_proto::query::Row { lengths: vec![9], values: b"x".to_vec().into() };
        let broken = VStreamRowsRange { after: Some(broken), up_to: None };
        assert_eq!(KeyRange::of_proto(&broken), None);
    }
}
