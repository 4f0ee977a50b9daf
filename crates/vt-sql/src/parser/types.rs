//! Types: of casts and of columns.

use super::{Parsed, Parser};
use crate::{
    ast::{CastKind, CastType, Charset, DataType, Literal, LiteralKind, TypeKind},
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    /// Reads the type of a `CAST`.
    pub(super) fn cast_type(&mut self) -> Parsed<CastType<'a>> {
        let text = self.token_text();
        let mut kind = match CastKind::from_text(text) {
            Some(kind) => kind,
            None if self.at_keyword(Keyword::Character) => CastKind::Char,
            None if self.at_keyword(Keyword::Dec) => CastKind::Decimal,
            None if self.at_word("national") || self.at_word("geomcollection") => {
                CastKind::GeometryCollection
            }
            None => return Err(self.fail()),
        };
        if !matches!(self.token.kind, TokenKind::Word(_)) {
            return Err(self.fail());
        }
        if self.eat_word("national") {
            kind = CastKind::NChar;
        }
        self.advance();
        if matches!(kind, CastKind::Signed | CastKind::Unsigned) {
            let _ = self.eat_keyword(Keyword::Int) || self.eat_keyword(Keyword::Integer);
        }
        if kind == CastKind::Double {
            self.eat_keyword(Keyword::Precision);
        }
        let (length, scale) = self.length_and_scale()?;
        if scale.is_some() && kind != CastKind::Decimal {
            return Err(self.fail());
        }
        let charset = match kind {
            CastKind::Char if self.eat_keyword(Keyword::Binary) => Some(Charset::Binary),
            CastKind::Char => self.charset_attribute()?,
            _ => None,
        };
        let array = self.eat_word("array");
        Ok(CastType { kind, length, scale, charset, array })
    }

    /// Reads `( n [, m] )`, if it stands here.
    fn length_and_scale(&mut self) -> Parsed<(Option<&'a str>, Option<&'a str>)> {
        if !self.eat(TokenKind::LeftParen) {
            return Ok((None, None));
        }
        let length = match self.token.kind {
            // `FLOAT(7.4)`: what follows the point is ignored.
            TokenKind::Literal(LiteralKind::Decimal) => {
                let text = self.token_text();
                self.advance();
                text
            }
            _ => self.number()?,
        };
        let scale = if self.eat(TokenKind::Comma) { Some(self.number()?) } else { None };
        self.expect(TokenKind::RightParen)?;
        Ok((Some(length), scale))
    }

    /// Reads `CHARACTER SET name`, `ASCII`, `UNICODE` or `BYTE`, if one stands here.
    fn charset_attribute(&mut self) -> Parsed<Option<Charset<'a>>> {
        if self.eat_words(&["character", "set"]) || self.eat_word("charset") {
            return Ok(Some(Charset::Named(self.charset_name()?)));
        }
        if self.eat_words(&["char", "set"]) {
            return Ok(Some(Charset::Named(self.charset_name()?)));
        }
        let charset = match () {
            () if self.eat_word("ascii") => Charset::Ascii,
            () if self.eat_word("unicode") => Charset::Unicode,
            () if self.eat_word("byte") => Charset::Byte,
            () => return Ok(None),
        };
        Ok(Some(charset))
    }

    /// Reads a column's type with its attributes; `COLLATE` is the column's.
    pub(super) fn data_type(&mut self) -> Parsed<DataType<'a>> {
        let mut data_type = self.type_name()?;
        loop {
            match self.token.kind {
                TokenKind::Word(Keyword::Unsigned) if is_number(data_type.kind) => {
                    data_type.unsigned = true;
                }
                TokenKind::Word(Keyword::Zerofill) if is_number(data_type.kind) => {
                    data_type.zerofill = true;
                }
                TokenKind::Word(Keyword::Binary) if is_text(data_type.kind) => {
                    data_type.binary = true;
                }
                TokenKind::Word(_) if is_number(data_type.kind) && self.at_word("signed") => {}
                _ if !is_text(data_type.kind) => break,
                _ => match self.charset_attribute()? {
                    Some(charset) => {
                        data_type.charset = Some(charset);
                        continue;
                    }
                    None => break,
                },
            }
            self.advance();
        }
        Ok(data_type)
    }

    fn type_name(&mut self) -> Parsed<DataType<'a>> {
        let mut data_type = DataType {
            kind: TypeKind::Int,
            length: None,
            scale: None,
            unsigned: false,
            zerofill: false,
            charset: None,
            binary: false,
            collate: None,
            values: &[],
        };
        if !matches!(self.token.kind, TokenKind::Word(_)) {
            return Err(self.fail());
        }
        let fixed = match self.token.kind {
            TokenKind::Word(Keyword::Long) => {
                self.advance();
                Some(self.long_type())
            }
            TokenKind::Word(Keyword::Character | Keyword::Char) => {
                self.advance();
                let varying = self.eat_keyword(Keyword::Varying);
                Some(if varying { TypeKind::VarChar } else { TypeKind::Char })
            }
            _ if self.at_word("national") || self.at_word("nchar") || self.at_word("nvarchar") => {
                data_type.charset = Some(Charset::Named("utf8mb3"));
                Some(self.national_type()?)
            }
            _ => None,
        };
        if let Some(kind) = fixed {
            data_type.kind = kind;
        } else {
            let text = self.token_text();
            let kind = TypeKind::from_text(text).or_else(|| synonym(text));
            data_type.kind = kind.ok_or_else(|| self.fail())?;
            if self.modes.real_as_float && self.at_keyword(Keyword::Real) {
                data_type.kind = TypeKind::Float;
            }
            let boolean = self.at_word("bool") || self.at_word("boolean");
            self.advance();
            if boolean {
                data_type.length = Some("1");
                return Ok(data_type);
            }
            self.eat_keyword(Keyword::Precision);
        }
        match data_type.kind {
            TypeKind::Enum | TypeKind::Set => data_type.values = self.value_list()?,
            _ => (data_type.length, data_type.scale) = self.length_and_scale()?,
        }
        Ok(data_type)
    }

    /// Behind `LONG`: `VARBINARY` makes a `MEDIUMBLOB`, all else a `MEDIUMTEXT`.
    fn long_type(&mut self) -> TypeKind {
        if self.eat_keyword(Keyword::Varbinary) {
            return TypeKind::MediumBlob;
        }
        if self.eat_keyword(Keyword::Char) || self.eat_keyword(Keyword::Character) {
            self.eat_keyword(Keyword::Varying);
        } else {
            self.eat_keyword(Keyword::Varchar);
        }
        TypeKind::MediumText
    }

    fn national_type(&mut self) -> Parsed<TypeKind> {
        if self.eat_word("nvarchar") {
            return Ok(TypeKind::VarChar);
        }
        if self.eat_word("nchar") {
            let varying = self.eat_keyword(Keyword::Varchar) || self.eat_keyword(Keyword::Varying);
            return Ok(if varying { TypeKind::VarChar } else { TypeKind::Char });
        }
        self.advance();
        if self.eat_keyword(Keyword::Varchar) {
            return Ok(TypeKind::VarChar);
        }
        if !self.eat_keyword(Keyword::Char) {
            self.expect_keyword(Keyword::Character)?;
        }
        let varying = self.eat_keyword(Keyword::Varying);
        Ok(if varying { TypeKind::VarChar } else { TypeKind::Char })
    }

    fn value_list(&mut self) -> Parsed<&'a [Literal<'a>]> {
        self.paren_list(|parser| {
            Ok(match parser.token.kind {
                TokenKind::Introducer => {
                    parser.advance();
                    *parser.string()?
                }
                _ => *parser.string()?,
            })
        })
    }

    /// Reads a literal of a kind that options take.
    pub(super) fn integer_literal(&mut self) -> Parsed<&'a Literal<'a>> {
        match self.token.kind {
            TokenKind::Literal(kind @ (LiteralKind::Int | LiteralKind::Hex)) => {
                Ok(self.literal(kind))
            }
            _ => Err(self.fail()),
        }
    }
}

