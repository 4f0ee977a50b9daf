//! Reading a table in the order of its key, in one consistent snapshot.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join_all;
use tokio::sync::mpsc;
use vt_base::Result;
use vt_base::gtid::Position;
use vt_mysql::Conn;
use vt_proto::binlogdata::VStreamRowsResponse;
use vt_proto::query;
use vt_rpc::convert::{Included, field_to_proto, rows_to_proto};
use vt_value::{Row, Rows, Type};

use crate::filter::Wanted;
use crate::plan::Values;
use crate::ranges::KeyRange;
use crate::source::position;
use crate::table::{SourceColumn, quoted};
use crate::{Source, SourceTable, TablePlan, Vindexes, values};

/// What is copied.
#[derive(Clone, Debug)]
pub struct CopySpec {
    pub table: String,
    pub wanted: Wanted,
    /// The vschema whose vindexes the filter means.
    pub schema: Option<Arc<Vindexes>>,
    /// The values of the key's columns in the last row that the reader has.
    pub after: Option<Values>,
    /// Read these ranges side by side, whatever `after` says; none: all that is behind `after`.
    pub ranges: Vec<KeyRange>,
    /// What is behind `after` may be cut into so many ranges, if the table is large; 0 asks for
    /// one, and not to be told of it.
    pub ranges_max: usize,
}

/// A part of a copy: the first tells columns and position, the others have rows.
pub type CopyPart = VStreamRowsResponse;

/// How long the lock on the table may be waited for; others wait behind it.
const LOCK_SECONDS: u32 = 5;

impl Source {
    /// Sends a table's rows behind a key, all as they were at one position; the first part tells
    /// it. Rows of one range come in the order of the key, and the key that a range ends with at
    /// its end. Ends when the table or the receiver does.
    ///
    /// # Errors
    /// There is no such table, the filter asks for what it has not, or mysqld does not answer.
    pub async fn copy_rows(&self, spec: CopySpec, out: &mpsc::Sender<CopyPart>) -> Result<()> {
        let mut conn = self.connect().await?;
        let table = Arc::new(SourceTable::load(&mut conn, &self.database, &spec.table).await?);
        let plan = TablePlan::new(table.clone(), &spec.wanted, spec.schema.as_deref())?;
        let readers = match spec.ranges.len() {
            0 => self.readers(&mut conn, &table, spec.ranges_max).await?,
            given => given,
        };
        let mut conns = vec![conn];
        while conns.len() < readers {
            conns.push(self.connect().await?);
        }
        let at = self.snapshot(&mut conns, &table.name).await?;
        // Who asks for ranges is told which are read; others know nothing of them.
        let tells = spec.ranges_max > 0 || !spec.ranges.is_empty();
        let ranges = match spec.ranges.is_empty() {
            true => self.cut(&mut conns[0], &table, (spec.after, readers)).await?,
            false => spec.ranges,
        };
        let first = CopyPart {
            fields: plan.fields.iter().map(|one| field_to_proto(one, Included::All)).collect(),
            pkfields: table.key_fields().map(|one| field_to_proto(&one, Included::All)).collect(),
            gtid: at.to_string(),
            ranges: ranges.iter().filter(|_| tells).map(KeyRange::to_proto).collect(),
            ..CopyPart::default()
        };
        if out.send(first).await.is_err() {
            return Ok(());
        }
        let reading = conns.into_iter().zip(&ranges).zip(0..).map(|((conn, range), number)| {
            Box::pin(self.copy_range(conn, &plan, (number, range), out))
        });
        try_join_all(reading).await.map(drop)
    }

    /// Sends the rows of one range.
    async fn copy_range(
        &self,
        mut conn: Conn,
        plan: &TablePlan,
        (number, range): (u32, &KeyRange),
        out: &mpsc::Sender<CopyPart>,
    ) -> Result<()> {
        let sql = select(&self.database, &plan.table, range);
        let mut rows = conn.query_stream(&sql, self.batch_bytes).await?;
        while let Some(batch) = rows.next_batch().await? {
            if out.send(CopyPart { range: number, ..part(plan, &batch)? }).await.is_err() {
                return Ok(());
            }
        }
        if let Some(up_to) = &range.up_to {
            let lastpk = Some(values::to_proto(up_to));
            let end = CopyPart { range: number, lastpk, ..CopyPart::default() };
            // A receiver that is gone is seen by who sends next.
            drop(out.send(end).await);
        }
        Ok(())
    }

