//! `GRANT` and `REVOKE`.

use super::{Print, Printer};
use crate::ast::{Grant, Granted, Privilege, PrivilegeLevel, PrivilegeObject, Revoke};

impl Print for Grant<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("grant ");
        printer.node(&self.what);
        printer.word(" to ");
        printer.list(self.to);
        if self.grant_option {
            printer.word(match self.what {
                Granted::Roles(_) => " with admin option",
                _ => " with grant option",
            });
        }
        if let Some(as_user) = &self.as_user {
            printer.word(" as ");
            printer.node(&as_user.user);
            printer.optional(" with role ", as_user.roles.as_ref());
        }
    }
}

impl Print for Revoke<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("revoke ");
        printer.word_if(self.if_exists, "if exists ");
        printer.node(&self.what);
        printer.word(" from ");
        printer.list(self.from);
        printer.word_if(self.ignore_unknown_user, " ignore unknown user");
    }
}

impl Print for Granted<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Granted::Privileges { privileges, object } => {
                printer.list(privileges);
                printer.word(" on ");
                printer.node(object);
            }
            Granted::All(object) => {
                printer.word("all privileges on ");
                printer.node(object);
            }
            Granted::Everything => printer.word("all privileges, grant option"),
            Granted::Proxy(account) => {
                printer.word("proxy on ");
                printer.node(account);
            }
            Granted::Roles(roles) => printer.list(roles),
        }
    }
}

impl Print for Privilege<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        if self.fixed {
            printer.word(self.name);
        } else {
            printer.name(self.name);
        }
        if !self.columns.is_empty() {
            printer.word(" ");
            printer.paren_list(self.columns);
        }
    }
}

impl Print for PrivilegeObject<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        if let Some(kind) = self.kind {
            printer.word(kind.text());
            printer.word(" ");
        }
        match &self.level {
            PrivilegeLevel::Global => printer.word("*.*"),
            PrivilegeLevel::Current => printer.word("*"),
            PrivilegeLevel::Schema(schema) => {
                printer.node(schema);
                printer.word(".*");
            }
            PrivilegeLevel::Object(name) => printer.node(name),
        }
    }
}
