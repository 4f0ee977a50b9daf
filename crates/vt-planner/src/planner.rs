//! The state of planning one statement.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use vt_base::{Code, Error, TabletType};
use vt_plan::{Need, Node, Plan, Routing, StatementType};
use vt_sql::Arena;
use vt_sql::ast::{Statement, TableName};
use vt_vschema::{Found, KeyspaceSchema, Table, Vindex};

use crate::PlanContext;
use crate::analyze::tables::tables_of;
use crate::analyze::{Scope, Tables};
use crate::assigned::refuse_any_last_row;
use crate::directives::Directives;
use crate::dml::foreign::Cascades;
use crate::select::Commons;

/// How many queries a statement's planning may look at, each try counted.
const BLOCKS_MAX: usize = 2000;

/// How many conditions a statement's planning may look at, each time counted.
const WORK_MAX: usize = 50_000_000;

/// Plans one statement; what it builds of the syntax tree lies in `arena`.
pub(crate) struct Planner<'a> {
    pub(crate) arena: &'a Arena,
    pub(crate) ctx: &'a PlanContext<'a>,
    state: RefCell<State>,
    /// Scopes by the place of their select, so that a select has the same table ids all along.
    scopes: RefCell<HashMap<*const (), Rc<Scope<'a>>>>,
    pub(crate) commons: RefCell<Commons>,
    /// What foreign keys bring about.
    pub(crate) cascades: RefCell<Cascades>,
    /// The statement reads tables that every MySQL has.
    reads_system: Cell<bool>,
}

#[derive(Default)]
struct State {
    tables: BTreeSet<String>,
    needs: BTreeSet<Need>,
    next_table: usize,
    next_subquery: usize,
    /// How many queries, at any depth, have been planned so far.
    blocks: usize,
    /// How many conditions have been looked at so far, each time counted.
    work: usize,
    /// Names of bind variables that joins fill.
    vars: BTreeSet<String>,
}

