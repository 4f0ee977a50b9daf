//! Distributed transactions.

use super::{Parsed, Parser};
use crate::{
    ast::{Literal, Statement, Xa, XaJoin, XaSuspend, Xid},
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    pub(super) fn xa(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let xa = match () {
            () if self.eat_word("start") || self.eat_keyword(Keyword::Begin) => {
                let xid = self.xid()?;
                let join = match () {
                    () if self.eat_keyword(Keyword::Join) => Some(XaJoin::Join),
                    () if self.eat_word("resume") => Some(XaJoin::Resume),
                    () => None,
                };
                Xa::Start { xid, join }
            }
            () if self.eat_keyword(Keyword::End) => {
                let xid = self.xid()?;
                let mut suspend = None;
                if self.eat_word("suspend") {
                    suspend = Some(match self.eat_words(&["for", "migrate"]) {
                        true => XaSuspend::ForMigrate,
                        false => XaSuspend::Suspend,
                    });
                }
                Xa::End { xid, suspend }
            }
            () if self.eat_word("prepare") => Xa::Prepare(self.xid()?),
            () if self.eat_keyword(Keyword::Commit) => {
                let xid = self.xid()?;
                Xa::Commit { xid, one_phase: self.eat_words(&["one", "phase"]) }
            }
            () if self.eat_keyword(Keyword::Rollback) => Xa::Rollback(self.xid()?),
            () => {
                self.expect_word("recover")?;
                Xa::Recover { convert_xid: self.eat_words(&["convert", "xid"]) }
            }
        };
        Ok(Statement::Xa(self.arena.node(xa)))
    }

    fn xid(&mut self) -> Parsed<Xid<'a>> {
        let gtrid = self.xid_part()?;
        if !self.eat(TokenKind::Comma) {
            return Ok(Xid { gtrid, bqual: None, format: None });
        }
        let bqual = Some(self.xid_part()?);
        let format = if self.eat(TokenKind::Comma) { Some(self.number()?) } else { None };
        Ok(Xid { gtrid, bqual, format })
    }

    fn xid_part(&mut self) -> Parsed<&'a Literal<'a>> {
        let part = self.string()?;
        if part.value.len() > XID_PART_MAX { Err(self.fail()) } else { Ok(part) }
    }
}

/// The most bytes of a part of a transaction's identifier.
const XID_PART_MAX: usize = 64;
