//! Calls: aggregates, window functions, and functions with a grammar of their own.
//!
//! Each is a function that is never inlined, so that a nested call costs the stack of its own
//! kind, not of all kinds together.

use super::{Parsed, Parser, operator::rung};
use crate::{
    ast::{
        Aggregate, AggregateKind, Cast, ConvertUsing, DualityChanges, DualityPair, Expr,
        FormatKind, Frame, FrameBound, FrameUnit, Function, Ident, JsonFallback, LiteralKind,
        Match, MatchMode, OrderItem, Over, Special, TrimSide, WindowFunction, WindowKind,
        WindowSpec,
    },
    lexer::{Keyword, Token, TokenKind},
};

impl<'a> Parser<'a> {
    /// Reads a call whose name is no reserved word; the current token is the name.
    #[inline(never)]
    pub(super) fn call(&mut self, token: Token, keyword: Keyword) -> Parsed<Expr<'a>> {
        if keyword == Keyword::None || (keyword.is_function() && !self.is_called(token)) {
            let name = Ident::new(self.token_text());
            self.advance();
            return self.generic_call(None, name, keyword != Keyword::None);
        }
        if let Some(kind) = aggregate_kind(keyword) {
            self.advance();
            return self.aggregate(kind);
        }
        match keyword {
            Keyword::Cast => self.cast(),
            Keyword::Extract => self.extract(),
            Keyword::Trim => self.trim(),
            Keyword::Substring | Keyword::Substr | Keyword::Mid => self.substring(),
            Keyword::Position => self.position(),
            Keyword::WeightString => self.weight_string(),
            Keyword::GetFormat => self.get_format(),
            Keyword::Timestampadd => self.timestamp_arithmetic(true),
            Keyword::Timestampdiff => self.timestamp_arithmetic(false),
            Keyword::JsonValue => self.json_value(),
            Keyword::JsonDualityObject => self.duality_object(),
            Keyword::Now | Keyword::Curtime | Keyword::Sysdate => self.time_call(),
            _ => {
                let name = self.token_text();
                self.advance();
                match arity(keyword) {
                    Some(_) => self.fixed_call(name, keyword),
                    None => self.generic_call(None, Ident::new(name), false),
                }
            }
        }
    }

    /// Reads the arguments of a function whose grammar tells how many there are.
    #[inline(never)]
    fn fixed_call(&mut self, name: &'a str, keyword: Keyword) -> Parsed<Expr<'a>> {
        let (least, most) = arity(keyword).ok_or_else(|| self.fail())?;
        let of_dates = matches!(
            keyword,
            Keyword::Adddate | Keyword::DateAdd | Keyword::DateSub | Keyword::Subdate
        );
        self.expect(TokenKind::LeftParen)?;
        let mut args = self.vec();
        while args.len() < most && !(args.len() >= least && self.at(TokenKind::RightParen)) {
            if !args.is_empty() {
                self.expect(TokenKind::Comma)?;
            }
            let second = args.len() == 1;
            args.push(if of_dates && second { self.expr_or_interval()? } else { self.expr()? });
        }
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Function(self.arena.node(Function::new(name, args.into_bump_slice()))))
    }

    /// Reads `( [digits] )`, the precision of the current time.
    fn precision(&mut self) -> Parsed<&'a [Expr<'a>]> {
        self.expect(TokenKind::LeftParen)?;
        let args: &[Expr<'a>] = match self.token.kind {
            TokenKind::RightParen => &[],
            TokenKind::Literal(LiteralKind::Int) | TokenKind::Bind | TokenKind::Question => {
                self.arena.list(&[self.primary()?])
            }
            _ => return Err(self.fail()),
        };
        self.expect(TokenKind::RightParen)?;
        Ok(args)
    }

    /// Reads the current time by a function's name, whose parenthesis follows.
    fn time_call(&mut self) -> Parsed<Expr<'a>> {
        let name = self.token_text();
        self.advance();
        let args = self.precision()?;
        Ok(Expr::Function(self.arena.node(Function::new(name, args))))
    }

    /// Reads an operand that begins with a reserved word.
    #[inline(never)]
    pub(super) fn reserved_call(&mut self, keyword: Keyword) -> Parsed<Expr<'a>> {
        let text = self.token_text();
        let called = self.peek().kind == TokenKind::LeftParen;
        match keyword {
            Keyword::CurrentDate
            | Keyword::CurrentTime
            | Keyword::CurrentTimestamp
            | Keyword::CurrentUser
            | Keyword::Localtime
            | Keyword::Localtimestamp
            | Keyword::UtcDate
            | Keyword::UtcTime
            | Keyword::UtcTimestamp => {
                self.advance();
                let timeless = matches!(
                    keyword,
                    Keyword::CurrentDate | Keyword::CurrentUser | Keyword::UtcDate
                );
                let args = match called {
                    true if timeless => {
                        self.expect(TokenKind::LeftParen)?;
                        self.expect(TokenKind::RightParen)?;
                        &[]
                    }
                    true => self.precision()?,
                    false => &[],
                };
                Ok(Expr::Function(self.arena.node(Function::new(text, args))))
            }
            Keyword::Default => self.default_value(called),
            _ if !called && keyword != Keyword::Match => Err(self.fail()),
            Keyword::If
            | Keyword::Left
            | Keyword::Right
            | Keyword::Replace
            | Keyword::Insert
            | Keyword::Repeat
            | Keyword::Mod
            | Keyword::Database
            | Keyword::Schema => {
                self.advance();
                self.fixed_call(text, keyword)
            }
            Keyword::Grouping => {
                self.advance();
                let args = self.paren_list(Parser::expr)?;
                Ok(Expr::Function(self.arena.node(Function::new(text, args))))
            }
            Keyword::Convert => self.convert(),
            Keyword::Char => self.char_call(),
            Keyword::Values => self.values_call(),
            Keyword::Match => self.match_against(),
            _ => match WindowKind::from_text(text) {
                Some(kind) => {
                    self.advance();
                    self.window_function(kind)
                }
                None => Err(self.fail()),
            },
        }
    }

    #[inline(never)]
    fn default_value(&mut self, called: bool) -> Parsed<Expr<'a>> {
        self.advance();
        if !called {
            return Err(self.fail());
        }
        self.advance();
        let column = self.arena.node(self.column_name()?);
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Default(Some(column)))
    }

    #[inline(never)]
    fn values_call(&mut self) -> Parsed<Expr<'a>> {
        self.advance();
        self.advance();
        let column = self.arena.node(self.column_name()?);
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Values(column))
    }

    #[inline(never)]
    fn aggregate(&mut self, kind: AggregateKind) -> Parsed<Expr<'a>> {
        self.expect(TokenKind::LeftParen)?;
        let distinct = self.eat_keyword(Keyword::Distinct);
        if !distinct {
            self.eat_keyword(Keyword::All);
        }
        let args: &[Expr<'a>] = match self.token.kind {
            TokenKind::Star if kind == AggregateKind::Count && !distinct => {
                self.advance();
                &[]
            }
            _ => self.list(Parser::expr)?,
        };
        let mut order_by: &[OrderItem<'a>] = &[];
        let mut separator = None;
        let mut keeps_nulls = None;
        if kind == AggregateKind::JsonArrayAgg {
            if self.eat_words(&["absent", "on", "null"]) {
                keeps_nulls = Some(false);
            } else if self.eat_words(&["null", "on", "null"]) {
                keeps_nulls = Some(true);
            }
        }
        if kind == AggregateKind::GroupConcat {
            order_by = self.order_by()?;
            if self.eat_keyword(Keyword::Separator) {
                separator = Some(match self.token.kind {
                    TokenKind::Literal(LiteralKind::Str | LiteralKind::Hex | LiteralKind::Bit)
                    | TokenKind::Bind
                    | TokenKind::Question => self.primary()?,
                    _ => return Err(self.fail()),
                });
            }
        }
        self.expect(TokenKind::RightParen)?;
        let over = if self.at_keyword(Keyword::Over) { Some(self.over()?) } else { None };
        let aggregate = Aggregate { kind, distinct, args, order_by, separator, keeps_nulls, over };
        Ok(Expr::Aggregate(self.arena.node(aggregate)))
    }

    #[inline(never)]
    fn window_function(&mut self, kind: WindowKind) -> Parsed<Expr<'a>> {
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

    fn window_arguments(&mut self, kind: WindowKind) -> Parsed<&'a [Expr<'a>]> {
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
            if args.len() == 1 && self.at_keyword(Keyword::Null) {
                // A number of rows.
                return Err(self.fail());
            }
            args.push(self.expr()?);
        }
        self.expect(TokenKind::RightParen)?;
        Ok(args.into_bump_slice())
    }

    #[inline(never)]
    fn over(&mut self) -> Parsed<&'a Over<'a>> {
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

    fn frame(&mut self) -> Parsed<Option<Frame<'a>>> {
        let unit = match self.token.kind {
            TokenKind::Word(Keyword::Rows) => FrameUnit::Rows,
            TokenKind::Word(Keyword::Range) => FrameUnit::Range,
            TokenKind::Word(Keyword::Groups) => FrameUnit::Groups,
            _ => return Ok(None),
        };
        self.advance();
        if !self.eat_keyword(Keyword::Between) {
            let start = self.frame_bound()?;
            return Ok(Some(Frame { unit, start, end: None }));
        }
        let start = self.frame_bound()?;
        self.expect_keyword(Keyword::And)?;
        let end = Some(self.frame_bound()?);
        Ok(Some(Frame { unit, start, end }))
    }

    fn frame_bound(&mut self) -> Parsed<FrameBound<'a>> {
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
        let amount = self.expr_or_interval()?;
        if self.eat_word("preceding") {
            return Ok(FrameBound::Preceding(amount));
        }
        self.expect_word("following")?;
        Ok(FrameBound::Following(amount))
    }

    #[inline(never)]
    fn cast(&mut self) -> Parsed<Expr<'a>> {
        self.advance();
        self.expect(TokenKind::LeftParen)?;
        let expr = self.expr()?;
        let mut time_zone = None;
        if self.eat_word("at") {
            self.expect_words(&["time", "zone"])?;
            self.eat_keyword(Keyword::Interval);
            time_zone = Some(self.string()?);
        }
        self.expect_keyword(Keyword::As)?;
        let target = self.cast_type()?;
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Cast(self.arena.node(Cast { expr, target, time_zone })))
    }

    #[inline(never)]
    fn convert(&mut self) -> Parsed<Expr<'a>> {
        self.advance();
        self.advance();
        let expr = self.expr()?;
        if self.eat_keyword(Keyword::Using) {
            let charset = self.charset_name()?;
            self.expect(TokenKind::RightParen)?;
            return Ok(Expr::ConvertUsing(self.arena.node(ConvertUsing { expr, charset })));
        }
        self.expect(TokenKind::Comma)?;
        let target = self.cast_type()?;
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Cast(self.arena.node(Cast { expr, target, time_zone: None })))
    }

    fn special(&mut self, special: Special<'a>) -> Parsed<Expr<'a>> {
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Special(self.arena.node(special)))
    }

    /// Reads a function's name and its opening parenthesis.
    fn open_call(&mut self) -> Parsed<()> {
        self.advance();
        self.expect(TokenKind::LeftParen)
    }

    #[inline(never)]
    fn extract(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let unit = self.time_unit()?;
        self.expect_keyword(Keyword::From)?;
        let expr = self.expr()?;
        self.special(Special::Extract { unit, expr })
    }

    #[inline(never)]
    fn trim(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let side = match self.token.kind {
            TokenKind::Word(Keyword::Both) => Some(TrimSide::Both),
            TokenKind::Word(Keyword::Leading) => Some(TrimSide::Leading),
            TokenKind::Word(Keyword::Trailing) => Some(TrimSide::Trailing),
            _ => None,
        };
        if side.is_some() {
            self.advance();
        }
        if side.is_some() && self.eat_keyword(Keyword::From) {
            let expr = self.expr()?;
            return self.special(Special::Trim { side, what: None, expr });
        }
        let first = self.expr()?;
        if self.eat_keyword(Keyword::From) {
            let expr = self.expr()?;
            return self.special(Special::Trim { side, what: Some(first), expr });
        }
        if side.is_some() {
            return Err(self.fail());
        }
        self.special(Special::Trim { side: None, what: None, expr: first })
    }

    #[inline(never)]
    fn substring(&mut self) -> Parsed<Expr<'a>> {
        let name = self.token_text();
        self.open_call()?;
        let mut args = self.vec();
        args.push(self.expr()?);
        if self.eat_keyword(Keyword::From) {
            args.push(self.expr()?);
            if self.eat_keyword(Keyword::For) {
                args.push(self.expr()?);
            }
        } else {
            while self.eat(TokenKind::Comma) {
                args.push(self.expr()?);
            }
        }
        if args.len() < 2 {
            return Err(self.fail());
        }
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Function(self.arena.node(Function::new(name, args.into_bump_slice()))))
    }

    /// `POSITION(a IN b)`, which is `locate(a, b)`.
    #[inline(never)]
    fn position(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let what = self.expr_at(rung::BIT_OR)?;
        self.expect_keyword(Keyword::In)?;
        let whole = self.expr()?;
        self.expect(TokenKind::RightParen)?;
        let args = self.arena.list(&[what, whole]);
        Ok(Expr::Function(self.arena.node(Function::new("locate", args))))
    }

    #[inline(never)]
    fn char_call(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let args = self.list(Parser::expr)?;
        let charset = match self.eat_keyword(Keyword::Using) {
            true => Some(self.charset_name()?),
            false => None,
        };
        self.special(Special::Char { args, charset })
    }

    #[inline(never)]
    fn weight_string(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let expr = self.expr()?;
        if self.at(TokenKind::Comma) {
            // The form with numbers, of the server's own tests.
            self.advance();
            let mut args = self.vec();
            args.push(expr);
            args.extend_from_slice(self.list(Parser::expr)?);
            self.expect(TokenKind::RightParen)?;
            let call = Function::new("weight_string", args.into_bump_slice());
            return Ok(Expr::Function(self.arena.node(call)));
        }
        let target = match self.eat_keyword(Keyword::As) {
            true => Some(self.cast_type()?),
            false => None,
        };
        self.special(Special::WeightString { expr, target })
    }

    #[inline(never)]
    fn get_format(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let kind = match () {
            () if self.at_word("date") => FormatKind::Date,
            () if self.at_word("time") => FormatKind::Time,
            () if self.at_word("datetime") || self.at_word("timestamp") => FormatKind::Datetime,
            () => return Err(self.fail()),
        };
        self.advance();
        self.expect(TokenKind::Comma)?;
        let expr = self.expr()?;
        self.special(Special::GetFormat { kind, expr })
    }

    #[inline(never)]
    fn timestamp_arithmetic(&mut self, add: bool) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let unit = self.time_unit()?;
        self.expect(TokenKind::Comma)?;
        let first = self.expr()?;
        self.expect(TokenKind::Comma)?;
        let second = self.expr()?;
        self.special(match add {
            true => Special::TimestampAdd { unit, amount: first, expr: second },
            false => Special::TimestampDiff { unit, from: first, to: second },
        })
    }

    #[inline(never)]
    fn json_value(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let doc = self.expr()?;
        self.expect(TokenKind::Comma)?;
        let path = self.primary()?;
        let returning = match self.eat_word("returning") {
            true => Some(self.cast_type()?),
            false => None,
        };
        let (on_empty, on_error) = self.json_fallbacks()?;
        self.special(Special::JsonValue { doc, path, returning, on_empty, on_error })
    }

    /// Reads `JSON_DUALITY_OBJECT(...)`.
    #[inline(never)]
    fn duality_object(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let mut changes = None;
        if self.eat_keyword(Keyword::With) {
            let paren = self.eat(TokenKind::LeftParen);
            let mut said = DualityChanges::default();
            loop {
                let allowed = !self.eat_word("no");
                let change = match self.token.kind {
                    TokenKind::Word(Keyword::Insert) => &mut said.insert,
                    TokenKind::Word(Keyword::Update) => &mut said.update,
                    TokenKind::Word(Keyword::Delete) => &mut said.delete,
                    _ => return Err(self.fail()),
                };
                *change = Some(allowed);
                self.advance();
                if !paren || !self.eat(TokenKind::Comma) {
                    break;
                }
            }
            if paren {
                self.expect(TokenKind::RightParen)?;
            }
            changes = Some(said);
        }
        let pairs = self.list(Parser::duality_pair)?;
        self.special(Special::DualityObject { changes, pairs })
    }

    /// Reads `'key': value`; a name at once behind the colon looks like a bind.
    fn duality_pair(&mut self) -> Parsed<DualityPair<'a>> {
        let key = self.text_literal()?;
        match self.token.kind {
            TokenKind::Bind => self.jump(self.token.start as usize + 1),
            _ => self.expect(TokenKind::Colon)?,
        }
        Ok(DualityPair { key, value: self.expr()? })
    }

    /// Reads `[... ON EMPTY] [... ON ERROR]`.
    pub(super) fn json_fallbacks(
        &mut self,
    ) -> Parsed<(Option<JsonFallback<'a>>, Option<JsonFallback<'a>>)> {
        let (mut on_empty, mut on_error) = (None, None);
        loop {
            let fallback = match () {
                () if self.eat_keyword(Keyword::Null) => JsonFallback::Null,
                () if self.eat_word("error") => JsonFallback::Error,
                () if self.eat_keyword(Keyword::Default) => {
                    JsonFallback::Default(self.expr_at(rung::CONCAT)?)
                }
                () => return Ok((on_empty, on_error)),
            };
            self.expect_keyword(Keyword::On)?;
            if self.eat_keyword(Keyword::Empty) && on_empty.is_none() {
                on_empty = Some(fallback);
            } else if on_error.is_none() {
                self.expect_word("error")?;
                on_error = Some(fallback);
            } else {
                return Err(self.fail());
            }
        }
    }

    #[inline(never)]
    fn match_against(&mut self) -> Parsed<Expr<'a>> {
        self.advance();
        let columns = if self.at(TokenKind::LeftParen) {
            self.paren_list(Parser::match_column)?
        } else {
            self.list(Parser::match_column)?
        };
        self.expect_word("against")?;
        self.expect(TokenKind::LeftParen)?;
        let against = self.expr_at(rung::BIT_OR)?;
        let mode = self.match_mode()?;
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Match(self.arena.node(Match { columns, against, mode })))
    }

    fn match_column(&mut self) -> Parsed<Expr<'a>> {
        let column = self.column_name()?;
        Ok(Expr::Column(self.arena.node(column)))
    }

    fn match_mode(&mut self) -> Parsed<MatchMode> {
        if self.eat_keyword(Keyword::In) {
            if self.eat_word("boolean") {
                self.expect_word("mode")?;
                return Ok(MatchMode::Boolean);
            }
            self.expect_words(&["natural", "language", "mode"])?;
            if self.eat_words(&["with", "query", "expansion"]) {
                return Ok(MatchMode::NaturalLanguageWithExpansion);
            }
            return Ok(MatchMode::NaturalLanguage);
        }
        if self.eat_words(&["with", "query", "expansion"]) {
            return Ok(MatchMode::WithExpansion);
        }
        Ok(MatchMode::Default)
    }

    /// Reads a string, number or bind where MySQL takes no other expression.
    pub(super) fn simple_value(&mut self) -> Parsed<Expr<'a>> {
        match self.token.kind {
            TokenKind::Literal(
                LiteralKind::Int | LiteralKind::Str | LiteralKind::Hex | LiteralKind::NationalStr,
            )
            | TokenKind::Bind
            | TokenKind::Question => self.primary(),
            _ => Err(self.fail()),
        }
    }
}

