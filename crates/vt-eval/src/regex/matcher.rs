//! Runs a program over a text, going back where it fails.

use super::program::{Program, Step};
use super::scan::is_line_end;
use super::syntax::{Assertion, Dot};
use super::{RegexError, cases};

/// How often a search may choose between two ways: MySQL's `regexp_time_limit` of 32, in its unit
/// of 10,000.
const CHOICES_MAX: u32 = 320_000;
/// The words that MySQL remembers ways to go back to in: a quarter of `regexp_stack_limit`.
const STACK_WORDS_MAX: usize = 2_000_000;
/// The most that is remembered here of ways and of registers to undo.
const STACK_MAX: usize = 4_000_000;
/// A register that nothing was written to.
const UNSET: usize = usize::MAX;

/// What a match matched: the whole, and each group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures {
    spans: Vec<Option<(usize, usize)>>,
}

impl Captures {
    /// Returns the first character of the match, and the one behind it.
    pub fn whole(&self) -> (usize, usize) {
        self.spans.first().copied().flatten().unwrap_or_default()
    }

    /// Returns a group's span: `None` without such a group, `Some(None)` if it took no part.
    pub fn group(&self, group: usize) -> Option<Option<(usize, usize)>> {
        self.spans.get(group).copied()
    }
}

/// What is undone when a way fails.
#[derive(Clone, Copy, Debug)]
enum Entry {
    /// Another way.
    Way {
        step: usize,
        place: usize,
    },
    /// The same with one character less, down to `least`.
    Run {
        step: usize,
        least: usize,
        place: usize,
    },
    Register {
        register: usize,
        old: usize,
    },
}

/// The memory of a search.
#[derive(Debug)]
pub(super) struct Matcher {
    registers: Vec<usize>,
    stack: Vec<Entry>,
    /// How many entries of the stack are ways.
    ways: usize,
    choices: u32,
    folded: Vec<char>,
}

/// A program over a text.
#[derive(Clone, Copy)]
struct Input<'t> {
    program: &'t Program,
    text: &'t [char],
    last: Option<usize>,
}

impl Matcher {
    pub(super) fn new() -> Matcher {
        Matcher {
            registers: Vec::new(),
            stack: Vec::new(),
            ways: 0,
            choices: 0,
            folded: Vec::new(),
        }
    }

    /// Returns the match that starts at a character.
    pub(super) fn run(
        &mut self,
        program: &Program,
        text: &[char],
        start: usize,
        last: Option<usize>,
    ) -> Result<Option<Captures>, RegexError> {
        self.registers.clear();
        self.registers.resize(program.registers, UNSET);
        self.stack.clear();
        self.ways = 0;
        let input = Input { program, text, last };
        let (mut step, mut place) = (0, start);
        loop {
            let next = match program.steps.get(step) {
                Some(Step::Match) => return Ok(Some(self.captures(program, start, place))),
                Some(one) => self.step(input, one, step, place)?,
                None => return Err(RegexError::Unsupported("a regular expression without end")),
            };
            match next.or_else(|| self.back()) {
                Some(next) => (step, place) = next,
                None => return Ok(None),
            }
        }
    }

    fn captures(&self, program: &Program, start: usize, end: usize) -> Captures {
        let mut spans = vec![Some((start, end))];
        for group in 1..=program.groups {
            let (first, last) = (self.get(2 * group), self.get(2 * group + 1));
            spans.push((first != UNSET && last != UNSET).then_some((first, last)));
        }
        Captures { spans }
    }

    fn get(&self, register: usize) -> usize {
        self.registers.get(register).copied().unwrap_or(UNSET)
    }

    fn set(&mut self, register: usize, value: usize) -> Result<(), RegexError> {
        if let Some(place) = self.registers.get_mut(register) {
            let old = std::mem::replace(place, value);
            if self.stack.len() >= STACK_MAX {
                return Err(RegexError::StackOverflow);
            }
            self.stack.push(Entry::Register { register, old });
        }
        Ok(())
    }

    fn choose(&mut self) -> Result<(), RegexError> {
        self.choices += 1;
        if self.choices > CHOICES_MAX { Err(RegexError::Timeout) } else { Ok(()) }
    }

    /// Remembers a way to go back to.
    fn remember(&mut self, entry: Entry, program: &Program) -> Result<(), RegexError> {
        self.choose()?;
        self.ways += 1;
        let words = 2 + 3 * program.groups;
        if self.ways * words > STACK_WORDS_MAX || self.stack.len() >= STACK_MAX {
            return Err(RegexError::StackOverflow);
        }
        self.stack.push(entry);
        Ok(())
    }

