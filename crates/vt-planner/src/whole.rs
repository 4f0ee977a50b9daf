//! Statements whose tables all lie in one place: they go there whole.

use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_plan::{Node, Route, Routing, Write};
use vt_sql::ast::{Expr, InList, Query, QueryBody, SelectInto, SelectItem, Statement};
use vt_vschema::{Destination, Keyspace, Table};

use crate::analyze::tables::tables_of;
use crate::planner::{Located, Planner};
use crate::shard_form::{ShardForm, shard_sql};
use crate::tree::{Child, any_expr, walk_query};

/// Where the tables of a statement lie.
enum Place {
    /// There are none, or only such as every MySQL has.
    Anywhere,
    Unsharded(Arc<Keyspace>),
    /// Every shard of the keyspace has all of them.
    EveryShard(Arc<Keyspace>),
    /// Not in one place.
    Apart,
}

impl<'a> Planner<'a> {
    /// Plans a statement that one place can carry out alone; `None` if there is no such place.
    pub(crate) fn plan_whole(&self, statement: Statement<'a>) -> Result<Option<Node>, Error> {
        let is_query = match statement {
            Statement::Query(_) => true,
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => false,
            _ => return Ok(None),
        };
        if let Statement::Query(query) = statement
            && let Some(node) = self.plan_next_value(query)?
        {
            return Ok(Some(node));
        }
        let mut tables = Vec::new();
        for name in tables_of(statement) {
            match self.locate(name)? {
                Located::Table(table) => tables.push(table),
                Located::System => {}
                Located::Vindex { .. } => return Ok(None),
            }
        }
        let place = match is_query {
            true => self.place_of_reads(&tables),
            false => place_of_writes(&tables),
        };
        let (keyspace, routing) = match place {
            Place::Apart => return Ok(None),
            Place::Unsharded(keyspace) => (keyspace, Routing::Unsharded),
            Place::EveryShard(keyspace) => (keyspace, Routing::AnyShard),
            Place::Anywhere => {
                if let Some(node) = self.plan_without_tables(statement)? {
                    return Ok(Some(node));
                }
                (self.keyspace_of_schema(statement)?, Routing::AnyShard)
            }
        };
        match statement {
            Statement::Query(query) => refuse_unknowable(query, &tables)?,
            // Ids of a sequence are taken before the rows go anywhere.
            Statement::Insert(insert) => {
                let target = self.locate_table(insert.table)?;
                if target.auto_increment.is_some() {
                    return Ok(None);
                }
            }
            _ => {}
        }
        let sql = shard_sql(&ShardForm::new(self).statement(statement)?);
        let mut route = Route::new(keyspace.name.clone(), routing, sql);
        route.read_only = is_query;
        let table = tables.first().map_or_else(String::new, |table| table.qualified_name());
        Ok(Some(match statement {
            Statement::Update(_) => {
                Node::Update(Box::new(Write { route, table: table.into(), input: None }))
            }
            Statement::Delete(_) => {
                Node::Delete(Box::new(Write { route, table: table.into(), input: None }))
            }
            Statement::Query(query) => {
                route.field_sql = self.field_sql(query)?.into();
                Node::Route(Box::new(route))
            }
            _ => Node::Route(Box::new(route)),
        }))
    }

    /// Finds a place from which all tables can be read, copies of reference tables included.
    fn place_of_reads(&self, tables: &[Arc<Table>]) -> Place {
        let Some(first) = tables.first() else { return Place::Anywhere };
        let has_all = |keyspace: &Arc<Keyspace>| {
            tables.iter().all(|table| self.homes(table).contains(keyspace))
        };
        let homes: Vec<Arc<Keyspace>> =
            self.homes(first).into_iter().filter(|keyspace| has_all(keyspace)).collect();
        if let Some(keyspace) = homes.iter().find(|keyspace| !keyspace.sharded) {
            return Place::Unsharded(keyspace.clone());
        }
        let same_everywhere =
            |keyspace: &Arc<Keyspace>| tables.iter().all(|table| is_copy(table, keyspace));
        match homes.iter().find(|keyspace| same_everywhere(keyspace)) {
            Some(keyspace) => Place::EveryShard(keyspace.clone()),
            None => Place::Apart,
        }
    }

