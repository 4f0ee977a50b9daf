//! From the syntax tree to assignments.

use vt_base::Result;
use vt_sql::ast::{self, AccessMode, Expr, SetItem, SetValue, UnaryOp, Variable, VariableScope};
use vt_tablet_api::Isolation;
use vt_value::{BindVars, Type, TypedBytes};

use super::{Item, Scope, Value};
use crate::query::literals::typed;

/// Reads the assignments of a SET; `params` are the values of its `?`.
pub fn items(set: &ast::Set<'_>, params: &BindVars) -> Result<Vec<Item>> {
    set.items.iter().map(|one| item(one, params)).collect()
}

fn item(item: &SetItem<'_>, params: &BindVars) -> Result<Item> {
    Ok(match item {
        SetItem::Variable { variable: Variable::User(name), value: given } => {
            Item::User { name: name.to_lowercase(), value: value(given, params) }
        }
        SetItem::Variable { variable: Variable::System(variable), value: given } => Item::System {
            name: variable.name.to_lowercase(),
            scope: scope(variable.scope),
            value: value(given, params),
        },
        SetItem::Names { charset, collate } => Item::Names {
            charset: charset.map(str::to_lowercase),
            collation: collate.map(str::to_lowercase),
        },
        SetItem::CharacterSet(charset) => {
            Item::CharacterSet { charset: charset.map(str::to_lowercase) }
        }
        SetItem::Transaction(one) => Item::Transaction {
            scope: one.scope.map(|one| scope(Some(one))),
            isolation: one.isolation.map(isolation),
            is_read_only: one.access.map(|access| access == AccessMode::ReadOnly),
        },
    })
}

fn scope(scope: Option<VariableScope>) -> Scope {
    match scope {
        None | Some(VariableScope::Session) => Scope::Session,
        Some(VariableScope::Global | VariableScope::Persist | VariableScope::PersistOnly) => {
            Scope::Global
        }
        Some(VariableScope::VitessMetadata) => Scope::Metadata,
    }
}

fn isolation(isolation: ast::Isolation) -> Isolation {
    match isolation {
        ast::Isolation::ReadUncommitted => Isolation::ReadUncommitted,
        ast::Isolation::ReadCommitted => Isolation::ReadCommitted,
        ast::Isolation::RepeatableRead => Isolation::RepeatableRead,
        ast::Isolation::Serializable => Isolation::Serializable,
    }
}

fn value(value: &SetValue<'_>, params: &BindVars) -> Value {
    match value {
        SetValue::Default => Value::Default,
        SetValue::Word(word) => Value::Known(TypedBytes::varchar(word)),
        SetValue::Expr(expr) => match known(expr) {
            Some(value) => Value::Known(value),
            None => Value::Expr { sql: vt_sql::to_sql(expr), params: params.clone() },
        },
    }
}

/// Returns the value of an expression that needs no evaluation.
fn known(expr: &Expr<'_>) -> Option<TypedBytes> {
    match expr {
        Expr::Null => Some(TypedBytes::NULL),
        Expr::True => Some(TypedBytes::int64(1)),
        Expr::False => Some(TypedBytes::int64(0)),
        Expr::Literal(literal) => {
            let value = typed(literal.kind, literal.value);
            // Hex literals are numbers or strings by where they stand: let MySQL decide.
            (value.typ != Type::HEXNUM).then_some(value)
        }
        Expr::Unary(unary) if unary.op == UnaryOp::Minus => {
            let value = known(&unary.expr)?;
            let text = format!("-{}", std::str::from_utf8(&value.bytes).ok()?);
            (value.typ.is_number() && value.bytes.first()?.is_ascii_digit())
                .then(|| TypedBytes::new(value.typ, text))
        }
        _ => None,
    }
}
