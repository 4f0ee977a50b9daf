//! The kinds of calls, and the checks that belong to them.

use vt_base::Error;
use vt_value::decimal::{DIV_SCALE_INCREMENT, MAX_SCALE};
use vt_value::{Collation, Temporal, TemporalKind, Type, Value};

use crate::Func;
use crate::compile::{Node, Op, columns_wanted};
use crate::kind::{Class, Kind, NOT_FIXED, common_collation, common_kind};

/// Returns the kind of a call; may change constants among the arguments to what they are compared
/// with.
#[expect(clippy::too_many_lines, reason = "one short arm a function")]
pub(crate) fn kind(func: Func, args: &mut [Node]) -> Result<Kind, Error> {
    if !matches!(func, Func::In | Func::NotIn | Func::Eq | Func::Ne | Func::NullSafeEq) {
        for arg in args.iter() {
            if let Op::Tuple(members) = &arg.op {
                return Err(columns_wanted(1, members.len()));
            }
        }
    }
    let nullable = args.iter().any(|arg| arg.kind.nullable);
    let kind = match func {
        Func::Add | Func::Sub | Func::Mul | Func::Div | Func::Mod | Func::IntDiv => {
            arithmetic(func, args)?
        }
        Func::Average => Kind { unsigned: false, ..arithmetic(Func::Div, args)? },
        Func::Negate => negation(&args[0])?,
        Func::And | Func::Or | Func::Xor | Func::Not => {
            truths(args)?;
            Kind::truth()
        }
        Func::IsTrue | Func::IsNotTrue | Func::IsFalse | Func::IsNotFalse => {
            truths(args)?;
            return Ok(Kind { nullable: false, ..Kind::truth() });
        }
        Func::IsNull | Func::IsNotNull => return Ok(Kind { nullable: false, ..Kind::truth() }),
        Func::Eq | Func::Ne | Func::Lt | Func::Le | Func::Gt | Func::Ge => {
            pair(args)?;
            Kind::truth()
        }
        Func::NullSafeEq => {
            pair(args)?;
            return Ok(Kind { nullable: false, ..Kind::truth() });
        }
        Func::In | Func::NotIn => {
            let open = member_of(args)?;
            return Ok(Kind { nullable: open, ..Kind::truth() });
        }
        Func::Between | Func::NotBetween => {
            between(args)?;
            Kind::truth()
        }
        Func::Like | Func::NotLike => {
            strings(args, "LIKE")?;
            Kind::truth()
        }
        Func::Coalesce | Func::IfNull => {
            let all = common_kind(&args.iter().map(|arg| &arg.kind).collect::<Vec<_>>())?;
            return Ok(Kind { nullable: args.iter().all(|arg| arg.kind.nullable), ..all });
        }
        Func::NullIf => {
            pair(args)?;
            let (a, b) = (&args[0].kind, &args[1].kind);
            // MySQL may turn a constant into the type of the other before it gives it back.
            let differ = a.typ != b.typ || a.collation != b.collation;
            if args[0].is_constant() && differ && b.typ != Type::NULL_TYPE {
                return Err(Error::unsupported("NULLIF of a constant and another type"));
            }
            return Ok(Kind { nullable: true, ..args[0].kind.clone() });
        }
        Func::If => {
            truths(&args[..1])?;
            let all = common_kind(&[&args[1].kind, &args[2].kind])?;
            return Ok(Kind { nullable: args[1..].iter().any(|arg| arg.kind.nullable), ..all });
        }
        Func::Case => return case(args),
        Func::Greatest | Func::Least => extreme(args)?,
        Func::Concat | Func::ConcatWs => concatenation(args)?,
        Func::Lower | Func::Upper | Func::Left | Func::Right => {
            strings(&args[..1], "a string function")?;
            args[1..].iter().try_for_each(whole_number)?;
            let kind = &args[0].kind;
            let (collation, coercibility) = common_collation([kind]);
            Kind::text(kind.length, collation, coercibility)
        }
        Func::Length | Func::CharLength => {
            strings(args, "LENGTH")?;
            Kind::int(11)
        }
        Func::Abs | Func::Ceiling | Func::Floor | Func::Sign => rounding(func, &args[0])?,
        Func::Round | Func::Truncate => round_to(args)?,
        Func::BitAnd
        | Func::BitOr
        | Func::BitXor
        | Func::ShiftLeft
        | Func::ShiftRight
        | Func::BitNot => {
            args.iter().try_for_each(whole_number)?;
            Kind::uint(21)
        }
        Func::CastSigned | Func::CastUnsigned => {
            let class = args[0].kind.class()?;
            if class == Class::Float && !args[0].kind.is_string() && !args[0].kind.typ.is_float() {
                return Err(Error::unsupported("this cast to an integer"));
            }
            if func == Func::CastSigned { Kind::int(21) } else { Kind::uint(21) }
        }
        Func::CastDouble => {
            args[0].kind.class()?;
            Kind::float()
        }
        Func::CastChar => {
            strings(args, "CAST AS CHAR")?;
            Kind::text(args[0].kind.length, Collation::UTF8MB4_0900_AI_CI, 2)
        }
    };
    Ok(Kind { nullable: nullable || kind.nullable && may_give_null(func), ..kind })
}

