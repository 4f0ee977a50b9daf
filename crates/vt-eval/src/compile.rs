//! From an expression to a form that runs per row.

use std::sync::Arc;

use vt_base::{Code, Error};
use vt_value::{BindVars, BoundValue, Collation, Field, Type, TypedBytes, Value};

use crate::constant::find;
use crate::kind::Kind;
use crate::{Expr, Func, infer, run};

/// How deep an expression may nest.
const MAX_DEPTH: usize = 500;

/// What an expression may look up while it is compiled.
#[derive(Clone, Copy, Debug)]
pub struct Env<'a> {
    pub binds: &'a BindVars,
    /// The collation of literals (`collation_connection`).
    pub collation: Collation,
}

impl<'a> Env<'a> {
    /// Makes surroundings with MySQL's default collation.
    pub fn new(binds: &'a BindVars) -> Env<'a> {
        Env { binds, collation: Collation::UTF8MB4_0900_AI_CI }
    }
}

/// An expression whose types are known and whose constant parts are computed.
#[derive(Debug)]
pub struct Compiled {
    root: Node,
    columns: Vec<usize>,
}

/// A part of a compiled expression.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// The collation under which a string is compared by the call that it is an argument of.
    pub(crate) compare_as: Collation,
    pub(crate) op: Op,
}

/// What a node does.
#[derive(Debug)]
pub(crate) enum Op {
    Constant(Value),
    /// A column of the row, with its name for messages.
    Column(usize, Arc<str>),
    Tuple(Vec<Node>),
    Call(Func, Vec<Node>),
}

impl Expr {
    /// Compiles for rows of these columns; an expression that cannot be computed exactly as MySQL
    /// would is refused.
    pub fn compile(&self, columns: &[Field], env: &Env<'_>) -> Result<Compiled, Error> {
        let root = node(self, columns, env, 0)?;
        if let Op::Tuple(members) = &root.op {
            return Err(columns_wanted(1, members.len()));
        }
        let mut used = Vec::new();
        root.collect_columns(&mut used);
        used.sort_unstable();
        used.dedup();
        Ok(Compiled { root, columns: used })
    }
}

impl Compiled {
    /// Computes the value for a row; of the row, only [`Compiled::columns`] are read.
    pub fn eval(&self, row: &[Value]) -> Result<Value, Error> {
        shown(&self.root, row)
    }

    /// Returns whether the value for a row is true: neither false nor NULL.
    pub fn is_true(&self, row: &[Value]) -> Result<bool, Error> {
        Ok(run::truth(&run::eval(&self.root, row)?)?.unwrap_or(false))
    }

    /// Returns the places of the columns that the expression reads, ascending.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Returns the column that the values make in a result.
    pub fn field(&self, name: &str) -> Field {
        self.root.kind.field(name)
    }
}

/// Computes the value of a node as it leaves: a decimal has the digits of its expression, except
/// that IF, CASE and NULLIF pass on what they choose.
pub(crate) fn shown(node: &Node, row: &[Value]) -> Result<Value, Error> {
    if node.kind.typ == Type::DECIMAL {
        match &node.op {
            Op::Call(Func::If | Func::Case, args) => {
                let chosen = run::chosen(args, row)?;
                return chosen.map_or(Ok(Value::Null), |chosen| shown(chosen, row));
            }
            Op::Call(Func::NullIf, args) => {
                return match run::eval(node, row)? {
                    Value::Null => Ok(Value::Null),
                    _ => shown(&args[0], row),
                };
            }
            _ => {}
        }
    }
    Ok(match run::eval(node, row)? {
        Value::Decimal(number) => {
            Value::Decimal(number.round(node.kind.decimals.min(vt_value::decimal::MAX_SCALE)))
        }
        // An integer that stands for a decimal is shown as one.
        value if node.kind.typ == Type::DECIMAL => match value.to_decimal() {
            Some(number) => Value::Decimal(number.round(node.kind.decimals)),
            None => value,
        },
        other => other,
    })
}