/// What a table's name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Located {
    Table(Arc<Table>),
    Vindex {
        keyspace: Arc<str>,
        vindex: Arc<Vindex>,
    },
    /// A table of a schema that every MySQL has: `information_schema.tables`.
    System,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(arena: &'a Arena, ctx: &'a PlanContext<'a>) -> Planner<'a> {
        Planner {
            arena,
            ctx,
            state: RefCell::default(),
            scopes: RefCell::default(),
            commons: RefCell::default(),
            cascades: RefCell::default(),
            reads_system: Cell::default(),
        }
    }

    /// Plans the statement.
    pub(crate) fn plan(&self, statement: Statement<'a>) -> Result<Plan, Error> {
        let original: Arc<str> = vt_sql::to_sql(&statement).into();
        let statement = self.without_views(statement)?;
        let statement = self.with_years(statement)?;
        let (statement, assigns) = self.without_assignments(statement)?;
        self.note_system(statement);
        let (typ, root) = self.plan_root(statement)?;
        if !assigns.is_empty() {
            refuse_any_last_row(statement, &root)?;
        }
        let mut root = self.keeping(root);
        let directives = Directives::of(statement);
        directives.apply(&mut root);
        if self.ctx.no_scatter && !directives.allow_scatter && has_scatter(&root) {
            let message = "plan includes scatter, which is disallowed using the `no_scatter` \
                           command line argument";
            return Err(Error::new(Code::FailedPrecondition, message));
        }
        let state = self.state.take();
        Ok(Plan {
            root,
            statement: typ,
            tables: state.tables.into_iter().collect(),
            original,
            needs: state.needs.into_iter().collect(),
            assigns,
        })
    }

    fn plan_root(&self, statement: Statement<'a>) -> Result<(StatementType, Node), Error> {
        let typ = statement_type(&statement);
        if changes_rows(typ) && self.ctx.tablet_type != TabletType::Primary {
            let name = format!("{typ:?}").to_uppercase();
            return Err(Error::vt(vt_base::ErrorId::VT09002, name));
        }
        if let Some(target) = self.ctx.target {
            return Ok((typ, self.plan_target(statement, target)?));
        }
        if let Statement::Query(query) = statement
            && let Some(node) = self.plan_counted(query)?
        {
            return Ok((typ, node));
        }
        if let Some(node) = self.plan_whole(statement)? {
            return Ok((typ, node));
        }
        let node = match statement {
            Statement::Query(query) => self.plan_query_statement(query)?,
            Statement::Insert(insert) => self.with_cascades(self.plan_insert(insert)?)?,
            Statement::Update(update) => self.with_cascades(self.plan_update(update)?)?,
            Statement::Delete(delete) => self.with_cascades(self.plan_delete(delete)?)?,
            _ => match self.plan_ddl(statement)? {
                Some(node) => node,
                None => self.plan_other(statement)?,
            },
        };
        Ok((typ, node))
    }

    /// Finds what a table's name stands for, and notes that the statement uses it.
    pub(crate) fn locate(&self, name: TableName<'_>) -> Result<Located, Error> {
        if let Some(qualifier) = name.qualifier
            && is_system_schema(qualifier.as_str())
        {
            return Ok(Located::System);
        }
        let in_system = self.ctx.keyspace.is_some_and(is_system_schema);
        if name.qualifier.is_none() && in_system {
            return Ok(Located::System);
        }
        let keyspace = name.qualifier.map(|one| one.as_str()).or(self.ctx.keyspace);
        let found = self.ctx.vschema.find(keyspace, name.name.as_str(), self.ctx.tablet_type)?;
        Ok(match found {
            Found::Table(table) => {
                self.state.borrow_mut().tables.insert(table.qualified_name());
                Located::Table(table)
            }
            Found::Vindex { keyspace, vindex } => Located::Vindex { keyspace, vindex },
        })
    }

    /// Notes whether a statement reads tables that every MySQL has.
    pub(crate) fn note_system(&self, statement: Statement<'a>) {
        let of_session = self.ctx.keyspace.is_some_and(is_system_schema);
        let is_system = |name: TableName<'_>| match name.qualifier {
            Some(qualifier) => is_system_schema(qualifier.as_str()),
            None => of_session,
        };
        self.reads_system.set(tables_of(statement).into_iter().any(is_system));
    }

    /// Returns whether columns may be those of `information_schema`.
    pub(crate) fn reads_system(&self) -> bool {
        self.reads_system.get()
    }

    /// Finds a table; a vindex or a table of the system is none.
    pub(crate) fn locate_table(&self, name: TableName<'_>) -> Result<Arc<Table>, Error> {
        match self.locate(name)? {
            Located::Table(table) => Ok(table),
            _ => Err(Error::vt(vt_base::ErrorId::VT05004, name.name.as_str())),
        }
    }

    /// Returns the keyspace that a statement without tables goes to.
    ///
    /// # Errors
    /// `VT09005` if the session has none, and none can be guessed.
    pub(crate) fn default_keyspace(&self) -> Result<&'a Arc<KeyspaceSchema>, Error> {
        match self.ctx.keyspace {
            Some(name) if !is_system_schema(name) => {
                let routed = self.ctx.vschema.route_keyspace(name, self.ctx.tablet_type);
                self.ctx.vschema.keyspace(routed)
            }
            _ => Err(Error::vt(vt_base::ErrorId::VT09005, "")),
        }
    }

    /// Returns a keyspace that any statement can be sent to: the session's, else an unsharded one,
    /// else the first.
    pub(crate) fn any_keyspace(&self) -> Result<&'a Arc<KeyspaceSchema>, Error> {
        if self.ctx.keyspace.is_some_and(|name| !is_system_schema(name)) {
            return self.default_keyspace();
        }
        let all = || self.ctx.vschema.keyspaces.values();
        all()
            .find(|schema| !schema.keyspace.sharded)
            .or_else(|| all().next())
            .ok_or_else(|| Error::vt(vt_base::ErrorId::VT09005, ""))
    }

    pub(crate) fn need(&self, need: Need) -> &'a str {
        let name = self.arena.text(&need.bind_name());
        self.state.borrow_mut().needs.insert(need);
        name
    }

    /// Returns the id of a table that has not been seen before.
    pub(crate) fn new_table(&self) -> Result<Tables, Error> {
        let mut state = self.state.borrow_mut();
        state.next_table += 1;
        Tables::single(state.next_table - 1)
    }

    /// Returns the number of the next subquery that runs first: 1, 2, ...
    pub(crate) fn new_subquery(&self) -> usize {
        let mut state = self.state.borrow_mut();
        state.next_subquery += 1;
        state.next_subquery
    }

    /// Counts conditions that are looked at.
    ///
    /// # Errors
    /// Planning would take too long: a join of many tables looks at its conditions many times.
    pub(crate) fn count_work(&self, conditions: usize) -> Result<(), Error> {
        let mut state = self.state.borrow_mut();
        state.work += conditions;
        match state.work > WORK_MAX {
            true => Err(Error::unsupported("so many conditions over sharded tables")),
            false => Ok(()),
        }
    }

    /// Counts a query that is planned.
    ///
    /// # Errors
    /// Planning would take too long: each query may be tried in several ways, and so may those in
    /// it.
    pub(crate) fn count_block(&self) -> Result<(), Error> {
        let mut state = self.state.borrow_mut();
        state.blocks += 1;
        match state.blocks > BLOCKS_MAX {
            true => Err(Error::unsupported("queries nested so deeply over sharded tables")),
            false => Ok(()),
        }
    }

    /// Returns a name for a join's bind variable, like `wanted` and used by no other.
    pub(crate) fn new_var(&self, wanted: &str) -> &'a str {
        let plain: String =
            wanted.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect();
        let mut state = self.state.borrow_mut();
        let mut name = plain.clone();
        let mut count = 1;
        while !state.vars.insert(name.clone()) {
            name = format!("{plain}{count}");
            count += 1;
        }
        self.arena.text(&name)
    }

    /// Returns whether a bind variable is one that a join fills.
    pub(crate) fn is_join_var(&self, name: &str) -> bool {
        self.state.borrow().vars.contains(name)
    }

    pub(crate) fn cached_scope(&self, place: *const ()) -> Option<Rc<Scope<'a>>> {
        self.scopes.borrow().get(&place).cloned()
    }

    /// Forgets all scopes: a statement is planned in another way, where its queries stand in others.
    pub(crate) fn forget_scopes(&self) {
        self.scopes.borrow_mut().clear();
    }

    pub(crate) fn cache_scope(&self, place: *const (), scope: Rc<Scope<'a>>) {
        self.scopes.borrow_mut().insert(place, scope);
    }
}

