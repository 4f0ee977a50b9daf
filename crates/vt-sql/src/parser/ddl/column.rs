//! Columns of tables.

use crate::{
    ast::{ColumnDef, ColumnOption, Expr, GeneratedStorage, Literal, LiteralKind, Unary, UnaryOp},
    lexer::{Keyword, TokenKind},
    parser::{Parsed, Parser},
};

impl<'a> Parser<'a> {
    /// Reads `name type options`.
    pub(super) fn column_definition(&mut self) -> Parsed<ColumnDef<'a>> {
        let name = self.name()?;
        let mut data_type = self.data_type()?;
        let mut options = self.vec();
        while let Some(option) = self.column_option()? {
            // The collation belongs to the type, wherever it is said.
            if let ColumnOption::Collate(collation) = option {
                if data_type.collate.replace(collation).is_some() {
                    return Err(self.fail());
                }
            } else {
                options.push(option);
            }
        }
        Ok(ColumnDef { name, data_type, options: options.into_bump_slice() })
    }

    /// Reads the new definition of a column that exists: one that is generated has no references.
    pub(super) fn changed_column(&mut self) -> Parsed<ColumnDef<'a>> {
        let fail = self.fail();
        let column = self.column_definition()?;
        let has = |wanted: fn(&ColumnOption<'a>) -> bool| column.options.iter().any(wanted);
        let is_wrong = has(|option| matches!(option, ColumnOption::Generated { .. }))
            && has(|option| matches!(option, ColumnOption::References(_)));
        if is_wrong { Err(fail) } else { Ok(column) }
    }

    fn column_option(&mut self) -> Parsed<Option<ColumnOption<'a>>> {
        let TokenKind::Word(keyword) = self.token.kind else { return Ok(None) };
        let option = match keyword {
            Keyword::Not => {
                self.advance();
                if self.eat_keyword(Keyword::Null) {
                    ColumnOption::NotNull
                } else {
                    self.expect_word("secondary")?;
                    ColumnOption::NotSecondary
                }
            }
            Keyword::Null => self.said(ColumnOption::Null),
            Keyword::Default => {
                self.advance();
                self.default_option()?
            }
            Keyword::On => {
                self.advance();
                self.expect_keyword(Keyword::Update)?;
                ColumnOption::OnUpdate(self.current_time()?)
            }
            Keyword::Primary => {
                self.advance();
                self.expect_keyword(Keyword::Key)?;
                ColumnOption::PrimaryKey
            }
            Keyword::Key => self.said(ColumnOption::Key),
            Keyword::Unique => {
                self.advance();
                self.eat_keyword(Keyword::Key);
                ColumnOption::Unique
            }
            Keyword::Collate => {
                self.advance();
                ColumnOption::Collate(self.name_or_string()?)
            }
            Keyword::Generated | Keyword::As => self.generated()?,
            Keyword::References => ColumnOption::References(self.arena.node(self.references()?)),
            Keyword::Check => ColumnOption::Check(self.arena.node(self.check(None)?)),
            Keyword::Constraint => {
                self.advance();
                let name = if self.at_name() { Some(self.name()?) } else { None };
                ColumnOption::Check(self.arena.node(self.check(name)?))
            }
            _ => return self.column_word_option(),
        };
        Ok(Some(option))
    }

    fn said(&mut self, option: ColumnOption<'a>) -> ColumnOption<'a> {
        self.advance();
        option
    }

    /// Options that begin with a word that is not reserved.
    fn column_word_option(&mut self) -> Parsed<Option<ColumnOption<'a>>> {
        let option = match () {
            () if self.eat_word("auto_increment") => ColumnOption::AutoIncrement,
            () if self.eat_words(&["masking", "policy"]) => {
                ColumnOption::MaskingPolicy(self.name()?)
            }
            () if self.eat_word("comment") => ColumnOption::Comment(self.string()?),
            () if self.eat_word("visible") => ColumnOption::Visible,
            () if self.eat_word("invisible") => ColumnOption::Invisible,
            () if self.eat_word("column_format") => {
                ColumnOption::ColumnFormat(self.one_of(&["fixed", "dynamic", "default"])?)
            }
            () if self.eat_word("storage") => {
                ColumnOption::Storage(self.one_of(&["disk", "memory", "default"])?)
            }
            () if self.eat_word("engine_attribute") => {
                ColumnOption::EngineAttribute(self.attribute()?)
            }
            () if self.eat_word("secondary_engine_attribute") => {
                ColumnOption::SecondaryEngineAttribute(self.attribute()?)
            }
            () if self.eat_word("srid") => ColumnOption::Srid(self.number()?),
            () if self.eat_words(&["serial", "default", "value"]) => {
                ColumnOption::SerialDefaultValue
            }
            () => return Ok(None),
        };
        Ok(Some(option))
    }

    pub(in crate::parser) fn one_of(&mut self, words: &[&'static str]) -> Parsed<&'a str> {
        for word in words {
            if self.eat_word(word) {
                return Ok(word);
            }
        }
        Err(self.fail())
    }

    /// Reads `[=] 'text'`.
    pub(super) fn attribute(&mut self) -> Parsed<&'a Literal<'a>> {
        self.eat(TokenKind::Equal);
        self.string()
    }

    fn default_option(&mut self) -> Parsed<ColumnOption<'a>> {
        let (value, parenthesised) = self.default_expr()?;
        Ok(match parenthesised {
            true => ColumnOption::DefaultExpr(value),
            false => ColumnOption::Default(value),
        })
    }

    /// Reads `(expression)`, or a literal or the current time; tells which.
    pub(super) fn default_expr(&mut self) -> Parsed<(Expr<'a>, bool)> {
        if self.eat(TokenKind::LeftParen) {
            let value = self.expr()?;
            self.expect(TokenKind::RightParen)?;
            return Ok((value, true));
        }
        let op = match self.token.kind {
            TokenKind::Minus => Some(UnaryOp::Minus),
            TokenKind::Plus => Some(UnaryOp::Plus),
            _ => None,
        };
        if let Some(op) = op {
            self.advance();
            let TokenKind::Literal(LiteralKind::Int | LiteralKind::Decimal | LiteralKind::Float) =
                self.token.kind
            else {
                return Err(self.fail());
            };
            let expr = self.primary()?;
            return Ok((Expr::Unary(self.arena.node(Unary { op, expr })), false));
        }
        let fail = self.fail();
        let value = match self.token.kind {
            TokenKind::Word(Keyword::Null | Keyword::True | Keyword::False)
            | TokenKind::Literal(_)
            | TokenKind::Introducer => self.primary()?,
            TokenKind::Word(Keyword::Date | Keyword::Time | Keyword::Timestamp) => {
                self.primary()?
            }
            _ => self.current_time()?,
        };
        match value {
            Expr::Column(_) => Err(fail),
            value => Ok((value, false)),
        }
    }

    /// Reads `CURRENT_TIMESTAMP` or one of its synonyms.
    fn current_time(&mut self) -> Parsed<Expr<'a>> {
        let is_time = matches!(
            self.token.kind,
            TokenKind::Word(
                Keyword::CurrentTimestamp | Keyword::Localtime | Keyword::Localtimestamp
            )
        ) || self.at_word("now");
        if is_time { self.primary() } else { Err(self.fail()) }
    }

    fn generated(&mut self) -> Parsed<ColumnOption<'a>> {
        if self.eat_keyword(Keyword::Generated) {
            self.expect_word("always")?;
        }
        self.expect_keyword(Keyword::As)?;
        self.expect(TokenKind::LeftParen)?;
        let expr = self.expr()?;
        self.expect(TokenKind::RightParen)?;
        let storage = match () {
            () if self.eat_keyword(Keyword::Virtual) => Some(GeneratedStorage::Virtual),
            () if self.eat_keyword(Keyword::Stored) => Some(GeneratedStorage::Stored),
            () => None,
        };
        Ok(ColumnOption::Generated { expr, storage })
    }
}
