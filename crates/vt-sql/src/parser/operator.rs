//! Operators, by precedence climbing.
//!
//! MySQL's grammar has classes of expressions, not only a ladder of operators: a comparison cannot
//! be an operand of `+` without parentheses, nor can `NOT`. The ladder below has a rung for each
//! class, and a *ceiling* falls to the class of what was read so far.

use super::{Parsed, Parser};
use crate::{
    ast::{
        Between, Binary, BinaryOp, Collate, Expr, In, InList, Is, IsWhat, Like, Literal,
        LiteralKind, MemberOf, Quantified, Quantifier, Span, Unary, UnaryOp,
    },
    lexer::{Keyword, TokenKind, list_items},
};

/// How tightly operators bind, from loose to tight.
pub(crate) mod rung {
    pub(crate) const OR: u8 = 1;
    pub(crate) const XOR: u8 = 2;
    pub(crate) const AND: u8 = 3;
    pub(crate) const NOT: u8 = 4;
    pub(crate) const IS: u8 = 5;
    pub(crate) const COMPARISON: u8 = 6;
    pub(crate) const PREDICATE: u8 = 7;
    pub(crate) const BIT_OR: u8 = 8;
    pub(crate) const BIT_AND: u8 = 9;
    pub(crate) const SHIFT: u8 = 10;
    pub(crate) const ADD: u8 = 11;
    pub(crate) const MUL: u8 = 12;
    pub(crate) const BIT_XOR: u8 = 13;
    pub(crate) const CONCAT: u8 = 14;
    pub(crate) const UNARY: u8 = 15;
    pub(crate) const COLLATE: u8 = 16;
}

/// What an infix token does.
#[derive(Clone, Copy)]
enum Infix {
    Or,
    And,
    Binary(BinaryOp),
    Is,
    In,
    Between,
    Like,
    Member,
    Sounds,
    /// `NOT` before `IN`, `BETWEEN`, `LIKE` or `REGEXP`.
    Not,
    Collate,
}

