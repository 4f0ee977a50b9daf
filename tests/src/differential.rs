//! MySQL as the judge: each statement of `tests/diff` runs on one plain mysqld and through the
//! sharded cluster, and both must agree on columns, types, rows, counts and errors.
//!
//! A statement that the cluster refuses (VT12001) is listed in `tests/diff/refused.txt`: the list
//! may only shrink. `UPDATE=1` writes it anew.

use std::path::PathBuf;

use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row};
use vt_testkit::LocalCluster;
use vt_testkit::tools::repository;

use crate::Case;
use crate::check::Outcome;

pub(crate) fn cases() -> Vec<Case> {
    vec![("mysql and the cluster agree", agree)]
}

/// What a statement gave.
#[derive(Debug, PartialEq)]
enum Answer {
    Rows { columns: Vec<(String, ColumnType)>, rows: Vec<String> },
    Done { affected: u64 },
    Error { errno: u16, state: String, message: String },
}

fn folder() -> PathBuf {
    repository().join("tests/diff")
}

fn agree(cluster: &LocalCluster) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(compare(cluster))
}

async fn compare(cluster: &LocalCluster) -> Outcome {
    let text = |err: mysql_async::Error| err.to_string();
    let socket = cluster.folder().join("vt_0000000100/mysql.sock");
    let plain =
        OptsBuilder::default().socket(Some(socket.display().to_string())).user(Some("vt_dba"));
    let mut oracle = Conn::new(plain).await.map_err(text)?;
    let through = OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(cluster.port(15306))
        .user(Some("user"))
        .db_name(Some("customer"))
        .prefer_socket(false);
    let mut gate = Conn::new(through).await.map_err(text)?;
    for sql in ["drop database if exists oracle", "create database oracle", "use oracle"] {
        oracle.query_drop(sql).await.map_err(text)?;
    }
    for sql in statements("setup.sql")? {
        oracle.query_drop(&sql).await.map_err(|err| format!("mysqld: {sql}: {err}"))?;
        if let Some(table) =
            sql.strip_prefix("create table ").and_then(|rest| rest.split(' ').next())
        {
            let column = if table == "song" { "person_id" } else { "id" };
            let add = format!("alter vschema on customer.{table} add vindex `hash`({column})");
            gate.query_drop(&add).await.map_err(|err| format!("{add}: {err}"))?;
        }
        gate.query_drop(&sql).await.map_err(|err| format!("gateway: {sql}: {err}"))?;
    }
    let (mut wrong, mut refused, mut count) = (Vec::new(), Vec::new(), 0);
    for file in ["select.sql", "write.sql"] {
        for sql in statements(file)? {
            count += 1;
            let wanted = ask(&mut oracle, &sql).await?;
            let seen = ask(&mut gate, &sql).await?;
            if let Answer::Error { message, .. } = &seen
                && message.contains("VT12001")
            {
                refused.push(sql);
                // What was refused here must not have happened there either.
                if file == "write.sql" {
                    undo(&mut oracle, &mut gate).await?;
                }
            } else if !same(&wanted, &seen) {
                wrong.push(format!("{sql}\n  mysqld  {wanted:?}\n  cluster {seen:?}"));
            }
        }
    }
    for table in ["person", "song", "plain_tag"] {
        gate.query_drop(format!("drop table {table}")).await.map_err(text)?;
        let drop = format!("alter vschema drop table customer.{table}");
        gate.query_drop(&drop).await.map_err(|err| format!("{drop}: {err}"))?;
    }
    oracle.query_drop("drop database oracle").await.map_err(text)?;
    check_refused(&refused)?;
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{} of {count} statements differ:\n{}", wrong.len(), wrong.join("\n")))
}

/// Copies the tables' rows of the cluster over those of the plain server.
async fn undo(oracle: &mut Conn, gate: &mut Conn) -> Outcome {
    let text = |err: mysql_async::Error| err.to_string();
    for table in ["person", "song", "plain_tag"] {
        let rows: Vec<Row> = gate.query(format!("select * from {table}")).await.map_err(text)?;
        oracle.query_drop(format!("delete from {table}")).await.map_err(text)?;
        for row in rows {
            let values = row.unwrap();
            let marks = vec!["?"; values.len()].join(",");
            let sql = format!("insert into {table} values ({marks})");
            let values = mysql_async::Params::Positional(values);
            oracle.exec_drop(sql, values).await.map_err(text)?;
        }
    }
    Ok(())
}

fn check_refused(refused: &[String]) -> Outcome {
    let path = folder().join("refused.txt");
    let seen = refused.iter().map(|sql| format!("{sql}\n")).collect::<String>();
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(&path, seen).map_err(|err| format!("{}: {err}", path.display()));
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    if seen == wanted {
        return Ok(());
    }
    Err(format!("the cluster refuses other statements than {} lists:\n{seen}", path.display()))
}

/// Returns the statements of a file: each ends with `;` at the end of a line.
fn statements(name: &str) -> Result<Vec<String>, String> {
    let path = folder().join(name);
    let text =
        std::fs::read_to_string(&path).map_err(|err| format!("{}: {err}", path.display()))?;
    Ok(text.split(";\n").map(str::trim).filter(|sql| !sql.is_empty()).map(str::to_owned).collect())
}

async fn ask(conn: &mut Conn, sql: &str) -> Result<Answer, String> {
    let mut result = match conn.query_iter(sql).await {
        Ok(result) => result,
        Err(mysql_async::Error::Server(err)) => {
            return Ok(Answer::Error { errno: err.code, state: err.state, message: err.message });
        }
        Err(err) => return Err(format!("{sql}: {err}")),
    };
    let columns = result.columns();
    let affected = result.affected_rows();
    let rows: Result<Vec<Row>, _> = result.collect().await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(mysql_async::Error::Server(err)) => {
            return Ok(Answer::Error { errno: err.code, state: err.state, message: err.message });
        }
        Err(err) => return Err(format!("{sql}: {err}")),
    };
    Ok(match columns.filter(|columns| !columns.is_empty()) {
        None => Answer::Done { affected },
        Some(columns) => {
            let name = |column: &mysql_async::Column| {
                (column.name_str().into_owned(), family(column.column_type()))
            };
            let columns = columns.iter().map(name).collect();
            let mut rows: Vec<String> =
                rows.into_iter().map(|row| format!("{:?}", row.unwrap())).collect();
            if !sql.contains("order by") {
                rows.sort();
            }
            Answer::Rows { columns, rows }
        }
    })
}

/// Messages name databases and may have another wording in front; the rest must be the same.
fn same(wanted: &Answer, seen: &Answer) -> bool {
    match (wanted, seen) {
        (Answer::Error { errno, state, .. }, Answer::Error { errno: number, state: other, .. }) => {
            errno == number && state == other
        }
        _ => wanted == seen,
    }
}

/// The query service between gateway and tablet has one type for TEXT and BLOB of all sizes.
fn family(typ: ColumnType) -> ColumnType {
    match typ {
        ColumnType::MYSQL_TYPE_TINY_BLOB
        | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
        | ColumnType::MYSQL_TYPE_LONG_BLOB => ColumnType::MYSQL_TYPE_BLOB,
        other => other,
    }
}
