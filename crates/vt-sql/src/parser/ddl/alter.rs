//! `ALTER TABLE`.

use crate::{
    ast::{
        AddColumn, AlterAction, AlterTable, ColumnPosition, ConstraintKind, Expr, Ident,
        PartitionDef, Statement, TableElement,
    },
    lexer::{Keyword, TokenKind},
    parser::{Parsed, Parser},
};

impl<'a> Parser<'a> {
    pub(super) fn alter_table(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        self.expect_keyword(Keyword::Table)?;
        let name = self.table_name()?;
        let mut actions = self.vec();
        while !self.at_end() {
            // A change of partitions may follow the rest without a comma.
            let partitioning = self.at_partitioning();
            if !actions.is_empty() && !partitioning {
                self.expect(TokenKind::Comma)?;
                // Behind a comma there is no change of partitions, and no load but behind
                // `ALGORITHM`, `LOCK` and `VALIDATION`.
                let is_load = self.at_word("secondary_load") || self.at_word("secondary_unload");
                if self.at_partitioning() || (is_load && !actions.iter().all(is_modifier)) {
                    return Err(self.fail());
                }
            }
            let action = self.alter_action()?;
            let is_last =
                matches!(action, AlterAction::SecondaryLoad(_) | AlterAction::SecondaryUnload(_));
            actions.push(action);
            if is_last {
                break;
            }
        }
        let actions = actions.into_bump_slice();
        Ok(Statement::AlterTable(self.arena.node(AlterTable { comments, name, actions })))
    }

    fn at_partitioning(&self) -> bool {
        self.at_keyword(Keyword::Partition) || self.at_words(&["remove", "partitioning"])
    }

