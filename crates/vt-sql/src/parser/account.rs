//! Users, roles, passwords.

use super::{Parsed, Parser};
use crate::{
    ast::{
        Account, AccountStatement, Authentication, Roles, Secret, SetPassword, SetRole, Statement,
        TlsDetail, TlsRequirement, UserChange, UserDefinition, UserLimit, UserLimitKind, UserName,
        UserNote, UserOption, UserSpec,
    },
    lexer::{Keyword, TokenKind},
};

/// Words that are no roles without quotes.
const NO_ROLES: &[&str] = &[
    "event",
    "execute",
    "file",
    "none",
    "process",
    "proxy",
    "reload",
    "replication",
    "resource",
    "restart",
    "shutdown",
    "super",
];

/// Tells whether changes of one account can stand together.
fn fits(changes: &[UserChange<'_>], alter: bool) -> bool {
    use UserChange as Change;
    match changes {
        [] => true,
        [Change::Identified(_), rest @ ..] if alter => fits_password(rest),
        [Change::Identified(_), Change::Initial(_)] => true,
        [Change::Identified(_), rest @ ..] => {
            rest.len() <= 2 && rest.iter().all(|change| matches!(change, Change::AndIdentified(_)))
        }
        [Change::AddFactor(..)]
        | [Change::AddFactor(..), Change::AddFactor(..)]
        | [Change::ModifyFactor(..)]
        | [Change::ModifyFactor(..), Change::ModifyFactor(..)]
        | [Change::DropFactor(_)]
        | [Change::DropFactor(_), Change::DropFactor(_)] => true,
        [
            Change::DiscardOldPassword
            | Change::InitiateRegistration(_)
            | Change::FinishRegistration { .. }
            | Change::Unregister(_),
        ] => true,
        _ => false,
    }
}

/// Tells whether these can follow a new password.
fn fits_password(rest: &[UserChange<'_>]) -> bool {
    use UserChange as Change;
    matches!(
        rest,
        [] | [Change::Replace(_)]
            | [Change::RetainCurrentPassword]
            | [Change::Replace(_), Change::RetainCurrentPassword]
    )
}

/// Tells whether `ALTER USER USER()` can make these changes.
fn fits_own(changes: &[UserChange<'_>]) -> bool {
    use UserChange as Change;
    match changes {
        [Change::Identified(Authentication { plugin, .. }), ..] => plugin.is_none(),
        [] | [Change::AddFactor(..) | Change::ModifyFactor(..) | Change::DropFactor(_), ..] => {
            false
        }
        _ => true,
    }
}

impl<'a> Parser<'a> {
    pub(super) fn account_statement(&self, statement: AccountStatement<'a>) -> Statement<'a> {
        Statement::Account(self.arena.node(statement))
    }

    pub(super) fn create_user(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let if_exists = self.if_not_exists();
        let users = self.list(|parser| parser.user_spec(false))?;
        let default_roles = match self.eat_keyword(Keyword::Default) {
            true => {
                self.expect_word("role")?;
                self.list(Parser::role)?
            }
            false => &[],
        };
        let definition = self.user_definition(if_exists, users, default_roles)?;
        Ok(self.account_statement(AccountStatement::CreateUser(definition)))
    }

    pub(super) fn alter_user(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let if_exists = self.if_exists();
        let first = self.user_spec(true)?;
        if let UserName::Account(user) = first.user
            && first.changes.is_empty()
            && self.eat_keyword(Keyword::Default)
        {
            self.expect_word("role")?;
            let roles = self.roles()?;
            let alter = AccountStatement::AlterDefaultRole { if_exists, user, roles };
            return Ok(self.account_statement(alter));
        }
        let mut users = self.vec();
        users.push(first);
        while self.eat(TokenKind::Comma) {
            users.push(self.user_spec(true)?);
        }
        let users = users.into_bump_slice();
        // One's own account has a grammar of its own.
        if users.iter().any(|spec| spec.user == UserName::Own)
            && (users.len() > 1 || !self.at_end() || !fits_own(first.changes))
        {
            return Err(self.fail());
        }
        let definition = self.user_definition(if_exists, users, &[])?;
        Ok(self.account_statement(AccountStatement::AlterUser(definition)))
    }

    fn user_definition(
        &mut self,
        if_exists: bool,
        users: &'a [UserSpec<'a>],
        default_roles: &'a [Account<'a>],
    ) -> Parsed<&'a UserDefinition<'a>> {
        let require = self.tls_requirement()?;
        let limits = self.user_limits()?;
        let mut options = self.vec();
        while let Some(option) = self.user_option()? {
            options.push(option);
        }
        let note = match () {
            () if self.eat_word("comment") => Some(UserNote::Comment(self.string()?)),
            () if self.eat_word("attribute") => Some(UserNote::Attribute(self.string()?)),
            () => None,
        };
        let options = options.into_bump_slice();
        Ok(self.arena.node(UserDefinition {
            if_exists,
            users,
            default_roles,
            require,
            limits,
            options,
            note,
        }))
    }

    fn user_spec(&mut self, alter: bool) -> Parsed<UserSpec<'a>> {
        let own = alter && self.at_word("user") && self.peek().kind == TokenKind::LeftParen;
        let user = if own {
            self.advance();
            self.advance();
            self.expect(TokenKind::RightParen)?;
            UserName::Own
        } else {
            UserName::Account(self.account()?)
        };
        let mut changes = self.vec();
        while let Some(change) = self.user_change(alter)? {
            changes.push(change);
        }
        if !fits(&changes, alter) {
            return Err(self.fail());
        }
        Ok(UserSpec { user, changes: changes.into_bump_slice() })
    }

    fn user_change(&mut self, alter: bool) -> Parsed<Option<UserChange<'a>>> {
        let kind = self.token.kind;
        let change = match kind {
            TokenKind::Word(Keyword::And) if !alter => {
                self.advance();
                UserChange::AndIdentified(self.identified()?)
            }
            TokenKind::Word(Keyword::Replace) if alter => {
                self.advance();
                UserChange::Replace(self.string()?)
            }
            TokenKind::Word(Keyword::Add) if alter => {
                self.advance();
                let factor = self.factor()?;
                UserChange::AddFactor(factor, self.identified()?)
            }
            TokenKind::Word(Keyword::Drop) if alter => {
                self.advance();
                UserChange::DropFactor(self.factor()?)
            }
            TokenKind::Literal(_) if alter => self.registration()?,
            TokenKind::Word(_) if self.at_word("identified") => {
                UserChange::Identified(self.identified()?)
            }
            TokenKind::Word(_) if !alter && self.eat_words(&["initial", "authentication"]) => {
                UserChange::Initial(self.identified()?)
            }
            TokenKind::Word(_) if alter && self.eat_word("modify") => {
                let factor = self.factor()?;
                UserChange::ModifyFactor(factor, self.identified()?)
            }
            TokenKind::Word(_) if alter && self.eat_word("retain") => {
                self.expect_words(&["current", "password"])?;
                UserChange::RetainCurrentPassword
            }
            TokenKind::Word(_) if alter && self.eat_word("discard") => {
                self.expect_words(&["old", "password"])?;
                UserChange::DiscardOldPassword
            }
            _ => return Ok(None),
        };
        Ok(Some(change))
    }

    /// Reads `n FACTOR`.
    fn factor(&mut self) -> Parsed<&'a str> {
        let factor = self.number()?;
        self.expect_word("factor")?;
        Ok(factor)
    }

    fn registration(&mut self) -> Parsed<UserChange<'a>> {
        let factor = self.factor()?;
        if self.eat_word("unregister") {
            return Ok(UserChange::Unregister(factor));
        }
        if self.eat_words(&["initiate", "registration"]) {
            return Ok(UserChange::InitiateRegistration(factor));
        }
        self.expect_words(&["finish", "registration", "set", "challenge_response", "as"])?;
        Ok(UserChange::FinishRegistration { factor, response: self.string()? })
    }

    /// Reads `IDENTIFIED [WITH plugin] [BY ... | AS ...]`.
    fn identified(&mut self) -> Parsed<Authentication<'a>> {
        self.expect_word("identified")?;
        let plugin = match self.eat_keyword(Keyword::With) {
            true => Some(self.name_or_string()?),
            false => None,
        };
        let secret = if self.eat_keyword(Keyword::By) {
            match self.eat_words(&["random", "password"]) {
                true => Some(Secret::Random),
                false => Some(Secret::Password(self.string()?)),
            }
        } else if plugin.is_some() && self.eat_keyword(Keyword::As) {
            Some(Secret::Stored(self.string()?))
        } else {
            None
        };
        if plugin.is_none() && secret.is_none() {
            return Err(self.fail());
        }
        Ok(Authentication { plugin, secret })
    }

    fn tls_requirement(&mut self) -> Parsed<Option<TlsRequirement<'a>>> {
        if !self.eat_keyword(Keyword::Require) {
            return Ok(None);
        }
        if self.eat_word("none") {
            return Ok(Some(TlsRequirement::None));
        }
        if self.eat_keyword(Keyword::Ssl) {
            return Ok(Some(TlsRequirement::Ssl));
        }
        if self.eat_word("x509") {
            return Ok(Some(TlsRequirement::X509));
        }
        let mut details = self.vec();
        loop {
            let detail = TlsDetail::from_text(self.token_text()).ok_or_else(|| self.fail())?;
            self.advance();
            details.push((detail, self.string()?));
            let more = self.eat_keyword(Keyword::And);
            let detail_follows = TlsDetail::from_text(self.token_text()).is_some();
            if !more && !detail_follows {
                return Ok(Some(TlsRequirement::Details(details.into_bump_slice())));
            }
        }
    }

    fn user_limits(&mut self) -> Parsed<&'a [UserLimit<'a>]> {
        if !self.eat_keyword(Keyword::With) {
            return Ok(&[]);
        }
        let mut limits = self.vec();
        while let Some(kind) = UserLimitKind::from_text(self.token_text()) {
            self.advance();
            limits.push(UserLimit { kind, value: self.number()? });
        }
        if limits.is_empty() { Err(self.fail()) } else { Ok(limits.into_bump_slice()) }
    }

    fn user_option(&mut self) -> Parsed<Option<UserOption<'a>>> {
        let option = match () {
            () if self.eat_word("account") => match self.eat_word("lock") {
                true => UserOption::AccountLock,
                false => {
                    self.expect_keyword(Keyword::Unlock)?;
                    UserOption::AccountUnlock
                }
            },
            () if self.eat_word("failed_login_attempts") => {
                UserOption::FailedLoginAttempts(self.number()?)
            }
            () if self.eat_word("password_lock_time") => match self.eat_word("unbounded") {
                true => UserOption::LockTimeUnbounded,
                false => UserOption::LockTime(self.number()?),
            },
            () if self.eat_word("password") => self.password_option()?,
            () => return Ok(None),
        };
        Ok(Some(option))
    }

    fn password_option(&mut self) -> Parsed<UserOption<'a>> {
        if self.eat_word("expire") {
            return Ok(match () {
                () if self.eat_keyword(Keyword::Default) => UserOption::ExpireDefault,
                () if self.eat_word("never") => UserOption::ExpireNever,
                () if self.eat_keyword(Keyword::Interval) => {
                    let days = self.number()?;
                    self.expect_word("day")?;
                    UserOption::ExpireInterval(days)
                }
                () => UserOption::Expire,
            });
        }
        if self.eat_word("history") {
            return Ok(UserOption::History(self.number_or_default()?));
        }
        if self.eat_word("reuse") {
            self.expect_keyword(Keyword::Interval)?;
            let days = self.number_or_default()?;
            if days.is_some() {
                self.expect_word("day")?;
            }
            return Ok(UserOption::ReuseInterval(days));
        }
        self.expect_words(&["require", "current"])?;
        Ok(match () {
            () if self.eat_keyword(Keyword::Default) => UserOption::RequireCurrentDefault,
            () if self.eat_word("optional") => UserOption::RequireCurrentOptional,
            () => UserOption::RequireCurrent,
        })
    }

    fn number_or_default(&mut self) -> Parsed<Option<&'a str>> {
        if self.eat_keyword(Keyword::Default) { Ok(None) } else { self.number().map(Some) }
    }

    pub(super) fn drop_user(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let if_exists = self.if_exists();
        let users = self.list(Parser::account)?;
        Ok(self.account_statement(AccountStatement::DropUser { if_exists, users }))
    }

    pub(super) fn rename_user(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let pairs = self.list(|parser| {
            let from = parser.account()?;
            parser.expect_keyword(Keyword::To)?;
            Ok((from, parser.account()?))
        })?;
        Ok(self.account_statement(AccountStatement::RenameUser(pairs)))
    }

    pub(super) fn create_role(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let if_not_exists = self.if_not_exists();
        let roles = self.list(Parser::role)?;
        Ok(self.account_statement(AccountStatement::CreateRole { if_not_exists, roles }))
    }

    pub(super) fn drop_role(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let if_exists = self.if_exists();
        let roles = self.list(Parser::role)?;
        Ok(self.account_statement(AccountStatement::DropRole { if_exists, roles }))
    }

    /// Reads a role: an account's name, but no word that is a privilege, too.
    pub(super) fn role(&mut self) -> Parsed<Account<'a>> {
        let is_word = matches!(self.token.kind, TokenKind::Word(_));
        let is_other = is_word
            && (self.at_keyword(Keyword::CurrentUser)
                || NO_ROLES.iter().any(|word| self.at_word(word)));
        if is_other { Err(self.fail()) } else { self.account() }
    }

    /// Reads `NONE`, `ALL` or a list of roles.
    fn roles(&mut self) -> Parsed<Roles<'a>> {
        if self.eat_word("none") {
            return Ok(Roles::None);
        }
        if self.eat_keyword(Keyword::All) {
            return Ok(Roles::All);
        }
        Ok(Roles::Named(self.list(Parser::role)?))
    }

    /// Reads what may stand behind `SET ROLE`.
    pub(super) fn role_choice(&mut self) -> Parsed<SetRole<'a>> {
        if self.eat_keyword(Keyword::Default) {
            return Ok(SetRole::Default);
        }
        let roles = self.roles()?;
        if roles == Roles::All && self.eat_keyword(Keyword::Except) {
            return Ok(SetRole::AllExcept(self.list(Parser::role)?));
        }
        Ok(SetRole::Roles(roles))
    }

    /// Reads `SET ROLE`, `SET DEFAULT ROLE` or `SET PASSWORD`.
    pub(super) fn set_account(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        if self.eat_word("role") {
            let choice = self.role_choice()?;
            return Ok(self.account_statement(AccountStatement::SetRole(choice)));
        }
        if self.eat_keyword(Keyword::Default) {
            self.expect_word("role")?;
            let roles = self.roles()?;
            self.expect_keyword(Keyword::To)?;
            let users = self.list(Parser::account)?;
            return Ok(self.account_statement(AccountStatement::SetDefaultRole { roles, users }));
        }
        self.expect_word("password")?;
        let user = if self.eat_keyword(Keyword::For) { Some(self.account()?) } else { None };
        let password = if self.eat_keyword(Keyword::To) {
            self.expect_word("random")?;
            None
        } else {
            self.assignment_sign()?;
            Some(self.string()?)
        };
        let replace = match self.eat_keyword(Keyword::Replace) {
            true => Some(self.string()?),
            false => None,
        };
        let retain_current = self.eat_word("retain");
        if retain_current {
            self.expect_words(&["current", "password"])?;
        }
        let set = SetPassword { user, password, replace, retain_current };
        Ok(self.account_statement(AccountStatement::SetPassword(self.arena.node(set))))
    }
}
