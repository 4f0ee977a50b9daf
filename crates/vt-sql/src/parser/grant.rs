//! `GRANT` and `REVOKE`.

use super::{Parsed, Parser};
use crate::{
    ast::{
        Account, AccountStatement, Grant, GrantAs, Granted, LiteralKind, Privilege, PrivilegeKind,
        PrivilegeLevel, PrivilegeObject, Revoke, Statement, TableName,
    },
    lexer::{Keyword, TokenKind},
};

/// What a list between the verb and `ON`, `TO` or `FROM` turned out to be.
enum Items<'a> {
    Privileges(&'a [Privilege<'a>]),
    /// Nothing but what can be a role.
    Either(&'a [Privilege<'a>], &'a [Account<'a>]),
    /// Names with hosts or in quotes.
    Roles(&'a [Account<'a>]),
}

/// Privileges that are words of the grammar, the longer before their beginnings.
const PRIVILEGES: &[(&str, &[&str])] = &[
    ("alter routine", &["alter", "routine"]),
    ("alter", &["alter"]),
    ("create role", &["create", "role"]),
    ("create routine", &["create", "routine"]),
    ("create tablespace", &["create", "tablespace"]),
    ("create temporary tables", &["create", "temporary", "tables"]),
    ("create user", &["create", "user"]),
    ("create view", &["create", "view"]),
    ("create", &["create"]),
    ("delete", &["delete"]),
    ("drop role", &["drop", "role"]),
    ("drop", &["drop"]),
    ("event", &["event"]),
    ("execute", &["execute"]),
    ("file", &["file"]),
    ("grant option", &["grant", "option"]),
    ("index", &["index"]),
    ("insert", &["insert"]),
    ("lock tables", &["lock", "tables"]),
    ("process", &["process"]),
    ("references", &["references"]),
    ("reload", &["reload"]),
    ("replication client", &["replication", "client"]),
    ("replication slave", &["replication", "slave"]),
    ("select", &["select"]),
    ("show databases", &["show", "databases"]),
    ("show view", &["show", "view"]),
    ("shutdown", &["shutdown"]),
    ("super", &["super"]),
    ("trigger", &["trigger"]),
    ("update", &["update"]),
    ("usage", &["usage"]),
];

impl<'a> Parser<'a> {
    pub(super) fn grant(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let what = self.granted(false)?;
        self.expect_keyword(Keyword::To)?;
        let to = self.list(Parser::account)?;
        let admin = matches!(what, Granted::Roles(_));
        let grant_option = self.eat_keyword(Keyword::With);
        if grant_option {
            if admin {
                self.expect_word("admin")?;
            } else {
                self.expect_keyword(Keyword::Grant)?;
            }
            self.expect_keyword(Keyword::Option)?;
        }
        let mut as_user = None;
        let may_as = matches!(what, Granted::Privileges { .. } | Granted::All(_));
        if may_as && self.eat_keyword(Keyword::As) {
            let user = self.account()?;
            let roles = match self.eat_words(&["with", "role"]) {
                true => Some(self.role_choice()?),
                false => None,
            };
            as_user = Some(GrantAs { user, roles });
        }
        let grant = Grant { what, to, grant_option, as_user };
        Ok(self.account_statement(AccountStatement::Grant(self.arena.node(grant))))
    }

    pub(super) fn revoke(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let if_exists = self.if_exists();
        let what = self.granted(true)?;
        self.expect_keyword(Keyword::From)?;
        let from = self.list(Parser::account)?;
        let ignore_unknown_user = self.eat_keyword(Keyword::Ignore);
        if ignore_unknown_user {
            self.expect_words(&["unknown", "user"])?;
        }
        let revoke = Revoke { if_exists, what, from, ignore_unknown_user };
        Ok(self.account_statement(AccountStatement::Revoke(self.arena.node(revoke))))
    }

