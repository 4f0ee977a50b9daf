//! REGEXP_LIKE and its like.

use std::sync::Arc;

use vt_base::Error;
use vt_collation::Charset;
use vt_value::{Collation, Type, Value};

use super::strings::{self, chars, charset_of, sized, unlimited};
use crate::function::{Call, CollationUse, Function, Signature};
use crate::kind::Kind;
use crate::node::Node;
use crate::regex::{Flags, Regex, RegexError, Search, Template};

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("regexp_instr", (2, 6), instr_kind, regexp_instr),
    Function::new("regexp_like", (2, 3), like_kind, regexp_like),
    Function::new("regexp_replace", (3, 6), replace_kind, regexp_replace),
    Function::new("regexp_substr", (2, 5), substr_kind, regexp_substr),
];

/// What a call keeps for its rows.
struct Prepared {
    /// The collation that the strings have in common.
    collation: Collation,
    charset: Charset,
    /// The place of the match type among the arguments, if it is there.
    match_type: Option<usize>,
    /// The pattern, if it is constant, or what is wrong with it; that is told when it is used.
    regex: Option<Result<Pattern, Wrong>>,
}

/// A pattern; `None` for NULL.
type Pattern = Option<Arc<Regex>>;

/// What is wrong with a pattern.
#[derive(Clone)]
enum Wrong {
    Pattern(RegexError),
    MatchType,
}

impl Wrong {
    fn error(&self, name: &str) -> Error {
        match self {
            Wrong::Pattern(error) => failed(error),
            Wrong::MatchType => strings::error(1210, format!("Incorrect arguments to {name}")),
        }
    }
}

fn failed(error: &RegexError) -> Error {
    match error.errno() {
        Some(errno) => strings::error(errno, error.to_string()),
        None => Error::unsupported(error),
    }
}

/// Checks the strings, compiles a constant pattern, and returns what the strings have in common.
fn prepare(
    signature: &mut Signature<'_>,
    strings: usize,
    match_type: usize,
) -> Result<(Collation, u8), Error> {
    check_binary(signature, strings)?;
    let strings = 2;
    let kinds = || (0..strings).map(|place| signature.kind(place));
    let text = kinds().all(Kind::is_null) || kinds().any(is_text);
    let (collation, coercibility) = match text {
        true => signature.aggregate_collation(0..strings, CollationUse::Comparison)?,
        false => strings::OF_NUMBERS,
    };
    let charset = charset_of(collation)?;
    let match_type = (signature.len() > match_type).then_some(match_type);
    let constant_type = match match_type {
        None => Some(None),
        Some(place) => {
            signature.constant(place).map(|value| value.text().map(Some).unwrap_or(None))
        }
    };
    let mut regex = None;
    if let (Some(given), Some(pattern)) = (constant_type, signature.constant(1)) {
        let null_type = match_type.is_some() && given.is_none();
        let characters = match pattern.text() {
            Some(text) if !null_type => Some(characters(constant_charset(pattern)?, &text)),
            _ => None,
        };
        regex = Some(pattern_of(characters.as_deref(), given.as_deref(), collation));
    }
    signature.keep(Prepared { collation, charset, match_type, regex });
    Ok((collation, coercibility))
}

/// Refuses strings of bytes beside strings of characters.
fn check_binary(signature: &Signature<'_>, strings: usize) -> Result<(), Error> {
    let args = signature.args().get(..strings).unwrap_or_default();
    // MySQL looks at the type: a BLOB, a BINARY and a BIT of a table do not count as bytes.
    let loose = |node: &&Node| {
        node.is_column() && matches!(node.kind.typ, Type::BLOB | Type::BINARY | Type::BIT)
    };
    if strings == 2 && args.iter().any(|node| loose(&node)) {
        let plain = |node: &Node| node.kind.collation == Collation::BINARY || node.kind.ascii;
        return match args.iter().all(plain) {
            true => Ok(()),
            false => Err(signature.unsupported("of bytes and such characters")),
        };
    }
    let mut own = args.iter().map(Node::kind).filter(|kind| kind.is_string());
    let Some(first) = own.next().map(|kind| kind.collation) else { return Ok(()) };
    let is_binary = |collation| collation == Collation::BINARY;
    let other = own.map(|kind| kind.collation).find(|own| is_binary(*own) != is_binary(first));
    let Some(other) = other else { return Ok(()) };
    let [first, other] = [first, other].map(|one| one.name().unwrap_or("unknown"));
    let name = signature.name();
    let message = format!(
        "Character set '{first}' cannot be used in conjunction with '{other}' in call to {name}."
    );
    Err(strings::error(3995, message))
}

