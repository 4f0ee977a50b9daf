//! Expressions as MySQL's messages show them.

use vt_collation::Charset;
use vt_value::{Collation, Type, Value};

use crate::expr::CastTarget;
use crate::functions::null_if_how;
use crate::kind::Kind;
use crate::node::{CallOp, Node, Op};
use crate::operators::compare::How;
use crate::operators::member::single_how;
use crate::{Func, convert};

/// How long a message shows an expression.
const SHOWN_BYTES: usize = 2048;

/// The names that functions have in messages, where they are not those that are called.
const SHOWN_NAMES: &[(&str, &str)] = &[
    ("atan2", "atan"),
    ("ceil", "ceiling"),
    ("character_length", "char_length"),
    ("current_date", "curdate"),
    ("current_time", "curtime"),
    ("current_timestamp", "now"),
    ("day", "dayofmonth"),
    ("instr", "locate"),
    ("json_merge", "json_merge_preserve"),
    ("lcase", "lower"),
    ("localtime", "now"),
    ("localtimestamp", "now"),
    ("mid", "substr"),
    ("name_const", "NAME_CONST"),
    ("octet_length", "length"),
    ("power", "pow"),
    ("st_asbinary", "st_aswkb"),
    ("st_aswkt", "st_astext"),
    ("string_to_vector", "to_vector"),
    ("vector_to_string", "from_vector"),
    ("weekofyear", "week"),
    ("schema", "database"),
    ("session_user", "user"),
    ("substring", "substr"),
    ("system_user", "user"),
    ("ucase", "upper"),
];

/// Returns the name of a function in messages about its arguments.
pub(crate) fn message_name(name: &'static str) -> &'static str {
    match name {
        "addtime" | "subtime" => "add_time",
        "bin" | "oct" => "conv",
        "date" => "cast_as_date",
        "date_add" | "date_sub" => "date_add_interval",
        "datediff" => "to_days",
        "json_merge" => "json_merge_preserve",
        "time" => "cast_as_time",
        "timestamp" => "cast_as_datetime",
        _ => {
            let shown = SHOWN_NAMES.iter().find(|(one, _)| *one == name);
            shown.map_or(name, |(_, shown)| *shown)
        }
    }
}

/// A last argument that MySQL puts in where none is given, and shows in its messages; a call keeps
/// it.
pub(crate) struct Implied(pub(crate) u8);

/// Writes an expression as MySQL's messages show it.
pub(crate) fn node(node: &Node) -> String {
    let mut out = String::new();
    write(node, &mut out);
    out
}

fn write(node: &Node, out: &mut String) {
    if out.len() > SHOWN_BYTES {
        return;
    }
    match &node.op {
        Op::Constant(value) => constant(value, node, out),
        Op::Written(_, text) => out.push_str(&String::from_utf8_lossy(text)),
        Op::Column(_, name, _) => out.push_str(name),
        Op::Tuple(nodes) => list("(", nodes, out),
        Op::Call(call) => write_call(call, &node.kind, out),
        Op::Folded(folded) => write_call(&folded.call, &node.kind, out),
    }
}

fn constant(value: &Value, node: &Node, out: &mut String) {
    match value {
        Value::Null => out.push_str("NULL"),
        Value::Text(bytes, _) if node.kind.is_bits() && bytes.is_empty() => out.push_str("X''"),
        Value::Text(bytes, _) if node.kind.is_bits() => {
            out.push_str("0x");
            bytes.iter().for_each(|byte| out.push_str(&format!("{byte:02x}")));
        }
        Value::Text(bytes, _) => quoted(bytes, out),
        Value::Temporal(temporal) => {
            out.push_str(match node.kind.typ {
                Type::DATE => "DATE",
                Type::TIME => "TIME",
                _ => "TIMESTAMP",
            });
            let mut text = Vec::new();
            temporal.write(&mut text);
            quoted(&text, out);
        }
        Value::Int(1) if node.kind.length == 1 => out.push_str("true"),
        Value::Int(0) if node.kind.length == 1 => out.push_str("false"),
        other => {
            let mut text = Vec::new();
            convert::write(other, &node.kind, &mut text);
            out.push_str(&String::from_utf8_lossy(&text));
        }
    }
}

/// Writes a literal with its introducer.
pub(crate) fn introduced(text: &[u8], collation: Collation) -> String {
    let name = collation.charset().map_or("binary", Charset::name);
    let mut out = format!("_{name}");
    quoted(text, &mut out);
    out
}

fn quoted(text: &[u8], out: &mut String) {
    out.push('\'');
    for letter in convert::as_it_is(text).chars() {
        match letter {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\0' => out.push_str("\\0"),
            other => out.push(other),
        }
    }
    out.push('\'');
}

fn list(open: &str, nodes: &[Node], out: &mut String) {
    out.push_str(open);
    for (place, node) in nodes.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write(node, out);
    }
    out.push(')');
}