/// Returns whether NULL may come of operands that are not: by a division by zero, or a string that
/// is too long.
fn may_give_null(func: Func) -> bool {
    matches!(
        func,
        Func::Div
            | Func::Average
            | Func::IntDiv
            | Func::Mod
            | Func::Concat
            | Func::ConcatWs
            | Func::Lower
            | Func::Upper
            | Func::Left
            | Func::Right
            | Func::CastChar
    )
}

fn arithmetic(func: Func, args: &[Node]) -> Result<Kind, Error> {
    let (a, b) = (&args[0].kind, &args[1].kind);
    let (first, second) = (a.class()?, b.class()?);
    let class = first.max(second);
    if func == Func::IntDiv {
        if a.is_string() || b.is_string() {
            return Err(Error::unsupported("DIV of strings"));
        }
        let unsigned = a.unsigned || b.unsigned;
        let length = a.length.saturating_sub(u32::from(a.decimals % NOT_FIXED)).clamp(1, 21);
        return Ok(if unsigned { Kind::uint(length) } else { Kind::int(length) });
    }
    if class == Class::Float {
        // What comes of a bare NULL alone has digits.
        let null = [a, b].iter().all(|kind| !kind.typ.is_float() || kind.decimals < NOT_FIXED);
        let null = null && !a.is_string() && !b.is_string();
        let decimals = match func {
            _ if !null => NOT_FIXED,
            Func::Div => a.decimals.max(b.decimals).saturating_add(DIV_SCALE_INCREMENT),
            Func::Mul => a.decimals.saturating_add(b.decimals).min(NOT_FIXED),
            _ => a.decimals.max(b.decimals),
        };
        let unsigned = func == Func::Mod && a.unsigned;
        return Ok(Kind { decimals, unsigned, ..Kind::float() });
    }
    let signless = if func == Func::Mod { a.unsigned } else { a.unsigned && b.unsigned };
    if func == Func::Div {
        let decimals = a.decimals.saturating_add(DIV_SCALE_INCREMENT).min(MAX_SCALE);
        let precision = a.precision() + u32::from(b.decimals) + u32::from(DIV_SCALE_INCREMENT);
        return Ok(Kind { unsigned: signless, ..Kind::decimal(precision, decimals) });
    }
    if class == Class::Decimal {
        return Ok(Kind { unsigned: signless, ..decimal_arithmetic(func, a, b) });
    }
    let longest = a.length.max(b.length);
    let length = match func {
        Func::Add | Func::Sub => longest + 1,
        Func::Mul => a.length + b.length,
        _ => longest,
    };
    // The remainder has the sign of the dividend.
    let unsigned = if func == Func::Mod { first == Class::UInt } else { class == Class::UInt };
    Ok(if unsigned { Kind::uint(length.min(21)) } else { Kind::int(length.min(21)) })
}