/// Compiles a pattern; the match type is judged even where the pattern is NULL.
fn pattern_of(
    pattern: Option<&[char]>,
    given: Option<&[u8]>,
    collation: Collation,
) -> Result<Pattern, Wrong> {
    let flags = flags(given, collation)?;
    let Some(pattern) = pattern else { return Ok(None) };
    Regex::new(pattern, flags).map(|regex| Some(Arc::new(regex))).map_err(Wrong::Pattern)
}

fn wrong_start(name: &str) -> Error {
    let message = format!("Incorrect parameters in the call to native function '{name}'");
    Error::mysql(1583, b"42000", message).with_code(vt_base::Code::InvalidArgument)
}

fn wrong_option() -> Error {
    let message = "Incorrect arguments to regexp_instr: return_option must be 1 or 0.";
    strings::error(1210, message)
}

fn is_text(kind: &Kind) -> bool {
    kind.is_string() || kind.collation != Collation::BINARY
}

/// Returns the character set of a constant: what is no string is written in ASCII.
fn constant_charset(value: &Value) -> Result<Charset, Error> {
    match value {
        Value::Text(_, collation) => charset_of(*collation),
        _ => charset_of(Collation::UTF8MB4_0900_AI_CI),
    }
}

/// Computes an argument as characters; `None` for NULL.
fn characters_of(call: &mut Call<'_, '_>, place: usize) -> Result<Option<Vec<char>>, Error> {
    let Some(text) = call.text(place)? else { return Ok(None) };
    Ok(Some(characters(charset_of(text.collation)?, &text.bytes)))
}

/// Returns the flags of a match type over those of the collation.
fn flags(given: Option<&[u8]>, collation: Collation) -> Result<Flags, Wrong> {
    let named = collation.name().unwrap_or_default();
    let sensitive = collation.is_binary() || named.contains("_cs");
    let mut flags = Flags { ignore_case: !sensitive, ..Flags::default() };
    for byte in given.unwrap_or_default() {
        match byte {
            b'c' => flags.ignore_case = false,
            b'i' => flags.ignore_case = true,
            b'm' => flags.multi_line = true,
            b'n' => flags.dot_all = true,
            b'u' => flags.unix_lines = true,
            _ => return Err(Wrong::MatchType),
        }
    }
    Ok(flags)
}

/// Returns the characters of a string; those that Unicode does not have are U+FFFD.
fn characters(charset: Charset, text: &[u8]) -> Vec<char> {
    if charset.name() == "binary" {
        return text.iter().copied().map(char::from).collect();
    }
    if text.is_ascii() && charset.keeps_ascii() {
        return text.iter().copied().map(char::from).collect();
    }
    let code = |one| charset.decode(one).and_then(|(code, _)| char::from_u32(code));
    charset.chars(text).map(|one| code(one).unwrap_or('\u{fffd}')).collect()
}

/// Returns the string of characters.
fn encoded(charset: Charset, text: &[char]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text {
        let code = u32::from(*c);
        if charset.name() == "binary" {
            out.push(code as u8);
        } else if !charset.encode(code, &mut out) {
            charset.encode(u32::from(b'?'), &mut out);
        }
    }
    out
}

/// A pattern and a text for a row.
struct Row {
    regex: Arc<Regex>,
    charset: Charset,
    text: Vec<char>,
}

