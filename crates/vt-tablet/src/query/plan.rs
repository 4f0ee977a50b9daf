//! What the tablet knows of a statement: its kind, its tables, how it may run. Made once per text.

mod tables;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use vt_sql::ast::{
    Expr, LiteralKind, Query, QueryBody, SelectItem, SetItem, SetValue, ShowKind, ShowVitess,
    Statement, Variable,
};
use vt_sql::{Arena, Modes, StatementKind};

use super::template::Template;

macro_rules! plan_types {
    ($($name:ident),* $(,)?) => {
        /// The kinds of plan, by the names that pages and metrics show.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum PlanType { $($name),* }

        impl PlanType {
            pub const ALL: &'static [PlanType] = &[$(PlanType::$name),*];

            pub fn name(self) -> &'static str {
                match self { $(PlanType::$name => stringify!($name)),* }
            }
        }
    };
}

plan_types! {
    Select, Nextval, SelectImpossible, SelectLockFunc, Insert, InsertMessage, Update, UpdateLimit,
    Delete, DeleteLimit, DDL, Set, OtherRead, OtherAdmin, SelectNoLimit, SelectStream,
    MessageStream, Savepoint, Release, RollbackSavepoint, Show, Load, Flush, UnlockTables,
    CallProcedure, AlterMigration, RevertMigration, ShowMigrations, ShowMigrationLogs,
    ShowThrottledApps, ShowThrottlerStatus,
}

impl PlanType {
    /// Returns whether the statement changes data, so that only a primary takes it.
    pub fn is_write(self) -> bool {
        matches!(
            self,
            PlanType::Insert
                | PlanType::InsertMessage
                | PlanType::Update
                | PlanType::UpdateLimit
                | PlanType::Delete
                | PlanType::DeleteLimit
                | PlanType::DDL
                | PlanType::Nextval
                | PlanType::Load
        )
    }

    /// Returns whether the statement is a query whose rows may be capped and shared.
    pub fn is_select(self) -> bool {
        matches!(self, PlanType::Select | PlanType::SelectImpossible | PlanType::SelectNoLimit)
    }
}

/// What a statement would leave behind on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    Nothing,
    /// It may: the connection is made as new before another uses it.
    Unknown,
    /// It does, and on purpose: it needs a connection of the session's own. The text names it.
    State(&'static str),
    /// It opens or ends a transaction, which has calls of its own.
    Transaction(&'static str),
}

/// How many values of a sequence a statement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextCount {
    Number(i64),
    Bind(String),
}

/// A statement that takes values of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextValues {
    pub table: String,
    pub count: NextCount,
}

/// What the tablet knows of a statement.
#[derive(Debug)]
pub struct Plan {
    pub kind: PlanType,
    /// The tables that it names, without their databases, each once.
    pub tables: Box<[String]>,
    pub template: Template,
    /// The same with `limit` at the end, where the rows of a query must be capped.
    pub limited: bool,
    /// Whether equal queries under way may share one result.
    pub shareable: bool,
    pub leaves: Leaves,
    pub next: Option<NextValues>,
    /// Whether the statement has the function that sets the session's insert id.
    pub may_set_insert_id: bool,
    pub counts: PlanCounts,
    pub(super) cells: std::sync::OnceLock<super::stats::PlanCells>,
}

/// What has become of a plan's statements.
#[derive(Debug, Default)]
pub struct PlanCounts {
    pub queries: AtomicU64,
    pub nanos: AtomicU64,
    pub mysql_nanos: AtomicU64,
    pub rows_affected: AtomicU64,
    pub rows_returned: AtomicU64,
    pub errors: AtomicU64,
}

impl PlanCounts {
    /// Adds one statement.
    pub fn record(&self, took: Duration, mysql: Duration, affected: u64, returned: u64, ok: bool) {
        let nanos = |took: Duration| u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.queries.fetch_add(1, Relaxed);
        self.nanos.fetch_add(nanos(took), Relaxed);
        self.mysql_nanos.fetch_add(nanos(mysql), Relaxed);
        self.rows_affected.fetch_add(affected, Relaxed);
        self.rows_returned.fetch_add(returned, Relaxed);
        self.errors.fetch_add(u64::from(!ok), Relaxed);
    }
}

