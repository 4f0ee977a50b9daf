//! Turns the tree of a pattern into a program.

use super::lengths::lengths;
use super::program::{First, Program, Step, Words};
use super::syntax::{Assertion, Dot, Mode, Node, Tree};
use super::{RegexError, property, starts};

/// The longest program.
const STEPS_MAX: usize = 1 << 20;
/// The most registers: each has to be kept for every match.
const REGISTERS_MAX: usize = 1 << 14;

/// How a loop turns.
#[derive(Clone, Copy)]
struct Turns {
    /// Leaving is tried before another turn.
    lazy: bool,
    /// A turn that matches nothing is the last. MySQL looks for it in greedy loops alone: others
    /// that match nothing turn until the time is up.
    checked: bool,
}

struct Compiler {
    program: Program,
}

/// Compiles a tree.
pub(super) fn compile(tree: Tree) -> Result<Program, RegexError> {
    let anchored = is_anchored(&tree.root);
    let start = starts::of(&tree.root);
    let program = Program {
        steps: Vec::new(),
        sets: Vec::new(),
        strings: Vec::new(),
        registers: 2 * (tree.groups + 1),
        groups: tree.groups,
        names: tree.names,
        words: None,
        least: lengths(&tree.root).0,
        first: None,
    };
    let mut compiler = Compiler { program };
    compiler.node(&tree.root)?;
    compiler.emit(Step::Match)?;
    let mut program = compiler.program;
    program.first = match start {
        _ if anchored => Some(First::Start),
        Some(start) => Some(First::Set(start.table())),
        None => None,
    };
    if program.registers > REGISTERS_MAX {
        return Err(RegexError::PatternTooBig);
    }
    Ok(program)
}

/// Returns whether a match starts at the start of the text alone.
fn is_anchored(node: &Node) -> bool {
    match node {
        Node::Assert(Assertion::Start) => true,
        Node::Sequence(parts) => parts.first().is_some_and(is_anchored),
        Node::Group(_, body) | Node::Atomic(body) => is_anchored(body),
        Node::Repeat { body, least, .. } if *least > 0 => is_anchored(body),
        _ => false,
    }
}

impl Compiler {
    fn emit(&mut self, step: Step) -> Result<usize, RegexError> {
        if self.program.steps.len() >= STEPS_MAX {
            return Err(RegexError::PatternTooBig);
        }
        self.program.steps.push(step);
        Ok(self.program.steps.len() - 1)
    }

    fn here(&self) -> usize {
        self.program.steps.len()
    }

    fn register(&mut self, count: usize) -> usize {
        let first = self.program.registers;
        self.program.registers += count;
        first
    }

    /// Lets a step that was emitted as a split go on here.
    fn patch(&mut self, split: usize, change: impl FnOnce(&mut usize, &mut usize)) {
        if let Some(Step::Split { first, second }) = self.program.steps.get_mut(split) {
            change(first, second);
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), RegexError> {
        let step = match node {
            Node::Empty => return Ok(()),
            Node::Char(c) => Step::Char(*c),
            Node::CharFolded(c) => Step::CharFolded(*c),
            Node::StringFolded(text) => {
                self.program.strings.push(text.clone());
                Step::StringFolded(self.program.strings.len() - 1)
            }
            Node::Dot(dot) => Step::Dot(*dot),
            Node::Set(set) => {
                self.program.sets.push(set.table());
                Step::Set(self.program.sets.len() - 1)
            }
            Node::LineBreak => Step::LineBreak,
            Node::Sequence(parts) => {
                return parts.iter().try_for_each(|part| self.node(part));
            }
            Node::Choice(parts) => return self.choice(parts),
            Node::Group(group, body) => {
                self.emit(Step::Save { register: 2 * group })?;
                self.node(body)?;
                Step::Save { register: 2 * group + 1 }
            }
            Node::Atomic(body) => {
                let register = self.register(1);
                self.emit(Step::Mark { register })?;
                self.node(body)?;
                Step::Cut { register }
            }
            Node::Look { behind, negated, body } => return self.look(*behind, *negated, body),
            Node::Repeat { body, least, most, mode } => {
                return self.repeat(body, *least, *most, *mode);
            }
            Node::BackReference { group, .. } if *group > self.program.groups => {
                return Err(RegexError::InvalidBackReference);
            }
            Node::BackReference { group, ignore_case } => {
                Step::BackReference { group: *group, ignore_case: *ignore_case }
            }
            Node::Assert(assertion) => {
                if matches!(assertion, Assertion::Word | Assertion::NotWord)
                    && self.program.words.is_none()
                {
                    let word = property::word().table();
                    let combining = property::combining().table();
                    self.program.words = Some(Words { word, combining });
                }
                Step::Assert(*assertion)
            }
        };
        self.emit(step).map(|_| ())
    }

    fn choice(&mut self, parts: &[Node]) -> Result<(), RegexError> {
        let mut jumps = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            if index + 1 == parts.len() {
                self.node(part)?;
                continue;
            }
            let split = self.emit(Step::Split { first: self.here() + 1, second: 0 })?;
            self.node(part)?;
            jumps.push(self.emit(Step::Jump(0))?);
            let here = self.here();
            self.patch(split, |_, second| *second = here);
        }
        let end = self.here();
        for jump in jumps {
            if let Some(Step::Jump(to)) = self.program.steps.get_mut(jump) {
                *to = end;
            }
        }
        Ok(())
    }

