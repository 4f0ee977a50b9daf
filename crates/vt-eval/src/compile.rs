//! From an expression to a form that runs per row.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use vt_base::{Code, Error, ErrorId};
use vt_value::{BindVars, BoundValue, Collation, Field, TemporalKind, Type, TypedBytes, Value};

use crate::constant::{self, find};
use crate::context::Context;
use crate::function::{Signature, Volatility};
use crate::kind::Kind;
use crate::node::{CallOp, Folded, Node, Op, Origin, ZERO_YEAR};
use crate::operators::collation::{NATIONAL, NATIONAL_WARNING, deprecated};
use crate::session::Session;
use crate::sql_mode::SqlMode;
use crate::warning::Warning;
use crate::{Expr, Func, convert, describe, vectors};

/// How deep an expression may nest.
const MAX_DEPTH: usize = 250;

/// What an expression may look up while it is compiled.
#[derive(Clone, Copy, Debug)]
pub struct Env<'a> {
    pub binds: &'a BindVars,
    pub session: &'a Session,
}

impl<'a> Env<'a> {
    pub fn new(binds: &'a BindVars, session: &'a Session) -> Env<'a> {
        Env { binds, session }
    }
}

/// An expression whose types are known and whose constant parts are computed.
#[derive(Debug)]
pub struct Compiled {
    root: Node,
    columns: Vec<usize>,
    notes: Vec<Warning>,
}

impl Expr {
    /// Compiles for rows of these columns; an expression that cannot be computed exactly as MySQL
    /// would is refused.
    pub fn compile(&self, columns: &[Field], env: &Env<'_>) -> Result<Compiled, Error> {
        let (notes, negated) = Default::default();
        let compiler = Compiler { env: *env, columns, notes, negated };
        let root = compiler.node(self, 0)?;
        if let Op::Tuple(members) = &root.op {
            return Err(columns_wanted(1, members.len()));
        }
        let mut used = Vec::new();
        root.collect_columns(&mut used);
        used.sort_unstable();
        used.dedup();
        let mut notes = compiler.notes.into_inner();
        // What the parser tells comes first, then what is wrong with literals.
        notes.sort_by_key(|note| match note.errno {
            1287 if note.message.starts_with("'!'") => 0,
            1287 if note.message.starts_with("'JSON_MERGE'") => 2,
            1287 | 3720 => 1,
            1300 => 2,
            _ => 3,
        });
        Ok(Compiled { root, columns: used, notes })
    }
}

impl Compiled {
    /// Computes the value for a row; of the row, only [`Compiled::columns`] are read.
    pub fn eval(&self, row: &[Value], ctx: &mut Context<'_>) -> Result<Value, Error> {
        let value = self.root.eval(row, ctx)?;
        // What IF and CASE pass on keeps its own digits.
        Ok(match self.root.call().is_some_and(|call| call.func.choice().is_some()) {
            true => convert::within(value, &self.root.kind),
            false => convert::typed(value, &self.root.kind),
        })
    }

    /// Returns whether the value for a row is true: neither false nor NULL.
    pub fn is_true(&self, row: &[Value], ctx: &mut Context<'_>) -> Result<bool, Error> {
        let value = self.root.eval(row, ctx)?;
        Ok(convert::truth(&value, &self.root.kind, ctx)?.unwrap_or(false))
    }

    /// Returns whether the value for a row is true, false, or NULL.
    pub fn truth(&self, row: &[Value], ctx: &mut Context<'_>) -> Result<Option<bool>, Error> {
        let value = self.root.eval(row, ctx)?;
        convert::truth(&value, &self.root.kind, ctx)
    }

    /// Appends the text that a value of the expression has in a result; nothing for NULL.
    pub fn write(&self, value: &Value, out: &mut Vec<u8>) {
        if self.root.is_zero_year(value) {
            return out.extend(ZERO_YEAR);
        }
        convert::write(value, &self.root.kind, out);
    }

    /// The same in UTF-8, which the gateway speaks with its clients.
    pub fn write_utf8(&self, value: &Value, out: &mut Vec<u8>) {
        if self.root.is_zero_year(value) {
            return out.extend(ZERO_YEAR);
        }
        self.root.kind.write_utf8(value, out);
    }

    /// Returns the warnings that a statement with this expression gives once, whatever its rows.
    pub fn notes(&self) -> &[Warning] {
        &self.notes
    }

    /// Returns the collation of a column that the expression reads; unknown where it was not told.
    pub fn collation(&self, column: usize) -> Collation {
        let known = self.root.column_kind(column).map(|kind| kind.collation);
        known.unwrap_or(Collation::UNKNOWN)
    }

    /// Returns the places of the columns that the expression reads, ascending.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Returns what is known of the values.
    pub fn kind(&self) -> &Kind {
        &self.root.kind
    }