    /// Goes back to the last way that was remembered.
    fn back(&mut self) -> Option<(usize, usize)> {
        loop {
            match self.stack.pop()? {
                Entry::Register { register, old } => {
                    if let Some(place) = self.registers.get_mut(register) {
                        *place = old;
                    }
                }
                Entry::Way { step, place } => {
                    self.ways -= 1;
                    return Some((step, place));
                }
                Entry::Run { step, least, place } => {
                    let shorter = place.saturating_sub(1);
                    if shorter > least {
                        self.choices = self.choices.saturating_add(1);
                        self.stack.push(Entry::Run { step, least, place: shorter });
                    } else {
                        self.ways -= 1;
                    }
                    return Some((step, shorter));
                }
            }
        }
    }

    /// Forgets the ways since a mark; what they would undo is kept for those before it.
    fn cut(&mut self, mark: usize) {
        let mark = mark.min(self.stack.len());
        let tail = self.stack.split_off(mark);
        let before = tail.len();
        let kept = tail.into_iter().filter(|entry| matches!(entry, Entry::Register { .. }));
        self.stack.extend(kept);
        self.ways -= before - (self.stack.len() - mark);
    }

    /// Undoes all since a mark.
    fn undo(&mut self, mark: usize) {
        while self.stack.len() > mark {
            match self.stack.pop() {
                Some(Entry::Register { register, old }) => {
                    if let Some(place) = self.registers.get_mut(register) {
                        *place = old;
                    }
                }
                Some(_) => self.ways -= 1,
                None => return,
            }
        }
    }

    /// Takes a step; `None` if it fails.
    fn step(
        &mut self,
        input: Input<'_>,
        step: &Step,
        at: usize,
        place: usize,
    ) -> Result<Option<(usize, usize)>, RegexError> {
        let program = input.program;
        let next = at + 1;
        let on = |end: Option<usize>| end.map(|end| (next, end));
        Ok(match step {
            Step::Split { first, second } => {
                self.remember(Entry::Way { step: *second, place }, program)?;
                Some((*first, place))
            }
            Step::Jump(to) => Some((*to, place)),
            Step::Save { register } => {
                self.set(*register, place)?;
                Some((next, place))
            }
            Step::Restore { register } => Some((next, self.get(*register))),
            Step::Progress { register } => {
                Some((if self.get(*register) == place { next + 1 } else { next }, place))
            }
            Step::Mark { register } => {
                let mark = self.stack.len() + 1;
                self.set(*register, mark)?;
                Some((next, place))
            }
            Step::Cut { register } => {
                self.cut(self.get(*register));
                Some((next, place))
            }
            Step::CutAndFail { register } => {
                self.undo(self.get(*register));
                None
            }
            Step::Set0 { register, number } => {
                self.set(*register, *number)?;
                Some((next, place))
            }
            Step::Behind { origin, distance, most } => {
                self.behind(at, self.get(*origin), *distance, *most, program)?
            }
            Step::At { register } => (self.get(*register) == place).then_some((next, place)),
            Step::Count { .. } => self.count(step, next, place, program)?,
            Step::Run { least, most } => self.repeat(input, next, place, (*least, *most))?,
            Step::BackReference { group, ignore_case } => {
                on(self.back_reference(input, *group, *ignore_case, place))
            }
            Step::StringFolded(string) => on(self.folded(input, *string, place)),
            Step::LineBreak => on(line_break(input.text, place)),
            Step::Assert(assertion) => holds(input, *assertion, place).then_some((next, place)),
            Step::Dot(Dot::All) => on(any(input.text, place)),
            single => on(single_match(program, single, input.text, place)),
        })
    }

    /// Tries a look-behind from one character further back, and remembers to go on so.
    fn behind(
        &mut self,
        at: usize,
        origin: usize,
        distance: usize,
        most: usize,
        program: &Program,
    ) -> Result<Option<(usize, usize)>, RegexError> {
        let back = self.get(distance);
        if back > most || back > origin {
            return Ok(None);
        }
        self.set(distance, back + 1)?;
        self.remember(Entry::Way { step: at, place: origin }, program)?;
        Ok(Some((at + 1, origin - back)))
    }

    /// Ends a turn of a counted loop.
    fn count(
        &mut self,
        step: &Step,
        next: usize,
        place: usize,
        program: &Program,
    ) -> Result<Option<(usize, usize)>, RegexError> {
        let Step::Count { register, least, most, body, lazy } = step else { return Ok(None) };
        let turns = self.get(*register).saturating_add(1);
        self.set(*register, turns)?;
        if most.is_some_and(|most| turns >= most) {
            return Ok(Some((next, place)));
        }
        if turns < *least {
            self.choose()?;
            return Ok(Some((*body, place)));
        }
        if most.is_none() {
            if self.get(register + 1) == place {
                return Ok(Some((next, place)));
            }
            self.set(register + 1, place)?;
        }
        let (first, second) = if *lazy { (next, *body) } else { (*body, next) };
        self.remember(Entry::Way { step: second, place }, program)?;
        Ok(Some((first, place)))
    }

