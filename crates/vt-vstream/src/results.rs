//! Results of a query, and all tables at one moment.

use tokio::sync::mpsc;
use vt_base::gtid::Position;
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::{VStreamResultsResponse, VStreamTablesResponse};
use vt_rpc::convert::{Included, field_to_proto, rows_to_proto};
use vt_sql::ast::{QueryBody, Statement, TableRef};
use vt_sql::{Arena, Modes};

use crate::copy::{part, select};
use crate::filter::Wanted;
use crate::source::position;
use crate::{KeyRange, Source, SourceTable, TablePlan};

impl Source {
    /// Sends the result of a query over one table, as it was at one position; the first part
    /// tells columns and position.
    ///
    /// # Errors
    /// The text is no query over a table, or mysqld refuses it.
    pub async fn results(
        &self,
        sql: &str,
        out: &mpsc::Sender<VStreamResultsResponse>,
    ) -> Result<()> {
        let table = table_of(sql)?;
        let mut conn = self.connect().await?;
        conn.init_db(&self.database).await?;
        let at = self.snapshot(std::slice::from_mut(&mut conn), &table).await?;
        let mut rows = conn.query_stream(sql, self.batch_bytes).await?;
        let fields = rows.fields().iter().map(|field| field_to_proto(field, Included::All));
        let head = VStreamResultsResponse {
            fields: fields.collect(),
            gtid: at.to_string(),
            ..Default::default()
        };
        if out.send(head).await.is_err() {
            return Ok(());
        }
        while let Some(batch) = rows.next_batch().await? {
            let part = VStreamResultsResponse { rows: rows_to_proto(&batch), ..Default::default() };
            if out.send(part).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Sends all tables one after the other, as they all were at one position; the first part of
    /// each tells its columns and the position.
    ///
    /// # Errors
    /// mysqld does not answer, or does not let its tables be locked for a moment.
    pub async fn all_tables(&self, out: &mpsc::Sender<VStreamTablesResponse>) -> Result<()> {
        let names = self.tables().await?;
        let mut conn = self.connect().await?;
        let mut tables = Vec::with_capacity(names.len());
        for name in &names {
            tables.push(SourceTable::load(&mut conn, &self.database, name).await?);
        }
        let mut locker = self.connect().await?;
        locker.query("set lock_wait_timeout = 5", 1).await?;
        locker.query("flush tables with read lock", 1).await?;
        conn.query("set transaction isolation level repeatable read", 1).await?;
        conn.query("start transaction with consistent snapshot, read only", 1).await?;
        let gtid = Position { gtid_set: position(&mut locker).await? }.to_string();
        locker.query("unlock tables", 1).await?;
        locker.close().await;
        for table in tables {
            let plan = TablePlan::new(table.into(), &Wanted::Everything, None)?;
            let table = &plan.table;
            let name = table.name.clone();
            let mut next = VStreamTablesResponse {
                table_name: name.clone(),
                fields: plan.fields.iter().map(|one| field_to_proto(one, Included::All)).collect(),
                pkfields: table
                    .key_fields()
                    .map(|one| field_to_proto(&one, Included::All))
                    .collect(),
                gtid: gtid.clone(),
                ..Default::default()
            };
            let sql = select(&self.database, table, &KeyRange::default());
            let mut rows = conn.query_stream(&sql, self.batch_bytes).await?;
            loop {
                if out.send(next).await.is_err() {
                    return Ok(());
                }
                let Some(batch) = rows.next_batch().await? else { break };
                let part = part(&plan, &batch)?;
                next = VStreamTablesResponse {
                    table_name: name.clone(),
                    rows: part.rows,
                    lastpk: part.lastpk,
                    ..Default::default()
                };
            }
        }
        Ok(())
    }
}

/// Returns the table that a query reads first.
fn table_of(sql: &str) -> Result<String> {
    let arena = Arena::new();
    let statement = vt_sql::parse(&arena, sql, Modes::default())?;
    let table = match statement {
        Statement::Query(query) => match query.body {
            QueryBody::Select(select) => match select.from.first() {
                Some(TableRef::Table(factor)) => Some(factor.name.name.text.to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    table.ok_or_else(|| {
        let message = format!("cannot stream {sql:?}: it is no SELECT over a table");
        Error::new(Code::InvalidArgument, message)
    })
}