    /// Returns the column that the values make in a result.
    pub fn field(&self, name: &str) -> Field {
        self.root.kind.field(name)
    }
}

/// What an expression is compiled with.
struct Compiler<'a> {
    env: Env<'a>,
    columns: &'a [Field],
    notes: RefCell<Vec<Warning>>,
    /// What is compiled stands below NOT, perhaps with AND and OR between.
    negated: Cell<bool>,
}

impl Compiler<'_> {
    fn node(&self, expr: &Expr, depth: usize) -> Result<Node, Error> {
        let (columns, env) = (self.columns, &self.env);
        if depth > MAX_DEPTH {
            return Err(Error::unsupported("an expression that nests so deep"));
        }
        match expr {
            Expr::Literal(value) => {
                constant::literal(value, env.session.connection_collation, &self.notes)
            }
            Expr::Bind(name) => match find(name, env.binds)? {
                BoundValue::One(value) => {
                    constant::literal(value, env.session.connection_collation, &self.notes)
                }
                BoundValue::Tuple(values) => self.tuple(values),
            },
            Expr::BindTuple(name) => match find(name, env.binds)? {
                BoundValue::One(value) => self.tuple(std::slice::from_ref(value)),
                BoundValue::Tuple(values) => self.tuple(values),
            },
            Expr::Column(place) => {
                let field = column(*place, columns)?;
                Ok(Node::new(Kind::of_field(field), read(*place, field, env.session)))
            }
            Expr::CollatedColumn(place, collation) => {
                let field = column(*place, columns)?;
                let kind = match field.typ.is_text() || matches!(field.typ, Type::ENUM | Type::SET)
                {
                    true => Kind::of_column(field, *collation),
                    false => Kind::of_field(field),
                };
                Ok(Node::new(kind, read(*place, field, env.session)))
            }
            Expr::TypedColumn(place, kind) => {
                let field = column(*place, columns)?;
                let name = shown_name(field, env.session);
                Ok(Node::new((**kind).clone(), Op::Column(*place, name, Origin::Table)))
            }
            Expr::Tuple(members) => {
                let members = members.iter().map(|member| self.node(member, depth + 1));
                let members = members.collect::<Result<Vec<Node>, Error>>()?;
                Ok(Node::new(Kind::truth(), Op::Tuple(members)))
            }
            Expr::Call(Func::Introducer(collation), args) => {
                if let Some(warning) = deprecated(*collation) {
                    self.notes.borrow_mut().push(Warning::new(1287, warning));
                }
                constant::introduced(*collation, plain(args, env)?)
            }
            Expr::Call(Func::National, args) => {
                self.notes.borrow_mut().push(Warning::new(3720, NATIONAL_WARNING));
                let mut node = constant::introduced(NATIONAL, plain(args, env)?)?;
                if let Op::Written(_, shown) = &mut node.op
                    && let Some(plain) = shown.strip_prefix(b"_utf8mb3")
                {
                    *shown = bytes::Bytes::copy_from_slice(plain);
                }
                Ok(node)
            }
            Expr::Call(Func::TemporalLiteral(kind), args) => temporal(*kind, args, env),
            Expr::Call(func, args) => {
                let function = func.function();
                if args.len() < function.least || args.len() > function.greatest {
                    return Err(wrong_count(function.name));
                }
                let outer = self.negated.get();
                self.negated.set(match func {
                    Func::Not | Func::Bang => !outer,
                    Func::And | Func::Or => outer,
                    _ => false,
                });
                let args: Result<Vec<Node>, Error> =
                    args.iter().map(|arg| self.node(arg, depth + 1)).collect();
                self.negated.set(outer);
                self.call(*func, args?)
            }
        }
    }

    fn tuple(&self, values: &[TypedBytes]) -> Result<Node, Error> {
        let collation: Collation = self.env.session.connection_collation;
        let members = values.iter().map(|value| constant::literal(value, collation, &self.notes));
        Ok(Node::new(Kind::truth(), Op::Tuple(members.collect::<Result<_, _>>()?)))
    }

    fn call(&self, func: Func, mut args: Vec<Node>) -> Result<Node, Error> {
        let env = &self.env;
        let function = func.function();
        // The comparison operators take tuples; to all else they are errors.
        if !func.takes_tuples()
            && let Some(members) = args.iter().find_map(Node::tuple)
        {
            return Err(columns_wanted(1, members.len()));
        }
        vectors::check(func, &args)?;
        if !func.passes_on() {
            args.iter().try_for_each(exact)?;
        }
        let mut signature = Signature {
            func,
            name: function.name,
            args: &mut args,
            session: env.session,
            kept: None,
            notes: &self.notes,
            negated: self.negated.get(),
        };
        let kind = (function.kind)(&mut signature)?;
        let kept = signature.kept.take();
        let pure = function.volatility == Volatility::Pure;
        let constant = pure && args.iter().all(Node::is_constant);
        let made = Node::new(kind, Op::Call(CallOp { func, function, args, kept }));
        if constant { fold(made, env) } else { Ok(made) }
    }
}

