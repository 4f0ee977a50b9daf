//! Reads a pattern into a tree.

use super::lengths::lengths;
use super::scan::Scanner;
use super::set::CharSet;
use super::syntax::{Assertion, DEPTH_MAX, Dot, Mode, Node, Tree};
use super::{Flags, RegexError, cases, parse_set, property};

/// What a parenthesis opened.
enum Opened {
    Whole,
    Capture(usize),
    Plain,
    Atomic,
    Look { behind: bool, negated: bool },
}

/// A group that is not closed yet.
struct Frame {
    opened: Opened,
    /// The flags to go back to.
    flags: Flags,
    choices: Vec<Node>,
    sequence: Vec<Node>,
}

/// Whether what was read last may be repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Repeatable,
    Fixed,
}

struct Parser<'p> {
    scanner: Scanner<'p>,
    flags: Flags,
    /// Never empty: the first is the whole pattern.
    frames: Vec<Frame>,
    /// Characters that stand for themselves and are not in the tree yet.
    literal: Vec<char>,
    groups: usize,
    names: Vec<(String, usize)>,
}

/// Reads a pattern.
pub(super) fn parse(pattern: &[char], flags: Flags) -> Result<Tree, RegexError> {
    let whole = Frame { opened: Opened::Whole, flags, choices: Vec::new(), sequence: Vec::new() };
    let mut parser = Parser {
        scanner: Scanner::new(pattern),
        flags,
        frames: vec![whole],
        literal: Vec::new(),
        groups: 0,
        names: Vec::new(),
    };
    let mut last = Last::Fixed;
    while let Some(next) = parser.step(last)? {
        last = next;
    }
    parser.finish()
}

