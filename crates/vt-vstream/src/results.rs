//! Results of a query, and all tables at one moment.

use std::sync::Arc;

use tokio::sync::mpsc;
use vt_base::gtid::Position;
use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_proto::binlogdata::{self, VStreamResultsResponse, VStreamTablesResponse};
use vt_rpc::convert::{Included, field_to_proto, rows_to_proto};
use vt_sql::ast::{QueryBody, Statement, TableRef};
use vt_sql::{Arena, Modes};

use crate::copy::{begin, part, select};
use crate::filter::{Wanted, read_rule, rule_of};
use crate::table::quoted;
use crate::{KeyRange, Source, SourceTable, TablePlan, Vindexes};

/// Which tables are sent together, and what of them.
#[derive(Clone, Debug, Default)]
pub struct TablesSpec {
    /// Nothing sends tables whole.
    pub filter: Option<binlogdata::Filter>,
    /// Without a filter, only these; none sends all.
    pub tables: Vec<String>,
    /// The vschema whose vindexes the filter means.
    pub schema: Option<Arc<Vindexes>>,
}

/// The account lacks a right.
const MAY_NOT: u16 = 1227;

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

    /// Sends tables one after the other, as they all were at one position; the first part of each
    /// tells its columns and the position.
    ///
    /// # Errors
    /// The filter asks for what cannot be streamed, or mysqld does not answer, or does not let its
    /// tables be locked for a moment.
    pub async fn all_tables(
        &self,
        spec: TablesSpec,
        out: &mpsc::Sender<VStreamTablesResponse>,
    ) -> Result<()> {
        let mut conn = self.connect().await?;
        let mut plans = Vec::new();
        for name in self.tables().await? {
            let Some(wanted) = spec.wanted(&name)? else { continue };
            let table = SourceTable::load(&mut conn, &self.database, &name).await?;
            plans.push(TablePlan::new(table.into(), &wanted, spec.schema.as_deref())?);
        }
        let gtid = self.snapshot_of_all(&mut conn, &plans).await?.to_string();
        for plan in plans {
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
                is_filtered: spec.filter.is_some(),
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

    /// Opens a snapshot of all tables; returns its position.
    ///
    /// The server's writers are kept away for as long as it takes to begin and to ask.
    async fn snapshot_of_all(&self, conn: &mut Conn, plans: &[TablePlan]) -> Result<Position> {
        let mut locker = self.locker().await?;
        let locked = locker.query("flush tables with read lock", 1).await;
        match locked {
            // An account may be allowed to lock tables, and not to lock the server.
            Err(error) if error.errno() == MAY_NOT && !plans.is_empty() => {
                let place = |plan: &TablePlan| {
                    format!("{}.{} read", quoted(&self.database), quoted(&plan.table.name))
                };
                let places: Vec<String> = plans.iter().map(place).collect();
                locker.query(format!("lock tables {}", places.join(", ")), 1).await?;
            }
            locked => drop(locked?),
        }
        begin(std::slice::from_mut(conn), locker).await
    }
}

impl TablesSpec {
    /// Returns what is sent of a table, if anything.
    fn wanted(&self, table: &str) -> Result<Option<Wanted>> {
        match &self.filter {
            Some(filter) => rule_of(filter, table)?.map(read_rule).transpose(),
            None => {
                let is_named = self.tables.is_empty() || self.tables.iter().any(|one| one == table);
                Ok(is_named.then_some(Wanted::Everything))
            }
        }
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