fn column(place: usize, columns: &[Field]) -> Result<&Field, Error> {
    columns
        .get(place)
        .ok_or_else(|| Error::bug(format_args!("column {place} of a row of {}", columns.len())))
}

/// Makes the read of a column, of which its table says that it was not computed.
fn read(place: usize, field: &Field, session: &Session) -> Op {
    let origin = match field.table.is_empty() && field.org_table.is_empty() {
        true => Origin::Computed,
        false => Origin::Table,
    };
    Op::Column(place, shown_name(field, session), origin)
}

fn shown_name(field: &Field, session: &Session) -> Arc<str> {
    let quote = if session.sql_mode.has(SqlMode::ANSI_QUOTES) { '"' } else { '`' };
    let mut shown = String::new();
    for part in [&field.database, &field.table].into_iter().filter(|part| !part.is_empty()) {
        shown.push_str(&format!("{quote}{part}{quote}."));
    }
    shown.push_str(&format!("{quote}{}{quote}", field.name));
    shown.into()
}

fn wrong_count(name: &str) -> Error {
    let message = format!("Incorrect parameter count in the call to native function '{name}'");
    Error::mysql(1582, b"42000", message).with_code(Code::InvalidArgument)
}

/// Returns the literal or bind variable that stands behind an introducer.
fn plain<'e>(args: &'e [Expr], env: &Env<'e>) -> Result<&'e TypedBytes, Error> {
    match args {
        [Expr::Literal(value)] => Ok(value),
        [Expr::Bind(name)] => match find(name, env.binds)? {
            BoundValue::One(value) => Ok(value),
            BoundValue::Tuple(_) => Err(Error::bug("an introducer before a list")),
        },
        _ => Err(Error::bug("an introducer before something that is no literal")),
    }
}

fn temporal(kind: TemporalKind, args: &[Expr], env: &Env<'_>) -> Result<Node, Error> {
    constant::temporal(kind, plain(args, env)?, env.session)
}

/// Refuses columns of doubles of which a result does not tell all digits.
fn exact(node: &Node) -> Result<(), Error> {
    if let Some(members) = node.tuple() {
        return members.iter().try_for_each(exact);
    }
    match is_rounded(node) {
        true => Err(Error::unsupported(format_args!("computing with {} values", node.kind.typ))),
        false => Ok(()),
    }
}

/// Returns whether a node is a column of rounded doubles, or passes one on.
fn is_rounded(node: &Node) -> bool {
    let (typ, decimals) = (node.kind.typ, node.kind.decimals);
    let rounded = typ == Type::FLOAT32 || (typ.is_float() && decimals < crate::kind::NOT_FIXED);
    let passed = |call: &CallOp| call.func.passes_on() && call.args.iter().any(is_rounded);
    rounded && (node.is_column() || node.call().is_some_and(passed))
}

/// Computes a constant call. One that fails does so again when it is needed, if ever; one that
/// cannot be computed here is refused now, while a shard may still be asked instead.
fn fold(made: Node, env: &Env<'_>) -> Result<Node, Error> {
    let mut ctx = Context::new(env.session);
    let value = match made.eval(&[], &mut ctx) {
        Ok(value) => value,
        Err(err) if err.id() == Some(ErrorId::VT12001) => return Err(err),
        Err(_) => return Ok(made),
    };
    let warnings = ctx.warnings.take();
    // In the same context what is converted but once does not warn again.
    let again = match warnings.is_empty() {
        true => Vec::new(),
        false => made.eval(&[], &mut ctx).map(|_| ctx.warnings.take()).unwrap_or_default(),
    };
    let Node { kind, op: Op::Call(call) } = made else { return Ok(made) };
    // What comes of the arguments alone comes as often as theirs.
    let warned = || call.args.iter().filter(|arg| !arg.folded_warnings().is_empty());
    let from_args: Vec<&Warning> = warned().flat_map(Node::folded_warnings).collect();
    let passed_on = !from_args.is_empty()
        && warnings.len() == from_args.len()
        && from_args.iter().all(|one| warnings.contains(one))
        && warned().all(Node::is_once);
    let later = match passed_on || describe::is_once(&call) {
        true => Some(Vec::new()),
        false => Some(again).filter(|again| *again != warnings),
    };
    let folded = Folded { value, warnings, later, call };
    Ok(Node::new(kind, Op::Folded(Box::new(folded))))
}

/// MySQL's error for a tuple where a value should be, or of another width.
pub(crate) fn columns_wanted(want: usize, have: usize) -> Error {
    debug_assert_ne!(want, have, "a tuple of the right width is no error");
    let error = Error::mysql(1241, b"21000", format!("Operand should contain {want} column(s)"));
    error.with_code(Code::InvalidArgument)
}
