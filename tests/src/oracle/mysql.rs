//! MySQL's side: a session that answers many expressions in one round trip.

use mysql_async::consts::ColumnFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, Value};

use super::answer::{Answer, Column, Warning, family, told_length};
use super::files::Surroundings;

/// The moment at which all statements run: 2024-02-29 11:22:33.456789 UTC.
pub(crate) const NOW_MICROS: i64 = 1_709_205_753_456_789;

/// How many expressions go into a round trip.
const BATCH: usize = 40;

/// The database that tables of rows are made in.
const DATABASE: &str = "vt_expressions";

/// A session on a MySQL server.
pub(crate) struct Server {
    conn: Conn,
    /// Where the session is, and the columns of its table.
    entered: Option<(Surroundings, Vec<TableColumn>)>,
    pub(crate) facts: Facts,
}

/// What functions tell of a session.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) user: String,
    pub(crate) current_user: String,
    pub(crate) version: String,
    pub(crate) connection_id: u64,
    pub(crate) database: String,
}

/// A column of the table that expressions are computed over, and its values in each row.
#[derive(Clone, Debug)]
pub(crate) struct TableColumn {
    pub(crate) name: String,
    /// As the text protocol gives it to a client that speaks utf8mb4.
    pub(crate) meta: mysql_async::Column,
    /// The collation of the column itself.
    pub(crate) collation: Option<String>,
    /// The type as DDL writes it.
    pub(crate) column_type: String,
    pub(crate) values: Vec<Option<Vec<u8>>>,
}

fn text(err: mysql_async::Error) -> String {
    err.to_string()
}

impl Server {
    /// Connects through a socket and makes a database of its own.
    pub(crate) async fn connect(socket: &str, user: &str) -> Result<Server, String> {
        let options =
            OptsBuilder::default().socket(Some(socket)).user(Some(user)).max_allowed_packet(None);
        let mut conn = Conn::new(options).await.map_err(|err| format!("{socket}: {err}"))?;
        for sql in [
            format!("create database if not exists {DATABASE}"),
            format!("use {DATABASE}"),
            "set names utf8mb4".to_owned(),
            "create temporary table no_rows (a int)".to_owned(),
        ] {
            conn.query_drop(sql).await.map_err(text)?;
        }
        let ask = "select user(), current_user(), version(), connection_id()";
        let facts: Option<(String, String, String, u64)> =
            conn.query_first(ask).await.map_err(text)?;
        let (user, current_user, version, connection_id) =
            facts.ok_or_else(|| "the server tells nothing of itself".to_owned())?;
        let database = DATABASE.to_owned();
        let facts = Facts { user, current_user, version, connection_id, database };
        Ok(Server { conn, entered: None, facts })
    }

    /// Returns whether the server still answers on this connection.
    pub(crate) async fn answers(&mut self) -> bool {
        self.conn.ping().await.is_ok()
    }

    /// Returns the names of all collations, each with its character set.
    pub(crate) async fn collations(&mut self) -> Result<Vec<(String, String)>, String> {
        let sql = "select collation_name, character_set_name from information_schema.collations \
                   order by 1";
        self.conn.query(sql).await.map_err(text)
    }

    /// Makes the session as it must be for the next expressions; returns the table's columns.
    pub(crate) async fn enter(
        &mut self,
        surroundings: &Surroundings,
    ) -> Result<Vec<TableColumn>, String> {
        if let Some((now, columns)) = &self.entered
            && now == surroundings
        {
            return Ok(columns.clone());
        }
        self.entered = None;
        // What a session begins with, then what is asked for. Results come in the character set
        // that they have, so that bytes and collation are seen as they are.
        let seconds = NOW_MICROS / 1_000_000;
        let micros = NOW_MICROS % 1_000_000;
        let start = format!(
            "set sql_mode = default, time_zone = '+00:00', collation_connection = \
             utf8mb4_0900_ai_ci, default_week_format = 0, div_precision_increment = 4, \
             lc_time_names = 'en_US', group_concat_max_len = 1024, block_encryption_mode = \
             'aes-128-ecb', character_set_client = utf8mb4, character_set_results = utf8mb4, \
             timestamp = {seconds}.{micros:06}"
        );
        self.conn.query_drop(&start).await.map_err(text)?;
        self.conn.query_drop("drop temporary table if exists t").await.map_err(text)?;
        if let Some(definition) = &surroundings.table {
            self.make_table(definition, &surroundings.rows).await?;
        }
        for (name, value) in &surroundings.variables {
            let set = format!("set session {name} = {value}");
            self.conn.query_drop(&set).await.map_err(|err| format!("{set}: {err}"))?;
        }
        // Read in the session that was asked for, as a shard would: its time zone tells what a
        // TIMESTAMP shows.
        let columns = match &surroundings.table {
            Some(_) => self.read_table().await?,
            None => Vec::new(),
        };
        self.conn.query_drop("set character_set_results = null").await.map_err(text)?;
        self.entered = Some((surroundings.clone(), columns.clone()));
        Ok(columns)
    }