    /// Returns the keyspaces in which a table can be read: its own, its source's if it is a
    /// reference table, and those that have a copy of it.
    pub(crate) fn homes(&self, table: &Arc<Table>) -> Vec<Arc<Keyspace>> {
        let mut homes = vec![table.keyspace.clone()];
        let keyspaces = &self.ctx.vschema.keyspaces;
        if let Some((keyspace, _)) = &table.source
            && let Some(schema) = keyspaces.get(keyspace)
        {
            homes.push(schema.keyspace.clone());
        }
        let copies = keyspaces.values().filter(|schema| {
            schema.tables.get(&table.name).is_some_and(|copy| {
                copy.source.as_ref().is_some_and(|(keyspace, name)| {
                    *keyspace == table.keyspace.name && *name == table.name
                })
            })
        });
        homes.extend(copies.map(|schema| schema.keyspace.clone()));
        homes
    }

    /// Plans `SELECT NEXT VALUE FROM sequence`.
    fn plan_next_value(&self, query: &'a Query<'a>) -> Result<Option<Node>, Error> {
        let QueryBody::Select(select) = query.body else { return Ok(None) };
        if !select.items.iter().any(|item| matches!(item, SelectItem::Next(_))) {
            return Ok(None);
        }
        let wrong = || Error::vt(ErrorId::VT03018, "");
        let names = tables_of(Statement::Query(query));
        let [name] = names.as_slice() else { return Err(wrong()) };
        let table = self.locate_table(*name)?;
        if !table.is_sequence() {
            return Err(wrong());
        }
        let routing = match &table.pinned {
            Some(id) => Routing::By(Destination::KeyspaceId(id.clone())),
            None => Routing::Unsharded,
        };
        let sql = shard_sql(&ShardForm::new(self).statement(Statement::Query(query))?);
        let route = Route::new(table.keyspace.name.clone(), routing, sql);
        Ok(Some(Node::Route(Box::new(route))))
    }

    /// Returns the keyspace that a query without tables of its own goes to: that which it compares
    /// with a column of `information_schema`, else the session's, else any.
    fn keyspace_of_schema(&self, statement: Statement<'a>) -> Result<Arc<Keyspace>, Error> {
        let mut named = None;
        if let Statement::Query(query) = statement {
            walk_query(query, &mut |child| {
                if let Child::Expr(expr) = child {
                    any_expr(expr, &mut |part| {
                        named = named.or(self.schema_named(part));
                        named.is_some()
                    });
                }
            });
        }
        match named {
            Some(keyspace) => Ok(keyspace.clone()),
            None => Ok(self.any_keyspace()?.keyspace.clone()),
        }
    }

    /// Returns the keyspace that a comparison like `table_schema = 'ks'` names.
    fn schema_named(&self, expr: Expr<'a>) -> Option<&'a Arc<Keyspace>> {
        let literal = match expr {
            Expr::Binary(binary) if binary.op.is_comparison() => {
                match (binary.left, binary.right) {
                    (Expr::Column(_), Expr::Literal(literal))
                    | (Expr::Literal(literal), Expr::Column(_)) => literal,
                    _ => return None,
                }
            }
            Expr::In(one) => match one.list {
                InList::Literals([literal, ..]) => literal,
                InList::Exprs([Expr::Literal(literal), ..]) => literal,
                _ => return None,
            },
            _ => return None,
        };
        let schema = self.ctx.vschema.keyspaces.get(literal.text()?)?;
        Some(&schema.keyspace)
    }
}

fn place_of_writes(tables: &[Arc<Table>]) -> Place {
    match tables {
        [] => Place::Anywhere,
        [first, rest @ ..] => {
            let together = rest.iter().all(|table| table.keyspace == first.keyspace);
            match together && !first.keyspace.sharded {
                true => Place::Unsharded(first.keyspace.clone()),
                false => Place::Apart,
            }
        }
    }
}

/// Returns whether every shard of a keyspace has all rows of a table.
fn is_copy(table: &Table, keyspace: &Arc<Keyspace>) -> bool {
    if table.keyspace == *keyspace {
        return table.is_reference();
    }
    // Another keyspace's copy of the table is a reference table there.
    table.source.is_none() || keyspace.sharded
}

/// Refuses what a shard alone would answer in a way that the session does not see.
fn refuse_unknowable(query: &Query<'_>, tables: &[Arc<Table>]) -> Result<(), Error> {
    match query.into {
        Some(SelectInto::Variables(_)) => {
            return Err(Error::unsupported("SELECT ... INTO a variable"));
        }
        Some(_) if tables.iter().any(|table| table.keyspace.sharded) => {
            return Err(Error::unsupported("INTO on sharded keyspace"));
        }
        _ => {}
    }
    Ok(())
}