    /// Matches one step as often as it goes.
    fn repeat(
        &mut self,
        input: Input<'_>,
        single: usize,
        place: usize,
        (least, most): (usize, usize),
    ) -> Result<Option<(usize, usize)>, RegexError> {
        let Some(step) = input.program.steps.get(single) else { return Ok(None) };
        let end = input.text.len().min(place.saturating_add(most));
        let mut reached = place;
        while reached < end
            && let Some(next) = single_match(input.program, step, input.text, reached)
        {
            reached = next;
        }
        let shortest = place.saturating_add(least);
        if reached < shortest {
            return Ok(None);
        }
        if reached > shortest {
            let entry = Entry::Run { step: single + 1, least: shortest, place: reached };
            self.remember(entry, input.program)?;
        }
        if self.choices > CHOICES_MAX {
            return Err(RegexError::Timeout);
        }
        Ok(Some((single + 1, reached)))
    }

    fn back_reference(
        &mut self,
        input: Input<'_>,
        group: usize,
        ignore_case: bool,
        place: usize,
    ) -> Option<usize> {
        let (first, last) = (self.get(2 * group), self.get(2 * group + 1));
        let taken = input.text.get(first..last)?;
        if !ignore_case {
            let end = place.checked_add(taken.len())?;
            return (input.text.get(place..end)? == taken).then_some(end);
        }
        let mut wanted = Vec::with_capacity(taken.len());
        for c in taken {
            cases::fold_into(*c, &mut wanted);
        }
        self.match_folded(input.text, &wanted, place)
    }

    fn folded(&mut self, input: Input<'_>, string: usize, place: usize) -> Option<usize> {
        let wanted = input.program.strings.get(string)?;
        self.match_folded(input.text, wanted, place)
    }

    /// Matches a folded string; it must not end within what one character folds to.
    fn match_folded(&mut self, text: &[char], wanted: &[char], place: usize) -> Option<usize> {
        let (mut done, mut place) = (0, place);
        while done < wanted.len() {
            self.folded.clear();
            cases::fold_into(*text.get(place)?, &mut self.folded);
            let end = done + self.folded.len();
            if wanted.get(done..end)? != self.folded.as_slice() {
                return None;
            }
            done = end;
            place += 1;
        }
        Some(place)
    }
}

/// Matches a step that takes one character; returns the place behind it.
fn single_match(program: &Program, step: &Step, text: &[char], place: usize) -> Option<usize> {
    let c = *text.get(place)?;
    let matched = match step {
        Step::Char(one) => c == *one,
        Step::CharFolded(one) => cases::fold_one(c) == *one,
        Step::Set(set) => program.sets.get(*set)?.contains(c),
        Step::Dot(Dot::Line) => !is_line_end(c),
        Step::Dot(Dot::UnixLine) => c != '\n',
        _ => false,
    };
    matched.then_some(place + 1)
}

/// Matches any character; `\r\n` is one.
fn any(text: &[char], place: usize) -> Option<usize> {
    let pair = text.get(place) == Some(&'\r') && text.get(place + 1) == Some(&'\n');
    (place < text.len()).then_some(if pair { place + 2 } else { place + 1 })
}

fn line_break(text: &[char], place: usize) -> Option<usize> {
    is_line_end(*text.get(place)?).then(|| any(text, place)).flatten()
}

/// Returns whether an assertion holds at a place.
fn holds(input: Input<'_>, assertion: Assertion, place: usize) -> bool {
    let text = input.text;
    let here = text.get(place).copied();
    let before = place.checked_sub(1).and_then(|place| text.get(place)).copied();
    // Between `\r` and `\n` no line ends.
    let in_pair = before == Some('\r') && here == Some('\n');
    match assertion {
        Assertion::Start => place == 0,
        Assertion::LineStart => {
            let line = before.is_some_and(is_line_end) && here.is_some() && !in_pair;
            place == 0 || line
        }
        Assertion::UnixLineStart => place == 0 || before == Some('\n') && here.is_some(),
        Assertion::End => match here {
            None => true,
            Some(c) if !is_line_end(c) || in_pair => false,
            Some(_) => any(text, place) == Some(text.len()),
        },
        Assertion::UnixEnd => here.is_none() || here == Some('\n') && place + 1 == text.len(),
        Assertion::LineEnd => here.is_none_or(|c| is_line_end(c) && !in_pair),
        Assertion::UnixLineEnd => here.is_none_or(|c| c == '\n'),
        Assertion::VeryEnd => here.is_none(),
        Assertion::Word => word_boundary(input, place),
        Assertion::NotWord => !word_boundary(input, place),
        Assertion::LastMatch => place == input.last.unwrap_or(0),
    }
}

/// Returns whether a word starts or ends at a place; what belongs to a character is not looked at.
fn word_boundary(input: Input<'_>, place: usize) -> bool {
    let Some(words) = &input.program.words else { return false };
    let here = input.text.get(place).copied();
    if here.is_some_and(|c| words.combining.contains(c)) {
        return false;
    }
    let before = input.text.get(..place).unwrap_or_default();
    let before = before.iter().rev().find(|c| !words.combining.contains(**c));
    here.is_some_and(|c| words.word.contains(c)) != before.is_some_and(|c| words.word.contains(*c))
}