fn decimal_arithmetic(func: Func, a: &Kind, b: &Kind) -> Kind {
    let integer = |kind: &Kind| kind.precision().saturating_sub(u32::from(kind.decimals));
    let decimals = match func {
        Func::Mul => a.decimals.saturating_add(b.decimals).min(MAX_SCALE),
        _ => a.decimals.max(b.decimals),
    };
    match func {
        Func::Mul => Kind::decimal(a.precision() + b.precision(), decimals),
        Func::Mod => Kind::decimal(integer(a).max(integer(b)) + u32::from(decimals), decimals),
        _ => Kind::decimal(integer(a).max(integer(b)) + u32::from(decimals) + 1, decimals),
    }
}

fn negation(arg: &Node) -> Result<Kind, Error> {
    Ok(match arg.kind.class()? {
        Class::Float if arg.kind.typ == Type::NULL_TYPE => Kind { decimals: 0, ..Kind::float() },
        Class::Float => Kind::float(),
        Class::Decimal => Kind { unsigned: false, ..arg.kind.clone() },
        Class::Int | Class::UInt => match &arg.op {
            // What does not fit an integer when it is negated becomes a decimal; MySQL asks so of
            // the bits, and negative constants seem too great to it.
            Op::Constant(Value::Int(number)) if *number < 0 => Kind::decimal(20, 0),
            Op::Constant(Value::UInt(number)) if *number > 1 << 63 => Kind::decimal(20, 0),
            _ => Kind::int(arg.kind.length.max(2)),
        },
    })
}

/// Checks that each argument can be true or false.
fn truths(args: &[Node]) -> Result<(), Error> {
    match args.iter().find(|arg| arg.kind.is_opaque()) {
        Some(arg) => Err(Error::unsupported(format_args!("{} as a condition", arg.kind.typ))),
        None => Ok(()),
    }
}

/// Checks that each argument has a text that is known here.
fn strings(args: &[Node], what: &str) -> Result<(), Error> {
    for arg in args {
        let known = matches!(arg.kind.typ, Type::ENUM | Type::SET | Type::JSON);
        if arg.kind.is_opaque() && !known {
            return Err(Error::unsupported(format_args!("{what} of {}", arg.kind.typ)));
        }
        // A FLOAT's own digits are not those of the double that it is computed as.
        if arg.kind.typ.is_float() && arg.kind.decimals < NOT_FIXED {
            return Err(Error::unsupported(format_args!("{what} of a {}", arg.kind.typ)));
        }
    }
    Ok(())
}

fn whole_number(arg: &Node) -> Result<(), Error> {
    if arg.kind.typ.is_integral() || arg.kind.typ == Type::NULL_TYPE {
        return Ok(());
    }
    Err(Error::unsupported(format_args!("{} where an integer is wanted", arg.kind.typ)))
}

/// Checks that two values, or two tuples, can be compared.
fn pair(args: &mut [Node]) -> Result<(), Error> {
    let [a, b] = args else { return Err(Error::bug("a comparison of other than two")) };
    comparable(a, b)?;
    recollate_pair(a, b);
    Ok(())
}

/// Has two strings, or those of two tuples, compare under the collation that they have in common.
fn recollate_pair(a: &mut Node, b: &mut Node) {
    match (&mut a.op, &mut b.op) {
        (Op::Tuple(a), Op::Tuple(b)) => {
            a.iter_mut().zip(b).for_each(|(a, b)| recollate_pair(a, b));
        }
        _ => recollate_all([a, b].into_iter()),
    }
}