impl Parser<'_> {
    /// Reads one part; `None` at the end.
    fn step(&mut self, last: Last) -> Result<Option<Last>, RegexError> {
        let scanned = self.scanner.next()?;
        let Some(c) = scanned.c else { return Ok(None) };
        if scanned.quoted {
            self.literal.push(c);
            return Ok(Some(Last::Repeatable));
        }
        if last == Last::Repeatable && matches!(c, '*' | '+' | '?' | '{') {
            self.repeat(c)?;
            return Ok(Some(Last::Fixed));
        }
        Ok(Some(match c {
            '*' | '+' | '?' | '{' | '}' => return Err(self.scanner.syntax_error()),
            '[' => {
                let set = parse_set::parse(&mut self.scanner, self.flags)?;
                self.push(Node::Set(set));
                Last::Repeatable
            }
            '(' => return self.open(last).map(Some),
            ')' => self.close()?,
            '|' => {
                self.flush();
                let frame = self.frame();
                let done = std::mem::take(&mut frame.sequence);
                frame.choices.push(Node::Sequence(done));
                Last::Fixed
            }
            '.' => {
                let dot = match self.flags {
                    Flags { dot_all: true, .. } => Dot::All,
                    Flags { unix_lines: true, .. } => Dot::UnixLine,
                    _ => Dot::Line,
                };
                self.push(Node::Dot(dot));
                Last::Repeatable
            }
            '^' => {
                let assertion = match (self.flags.multi_line, self.flags.unix_lines) {
                    (false, _) => Assertion::Start,
                    (true, false) => Assertion::LineStart,
                    (true, true) => Assertion::UnixLineStart,
                };
                self.push(Node::Assert(assertion));
                Last::Repeatable
            }
            '$' => {
                let assertion = match (self.flags.multi_line, self.flags.unix_lines) {
                    (false, false) => Assertion::End,
                    (false, true) => Assertion::UnixEnd,
                    (true, false) => Assertion::LineEnd,
                    (true, true) => Assertion::UnixLineEnd,
                };
                self.push(Node::Assert(assertion));
                Last::Repeatable
            }
            '\\' => self.backslash()?,
            c => {
                self.literal.push(c);
                Last::Repeatable
            }
        }))
    }

    fn finish(mut self) -> Result<Tree, RegexError> {
        self.flush();
        if self.frames.len() != 1 {
            return Err(RegexError::MismatchedParenthesis);
        }
        let root = self.frames.pop().map_or(Node::Empty, body_of);
        Ok(Tree { root, groups: self.groups, names: self.names })
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the frame of the whole pattern is never closed")
    }

    /// Adds a part, after the characters that wait.
    fn push(&mut self, node: Node) {
        self.flush();
        self.frame().sequence.push(node);
    }

    /// Brings the characters that wait into the tree.
    fn flush(&mut self) {
        let literal = std::mem::take(&mut self.literal);
        if literal.is_empty() {
            return;
        }
        if !self.flags.ignore_case {
            self.frame().sequence.extend(literal.into_iter().map(Node::Char));
            return;
        }
        let mut folded = Vec::with_capacity(literal.len());
        for c in literal {
            cases::fold_into(c, &mut folded);
        }
        let node = match folded.as_slice() {
            [c] if c.is_ascii() && !c.is_ascii_alphabetic() => Node::Char(*c),
            [c] => Node::CharFolded(*c),
            _ => Node::StringFolded(folded),
        };
        self.frame().sequence.push(node);
    }

    /// Wraps what was read last in a repetition.
    fn repeat(&mut self, first: char) -> Result<(), RegexError> {
        // Of several characters the last alone is repeated.
        if let Some(last) = self.literal.pop() {
            self.flush();
            self.literal.push(last);
            self.flush();
        }
        let (least, most) = match first {
            '*' => (0, None),
            '+' => (1, None),
            '?' => (0, Some(1)),
            _ => self.interval()?,
        };
        let mode = match self.scanner.peek_meaning() {
            Some('?') => Mode::Lazy,
            Some('+') => Mode::Possessive,
            _ => Mode::Greedy,
        };
        if mode != Mode::Greedy {
            self.scanner.next()?;
        }
        let Some(body) = self.frame().sequence.pop() else {
            return Err(self.scanner.syntax_error());
        };
        let body = Box::new(body);
        self.frame().sequence.push(Node::Repeat { body, least, most, mode });
        Ok(())
    }

    /// Reads `n}`, `n,}` or `n,m}`.
    fn interval(&mut self) -> Result<(u32, Option<u32>), RegexError> {
        let (least, after) = self.number()?;
        let least = least.ok_or(RegexError::BadInterval)?;
        match after {
            Some('}') => return Ok((least, Some(least))),
            Some(',') => {}
            _ => return Err(RegexError::BadInterval),
        }
        let (most, after) = self.number()?;
        if after != Some('}') {
            return Err(RegexError::BadInterval);
        }
        if most.is_some_and(|most| most < least) {
            return Err(RegexError::MaxLessThanMin);
        }
        Ok((least, most))
    }

    /// Reads digits, and what comes after them.
    fn number(&mut self) -> Result<(Option<u32>, Option<char>), RegexError> {
        const GREATEST: u32 = (1 << 24) - 1;
        let mut number = None;
        loop {
            let scanned = self.scanner.next()?;
            match scanned.c.and_then(|c| c.to_digit(10)) {
                Some(digit) if !scanned.quoted => {
                    let grown = number.unwrap_or(0_u32).checked_mul(10);
                    let grown = grown.and_then(|n| n.checked_add(digit));
                    number =
                        Some(grown.filter(|n| *n <= GREATEST).ok_or(RegexError::NumberTooBig)?);
                }
                _ => return Ok((number, scanned.c)),
            }
        }
    }

    /// Reads what an opening parenthesis opens.
    fn open(&mut self, last: Last) -> Result<Last, RegexError> {
        if self.scanner.peek() != Some('?') {
            self.groups += 1;
            let group = self.groups;
            return self.push_frame(Opened::Capture(group));
        }
        self.scanner.next_raw();
        // Within the parenthesis white space means something.
        let c = self.scanner.next_raw();
        match c {
            Some(':') => self.push_frame(Opened::Plain),
            Some('>') => self.push_frame(Opened::Atomic),
            Some('=') => self.push_frame(Opened::Look { behind: false, negated: false }),
            Some('!') => self.push_frame(Opened::Look { behind: false, negated: true }),
            Some('#') => match self.scanner.until(')') {
                Some(_) => Ok(last),
                None => Err(RegexError::MismatchedParenthesis),
            },
            Some('<') => match self.scanner.next_raw() {
                Some('=') => self.push_frame(Opened::Look { behind: true, negated: false }),
                Some('!') => self.push_frame(Opened::Look { behind: true, negated: true }),
                Some(c) if c.is_ascii_alphabetic() => {
                    let name = self.name(c)?;
                    if self.names.iter().any(|(one, _)| *one == name) {
                        return Err(RegexError::InvalidGroupName);
                    }
                    self.groups += 1;
                    self.names.push((name, self.groups));
                    let group = self.groups;
                    self.push_frame(Opened::Capture(group))
                }
                _ => Err(self.scanner.syntax_error()),
            },
            Some('(' | '{') => Err(RegexError::Unimplemented),
            Some('i' | 'd' | 'm' | 's' | 'u' | 'w' | 'x' | '-') => self.mode(c),
            _ => Err(self.scanner.syntax_error()),
        }
    }

    /// Reads the rest of a group's name.
    fn name(&mut self, first: char) -> Result<String, RegexError> {
        let mut name = String::from(first);
        loop {
            match self.scanner.next_raw() {
                Some('>') => return Ok(name),
                Some(c) if c.is_ascii_alphanumeric() => name.push(c),
                _ => return Err(RegexError::InvalidGroupName),
            }
        }
    }

    /// Reads `(?i)` and `(?i:`.
    fn mode(&mut self, first: Option<char>) -> Result<Last, RegexError> {
        let mut flags = self.flags;
        let mut on = true;
        let mut c = first;
        loop {
            match c {
                Some('i') => flags.ignore_case = on,
                Some('d') => flags.unix_lines = on,
                Some('m') => flags.multi_line = on,
                Some('s') => flags.dot_all = on,
                Some('u') => {}
                Some('w') => {
                    return Err(RegexError::Unsupported(
                        "words by language in regular expressions",
                    ));
                }
                Some('x') => flags.comments = on,
                Some('-') => on = false,
                Some(')') => {
                    self.flush();
                    self.set_flags(flags);
                    return Ok(Last::Fixed);
                }
                Some(':') => {
                    let last = self.push_frame(Opened::Plain)?;
                    self.set_flags(flags);
                    return Ok(last);
                }
                _ => return Err(RegexError::InvalidFlag),
            }
            c = self.scanner.next_raw();
        }
    }

    fn set_flags(&mut self, flags: Flags) {
        self.flags = flags;
        self.scanner.comments = flags.comments;
    }

    fn push_frame(&mut self, opened: Opened) -> Result<Last, RegexError> {
        self.flush();
        if self.frames.len() > DEPTH_MAX {
            return Err(RegexError::Unsupported("a regular expression of such depth"));
        }
        let flags = self.flags;
        self.frames.push(Frame { opened, flags, choices: Vec::new(), sequence: Vec::new() });
        Ok(Last::Fixed)
    }

    fn close(&mut self) -> Result<Last, RegexError> {
        self.flush();
        if self.frames.len() < 2 {
            return Err(RegexError::MismatchedParenthesis);
        }
        let Some(mut frame) = self.frames.pop() else {
            return Err(RegexError::MismatchedParenthesis);
        };
        self.set_flags(frame.flags);
        let opened = std::mem::replace(&mut frame.opened, Opened::Plain);
        let body = Box::new(body_of(frame));
        let (node, last) = match opened {
            Opened::Capture(group) => (Node::Group(group, body), Last::Repeatable),
            Opened::Plain | Opened::Whole => (*body, Last::Repeatable),
            Opened::Atomic => (Node::Atomic(body), Last::Repeatable),
            Opened::Look { behind: true, .. } if lengths(&body).1.is_none() => {
                return Err(RegexError::LookBehindLimit);
            }
            Opened::Look { behind, negated } => (Node::Look { behind, negated, body }, Last::Fixed),
        };
        self.frame().sequence.push(node);
        Ok(last)
    }

    /// Reads what a backslash gives a meaning to.
    fn backslash(&mut self) -> Result<Last, RegexError> {
        let Some(c) = self.scanner.next()?.c else { return Err(RegexError::BadEscape) };
        let assertion = match c {
            'A' => Some(Assertion::Start),
            'b' => Some(Assertion::Word),
            'B' => Some(Assertion::NotWord),
            'G' => Some(Assertion::LastMatch),
            'Z' => Some(Assertion::End),
            'z' => Some(Assertion::VeryEnd),
            _ => None,
        };
        if let Some(assertion) = assertion {
            self.push(Node::Assert(assertion));
            return Ok(Last::Fixed);
        }
        if let Some(set) = class(c) {
            self.push(Node::Set(set));
            return Ok(Last::Repeatable);
        }
        match c {
            'p' | 'P' => {
                let set = parse_set::property(&mut self.scanner, self.flags, c == 'P')?;
                self.push(Node::Set(set));
            }
            'R' => self.push(Node::LineBreak),
            'X' => return Err(RegexError::Unsupported("\\X in a regular expression")),
            'N' => return Err(RegexError::Unsupported("\\N in a regular expression")),
            'k' => self.named_reference()?,
            '1'..='9' => self.reference(c),
            c => self.literal.push(c),
        }
        Ok(Last::Repeatable)
    }

    /// Reads the number of a group; no more digits than name one that is open by now.
    fn reference(&mut self, first: char) {
        let mut group = first.to_digit(10).unwrap_or(0) as usize;
        while group < self.groups
            && let Some(digit) = self.scanner.peek().and_then(|c| c.to_digit(10))
        {
            group = group * 10 + digit as usize;
            self.scanner.next_raw();
        }
        let ignore_case = self.flags.ignore_case;
        self.push(Node::BackReference { group, ignore_case });
    }

    fn named_reference(&mut self) -> Result<(), RegexError> {
        let first = match self.scanner.next_raw() {
            Some('<') => self.scanner.next_raw(),
            _ => None,
        };
        let first = first.filter(char::is_ascii_alphabetic).ok_or(RegexError::InvalidGroupName)?;
        let name = self.name(first)?;
        let group = self.names.iter().find(|(one, _)| *one == name);
        let group = group.map(|(_, group)| *group).ok_or(RegexError::InvalidGroupName)?;
        let ignore_case = self.flags.ignore_case;
        self.push(Node::BackReference { group, ignore_case });
        Ok(())
    }
}

/// Returns the set of an escape such as `\w`.
pub(super) fn class(c: char) -> Option<CharSet> {
    Some(match c {
        'd' => property::digit(),
        'D' => property::digit().complement(),
        'h' => property::horizontal(),
        'H' => property::horizontal().complement(),
        's' => property::space(),
        'S' => property::space().complement(),
        'v' => property::vertical(),
        'V' => property::vertical().complement(),
        'w' => property::word(),
        'W' => property::word().complement(),
        _ => return None,
    })
}

/// Returns what a closed group matches.
fn body_of(mut frame: Frame) -> Node {
    if frame.choices.is_empty() {
        return Node::Sequence(frame.sequence);
    }
    frame.choices.push(Node::Sequence(frame.sequence));
    Node::Choice(frame.choices)
}
