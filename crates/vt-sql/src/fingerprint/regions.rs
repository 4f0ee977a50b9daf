//! Where in a statement a bind variable can stand for a literal.
//!
//! It can where an operand can stand, except where MySQL wants a literal, or where the literal's
//! text means more than its value:
//!
//! - in a select expression without alias, whose text names the column; but the columns that an
//!   `INSERT` reads are named by nobody;
//! - in `ORDER BY` and `GROUP BY`, where a number is a position, and an expression must equal one
//!   of the select list. With `GROUP BY`, or a literal in `ORDER BY`, all literals of select lists
//!   keep their text, and with these those of `HAVING`;
//! - in `OVER (...)` and `WINDOW`, in the parentheses of types, of `NOW(6)` and its kin, of
//!   `JSON_TABLE` and `JSON_VALUE`, behind `->`, `ESCAPE`, `SEPARATOR`, introducers, and as alias;
//! - behind `INTO`, and in statements that are no queries, `INSERT`, `REPLACE`, `UPDATE` or
//!   `DELETE`.

use smallvec::SmallVec;

use super::shape::Shape;
use crate::lexer::{Keyword, Lexer, TokenKind};

/// What is to be done with a literal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Bound,
    /// Bound, unless the statement turns out to sort or group by what it may be part of.
    Selected,
    /// Part of the shape as it is written.
    Kept,
}

/// What a word does to the regions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Nothing; no operand follows.
    Plain,
    /// An operand follows.
    Operator,
    /// Between `SELECT` and the first expression; also an operator.
    Modifier,
    Select,
    /// Ends the regions of this depth; an operand may follow.
    Clause,
    Values,
    /// `VALUES` of an `INSERT`, or a name.
    Value,
    Having,
    Group,
    Order,
    /// Begins a region in which literals keep their text, up to the next clause.
    Keep,
    /// The same within the parenthesis that follows at once.
    KeepCall,
    /// `AS`: an alias, or a type in a call.
    As,
    Row,
}

static ROLES: [Role; Keyword::ALL.len()] = {
    let mut roles = [Role::Plain; Keyword::ALL.len()];
    let mut index = 0;
    while index < roles.len() {
        roles[index] = role(Keyword::ALL[index]);
        index += 1;
    }
    roles
};

const fn role(keyword: Keyword) -> Role {
    match keyword {
        Keyword::And
        | Keyword::Or
        | Keyword::Xor
        | Keyword::Not
        | Keyword::In
        | Keyword::Like
        | Keyword::Regexp
        | Keyword::Rlike
        | Keyword::Between
        | Keyword::When
        | Keyword::Then
        | Keyword::Else
        | Keyword::Case
        | Keyword::Interval
        | Keyword::Offset
        | Keyword::Div
        | Keyword::Mod
        | Keyword::By
        | Keyword::For
        | Keyword::Leading
        | Keyword::Trailing
        | Keyword::Both => Role::Operator,
        Keyword::All
        | Keyword::Distinct
        | Keyword::Distinctrow
        | Keyword::HighPriority
        | Keyword::StraightJoin
        | Keyword::SqlBigResult
        | Keyword::SqlCalcFoundRows
        | Keyword::SqlSmallResult => Role::Modifier,
        Keyword::Select => Role::Select,
        Keyword::From
        | Keyword::Where
        | Keyword::On
        | Keyword::Limit
        | Keyword::Union
        | Keyword::Except
        | Keyword::Intersect
        | Keyword::Set => Role::Clause,
        Keyword::Values => Role::Values,
        Keyword::Value => Role::Value,
        Keyword::Having => Role::Having,
        Keyword::Group => Role::Group,
        Keyword::Order => Role::Order,
        Keyword::Into | Keyword::Window => Role::Keep,
        Keyword::Over
        | Keyword::JsonTable
        | Keyword::JsonValue
        | Keyword::Now
        | Keyword::Sysdate
        | Keyword::Curtime
        | Keyword::CurrentTime
        | Keyword::CurrentTimestamp
        | Keyword::Localtime
        | Keyword::Localtimestamp
        | Keyword::UtcTime
        | Keyword::UtcTimestamp
        | Keyword::Char
        | Keyword::Character
        | Keyword::Varchar
        | Keyword::Binary
        | Keyword::Varbinary
        | Keyword::Decimal
        | Keyword::Dec
        | Keyword::Numeric
        | Keyword::Float
        | Keyword::Double
        | Keyword::Real
        | Keyword::Time => Role::KeepCall,
        Keyword::As => Role::As,
        Keyword::Row => Role::Row,
        _ => Role::Plain,
    }
}

/// Depths from here on share a bit, and all literals from there on keep their text.
const DEPTH_MAX: u32 = 63;

