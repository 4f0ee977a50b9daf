//! Regular expressions with the syntax and the meaning that MySQL's have (those of ICU).
//!
//! A pattern is read ([`parse`]) into a tree ([`syntax`]), the tree becomes a program ([`compile`])
//! and the program is run over the characters of a text ([`matcher`]). The matcher backtracks: that
//! is what gives MySQL's answers where several matches are possible, and its errors 3698 and 3699
//! where they are too many. It keeps its own stack and counts its steps, so that neither the depth
//! nor the time depends on the text.

mod cases;
mod compile;
mod error;
mod lengths;
mod matcher;
mod parse;
mod parse_set;
mod program;
mod property;
mod replace;
mod scan;
mod set;
mod starts;
mod syntax;

#[cfg(test)]
mod tests;

pub use error::RegexError;
pub use matcher::Captures;
pub use replace::Template;

use program::Program;

/// How a pattern is read, as MySQL's match type and the collation decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `i`
    pub ignore_case: bool,
    /// `m`: `^` and `$` match at every line.
    pub multi_line: bool,
    /// `n`: `.` matches what ends a line too.
    pub dot_all: bool,
    /// `u`: a line ends at `\n` alone.
    pub unix_lines: bool,
    /// White space and comments in the pattern mean nothing; only `(?x)` sets it.
    pub comments: bool,
}

/// A pattern that was compiled.
#[derive(Debug)]
pub struct Regex {
    program: Program,
}

/// The most characters of a pattern.
const PATTERN_MAX: usize = 1 << 16;

impl Regex {
    /// Compiles a pattern.
    pub fn new(pattern: &[char], flags: Flags) -> Result<Regex, RegexError> {
        if pattern.is_empty() {
            return Err(RegexError::IllegalArgument);
        }
        if pattern.len() > PATTERN_MAX {
            return Err(RegexError::Unsupported("a regular expression of so many characters"));
        }
        let tree = parse::parse(pattern, flags)?;
        Ok(Regex { program: compile::compile(tree)? })
    }

    /// Starts a search in a text.
    pub fn search<'t>(&'t self, text: &'t [char]) -> Search<'t> {
        self.search_from(text, 0)
    }

    /// Starts a search at a character of a text; what is before it is seen, but not found.
    pub fn search_from<'t>(&'t self, text: &'t [char], from: usize) -> Search<'t> {
        Search { regex: self, text, from, last: None, matcher: matcher::Matcher::new() }
    }

    /// Returns the number of the group of a name.
    fn group(&self, name: &str) -> Option<usize> {
        self.program.names.iter().find(|(one, _)| one == name).map(|(_, group)| *group)
    }
}

/// The matches of a pattern in a text, one after the other.
pub struct Search<'t> {
    regex: &'t Regex,
    text: &'t [char],
    from: usize,
    /// The end of the last match.
    last: Option<usize>,
    matcher: matcher::Matcher,
}

impl Search<'_> {
    /// Returns the next match.
    pub fn next_match(&mut self) -> Result<Option<Captures>, RegexError> {
        let program = &self.regex.program;
        let Some(last) = self.text.len().checked_sub(program.least) else { return Ok(None) };
        for start in self.from..=last {
            if start > 0 && matches!(program.first, Some(program::First::Start)) {
                break;
            }
            if !program.may_start(self.text.get(start).copied()) {
                continue;
            }
            let Some(captures) = self.matcher.run(program, self.text, start, self.last)? else {
                continue;
            };
            let (begin, end) = captures.whole();
            // A match of nothing must not be found again.
            self.from = if begin == end { end + 1 } else { end };
            self.last = Some(end);
            return Ok(Some(captures));
        }
        self.from = self.text.len() + 1;
        Ok(None)
    }
}
