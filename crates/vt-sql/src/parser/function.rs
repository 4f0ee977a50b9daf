//! Calls: aggregates, window functions, and functions with a grammar of their own.
//!
//! Each is a function that is never inlined, so that a nested call costs the stack of its own
//! kind, not of all kinds together.

use super::{
    Fail, Parsed, Parser,
    builtin::{aggregate_kind, arity},
    operator::rung,
};
use crate::{
    ast::{
        Aggregate, AggregateKind, Cast, ConvertUsing, Expr, FormatKind, Function, Ident,
        LiteralKind, Match, MatchMode, OrderItem, Special, TrimSide, WindowKind,
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
            // Whole days alone may stand for an interval, with the functions whose names are short.
            let is_interval = self.at_keyword(Keyword::Interval);
            if second && !is_interval && matches!(keyword, Keyword::DateAdd | Keyword::DateSub) {
                return Err(self.fail());
            }
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
        let of_json = matches!(kind, AggregateKind::JsonArrayAgg | AggregateKind::JsonObjectAgg);
        let distinct = !of_json && self.eat_keyword(Keyword::Distinct);
        if !distinct && !of_json {
            self.eat_keyword(Keyword::All);
        }
        let args: &[Expr<'a>] = match self.token.kind {
            TokenKind::Star if kind == AggregateKind::Count && !distinct => {
                self.advance();
                &[]
            }
            _ if of_json || kind == AggregateKind::GroupConcat || distinct => {
                self.list(Parser::expr)?
            }
            _ => self.arena.list(&[self.expr()?]),
        };
        let wanted = match kind {
            AggregateKind::JsonArrayAgg => 1,
            AggregateKind::JsonObjectAgg => 2,
            AggregateKind::Count | AggregateKind::GroupConcat => args.len(),
            _ => 1,
        };
        if args.len() != wanted {
            return Err(self.fail());
        }
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
    fn cast(&mut self) -> Parsed<Expr<'a>> {
        self.advance();
        self.expect(TokenKind::LeftParen)?;
        let expr = self.expr()?;
        let mut time_zone = None;
        if self.eat_word("at") {
            if self.eat_word("local") {
                return Err(Fail::NotYet("AT LOCAL"));
            }
            self.expect_words(&["time", "zone"])?;
            self.eat_keyword(Keyword::Interval);
            time_zone = Some(self.string()?);
        }
        self.expect_keyword(Keyword::As)?;
        if time_zone.is_some() && !self.at_word("datetime") {
            return Err(self.fail());
        }
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
        let target = self.plain_cast_type()?;
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Cast(self.arena.node(Cast { expr, target, time_zone: None })))
    }

    pub(super) fn special(&mut self, special: Special<'a>) -> Parsed<Expr<'a>> {
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Special(self.arena.node(special)))
    }

    /// Reads a function's name and its opening parenthesis.
    pub(super) fn open_call(&mut self) -> Parsed<()> {
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
            true => Some(self.plain_cast_type()?),
            false => None,
        };
        let is_empty = target
            .and_then(|target| target.length)
            .is_some_and(|length| length.bytes().all(|digit| digit == b'0'));
        if is_empty {
            return Err(self.fail());
        }
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
        // A unit of two parts (DAY_HOUR) stands only behind INTERVAL.
        let word = self.token_text().to_ascii_lowercase();
        if word.contains('_') && !word.starts_with("sql_tsi_") {
            return Err(self.fail());
        }
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