/// Writes parts with words between them.
fn parts(parts: &[(&str, &Node)], end: &str, out: &mut String) {
    for (word, node) in parts {
        out.push_str(word);
        write(node, out);
    }
    out.push_str(end);
}

fn write_call(call: &CallOp, kind: &Kind, out: &mut String) {
    match (call.func, call.args.as_slice()) {
        (Func::Cast(CastTarget::Char { length, collation: None }), [arg]) => {
            cast(CastTarget::Char { length, collation: Some(kind.collation) }, arg, out);
        }
        (Func::Negate, args) => list("-(", args, out),
        (Func::BitNot, args) => list("~(", args, out),
        (Func::Not | Func::Bang, [arg]) if is_condition(arg) => parts(&[("(not(", arg)], "))", out),
        (Func::Not | Func::Bang, [arg]) => parts(&[("(0 = ", arg)], ")", out),
        (Func::And | Func::Or | Func::Xor, args) => conditions(call.func, args, out),
        (Func::NotLike, args) => {
            out.push_str("(not(");
            like(args, out);
            out.push_str("))");
        }
        (Func::Like, args) => like(args, out),
        (Func::IsNull, [arg]) => parts(&[("(", arg)], " is null)", out),
        (Func::IsNotNull, [arg]) => parts(&[("(", arg)], " is not null)", out),
        (Func::IsTrue, args) => truth(args, " is true)", out),
        (Func::IsNotTrue, args) => truth(args, " is not true)", out),
        (Func::IsFalse, args) => truth(args, " is false)", out),
        (Func::IsNotFalse, args) => truth(args, " is not false)", out),
        (Func::Between, [a, b, c]) => {
            parts(&[("(", a), (" between ", b), (" and ", c)], ")", out);
        }
        (Func::NotBetween, [a, b, c]) => {
            parts(&[("(", a), (" not between ", b), (" and ", c)], ")", out);
        }
        (Func::Eq | Func::NullSafeEq, [a, b]) if a.tuple().is_some() => {
            let operator = format!(" {} ", call.func.operator().unwrap_or_default());
            out.push('(');
            equations(&operator, a, b, out);
            out.push(')');
        }
        (Func::In | Func::NotIn, [a, b]) => member(call.func, a, b, out),
        (Func::Case, args) => case(None, args, out),
        (Func::CaseOf, [operand, args @ ..]) => case(Some(operand), args, out),
        (Func::Cast(target), [arg]) => cast(target, arg, out),
        (Func::Binary, [arg]) => cast(CastTarget::Binary { length: None }, arg, out),
        (Func::ConvertUsing(collation), [arg]) => {
            let set = collation.charset().map_or("", Charset::name);
            parts(&[("convert(", arg)], &format!(" using {set})"), out);
        }
        (Func::Collate(collation), [arg]) => {
            let name = collation.name().unwrap_or_default();
            parts(&[("(", arg)], &format!(" collate {name})"), out);
        }
        (Func::Named(id), args) => {
            named(id.function().name, args, out);
            let kept = call.kept.as_deref().and_then(|kept| kept.downcast_ref::<Implied>());
            if let Some(Implied(argument)) = kept
                && out.pop().is_some()
            {
                out.push_str(&format!(",{argument})"));
            }
        }
        (func, [a, b]) => match func.operator() {
            Some(operator) => parts(&[("(", a), (&format!(" {operator} "), b)], ")", out),
            None => list(&format!("{}(", func.name()), &call.args, out),
        },
        (func, args) => list(&format!("{}(", func.name()), args, out),
    }
}