/// Returns whether a name is a schema that every MySQL has.
pub(crate) fn is_system_schema(name: &str) -> bool {
    ["information_schema", "performance_schema", "sys", "mysql"]
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one))
}

fn statement_type(statement: &Statement<'_>) -> StatementType {
    match statement {
        Statement::Query(_) => StatementType::Select,
        Statement::Insert(insert) if insert.replace => StatementType::Replace,
        Statement::Insert(_) => StatementType::Insert,
        Statement::Update(_) => StatementType::Update,
        Statement::Delete(_) => StatementType::Delete,
        Statement::CreateTable(_)
        | Statement::AlterTable(_)
        | Statement::DropTable(_)
        | Statement::TruncateTable(_)
        | Statement::RenameTable(_)
        | Statement::CreateIndex(_)
        | Statement::DropIndex(_)
        | Statement::View(_)
        | Statement::DropView(_) => StatementType::Ddl,
        Statement::Show(_) => StatementType::Show,
        Statement::Explain(_) => StatementType::Explain,
        Statement::Call(_) => StatementType::Call,
        _ => StatementType::Other,
    }
}

fn changes_rows(typ: StatementType) -> bool {
    use StatementType::{Ddl, Delete, Insert, Replace, Update};
    matches!(typ, Insert | Replace | Update | Delete | Ddl)
}

/// Returns whether a plan sends a statement to all shards of a sharded keyspace for its rows.
fn has_scatter(node: &Node) -> bool {
    let own = match node {
        Node::Route(route) => matches!(route.routing, Routing::Scatter),
        Node::Update(write) | Node::Delete(write) => {
            matches!(write.route.routing, Routing::Scatter)
        }
        _ => false,
    };
    own || node.inputs().into_iter().any(has_scatter)
}
