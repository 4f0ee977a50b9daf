//! Names.

use super::{Fail, Parsed, Parser};
use crate::{
    ast::{Account, Ident, LiteralKind, TableName},
    lexer::{Keyword, Token, TokenKind},
};

impl<'a> Parser<'a> {
    /// Tells whether a token can be an identifier.
    #[inline]
    pub(super) fn is_name(&self, token: Token) -> bool {
        match token.kind {
            TokenKind::Quoted | TokenKind::Word(Keyword::None) => true,
            TokenKind::Word(keyword) if keyword.is_function() => !self.is_called(token),
            TokenKind::Word(keyword) => !keyword.is_reserved(),
            _ => false,
        }
    }

    /// Tells whether the parenthesis of a built-in function's call follows.
    pub(super) fn is_called(&self, token: Token) -> bool {
        let rest = self.source.get(token.end as usize..).unwrap_or_default();
        let rest = if self.modes.ignore_space { rest.trim_ascii_start() } else { rest };
        rest.first() == Some(&b'(')
    }

    pub(super) fn at_name(&self) -> bool {
        self.is_name(self.token)
    }

    /// Reads an identifier.
    #[inline]
    pub(super) fn name(&mut self) -> Parsed<Ident<'a>> {
        if !self.at_name() {
            return Err(self.fail());
        }
        let name = self.unquoted(self.token);
        self.advance();
        Ok(name)
    }

    /// Reads any word as a name, reserved or not.
    pub(super) fn any_word(&mut self) -> Parsed<Ident<'a>> {
        if !matches!(self.token.kind, TokenKind::Word(_) | TokenKind::Quoted) {
            return Err(self.fail());
        }
        let name = self.unquoted(self.token);
        self.advance();
        Ok(name)
    }

    /// Returns a word's or quoted name's text without its quotes.
    #[inline]
    pub(super) fn unquoted(&self, token: Token) -> Ident<'a> {
        let text = self.text_of(token.start, token.end);
        if token.kind == TokenKind::Quoted { self.without_quotes(text) } else { Ident::new(text) }
    }

    #[cold]
    fn without_quotes(&self, text: &'a str) -> Ident<'a> {
        let quote = &text[..1];
        let inside = &text[1..text.len() - 1];
        if inside.contains(quote) {
            let doubled = [quote, quote].concat();
            return Ident::new(self.arena.text(&inside.replace(&doubled, quote)));
        }
        Ident::new(inside)
    }

    /// Reads `name` or `schema.name`.
    pub(super) fn table_name(&mut self) -> Parsed<TableName<'a>> {
        let first = self.name()?;
        if !self.eat(TokenKind::Dot) {
            return Ok(TableName { qualifier: None, name: first });
        }
        Ok(TableName { qualifier: Some(first), name: self.name()? })
    }

    /// Reads names in parentheses, if they stand here.
    pub(super) fn optional_names(&mut self) -> Parsed<&'a [Ident<'a>]> {
        if self.at(TokenKind::LeftParen) { self.paren_list(Parser::name) } else { Ok(&[]) }
    }

    /// Reads an alias, with or without `AS`; it may be a string.
    pub(super) fn alias(&mut self) -> Parsed<Option<Ident<'a>>> {
        let said = self.eat_keyword(Keyword::As);
        if let TokenKind::Literal(LiteralKind::Str) = self.token.kind {
            return Ok(Some(Ident::new(self.string_text()?)));
        }
        if said || self.at_name() { self.name().map(Some) } else { Ok(None) }
    }

    /// Reads a table's alias, with or without `AS`.
    pub(super) fn table_alias(&mut self) -> Parsed<Option<Ident<'a>>> {
        let said = self.eat_keyword(Keyword::As);
        if said || self.at_name() { self.name().map(Some) } else { Ok(None) }
    }

    /// Reads a name that may be written as a string: of a charset, collation, engine, user.
    pub(super) fn name_or_string(&mut self) -> Parsed<&'a str> {
        match self.token.kind {
            TokenKind::Literal(LiteralKind::Str) => self.string_text(),
            TokenKind::Word(Keyword::Binary) => {
                self.advance();
                Ok("binary")
            }
            _ => Ok(self.name()?.text),
        }
    }

    /// Reads a character set's name; `ASCII` and `BINARY` count.
    pub(super) fn charset_name(&mut self) -> Parsed<&'a str> {
        let name = self.name_or_string()?;
        Ok(if name.eq_ignore_ascii_case("binary") { "binary" } else { name })
    }

    /// Reads `'user'@'host'`, `user`, or `CURRENT_USER[()]`.
    pub(super) fn account(&mut self) -> Parsed<Account<'a>> {
        if self.eat_keyword(Keyword::CurrentUser) {
            if self.eat(TokenKind::LeftParen) {
                self.expect(TokenKind::RightParen)?;
            }
            return Ok(Account::Current);
        }
        let user = self.name_or_string()?;
        let host = match self.token.kind {
            // `user@` alone means an empty host.
            TokenKind::UserVariable if self.token_text() == "@" => {
                self.advance();
                Some("")
            }
            TokenKind::UserVariable => Some(self.user_variable()?),
            _ => None,
        };
        Ok(Account::Named { user, host })
    }

    /// Reads `@name` and returns the name.
    pub(super) fn user_variable(&mut self) -> Parsed<&'a str> {
        if !self.at(TokenKind::UserVariable) {
            return Err(self.fail());
        }
        let text = &self.token_text()[1..];
        let name = match text.as_bytes().first() {
            None => return Err(Fail::NamelessVariable),
            Some(b'`') => {
                let inside = &text[1..text.len() - 1];
                if inside.contains('`') {
                    self.arena.text(&inside.replace("``", "`"))
                } else {
                    inside
                }
            }
            Some(b'\'' | b'"') => {
                let value = self.unescape(text.as_bytes(), LiteralKind::Str);
                std::str::from_utf8(value).unwrap_or_default()
            }
            Some(_) => text,
        };
        self.advance();
        Ok(name)
    }
}
