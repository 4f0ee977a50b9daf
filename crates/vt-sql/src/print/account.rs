//! Users, roles, passwords.

use super::{Print, Printer};
use crate::ast::{
    AccountStatement, Authentication, Roles, Secret, SetPassword, SetRole, TlsRequirement,
    UserChange, UserDefinition, UserName, UserNote, UserOption, UserSpec,
};

impl Print for AccountStatement<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            AccountStatement::CreateUser(user) => {
                printer.word("create user ");
                printer.word_if(user.if_exists, "if not exists ");
                printer.node(*user);
            }
            AccountStatement::AlterUser(user) => {
                printer.word("alter user ");
                printer.word_if(user.if_exists, "if exists ");
                printer.node(*user);
            }
            AccountStatement::AlterDefaultRole { if_exists, user, roles } => {
                printer.word("alter user ");
                printer.word_if(*if_exists, "if exists ");
                printer.node(user);
                printer.word(" default role ");
                printer.node(roles);
            }
            AccountStatement::DropUser { if_exists, users } => {
                printer.word("drop user ");
                printer.word_if(*if_exists, "if exists ");
                printer.list(users);
            }
            AccountStatement::RenameUser(pairs) => {
                printer.word("rename user ");
                printer.list_with(pairs, |printer, (from, to)| {
                    printer.node(from);
                    printer.word(" to ");
                    printer.node(to);
                });
            }
            AccountStatement::CreateRole { if_not_exists, roles } => {
                printer.word("create role ");
                printer.word_if(*if_not_exists, "if not exists ");
                printer.list(roles);
            }
            AccountStatement::DropRole { if_exists, roles } => {
                printer.word("drop role ");
                printer.word_if(*if_exists, "if exists ");
                printer.list(roles);
            }
            AccountStatement::Grant(grant) => printer.node(*grant),
            AccountStatement::Revoke(revoke) => printer.node(*revoke),
            AccountStatement::SetPassword(set) => printer.node(*set),
            AccountStatement::SetRole(choice) => {
                printer.word("set role ");
                printer.node(choice);
            }
            AccountStatement::SetDefaultRole { roles, users } => {
                printer.word("set default role ");
                printer.node(roles);
                printer.word(" to ");
                printer.list(users);
            }
        }
    }
}

impl Print for UserDefinition<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.list(self.users);
        if !self.default_roles.is_empty() {
            printer.word(" default role ");
            printer.list(self.default_roles);
        }
        printer.optional(" require ", self.require.as_ref());
        if !self.limits.is_empty() {
            printer.word(" with");
            for limit in self.limits {
                printer.word(" ");
                printer.word(limit.kind.text());
                printer.word(" ");
                printer.word(limit.value);
            }
        }
        for option in self.options {
            printer.word(" ");
            printer.node(option);
        }
        match self.note {
            None => {}
            Some(UserNote::Comment(text)) => {
                printer.word(" comment ");
                printer.node(text);
            }
            Some(UserNote::Attribute(text)) => {
                printer.word(" attribute ");
                printer.node(text);
            }
        }
    }
}

impl Print for UserSpec<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match &self.user {
            UserName::Account(account) => printer.node(account),
            UserName::Own => printer.word("user()"),
        }
        for change in self.changes {
            printer.word(" ");
            printer.node(change);
        }
    }
}