impl Plan {
    /// Makes the plan of a statement's text. A text that does not parse is MySQL's to judge.
    pub fn new(sql: &str) -> Plan {
        let text = trimmed(sql);
        let arena = Arena::new();
        let found = match vt_sql::parse(&arena, text, Modes::default()) {
            Ok(statement) => of_statement(&statement),
            Err(_) => of_kind(vt_sql::preview(text)),
        };
        let limited = found.limited && !text.contains(';');
        Plan {
            kind: found.kind,
            tables: found.tables.into(),
            template: Template::new(text),
            limited,
            shareable: found.shareable,
            leaves: found.leaves,
            next: found.next,
            may_set_insert_id: names_insert_id(text),
            counts: PlanCounts::default(),
            cells: std::sync::OnceLock::new(),
        }
    }

    /// Returns the first table, the name that metrics count under.
    pub fn table(&self) -> &str {
        self.tables.first().map_or("dual", String::as_str)
    }

    /// Returns how much memory the plan takes, about.
    pub fn size(&self) -> usize {
        size_of::<Plan>()
            + 2 * self.template.text().len()
            + self.tables.iter().map(|table| table.len() + 24).sum::<usize>()
    }
}

/// Returns whether `LAST_INSERT_ID` stands anywhere in a text; stored functions that call it change
/// nothing, since MySQL restores the session's value when they end.
fn names_insert_id(text: &str) -> bool {
    const NAME: &[u8] = b"last_insert_id";
    text.as_bytes().windows(NAME.len()).any(|window| window.eq_ignore_ascii_case(NAME))
}

fn trimmed(sql: &str) -> &str {
    sql.trim_end_matches(|c: char| c.is_whitespace() || c == ';').trim_start()
}

struct Found {
    kind: PlanType,
    tables: Vec<String>,
    limited: bool,
    shareable: bool,
    leaves: Leaves,
    next: Option<NextValues>,
}

impl Found {
    fn new(kind: PlanType) -> Found {
        Found {
            kind,
            tables: Vec::new(),
            limited: false,
            shareable: false,
            leaves: Leaves::Nothing,
            next: None,
        }
    }

    fn leaving(kind: PlanType, leaves: Leaves) -> Found {
        Found { leaves, ..Found::new(kind) }
    }
}

fn of_statement(statement: &Statement<'_>) -> Found {
    let mut found = match statement {
        Statement::Query(query) => of_query(query),
        Statement::Insert(_) => Found::new(PlanType::Insert),
        Statement::Update(_) => Found::new(PlanType::Update),
        Statement::Delete(_) => Found::new(PlanType::Delete),
        Statement::LoadData(_) => Found::new(PlanType::Load),
        Statement::Call(_) => Found::leaving(PlanType::CallProcedure, Leaves::Unknown),
        Statement::Do(_) => Found::leaving(PlanType::OtherRead, Leaves::Unknown),
        Statement::Set(set) => Found::leaving(PlanType::Set, of_set(set.items)),
        Statement::Show(show) => Found::new(match show.kind {
            ShowKind::Vitess(ShowVitess::ThrottlerStatus) => PlanType::ShowThrottlerStatus,
            ShowKind::Vitess(ShowVitess::ThrottledApps) => PlanType::ShowThrottledApps,
            _ => PlanType::Show,
        }),
        Statement::Use(_) => Found::leaving(PlanType::OtherAdmin, Leaves::State("use")),
        Statement::Begin(_) => Found::leaving(PlanType::OtherAdmin, Leaves::Transaction("begin")),
        Statement::Commit(_) => Found::leaving(PlanType::OtherAdmin, Leaves::Transaction("commit")),
        Statement::Rollback(_) => {
            Found::leaving(PlanType::OtherAdmin, Leaves::Transaction("rollback"))
        }
        Statement::Savepoint(_) => Found::new(PlanType::Savepoint),
        Statement::RollbackTo(_) => Found::new(PlanType::RollbackSavepoint),
        Statement::ReleaseSavepoint(_) => Found::new(PlanType::Release),
        Statement::Explain(_) | Statement::Vexplain(_) => Found::new(PlanType::OtherRead),
        Statement::CreateTable(table) if table.temporary => {
            Found::leaving(PlanType::DDL, Leaves::State("create temporary table"))
        }
        Statement::CreateTable(_)
        | Statement::AlterTable(_)
        | Statement::DropTable(_)
        | Statement::TruncateTable(_)
        | Statement::RenameTable(_)
        | Statement::CreateIndex(_)
        | Statement::DropIndex(_)
        | Statement::View(_)
        | Statement::DropView(_)
        | Statement::CreateDatabase(_)
        | Statement::AlterDatabase(_)
        | Statement::DropDatabase(_) => Found::new(PlanType::DDL),
        Statement::LockTables(_) => {
            Found::leaving(PlanType::OtherAdmin, Leaves::State("lock tables"))
        }
        Statement::UnlockTables => Found::new(PlanType::UnlockTables),
        Statement::Flush(_) => Found::new(PlanType::Flush),
        Statement::Maintenance(_) | Statement::Kill(_) => Found::new(PlanType::OtherAdmin),
        Statement::Prepare(_) | Statement::Execute(_) | Statement::Deallocate(_) => {
            Found::leaving(PlanType::OtherAdmin, Leaves::State("prepare"))
        }
        Statement::AlterVschema(_) => Found::new(PlanType::OtherAdmin),
        Statement::AlterMigration(_) => Found::new(PlanType::AlterMigration),
        Statement::RevertMigration(_) => Found::new(PlanType::RevertMigration),
        Statement::Stream(_) => Found::new(PlanType::MessageStream),
        Statement::Program(_)
        | Statement::Account(_)
        | Statement::Xa(_)
        | Statement::Replication(_)
        | Statement::Storage(_)
        | Statement::Server(_)
        | Statement::Handler(_)
        | Statement::Diagnostics(_) => of_kind(statement.kind()),
    };
    found.tables = tables::named(statement);
    found
}

