//! LOAD DATA LOCAL INFILE: the client's file, row by row, as INSERTs that find their shards.
//!
//! MySQL cannot end the transfer of a client's file, and so treats LOCAL like IGNORE: rows that do
//! not fit are left out, with a warning. Here the rows of a file are one transaction.

mod format;
mod plan;

use vt_base::{Code, Error, Result};
use vt_sql::Arena;
use vt_sql::ast::{LoadDuplicates, Statement};
use vt_value::QueryResult;

use crate::gate::Gate;
use crate::query::{ClientFile, Sink, run_internal};
use crate::session::{Level, Session, Warning};
use crate::tx;
use format::{Format, Splitter};
use plan::RowPlan;

/// How many rows one INSERT has.
const BATCH_ROWS: usize = 250;
/// How long the text of one INSERT becomes before the next begins.
const BATCH_BYTES: usize = 512 << 10;
/// The savepoint before a file that is read within a transaction.
const SAVEPOINT: &str = "_vt_load";

/// Carries out `LOAD DATA LOCAL INFILE`.
pub async fn run(
    gate: &Gate,
    session: &mut Session,
    sql: &str,
    sink: &mut dyn Sink,
) -> Result<QueryResult> {
    let Some(file) = sink.client_file() else {
        return Err(refused("over a connection that is not MySQL's own"));
    };
    // Plans of rows hold nothing of the tree, which may not be held across the waiting.
    let (format, rows, facts) = {
        let arena = Arena::new();
        let statement = vt_sql::parse(&arena, sql, session.modes)?;
        let Statement::LoadData(load) = statement else {
            return Err(Error::bug("a statement that loads no data"));
        };
        let is_replacing = load.on_duplicate == Some(LoadDuplicates::Replace);
        let facts = Facts { path: load.path.value.to_vec(), is_replacing };
        (Format::of(load)?, RowPlan::of(gate, session, load)?, facts)
    };
    load(gate, session, (Splitter::new(format), rows, facts), file).await
}

/// What else of the statement matters while the file is read.
struct Facts {
    path: Vec<u8>,
    is_replacing: bool,
}

/// Reads the file and inserts its rows.
async fn load(
    gate: &Gate,
    session: &mut Session,
    (splitter, rows, facts): (Splitter, RowPlan, Facts),
    file: &mut dyn ClientFile,
) -> Result<QueryResult> {
    file.request(&facts.path).await?;
    let own = !session.transaction.is_open;
    let begun = match own {
        true => tx::begin(&gate.tablets, session, tx::BeginOptions::default()).await,
        false => tx::savepoint::set(&gate.tablets, session, SAVEPOINT).await,
    };
    let outcome = match begun {
        Ok(()) => insert_rows(gate, session, (splitter, rows, &facts), file).await,
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        // The client sends its file to the end, whatever becomes of it.
        while file.chunk().await?.is_some() {}
    }
    match (outcome, own) {
        (Ok(result), true) => {
            tx::commit(&gate.tablets, session).await?;
            Ok(result)
        }
        (Ok(result), false) => {
            tx::savepoint::release(&gate.tablets, session, SAVEPOINT).await?;
            Ok(result)
        }
        (Err(error), true) => {
            tx::rollback(&gate.tablets, session).await;
            Err(error)
        }
        (Err(error), false) => {
            tx::savepoint::rollback_to(&gate.tablets, session, SAVEPOINT).await?;
            Err(error)
        }
    }
}

/// What has been done so far.
#[derive(Default)]
struct Counts {
    records: u64,
    affected: u64,
    warnings: u64,
}

async fn insert_rows(
    gate: &Gate,
    session: &mut Session,
    (mut splitter, rows, facts): (Splitter, RowPlan, &Facts),
    file: &mut dyn ClientFile,
) -> Result<QueryResult> {
    let mut counts = Counts::default();
    let mut waiting: Vec<String> = Vec::new();
    let mut bytes = 0;
    loop {
        let chunk = file.chunk().await?;
        match &chunk {
            Some(chunk) => splitter.push(chunk)?,
            None => splitter.end(),
        }
        while let Some(fields) = splitter.next_row()? {
            let row = rows.row(&fields)?;
            if fields.len() > rows.width() {
                let number = counts.records + waiting.len() as u64 + 1;
                let message = format!(
                    "Row {number} was truncated; it contained more data than there were input columns"
                );
                let warning = Warning { level: Level::Warning, code: 1262, message };
                session.warnings.push(warning);
                counts.warnings += 1;
            }
            bytes += row.len();
            waiting.push(row);
            if waiting.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
                send(gate, session, &rows, &mut waiting, &mut counts).await?;
                bytes = 0;
            }
        }
        if chunk.is_none() {
            break;
        }
    }
    send(gate, session, &rows, &mut waiting, &mut counts).await?;
    Ok(result(facts, &counts))
}

async fn send(
    gate: &Gate,
    session: &mut Session,
    rows: &RowPlan,
    waiting: &mut Vec<String>,
    counts: &mut Counts,
) -> Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    let sql = rows.statement(waiting);
    counts.records += waiting.len() as u64;
    waiting.clear();
    let done = run_internal(gate, session, &sql).await?;
    counts.affected += done.rows_affected;
    counts.warnings += u64::from(done.warnings);
    Ok(())
}

fn result(facts: &Facts, counts: &Counts) -> QueryResult {
    let (deleted, skipped) = match facts.is_replacing {
        true => (counts.affected.saturating_sub(counts.records), 0),
        false => (0, counts.records.saturating_sub(counts.affected)),
    };
    let info = format!(
        "Records: {}  Deleted: {deleted}  Skipped: {skipped}  Warnings: {}",
        counts.records, counts.warnings
    );
    QueryResult {
        rows_affected: counts.affected,
        warnings: u16::try_from(counts.warnings).unwrap_or(u16::MAX),
        info: info.into(),
        ..QueryResult::default()
    }
}

fn refused(what: &str) -> Error {
    Error::unsupported(format!("LOAD DATA LOCAL INFILE {what}")).with_code(Code::Unimplemented)
}
