//! What is in a document, and where: `JSON_CONTAINS()`, `JSON_SEARCH()` and their like.

use std::collections::HashSet;
use std::sync::Arc;

use vt_base::{Code, Error};
use vt_value::json::path::{Index, Leg};
use vt_value::json::{Json, Path};
use vt_value::{Collation, Value};

use super::argument::{Leads, document, keep_paths, path, utf8, wants_all};
use super::element::element;
use super::json_kind;
use crate::function::{Call, Signature};
use crate::kind::Kind;

pub(super) fn contains_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    keep_paths(signature, 2, 1);
    Ok(Kind::int(21))
}

pub(super) fn contains(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(holder) = document(call, 0)? else { return Ok(Value::Null) };
    let Some(candidate) = document(call, 1)? else { return Ok(Value::Null) };
    let mut part = Some(&holder);
    if call.len() > 2 {
        let Some(path) = path(call, 2, Leads::ToOne)? else { return Ok(Value::Null) };
        part = holder.seek(&path);
    }
    Ok(part.map_or(Value::Null, |part| Value::from(part.contains(&candidate))))
}

pub(super) fn paths_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    keep_paths(signature, 2, 1);
    Ok(Kind::int(21))
}

/// Paths are looked at until the answer is known.
pub(super) fn contains_path(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(document) = document(call, 0)? else { return Ok(Value::Null) };
    let Some(all) = wants_all(call, 1)? else { return Ok(Value::Null) };
    for place in 2..call.len() {
        let Some(path) = path(call, place, Leads::Anywhere)? else { return Ok(Value::Null) };
        if document.seek(&path).is_some() != all {
            return Ok(Value::from(!all));
        }
    }
    Ok(Value::from(all))
}

pub(super) fn truth_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::truth().with_nullable(signature.any_nullable()))
}

pub(super) fn overlaps(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(one) = document(call, 0)? else { return Ok(Value::Null) };
    let Some(other) = document(call, 1)? else { return Ok(Value::Null) };
    Ok(Value::from(one.overlaps(&other)))
}

/// The value is a scalar of SQL, or a document; the other side is read as a document.
pub(super) fn member_of(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    let node = &call.args()[0];
    let value = element(value, node, "member of", call.context())?;
    let Some(document) = document(call, 1)? else { return Ok(Value::Null) };
    Ok(Value::from(document.has_member(&value)))
}

/// Where the paths of `JSON_SEARCH()` begin among its arguments.
const SEARCH_PATHS: usize = 4;

pub(super) fn search_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.len() > 3 && !signature.args()[3].is_constant() {
        return Err(wrong_escape());
    }
    // A constant string of another character set is brought to that of documents at once.
    let bytes = |kind: &Kind| kind.collation == Collation::BINARY;
    if signature.len() > 2 && signature.kind(2).is_string() && !bytes(signature.kind(2)) {
        signature.simplify(2, Collation::UTF8MB4_BIN)?;
    }
    keep_paths(signature, SEARCH_PATHS, 1);
    Ok(json_kind())
}

/// `1210`: what escapes is one character, and the same for all rows.
fn wrong_escape() -> Error {
    Error::mysql(1210, b"HY000", "Incorrect arguments to ESCAPE").with_code(Code::InvalidArgument)
}

pub(super) fn search(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(document) = document(call, 0)? else { return Ok(Value::Null) };
    let Some(all) = wants_all(call, 1)? else { return Ok(Value::Null) };
    let escape = escape(call)?;
    let mut starts = Vec::new();
    for place in SEARCH_PATHS..call.len() {
        let Some(path) = path(call, place, Leads::Anywhere)? else { return Ok(Value::Null) };
        starts.push(path);
    }
    // Without a string to compare it with, the pattern is never computed.
    if !has_string(&document) {
        return Ok(Value::Null);
    }
    let Some(pattern) = call.text(2)? else { return Ok(Value::Null) };
    let pattern = match pattern.collation {
        // Bytes are a pattern too, where they are text.
        vt_value::Collation::BINARY => String::from_utf8(pattern.bytes.into())
            .map_err(|_| Error::unsupported("a pattern that is no UTF-8"))?,
        _ => utf8(pattern, call.context())?,
    };
    let mut search = Search {
        pattern: pieces(&pattern, escape),
        all,
        found: Vec::new(),
        seen: HashSet::new(),
        literal: false,
    };
    if starts.is_empty() {
        search.walk(&document, &mut Vec::new());
    }
    for path in &starts {
        search.literal = !path.is_many();
        follow(&document, &path.legs, &mut Vec::new(), &mut search);
    }
    let mut found = search.found.into_iter();
    Ok(match (found.next(), found.len()) {
        (None, _) => Value::Null,
        (Some(first), 0) => Value::Json(first),
        (Some(first), _) => {
            Value::Json(Json::array(std::iter::once(first).chain(found).collect())?)
        }
    })
}

fn has_string(value: &Json) -> bool {
    match value {
        Json::String(_) => true,
        Json::Array(array) => array.items().iter().any(has_string),
        Json::Object(object) => object.members().iter().any(|(_, value)| has_string(value)),
        _ => false,
    }
}