/// Judges a statement by its first words alone.
fn of_kind(kind: StatementKind) -> Found {
    match kind {
        StatementKind::Select => Found::leaving(PlanType::SelectNoLimit, Leaves::Unknown),
        StatementKind::Insert | StatementKind::Replace => Found::new(PlanType::Insert),
        StatementKind::Update => Found::new(PlanType::Update),
        StatementKind::Delete => Found::new(PlanType::Delete),
        StatementKind::Set => Found::leaving(PlanType::Set, Leaves::State("set")),
        StatementKind::Show => Found::new(PlanType::Show),
        StatementKind::Begin => Found::leaving(PlanType::OtherAdmin, Leaves::Transaction("begin")),
        StatementKind::Commit => {
            Found::leaving(PlanType::OtherAdmin, Leaves::Transaction("commit"))
        }
        StatementKind::Rollback => {
            Found::leaving(PlanType::OtherAdmin, Leaves::Transaction("rollback"))
        }
        StatementKind::Savepoint => Found::new(PlanType::Savepoint),
        StatementKind::Release => Found::new(PlanType::Release),
        StatementKind::Ddl => Found::new(PlanType::DDL),
        StatementKind::Explain | StatementKind::Vexplain => Found::new(PlanType::OtherRead),
        StatementKind::Call => Found::leaving(PlanType::CallProcedure, Leaves::Unknown),
        StatementKind::Load => Found::new(PlanType::Load),
        StatementKind::UnlockTables => Found::new(PlanType::UnlockTables),
        StatementKind::Flush => Found::new(PlanType::Flush),
        StatementKind::LockTables => {
            Found::leaving(PlanType::OtherAdmin, Leaves::State("lock tables"))
        }
        StatementKind::Use => Found::leaving(PlanType::OtherAdmin, Leaves::State("use")),
        StatementKind::Xa => Found::leaving(PlanType::OtherAdmin, Leaves::State("xa")),
        StatementKind::Handler => Found::leaving(PlanType::OtherAdmin, Leaves::State("handler")),
        StatementKind::Prepare | StatementKind::Execute | StatementKind::Deallocate => {
            Found::leaving(PlanType::OtherAdmin, Leaves::State("prepare"))
        }
        _ => Found::leaving(PlanType::OtherAdmin, Leaves::Unknown),
    }
}