    /// Opens a snapshot on connections; returns the position that all of them show.
    ///
    /// A read lock keeps the table's writers away for as long as it takes to begin and to ask.
    pub(crate) async fn snapshot(&self, conns: &mut [Conn], table: &str) -> Result<Position> {
        let mut locker = self.locker().await?;
        let place = format!("{}.{}", quoted(&self.database), quoted(table));
        locker.query(format!("lock tables {place} read"), 1).await?;
        begin(conns, locker).await
    }

    /// Returns a connection whose locks are waited for only so long.
    pub(crate) async fn locker(&self) -> Result<Conn> {
        let mut conn = self.connect().await?;
        conn.query(format!("set lock_wait_timeout = {LOCK_SECONDS}"), 1).await?;
        Ok(conn)
    }
}

/// Begins snapshots while another connection keeps writers away, which then lets them go on;
/// returns the position that all show.
pub(crate) async fn begin(conns: &mut [Conn], mut locker: Conn) -> Result<Position> {
    for conn in conns {
        conn.query("set transaction isolation level repeatable read", 1).await?;
        conn.query("start transaction with consistent snapshot, read only", 1).await?;
    }
    let gtid_set = position(&mut locker).await?;
    locker.query("unlock tables", 1).await?;
    locker.close().await;
    Ok(Position { gtid_set })
}

/// Makes the part that sends a batch of whole rows.
pub(crate) fn part(plan: &TablePlan, batch: &Rows) -> Result<CopyPart> {
    let table = &plan.table;
    let mut part = CopyPart::default();
    if let Some(last) = batch.len().checked_sub(1) {
        let last = row_values(&table.columns, batch.get(last));
        let key: Values = table.key.iter().map(|place| last[*place].clone()).collect();
        part.lastpk = Some(values::to_proto(&key));
    }
    let has_float = table.columns.iter().any(|column| column.field.typ == Type::FLOAT32);
    if plan.sends_whole_rows() && !has_float {
        let (rows, tested) = (rows_to_proto(batch), plan.tested());
        if tested.is_empty() {
            part.rows = rows;
            return Ok(part);
        }
        // Of each row only what decides is looked at.
        let mut values: Values = vec![None; table.columns.len()];
        for (row, sent) in batch.iter().zip(rows) {
            for place in &tested {
                values[*place] = row.column(*place).map(Bytes::copy_from_slice);
            }
            if plan.takes(&values)? {
                part.rows.push(sent);
            }
        }
        return Ok(part);
    }
    for row in batch.iter() {
        let row = row_values(&table.columns, row);
        if plan.takes(&row)? {
            part.rows.push(values::to_proto(&plan.project(&row)?));
        }
    }
    Ok(part)
}

fn row_values(columns: &[SourceColumn], row: Row<'_>) -> Values {
    row.columns()
        .zip(columns)
        .map(|(value, column)| {
            let value = value?;
            match column.field.typ {
                Type::FLOAT32 => Some(shortest(value)),
                _ => Some(Bytes::copy_from_slice(value)),
            }
        })
        .collect()
}

/// Writes the FLOAT that was read as a DOUBLE with the digits that tell it, and no more.
fn shortest(text: &[u8]) -> Bytes {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
    let Some(number) = number else { return Bytes::copy_from_slice(text) };
    let mut out = Vec::new();
    #[expect(clippy::cast_possible_truncation, reason = "it was a FLOAT before")]
    vt_value::float::write_f64((number as f32).to_string().parse().unwrap_or(number), &mut out);
    out.into()
}

/// Makes the statement that reads a range of a table.
pub(crate) fn select(database: &str, table: &SourceTable, range: &KeyRange) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| match column.field.typ {
            // FLOAT is printed with six digits, which is not all that it has.
            Type::FLOAT32 => format!("cast({} as double)", quoted(&column.field.name)),
            _ => quoted(&column.field.name),
        })
        .collect();
    let mut sql =
        format!("select {} from {}.{}", columns.join(", "), quoted(database), quoted(&table.name));
    let conditions = range.conditions(table);
    if !conditions.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(sql, " where {conditions}");
    }
    let key: Vec<String> =
        table.key.iter().map(|place| quoted(&table.columns[*place].field.name)).collect();
    let _ = write!(sql, " order by {}", key.join(", "));
    sql
}

/// Reads the key of a row that a reader sends back.
pub fn key_of(last: &query::QueryResult) -> Option<Values> {
    values_of(last.rows.first()?)
}

/// Cuts a row into its values; `None` where lengths and values do not agree.
pub fn values_of(row: &query::Row) -> Option<Values> {
    let mut rest = row.values.clone();
    row.lengths
        .iter()
        .map(|length| match usize::try_from(*length) {
            Ok(length) if length <= rest.len() => Some(Some(rest.split_to(length))),
            Ok(_) => None,
            Err(_) => Some(None),
        })
        .collect()
}
