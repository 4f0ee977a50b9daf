//! The form in which a statement goes to a shard: no keyspaces, bind variables for what only the
//! gateway knows, and the column names that the client must see.

use vt_base::Error;
use vt_plan::Need;
use vt_sql::ast::{
    Binary, BinaryOp, Bind, Expr, Function, Ident, In, InList, Insert, Query, SelectExpr,
    SelectItem, Statement, TableFactor, TableName, Variable, VariableScope,
};
use vt_sql::{Arena, Hooks, Print, Printer};

use crate::planner::{Located, Planner, is_system_schema};
use crate::tree::{
    Rewrite, rewrite_children, rewrite_delete, rewrite_insert, rewrite_query, rewrite_update,
};

/// The longest alias that MySQL takes, in characters.
const ALIAS_MAX: usize = 256;

/// Changes trees into the form for shards.
pub(crate) struct ShardForm<'p, 'a> {
    pub(crate) planner: &'p Planner<'a>,
    /// Names of common tables, which are no tables of a keyspace.
    common: Vec<Ident<'a>>,
}

impl<'p, 'a> ShardForm<'p, 'a> {
    pub(crate) fn new(planner: &'p Planner<'a>) -> ShardForm<'p, 'a> {
        ShardForm { planner, common: Vec::new() }
    }

