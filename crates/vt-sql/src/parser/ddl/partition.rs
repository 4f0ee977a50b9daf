//! `PARTITION BY`.

use crate::{
    ast::{Expr, Ident, PartitionDef, PartitionMethod, PartitionValues, Partitioning},
    lexer::{Keyword, TokenKind},
    parser::{Parsed, Parser},
};

impl<'a> Parser<'a> {
    /// Reads `PARTITION BY ...` with the partitions.
    pub(super) fn partitioning(&mut self) -> Parsed<&'a Partitioning<'a>> {
        self.expect_keyword(Keyword::Partition)?;
        self.expect_keyword(Keyword::By)?;
        let method = self.partition_method()?;
        let partitions_count = match self.eat_word("partitions") {
            true => Some(self.number()?),
            false => None,
        };
        let (mut subpartition, mut subpartitions_count) = (None, None);
        if self.eat_word("subpartition") {
            self.expect_keyword(Keyword::By)?;
            subpartition = Some(self.partition_method()?);
            if self.eat_word("subpartitions") {
                subpartitions_count = Some(self.number()?);
            }
        }
        let partitions = match self.at_partition_list() {
            true => self.paren_list(|parser| parser.partition("partition"))?,
            false => &[],
        };
        Ok(self.arena.node(Partitioning {
            method,
            partitions_count,
            subpartition,
            subpartitions_count,
            partitions,
        }))
    }

    /// A parenthesis here could begin a query, too.
    fn at_partition_list(&self) -> bool {
        self.at(TokenKind::LeftParen) && self.peek().kind == TokenKind::Word(Keyword::Partition)
    }

    fn partition_method(&mut self) -> Parsed<PartitionMethod<'a>> {
        let linear = self.eat_keyword(Keyword::Linear);
        if self.eat_word("hash") {
            return Ok(PartitionMethod::Hash { linear, expr: self.paren_expr()? });
        }
        if linear || self.at_keyword(Keyword::Key) {
            self.expect_keyword(Keyword::Key)?;
            let mut algorithm = None;
            if self.eat_word("algorithm") {
                self.eat(TokenKind::Equal);
                algorithm = Some(self.number()?);
            }
            let columns = self.names_maybe_none()?;
            return Ok(PartitionMethod::Key { linear, algorithm, columns });
        }
        if self.eat_keyword(Keyword::Range) {
            return Ok(match self.eat_word("columns") {
                true => PartitionMethod::RangeColumns(self.paren_list(Parser::name)?),
                false => PartitionMethod::Range(self.paren_expr()?),
            });
        }
        self.expect_word("list")?;
        Ok(match self.eat_word("columns") {
            true => PartitionMethod::ListColumns(self.paren_list(Parser::name)?),
            false => PartitionMethod::List(self.paren_expr()?),
        })
    }

    fn names_maybe_none(&mut self) -> Parsed<&'a [Ident<'a>]> {
        if self.at(TokenKind::LeftParen) && self.peek().kind == TokenKind::RightParen {
            self.advance();
            self.advance();
            return Ok(&[]);
        }
        self.paren_list(Parser::name)
    }

    fn paren_expr(&mut self) -> Parsed<Expr<'a>> {
        self.expect(TokenKind::LeftParen)?;
        let expr = self.expr()?;
        self.expect(TokenKind::RightParen)?;
        Ok(expr)
    }

    /// Reads `PARTITION name VALUES ... options`, or the same of a subpartition.
    pub(super) fn partition(&mut self, word: &str) -> Parsed<PartitionDef<'a>> {
        self.expect_word(word)?;
        let name = match self.token.kind {
            // Names of subpartitions may be strings.
            TokenKind::Literal(_) => Ident::new(self.string_text()?),
            _ => self.name()?,
        };
        let values = match self.eat_keyword(Keyword::Values) {
            true => Some(self.partition_values()?),
            false => None,
        };
        let options = self.table_options(false)?;
        let subpartitions = match word == "partition" && self.at(TokenKind::LeftParen) {
            true => self.paren_list(|parser| parser.partition("subpartition"))?,
            false => &[],
        };
        Ok(PartitionDef { name, values, options, subpartitions })
    }

    fn partition_values(&mut self) -> Parsed<PartitionValues<'a>> {
        if self.eat_words(&["less", "than"]) {
            if self.eat_keyword(Keyword::Maxvalue) {
                return Ok(PartitionValues::LessThanMax);
            }
            return Ok(PartitionValues::LessThan(self.paren_list(|parser| {
                Ok(match parser.eat_keyword(Keyword::Maxvalue) {
                    true => None,
                    false => Some(parser.expr()?),
                })
            })?));
        }
        self.expect_keyword(Keyword::In)?;
        if self.at(TokenKind::List) {
            let literals = self.literal_list()?;
            let mut values = self.vec();
            values.extend(literals.iter().map(Expr::Literal));
            return Ok(PartitionValues::In(values.into_bump_slice()));
        }
        Ok(PartitionValues::In(self.paren_list(Parser::expr)?))
    }
}