impl Print for UserChange<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        let mut factor = |before: &str, factor: &str, behind: &str| {
            printer.word(before);
            printer.word(factor);
            printer.word(behind);
        };
        match self {
            UserChange::Identified(how) => printer.node(how),
            UserChange::AndIdentified(how) => {
                printer.word("and ");
                printer.node(how);
            }
            UserChange::Initial(how) => {
                printer.word("initial authentication ");
                printer.node(how);
            }
            UserChange::Replace(text) => {
                printer.word("replace ");
                printer.node(*text);
            }
            UserChange::RetainCurrentPassword => printer.word("retain current password"),
            UserChange::DiscardOldPassword => printer.word("discard old password"),
            UserChange::AddFactor(number, how) => {
                factor("add ", number, " factor ");
                printer.node(how);
            }
            UserChange::ModifyFactor(number, how) => {
                factor("modify ", number, " factor ");
                printer.node(how);
            }
            UserChange::DropFactor(number) => factor("drop ", number, " factor"),
            UserChange::InitiateRegistration(number) => {
                factor("", number, " factor initiate registration");
            }
            UserChange::FinishRegistration { factor: number, response } => {
                factor("", number, " factor finish registration set challenge_response as ");
                printer.node(*response);
            }
            UserChange::Unregister(number) => factor("", number, " factor unregister"),
        }
    }
}

impl Print for Authentication<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("identified");
        if let Some(plugin) = self.plugin {
            printer.word(" with ");
            printer.name(plugin);
        }
        match self.secret {
            None => {}
            Some(Secret::Random) => printer.word(" by random password"),
            Some(Secret::Password(text)) => {
                printer.word(" by ");
                printer.node(text);
            }
            Some(Secret::Stored(text)) => {
                printer.word(" as ");
                printer.node(text);
            }
        }
    }
}

impl Print for TlsRequirement<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            TlsRequirement::None => printer.word("none"),
            TlsRequirement::Ssl => printer.word("ssl"),
            TlsRequirement::X509 => printer.word("x509"),
            TlsRequirement::Details(details) => {
                for (index, (detail, text)) in details.iter().enumerate() {
                    printer.word_if(index > 0, " and ");
                    printer.word(detail.text());
                    printer.word(" ");
                    printer.node(*text);
                }
            }
        }
    }
}

impl Print for UserOption<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        let mut number = |before: &str, number: &str, behind: &str| {
            printer.word(before);
            printer.word(number);
            printer.word(behind);
        };
        match *self {
            UserOption::Expire => printer.word("password expire"),
            UserOption::ExpireDefault => printer.word("password expire default"),
            UserOption::ExpireNever => printer.word("password expire never"),
            UserOption::ExpireInterval(days) => number("password expire interval ", days, " day"),
            UserOption::History(None) => printer.word("password history default"),
            UserOption::History(Some(count)) => number("password history ", count, ""),
            UserOption::ReuseInterval(None) => printer.word("password reuse interval default"),
            UserOption::ReuseInterval(Some(days)) => {
                number("password reuse interval ", days, " day");
            }
            UserOption::RequireCurrent => printer.word("password require current"),
            UserOption::RequireCurrentDefault => printer.word("password require current default"),
            UserOption::RequireCurrentOptional => {
                printer.word("password require current optional");
            }
            UserOption::FailedLoginAttempts(count) => number("failed_login_attempts ", count, ""),
            UserOption::LockTime(days) => number("password_lock_time ", days, ""),
            UserOption::LockTimeUnbounded => printer.word("password_lock_time unbounded"),
            UserOption::AccountLock => printer.word("account lock"),
            UserOption::AccountUnlock => printer.word("account unlock"),
        }
    }
}

impl Print for Roles<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Roles::None => printer.word("none"),
            Roles::All => printer.word("all"),
            Roles::Named(roles) => printer.list(roles),
        }
    }
}

impl Print for SetRole<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            SetRole::Default => printer.word("default"),
            SetRole::Roles(roles) => printer.node(roles),
            SetRole::AllExcept(roles) => {
                printer.word("all except ");
                printer.list(roles);
            }
        }
    }
}

impl Print for SetPassword<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("set password");
        printer.optional(" for ", self.user.as_ref());
        match self.password {
            None => printer.word(" to random"),
            Some(password) => {
                printer.word(" = ");
                printer.node(password);
            }
        }
        printer.optional(" replace ", self.replace);
        printer.word_if(self.retain_current, " retain current password");
    }
}