    /// Makes the table.
    async fn make_table(&mut self, definition: &str, rows: &[String]) -> Result<(), String> {
        let failed = |sql: &str, err: mysql_async::Error| format!("{sql}: {err}");
        // Rows may hold dates of zeroes.
        self.conn.query_drop("set sql_mode = ''").await.map_err(text)?;
        let create = format!("create temporary table t ({definition})");
        self.conn.query_drop(&create).await.map_err(|err| failed(&create, err))?;
        for row in rows {
            let insert = format!("insert into t values ({row})");
            self.conn.query_drop(&insert).await.map_err(|err| failed(&insert, err))?;
        }
        self.conn.query_drop("set sql_mode = default").await.map_err(text)
    }

    /// Reads the table as a client would.
    async fn read_table(&mut self) -> Result<Vec<TableColumn>, String> {
        let described: Vec<Row> =
            self.conn.query("show full columns from t").await.map_err(text)?;
        let mut result = self.conn.query_iter("select * from t").await.map_err(text)?;
        let metas = result.columns().ok_or_else(|| "a table without columns".to_owned())?;
        let seen: Vec<Row> = result.collect().await.map_err(text)?;
        drop(result);
        let mut columns = Vec::new();
        for (place, meta) in metas.iter().enumerate() {
            let facts = described.get(place);
            let fact =
                |at: usize| facts.and_then(|row| row.get::<Option<String>, usize>(at)).flatten();
            columns.push(TableColumn {
                name: meta.name_str().into_owned(),
                meta: meta.clone(),
                collation: fact(2),
                column_type: fact(1).unwrap_or_default(),
                values: seen.iter().map(|row| bytes_at(row, place)).collect(),
            });
        }
        Ok(columns)
    }

    /// Answers expressions in the surroundings that were entered last.
    pub(crate) async fn ask(&mut self, expressions: &[String]) -> Result<Vec<Answer>, String> {
        let table = self.entered.as_ref().is_some_and(|(now, _)| now.table.is_some());
        let from = if table { " from t" } else { "" };
        let mut answers = Vec::with_capacity(expressions.len());
        for batch in expressions.chunks(BATCH) {
            let start = answers.len();
            while answers.len() < start + batch.len() {
                let rest = &batch[answers.len() - start..];
                self.ask_batch(rest, from, &mut answers).await?;
            }
        }
        Ok(answers)
    }

    /// Answers as many expressions as it can: an error ends the round trip.
    async fn ask_batch(
        &mut self,
        expressions: &[String],
        from: &str,
        answers: &mut Vec<Answer>,
    ) -> Result<(), String> {
        let statements: Vec<String> =
            expressions.iter().map(|expr| format!("select {expr}{from}")).collect();
        let start = answers.len();
        let mut warned = Vec::new();
        match self.conn.query_iter(statements.join(";\n")).await {
            Err(mysql_async::Error::Server(err)) => {
                answers.push(error(err));
            }
            Err(err) => return Err(format!("{}: {err}", expressions[0])),
            Ok(mut result) => {
                while answers.len() < start + expressions.len() {
                    let Some(columns) = result.columns() else { break };
                    let rows: Result<Vec<Row>, _> = result.collect().await;
                    match rows {
                        Ok(rows) => {
                            if result.warnings() > 0 {
                                warned.push(answers.len());
                            }
                            answers.push(answer(&columns, &rows));
                        }
                        Err(mysql_async::Error::Server(err)) => {
                            answers.push(error(err));
                            break;
                        }
                        Err(err) => return Err(err.to_string()),
                    }
                }
                // The error of the statement that came next, if it is not taken here, would be
                // taken for that of another.
                match result.drop_result().await {
                    Err(mysql_async::Error::Server(err))
                        if answers.len() < start + expressions.len() =>
                    {
                        // How often the statement before it warned is forgotten by then.
                        warned.extend(answers.len().checked_sub(1).filter(|at| *at >= start));
                        answers.push(error(err));
                    }
                    Ok(()) | Err(mysql_async::Error::Server(_)) => {}
                    Err(err) => return Err(err.to_string()),
                }
            }
        }
        if answers.len() == start {
            return Err(format!("no answer to {}", expressions[0]));
        }
        warned.dedup();
        let asked: Vec<&str> =
            warned.iter().map(|place| statements[place - start].as_str()).collect();
        let found = self.warnings(&asked).await?;
        for (place, found) in warned.into_iter().zip(found) {
            if let Answer::Rows { warnings, .. } = &mut answers[place] {
                *warnings = found;
            }
        }
        Ok(())
    }

