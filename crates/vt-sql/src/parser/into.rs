//! `INTO` and the formats of files.

use super::{Parsed, Parser};
use crate::{
    ast::{FileFormat, Ident, IntoVariable, SelectInto},
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    pub(super) fn select_into(&mut self) -> Parsed<Option<&'a SelectInto<'a>>> {
        if !self.eat_keyword(Keyword::Into) {
            return Ok(None);
        }
        let into = if self.eat_keyword(Keyword::Outfile) {
            let path = self.string()?;
            let charset = self.load_charset()?;
            SelectInto::OutFile { path, charset, format: self.file_format()? }
        } else if self.eat_word("dumpfile") {
            SelectInto::DumpFile(self.string()?)
        } else {
            SelectInto::Variables(self.list(|parser| {
                if parser.at(TokenKind::UserVariable) {
                    return Ok(IntoVariable::User(parser.user_variable()?));
                }
                let name: Ident<'a> = parser.name()?;
                Ok(IntoVariable::Local(name))
            })?)
        };
        Ok(Some(self.arena.node(into)))
    }

    pub(super) fn load_charset(&mut self) -> Parsed<Option<&'a str>> {
        if self.eat_words(&["character", "set"]) || self.eat_word("charset") {
            return self.charset_name().map(Some);
        }
        Ok(None)
    }

    /// Reads `FIELDS ... LINES ...`.
    pub(super) fn file_format(&mut self) -> Parsed<FileFormat<'a>> {
        let mut format = FileFormat::default();
        if self.eat_word("fields") || self.eat_word("columns") {
            let mut any = false;
            loop {
                if self.eat_keyword(Keyword::Terminated) {
                    self.expect_keyword(Keyword::By)?;
                    format.fields_terminated = Some(self.string()?);
                } else if self.eat_keyword(Keyword::Escaped) {
                    self.expect_keyword(Keyword::By)?;
                    format.fields_escaped = Some(self.string()?);
                } else if self.eat_keyword(Keyword::Optionally) {
                    self.expect_words(&["enclosed", "by"])?;
                    format.fields_optionally = true;
                    format.fields_enclosed = Some(self.string()?);
                } else if self.eat_keyword(Keyword::Enclosed) {
                    self.expect_keyword(Keyword::By)?;
                    format.fields_enclosed = Some(self.string()?);
                } else if any {
                    break;
                } else {
                    return Err(self.fail());
                }
                any = true;
            }
        }
        if self.eat_keyword(Keyword::Lines) {
            let mut any = false;
            loop {
                if self.eat_keyword(Keyword::Terminated) {
                    self.expect_keyword(Keyword::By)?;
                    format.lines_terminated = Some(self.string()?);
                } else if self.eat_keyword(Keyword::Starting) {
                    self.expect_keyword(Keyword::By)?;
                    format.lines_starting = Some(self.string()?);
                } else if any {
                    break;
                } else {
                    return Err(self.fail());
                }
                any = true;
            }
        }
        Ok(format)
    }
}
