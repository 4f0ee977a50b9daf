//! Which columns, of which tables, an expression reads.

use std::rc::Rc;

use vt_base::Error;
use vt_eval::CastTarget;
use vt_sql::ast::{
    AggregateKind, ColumnName, CommonTable, Expr, JsonColumn, Query, QueryBody, Select, SelectItem,
    TableRef,
};
use vt_value::Type;

use super::scope::{Entry, OutColumn, Resolved, Scope, Source, Tables};
use crate::eval::cast;
use crate::planner::{Located, Planner};
use crate::select::vindex_columns;
use crate::tree::{Child, walk_children, walk_select};

/// What is told of each column that an expression names.
type EachColumn<'f, 'a> = &'f mut dyn FnMut(&'a ColumnName<'a>, &Resolved<'a>);

impl<'a> Planner<'a> {
    /// Returns the scope of a select inside another scope.
    pub(crate) fn scope_of(
        &self,
        select: &'a Select<'a>,
        parent: Option<&Rc<Scope<'a>>>,
        common: &[&'a CommonTable<'a>],
    ) -> Result<Rc<Scope<'a>>, Error> {
        let place = std::ptr::from_ref(select).cast();
        if let Some(scope) = self.cached_scope(place)
            && is_inside(&scope, parent)
        {
            return Ok(scope);
        }
        let mut scope = self.scope_of_tables(select.from, parent, common)?;
        // A select without tables sees what is around it.
        scope.parent = parent.cloned();
        let scope = Rc::new(scope);
        self.cache_scope(place, scope.clone());
        Ok(scope)
    }

    /// Returns the scope of a list of tables.
    pub(crate) fn scope_of_tables(
        &self,
        tables: &'a [TableRef<'a>],
        parent: Option<&Rc<Scope<'a>>>,
        common: &[&'a CommonTable<'a>],
    ) -> Result<Scope<'a>, Error> {
        let mut scope = Scope { parent: parent.cloned(), ..Scope::empty(common.to_vec()) };
        for table in tables {
            self.add_entries(table, &mut scope)?;
        }
        self.merge_columns(tables, &mut scope)?;
        Ok(scope)
    }

    fn add_entries(&self, table: &'a TableRef<'a>, scope: &mut Scope<'a>) -> Result<(), Error> {
        match table {
            TableRef::Table(factor) if factor.name.is_dual() => {}
            TableRef::Table(factor) => {
                let common = match factor.name.qualifier {
                    None => scope.common_table(factor.name.name.as_str()),
                    Some(_) => None,
                };
                let (keyspace, source) = match common {
                    Some(table) => (None, self.common_source(table, scope)),
                    None => match self.locate(factor.name)? {
                        Located::Table(table) => {
                            let named = factor.name.qualifier.map(|name| name.as_str().into());
                            let keyspace = named.unwrap_or_else(|| table.keyspace.name.clone());
                            (Some(keyspace), Source::Table(table))
                        }
                        Located::Vindex { .. } => (None, Source::Columns(vindex_columns().into())),
                        Located::System => (None, Source::Unknown),
                    },
                };
                let name = factor.exposed_name();
                let same = |entry: &Rc<Entry<'a>>| {
                    entry.name == name && (factor.alias.is_some() || entry.keyspace == keyspace)
                };
                if scope.entries.iter().any(same) {
                    return Err(Error::vt(vt_base::ErrorId::VT03013, name.as_str()));
                }
                let id = self.new_table()?;
                scope.entries.push(Rc::new(Entry { id, name, keyspace, source }));
            }
            TableRef::Derived(derived) => {
                let source = match derived.lateral {
                    true => {
                        // It sees the tables before it.
                        let before = Rc::new(Scope {
                            entries: scope.entries.clone(),
                            parent: scope.parent.clone(),
                            ..Scope::empty(scope.common.clone())
                        });
                        let inside =
                            Scope { parent: Some(before), ..Scope::empty(scope.common.clone()) };
                        self.derived_source(derived.query, derived.columns, &inside)?
                    }
                    false => self.derived_source(derived.query, derived.columns, scope)?,
                };
                let Some(name) = derived.alias else {
                    let message = "Every derived table must have its own alias";
                    return Err(Error::mysql(1248, b"42000", message));
                };
                check_free(scope, name)?;
                let id = self.new_table()?;
                scope.entries.push(Rc::new(Entry { id, name, keyspace: None, source }));
            }
            TableRef::JsonTable(json) => {
                if let Some(name) = json.alias {
                    check_free(scope, name)?;
                    let id = self.new_table()?;
                    let mut columns = Vec::new();
                    json_columns(json.columns, &mut columns);
                    let source = Source::Columns(columns.into());
                    scope.entries.push(Rc::new(Entry { id, name, keyspace: None, source }));
                }
            }
            TableRef::Join(join) => {
                self.add_entries(&join.left, scope)?;
                self.add_entries(&join.right, scope)?;
            }
            TableRef::Paren(tables) => {
                for table in *tables {
                    self.add_entries(table, scope)?;
                }
            }
        }
        Ok(())
    }

    fn common_source(&self, table: &'a CommonTable<'a>, scope: &Scope<'a>) -> Source {
        // A common table sees those before it, and, if it is recursive, itself: then its columns
        // cannot be told without reading it.
        let before: Vec<_> =
            scope.common.iter().take_while(|one| !std::ptr::eq(**one, table)).copied().collect();
        let names = Scope::empty(before);
        self.derived_source(table.query, table.columns, &names).unwrap_or(Source::Unknown)
    }

    fn derived_source(
        &self,
        query: &'a Query<'a>,
        names: &[vt_sql::ast::Ident<'a>],
        scope: &Scope<'a>,
    ) -> Result<Source, Error> {
        let columns = self.query_columns(query, scope.parent.as_ref(), &scope.common)?;
        Ok(match columns {
            Some(mut columns) => {
                for (column, name) in columns.iter_mut().zip(names) {
                    column.name = name.as_str().into();
                }
                Source::Columns(columns.into())
            }
            None if names.is_empty() => Source::Unknown,
            None => {
                let named = |name: &vt_sql::ast::Ident<'_>| OutColumn {
                    name: name.as_str().into(),
                    typ: None,
                    collation: None,
                };
                Source::Columns(names.iter().map(named).collect())
            }
        })
    }

    /// Returns the columns that a query gives; `None` if a `*` hides them.
    pub(crate) fn query_columns(
        &self,
        query: &'a Query<'a>,
        parent: Option<&Rc<Scope<'a>>>,
        common: &[&'a CommonTable<'a>],
    ) -> Result<Option<Vec<OutColumn>>, Error> {
        let common = with_common(query, common);
        let mut body = query.body;
        let select = loop {
            body = match body {
                QueryBody::Select(select) => break select,
                QueryBody::Set(set) => set.first,
                QueryBody::Query(query) => return self.query_columns(query, parent, &common),
                QueryBody::Values(rows) => {
                    let width = rows.first().map_or(0, |row| row.len());
                    let named = |index| OutColumn {
                        name: format!("column_{index}").into(),
                        typ: None,
                        collation: None,
                    };
                    return Ok(Some((0..width).map(named).collect()));
                }
                QueryBody::Table(name) => {
                    return Ok(match self.locate(name)? {
                        Located::Table(table) => Source::Table(table).star_columns(),
                        _ => None,
                    });
                }
            };
        };
        let scope = self.scope_of(select, parent, &common)?;
        let mut columns = Vec::new();
        for item in select.items {
            match item {
                SelectItem::Star(of) => {
                    let Some(star) = scope.star(*of) else { return Ok(None) };
                    columns.extend(star.into_iter().map(|(_, column)| column));
                }
                SelectItem::Expr(item) => {
                    let name = item.alias.map_or(item.name, |alias| alias.as_str());
                    let typ = self.type_of(item.expr, &scope);
                    let collation = self.told_collation(item.expr, &scope);
                    columns.push(OutColumn { name: name.into(), typ, collation });
                }
                SelectItem::Next(_) => {
                    let (name, typ) = ("nextval".into(), Some(Type::INT64));
                    columns.push(OutColumn { name, typ, collation: None });
                }
            }
        }
        Ok(Some(columns))
    }

    /// Returns the type of an expression, where it is known.
    pub(crate) fn type_of(&self, expr: Expr<'a>, scope: &Scope<'a>) -> Option<Type> {
        match expr {
            Expr::Column(column) => match scope.resolve(column).ok()? {
                Resolved::One { entry, .. } => entry.source.type_of(column.name.as_str()),
                _ => None,
            },
            Expr::Aggregate(aggregate) => match aggregate.kind {
                AggregateKind::Count => Some(Type::INT64),
                AggregateKind::Min | AggregateKind::Max => {
                    match self.type_of(*aggregate.args.first()?, scope)? {
                        // The least of the strings, not of the members.
                        Type::ENUM | Type::SET => Some(Type::CHAR),
                        typ => Some(typ),
                    }
                }
                AggregateKind::Sum | AggregateKind::Avg => {
                    match self.type_of(*aggregate.args.first()?, scope)? {
                        typ if typ.is_integral() || typ == Type::DECIMAL => Some(Type::DECIMAL),
                        _ => Some(Type::FLOAT64),
                    }
                }
                _ => None,
            },
            Expr::Cast(cast) => match cast::target(&cast.target).ok()? {
                CastTarget::Float => Some(Type::FLOAT32),
                CastTarget::Double | CastTarget::Real => Some(Type::FLOAT64),
                _ => None,
            },
            _ => None,
        }
    }

    /// Calls `f` for each column that an expression names, also inside its queries.
    ///
    /// # Errors
    /// A name that several tables are known to have.
    pub(crate) fn each_column(
        &self,
        expr: Expr<'a>,
        scope: &Rc<Scope<'a>>,
        f: EachColumn<'_, 'a>,
    ) -> Result<(), Error> {
        // Along a chain of operators without recursion.
        let mut expr = expr;
        while let Expr::Binary(link) = expr {
            self.each_column(link.right, scope, f)?;
            expr = link.left;
        }
        if let Expr::Column(column) | Expr::Default(Some(column)) = expr {
            f(column, &scope.resolve(column)?);
            return Ok(());
        }
        let mut result = Ok(());
        walk_children(expr, &mut |child| {
            if result.is_ok() {
                result = self.each_column_of(child, scope, f);
            }
        });
        result
    }

    fn each_column_of(
        &self,
        child: Child<'a>,
        scope: &Rc<Scope<'a>>,
        f: EachColumn<'_, 'a>,
    ) -> Result<(), Error> {
        match child {
            Child::Expr(expr) => self.each_column(expr, scope, f),
            Child::Query(query) => self.each_column_of_query(query, scope, &scope.common, f),
        }
    }

    /// Calls `f` for each column that a query names; its own tables are resolved too.
    pub(crate) fn each_column_of_query(
        &self,
        query: &'a Query<'a>,
        parent: &Rc<Scope<'a>>,
        common: &[&'a CommonTable<'a>],
        f: EachColumn<'_, 'a>,
    ) -> Result<(), Error> {
        let all = with_common(query, common);
        for table in query.with.iter().flat_map(|with| with.tables) {
            self.each_column_of_query(table.query, parent, &all, f)?;
        }
        self.each_column_of_body(query.body, parent, &all, f)?;
        if let QueryBody::Select(select) = query.body {
            let scope = self.scope_of(select, Some(parent), &all)?;
            for item in query.order_by {
                self.each_column(item.expr, &scope, f)?;
            }
        }
        Ok(())
    }

    fn each_column_of_body(
        &self,
        body: QueryBody<'a>,
        parent: &Rc<Scope<'a>>,
        common: &[&'a CommonTable<'a>],
        f: EachColumn<'_, 'a>,
    ) -> Result<(), Error> {
        match body {
            QueryBody::Select(select) => {
                let scope = self.scope_of(select, Some(parent), common)?;
                let mut result = Ok(());
                walk_select(select, &mut |child| {
                    if result.is_ok() {
                        result = self.each_column_of(child, &scope, f);
                    }
                });
                result
            }
            QueryBody::Set(set) => {
                self.each_column_of_body(set.first, parent, common, f)?;
                set.rest
                    .iter()
                    .try_for_each(|tail| self.each_column_of_body(tail.body, parent, common, f))
            }
            QueryBody::Values(rows) => rows
                .iter()
                .flat_map(|row| row.iter())
                .try_for_each(|expr| self.each_column(*expr, parent, f)),
            QueryBody::Table(_) => Ok(()),
            QueryBody::Query(query) => self.each_column_of_query(query, parent, common, f),
        }
    }

    /// Returns the tables whose columns an expression reads, those of queries around included.
    pub(crate) fn deps(&self, expr: Expr<'a>, scope: &Rc<Scope<'a>>) -> Result<Tables, Error> {
        let mut all = Tables::NONE;
        self.each_column(expr, scope, &mut |_, resolved| match resolved {
            Resolved::One { entry, .. } => all = all.with(entry.id),
            Resolved::Several { tables } => all = all.with(*tables),
            Resolved::Nothing => {}
        })?;
        Ok(all)
    }

    /// Returns the tables of a scope that a query inside it reads.
    pub(crate) fn query_deps(
        &self,
        query: &'a Query<'a>,
        scope: &Rc<Scope<'a>>,
    ) -> Result<Tables, Error> {
        self.deps(Expr::Subquery(query), scope).map(|deps| deps.both(scope.own_tables()))
    }
}

