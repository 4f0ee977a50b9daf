//! Who may come in: the seam [`AuthServer`] and its implementations.

mod static_file;

use async_trait::async_trait;
use vt_wire::auth::{Plugin, native, sha2};

use crate::socket::Peer;
pub use static_file::StaticAuth;

/// A user who has proved who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthenticatedUser {
    /// The name of the login.
    pub login: String,
    /// The name that rights are checked against: `UserData` of the users file, else the login.
    pub name: String,
    pub groups: Vec<String>,
}

impl AuthenticatedUser {
    /// Makes a user whose rights go by the name of the login.
    pub fn named(login: &str) -> AuthenticatedUser {
        AuthenticatedUser { login: login.to_owned(), name: login.to_owned(), groups: Vec::new() }
    }
}

/// What a server knows of a password.
#[derive(Clone)]
pub enum Credential {
    /// Both digests, made from the password itself: every plugin works, without a second trip.
    Password { native: native::Stored, doubled: sha2::Doubled, is_empty: bool },
    /// `SHA1(SHA1(password))`: for `mysql_native_password`, and a password sent in clear.
    Native(native::Stored),
    /// `SHA256(SHA256(password))`: for `caching_sha2_password`, and a password sent in clear.
    Doubled(sha2::Doubled),
    /// The form that MySQL stores for `caching_sha2_password`.
    Crypted(sha2::Crypted),
    /// [`AuthServer::check_password`] decides on the password in clear.
    External,
    /// Any password is right.
    Anything,
}

impl Credential {
    /// Makes the credential of a known password.
    pub fn password(password: &[u8]) -> Credential {
        Credential::Password {
            native: native::stored(password),
            doubled: sha2::doubled(password),
            is_empty: password.is_empty(),
        }
    }
}

/// One way in for a user; a user may have several, as while a password is being changed.
#[derive(Clone)]
pub struct Account {
    pub credential: Credential,
    pub user: AuthenticatedUser,
}

/// Decides who may come in.
#[async_trait]
pub trait AuthServer: Send + Sync {
    /// Returns the plugin that the greeting names.
    fn default_plugin(&self) -> Plugin {
        Plugin::CachingSha2
    }

    /// Returns the accounts that a login from `peer` may prove; none refuses it, as late as for a
    /// wrong password.
    fn accounts(&self, login: &str, peer: &Peer) -> Vec<Account>;

    /// Checks a password in clear for an account whose credential is [`Credential::External`].
    async fn check_password(&self, _account: &Account, _password: &[u8]) -> bool {
        false
    }
}

/// Lets anyone in, with any password.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoneAuth;

impl AuthServer for NoneAuth {
    fn accounts(&self, login: &str, _peer: &Peer) -> Vec<Account> {
        let user = AuthenticatedUser::named(login);
        vec![Account { credential: Credential::Anything, user }]
    }

    /// The plugin that every client has or can do without: no proof is looked at anyway.
    fn default_plugin(&self) -> Plugin {
        Plugin::Native
    }
}