/// Writes an IN; of one member it is an equation.
fn member(func: Func, value: &Node, list: &Node, out: &mut String) {
    let (among, equal) = match func {
        Func::In => (" in ", " = "),
        _ => (" not in ", " <> "),
    };
    match list.tuple() {
        Some([one]) => parts(&[("(", value), (equal, one)], ")", out),
        _ => parts(&[("(", value), (among, list)], ")", out),
    }
}

/// Writes the equations that two tuples stand for, with AND between them.
fn equations(operator: &str, a: &Node, b: &Node, out: &mut String) {
    let (Some(left), Some(right)) = (a.tuple(), b.tuple()) else {
        return parts(&[("(", a), (operator, b)], ")", out);
    };
    for (place, (a, b)) in left.iter().zip(right).enumerate() {
        if place > 0 {
            out.push_str(" and ");
        }
        equations(operator, a, b, out);
    }
}

/// Returns whether a node answers true or false by itself.
fn is_condition(node: &Node) -> bool {
    node.call().is_some_and(is_condition_call)
}

fn is_condition_call(call: &CallOp) -> bool {
    let operator = matches!(
        call.func,
        Func::And
            | Func::Or
            | Func::Xor
            | Func::Not
            | Func::Bang
            | Func::Eq
            | Func::NullSafeEq
            | Func::Ne
            | Func::Lt
            | Func::Le
            | Func::Gt
            | Func::Ge
            | Func::In
            | Func::NotIn
            | Func::IsNull
            | Func::IsNotNull
            | Func::IsTrue
            | Func::IsNotTrue
            | Func::IsFalse
            | Func::IsNotFalse
            | Func::Between
            | Func::NotBetween
            | Func::Like
            | Func::NotLike
    );
    operator || matches!(call.function.name, "isnull" | "regexp_like")
}

/// Returns whether MySQL computes a constant call but once: a list of constants, a test for NULL,
/// and a condition on literals or on constants that become numbers of another type for it.
pub(crate) fn is_once(call: &CallOp) -> bool {
    let tuples = || call.args.iter().any(|arg| arg.tuple().is_some_and(|all| all.len() > 1));
    match call.func {
        Func::Between | Func::NotBetween | Func::Like | Func::NotLike => return false,
        Func::IsNull | Func::IsNotNull => return true,
        // Of a list its members warn but once, the value each time.
        Func::In | Func::NotIn if tuples() => {
            return call.args.first().is_some_and(|value| value.tuple().is_some());
        }
        _ if call.function.name == "isnull" => return true,
        _ if call.function.name == "regexp_like" => return false,
        _ => {}
    }
    if !is_condition_call(call) && call.function.name != "nullif" {
        return false;
    }
    let kept = call.kept.as_deref();
    let how = kept.and_then(|kept| {
        kept.downcast_ref::<How>().or_else(|| null_if_how(kept)).or_else(|| single_how(kept))
    });
    call.args.iter().all(|arg| warns_once(arg, how))
}

/// Returns whether an operand gives its warnings but once, in a comparison of this kind.
fn warns_once(node: &Node, how: Option<&How>) -> bool {
    if let Some(members) = node.tuple() {
        let hows = match how {
            Some(How::Tuple(hows)) => hows.as_slice(),
            _ => &[],
        };
        let own = |place: usize| hows.get(place).or(how);
        return members.iter().enumerate().all(|(place, one)| warns_once(one, own(place)));
    }
    // Without another operand a value is compared with the integer zero.
    let converts = match how {
        Some(how) => how.converts(&node.kind),
        None => !node.kind.typ.is_number(),
    };
    node.folded_warnings().is_empty() || node.is_once() || converts
}