impl<'a> Parser<'a> {
    /// Reads an expression.
    pub(super) fn expr(&mut self) -> Parsed<Expr<'a>> {
        self.expr_at(rung::OR)
    }

    /// Reads an expression whose operators bind at least as tightly as `min`.
    pub(super) fn expr_at(&mut self, min: u8) -> Parsed<Expr<'a>> {
        if let Some(literal) = self.lone_literal() {
            return literal;
        }
        self.enter()?;
        let chain = std::mem::take(&mut self.chain);
        let (left, ceiling) = self.prefix(min)?;
        let expr = self.infix(left, min, ceiling)?;
        self.chain = self.chain.max(chain);
        self.leave();
        Ok(expr)
    }

    /// Reads a literal behind which the expression ends: no operator follows it.
    #[inline]
    pub(super) fn lone_literal(&mut self) -> Option<Parsed<Expr<'a>>> {
        let ends = matches!(self.next.kind, TokenKind::Comma | TokenKind::RightParen);
        match self.token.kind {
            // A float may be one that no double holds.
            TokenKind::Literal(kind) if ends && kind != LiteralKind::Float => {
                Some(self.count_node().map(|()| Expr::Literal(self.literal(kind))))
            }
            _ => None,
        }
    }

    /// Reads what an expression begins with, and tells its class.
    fn prefix(&mut self, min: u8) -> Parsed<(Expr<'a>, u8)> {
        let (op, operand) = match self.token.kind {
            TokenKind::Word(Keyword::Not) if self.modes.high_not_precedence => {
                (UnaryOp::HighNot, rung::UNARY)
            }
            TokenKind::Word(Keyword::Not) if min <= rung::NOT => (UnaryOp::Not, rung::NOT),
            TokenKind::Bang => (UnaryOp::Bang, rung::UNARY),
            TokenKind::Minus => (UnaryOp::Minus, rung::UNARY),
            TokenKind::Plus => (UnaryOp::Plus, rung::UNARY),
            TokenKind::Tilde => (UnaryOp::BitNot, rung::UNARY),
            TokenKind::Word(Keyword::Binary) => (UnaryOp::Binary, rung::UNARY),
            TokenKind::Word(Keyword::Interval) => {
                return Ok((self.leading_interval(min)?, rung::COLLATE));
            }
            _ => return Ok((self.primary()?, rung::COLLATE)),
        };
        self.advance();
        // One more level: a rewriter takes more of the stack for an operator than the parser does.
        let expr = self.heavy(|parser| parser.expr_at(operand))?;
        let ceiling = if op == UnaryOp::Not { rung::AND } else { rung::UNARY };
        Ok((Expr::Unary(self.arena.node(Unary { op, expr })), ceiling))
    }

    /// Reads the operators that follow `left` and bind at least as tightly as `min`.
    pub(super) fn infix(
        &mut self,
        mut left: Expr<'a>,
        min: u8,
        mut ceiling: u8,
    ) -> Parsed<Expr<'a>> {
        let mut nested = 0;
        while let Some((infix, level)) = self.infix_operator() {
            if level < min || level > ceiling {
                break;
            }
            left = match infix {
                Infix::Or => self.flat_list(left, level, |kind, modes| match kind {
                    TokenKind::Word(Keyword::Or) => true,
                    TokenKind::PipePipe => !modes.pipes_as_concat,
                    _ => false,
                })?,
                Infix::And => self.flat_list(left, level, |kind, _| {
                    matches!(kind, TokenKind::Word(Keyword::And) | TokenKind::AndAnd)
                })?,
                Infix::Binary(op) => {
                    self.link()?;
                    self.advance();
                    self.binary(op, left, level)?
                }
                Infix::Collate => {
                    self.enter()?;
                    nested += 1;
                    self.advance();
                    let collation = self.name_or_string()?;
                    Expr::Collate(self.arena.node(Collate { expr: left, collation }))
                }
                _ => {
                    // These are rarely chained; each link counts as a level of nesting.
                    self.enter()?;
                    nested += 1;
                    self.predicate(infix, left)?
                }
            };
            ceiling = match level {
                rung::IS => rung::AND,
                // `a IN (...)` is no operand of what binds tighter, nor of another `IN`.
                rung::PREDICATE => rung::COMPARISON,
                _ => level,
            };
        }
        self.depth -= nested;
        Ok(left)
    }

    /// Reads `AND` or `OR` with all operands of the same level as one list.
    fn flat_list(
        &mut self,
        first: Expr<'a>,
        level: u8,
        is_same: fn(TokenKind, crate::Modes) -> bool,
    ) -> Parsed<Expr<'a>> {
        let is_or = level == rung::OR;
        let mut operands = self.vec();
        operands.push(first);
        let mut chain = self.chain;
        while is_same(self.token.kind, self.modes) {
            self.advance();
            let operand = self.expr_at(level + 1)?;
            chain = chain.max(self.chain);
            self.chain = 0;
            operands.push(operand);
        }
        self.chain = chain;
        let operands = operands.into_bump_slice();
        Ok(if is_or { Expr::Or(operands) } else { Expr::And(operands) })
    }

    /// Tells what the current token does behind an operand, and how tightly it binds.
    fn infix_operator(&self) -> Option<(Infix, u8)> {
        use BinaryOp as Op;
        let binary = |op, level| Some((Infix::Binary(op), level));
        match self.token.kind {
            TokenKind::Word(keyword) => self.infix_word(keyword),
            TokenKind::PipePipe if self.modes.pipes_as_concat => binary(Op::Concat, rung::CONCAT),
            TokenKind::PipePipe => Some((Infix::Or, rung::OR)),
            TokenKind::AndAnd => Some((Infix::And, rung::AND)),
            TokenKind::Equal => binary(Op::Eq, rung::COMPARISON),
            TokenKind::NullSafeEqual => binary(Op::NullSafeEq, rung::COMPARISON),
            TokenKind::NotEqual => binary(Op::Ne, rung::COMPARISON),
            TokenKind::Less => binary(Op::Lt, rung::COMPARISON),
            TokenKind::LessEqual => binary(Op::Le, rung::COMPARISON),
            TokenKind::Greater => binary(Op::Gt, rung::COMPARISON),
            TokenKind::GreaterEqual => binary(Op::Ge, rung::COMPARISON),
            TokenKind::Pipe => binary(Op::BitOr, rung::BIT_OR),
            TokenKind::Ampersand => binary(Op::BitAnd, rung::BIT_AND),
            TokenKind::ShiftLeft => binary(Op::ShiftLeft, rung::SHIFT),
            TokenKind::ShiftRight => binary(Op::ShiftRight, rung::SHIFT),
            TokenKind::Plus => binary(Op::Add, rung::ADD),
            TokenKind::Minus => binary(Op::Sub, rung::ADD),
            TokenKind::Star => binary(Op::Mul, rung::MUL),
            TokenKind::Slash => binary(Op::Div, rung::MUL),
            TokenKind::Percent => binary(Op::Mod, rung::MUL),
            TokenKind::Caret => binary(Op::BitXor, rung::BIT_XOR),
            _ => None,
        }
    }

    fn infix_word(&self, keyword: Keyword) -> Option<(Infix, u8)> {
        use BinaryOp as Op;
        match keyword {
            Keyword::And => Some((Infix::And, rung::AND)),
            Keyword::Or => Some((Infix::Or, rung::OR)),
            Keyword::Xor => Some((Infix::Binary(Op::Xor), rung::XOR)),
            Keyword::Is => Some(match self.peek_is_null() {
                true => (Infix::Is, rung::COMPARISON),
                false => (Infix::Is, rung::IS),
            }),
            Keyword::In => Some((Infix::In, rung::PREDICATE)),
            Keyword::Between => Some((Infix::Between, rung::PREDICATE)),
            Keyword::Like => Some((Infix::Like, rung::PREDICATE)),
            Keyword::Regexp | Keyword::Rlike => Some((Infix::Binary(Op::Regexp), rung::PREDICATE)),
            Keyword::Not => Some((Infix::Not, rung::PREDICATE)),
            Keyword::Member
                if matches!(
                    self.peek().kind,
                    TokenKind::Word(Keyword::Of) | TokenKind::LeftParen
                ) =>
            {
                Some((Infix::Member, rung::PREDICATE))
            }
            Keyword::Sounds if self.peek().kind == TokenKind::Word(Keyword::Like) => {
                Some((Infix::Sounds, rung::PREDICATE))
            }
            Keyword::Div => Some((Infix::Binary(Op::IntDiv), rung::MUL)),
            Keyword::Mod => Some((Infix::Binary(Op::Mod), rung::MUL)),
            Keyword::Collate => Some((Infix::Collate, rung::COLLATE)),
            _ => None,
        }
    }

    /// Behind `IS`: `NULL` or `NOT NULL`, which bind tighter than `IS TRUE`.
    fn peek_is_null(&self) -> bool {
        let next = self.peek();
        let next = if next.kind == TokenKind::Word(Keyword::Not) { self.peek_nth(2) } else { next };
        next.kind == TokenKind::Word(Keyword::Null)
    }

    /// Reads the right operand; the operator has been read.
    fn binary(&mut self, op: BinaryOp, left: Expr<'a>, level: u8) -> Parsed<Expr<'a>> {
        let quantifies = op.is_comparison() && op != BinaryOp::NullSafeEq;
        if quantifies && let TokenKind::Word(Keyword::All) = self.token.kind {
            return self.quantified(op, left, Quantifier::All);
        }
        if quantifies
            && (self.at_word("any") || self.at_word("some"))
            && self.peek().kind == TokenKind::LeftParen
        {
            return self.quantified(op, left, Quantifier::Any);
        }
        let min = match op {
            BinaryOp::Regexp => rung::BIT_OR,
            _ => level + 1,
        };
        let chain = self.chain;
        let shift = matches!(op, BinaryOp::Add | BinaryOp::Sub);
        let right = match shift && self.at_keyword(Keyword::Interval) {
            true => {
                let interval = self.shift(min)?;
                self.infix(interval, min, rung::COLLATE)?
            }
            false => self.expr_at(min)?,
        };
        self.chain = self.chain.max(chain);
        Ok(Expr::Binary(self.arena.node(Binary { op, left, right })))
    }

    /// Reads `INTERVAL amount unit + expr`, or the function `INTERVAL(...)`. What the interval is
    /// added to reaches as far as it can: up to `AND`, `XOR` or `OR`.
    #[inline(never)]
    fn leading_interval(&mut self, min: u8) -> Parsed<Expr<'a>> {
        let left = self.interval(min)?;
        if !matches!(left, Expr::Interval(_)) {
            return Ok(left);
        }
        self.expect(TokenKind::Plus)?;
        let right = self.expr_at(rung::NOT)?;
        Ok(Expr::Binary(self.arena.node(Binary { op: BinaryOp::Add, left, right })))
    }

    /// Reads an interval where one may stand alone, counted as a level of nesting.
    #[inline(never)]
    pub(super) fn shift(&mut self, min: u8) -> Parsed<Expr<'a>> {
        self.enter()?;
        let interval = self.interval(min)?;
        self.leave();
        Ok(interval)
    }

    /// Reads an expression, or an interval that stands alone.
    #[inline(never)]
    pub(super) fn expr_or_interval(&mut self) -> Parsed<Expr<'a>> {
        if !self.at_keyword(Keyword::Interval) {
            return self.expr();
        }
        let interval = self.shift(rung::OR)?;
        self.infix(interval, rung::OR, rung::COLLATE)
    }

    #[inline(never)]
    fn quantified(
        &mut self,
        op: BinaryOp,
        left: Expr<'a>,
        quantifier: Quantifier,
    ) -> Parsed<Expr<'a>> {
        self.advance();
        let query = self.paren_query()?;
        Ok(Expr::Quantified(self.arena.node(Quantified { op, left, quantifier, query })))
    }

    /// Reads `IS`, `IN`, `BETWEEN`, `LIKE` and their kin, with `NOT` where it may stand.
    #[inline(never)]
    fn predicate(&mut self, infix: Infix, expr: Expr<'a>) -> Parsed<Expr<'a>> {
        if let Infix::Is = infix {
            return self.is_predicate(expr);
        }
        let negated = self.eat_keyword(Keyword::Not);
        match self.token.kind {
            TokenKind::Word(Keyword::In) => self.in_predicate(expr, negated),
            TokenKind::Word(Keyword::Between) => self.between_predicate(expr, negated),
            TokenKind::Word(Keyword::Like) => self.like_predicate(expr, negated),
            TokenKind::Word(Keyword::Regexp | Keyword::Rlike) if negated => {
                self.advance();
                let right = self.expr_at(rung::BIT_OR)?;
                let op = BinaryOp::NotRegexp;
                Ok(Expr::Binary(self.arena.node(Binary { op, left: expr, right })))
            }
            _ if negated => Err(self.fail()),
            TokenKind::Word(Keyword::Member) => {
                self.advance();
                self.eat_keyword(Keyword::Of);
                self.expect(TokenKind::LeftParen)?;
                let json = self.expr_at(rung::CONCAT)?;
                self.expect(TokenKind::RightParen)?;
                Ok(Expr::MemberOf(self.arena.node(MemberOf { value: expr, json })))
            }
            _ => {
                self.advance();
                self.expect_keyword(Keyword::Like)?;
                let right = self.expr_at(rung::BIT_OR)?;
                let op = BinaryOp::SoundsLike;
                Ok(Expr::Binary(self.arena.node(Binary { op, left: expr, right })))
            }
        }
    }

    fn is_predicate(&mut self, expr: Expr<'a>) -> Parsed<Expr<'a>> {
        self.advance();
        let negated = self.eat_keyword(Keyword::Not);
        let what = match self.token.kind {
            TokenKind::Word(Keyword::Null) => IsWhat::Null,
            TokenKind::Word(Keyword::True) => IsWhat::True,
            TokenKind::Word(Keyword::False) => IsWhat::False,
            TokenKind::Word(Keyword::Unknown) => IsWhat::Unknown,
            _ => return Err(self.fail()),
        };
        self.advance();
        Ok(Expr::Is(self.arena.node(Is { expr, what, negated })))
    }

    fn in_predicate(&mut self, expr: Expr<'a>, negated: bool) -> Parsed<Expr<'a>> {
        self.advance();
        let list = match self.token.kind {
            TokenKind::List => InList::Literals(self.literal_list()?),
            TokenKind::ListBind => InList::Bind(self.bind()),
            _ => {
                self.expect(TokenKind::LeftParen)?;
                if self.at_query() {
                    let query = self.query()?;
                    self.expect(TokenKind::RightParen)?;
                    InList::Query(query)
                } else {
                    self.in_items()?
                }
            }
        };
        Ok(Expr::In(self.arena.node(In { expr, list, negated })))
    }

    /// Reads a list; what looks like one, but is a query in more parentheses, is a query.
    fn in_items(&mut self) -> Parsed<InList<'a>> {
        let doubled = self.at(TokenKind::LeftParen);
        let items = self.list(Parser::expr)?;
        if let ([Expr::Subquery(query)], true) = (items, doubled) {
            let query = self.query_behind(query)?;
            self.expect(TokenKind::RightParen)?;
            return Ok(InList::Query(query));
        }
        self.expect(TokenKind::RightParen)?;
        Ok(InList::Exprs(items))
    }

    /// Reads a folded list of literals.
    pub(super) fn literal_list(&mut self) -> Parsed<&'a [Literal<'a>]> {
        let text = self.bytes_of(self.token);
        let mut items = self.vec();
        for item in list_items(text, self.modes) {
            self.count_node()?;
            let value = match item.value(self.modes) {
                std::borrow::Cow::Borrowed(value) => value,
                std::borrow::Cow::Owned(value) => self.arena.bytes(&value),
            };
            let start = self.token.start as usize + item.start;
            if item.kind == LiteralKind::Float {
                self.check_double(start as u32, (start + item.text.len()) as u32)?;
            }
            items.push(Literal {
                kind: item.kind,
                value,
                span: Span::new(start, start + item.text.len()),
                ordinal: self.token.ordinal(),
            });
        }
        self.advance();
        Ok(items.into_bump_slice())
    }

    fn between_predicate(&mut self, expr: Expr<'a>, negated: bool) -> Parsed<Expr<'a>> {
        self.advance();
        let low = self.expr_at(rung::BIT_OR)?;
        self.expect_keyword(Keyword::And)?;
        let high = self.expr_at(rung::PREDICATE)?;
        Ok(Expr::Between(self.arena.node(Between { expr, low, high, negated })))
    }

    fn like_predicate(&mut self, expr: Expr<'a>, negated: bool) -> Parsed<Expr<'a>> {
        self.advance();
        let pattern = self.expr_at(rung::CONCAT)?;
        let escape = match self.eat_keyword(Keyword::Escape) {
            true => Some(self.expr_at(rung::CONCAT)?),
            false => None,
        };
        Ok(Expr::Like(self.arena.node(Like { expr, pattern, escape, negated })))
    }
}