fn escape(call: &mut Call<'_, '_>) -> Result<Option<char>, Error> {
    if call.len() < SEARCH_PATHS {
        return Ok(Some('\\'));
    }
    let Some(text) = call.text(3)? else { return Ok(Some('\\')) };
    let text = utf8(text, call.context())?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (first, None) => Ok(first),
        _ => Err(wrong_escape()),
    }
}

/// Follows a path and searches what it leads to, with the way there written out.
fn follow(value: &Json, legs: &[Leg], way: &mut Vec<Leg>, search: &mut Search) {
    if search.is_done() {
        return;
    }
    let [leg, rest @ ..] = legs else { return search.walk(value, way) };
    match (leg, value) {
        (Leg::Member(name), Json::Object(object)) => {
            if let Some(next) = object.get(name) {
                step(leg.clone(), next, rest, way, search);
            }
        }
        (Leg::AnyMember, Json::Object(object)) => {
            for (name, next) in object.members() {
                step(Leg::Member(Arc::clone(name)), next, rest, way, search);
            }
        }
        // A value that is no array is not taken for one here.
        (Leg::Cell(_), Json::Array(array)) if search.literal => {
            for place in places(leg, array.items().len()) {
                step(leg.clone(), &array.items()[place], rest, way, search);
            }
        }
        (Leg::Cell(_) | Leg::Range(..) | Leg::AnyCell, Json::Array(array)) => {
            for place in places(leg, array.items().len()) {
                step(cell(place), &array.items()[place], rest, way, search);
            }
        }
        (Leg::Inside, _) => {
            follow(value, rest, way, search);
            match value {
                Json::Array(array) => {
                    for (place, next) in array.items().iter().enumerate() {
                        step(cell(place), next, legs, way, search);
                    }
                }
                Json::Object(object) => {
                    for (name, next) in object.members() {
                        step(Leg::Member(Arc::clone(name)), next, legs, way, search);
                    }
                }
                _ => {}
            }
        }
        _ => {}
    }
}

fn step(leg: Leg, next: &Json, rest: &[Leg], way: &mut Vec<Leg>, search: &mut Search) {
    way.push(leg);
    follow(next, rest, way, search);
    way.pop();
}

fn cell(place: usize) -> Leg {
    Leg::Cell(Index::FromStart(u32::try_from(place).unwrap_or(u32::MAX)))
}

/// Returns the places of an array that a step leads to.
fn places(leg: &Leg, length: usize) -> std::ops::Range<usize> {
    let (first, last) = match leg {
        Leg::Cell(index) => match index.place(length) {
            Some(place) => (place, Some(place)),
            None => return 0..0,
        },
        Leg::Range(first, last) => (first.place(length).unwrap_or(0), last.place(length)),
        _ => return 0..length,
    };
    let end = last.map_or(0, |last| last.saturating_add(1)).min(length);
    first.min(end)..end
}

/// A search for strings that match a pattern.
struct Search {
    pattern: Vec<Piece>,
    all: bool,
    found: Vec<Json>,
    seen: HashSet<Vec<u8>>,
    /// The path that is followed has no wildcards: it is told as it was asked.
    literal: bool,
}

impl Search {
    fn is_done(&self) -> bool {
        !self.all && !self.found.is_empty()
    }

    /// Searches a value and all that is inside of it.
    fn walk(&mut self, value: &Json, way: &mut Vec<Leg>) {
        if self.is_done() {
            return;
        }
        match value {
            Json::String(text) if matches(text, &self.pattern) => {
                let mut path = Vec::new();
                Path { legs: way.clone() }.write(&mut path);
                let shown = Json::string(&String::from_utf8_lossy(&path));
                if self.seen.insert(path) {
                    self.found.push(shown);
                }
            }
            Json::Array(array) => {
                for (place, next) in array.items().iter().enumerate() {
                    way.push(cell(place));
                    self.walk(next, way);
                    way.pop();
                }
            }
            Json::Object(object) => {
                for (name, next) in object.members() {
                    way.push(Leg::Member(Arc::clone(name)));
                    self.walk(next, way);
                    way.pop();
                }
            }
            _ => {}
        }
    }
}

/// A piece of a pattern of LIKE; characters are compared as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    One(char),
    Any,
    Rest,
}

fn pieces(pattern: &str, escape: Option<char>) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut chars = pattern.chars();
    while let Some(one) = chars.next() {
        all.push(match one {
            // An escape at the end stands for itself.
            _ if Some(one) == escape => Piece::One(chars.next().unwrap_or(one)),
            '%' => Piece::Rest,
            '_' => Piece::Any,
            _ => Piece::One(one),
        });
    }
    all
}

/// Matches by going back to the last `%` where what follows it fails.
fn matches(text: &str, pieces: &[Piece]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut piece) = (0, 0);
    let mut back = None;
    while at < text.len() {
        match pieces.get(piece) {
            Some(Piece::Rest) => {
                piece += 1;
                back = Some((piece, at));
                continue;
            }
            Some(Piece::Any) => {}
            Some(Piece::One(one)) if *one == text[at] => {}
            _ => {
                let Some((after, from)) = back else { return false };
                back = Some((after, from + 1));
                (piece, at) = (after, from + 1);
                continue;
            }
        }
        at += 1;
        piece += 1;
    }
    pieces[piece..].iter().all(|piece| *piece == Piece::Rest)
}