    /// Changes a statement that reads or changes rows; others stay as they are.
    pub(crate) fn statement(&mut self, statement: Statement<'a>) -> Result<Statement<'a>, Error> {
        Ok(match statement {
            Statement::Query(query) => Statement::Query(self.query(query)?),
            Statement::Insert(insert) => {
                let table = self.table_name(insert.table)?;
                let insert = rewrite_insert(self, insert)?;
                Statement::Insert(self.planner.arena.node(Insert { table, ..*insert }))
            }
            Statement::Update(update) => Statement::Update(rewrite_update(self, update)?),
            Statement::Delete(delete) => Statement::Delete(rewrite_delete(self, delete)?),
            other => other,
        })
    }

    /// Returns the name that a table has on its shards.
    pub(crate) fn table_name(&self, name: TableName<'a>) -> Result<TableName<'a>, Error> {
        match self.locate(name)? {
            Some(Located::Table(found)) => Ok(TableName::new(self.planner.arena.text(&found.name))),
            _ => Ok(name),
        }
    }

    /// Finds a table; where the session is aimed at a shard, what the vschema does not know is
    /// left to the shard.
    fn locate(&self, name: TableName<'a>) -> Result<Option<Located>, Error> {
        match self.planner.locate(name) {
            Ok(located) => Ok(Some(located)),
            Err(_) if self.planner.ctx.target.is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn bind(&self, need: Need) -> Expr<'a> {
        bind(self.planner, self.planner.need(need))
    }

    /// Returns the bind variable in place of a function that only the gateway can answer.
    fn gateway_function(&self, function: &Function<'a>) -> Option<Expr<'a>> {
        if function.schema.is_some() || !function.args.is_empty() {
            return None;
        }
        let is = |names: &[&str]| names.iter().any(|name| function.name.is(name));
        let need = if is(&["database", "schema"]) {
            Need::Database
        } else if is(&["last_insert_id"]) {
            Need::LastInsertId
        } else if is(&["found_rows"]) {
            Need::FoundRows
        } else if is(&["row_count"]) {
            Need::RowCount
        } else if is(&["user", "session_user", "system_user", "current_user"]) {
            Need::User
        } else if is(&["version"]) {
            Need::Version
        } else if is(&["connection_id"]) {
            Need::ConnectionId
        } else {
            return None;
        };
        Some(self.bind(need))
    }

    fn variable(&self, variable: &Variable<'a>) -> Expr<'a> {
        match variable {
            Variable::User(name) => self.bind(Need::UserVariable(name.to_lowercase().into())),
            Variable::System(system) => {
                let name = system.name.to_lowercase().into();
                match system.scope {
                    Some(VariableScope::Global) => self.bind(Need::GlobalVariable(name)),
                    Some(VariableScope::Session) => self.bind(Need::OwnVariable(name)),
                    _ => self.bind(Need::SessionVariable(name)),
                }
            }
        }
    }

    /// Changes a comparison of a column that holds names of databases, so that the keyspace that
    /// it is compared with becomes its database.
    fn schema_comparison(&mut self, expr: Expr<'a>) -> Result<Option<Expr<'a>>, Error> {
        if !self.planner.reads_system() {
            return Ok(None);
        }
        let arena = self.planner.arena;
        match expr {
            Expr::Binary(Binary { left: Expr::Row(columns), op, right: Expr::Row(values) })
                if columns.iter().any(|column| is_schema_column(*column)) =>
            {
                let left = Expr::Row(columns);
                let right = self.schema_row(columns, values)?;
                Ok(Some(Expr::Binary(arena.node(Binary { left, op: *op, right }))))
            }
            Expr::In(In { expr: Expr::Row(columns), list: InList::Exprs(rows), negated })
                if columns.iter().any(|column| is_schema_column(*column)) =>
            {
                let mut row = |row: &Expr<'a>| match row {
                    Expr::Row(values) => self.schema_row(columns, values),
                    other => Ok(*other),
                };
                let rows: Vec<Expr<'a>> =
                    rows.iter().map(&mut row).collect::<Result<_, Error>>()?;
                let list = InList::Exprs(arena.list(&rows));
                let expr = Expr::Row(columns);
                Ok(Some(Expr::In(arena.node(In { expr, list, negated: *negated }))))
            }
            Expr::Binary(binary) if binary.op.is_comparison() => {
                let (left, right) = match (is_schema_column(binary.left), binary.right) {
                    (true, _) => (binary.left, self.schema_value(binary.right)?),
                    _ if is_schema_column(binary.right) => {
                        (self.schema_value(binary.left)?, binary.right)
                    }
                    _ => return Ok(None),
                };
                Ok(Some(Expr::Binary(arena.node(Binary { left, right, ..*binary }))))
            }
            Expr::In(one) if is_schema_column(one.expr) => {
                let list = match one.list {
                    InList::Bind(list) => {
                        let name = self.planner.need(Need::SchemaName(list.name.into()));
                        InList::Bind(arena.node(Bind { name, list: true }))
                    }
                    InList::Literals(list) => {
                        let values: Vec<Expr<'a>> = list
                            .iter()
                            .map(|literal| self.schema_value(Expr::Literal(literal)))
                            .collect::<Result<_, Error>>()?;
                        InList::Exprs(arena.list(&values))
                    }
                    InList::Exprs(list) => {
                        let values: Vec<Expr<'a>> = list
                            .iter()
                            .map(|value| self.schema_value(*value))
                            .collect::<Result<_, Error>>()?;
                        InList::Exprs(arena.list(&values))
                    }
                    InList::Query(_) => return Ok(None),
                };
                Ok(Some(Expr::In(arena.node(In { list, ..*one }))))
            }
            _ => Ok(None),
        }
    }

    /// Changes those values of a row that are compared with names of databases.
    fn schema_row(
        &mut self,
        columns: &'a [Expr<'a>],
        values: &'a [Expr<'a>],
    ) -> Result<Expr<'a>, Error> {
        let mut changed = Vec::with_capacity(values.len());
        for (place, value) in values.iter().enumerate() {
            let is_schema = columns.get(place).is_some_and(|column| is_schema_column(*column));
            changed.push(if is_schema { self.schema_value(*value)? } else { *value });
        }
        Ok(Expr::Row(self.planner.arena.list(&changed)))
    }

    fn schema_value(&mut self, value: Expr<'a>) -> Result<Expr<'a>, Error> {
        match value {
            Expr::Bind(one) => Ok(self.bind(Need::SchemaName(one.name.into()))),
            Expr::Literal(literal) => match literal.text() {
                Some(name) => Ok(self.bind(Need::SchemaOf(name.into()))),
                None => Ok(value),
            },
            // The shard's own database is what is asked for.
            Expr::Function(one) if one.name.is("database") || one.name.is("schema") => Ok(value),
            _ => self.expr(value),
        }
    }
}

/// Leaves keyspaces out of names.
struct WithoutKeyspaces;

impl Hooks for WithoutKeyspaces {
    fn table<'a>(&self, name: TableName<'a>) -> TableName<'a> {
        unqualified(name)
    }
}

/// Prints what is in the form for shards.
pub(crate) fn shard_sql(node: &impl Print) -> String {
    let mut printer = Printer::with_hooks(&WithoutKeyspaces);
    printer.node(node);
    printer.out
}

/// Makes a bind variable.
pub(crate) fn bind<'a>(planner: &Planner<'a>, name: &'a str) -> Expr<'a> {
    Expr::Bind(planner.arena.node(Bind { name, list: false }))
}

fn unqualified(table: TableName<'_>) -> TableName<'_> {
    match table.qualifier {
        Some(name) if is_system_schema(name.as_str()) => table,
        _ => TableName { qualifier: None, ..table },
    }
}

/// Returns whether a function takes or tells of a lock that belongs to a connection.
fn is_lock_function(function: &Function<'_>) -> bool {
    ["get_lock", "release_lock", "release_all_locks", "is_free_lock", "is_used_lock"]
        .iter()
        .any(|name| function.name.is(name))
}

/// Returns whether an expression is a column of `information_schema` that names a database.
fn is_schema_column(expr: Expr<'_>) -> bool {
    let Expr::Column(column) = expr else { return false };
    let name = column.name.as_str().to_ascii_lowercase();
    matches!(name.as_str(), "schema_name" | "db") || name.ends_with("_schema")
}

impl<'a> Rewrite<'a> for ShardForm<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.planner.arena
    }