fn condition(node: &Node, out: &mut String) {
    match is_condition(node) {
        true => write(node, out),
        false => parts(&[("(0 <> ", node)], ")", out),
    }
}

fn conditions(func: Func, args: &[Node], out: &mut String) {
    out.push('(');
    for (place, arg) in args.iter().enumerate() {
        if place > 0 {
            out.push_str(&format!(" {} ", func.operator().unwrap_or_default()));
        }
        condition(arg, out);
    }
    out.push(')');
}

fn truth(args: &[Node], end: &str, out: &mut String) {
    out.push('(');
    args.iter().for_each(|arg| condition(arg, out));
    out.push_str(end);
}

fn like(args: &[Node], out: &mut String) {
    match args {
        [a, b] => parts(&[("(", a), (" like ", b)], ")", out),
        [a, b, c] => parts(&[("(", a), (" like ", b), (" escape ", c)], ")", out),
        _ => {}
    }
}

fn case(operand: Option<&Node>, args: &[Node], out: &mut String) {
    out.push_str("(case");
    if let Some(operand) = operand {
        parts(&[(" ", operand)], "", out);
    }
    for pair in args.chunks(2) {
        match pair {
            [condition, value] => parts(&[(" when ", condition), (" then ", value)], "", out),
            [otherwise] => parts(&[(" else ", otherwise)], "", out),
            _ => {}
        }
    }
    out.push_str(" end)");
}

fn cast(target: CastTarget, arg: &Node, out: &mut String) {
    let with = |name: &str, digits: u8| match digits {
        0 => name.to_owned(),
        digits => format!("{name}({digits})"),
    };
    let typ = match target {
        CastTarget::Signed => "signed".to_owned(),
        CastTarget::Unsigned => "unsigned".to_owned(),
        CastTarget::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
        CastTarget::Char { length, collation } => {
            let set = collation.and_then(Collation::charset).map_or("utf8mb4", Charset::name);
            let length = length.map(|length| format!("({length})")).unwrap_or_default();
            format!("char{length} charset {set}")
        }
        CastTarget::NationalChar { length } => {
            let length = length.map(|length| format!("({length})")).unwrap_or_default();
            format!("char{length} charset utf8mb3")
        }
        CastTarget::Binary { length } => {
            let length = length.map(|length| format!("({length})")).unwrap_or_default();
            format!("char{length} charset binary")
        }
        CastTarget::Date => "date".to_owned(),
        CastTarget::Time { decimals } => with("time", decimals),
        CastTarget::DateTime { decimals } => with("datetime", decimals),
        CastTarget::Year => "year".to_owned(),
        CastTarget::Float => "float".to_owned(),
        CastTarget::Double | CastTarget::Real => "double".to_owned(),
        CastTarget::Json => "json".to_owned(),
    };
    parts(&[("cast(", arg)], &format!(" as {typ})"), out);
}

fn describe_width(node: &Node) -> String {
    match node.constant() {
        Some(Value::Int(width)) => width.to_string(),
        Some(Value::UInt(width)) => width.to_string(),
        _ => String::new(),
    }
}

/// Returns the text of a constant argument that is a word.
fn word(node: &Node) -> String {
    match node.constant() {
        Some(Value::Text(text, _)) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    }
}

/// Returns the type that JSON_VALUE gives, of the cast that it keeps for it.
fn returned(typ: &Node) -> String {
    let shown = self::node(typ);
    let name = shown.strip_prefix("cast(NULL as ").and_then(|rest| rest.strip_suffix(')'));
    name.unwrap_or("char(512)").to_owned()
}