fn node(expr: &Expr, columns: &[Field], env: &Env<'_>, depth: usize) -> Result<Node, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::unsupported("an expression that nests so deep"));
    }
    match expr {
        Expr::Literal(value) => constant(value, env),
        Expr::Bind(name) => match find(name, env.binds)? {
            BoundValue::One(value) => constant(value, env),
            BoundValue::Tuple(values) => tuple(values, env),
        },
        Expr::BindTuple(name) => match find(name, env.binds)? {
            BoundValue::One(value) => tuple(std::slice::from_ref(value), env),
            BoundValue::Tuple(values) => tuple(values, env),
        },
        Expr::Column(place) => {
            let field = columns.get(*place).ok_or_else(|| {
                Error::bug(format_args!("column {place} of a row of {}", columns.len()))
            })?;
            let name = match field.table.is_empty() {
                true => format!("`{}`", field.name),
                false => format!("`{}`.`{}`", field.table, field.name),
            };
            Ok(Node::new(Kind::of_field(field), Op::Column(*place, name.into())))
        }
        Expr::Tuple(members) => {
            let members = members.iter().map(|member| node(member, columns, env, depth + 1));
            let members = members.collect::<Result<Vec<Node>, Error>>()?;
            Ok(Node::new(Kind::truth(), Op::Tuple(members)))
        }
        Expr::Call(func, args) => {
            let (least, greatest) = func.arity();
            if args.len() < least || args.len() > greatest {
                let message =
                    format!("Incorrect parameter count in the call to native function '{func:?}'");
                let error = Error::mysql(1582, b"42000", message);
                return Err(error.with_code(Code::InvalidArgument));
            }
            let args = args.iter().map(|arg| node(arg, columns, env, depth + 1));
            call(*func, args.collect::<Result<_, _>>()?)
        }
    }
}

fn constant(value: &TypedBytes, env: &Env<'_>) -> Result<Node, Error> {
    let kind = Kind::of_typed(value, env.collation);
    let value = match Value::of_typed(value, env.collation)? {
        // A literal longer than any number is cut by MySQL with an error of its own.
        Value::Float(number) if !number.is_finite() => {
            return Err(Error::mysql(1367, b"22007", "Illegal double value found during parsing"));
        }
        value => value,
    };
    Ok(Node::new(kind, Op::Constant(value)))
}

fn tuple(values: &[TypedBytes], env: &Env<'_>) -> Result<Node, Error> {
    let members = values.iter().map(|value| constant(value, env)).collect::<Result<_, _>>()?;
    Ok(Node::new(Kind::truth(), Op::Tuple(members)))
}

fn call(func: Func, mut args: Vec<Node>) -> Result<Node, Error> {
    let kind = infer::kind(func, &mut args)?;
    let chooses = matches!(func, Func::If | Func::Case | Func::NullIf) && kind.typ == Type::DECIMAL;
    let constant = !chooses && args.iter().all(Node::is_constant);
    let made = Node::new(kind, Op::Call(func, args));
    if !constant {
        return Ok(made);
    }
    // A constant that cannot be computed fails when it is needed, if ever.
    Ok(match run::eval(&made, &[]) {
        Ok(value) => Node::new(made.kind, Op::Constant(value)),
        Err(_) => made,
    })
}

/// MySQL's error for a tuple where a value should be, or of another width.
pub(crate) fn columns_wanted(want: usize, have: usize) -> Error {
    debug_assert_ne!(want, have, "a tuple of the right width is no error");
    let error = Error::mysql(1241, b"21000", format!("Operand should contain {want} column(s)"));
    error.with_code(Code::InvalidArgument)
}

impl Node {
    fn new(kind: Kind, op: Op) -> Node {
        Node { compare_as: kind.collation, kind, op }
    }

    pub(crate) fn is_constant(&self) -> bool {
        match &self.op {
            Op::Constant(_) => true,
            Op::Tuple(members) => members.iter().all(Node::is_constant),
            Op::Column(..) | Op::Call(..) => false,
        }
    }

    fn collect_columns(&self, out: &mut Vec<usize>) {
        match &self.op {
            Op::Constant(_) => {}
            Op::Column(place, _) => out.push(*place),
            Op::Tuple(nodes) | Op::Call(_, nodes) => {
                nodes.iter().for_each(|node| node.collect_columns(out));
            }
        }
    }

    /// Writes the expression as MySQL's messages show it.
    pub(crate) fn describe(&self) -> String {
        let list = |nodes: &[Node]| nodes.iter().map(Node::describe).collect::<Vec<_>>().join(",");
        match &self.op {
            Op::Constant(value) => match (value, value.text()) {
                (_, None) => "NULL".to_owned(),
                (Value::Text(..) | Value::Temporal(_), Some(text)) => {
                    format!("'{}'", String::from_utf8_lossy(&text))
                }
                (_, Some(text)) => String::from_utf8_lossy(&text).into_owned(),
            },
            Op::Column(_, name) => name.to_string(),
            Op::Tuple(nodes) => format!("({})", list(nodes)),
            Op::Call(Func::Negate, args) => format!("-({})", list(args)),
            Op::Call(func, args) => match (func.operator(), args.as_slice()) {
                (Some(operator), [left, right]) => {
                    format!("({} {operator} {})", left.describe(), right.describe())
                }
                _ => format!("{}({})", format!("{func:?}").to_lowercase(), list(args)),
            },
        }
    }
}