fn is_number(kind: TypeKind) -> bool {
    matches!(
        kind,
        TypeKind::TinyInt
            | TypeKind::SmallInt
            | TypeKind::MediumInt
            | TypeKind::Int
            | TypeKind::BigInt
            | TypeKind::Decimal
            | TypeKind::Float
            | TypeKind::Double
            | TypeKind::Year
    )
}

fn is_text(kind: TypeKind) -> bool {
    matches!(
        kind,
        TypeKind::Char
            | TypeKind::VarChar
            | TypeKind::TinyText
            | TypeKind::Text
            | TypeKind::MediumText
            | TypeKind::LongText
            | TypeKind::Enum
            | TypeKind::Set
    )
}

fn synonym(text: &str) -> Option<TypeKind> {
    const SYNONYMS: &[(&str, TypeKind)] = &[
        ("integer", TypeKind::Int),
        ("int1", TypeKind::TinyInt),
        ("int2", TypeKind::SmallInt),
        ("int3", TypeKind::MediumInt),
        ("middleint", TypeKind::MediumInt),
        ("int4", TypeKind::Int),
        ("int8", TypeKind::BigInt),
        ("bool", TypeKind::TinyInt),
        ("boolean", TypeKind::TinyInt),
        ("dec", TypeKind::Decimal),
        ("numeric", TypeKind::Decimal),
        ("fixed", TypeKind::Decimal),
        ("real", TypeKind::Double),
        ("float4", TypeKind::Float),
        ("float8", TypeKind::Double),
        ("varcharacter", TypeKind::VarChar),
        ("geomcollection", TypeKind::GeometryCollection),
    ];
    SYNONYMS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, kind)| *kind)
}