/// Writes what JSON_VALUE gives where it finds nothing, or fails.
fn response(what: &Node, instead: &Node, when: &str, out: &mut String) {
    match word(what).as_str() {
        "" => {}
        "DEFAULT" => parts(&[(" default ", instead)], &format!(" on {when}"), out),
        other => out.push_str(&format!(" {} on {when}", other.to_lowercase())),
    }
}

/// Writes a call by name, or one of those with words.
fn named(name: &str, args: &[Node], out: &mut String) {
    match (name, args) {
        ("date_add", [date, amount, unit]) => {
            let end = format!(" {})", word(unit).to_lowercase());
            parts(&[("(", date), (" + interval ", amount)], &end, out);
        }
        ("date_sub", [date, amount, unit]) => {
            let end = format!(" {})", word(unit).to_lowercase());
            parts(&[("(", date), (" - interval ", amount)], &end, out);
        }
        ("timestampdiff", [unit, from, to]) => {
            let open = format!("timestampdiff({},", word(unit));
            parts(&[(&open, from), (",", to)], ")", out);
        }
        ("datediff", [first, second]) => {
            out.push_str("(to_days(");
            write(first, out);
            out.push_str(") - to_days(");
            write(second, out);
            out.push_str("))");
        }
        ("extract", [unit, value]) => {
            let open = format!("extract({} from ", word(unit).to_lowercase());
            parts(&[(&open, value)], ")", out);
        }
        ("weight_string", [value]) => parts(&[("weight_string(", value)], ")", out),
        ("weight_string", [value, kind, width]) => {
            let shown = describe_width(width);
            match word(kind).as_str() {
                "BINARY" => {
                    let end = format!(" as char({shown}) charset binary))");
                    parts(&[("weight_string(cast(", value)], &end, out);
                }
                _ => parts(&[("weight_string(", value)], &format!(" as char({shown}))"), out),
            }
        }
        ("trim", [_, value]) => parts(&[("trim(", value)], ")", out),
        ("trim", [side, value, what]) => {
            let side = word(side).to_lowercase();
            // Both sides are meant where none is named.
            let open = if side.is_empty() { "trim(".to_owned() } else { format!("trim({side} ") };
            parts(&[(&open, what), (" from ", value)], ")", out);
        }
        ("char", [_, args @ ..]) => list("char(", args, out),
        ("get_format", [kind, value]) => {
            parts(&[(&format!("get_format({}, ", word(kind)), value)], ")", out);
        }
        ("timestamp", [value]) => {
            let digits = value.kind.decimals;
            let end = if digits > 0 {
                format!(" as datetime({digits}))")
            } else {
                " as datetime)".to_owned()
            };
            parts(&[("cast(", value)], &end, out);
        }
        ("from_unixtime", [value, format]) => {
            parts(&[("date_format(from_unixtime(", value), ("),", format)], ")", out);
        }
        ("date", [value]) => parts(&[("cast(", value)], " as date)", out),
        ("isnull", [value]) => parts(&[("(", value)], " is null)", out),
        ("instr", [text, what]) => parts(&[("locate(", what), (",", text)], ")", out),
        ("bin", [value]) => parts(&[("conv(", value)], ",10,2)", out),
        ("oct", [value]) => parts(&[("conv(", value)], ",10,8)", out),
        ("round", [value]) => parts(&[("round(", value)], ",0)", out),
        ("json_value", [document, path, typ, empty, instead, error, other]) => {
            parts(&[("json_value(", document), (", ", path)], " returning ", out);
            out.push_str(&returned(typ));
            response(empty, instead, "empty", out);
            response(error, other, "error", out);
            out.push(')');
        }
        ("member of", [value, json]) => parts(&[("", value), (" member of (", json)], ")", out),
        _ => {
            let shown = SHOWN_NAMES.iter().find(|(one, _)| *one == name);
            let shown = shown.map_or(name, |(_, shown)| *shown);
            list(&format!("{shown}("), args, out);
        }
    }
}
