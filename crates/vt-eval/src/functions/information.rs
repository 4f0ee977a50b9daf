//! USER, DATABASE, VERSION and their like: what the session is; and ANY_VALUE and NAME_CONST.

use vt_base::Error;
use vt_value::Value;

use super::strings::{self, system};
use crate::Func;
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;
use crate::node::Node;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("any_value", (1, 1), first_kind, first),
    Function::new("connection_id", (0, 0), id_kind, connection_id).statement(),
    Function::new("current_user", (0, 0), user_kind, current_user).statement(),
    Function::new("database", (0, 0), database_kind, database),
    Function::new("found_rows", (0, 0), count_kind, found_rows).statement(),
    Function::new("last_insert_id", (0, 1), last_id_kind, last_insert_id).statement(),
    Function::new("name_const", (2, 2), name_const_kind, second),
    Function::new("row_count", (0, 0), count_kind, row_count).statement(),
    Function::new("schema", (0, 0), database_kind, database),
    Function::new("session_user", (0, 0), user_kind, user).statement(),
    Function::new("system_user", (0, 0), user_kind, user).statement(),
    Function::new("user", (0, 0), user_kind, user).statement(),
    Function::new("version", (0, 0), version_kind, version),
];

/// The coercibility of what the server knows.
const SYSTEM: u8 = 3;

fn first_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(signature.kind(0).clone())
}

fn first(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    call.value(0)
}

fn name_const_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(1);
    // TRUE and FALSE, of one digit, are no literals here.
    let truth = kind.typ.is_integral() && kind.length == 1;
    let literal = !kind.typ.is_temporal() && !truth && is_written(&signature.args()[1]);
    if signature.constant(0).is_none() || !literal {
        return Err(strings::error(1210, "Incorrect arguments to NAME_CONST"));
    }
    Ok(signature.kind(1).clone().with_nullable(true))
}

/// Returns whether a node is a literal, with a sign or a collation perhaps.
fn is_written(node: &Node) -> bool {
    let Some(call) = node.call() else { return node.is_literal() };
    let passes = matches!(call.func, Func::Negate | Func::Collate(_));
    passes && call.args.iter().all(Node::is_literal)
}

fn second(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    call.value(1)
}

fn id_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::uint(21).with_nullable(false))
}

fn last_id_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if !signature.is_empty() {
        return Err(signature.unsupported("that changes the session"));
    }
    id_kind(signature)
}

fn count_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(21).with_nullable(false))
}

fn user_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(strings::from_itself(signature, system(288, SYSTEM)))
}

fn database_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(system(64, SYSTEM).with_nullable(true))
}

fn version_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let length = signature.session().version.len() as u64;
    Ok(system(length, SYSTEM).with_nullable(false))
}

fn connection_id(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(Value::UInt(call.session().connection_id))
}

fn last_insert_id(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(Value::UInt(call.session().last_insert_id))
}

fn row_count(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(Value::Int(call.session().row_count))
}

fn found_rows(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let message = "FOUND_ROWS() is deprecated and will be removed in a future release. Consider \
                   using COUNT(*) instead.";
    call.warn(1287, message);
    Ok(Value::Int(call.session().found_rows as i64))
}

fn user(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let user = call.session().user.as_bytes().to_vec();
    Ok(call.made(user))
}

fn current_user(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let user = call.session().current_user.as_bytes().to_vec();
    Ok(call.made(user))
}

fn database(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let database = call.session().database.as_ref().map(|name| name.as_bytes().to_vec());
    Ok(database.map_or(Value::Null, |name| call.made(name)))
}

fn version(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let version = call.session().version.as_bytes().to_vec();
    Ok(call.made(version))
}
