//! LIKE.

use vt_base::{Code, Error};
use vt_collation::Charset;
use vt_value::{Collation, Value};

use crate::Func;
use crate::convert;
use crate::function::{Call, CollationUse, Signature};
use crate::kind::Kind;

/// The collation that text and pattern have in common.
struct Matched(Collation);

pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let nullable = signature.any_nullable();
    let (collation, _) = signature.aggregate_collation(0..2, CollationUse::Comparison)?;
    signature.keep(Matched(collation));
    Ok(Kind::truth().with_nullable(nullable))
}

pub(super) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let kept = call.kept::<Matched>();
    let Matched(collation) = *kept.ok_or_else(|| Error::bug("a LIKE that was not compiled"))?;
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let text = convert::exactly(&text, collation)?;
    let Some(pattern) = call.text(1)? else { return Ok(Value::Null) };
    let pattern = convert::exactly(&pattern, collation)?;
    let escape = escape(call)?;
    let charset = collation.charset().ok_or_else(|| unknown(collation))?;
    let pieces = pieces(&pattern, escape, charset);
    let text: Vec<&[u8]> = charset.chars(&text).collect();
    let matched = matches(&text, &pieces, collation)?;
    Ok(Value::from(matched == (call.func() == Func::Like)))
}

fn escape(call: &mut Call<'_, '_>) -> Result<Option<u8>, Error> {
    if call.len() < 3 {
        return Ok(Some(b'\\'));
    }
    match call.bytes(2)?.as_deref() {
        None => Ok(Some(b'\\')),
        Some([]) => Ok(None),
        Some([one]) => Ok(Some(*one)),
        Some(_) => {
            let error = Error::mysql(1210, b"HY000", "Incorrect arguments to ESCAPE");
            Err(error.with_code(Code::InvalidArgument))
        }
    }
}

/// A piece of a pattern.
enum Piece<'p> {
    One(&'p [u8]),
    Any,
    Rest,
}

fn pieces(pattern: &[u8], escape: Option<u8>, charset: Charset) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut characters = charset.chars(pattern);
    let ascii = |one: &[u8]| match (charset.keeps_ascii(), one) {
        (true, [byte]) => Some(*byte),
        (true, _) => None,
        (false, _) => charset.decode(one).and_then(|(code, _)| u8::try_from(code).ok()),
    };
    while let Some(one) = characters.next() {
        all.push(match ascii(one) {
            Some(byte) if Some(byte) == escape => {
                // An escape at the end stands for itself.
                Piece::One(characters.next().unwrap_or(one))
            }
            Some(b'%') => Piece::Rest,
            Some(b'_') => Piece::Any,
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
    collation.equal(a, b).filter(|_| known).ok_or_else(|| unknown(collation))
}

fn unknown(collation: Collation) -> Error {
    let name = collation.name().unwrap_or("unknown");
    Error::unsupported(format_args!("LIKE under collation {name}"))
}