    fn look(&mut self, behind: bool, negated: bool, body: &Node) -> Result<(), RegexError> {
        let mark = self.register(3);
        let (origin, distance) = (mark + 1, mark + 2);
        self.emit(Step::Mark { register: mark })?;
        self.emit(Step::Save { register: origin })?;
        let mut split = None;
        if negated {
            split = Some(self.emit(Step::Split { first: self.here() + 1, second: 0 })?);
        }
        if behind {
            let (least, most) = lengths(body);
            let most = most.ok_or(RegexError::LookBehindLimit)?;
            self.emit(Step::Set0 { register: distance, number: least })?;
            self.emit(Step::Behind { origin, distance, most })?;
        }
        self.node(body)?;
        if behind {
            self.emit(Step::At { register: origin })?;
        }
        match split {
            Some(split) => {
                self.emit(Step::CutAndFail { register: mark })?;
                let here = self.here();
                self.patch(split, |_, second| *second = here);
            }
            None => {
                self.emit(Step::Cut { register: mark })?;
                self.emit(Step::Restore { register: origin })?;
            }
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        body: &Node,
        least: u32,
        most: Option<u32>,
        mode: Mode,
    ) -> Result<(), RegexError> {
        if mode == Mode::Possessive {
            let register = self.register(1);
            self.emit(Step::Mark { register })?;
            self.loops(body, least, most, Turns { lazy: false, checked: false })?;
            return self.emit(Step::Cut { register }).map(|_| ());
        }
        let lazy = mode == Mode::Lazy;
        self.loops(body, least, most, Turns { lazy, checked: !lazy })
    }

    fn loops(
        &mut self,
        body: &Node,
        least: u32,
        most: Option<u32>,
        turns: Turns,
    ) -> Result<(), RegexError> {
        let lazy = turns.lazy;
        if most == Some(0) {
            return Ok(());
        }
        if !lazy && is_single(body) {
            let most = most.map_or(usize::MAX, |most| most as usize);
            self.emit(Step::Run { least: least as usize, most })?;
            return self.node(body);
        }
        match (least, most) {
            (0, Some(1)) => {
                let split = self.split(lazy)?;
                self.node(body)?;
                self.out(split, lazy);
                Ok(())
            }
            (0, None) => {
                let split = self.split(lazy)?;
                self.turns(body, turns)?;
                self.out(split, lazy);
                Ok(())
            }
            (1, None) => self.turns(body, turns),
            _ => self.counted(body, least, most, lazy),
        }
    }

    /// Emits a choice between going on and leaving a loop.
    fn split(&mut self, lazy: bool) -> Result<usize, RegexError> {
        let next = self.here() + 1;
        self.emit(match lazy {
            false => Step::Split { first: next, second: 0 },
            true => Step::Split { first: 0, second: next },
        })
    }

    /// Lets the choice leave the loop to here.
    fn out(&mut self, split: usize, lazy: bool) {
        let here = self.here();
        self.patch(split, |first, second| if lazy { *first = here } else { *second = here });
    }

    /// Emits a body that is matched once or more often.
    fn turns(&mut self, body: &Node, turns: Turns) -> Result<(), RegexError> {
        let lazy = turns.lazy;
        let start = self.here();
        let checked = turns.checked && lengths(body).0 == 0;
        let register = checked.then(|| self.register(1));
        if let Some(register) = register {
            self.emit(Step::Save { register })?;
        }
        self.node(body)?;
        if let Some(register) = register {
            self.emit(Step::Progress { register })?;
        }
        let out = self.here() + 1;
        self.emit(match lazy {
            false => Step::Split { first: start, second: out },
            true => Step::Split { first: out, second: start },
        })?;
        Ok(())
    }

    fn counted(
        &mut self,
        body: &Node,
        least: u32,
        most: Option<u32>,
        lazy: bool,
    ) -> Result<(), RegexError> {
        let register = self.register(2);
        self.emit(Step::Set0 { register, number: 0 })?;
        self.emit(Step::Set0 { register: register + 1, number: usize::MAX })?;
        let split = if least == 0 { Some(self.split(lazy)?) } else { None };
        let start = self.here();
        self.node(body)?;
        let (least, most) = (least as usize, most.map(|most| most as usize));
        self.emit(Step::Count { register, least, most, body: start, lazy })?;
        if let Some(split) = split {
            self.out(split, lazy);
        }
        Ok(())
    }
}

/// Returns whether a part always matches one character.
fn is_single(node: &Node) -> bool {
    match node {
        Node::Char(_) | Node::CharFolded(_) | Node::Set(_) => true,
        Node::Dot(dot) => *dot != Dot::All,
        _ => false,
    }
}
