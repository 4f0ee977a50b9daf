//! Window functions and their windows.

use super::{Parsed, Parser, operator::rung};
use crate::{
    ast::{
        ColumnName, Expr, Frame, FrameBound, FrameExclude, FrameUnit, LiteralKind, Over,
        WindowFunction, WindowKind, WindowSpec,
    },
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    #[inline(never)]
    pub(super) fn window_function(&mut self, kind: WindowKind) -> Parsed<Expr<'a>> {
        let args = self.window_arguments(kind)?;
        let mut from_last = false;
        if kind == WindowKind::NthValue && self.eat_keyword(Keyword::From) {
            from_last = self.eat_word("last");
            if !from_last {
                self.expect_word("first")?;
            }
        }
        let ignore_nulls = self.eat_keyword(Keyword::Ignore);
        if ignore_nulls || self.eat_word("respect") {
            self.expect_word("nulls")?;
        }
        let over = self.over()?;
        let call = WindowFunction { kind, args, from_last, ignore_nulls, over };
        Ok(Expr::Window(self.arena.node(call)))
    }

    /// Reads a number of rows: digits, a bind, or a variable.
    pub(super) fn row_count(&mut self) -> Parsed<Expr<'a>> {
        match self.token.kind {
            TokenKind::Literal(LiteralKind::Int)
            | TokenKind::Bind
            | TokenKind::Question
            | TokenKind::UserVariable => self.primary(),
            _ => {
                let column = ColumnName { table: None, name: self.name()? };
                Ok(Expr::Column(self.arena.node(column)))
            }
        }
    }

    pub(super) fn window_arguments(&mut self, kind: WindowKind) -> Parsed<&'a [Expr<'a>]> {
        let (least, most) = match kind {
            WindowKind::RowNumber
            | WindowKind::Rank
            | WindowKind::DenseRank
            | WindowKind::CumeDist
            | WindowKind::PercentRank => (0, 0),
            WindowKind::Ntile | WindowKind::FirstValue | WindowKind::LastValue => (1, 1),
            WindowKind::NthValue => (2, 2),
            WindowKind::Lead | WindowKind::Lag => (1, 3),
        };
        self.expect(TokenKind::LeftParen)?;
        let mut args = self.vec();
        while args.len() < most && !(args.len() >= least && self.at(TokenKind::RightParen)) {
            if !args.is_empty() {
                self.expect(TokenKind::Comma)?;
            }
            // A number of rows is no expression.
            let is_count = args.len() == 1 || kind == WindowKind::Ntile;
            args.push(match is_count {
                true if kind == WindowKind::NthValue => self.expr_at(rung::UNARY)?,
                true => self.row_count()?,
                false => self.expr()?,
            });
        }
        self.expect(TokenKind::RightParen)?;
        Ok(args.into_bump_slice())
    }

    #[inline(never)]
    pub(super) fn over(&mut self) -> Parsed<&'a Over<'a>> {
        self.expect_keyword(Keyword::Over)?;
        if self.at_name() {
            let name = self.name()?;
            return Ok(self.arena.node(Over::Name(name)));
        }
        let spec = self.window_spec()?;
        Ok(self.arena.node(Over::Spec(spec)))
    }

    /// Reads `( [name] [PARTITION BY ...] [ORDER BY ...] [frame] )`.
    pub(super) fn window_spec(&mut self) -> Parsed<WindowSpec<'a>> {
        self.enter()?;
        self.expect(TokenKind::LeftParen)?;
        let base = if self.at_name() { Some(self.name()?) } else { None };
        let mut partition_by: &[Expr<'a>] = &[];
        if self.eat_keyword(Keyword::Partition) {
            self.expect_keyword(Keyword::By)?;
            partition_by = self.list(Parser::expr)?;
        }
        let order_by = self.order_by()?;
        let frame = self.frame()?;
        self.expect(TokenKind::RightParen)?;
        self.leave();
        Ok(WindowSpec { base, partition_by, order_by, frame })
    }

    pub(super) fn frame(&mut self) -> Parsed<Option<Frame<'a>>> {
        let unit = match self.token.kind {
            TokenKind::Word(Keyword::Rows) => FrameUnit::Rows,
            TokenKind::Word(Keyword::Range) => FrameUnit::Range,
            TokenKind::Word(Keyword::Groups) => FrameUnit::Groups,
            _ => return Ok(None),
        };
        self.advance();
        if !self.eat_keyword(Keyword::Between) {
            let start = self.frame_bound()?;
            let exclude = self.frame_exclude()?;
            return Ok(Some(Frame { unit, start, end: None, exclude }));
        }
        let start = self.frame_bound()?;
        self.expect_keyword(Keyword::And)?;
        let end = Some(self.frame_bound()?);
        let exclude = self.frame_exclude()?;
        Ok(Some(Frame { unit, start, end, exclude }))
    }

    fn frame_exclude(&mut self) -> Parsed<Option<FrameExclude>> {
        if !self.eat_word("exclude") {
            return Ok(None);
        }
        let exclude = match () {
            () if self.eat_words(&["current", "row"]) => FrameExclude::CurrentRow,
            () if self.eat_keyword(Keyword::Group) => FrameExclude::Group,
            () if self.eat_word("ties") => FrameExclude::Ties,
            () => {
                self.expect_words(&["no", "others"])?;
                FrameExclude::NoOthers
            }
        };
        Ok(Some(exclude))
    }

    pub(super) fn frame_bound(&mut self) -> Parsed<FrameBound<'a>> {
        if self.eat_words(&["current", "row"]) {
            return Ok(FrameBound::CurrentRow);
        }
        if self.eat_word("unbounded") {
            if self.eat_word("preceding") {
                return Ok(FrameBound::UnboundedPreceding);
            }
            self.expect_word("following")?;
            return Ok(FrameBound::UnboundedFollowing);
        }
        let amount = match self.token.kind {
            TokenKind::Literal(LiteralKind::Int | LiteralKind::Decimal | LiteralKind::Float)
            | TokenKind::Bind
            | TokenKind::Question => self.primary()?,
            TokenKind::Word(Keyword::Interval) => self.shift(rung::MUL)?,
            _ => return Err(self.fail()),
        };
        if self.eat_word("preceding") {
            return Ok(FrameBound::Preceding(amount));
        }
        self.expect_word("following")?;
        Ok(FrameBound::Following(amount))
    }
}
