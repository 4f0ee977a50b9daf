//! Functions of strings, and LIKE.

use bytes::Bytes;
use vt_base::Error;
use vt_value::{Collation, Value, float};

use super::{chosen, eval};
use crate::Func;
use crate::compile::{Node, Op, shown};

/// Computes a string as bytes; `None` for NULL.
fn string(node: &Node, row: &[Value]) -> Result<Option<Bytes>, Error> {
    // These pass on the text of what they choose, whatever their own type.
    if !node.kind.is_string() {
        match &node.op {
            Op::Call(Func::If | Func::Case, args) => {
                return chosen(args, row)?.map_or(Ok(None), |chosen| string(chosen, row));
            }
            Op::Call(Func::NullIf, args) if !eval(node, row)?.is_null() => {
                return string(&args[0], row);
            }
            _ => {}
        }
    }
    match (shown(node, row)?, &node.op) {
        // A computed double has less room as a string than as a result.
        (Value::Float(number), Op::Call(..) | Op::Constant(_)) => {
            let mut text = Vec::new();
            match float::write_f64_as_string(number, &mut text) {
                true => Ok(Some(text.into())),
                false => Err(Error::unsupported("a string of a double of so many digits")),
            }
        }
        (value, _) => Ok(value.text()),
    }
}

fn made(node: &Node, text: Vec<u8>) -> Value {
    Value::Text(text.into(), node.kind.collation)
}

pub(super) fn concat(node: &Node, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let mut all = Vec::new();
    for arg in args {
        match string(arg, row)? {
            None => return Ok(Value::Null),
            Some(text) => all.extend_from_slice(&text),
        }
    }
    Ok(made(node, all))
}

pub(super) fn concat_ws(node: &Node, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let Some(separator) = string(&args[0], row)? else { return Ok(Value::Null) };
    let mut all = Vec::new();
    let mut first = true;
    for arg in &args[1..] {
        if let Some(text) = string(arg, row)? {
            if !first {
                all.extend_from_slice(&separator);
            }
            first = false;
            all.extend_from_slice(&text);
        }
    }
    Ok(made(node, all))
}

pub(super) fn change_case(
    node: &Node,
    func: Func,
    args: &[Node],
    row: &[Value],
) -> Result<Value, Error> {
    let Some(text) = string(&args[0], row)? else { return Ok(Value::Null) };
    if node.kind.collation == Collation::BINARY {
        return Ok(Value::Text(text, Collation::BINARY));
    }
    if !text.is_ascii() {
        return Err(Error::unsupported("changing the case of letters beyond ASCII"));
    }
    Ok(made(
        node,
        match func {
            Func::Lower => text.to_ascii_lowercase(),
            _ => text.to_ascii_uppercase(),
        },
    ))
}

pub(super) fn length(func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let Some(text) = string(&args[0], row)? else { return Ok(Value::Null) };
    let kind = &args[0].kind;
    let binary = kind.collation == Collation::BINARY && kind.is_string();
    let length = match func {
        Func::CharLength if !binary => characters(&text).count(),
        // A column's own character set decides how many bytes a character has there.
        Func::Length if kind.collation == Collation::UNKNOWN => {
            return Err(Error::unsupported("LENGTH of a string of an unknown character set"));
        }
        _ => text.len(),
    };
    Ok(Value::Int(length as i64))
}

/// Returns the characters of UTF-8 text, each as its bytes.
fn characters(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    let starts: Vec<usize> =
        (0..text.len()).filter(|place| text[*place] & 0xc0 != 0x80 || *place == 0).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(move |(start, end)| &text[start..end])
}

/// LEFT and RIGHT.
pub(super) fn end(node: &Node, func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let Some(text) = string(&args[0], row)? else { return Ok(Value::Null) };
    let count = match eval(&args[1], row)? {
        Value::Null => return Ok(Value::Null),
        Value::Int(count) => usize::try_from(count.max(0)).unwrap_or(usize::MAX),
        Value::UInt(count) => usize::try_from(count).unwrap_or(usize::MAX),
        _ => return Err(Error::bug("a count that is no integer")),
    };
    let binary = node.kind.collation == Collation::BINARY;
    let width: usize = match (func, binary) {
        (_, true) => count.min(text.len()),
        (Func::Left, _) => characters(&text).take(count).map(<[u8]>::len).sum(),
        _ => characters(&text).rev().take(count).map(<[u8]>::len).sum(),
    };
    let cut = match func {
        Func::Left => text.slice(..width),
        _ => text.slice(text.len() - width..),
    };
    Ok(Value::Text(cut, node.kind.collation))
}

/// A piece of a pattern.
enum Piece<'p> {
    One(&'p [u8]),
    Any,
    Rest,
}

pub(super) fn like(func: Func, args: &[Node], row: &[Value]) -> Result<Value, Error> {
    let (Some(text), Some(pattern)) = (string(&args[0], row)?, string(&args[1], row)?) else {
        return Ok(Value::Null);
    };
    let escape = match args.get(2) {
        None => Some(b'\\'),
        Some(node) => match string(node, row)?.as_deref() {
            None => Some(b'\\'),
            Some([]) => None,
            Some([one]) => Some(*one),
            Some(_) => {
                let message = "Incorrect arguments to ESCAPE";
                return Err(Error::mysql(1210, b"HY000", message));
            }
        },
    };
    let (collation, _) = crate::kind::common_collation(args.iter().take(2).map(|arg| &arg.kind));
    let pieces = pieces(&pattern, escape);
    let text: Vec<&[u8]> = match collation {
        Collation::BINARY => text.chunks(1).collect(),
        _ => characters(&text).collect(),
    };
    let matched = matches(&text, &pieces, collation)?;
    Ok(Value::from(matched == (func == Func::Like)))
}

fn pieces(pattern: &[u8], escape: Option<u8>) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut characters = characters(pattern).peekable();
    while let Some(one) = characters.next() {
        all.push(match one {
            [byte] if Some(*byte) == escape => {
                // An escape at the end stands for itself.
                Piece::One(characters.next().unwrap_or(one))
            }
            b"%" => Piece::Rest,
            b"_" => Piece::Any,
            _ => Piece::One(one),
        });
    }
    all
}

/// Matches by going back to the last `%` where what follows it fails.
fn matches(text: &[&[u8]], pieces: &[Piece<'_>], collation: Collation) -> Result<bool, Error> {
    let (mut at, mut piece) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        let hit = match pieces.get(piece) {
            Some(Piece::Rest) => {
                back = Some((piece + 1, at));
                piece += 1;
                continue;
            }
            Some(Piece::Any) => true,
            Some(Piece::One(one)) => same_character(text[at], one, collation)?,
            None => false,
        };
        if hit {
            at += 1;
            piece += 1;
            continue;
        }
        match &mut back {
            None => return Ok(false),
            Some((next_piece, from)) => {
                *from += 1;
                (piece, at) = (*next_piece, *from);
            }
        }
    }
    Ok(pieces[piece..].iter().all(|piece| matches!(piece, Piece::Rest)))
}

fn same_character(a: &[u8], b: &[u8], collation: Collation) -> Result<bool, Error> {
    if a == b {
        return Ok(true);
    }
    // Control characters weigh nothing in some collations, which LIKE does not heed.
    let plain = |text: &[u8]| text.iter().all(|byte| !byte.is_ascii_control());
    let known = collation.is_exact() || (plain(a) && plain(b));
    collation.equal(a, b).filter(|_| known).ok_or_else(|| {
        Error::unsupported(format_args!(
            "LIKE under collation {}",
            collation.name().unwrap_or("unknown")
        ))
    })
}
