//! Keys.

use bumpalo::collections::Vec as BumpVec;

use crate::{
    ast::{Ident, IndexDef, IndexKind, IndexOption, IndexPart, IndexPartKey, SortOrder},
    lexer::{Keyword, TokenKind},
    parser::{Parsed, Parser},
};

impl<'a> Parser<'a> {
    /// Reads the word before `INDEX` or `KEY`, if there is one.
    pub(super) fn index_kind(&mut self) -> IndexKind {
        let kind = match self.token.kind {
            TokenKind::Word(Keyword::Unique) => IndexKind::Unique,
            TokenKind::Word(Keyword::Primary) => IndexKind::Primary,
            TokenKind::Word(Keyword::Fulltext) => IndexKind::FullText,
            TokenKind::Word(Keyword::Spatial) => IndexKind::Spatial,
            _ => return IndexKind::Plain,
        };
        self.advance();
        kind
    }

    /// Reads a key of a table.
    pub(super) fn index_definition(
        &mut self,
        constraint: Option<Ident<'a>>,
    ) -> Parsed<&'a IndexDef<'a>> {
        let kind = self.index_kind();
        let said = self.eat_keyword(Keyword::Key) || self.eat_keyword(Keyword::Index);
        if matches!(kind, IndexKind::Primary | IndexKind::Plain) && !said {
            return Err(self.fail());
        }
        let name = if self.at_name() { Some(self.name()?) } else { None };
        let mut options = self.vec();
        if !matches!(kind, IndexKind::FullText | IndexKind::Spatial) {
            self.index_type(&mut options)?;
        }
        let index = self.index_rest(kind, constraint, name, options)?;
        Ok(self.arena.node(index))
    }

    /// Reads the parts of a key and the options behind them.
    pub(super) fn index_rest(
        &mut self,
        kind: IndexKind,
        constraint: Option<Ident<'a>>,
        name: Option<Ident<'a>>,
        mut options: BumpVec<'a, IndexOption<'a>>,
    ) -> Parsed<IndexDef<'a>> {
        let parts = self.paren_list(Parser::index_part)?;
        while let Some(option) = self.index_option(kind)? {
            options.push(option);
        }
        Ok(IndexDef { kind, constraint, name, parts, options: options.into_bump_slice() })
    }

    /// Reads `USING type` or `TYPE type`, if it stands here.
    pub(super) fn index_type(&mut self, options: &mut BumpVec<'a, IndexOption<'a>>) -> Parsed<()> {
        if self.eat_keyword(Keyword::Using) || self.eat_word("type") {
            options.push(IndexOption::Using(self.index_type_word()?));
        }
        Ok(())
    }

    fn index_type_word(&mut self) -> Parsed<&'a str> {
        for word in ["btree", "hash", "rtree"] {
            if self.eat_word(word) {
                return Ok(word);
            }
        }
        Err(self.fail())
    }

    /// Reads a column with length and order, or an expression in parentheses.
    pub(super) fn index_part(&mut self) -> Parsed<IndexPart<'a>> {
        let key = if self.eat(TokenKind::LeftParen) {
            let expr = self.expr()?;
            self.expect(TokenKind::RightParen)?;
            IndexPartKey::Expr(expr)
        } else {
            let name = self.name()?;
            let mut length = None;
            if self.eat(TokenKind::LeftParen) {
                length = Some(self.number()?);
                self.expect(TokenKind::RightParen)?;
            }
            IndexPartKey::Column { name, length }
        };
        let order = match () {
            () if self.eat_keyword(Keyword::Asc) => Some(SortOrder::Asc),
            () if self.eat_keyword(Keyword::Desc) => Some(SortOrder::Desc),
            () => None,
        };
        Ok(IndexPart { key, order })
    }

    fn index_option(&mut self, kind: IndexKind) -> Parsed<Option<IndexOption<'a>>> {
        let option = match () {
            () if self.eat_word("key_block_size") => {
                self.eat(TokenKind::Equal);
                IndexOption::KeyBlockSize(self.number()?)
            }
            () if !matches!(kind, IndexKind::FullText | IndexKind::Spatial)
                && (self.eat_keyword(Keyword::Using) || self.eat_word("type")) =>
            {
                IndexOption::Using(self.index_type_word()?)
            }
            () if kind == IndexKind::FullText && self.at_words(&["with", "parser"]) => {
                self.advance();
                self.advance();
                IndexOption::Parser(self.name()?)
            }
            () if self.eat_word("comment") => IndexOption::Comment(self.string()?),
            () if self.eat_word("visible") => IndexOption::Visible,
            () if self.eat_word("invisible") => IndexOption::Invisible,
            () if self.eat_word("engine_attribute") => {
                IndexOption::EngineAttribute(self.attribute()?)
            }
            () if self.eat_word("secondary_engine_attribute") => {
                IndexOption::SecondaryEngineAttribute(self.attribute()?)
            }
            () => return Ok(None),
        };
        Ok(Some(option))
    }

    /// Reads an index's name; `PRIMARY` is one.
    pub(in crate::parser) fn index_name(&mut self) -> Parsed<Ident<'a>> {
        if self.eat_keyword(Keyword::Primary) {
            return Ok(Ident::new("PRIMARY"));
        }
        self.name()
    }
}
