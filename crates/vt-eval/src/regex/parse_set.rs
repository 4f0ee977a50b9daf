//! Reads `[..]` into a set of characters.
//!
//! `&&` and `--` bind least; what stands beside each other is joined, and `&[` and `-[` take from
//! what stands before them.

use super::parse::class;
use super::scan::Scanner;
use super::set::CharSet;
use super::syntax::DEPTH_MAX;
use super::{Flags, RegexError, property};

/// How a set that opens within another is brought together with what is there.
#[derive(Clone, Copy)]
enum Join {
    Union,
    Difference,
    Intersection,
}

/// What was read last in a set.
#[derive(Clone, Copy)]
enum Last {
    /// The bracket, or `^` after it.
    Open,
    /// A character that a range may start at.
    Char(char),
    /// A set, a class, or a range.
    Other,
    /// `&&` or `--`
    Operator,
}

/// A set that is open.
struct Level {
    /// What stands before the last `&&` or `--`.
    before: Option<(CharSet, Join)>,
    current: CharSet,
    negated: bool,
    last: Last,
}

/// Reads a set behind its `[`.
pub(super) fn parse(scanner: &mut Scanner<'_>, flags: Flags) -> Result<CharSet, RegexError> {
    nested(scanner, flags, 0)
}

fn nested(scanner: &mut Scanner<'_>, flags: Flags, depth: usize) -> Result<CharSet, RegexError> {
    if depth > DEPTH_MAX {
        return Err(RegexError::Unsupported("a regular expression of such depth"));
    }
    if scanner.peek() == Some(':')
        && let Some(set) = posix(scanner, flags)?
    {
        return Ok(set);
    }
    let mut level =
        Level { before: None, current: CharSet::empty(), negated: false, last: Last::Open };
    if scanner.peek() == Some('^') {
        scanner.next_raw();
        level.negated = true;
    }
    if scanner.peek() == Some(']') {
        scanner.next_raw();
        level.literal(']');
    }
    loop {
        let scanned = scanner.next()?;
        let Some(c) = scanned.c else { return Err(RegexError::MissingCloseBracket) };
        if scanned.quoted {
            level.literal(c);
            continue;
        }
        match (c, level.last) {
            (']', Last::Operator) => return Err(scanner.syntax_error()),
            (']', _) => return Ok(level.finish(flags)),
            ('[', _) => {
                let inner = nested(scanner, flags, depth + 1)?;
                level.join(&inner, Join::Union);
            }
            ('\\', _) => level.escape(scanner, flags)?,
            ('-' | '&', Last::Open) => {
                if scanner.peek() == Some(c) {
                    scanner.next_raw();
                    return Err(scanner.syntax_error());
                }
                level.literal(c);
            }
            ('-' | '&', Last::Char(_) | Last::Other) => {
                level.operator(c, scanner, flags, depth)?;
            }
            _ => level.literal(c),
        }
    }
}

impl Level {
    fn literal(&mut self, c: char) {
        self.current = self.current.union(&CharSet::of_chars(&[c]));
        self.last = Last::Char(c);
    }

    fn join(&mut self, set: &CharSet, join: Join) {
        self.current = joined(&self.current, set, join);
        self.last = Last::Other;
    }

    fn finish(self, flags: Flags) -> CharSet {
        let mut set = match &self.before {
            Some((before, join)) => joined(before, &self.current, *join),
            None => self.current,
        };
        if flags.ignore_case {
            set = set.close_over();
        }
        if self.negated { set.complement() } else { set }
    }

    /// Reads what follows `-` or `&` behind a character or a set.
    fn operator(
        &mut self,
        operator: char,
        scanner: &mut Scanner<'_>,
        flags: Flags,
        depth: usize,
    ) -> Result<(), RegexError> {
        let join = if operator == '-' { Join::Difference } else { Join::Intersection };
        match scanner.peek() {
            Some('[') => {
                scanner.next_raw();
                let inner = nested(scanner, flags, depth + 1)?;
                self.join(&inner, join);
            }
            Some(c) if c == operator => {
                scanner.next_raw();
                let before = match self.before.take() {
                    Some((before, join)) => joined(&before, &self.current, join),
                    None => std::mem::replace(&mut self.current, CharSet::empty()),
                };
                self.before = Some((before, join));
                self.current = CharSet::empty();
                self.last = Last::Operator;
            }
            Some(']') => self.literal(operator),
            _ => match self.last {
                Last::Char(first) if operator == '-' => return self.range(first, scanner),
                _ => self.literal(operator),
            },
        }
        Ok(())
    }

    /// Reads the end of a range.
    fn range(&mut self, first: char, scanner: &mut Scanner<'_>) -> Result<(), RegexError> {
        let mut scanned = scanner.next()?;
        if scanned.c == Some('\\') && !scanned.quoted {
            scanned = scanner.next()?;
            if matches!(scanned.c, Some('s' | 'S' | 'w' | 'W' | 'd' | 'D')) {
                return Err(scanner.syntax_error());
            }
            if scanned.c == Some('N') {
                return Err(RegexError::Unsupported("\\N in a regular expression"));
            }
        }
        let last = scanned.c.ok_or(RegexError::MissingCloseBracket)?;
        if last < first {
            return Err(RegexError::InvalidRange);
        }
        self.join(&CharSet::of_ranges([(u32::from(first), u32::from(last))]), Join::Union);
        Ok(())
    }

    fn escape(&mut self, scanner: &mut Scanner<'_>, flags: Flags) -> Result<(), RegexError> {
        let Some(c) = scanner.next()?.c else { return Err(RegexError::MissingCloseBracket) };
        if let Some(set) = class(c) {
            self.join(&set, Join::Union);
            return Ok(());
        }
        match c {
            'p' | 'P' => {
                let set = property(scanner, flags, c == 'P')?;
                self.join(&set, Join::Union);
            }
            'N' => return Err(RegexError::Unsupported("\\N in a regular expression")),
            c => self.literal(c),
        }
        Ok(())
    }
}

fn joined(left: &CharSet, right: &CharSet, join: Join) -> CharSet {
    match join {
        Join::Union => left.union(right),
        Join::Difference => left.difference(right),
        Join::Intersection => left.intersection(right),
    }
}

/// Reads `{name}` behind `\p` or `\P`.
pub(super) fn property(
    scanner: &mut Scanner<'_>,
    flags: Flags,
    negated: bool,
) -> Result<CharSet, RegexError> {
    if scanner.next_raw() != Some('{') {
        return Err(RegexError::IllegalArgument);
    }
    let name = scanner.until('}').ok_or(RegexError::IllegalArgument)?;
    named(&name, negated, flags)
}

/// Reads `:name:]`; `None` if it is none.
fn posix(scanner: &mut Scanner<'_>, flags: Flags) -> Result<Option<CharSet>, RegexError> {
    let Some(name) = scanner.posix_name() else { return Ok(None) };
    match name.strip_prefix('^') {
        Some(name) => named(name, true, flags),
        None => named(&name, false, flags),
    }
    .map(Some)
}

fn named(name: &str, negated: bool, flags: Flags) -> Result<CharSet, RegexError> {
    let mut set = property::by_name(name).ok_or(RegexError::IllegalArgument)?;
    if flags.ignore_case {
        set = set.close_over();
    }
    Ok(if negated { set.complement() } else { set })
}