fn comparable(a: &mut Node, b: &mut Node) -> Result<(), Error> {
    match (&mut a.op, &mut b.op) {
        (Op::Tuple(a), Op::Tuple(b)) => {
            if a.len() != b.len() {
                return Err(columns_wanted(a.len(), b.len()));
            }
            return a.iter_mut().zip(b).try_for_each(|(a, b)| comparable(a, b));
        }
        (Op::Tuple(members), _) | (_, Op::Tuple(members)) => {
            return Err(columns_wanted(members.len(), 1));
        }
        _ => {}
    }
    temporal_constant(&a.kind, b)?;
    temporal_constant(&b.kind, a)?;
    let (x, y) = (&a.kind, &b.kind);
    let either = |typ: Type| x.typ == typ || y.typ == typ;
    if either(Type::NULL_TYPE) {
        return Ok(());
    }
    if either(Type::FLOAT32) {
        return Err(Error::unsupported("comparing FLOAT values"));
    }
    let same_opaque = x.typ == y.typ && matches!(x.typ, Type::BIT | Type::GEOMETRY);
    if (x.is_opaque() || y.is_opaque()) && !same_opaque {
        return Err(Error::unsupported(format_args!("comparing {} with {}", x.typ, y.typ)));
    }
    let dates = |kind: &Kind| kind.typ.is_temporal() && kind.typ != Type::TIME;
    let times = x.typ == Type::TIME && y.typ == Type::TIME;
    if (x.typ.is_temporal() || y.typ.is_temporal()) && !(dates(x) && dates(y) || times) {
        return Err(Error::unsupported(format_args!("comparing {} with {}", x.typ, y.typ)));
    }
    Ok(())
}

/// Has all strings of a list compare under the collation that they have in common.
fn recollate_all<'n>(nodes: impl Iterator<Item = &'n mut Node>) {
    let strings: Vec<&mut Node> = nodes.filter(|node| node.kind.is_string()).collect();
    let (collation, _) = common_collation(strings.iter().map(|node| &node.kind));
    strings.into_iter().for_each(|node| node.recollate(collation));
}

/// Turns a string constant that is compared with a date or time into one.
fn temporal_constant(other: &Kind, node: &mut Node) -> Result<(), Error> {
    let kind = match other.typ {
        Type::DATE | Type::DATETIME | Type::TIMESTAMP => TemporalKind::DateTime,
        Type::TIME => TemporalKind::Time,
        _ => return Ok(()),
    };
    let Op::Constant(Value::Text(text, _)) = &node.op else { return Ok(()) };
    let read = match kind {
        TemporalKind::Time => Temporal::parse(kind, text),
        _ => Temporal::parse(TemporalKind::Date, text).or_else(|| Temporal::parse(kind, text)),
    };
    let Some(read) = read else {
        let text = String::from_utf8_lossy(text);
        return Err(Error::unsupported(format_args!("comparing {} with '{text}'", other.typ)));
    };
    node.op = Op::Constant(Value::Temporal(read));
    node.kind.typ = if kind == TemporalKind::Time { Type::TIME } else { Type::DATETIME };
    Ok(())
}

/// Checks the members of a list; returns whether NULL may come of them.
fn member_of(args: &mut [Node]) -> Result<bool, Error> {
    let [value, list] = args else { return Err(Error::bug("IN of other than two")) };
    let Op::Tuple(members) = &mut list.op else {
        return Err(Error::unsupported("IN without a list"));
    };
    members.iter_mut().try_for_each(|member| comparable(value, member))?;
    if matches!(value.op, Op::Tuple(_)) {
        members.iter_mut().for_each(|member| recollate_pair(value, member));
    } else {
        recollate_all(std::iter::once(&mut *value).chain(members.iter_mut()));
    }
    Ok(nullable(value) || members.iter().any(nullable))
}

fn nullable(node: &Node) -> bool {
    match &node.op {
        Op::Tuple(members) => members.iter().any(nullable),
        _ => node.kind.nullable,
    }
}

fn between(args: &mut [Node]) -> Result<(), Error> {
    let [value, low, high] = args else { return Err(Error::bug("BETWEEN of other than three")) };
    recollate_all([&mut *value, &mut *low, &mut *high].into_iter());
    comparable(value, low)?;
    comparable(value, high)?;
    let kinds = [&value.kind, &low.kind, &high.kind];
    if kinds.iter().any(|kind| kind.typ == Type::NULL_TYPE) {
        return Err(Error::unsupported("BETWEEN with a bare NULL"));
    }
    let strings = kinds.iter().filter(|kind| kind.is_string()).count();
    if strings > 0 && strings < kinds.len() {
        return Err(Error::unsupported("BETWEEN of strings and other values"));
    }
    Ok(())
}