/// The regions that are open, by depth of parentheses: a bit a depth.
pub(super) struct Regions {
    depth: u32,
    /// Select lists.
    select: u64,
    /// Select lists whose expressions name columns.
    named: u64,
    /// Other regions in which literals keep their text.
    kept: u64,
    /// Of select lists that name columns: whether the current expression is known to have, or not
    /// to have, an alias.
    decided: u64,
    aliased: u64,
    verb: Verb,
    /// The token before.
    before: Before,
    /// All literals keep their text.
    keeps_all: bool,
    /// Rows of `VALUES` of an `INSERT` are being read.
    rows: bool,
    /// The `VALUES` of an `INSERT` was seen.
    has_rows: bool,
    /// A row of a `VALUES ROW(...)` was seen.
    row_values: bool,
    /// The statement groups.
    groups: bool,
    /// A select list has a literal.
    select_literal: bool,
    /// A region that keeps text has a literal.
    kept_literal: bool,
    selected: SmallVec<[u32; 4]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// The first word is still to come.
    Unknown,
    Insert,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// An operand may follow.
    Operator,
    /// `SELECT`, or a comma: an expression begins.
    Fresh,
    /// An operand that ended, a name, or a word.
    Operand,
    /// A word whose parenthesis keeps its literals.
    KeepCall,
    Values,
}

impl Default for Regions {
    fn default() -> Regions {
        Regions {
            depth: 0,
            select: 0,
            named: 0,
            kept: 0,
            decided: 0,
            aliased: 0,
            verb: Verb::Unknown,
            before: Before::Operator,
            keeps_all: false,
            rows: false,
            has_rows: false,
            row_values: false,
            groups: false,
            select_literal: false,
            kept_literal: false,
            selected: SmallVec::new(),
        }
    }
}

impl Regions {
    #[inline]
    fn bit(&self) -> u64 {
        1 << self.depth
    }

    /// Tells whether a token's spelling belongs to the text of an expression that may name a
    /// column.
    #[inline]
    pub(super) fn is_spelled(&self, kind: TokenKind) -> bool {
        self.named != 0 && self.is_spelled_in_list(kind)
    }

    fn is_spelled_in_list(&self, kind: TokenKind) -> bool {
        match kind {
            TokenKind::Comma | TokenKind::End | TokenKind::Semicolon => false,
            TokenKind::RightParen => self.named & !self.bit() != 0,
            TokenKind::Word(keyword) => match ROLES[keyword as usize] {
                Role::Modifier => self.before != Before::Fresh,
                // What ends the list is part of those around it.
                Role::Clause | Role::Having | Role::Group | Role::Order | Role::Keep => {
                    self.named & !self.bit() != 0
                }
                _ => true,
            },
            _ => true,
        }
    }

    /// Tells whether an expression of a select list begins: the gap before it is not part of it.
    #[inline]
    pub(super) fn is_fresh(&self) -> bool {
        self.before == Before::Fresh
    }

    #[inline]
    pub(super) fn word(&mut self, keyword: Keyword, shape: &mut Shape) {
        if self.verb == Verb::Unknown {
            self.first_word(keyword);
        }
        let role = ROLES[keyword as usize];
        if role == Role::Plain {
            self.before = Before::Operand;
            return;
        }
        self.word_of(role, shape);
    }

    fn first_word(&mut self, keyword: Keyword) {
        self.verb = match keyword {
            Keyword::Insert | Keyword::Replace => Verb::Insert,
            _ => Verb::Other,
        };
        self.keeps_all |= !matches!(
            keyword,
            Keyword::Select
                | Keyword::With
                | Keyword::Table
                | Keyword::Values
                | Keyword::Insert
                | Keyword::Replace
                | Keyword::Update
                | Keyword::Delete
        );
    }

    fn word_of(&mut self, mut role: Role, shape: &mut Shape) {
        if role == Role::Value {
            let is_values = self.verb == Verb::Insert && self.depth == 0 && self.select == 0;
            role = if is_values { Role::Values } else { Role::Plain };
        }
        let bit = self.bit();
        let before = std::mem::replace(&mut self.before, Before::Operator);
        self.rows &= self.depth > 0;
        match role {
            Role::Plain | Role::Value => self.before = Before::Operand,
            Role::Operator => {}
            Role::Modifier if before == Before::Fresh => self.before = Before::Fresh,
            Role::Modifier => {}
            Role::Select => {
                self.end_regions();
                self.select |= bit;
                if self.verb != Verb::Insert || self.depth > 0 {
                    self.named |= bit;
                }
                self.decided &= !bit;
                self.before = Before::Fresh;
            }
            // `CHARACTER SET`
            Role::Clause if before == Before::KeepCall => self.before = Before::Operand,
            Role::Clause => self.end_regions(),
            // The function `VALUES(column)`.
            Role::Values if self.has_rows => {
                self.before = Before::Operand;
            }
            Role::Values => {
                self.end_regions();
                self.before = Before::Values;
                if self.verb == Verb::Insert && self.depth == 0 {
                    (self.rows, self.has_rows) = (true, true);
                    shape.begin_rows();
                }
            }
            Role::Having => {
                self.end_regions();
                if self.select_literal || self.kept_literal {
                    self.kept |= bit;
                }
            }
            Role::Group => {
                self.end_regions();
                self.kept |= bit;
                self.groups = true;
            }
            Role::Order => {
                self.end_regions();
                self.kept |= bit;
            }
            Role::Keep => {
                self.end_regions();
                self.kept |= bit;
            }
            Role::KeepCall => self.before = Before::KeepCall,
            Role::As => {
                self.before = Before::Operand;
                if self.depth > 0 {
                    self.kept |= bit;
                }
            }
            Role::Row => {
                self.row_values |= before == Before::Values;
                self.before = if self.row_values { Before::KeepCall } else { Before::Operand };
            }
        }
    }

