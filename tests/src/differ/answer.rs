//! What a statement gave, as a client sees it.

use std::fmt::{Display, Formatter};

use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::prelude::{Protocol, Queryable};
use mysql_async::{Column, Conn, Error, QueryResult, Row, Value};

/// How much of an answer is printed.
const ROWS_SHOWN: usize = 10;

/// A statement with the values of its marks; it is prepared where there are any, or where asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
    pub(crate) prepared: bool,
}

impl Statement {
    pub(crate) fn text(sql: &str) -> Statement {
        Statement { sql: sql.to_owned(), values: Vec::new(), prepared: false }
    }

    pub(crate) fn prepared(sql: &str, values: Vec<Value>) -> Statement {
        Statement { sql: sql.to_owned(), values, prepared: true }
    }
}

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.sql)?;
        if self.prepared {
            let values: Vec<String> = self.values.iter().map(|value| value.as_sql(false)).collect();
            write!(f, "  -- prepared ({})", values.join(", "))?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Rows(Rows),
    Done {
        affected: u64,
        insert_id: u64,
        info: String,
        warnings: Vec<Warning>,
    },
    Error {
        errno: u16,
        state: String,
        message: String,
    },
    /// The connection broke, or nothing came in time.
    Lost(String),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<Meta>,
    pub(crate) rows: Vec<Vec<Value>>,
    pub(crate) warnings: Vec<Warning>,
}

/// What is told of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meta {
    pub(crate) name: String,
    pub(crate) original_name: String,
    pub(crate) table: String,
    pub(crate) typ: ColumnType,
    pub(crate) length: u32,
    pub(crate) decimals: u8,
    pub(crate) flags: ColumnFlags,
    pub(crate) charset: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Warning {
    pub(crate) level: String,
    pub(crate) code: u16,
    pub(crate) message: String,
}

impl Meta {
    fn new(column: &Column) -> Meta {
        Meta {
            name: column.name_str().into_owned(),
            original_name: column.org_name_str().into_owned(),
            table: column.table_str().into_owned(),
            typ: column.column_type(),
            length: column.column_length(),
            decimals: column.decimals(),
            flags: column.flags(),
            charset: column.character_set(),
        }
    }

    /// Returns whether the column is one of a table that the statement names.
    pub(crate) fn is_of_table(&self) -> bool {
        !self.table.is_empty()
    }
}

impl Answer {
    pub(crate) fn error(&self) -> Option<(u16, &str)> {
        match self {
            Answer::Error { errno, message, .. } => Some((*errno, message)),
            _ => None,
        }
    }

    /// Returns why the product does not do this at all, where it says so.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.error().map(|(_, message)| message).filter(|message| message.contains("VT12001"))
    }
}

/// Runs a statement; only what breaks the connection is lost.
pub(crate) async fn ask(conn: &mut Conn, statement: &Statement) -> Answer {
    let asked = if statement.prepared {
        let values = mysql_async::Params::from(statement.values.clone());
        match conn.exec_iter(statement.sql.as_str(), values).await {
            Ok(result) => read(result).await,
            Err(err) => Err(err),
        }
    } else {
        match conn.query_iter(statement.sql.as_str()).await {
            Ok(result) => read(result).await,
            Err(err) => Err(err),
        }
    };
    let (mut answer, warned) = match asked {
        Ok(told) => told,
        Err(Error::Server(err)) => {
            return Answer::Error { errno: err.code, state: err.state, message: err.message };
        }
        Err(err) => return Answer::Lost(err.to_string()),
    };
    if warned {
        match warnings_of(conn).await {
            Ok(found) => match &mut answer {
                Answer::Rows(Rows { warnings, .. }) | Answer::Done { warnings, .. } => {
                    *warnings = found;
                }
                Answer::Error { .. } | Answer::Lost(_) => {}
            },
            Err(err) => return Answer::Lost(format!("show warnings: {err}")),
        }
    }
    answer
}

/// Reads a result to its end; tells whether there are warnings to ask for.
async fn read<P: Protocol>(mut result: QueryResult<'_, '_, P>) -> Result<(Answer, bool), Error> {
    let columns = result.columns();
    let rows: Vec<Row> = result.collect().await?;
    let warned = result.warnings() > 0;
    let answer = match columns.filter(|columns| !columns.is_empty()) {
        None => Answer::Done {
            affected: result.affected_rows(),
            insert_id: result.last_insert_id().unwrap_or_default(),
            info: result.info().into_owned(),
            warnings: Vec::new(),
        },
        Some(columns) => Answer::Rows(Rows {
            columns: columns.iter().map(Meta::new).collect(),
            rows: rows.into_iter().map(Row::unwrap).collect(),
            warnings: Vec::new(),
        }),
    };
    result.drop_result().await?;
    Ok((answer, warned))
}

async fn warnings_of(conn: &mut Conn) -> Result<Vec<Warning>, Error> {
    let rows: Vec<Row> = conn.query("show warnings").await?;
    let cell = |row: &Row, place: usize| match row.as_ref(place) {
        Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    let warning = |row: Row| Warning {
        level: cell(&row, 0),
        code: cell(&row, 1).parse().unwrap_or_default(),
        message: cell(&row, 2),
    };
    Ok(rows.into_iter().map(warning).collect())
}

/// Returns a value as it can be read.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("{text:?}"),
            Err(_) => value.as_sql(true),
        },
        other => other.as_sql(false),
    }
}

impl Display for Meta {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Meta { name, typ, length, decimals, flags, charset, table, original_name } = self;
        let typ = format!("{typ:?}");
        let typ = typ.trim_start_matches("MYSQL_TYPE_");
        write!(f, "{name} {typ}({length},{decimals}) {flags:?} charset {charset}")?;
        write!(f, " of {table}.{original_name}")
    }
}

impl Display for Answer {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let warn = |f: &mut Formatter<'_>, warnings: &[Warning]| {
            warnings.iter().take(ROWS_SHOWN).try_for_each(|warning| {
                write!(f, "\n    {} {}: {}", warning.level, warning.code, warning.message)
            })
        };
        match self {
            Answer::Error { errno, state, message } => {
                write!(f, "error {errno} ({state}): {message}")
            }
            Answer::Lost(why) => write!(f, "lost: {why}"),
            Answer::Done { affected, insert_id, info, warnings } => {
                write!(f, "{affected} affected, insert id {insert_id} {info}")?;
                warn(f, warnings)
            }
            Answer::Rows(Rows { columns, rows, warnings }) => {
                write!(f, "{} rows", rows.len())?;
                for column in columns {
                    write!(f, "\n    {column}")?;
                }
                for row in rows.iter().take(ROWS_SHOWN) {
                    let cells: Vec<String> = row.iter().map(cell).collect();
                    write!(f, "\n    | {}", cells.join(" | "))?;
                }
                if rows.len() > ROWS_SHOWN {
                    write!(f, "\n    ...")?;
                }
                warn(f, warnings)
            }
        }
    }
}
