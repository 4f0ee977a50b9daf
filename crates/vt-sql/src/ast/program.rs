//! Stored programs: procedures, functions, triggers, events, libraries.
//!
//! What stands around a body is tree; the body itself is text, whose end the parser has found by
//! reading it.

use super::{Account, Comments, DataType, Expr, Ident, Literal, TableName, TimeUnit, ViewSecurity};

/// A statement about a stored program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Program<'a> {
    CreateRoutine(&'a CreateRoutine<'a>),
    AlterRoutine(&'a AlterRoutine<'a>),
    CreateLoadable(&'a CreateLoadable<'a>),
    CreateTrigger(&'a CreateTrigger<'a>),
    CreateEvent(&'a Event<'a>),
    AlterEvent(&'a Event<'a>),
    CreateLibrary(&'a CreateLibrary<'a>),
    AlterLibrary { name: TableName<'a>, comment: &'a Literal<'a> },
    Drop(&'a DropProgram<'a>),
}

/// `CREATE PROCEDURE` and `CREATE FUNCTION`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreateRoutine<'a> {
    pub comments: Comments<'a>,
    pub definer: Option<Account<'a>>,
    pub if_not_exists: bool,
    pub name: TableName<'a>,
    pub parameters: &'a [Parameter<'a>],
    /// Of a function.
    pub returns: Option<DataType<'a>>,
    /// In the order of the text.
    pub characteristics: &'a [Characteristic<'a>],
    pub body: RoutineBody<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter<'a> {
    /// Of a procedure, if it was said.
    pub mode: Option<ParameterMode>,
    pub name: Ident<'a>,
    pub data_type: DataType<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterMode {
    In,
    Out,
    InOut,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Characteristic<'a> {
    Comment(&'a Literal<'a>),
    Language(Ident<'a>),
    Deterministic(bool),
    ContainsSql,
    NoSql,
    ReadsSqlData,
    ModifiesSqlData,
    Security(ViewSecurity),
    /// `USING (library [AS alias], ...)`
    Using(&'a [LibraryUse<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LibraryUse<'a> {
    pub name: TableName<'a>,
    pub alias: Option<Ident<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RoutineBody<'a> {
    /// A statement, as written.
    Sql(&'a str),
    /// `AS 'code'` and `AS $$code$$`, of other languages; a literal, perhaps with introducer.
    Code(Expr<'a>),
}

/// `ALTER PROCEDURE` and `ALTER FUNCTION`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlterRoutine<'a> {
    pub function: bool,
    pub name: TableName<'a>,
    pub characteristics: &'a [Characteristic<'a>],
}

/// `CREATE FUNCTION name RETURNS type SONAME 'file'`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreateLoadable<'a> {
    pub aggregate: bool,
    pub if_not_exists: bool,
    pub name: Ident<'a>,
    pub returns: LoadableType,
    pub file: &'a Literal<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoadableType {
    String,
    Integer,
    Real,
    Decimal,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreateTrigger<'a> {
    pub comments: Comments<'a>,
    pub definer: Option<Account<'a>>,
    pub if_not_exists: bool,
    pub name: TableName<'a>,
    /// `BEFORE`, not `AFTER`.
    pub before: bool,
    pub event: TriggerEvent,
    pub table: TableName<'a>,
    pub order: Option<TriggerOrder<'a>>,
    /// A statement, as written.
    pub body: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TriggerEvent {
    Insert,
    Update,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerOrder<'a> {
    /// `FOLLOWS`, not `PRECEDES`.
    pub follows: bool,
    pub other: Ident<'a>,
}

/// `CREATE EVENT` and `ALTER EVENT`; the latter may leave everything out but one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event<'a> {
    pub comments: Comments<'a>,
    pub definer: Option<Account<'a>>,
    pub if_not_exists: bool,
    pub name: TableName<'a>,
    pub schedule: Option<Schedule<'a>>,
    /// `ON COMPLETION [NOT] PRESERVE`
    pub preserve: Option<bool>,
    pub rename: Option<TableName<'a>>,
    pub status: Option<EventStatus>,
    pub comment: Option<&'a Literal<'a>>,
    /// A statement, as written.
    pub body: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule<'a> {
    At { time: Expr<'a> },
    Every { amount: Expr<'a>, unit: TimeUnit, starts: Option<Expr<'a>>, ends: Option<Expr<'a>> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventStatus {
    Enable,
    Disable,
    /// `DISABLE ON REPLICA`, and `DISABLE ON SLAVE` of old.
    DisableOnReplica,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreateLibrary<'a> {
    pub if_not_exists: bool,
    pub name: TableName<'a>,
    pub comment: Option<&'a Literal<'a>>,
    pub language: Ident<'a>,
    /// A literal, perhaps with introducer.
    pub code: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropProgram<'a> {
    pub kind: ProgramKind,
    pub if_exists: bool,
    pub name: TableName<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgramKind {
    Procedure,
    Function,
    Trigger,
    Event,
    Library,
}