    /// Asks once more for the warnings of statements, all in one round trip; an error, of what has
    /// another answer each time, ends that and begins the next.
    async fn warnings(&mut self, statements: &[&str]) -> Result<Vec<Vec<Warning>>, String> {
        let mut found = Vec::with_capacity(statements.len());
        while found.len() < statements.len() {
            let rest = &statements[found.len()..];
            if !self.warnings_of(rest, &mut found).await? {
                found.push(Vec::new());
            }
        }
        Ok(found)
    }

    /// Asks for warnings until a statement fails; returns whether none did.
    ///
    /// A statement without tables that warns of nothing leaves the warnings of the one before as
    /// they are; one that reads a table clears them.
    async fn warnings_of(
        &mut self,
        statements: &[&str],
        found: &mut Vec<Vec<Warning>>,
    ) -> Result<bool, String> {
        let texts: Vec<String> = statements
            .iter()
            .map(|statement| format!("select 1 from no_rows;\n{statement};\nshow warnings"))
            .collect();
        let cell = |row: &Row, place| as_told(&bytes_at(row, place).unwrap_or_default());
        let warning = |row: Row| Warning {
            level: cell(&row, 0),
            errno: cell(&row, 1).parse().unwrap_or_default(),
            message: cell(&row, 2),
        };
        let mut result = match self.conn.query_iter(texts.join(";\n")).await {
            Err(mysql_async::Error::Server(_)) => return Ok(false),
            other => other.map_err(text)?,
        };
        for _ in statements {
            for part in 0..3 {
                let rows: Vec<Row> = match result.collect().await {
                    Err(mysql_async::Error::Server(_)) => return Ok(false),
                    other => other.map_err(text)?,
                };
                if part == 2 {
                    found.push(rows.into_iter().map(warning).collect());
                }
            }
        }
        Ok(true)
    }
}

/// Returns an error with its message as such a client is told it.
fn error(err: mysql_async::ServerError) -> Answer {
    Answer::Error { errno: err.code, message: as_told(err.message.as_bytes()) }
}

/// Returns a message as a client of utf8mb4 would be told it. It is UTF-8 of three bytes at most,
/// and may quote bytes that are no text: of them each is a question mark.
fn as_told(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for one in chunk.valid().chars() {
            match u32::from(one) > 0xffff {
                true => out.push_str("????"),
                false => out.push(one),
            }
        }
        out.extend(std::iter::repeat_n('?', chunk.invalid().len()));
    }
    out
}

fn answer(columns: &[mysql_async::Column], rows: &[Row]) -> Answer {
    let Some(column) = columns.first() else {
        return Answer::Error { errno: 0, message: "a result without columns".to_owned() };
    };
    let flags = column.flags();
    let column = Column {
        typ: family(column.column_type() as u8),
        length: told_length(column.column_type() as u8, column.column_length()),
        decimals: column.decimals(),
        not_null: flags.contains(ColumnFlags::NOT_NULL_FLAG),
        unsigned: flags.contains(ColumnFlags::UNSIGNED_FLAG),
        collation: column.character_set(),
    };
    let values = rows.iter().map(|row| bytes_at(row, 0)).collect();
    Answer::Rows { column, values, warnings: Vec::new() }
}

/// Returns a cell as the text protocol gives it.
fn bytes_at(row: &Row, place: usize) -> Option<Vec<u8>> {
    match row.as_ref(place) {
        Some(Value::Bytes(bytes)) => Some(bytes.clone()),
        _ => None,
    }
}
