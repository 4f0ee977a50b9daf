//! Users, roles, privileges, passwords.

use super::{Account, Ident, Literal};

/// A statement about accounts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AccountStatement<'a> {
    CreateUser(&'a UserDefinition<'a>),
    AlterUser(&'a UserDefinition<'a>),
    /// `ALTER USER user DEFAULT ROLE ...`
    AlterDefaultRole {
        if_exists: bool,
        user: Account<'a>,
        roles: Roles<'a>,
    },
    DropUser {
        if_exists: bool,
        users: &'a [Account<'a>],
    },
    RenameUser(&'a [(Account<'a>, Account<'a>)]),
    CreateRole {
        if_not_exists: bool,
        roles: &'a [Account<'a>],
    },
    DropRole {
        if_exists: bool,
        roles: &'a [Account<'a>],
    },
    Grant(&'a Grant<'a>),
    Revoke(&'a Revoke<'a>),
    SetPassword(&'a SetPassword<'a>),
    SetRole(SetRole<'a>),
    SetDefaultRole {
        roles: Roles<'a>,
        users: &'a [Account<'a>],
    },
}

/// `CREATE USER` and `ALTER USER`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UserDefinition<'a> {
    /// `IF NOT EXISTS` of `CREATE`, `IF EXISTS` of `ALTER`.
    pub if_exists: bool,
    pub users: &'a [UserSpec<'a>],
    /// Of `CREATE USER`.
    pub default_roles: &'a [Account<'a>],
    pub require: Option<TlsRequirement<'a>>,
    /// `WITH MAX_QUERIES_PER_HOUR 1 ...`
    pub limits: &'a [UserLimit<'a>],
    pub options: &'a [UserOption<'a>],
    pub note: Option<UserNote<'a>>,
}

/// A user and how it proves itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UserSpec<'a> {
    pub user: UserName<'a>,
    /// In the order of the text.
    pub changes: &'a [UserChange<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UserName<'a> {
    Account(Account<'a>),
    /// `USER()`, the user that is logged in.
    Own,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UserChange<'a> {
    Identified(Authentication<'a>),
    /// `AND IDENTIFIED ...`, of the second and third factor.
    AndIdentified(Authentication<'a>),
    /// `INITIAL AUTHENTICATION IDENTIFIED ...`
    Initial(Authentication<'a>),
    /// `REPLACE 'current password'`
    Replace(&'a Literal<'a>),
    RetainCurrentPassword,
    DiscardOldPassword,
    AddFactor(&'a str, Authentication<'a>),
    ModifyFactor(&'a str, Authentication<'a>),
    DropFactor(&'a str),
    InitiateRegistration(&'a str),
    FinishRegistration {
        factor: &'a str,
        response: &'a Literal<'a>,
    },
    Unregister(&'a str),
}

/// `IDENTIFIED [WITH plugin] [BY ... | AS ...]`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Authentication<'a> {
    pub plugin: Option<&'a str>,
    pub secret: Option<Secret<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Secret<'a> {
    Password(&'a Literal<'a>),
    /// `BY RANDOM PASSWORD`
    Random,
    /// `AS 'what the plugin stores'`
    Stored(&'a Literal<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TlsRequirement<'a> {
    None,
    Ssl,
    X509,
    /// One or more of subject, issuer and cipher.
    Details(&'a [(TlsDetail, &'a Literal<'a>)]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsDetail {
    Subject,
    Issuer,
    Cipher,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserLimit<'a> {
    pub kind: UserLimitKind,
    pub value: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserLimitKind {
    QueriesPerHour,
    UpdatesPerHour,
    ConnectionsPerHour,
    UserConnections,
}

/// An option of passwords and locks; numbers as written, `None` where the text says `DEFAULT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserOption<'a> {
    /// `PASSWORD EXPIRE` alone.
    Expire,
    ExpireDefault,
    ExpireNever,
    ExpireInterval(&'a str),
    History(Option<&'a str>),
    ReuseInterval(Option<&'a str>),
    RequireCurrent,
    RequireCurrentDefault,
    RequireCurrentOptional,
    FailedLoginAttempts(&'a str),
    LockTime(&'a str),
    /// `PASSWORD_LOCK_TIME UNBOUNDED`
    LockTimeUnbounded,
    AccountLock,
    AccountUnlock,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UserNote<'a> {
    Comment(&'a Literal<'a>),
    Attribute(&'a Literal<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Roles<'a> {
    None,
    All,
    Named(&'a [Account<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SetRole<'a> {
    Default,
    Roles(Roles<'a>),
    AllExcept(&'a [Account<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SetPassword<'a> {
    pub user: Option<Account<'a>>,
    /// `None` for `TO RANDOM`.
    pub password: Option<&'a Literal<'a>>,
    pub replace: Option<&'a Literal<'a>>,
    pub retain_current: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grant<'a> {
    pub what: Granted<'a>,
    pub to: &'a [Account<'a>],
    /// `WITH GRANT OPTION`; of roles, `WITH ADMIN OPTION`.
    pub grant_option: bool,
    /// `AS user [WITH ROLE ...]`
    pub as_user: Option<GrantAs<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrantAs<'a> {
    pub user: Account<'a>,
    pub roles: Option<SetRole<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Revoke<'a> {
    pub if_exists: bool,
    pub what: Granted<'a>,
    pub from: &'a [Account<'a>],
    pub ignore_unknown_user: bool,
}

/// What is granted or revoked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Granted<'a> {
    Privileges {
        privileges: &'a [Privilege<'a>],
        object: PrivilegeObject<'a>,
    },
    /// `ALL [PRIVILEGES]` on an object.
    All(PrivilegeObject<'a>),
    /// `REVOKE ALL, GRANT OPTION`: everything everywhere.
    Everything,
    Proxy(Account<'a>),
    Roles(&'a [Account<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privilege<'a> {
    /// Of a static privilege its words in lower case: `create view`; else the name as written.
    pub name: &'a str,
    /// A static privilege, whose name is no identifier.
    pub fixed: bool,
    pub columns: &'a [Ident<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivilegeObject<'a> {
    pub kind: Option<PrivilegeKind>,
    pub level: PrivilegeLevel<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrivilegeKind {
    Table,
    Function,
    Procedure,
    Library,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivilegeLevel<'a> {
    /// `*.*`
    Global,
    /// `*`
    Current,
    /// `db.*`
    Schema(Ident<'a>),
    Object(super::TableName<'a>),
}
