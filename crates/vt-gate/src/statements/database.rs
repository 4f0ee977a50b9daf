//! CREATE DATABASE and DROP DATABASE: keyspaces.

use vt_base::{Error, ErrorId, Result};
use vt_sql::ast;
use vt_value::QueryResult;

use crate::gate::Gate;
use crate::session::{Level, Session, Warning};

/// `CREATE DATABASE [IF NOT EXISTS] name`
#[derive(Debug)]
pub struct Create {
    pub name: String,
    pub if_not_exists: bool,
}

/// `DROP DATABASE [IF EXISTS] name`
#[derive(Debug)]
pub struct Drop {
    pub name: String,
    pub if_exists: bool,
}

pub fn read_create(create: &ast::CreateDatabase<'_>) -> Create {
    Create { name: create.name.as_str().to_owned(), if_not_exists: create.if_not_exists }
}

pub fn read_drop(drop: &ast::DropDatabase<'_>) -> Drop {
    Drop { name: drop.name.as_str().to_owned(), if_exists: drop.if_exists }
}

/// A database is a keyspace with tablets of its own, and a tablet belongs to a keyspace from its
/// start: there are none to give to a new one. So the error says how to start some.
pub async fn create(gate: &Gate, session: &mut Session, create: Create) -> Result<QueryResult> {
    let name = &create.name;
    if gate.has_keyspace(name) || gate.topo_server().get_keyspace(name).await.is_ok() {
        if !create.if_not_exists {
            return Err(Error::vt(ErrorId::VT06001, name));
        }
        let message = format!("Can't create database '{name}'; database exists");
        session.warnings.push(Warning { level: Level::Note, code: 1007, message });
        return Ok(QueryResult { rows_affected: 1, ..QueryResult::default() });
    }
    Err(Error::unsupported(format!(
        "create database '{name}': a database is a keyspace with tablets of its own, and no tablet \
         is free; start some with `vitrum up --keyspace {name}`, or with `vttablet --init-keyspace \
         {name} --init-shard -`, and the database appears by itself"
    )))
}

/// Dropping loses the data of every shard, so that it is left to the cluster's own tool.
pub async fn drop_database(gate: &Gate, drop: Drop) -> Result<QueryResult> {
    let name = &drop.name;
    if !gate.has_keyspace(name) {
        let known = gate.topo_server().get_keyspace(name).await.is_ok();
        if !known && drop.if_exists {
            return Ok(QueryResult::default());
        }
        if !known {
            return Err(Error::vt(ErrorId::VT05001, name));
        }
    }
    Err(Error::unsupported(format!(
        "drop database '{name}': stop its tablets and run `vtctldclient DeleteKeyspace --recursive \
         {name}`"
    )))
}
