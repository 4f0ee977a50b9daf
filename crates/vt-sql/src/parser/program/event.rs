//! Events.

use crate::{
    ast::{Event, EventStatus, Program, Schedule, Statement},
    lexer::Keyword,
    parser::{Parsed, Parser},
};

impl<'a> Parser<'a> {
    /// Reads `CREATE EVENT` or `ALTER EVENT`.
    pub(in crate::parser) fn event(&mut self, alter: bool) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        let definer = self.definer()?;
        self.expect_word("event")?;
        let if_not_exists = !alter && self.if_not_exists();
        let name = self.table_name()?;
        let mut event = Event {
            comments,
            definer,
            if_not_exists,
            name,
            schedule: None,
            preserve: None,
            rename: None,
            status: None,
            comment: None,
            body: None,
        };
        if !alter || self.at_words(&["on", "schedule"]) {
            self.expect_words(&["on", "schedule"])?;
            event.schedule = Some(self.schedule()?);
        }
        if self.eat_words(&["on", "completion"]) {
            event.preserve = Some(!self.eat_low_not());
            self.expect_word("preserve")?;
        }
        if alter && self.eat_keyword(Keyword::Rename) {
            self.expect_keyword(Keyword::To)?;
            event.rename = Some(self.table_name()?);
        }
        event.status = self.event_status()?;
        if self.eat_word("comment") {
            event.comment = Some(self.string()?);
        }
        if !alter || self.at_word("do") {
            self.expect_word("do")?;
            event.body = Some(self.body()?);
        }
        let changes = event.schedule.is_some()
            || event.preserve.is_some()
            || event.rename.is_some()
            || event.status.is_some()
            || event.comment.is_some()
            || event.body.is_some();
        if !changes {
            return Err(self.fail());
        }
        let event = self.arena.node(event);
        Ok(self.program(match alter {
            true => Program::AlterEvent(event),
            false => Program::CreateEvent(event),
        }))
    }

    fn schedule(&mut self) -> Parsed<Schedule<'a>> {
        if self.eat_word("at") {
            return Ok(Schedule::At { time: self.expr()? });
        }
        self.expect_word("every")?;
        let amount = self.expr()?;
        let unit = self.time_unit()?;
        let starts = if self.eat_word("starts") { Some(self.expr()?) } else { None };
        let ends = if self.eat_word("ends") { Some(self.expr()?) } else { None };
        Ok(Schedule::Every { amount, unit, starts, ends })
    }

    fn event_status(&mut self) -> Parsed<Option<EventStatus>> {
        if self.eat_word("enable") {
            return Ok(Some(EventStatus::Enable));
        }
        if !self.eat_word("disable") {
            return Ok(None);
        }
        if !self.eat_keyword(Keyword::On) {
            return Ok(Some(EventStatus::Disable));
        }
        if !self.eat_word("slave") {
            self.expect_word("replica")?;
        }
        Ok(Some(EventStatus::DisableOnReplica))
    }
}