/// Returns how few and how many arguments a function takes, if its grammar tells.
fn arity(keyword: Keyword) -> Option<(usize, usize)> {
    Some(match keyword {
        Keyword::Curdate | Keyword::Database | Keyword::Schema | Keyword::User => (0, 0),
        Keyword::RowCount => (0, 0),
        Keyword::Ascii
        | Keyword::Charset
        | Keyword::Collation
        | Keyword::Date
        | Keyword::Day
        | Keyword::Hour
        | Keyword::Microsecond
        | Keyword::Minute
        | Keyword::Month
        | Keyword::Quarter
        | Keyword::Reverse
        | Keyword::Second
        | Keyword::Time
        | Keyword::Year => (1, 1),
        Keyword::Timestamp | Keyword::Week => (1, 2),
        Keyword::Adddate
        | Keyword::DateAdd
        | Keyword::DateSub
        | Keyword::Left
        | Keyword::Mod
        | Keyword::Point
        | Keyword::Repeat
        | Keyword::Right
        | Keyword::Subdate
        | Keyword::Truncate => (2, 2),
        Keyword::Format => (2, 3),
        Keyword::If | Keyword::Replace => (3, 3),
        Keyword::Insert => (4, 4),
        _ => return None,
    })
}

fn aggregate_kind(keyword: Keyword) -> Option<AggregateKind> {
    Some(match keyword {
        Keyword::Count => AggregateKind::Count,
        Keyword::Sum => AggregateKind::Sum,
        Keyword::Min => AggregateKind::Min,
        Keyword::Max => AggregateKind::Max,
        Keyword::BitAnd => AggregateKind::BitAnd,
        Keyword::BitOr => AggregateKind::BitOr,
        Keyword::BitXor => AggregateKind::BitXor,
        Keyword::GroupConcat => AggregateKind::GroupConcat,
        Keyword::JsonArrayagg => AggregateKind::JsonArrayAgg,
        Keyword::JsonObjectagg => AggregateKind::JsonObjectAgg,
        Keyword::Std => AggregateKind::Std,
        Keyword::Stddev => AggregateKind::StdDev,
        Keyword::StddevPop => AggregateKind::StdDevPop,
        Keyword::StddevSamp => AggregateKind::StdDevSamp,
        Keyword::VarPop => AggregateKind::VarPop,
        Keyword::VarSamp => AggregateKind::VarSamp,
        Keyword::Variance => AggregateKind::Variance,
        Keyword::StCollect => AggregateKind::StCollect,
        Keyword::Avg => AggregateKind::Avg,
        _ => return None,
    })
}