fn case(args: &[Node]) -> Result<Kind, Error> {
    let (mut kinds, mut nullable) = (Vec::new(), args.len().is_multiple_of(2));
    for chunk in args.chunks(2) {
        let value = chunk.last().ok_or_else(|| Error::bug("CASE without a branch"))?;
        if chunk.len() == 2 {
            truths(&chunk[..1])?;
        }
        kinds.push(&value.kind);
        nullable |= value.kind.nullable;
    }
    Ok(Kind { nullable, ..common_kind(&kinds)? })
}

fn extreme(args: &mut [Node]) -> Result<Kind, Error> {
    let all = common_kind(&args.iter().map(|arg| &arg.kind).collect::<Vec<_>>())?;
    let same = |arg: &Node| arg.kind.is_string() || arg.kind.typ == Type::NULL_TYPE;
    if all.is_string() {
        if !args.iter().all(same) {
            return Err(Error::unsupported("GREATEST or LEAST of strings and other values"));
        }
        args.iter_mut().for_each(|arg| arg.recollate(all.collation));
    }
    Ok(all)
}

fn concatenation(args: &[Node]) -> Result<Kind, Error> {
    strings(args, "CONCAT")?;
    let length = args.iter().map(|arg| arg.kind.length).fold(0, u32::saturating_add);
    let (collation, coercibility) = common_collation(args.iter().map(|arg| &arg.kind));
    Ok(Kind::text(length, collation, coercibility))
}

fn rounding(func: Func, arg: &Node) -> Result<Kind, Error> {
    let class = arg.kind.class()?;
    if func == Func::Sign {
        return Ok(Kind::int(21));
    }
    Ok(match (func, class) {
        (Func::Abs, Class::Float) if arg.kind.typ == Type::NULL_TYPE => {
            Kind { decimals: 0, ..Kind::float() }
        }
        (_, Class::Float) => Kind::float(),
        (Func::Abs, Class::Decimal) => arg.kind.clone(),
        (_, Class::Decimal) => {
            let digits = arg.kind.precision().saturating_sub(u32::from(arg.kind.decimals)) + 1;
            // Few digits make an integer of it; MySQL's count of them may differ by a few.
            if digits < 19 { Kind::int(21) } else { Kind::decimal(digits, 0) }
        }
        (_, Class::UInt) => Kind::uint(arg.kind.length),
        (_, Class::Int) => Kind::int(arg.kind.length),
    })
}

fn round_to(args: &[Node]) -> Result<Kind, Error> {
    let digits = match args.get(1).map(|arg| &arg.op) {
        None => 0,
        Some(Op::Constant(Value::Int(digits))) => *digits,
        Some(Op::Constant(Value::UInt(digits))) => i64::try_from(*digits).unwrap_or(i64::MAX),
        Some(_) => return Err(Error::unsupported("rounding to digits that are not constant")),
    };
    let kind = &args[0].kind;
    Ok(match kind.class()? {
        Class::Float => Kind::float(),
        Class::Decimal => {
            let decimals = digits.clamp(0, i64::from(kind.decimals)) as u8;
            let cut = u32::from(kind.decimals - decimals);
            Kind::decimal(kind.precision().saturating_sub(cut) + u32::from(cut > 0), decimals)
        }
        Class::UInt => Kind::uint(21),
        Class::Int => Kind::int(21),
    })
}

impl Node {
    /// Has a string compare under a collation, whatever its own.
    fn recollate(&mut self, collation: Collation) {
        if let Op::Constant(Value::Text(text, own)) = &mut self.op
            && *own != collation
        {
            self.op = Op::Constant(Value::Text(text.clone(), collation));
        }
        self.compare_as = collation;
    }
}