/// A SET of user variables and session settings stays on the connection; a global one does not.
fn of_set(items: &[SetItem<'_>]) -> Leaves {
    use vt_sql::ast::VariableScope;
    let global = |item: &SetItem<'_>| match item {
        SetItem::Variable { variable: Variable::System(variable), value } => {
            let on_purpose = matches!(
                variable.scope,
                Some(VariableScope::Global | VariableScope::Persist | VariableScope::PersistOnly)
            );
            on_purpose && !matches!(value, SetValue::Expr(Expr::Assign(_)))
        }
        _ => false,
    };
    if items.iter().all(global) { Leaves::Nothing } else { Leaves::State("set") }
}

fn of_query<'a>(query: &'a Query<'a>) -> Found {
    if let Some(next) = next_values(query) {
        return Found { next: Some(next), ..Found::new(PlanType::Nextval) };
    }
    let signs = tables::signs(query);
    if signs.locks_names {
        return Found::leaving(PlanType::SelectLockFunc, Leaves::State("get_lock"));
    }
    let locking = !query.locks.is_empty() || signs.locks_rows;
    let limited = query.limit.is_none() && !locking && query.into.is_none();
    let kind = if query.limit.is_none() && !limited {
        PlanType::SelectNoLimit
    } else if is_impossible(query) {
        PlanType::SelectImpossible
    } else {
        PlanType::Select
    };
    Found {
        limited,
        shareable: !locking && query.into.is_none() && !signs.volatile,
        leaves: if query.into.is_some() || signs.assigns {
            Leaves::State("user variable")
        } else {
            Leaves::Nothing
        },
        ..Found::new(kind)
    }
}

/// A query for its columns alone, `... where 1 != 1`.
fn is_impossible(query: &Query<'_>) -> bool {
    let QueryBody::Select(select) = query.body else { return false };
    let Some(Expr::Binary(binary)) = select.filter else { return false };
    binary.op == vt_sql::ast::BinaryOp::Ne
        && matches!((&binary.left, &binary.right), (Expr::Literal(left), Expr::Literal(right)) if left == right)
}

fn next_values(query: &Query<'_>) -> Option<NextValues> {
    let QueryBody::Select(select) = query.body else { return None };
    let [SelectItem::Next(count)] = select.items else { return None };
    let count = match count {
        Expr::Literal(literal) if literal.kind == LiteralKind::Int => {
            NextCount::Number(literal.text()?.parse().ok()?)
        }
        Expr::Bind(bind) => NextCount::Bind(bind.name.to_owned()),
        _ => return None,
    };
    Some(NextValues { table: tables::first_of(select.from)?, count })
}

/// Plans by the statement's text.
pub struct PlanCache {
    plans: quick_cache::sync::Cache<Arc<str>, Arc<Plan>, BySize>,
}

#[derive(Clone)]
struct BySize;

impl quick_cache::Weighter<Arc<str>, Arc<Plan>> for BySize {
    fn weight(&self, sql: &Arc<str>, plan: &Arc<Plan>) -> u64 {
        (sql.len() + plan.size()) as u64
    }
}

/// A text beyond this is planned each time: it is unlikely to come again.
const CACHED_TEXT_BYTES_MAX: usize = 64 << 10;

impl PlanCache {
    /// Makes a cache that takes about `bytes` of memory.
    pub fn new(bytes: usize) -> PlanCache {
        let items = (bytes / 2048).max(16);
        PlanCache {
            plans: quick_cache::sync::Cache::with_weighter(items, bytes.max(1) as u64, BySize),
        }
    }

    /// Returns the plan of a text, from the cache or new.
    pub fn get(&self, sql: &Arc<str>) -> Arc<Plan> {
        if let Some(plan) = self.plans.get(&**sql) {
            return plan;
        }
        let plan = Arc::new(Plan::new(sql));
        if sql.len() <= CACHED_TEXT_BYTES_MAX {
            self.plans.insert(sql.clone(), plan.clone());
        }
        plan
    }

    /// Returns all plans in no particular order.
    pub fn all(&self) -> Vec<(Arc<str>, Arc<Plan>)> {
        self.plans.iter().collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.plans.clear();
    }

    pub fn len(&self) -> usize {
        self.plans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }
}

#[cfg(test)]
mod tests;