    /// Ends the regions of this depth.
    fn end_regions(&mut self) {
        let bit = self.bit();
        self.select &= !bit;
        self.named &= !bit;
        self.kept &= !bit;
    }

    pub(super) fn open(&mut self, shape: &mut Shape) {
        if self.rows && self.depth == 0 {
            if matches!(self.before, Before::Values | Before::Fresh) {
                shape.begin_row();
            } else {
                self.rows = false;
            }
        }
        if self.depth < DEPTH_MAX {
            self.depth += 1;
        } else {
            self.keeps_all = true;
        }
        if self.before == Before::KeepCall {
            self.kept |= self.bit();
        }
        self.before = Before::Operator;
    }

    pub(super) fn close(&mut self, shape: &mut Shape) {
        self.end_regions();
        self.depth = self.depth.saturating_sub(1);
        self.before = Before::Operand;
        if self.rows && self.depth == 0 {
            shape.end_row();
        }
    }

    /// A name, variable, bind or comment.
    #[inline]
    pub(super) fn name(&mut self) {
        self.before = Before::Operand;
    }

    #[inline]
    pub(super) fn symbol(&mut self, kind: TokenKind) {
        self.before = match kind {
            TokenKind::Comma => {
                self.decided &= !self.bit();
                Before::Fresh
            }
            // MySQL wants the path behind an arrow as text.
            TokenKind::Arrow
            | TokenKind::LongArrow
            | TokenKind::Dot
            | TokenKind::Question
            | TokenKind::AtAt
            | TokenKind::Colon
            | TokenKind::LeftBrace
            | TokenKind::RightBrace => Before::Operand,
            _ => Before::Operator,
        };
    }

    /// Decides about a literal; the lexer stands behind it.
    #[inline]
    pub(super) fn literal(&mut self, lexer: &Lexer<'_>) -> Place {
        let before = std::mem::replace(&mut self.before, Before::Operand);
        if self.verb == Verb::Unknown {
            self.first_word(Keyword::None);
        }
        let follows_operator = matches!(before, Before::Operator | Before::Fresh);
        if self.select != 0 {
            self.select_literal = true;
        }
        if self.kept != 0 || self.keeps_all || !follows_operator {
            // Of the regions that keep text, those of ORDER BY matter most; to be wrong about
            // another costs one more shape.
            self.kept_literal |= self.kept != 0;
            return Place::Kept;
        }
        if self.select == 0 {
            return Place::Bound;
        }
        if self.named == 0 || self.all_aliased(lexer) { Place::Selected } else { Place::Kept }
    }

    /// Tells whether the expression has an alias in every select list that is open.
    fn all_aliased(&mut self, lexer: &Lexer<'_>) -> bool {
        let mut undecided = self.named & !self.decided;
        while undecided != 0 {
            let depth = undecided.trailing_zeros();
            let bit = 1 << depth;
            undecided &= !bit;
            self.decided |= bit;
            self.aliased &= !bit;
            if has_alias(*lexer, self.depth - depth.min(self.depth)) {
                self.aliased |= bit;
            }
        }
        self.named & !self.aliased == 0
    }

    /// Remembers the index of a literal that may have to keep its text after all.
    #[inline]
    pub(super) fn note(&mut self, place: Place, index: usize) {
        if place == Place::Selected {
            self.selected.push(index as u32);
        }
    }

    /// Returns the literals that keep their text after all.
    pub(super) fn withdrawn(&self) -> &[u32] {
        if self.groups || self.kept_literal { &self.selected } else { &[] }
    }
}

/// Looks for `AS` before the end of a select expression, so many parentheses further out.
#[cold]
fn has_alias(mut lexer: Lexer<'_>, mut depth: u32) -> bool {
    loop {
        match lexer.next().kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen if depth > 0 => depth -= 1,
            TokenKind::Word(Keyword::As) if depth == 0 => return true,
            TokenKind::RightParen | TokenKind::End | TokenKind::Bad | TokenKind::Semicolon => {
                return false;
            }
            TokenKind::Comma if depth == 0 => return false,
            TokenKind::Word(keyword) if depth == 0 => match ROLES[keyword as usize] {
                Role::Plain | Role::Operator | Role::KeepCall | Role::Row => {}
                _ => return false,
            },
            _ => {}
        }
    }
}
