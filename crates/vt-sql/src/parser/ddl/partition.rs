//! `PARTITION BY`.

use super::partition_rules::{agrees, is_steady};
use crate::{
    ast::{Expr, Ident, PartitionDef, PartitionMethod, PartitionValues, Partitioning, TableOption},
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
            let fail = self.fail();
            let method = self.partition_method()?;
            if !matches!(method, PartitionMethod::Hash { .. } | PartitionMethod::Key { .. }) {
                return Err(fail);
            }
            subpartition = Some(method);
            if self.eat_word("subpartitions") {
                subpartitions_count = Some(self.number()?);
            }
        }
        let fail = self.fail();
        let partitions = match self.at_partition_list() {
            true => self.paren_list(|parser| parser.partition("partition"))?,
            false => &[],
        };
        let partitioning = Partitioning {
            method,
            partitions_count,
            subpartition,
            subpartitions_count,
            partitions,
        };
        match agrees(&partitioning) {
            true => Ok(self.arena.node(partitioning)),
            false => Err(fail),
        }
    }

    /// A parenthesis here could begin a query, too.
    fn at_partition_list(&self) -> bool {
        self.at(TokenKind::LeftParen) && self.peek().kind == TokenKind::Word(Keyword::Partition)
    }

    fn partition_method(&mut self) -> Parsed<PartitionMethod<'a>> {
        let linear = self.eat_keyword(Keyword::Linear);
        if self.eat_word("hash") {
            return Ok(PartitionMethod::Hash { linear, expr: self.partition_expr()? });
        }
        if linear || self.at_keyword(Keyword::Key) {
            self.expect_keyword(Keyword::Key)?;
            let mut algorithm = None;
            if self.eat_word("algorithm") {
                self.eat(TokenKind::Equal);
                let known = matches!(self.token_text(), "1" | "2");
                algorithm = Some(if known { self.number()? } else { return Err(self.fail()) });
            }
            let columns = self.names_maybe_none()?;
            return Ok(PartitionMethod::Key { linear, algorithm, columns });
        }
        if self.eat_keyword(Keyword::Range) {
            return Ok(match self.eat_word("columns") {
                true => PartitionMethod::RangeColumns(self.paren_list(Parser::name)?),
                false => PartitionMethod::Range(self.partition_expr()?),
            });
        }
        self.expect_word("list")?;
        Ok(match self.eat_word("columns") {
            true => PartitionMethod::ListColumns(self.paren_list(Parser::name)?),
            false => PartitionMethod::List(self.partition_expr()?),
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

    /// Reads `(expr)`, which must give the same for a row at any time.
    fn partition_expr(&mut self) -> Parsed<Expr<'a>> {
        let fail = self.fail();
        self.expect(TokenKind::LeftParen)?;
        let expr = self.expr()?;
        self.expect(TokenKind::RightParen)?;
        if is_steady(&expr) { Ok(expr) } else { Err(fail) }
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
        let options = self.partition_options()?;
        let subpartitions = match word == "partition" && self.at(TokenKind::LeftParen) {
            true => self.paren_list(|parser| parser.partition("subpartition"))?,
            false => &[],
        };
        Ok(PartitionDef { name, values, options, subpartitions })
    }

    fn partition_options(&mut self) -> Parsed<&'a [TableOption<'a>]> {
        const KNOWN: &[&str] = &[
            "engine",
            "comment",
            "data directory",
            "index directory",
            "max_rows",
            "min_rows",
            "tablespace",
            "nodegroup",
        ];
        let fail = self.fail();
        let options = self.table_options(false)?;
        if options.iter().all(|option| KNOWN.contains(&option.name)) {
            Ok(options)
        } else {
            Err(fail)
        }
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
        let fail = self.fail();
        let doubled = self.peek().kind == TokenKind::LeftParen;
        let values = self.paren_list(Parser::expr)?;
        // A parenthesis around a value makes a row of it, which has several.
        const COLUMNS_MAX: usize = 16;
        let is_row =
            |value: &Expr<'_>| matches!(value, Expr::Row(items) if items.len() <= COLUMNS_MAX);
        if doubled && !values.iter().all(is_row) {
            return Err(fail);
        }
        Ok(PartitionValues::In(values))
    }
}