fn prepared<'c>(call: &Call<'c, '_>) -> Result<&'c Prepared, Error> {
    call.kept::<Prepared>().ok_or_else(|| Error::bug("an unprepared pattern"))
}

/// Returns the pattern for a row.
fn pattern(call: &mut Call<'_, '_>, name: &str) -> Result<Pattern, Error> {
    let prepared = prepared(call)?;
    if let Some(regex) = &prepared.regex {
        return regex.clone().map_err(|wrong| wrong.error(name));
    }
    let pattern = characters_of(call, 1)?;
    let given = match prepared.match_type {
        None => None,
        Some(place) => match call.bytes(place)? {
            None => return Ok(None),
            given => given,
        },
    };
    pattern_of(pattern.as_deref(), given.as_deref(), prepared.collation)
        .map_err(|wrong| wrong.error(name))
}

/// Returns the text of a row beside its pattern; `None` if one of them is NULL.
fn row(call: &mut Call<'_, '_>, regex: Pattern) -> Result<Option<Row>, Error> {
    let Some(regex) = regex else { return Ok(None) };
    let Some(text) = characters_of(call, 0)? else { return Ok(None) };
    Ok(Some(Row { regex, charset: prepared(call)?.charset, text }))
}

/// Returns the number of characters before a position, which must be within a text.
fn skipped(start: i64, name: &str) -> Result<usize, Error> {
    let skipped = start.checked_sub(1).and_then(|skipped| usize::try_from(skipped).ok());
    skipped.ok_or_else(|| wrong_start(name))
}

/// Returns an argument that is an integer, or what stands for it; `None` for NULL.
fn optional(call: &mut Call<'_, '_>, place: usize, instead: i64) -> Result<Option<i64>, Error> {
    if place >= call.len() {
        return Ok(Some(instead));
    }
    Ok(call.int(place)?.map(crate::convert::Int::clamped_i64))
}

fn out_of_bounds() -> Error {
    failed(&RegexError::IndexOutOfBounds)
}

impl Row {
    /// Returns the text from a character on: the search knows nothing of what is before it.
    fn rest(&self, start: usize) -> Result<&[char], Error> {
        self.text.get(start..).ok_or_else(out_of_bounds)
    }

    /// Returns the match of a number, from a character on, where a text begins to the pattern.
    fn find(&self, start: usize, occurrence: i64) -> Result<Option<(usize, usize)>, Error> {
        let found = nth(self.regex.search(self.rest(start)?), occurrence)?;
        Ok(found.map(|(first, last)| (first + start, last + start)))
    }

    /// Returns the same of a text that begins before the character.
    fn find_within(&self, start: usize, occurrence: i64) -> Result<Option<(usize, usize)>, Error> {
        self.rest(start)?;
        nth(self.regex.search_from(&self.text, start), occurrence)
    }
}

/// Returns the match of a number.
fn nth(mut search: Search<'_>, occurrence: i64) -> Result<Option<(usize, usize)>, Error> {
    let mut left = occurrence.max(1);
    loop {
        match search.next_match().map_err(|error| failed(&error))? {
            None => return Ok(None),
            Some(found) if left == 1 => return Ok(Some(found.whole())),
            Some(_) => left -= 1,
        }
    }
}

fn like_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = prepare(signature, 2, 2)?;
    Ok(found(claim, Kind::truth()).with_nullable(signature.any_nullable()))
}

fn regexp_like(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let regex = pattern(call, "regexp_like")?;
    let Some(row) = row(call, regex)? else { return Ok(Value::Null) };
    Ok(Value::from(row.find(0, 1)?.is_some()))
}

fn instr_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = prepare(signature, 2, 5)?;
    if let Some(Some(option)) = strings::constant_int(signature, 4)?
        && !(0..=1).contains(&option.value)
    {
        return Err(wrong_option());
    }
    Ok(found(claim, Kind::int(21)).with_nullable(signature.any_nullable()))
}