    fn granted(&mut self, revoke: bool) -> Parsed<Granted<'a>> {
        if self.at_word("proxy") && self.peek().kind == TokenKind::Word(Keyword::On) {
            self.advance();
            self.advance();
            return Ok(Granted::Proxy(self.account()?));
        }
        if self.eat_keyword(Keyword::All) {
            let _ = self.eat_word("privileges");
            if revoke && self.eat(TokenKind::Comma) {
                self.expect_keyword(Keyword::Grant)?;
                self.expect_keyword(Keyword::Option)?;
                return Ok(Granted::Everything);
            }
            self.expect_keyword(Keyword::On)?;
            return Ok(Granted::All(self.privilege_object()?));
        }
        let items = self.granted_items()?;
        let on = self.at_keyword(Keyword::On);
        match items {
            Items::Privileges(privileges) | Items::Either(privileges, _) if on => {
                self.advance();
                let object = self.privilege_object()?;
                let of_routine =
                    matches!(object.kind, Some(PrivilegeKind::Function | PrivilegeKind::Procedure));
                if of_routine && privileges.iter().any(|one| !one.columns.is_empty()) {
                    return Err(self.fail());
                }
                Ok(Granted::Privileges { privileges, object })
            }
            Items::Roles(roles) | Items::Either(_, roles) => Ok(Granted::Roles(roles)),
            Items::Privileges(_) => Err(self.fail()),
        }
    }

    fn granted_items(&mut self) -> Parsed<Items<'a>> {
        let (mut privileges, mut roles) = (self.vec(), self.vec());
        let (mut only_privileges, mut only_roles) = (false, false);
        loop {
            let fixed = PRIVILEGES.iter().find(|(_, words)| self.at_words(words));
            let (name, is_fixed) = if let Some((name, words)) = fixed {
                for _ in *words {
                    self.advance();
                }
                only_privileges = true;
                (*name, true)
            } else {
                let role = self.role()?;
                roles.push(role);
                match role {
                    Account::Named { user, host: None } => (user, false),
                    _ => {
                        only_roles = true;
                        ("", false)
                    }
                }
            };
            let may_have_columns =
                !is_fixed || ["insert", "references", "select", "update"].contains(&name);
            let columns = if may_have_columns { self.optional_names()? } else { &[] };
            only_privileges |= !columns.is_empty();
            privileges.push(Privilege { name, fixed: is_fixed, columns });
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        let (privileges, roles) = (privileges.into_bump_slice(), roles.into_bump_slice());
        match (only_privileges, only_roles) {
            (true, true) => Err(self.fail()),
            (true, false) => Ok(Items::Privileges(privileges)),
            (false, true) => Ok(Items::Roles(roles)),
            (false, false) => Ok(Items::Either(privileges, roles)),
        }
    }

    fn privilege_object(&mut self) -> Parsed<PrivilegeObject<'a>> {
        let next = self.peek().kind;
        let has_kind = next != TokenKind::Dot && matches!(self.token.kind, TokenKind::Word(_));
        let named = !matches!(next, TokenKind::Word(Keyword::To | Keyword::From));
        let kind = match has_kind && named {
            true => PrivilegeKind::from_text(self.token_text()),
            false => None,
        };
        if kind.is_some() {
            self.advance();
        }
        let level = match self.token.kind {
            TokenKind::Star => {
                self.advance();
                if self.eat(TokenKind::Dot) {
                    self.expect(TokenKind::Star)?;
                    PrivilegeLevel::Global
                } else {
                    PrivilegeLevel::Current
                }
            }
            _ => {
                let first = self.name()?;
                if !self.eat(TokenKind::Dot) {
                    PrivilegeLevel::Object(TableName { qualifier: None, name: first })
                } else if self.eat(TokenKind::Star) {
                    PrivilegeLevel::Schema(first)
                } else {
                    let name = self.any_word()?;
                    PrivilegeLevel::Object(TableName { qualifier: Some(first), name })
                }
            }
        };
        Ok(PrivilegeObject { kind, level })
    }

    /// Tells whether the current token is a string.
    pub(super) fn at_string(&self) -> bool {
        matches!(self.token.kind, TokenKind::Literal(LiteralKind::Str))
    }
}