    /// Reads `ORDER BY column, ...`.
    fn alter_order(&mut self) -> Parsed<AlterAction<'a>> {
        let fail = self.fail();
        let items = self.order_by()?;
        let all_columns = items.iter().all(|item| matches!(item.expr, Expr::Column(_)));
        if all_columns { Ok(AlterAction::OrderBy(items)) } else { Err(fail) }
    }

    fn alter_action(&mut self) -> Parsed<AlterAction<'a>> {
        let TokenKind::Word(keyword) = self.token.kind else { return Err(self.fail()) };
        let next_is_partition = self.peek().kind == TokenKind::Word(Keyword::Partition);
        match keyword {
            Keyword::Add => self.alter_add(),
            Keyword::Drop => self.alter_drop(),
            Keyword::Change => {
                self.advance();
                self.eat_keyword(Keyword::Column);
                let from = self.name()?;
                let column = self.arena.node(self.changed_column()?);
                Ok(AlterAction::Change { from, column, position: self.column_position()? })
            }
            Keyword::Alter => self.alter_alter(),
            Keyword::Rename => self.alter_rename(),
            Keyword::Convert => self.alter_convert(),
            Keyword::Order => self.alter_order(),
            Keyword::Force => {
                self.advance();
                Ok(AlterAction::Force)
            }
            Keyword::Lock => {
                self.advance();
                Ok(AlterAction::Lock(self.option_word()?))
            }
            Keyword::With => {
                self.advance();
                self.expect_word("validation")?;
                Ok(AlterAction::Validation(true))
            }
            Keyword::Partition => Ok(AlterAction::PartitionBy(self.partitioning()?)),
            _ if next_is_partition
                && !self.at_word("secondary_load")
                && !self.at_word("secondary_unload") =>
            {
                self.alter_partitions()
            }
            _ => self.alter_word(),
        }
    }

    fn alter_word(&mut self) -> Parsed<AlterAction<'a>> {
        match () {
            () if self.eat_word("modify") => {
                self.eat_keyword(Keyword::Column);
                let column = self.arena.node(self.changed_column()?);
                Ok(AlterAction::Modify { column, position: self.column_position()? })
            }
            () if self.eat_words(&["disable", "keys"]) => Ok(AlterAction::DisableKeys),
            () if self.eat_words(&["enable", "keys"]) => Ok(AlterAction::EnableKeys),
            () if self.eat_words(&["discard", "tablespace"]) => Ok(AlterAction::DiscardTablespace),
            () if self.eat_words(&["import", "tablespace"]) => Ok(AlterAction::ImportTablespace),
            () if self.eat_words(&["remove", "partitioning"]) => {
                Ok(AlterAction::RemovePartitioning)
            }
            () if self.eat_word("algorithm") => Ok(AlterAction::Algorithm(self.option_word()?)),
            () if self.eat_words(&["without", "validation"]) => Ok(AlterAction::Validation(false)),
            () if self.eat_word("secondary_load") => {
                Ok(AlterAction::SecondaryLoad(self.partition_names()?))
            }
            () if self.eat_word("secondary_unload") => {
                Ok(AlterAction::SecondaryUnload(self.partition_names()?))
            }
            () => {
                let options = self.table_options(false)?;
                if options.is_empty() {
                    Err(self.fail())
                } else {
                    Ok(AlterAction::Options(options))
                }
            }
        }
    }

    fn alter_add(&mut self) -> Parsed<AlterAction<'a>> {
        self.advance();
        if self.eat_keyword(Keyword::Partition) {
            self.eat_keyword(Keyword::NoWriteToBinlog);
            if self.eat_word("partitions") {
                let count = Some(self.number()?);
                return Ok(AlterAction::AddPartitions { partitions: &[], count });
            }
            if self.at_end() || self.at(TokenKind::Comma) {
                return Ok(AlterAction::AddPartitions { partitions: &[], count: None });
            }
            let partitions = self.partition_list()?;
            return Ok(AlterAction::AddPartitions { partitions, count: None });
        }
        if !self.eat_keyword(Keyword::Column)
            && let Some(element) = self.constraint()?
        {
            return Ok(AlterAction::Add(element));
        }
        if self.at(TokenKind::LeftParen) {
            let elements = self.paren_list(Parser::table_element)?;
            let mut columns = self.vec();
            for element in elements {
                let TableElement::Column(column) = element else {
                    return Ok(AlterAction::AddElements(elements));
                };
                columns.push(AddColumn { column, position: ColumnPosition::Unsaid });
            }
            let columns = columns.into_bump_slice();
            return Ok(AlterAction::AddColumns { columns, parenthesised: true });
        }
        let column = self.arena.node(self.column_definition()?);
        let position = self.column_position()?;
        let columns = self.arena.list(&[AddColumn { column, position }]);
        Ok(AlterAction::AddColumns { columns, parenthesised: false })
    }

    fn partition_list(&mut self) -> Parsed<&'a [PartitionDef<'a>]> {
        self.paren_list(|parser| parser.partition("partition"))
    }

    fn column_position(&mut self) -> Parsed<ColumnPosition<'a>> {
        if self.eat_word("first") {
            return Ok(ColumnPosition::First);
        }
        if self.eat_word("after") {
            return Ok(ColumnPosition::After(self.name()?));
        }
        Ok(ColumnPosition::Unsaid)
    }

    fn alter_drop(&mut self) -> Parsed<AlterAction<'a>> {
        self.advance();
        match self.token.kind {
            TokenKind::Word(Keyword::Primary) => {
                self.advance();
                self.expect_keyword(Keyword::Key)?;
                Ok(AlterAction::DropPrimaryKey)
            }
            TokenKind::Word(Keyword::Foreign) => {
                self.advance();
                self.expect_keyword(Keyword::Key)?;
                Ok(AlterAction::DropForeignKey(self.name()?))
            }
            TokenKind::Word(Keyword::Index | Keyword::Key) => {
                self.advance();
                Ok(AlterAction::DropIndex(self.index_name()?))
            }
            TokenKind::Word(Keyword::Check | Keyword::Constraint) => {
                let kind = self.constraint_kind();
                Ok(AlterAction::DropConstraint { kind, name: self.name()? })
            }
            TokenKind::Word(Keyword::Partition) => {
                self.advance();
                Ok(AlterAction::DropPartitions(self.list(Parser::name)?))
            }
            _ => {
                self.eat_keyword(Keyword::Column);
                let name = self.name()?;
                self.drop_behaviour();
                Ok(AlterAction::DropColumn(name))
            }
        }
    }

    fn constraint_kind(&mut self) -> ConstraintKind {
        let check = self.at_keyword(Keyword::Check);
        self.advance();
        if check { ConstraintKind::Check } else { ConstraintKind::Constraint }
    }

    /// `ALTER [COLUMN] ...`, `ALTER INDEX ...`, `ALTER CHECK ...`.
    fn alter_alter(&mut self) -> Parsed<AlterAction<'a>> {
        self.advance();
        if self.eat_keyword(Keyword::Index) {
            let index = self.name()?;
            let visible = self.visibility()?;
            return Ok(AlterAction::SetIndexVisible { index, visible });
        }
        if self.at_keyword(Keyword::Check) || self.at_keyword(Keyword::Constraint) {
            let kind = self.constraint_kind();
            let name = self.name()?;
            let enforced = !self.eat_low_not();
            self.expect_word("enforced")?;
            return Ok(AlterAction::SetEnforced { kind, name, enforced });
        }
        self.eat_keyword(Keyword::Column);
        let column = self.name()?;
        if self.eat_words(&["set", "masking", "policy"]) {
            let policy = Some(self.name()?);
            return Ok(AlterAction::SetMaskingPolicy { column, policy });
        }
        if self.eat_words(&["drop", "masking", "policy"]) {
            return Ok(AlterAction::SetMaskingPolicy { column, policy: None });
        }
        if self.eat_keyword(Keyword::Drop) {
            self.expect_keyword(Keyword::Default)?;
            return Ok(AlterAction::DropDefault { column });
        }
        self.expect_keyword(Keyword::Set)?;
        if self.eat_keyword(Keyword::Default) {
            let fail = self.fail();
            let (value, parenthesised) = self.default_expr()?;
            if !parenthesised && matches!(value, Expr::Function(_)) {
                return Err(fail);
            }
            return Ok(AlterAction::SetDefault { column, value, parenthesised });
        }
        Ok(AlterAction::SetColumnVisible { column, visible: self.visibility()? })
    }

    fn visibility(&mut self) -> Parsed<bool> {
        if self.eat_word("visible") {
            return Ok(true);
        }
        self.expect_word("invisible")?;
        Ok(false)
    }

    fn alter_rename(&mut self) -> Parsed<AlterAction<'a>> {
        self.advance();
        if self.eat_keyword(Keyword::Column) {
            let (from, to) = self.renamed()?;
            return Ok(AlterAction::RenameColumn { from, to });
        }
        if self.eat_keyword(Keyword::Index) || self.eat_keyword(Keyword::Key) {
            let (from, to) = self.renamed()?;
            return Ok(AlterAction::RenameIndex { from, to });
        }
        let _ = self.eat_keyword(Keyword::To)
            || self.eat_keyword(Keyword::As)
            || self.eat(TokenKind::Equal);
        Ok(AlterAction::RenameTable(self.table_name()?))
    }

    fn renamed(&mut self) -> Parsed<(Ident<'a>, Ident<'a>)> {
        let from = self.name()?;
        self.expect_keyword(Keyword::To)?;
        Ok((from, self.name()?))
    }

    fn alter_convert(&mut self) -> Parsed<AlterAction<'a>> {
        self.advance();
        self.expect_keyword(Keyword::To)?;
        if !self.eat_charset() {
            return Err(self.fail());
        }
        let charset = self.charset_or_default()?;
        let collate = match self.eat_keyword(Keyword::Collate) {
            true => Some(self.name_or_string()?),
            false => None,
        };
        Ok(AlterAction::ConvertCharset { charset, collate })
    }

    /// Verbs that are followed by `PARTITION`.
    fn alter_partitions(&mut self) -> Parsed<AlterAction<'a>> {
        if self.eat_word("coalesce") {
            self.advance();
            self.eat_keyword(Keyword::NoWriteToBinlog);
            return Ok(AlterAction::CoalescePartition(self.number()?));
        }
        if self.eat_word("reorganize") {
            self.advance();
            self.eat_keyword(Keyword::NoWriteToBinlog);
            if !self.at_name() {
                return Ok(AlterAction::ReorganizePartition { names: &[], into: &[] });
            }
            let names = self.list(Parser::name)?;
            self.expect_keyword(Keyword::Into)?;
            let into = self.partition_list()?;
            return Ok(AlterAction::ReorganizePartition { names, into });
        }
        if self.eat_word("exchange") {
            self.advance();
            let name = self.name()?;
            self.expect_words(&["with", "table"])?;
            let table = self.table_name()?;
            let validation = match () {
                () if self.eat_words(&["with", "validation"]) => Some(true),
                () if self.eat_words(&["without", "validation"]) => Some(false),
                () => None,
            };
            return Ok(AlterAction::ExchangePartition { name, table, validation });
        }
        const WORKS: &[&str] =
            &["truncate", "analyze", "check", "optimize", "rebuild", "repair", "discard", "import"];
        let work = WORKS.iter().find(|work| self.at_word(work)).ok_or_else(|| self.fail())?;
        self.advance();
        self.advance();
        if !self.eat_keyword(Keyword::NoWriteToBinlog) && self.at_word("local") {
            let next = self.peek().kind;
            let alone = matches!(next, TokenKind::End | TokenKind::Semicolon | TokenKind::Comma);
            // `LOCAL` alone is a partition's name.
            if !alone {
                self.advance();
            }
        }
        let names = match self.eat_keyword(Keyword::All) {
            true => &[],
            false => self.list(Parser::name)?,
        };
        let known: &[&str] = match *work {
            "discard" | "import" => {
                self.expect_word("tablespace")?;
                let options = self.arena.list(&["tablespace"]);
                return Ok(AlterAction::PartitionWork { work, names, options });
            }
            "check" => &["quick", "extended", "fast", "medium", "changed"],
            "repair" => &["quick", "extended", "use_frm"],
            _ => &[],
        };
        let mut options = self.vec();
        loop {
            if *work == "check" && self.eat_words(&["for", "upgrade"]) {
                options.push("for upgrade");
                continue;
            }
            let option = known.iter().find(|option| self.at_word(option));
            let Some(option) = option else { break };
            options.push(*option);
            self.advance();
        }
        Ok(AlterAction::PartitionWork { work, names, options: options.into_bump_slice() })
    }
}

/// Tells whether an action says only how the others are done.
fn is_modifier(action: &AlterAction<'_>) -> bool {
    matches!(action, AlterAction::Algorithm(_) | AlterAction::Lock(_) | AlterAction::Validation(_))
}