    fn expr(&mut self, expr: Expr<'a>) -> Result<Expr<'a>, Error> {
        match expr {
            Expr::Column(_) => return Ok(expr),
            Expr::Variable(variable) => return Ok(self.variable(variable)),
            Expr::Assign(_) => return Err(Error::unsupported("Assignment expression")),
            Expr::Function(function) => {
                if is_lock_function(function) {
                    let name = function.name.as_str();
                    return Err(Error::unsupported(format!("lock function {name}")));
                }
                if let Some(expr) = self.gateway_function(function) {
                    return Ok(expr);
                }
            }
            _ => {
                if let Some(changed) = self.schema_comparison(expr)? {
                    return Ok(changed);
                }
            }
        }
        rewrite_children(self, expr)
    }

    fn query(&mut self, query: &'a Query<'a>) -> Result<&'a Query<'a>, Error> {
        let depth = self.common.len();
        let own = query.with.iter().flat_map(|with| with.tables);
        self.common.extend(own.map(|table| table.name));
        let changed = rewrite_query(self, query);
        self.common.truncate(depth);
        changed
    }

    fn table(&mut self, table: &'a TableFactor<'a>) -> Result<&'a TableFactor<'a>, Error> {
        let name = table.name;
        let common =
            name.qualifier.is_none() && self.common.iter().any(|one| one.is(name.name.as_str()));
        if common || name.is_dual() {
            return Ok(table);
        }
        let arena = self.planner.arena;
        let hints: Vec<_> = table
            .hints
            .iter()
            .filter(|hint| hint.kind != vt_sql::ast::HintKind::Vindex)
            .copied()
            .collect();
        let hints = arena.list(&hints);
        let found = match self.locate(name)? {
            Some(Located::Table(found)) => found,
            Some(Located::System) => {
                // The shard's own database is another than the session's.
                let schema = || self.planner.ctx.keyspace.map(Ident::new);
                let qualifier = name.qualifier.or_else(schema);
                let name = TableName { qualifier, ..name };
                return Ok(arena.node(TableFactor { name, hints, ..*table }));
            }
            _ => return Ok(arena.node(TableFactor { hints, ..*table })),
        };
        // A routed table may have another name; columns go on using the one of the statement.
        let real = Ident::new(arena.text(&found.name));
        let alias = table.alias.or((real != name.name).then_some(name.name));
        let name = TableName { qualifier: None, name: real };
        Ok(arena.node(TableFactor { name, alias, hints, ..*table }))
    }

    fn select_item(&mut self, item: SelectItem<'a>) -> Result<SelectItem<'a>, Error> {
        Ok(match item {
            SelectItem::Expr(item) => SelectItem::Expr(named(self.planner, item)),
            other => other,
        })
    }
}

/// Gives an item the alias that it needs for MySQL to name its column as the client expects.
pub(crate) fn named<'a>(planner: &Planner<'a>, item: SelectExpr<'a>) -> SelectExpr<'a> {
    let plain = match item.expr {
        Expr::Column(column) => column.name.as_str() == item.name,
        other => vt_sql::to_sql(&other) == item.name,
    };
    let name = item.name.trim_end();
    if item.alias.is_some() || plain || name.is_empty() || name.chars().count() > ALIAS_MAX {
        return item;
    }
    SelectExpr { alias: Some(Ident::new(planner.arena.text(name))), ..item }
}

/// Joins conditions with AND.
pub(crate) fn conjunction<'a>(arena: &'a Arena, parts: &[Expr<'a>]) -> Option<Expr<'a>> {
    match parts {
        [] => None,
        [one] => Some(*one),
        several => {
            let mut flat = Vec::with_capacity(several.len());
            several.iter().for_each(|part| conjuncts(*part, &mut flat));
            Some(Expr::And(arena.list(&flat)))
        }
    }
}

/// Splits a condition at its ANDs.
pub(crate) fn conjuncts<'a>(expr: Expr<'a>, out: &mut Vec<Expr<'a>>) {
    match expr {
        Expr::And(parts) => parts.iter().for_each(|part| conjuncts(*part, out)),
        other => out.push(other),
    }
}

/// Makes `left = right`.
pub(crate) fn equal<'a>(arena: &'a Arena, left: Expr<'a>, right: Expr<'a>) -> Expr<'a> {
    Expr::Binary(arena.node(Binary { op: BinaryOp::Eq, left, right }))
}