/// The kind of a number that was found in a string: as a string it has the collation of that.
fn found((collation, coercibility): (Collation, u8), kind: Kind) -> Kind {
    Kind { collation, coercibility, ..kind }
}

fn regexp_instr(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let behind = optional(call, 4, 0)?;
    if behind.is_some_and(|behind| !(0..=1).contains(&behind)) {
        return Err(wrong_option());
    }
    let regex = pattern(call, "regexp_instr")?;
    let row = row(call, regex)?;
    let (start, occurrence) = (optional(call, 2, 1)?, optional(call, 3, 1)?);
    let (Some(row), Some(start), Some(occurrence), Some(behind)) = (row, start, occurrence, behind)
    else {
        return Ok(Value::Null);
    };
    let length = row.text.len();
    if length == 0 {
        // The answer for an empty text counts from where the search should begin.
        return Ok(Value::Int(row.find(0, occurrence)?.map_or(0, |_| start)));
    }
    let skipped = usize::try_from(start.saturating_sub(1)).map_err(|_| out_of_bounds())?;
    if skipped >= length {
        return Err(out_of_bounds());
    }
    let found = row.find(skipped, occurrence)?;
    Ok(Value::Int(
        found.map_or(0, |(first, last)| (if behind == 1 { last } else { first }) as i64 + 1),
    ))
}

fn substr_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = prepare(signature, 2, 4)?;
    Ok(unlimited(chars(signature, 0), claim).with_nullable(true))
}

fn regexp_substr(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let regex = pattern(call, "regexp_substr")?;
    let Some(start) = optional(call, 2, 1)? else { return Ok(Value::Null) };
    let skipped = skipped(start, "regexp_substr")?;
    let (row, occurrence) = (row(call, regex)?, optional(call, 3, 1)?);
    let (Some(row), Some(occurrence)) = (row, occurrence) else { return Ok(Value::Null) };
    let found = row.find_within(skipped, occurrence)?;
    let part = found.and_then(|(first, last)| row.text.get(first..last));
    Ok(part.map_or(Value::Null, |part| call.made(encoded(row.charset, part))))
}

fn replace_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = prepare(signature, 3, 5)?;
    let kind = sized(strings::BLOB_MAX, claim);
    let cut = strings::max_len(claim.0) > 1;
    Ok(kind.with_nullable(cut || signature.any_nullable()))
}

fn regexp_replace(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let regex = pattern(call, "regexp_replace")?;
    let Some(start) = optional(call, 3, 1)? else { return Ok(Value::Null) };
    let skipped = skipped(start, "regexp_replace")?;
    let Some(with) = characters_of(call, 2)? else { return Ok(Value::Null) };
    let row = row(call, regex)?;
    let occurrence = optional(call, 4, 0)?;
    let (Some(row), Some(occurrence)) = (row, occurrence) else { return Ok(Value::Null) };
    let with = Template::new(&with, &row.regex);
    row.rest(skipped)?;
    let text = row.text.as_slice();
    let mut search = row.regex.search_from(text, skipped);
    let mut out = Vec::with_capacity(text.len());
    let (mut done, mut number) = (0, 0_i64);
    let most = call.session().max_allowed_packet / row.charset.min_len() as u64;
    while let Some(found) = search.next_match().map_err(|error| failed(&error))? {
        number += 1;
        if occurrence != 0 && number != occurrence.max(1) {
            continue;
        }
        let (first, last) = found.whole();
        out.extend_from_slice(text.get(done..first).unwrap_or_default());
        with.expand(text, &found, &mut out).map_err(|error| failed(&error))?;
        done = last;
        if out.len() as u64 > most {
            return Err(Error::unsupported("a replaced string of such length"));
        }
        if occurrence != 0 {
            break;
        }
    }
    if row.text.is_empty() {
        // There is nothing to replace, whatever matches it.
        out.clear();
    }
    out.extend_from_slice(text.get(done..).unwrap_or_default());
    let out = encoded(row.charset, &out);
    Ok(call.made(out))
}
