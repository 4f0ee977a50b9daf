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
        let has_length = matches!(
            kind,
            CastKind::Binary
                | CastKind::Char
                | CastKind::NChar
                | CastKind::Time
                | CastKind::Datetime
                | CastKind::Decimal
                | CastKind::Float
                | CastKind::Vector
        );
        let (length, scale) = match has_length {
            true => self.length_and_scale(is_temporal(text))?,
            false => (None, None),
        };
        if scale.is_some() && kind != CastKind::Decimal {
            return Err(self.fail());
        }
        let (mut charset, mut binary) = (None, false);
        if kind == CastKind::Char {
            binary = self.eat_keyword(Keyword::Binary);
            charset = self.charset_attribute()?;
            if charset == Some(Charset::Byte) {
                // `BYTE` is no character set.
                if binary {
                    return Err(self.fail());
                }
            } else {
                binary |= self.eat_keyword(Keyword::Binary);
            }
        }
        let array = self.eat_word("array");
        Ok(CastType { kind, length, scale, charset, binary, array })
    }

    /// Reads a type where `ARRAY` cannot follow.
    pub(super) fn plain_cast_type(&mut self) -> Parsed<CastType<'a>> {
        let target = self.cast_type()?;
        if target.array { Err(self.fail()) } else { Ok(target) }
    }

    /// Reads `( n [, m] )`, if it stands here. Of `short` numbers, and of what stands behind the
    /// comma, MySQL takes no more than 31 bits.
    fn length_and_scale(&mut self, short: bool) -> Parsed<(Option<&'a str>, Option<&'a str>)> {
        if !self.eat(TokenKind::LeftParen) {
            return Ok((None, None));
        }
        let length = match self.token.kind {
            // `FLOAT(7.4)`: what follows the point is ignored.
            TokenKind::Literal(LiteralKind::Decimal) if !short => {
                let text = self.token_text();
                self.advance();
                text
            }
            _ if short => self.short_number()?,
            _ => self.digits()?,
        };
        let scale = match self.at(TokenKind::Comma) {
            true if !is_short(length) => return Err(self.fail()),
            true => {
                self.advance();
                Some(self.short_number()?)
            }
            false => None,
        };
        self.expect(TokenKind::RightParen)?;
        Ok((Some(length), scale))
    }

    /// Reads decimal digits.
    pub(super) fn digits(&mut self) -> Parsed<&'a str> {
        match self.token.kind {
            TokenKind::Literal(LiteralKind::Int) => self.number(),
            _ => Err(self.fail()),
        }
    }

    /// Reads decimal digits that fit into 31 bits.
    pub(super) fn short_number(&mut self) -> Parsed<&'a str> {
        if is_short(self.token_text()) { self.digits() } else { Err(self.fail()) }
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
            kind if is_lengthless(kind) => {}
            kind => {
                let short =
                    matches!(kind, TypeKind::Time | TypeKind::Datetime | TypeKind::Timestamp);
                (data_type.length, data_type.scale) = self.length_and_scale(short)?;
                let needs = matches!(kind, TypeKind::VarChar | TypeKind::VarBinary);
                if needs && data_type.length.is_none() {
                    return Err(self.fail());
                }
            }
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
        self.paren_list(|parser| match parser.token.kind {
            TokenKind::Literal(LiteralKind::NationalStr) => Err(parser.fail()),
            _ => parser.string().copied(),
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

fn is_short(digits: &str) -> bool {
    digits.parse::<i32>().is_ok()
}

/// Tells whether a cast's type is one whose length counts digits of a fraction.
fn is_temporal(word: &str) -> bool {
    ["time", "datetime", "timestamp"].iter().any(|name| name.eq_ignore_ascii_case(word))
}

/// Tells whether no length can follow a type.
fn is_lengthless(kind: TypeKind) -> bool {
    matches!(
        kind,
        TypeKind::Date
            | TypeKind::Serial
            | TypeKind::Json
            | TypeKind::Geometry
            | TypeKind::Point
            | TypeKind::LineString
            | TypeKind::Polygon
            | TypeKind::MultiPoint
            | TypeKind::MultiLineString
            | TypeKind::MultiPolygon
            | TypeKind::GeometryCollection
            | TypeKind::TinyBlob
            | TypeKind::MediumBlob
            | TypeKind::LongBlob
            | TypeKind::TinyText
            | TypeKind::MediumText
            | TypeKind::LongText
    )
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