/// Returns whether the scopes around a scope are these. They are others where a select has been
/// made anew around the query: then its tables have other numbers.
fn is_inside<'a>(scope: &Scope<'a>, parent: Option<&Rc<Scope<'a>>>) -> bool {
    let numbers = |first: Option<&Rc<Scope<'a>>>| -> Vec<Tables> {
        let mut numbers = Vec::new();
        let mut next = first;
        while let Some(scope) = next {
            numbers.extend(scope.entries.iter().map(|entry| entry.id));
            next = scope.parent.as_ref();
        }
        numbers
    };
    match (&scope.parent, parent) {
        (Some(one), Some(other)) if Rc::ptr_eq(one, other) => true,
        (one, other) => numbers(one.as_ref()) == numbers(other),
    }
}

/// Collects the columns of JSON_TABLE.
fn json_columns(columns: &[JsonColumn<'_>], out: &mut Vec<OutColumn>) {
    for column in columns {
        let (name, typ) = match column {
            JsonColumn::Ordinality(name) => (name, Some(Type::INT32)),
            JsonColumn::Path { name, .. } => (name, None),
            JsonColumn::Nested { columns, .. } => {
                json_columns(columns, out);
                continue;
            }
        };
        out.push(OutColumn { name: name.as_str().into(), typ, collation: None });
    }
}

/// Returns the common tables in sight inside a query.
pub(crate) fn with_common<'a>(
    query: &Query<'a>,
    common: &[&'a CommonTable<'a>],
) -> Vec<&'a CommonTable<'a>> {
    let own = query.with.iter().flat_map(|with| with.tables);
    common.iter().copied().chain(own).collect()
}

/// Fails where a table of the same FROM has the name that a derived table gets.
///
/// MySQL takes a derived table beside a stored one of its name; which of them a column means is
/// then not said by the name that we keep tables by.
fn check_free(scope: &Scope<'_>, name: vt_sql::ast::Ident<'_>) -> Result<(), Error> {
    let mut named = scope.entries.iter().filter(|entry| entry.name == name);
    match named.next() {
        None => Ok(()),
        Some(entry) if entry.keyspace.is_none() => {
            Err(Error::vt(vt_base::ErrorId::VT03013, name.as_str()))
        }
        Some(_) => Err(Error::unsupported("a derived table with the name of a table beside it")),
    }
}
