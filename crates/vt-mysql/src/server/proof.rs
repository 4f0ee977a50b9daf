//! Finding out whether a client knows its password, by any of the plugins.

use vt_wire::auth::{Nonce, Plugin, equal, native, sha2};
use vt_wire::handshake;

use super::errors;
use super::login::{Refusal, Secrets, fresh_nonce, read};
use crate::auth::{Account, AuthServer, AuthenticatedUser, Credential};
use crate::link::Link;
use crate::socket::Peer;

/// The proof of one client.
pub(super) struct Proof<'a> {
    pub(super) link: &'a mut Link,
    pub(super) auth: &'a dyn AuthServer,
    pub(super) secrets: &'a Secrets,
    pub(super) peer: &'a Peer,
    pub(super) login: &'a str,
    /// What the client was told to scramble with.
    pub(super) nonce: Nonce,
}

impl Proof<'_> {
    /// Finds the account that the client proves.
    ///
    /// `told` is the plugin that the client used for `proof`, `greeted` the one that the nonce was
    /// sent for.
    pub(super) async fn check(
        &mut self,
        told: &str,
        greeted: &str,
        proof: &[u8],
    ) -> Result<AuthenticatedUser, Refusal> {
        let accounts = self.auth.accounts(self.login, self.peer);
        let is_secure = self.link.transport().is_secure();
        let (plugin, proof) = match Plugin::from_name(told) {
            Some(plugin) if told == greeted && serves(&accounts, plugin, is_secure) => {
                (plugin, proof.to_vec())
            }
            told => {
                let told = told.filter(|plugin| serves(&accounts, *plugin, is_secure));
                let plugin = told.unwrap_or_else(|| self.plugin_for(&accounts));
                (plugin, self.switch(plugin).await?)
            }
        };
        let proved = match plugin {
            Plugin::Native => self.native(&accounts, &proof),
            Plugin::CachingSha2 => self.caching_sha2(&accounts, &proof).await?,
            Plugin::Clear => self.clear(&accounts, &proof).await,
        };
        match proved {
            Some(account) => Ok(account.user.clone()),
            None => {
                let has_password = !is_empty_proof(&proof);
                Err(errors::access_denied(self.login, self.peer, has_password).into())
            }
        }
    }

    /// Returns the plugin that fits an account; for a login without account, that of the greeting,
    /// so that a stranger learns nothing of which logins exist.
    fn plugin_for(&self, accounts: &[Account]) -> Plugin {
        match accounts.first().map(|account| &account.credential) {
            Some(Credential::Native(_)) => Plugin::Native,
            Some(Credential::Doubled(_) | Credential::Crypted(_)) => Plugin::CachingSha2,
            Some(Credential::External) => Plugin::Clear,
            Some(Credential::Password { .. } | Credential::Anything) | None => {
                self.auth.default_plugin()
            }
        }
    }

    async fn switch(&mut self, plugin: Plugin) -> Result<Vec<u8>, Refusal> {
        self.nonce = fresh_nonce()?;
        let nonce = self.nonce;
        self.link.put(|out| handshake::encode_switch(out, plugin.name(), &nonce));
        self.answer().await
    }

    /// Sends what was put and reads the client's answer.
    async fn answer(&mut self) -> Result<Vec<u8>, Refusal> {
        self.link.flush().await.map_err(|_| Refusal::Gone)?;
        read(self.link).await?;
        Ok(self.link.payload().to_vec())
    }

    fn native<'a>(&self, accounts: &'a [Account], proof: &[u8]) -> Option<&'a Account> {
        accounts.iter().find(|account| match &account.credential {
            Credential::Password { is_empty: true, .. } => proof.is_empty(),
            Credential::Password { native: stored, .. } | Credential::Native(stored) => {
                native::verify(proof, &self.nonce, stored)
            }
            Credential::Anything => true,
            _ => false,
        })
    }

    async fn caching_sha2<'a>(
        &mut self,
        accounts: &'a [Account],
        proof: &[u8],
    ) -> Result<Option<&'a Account>, Refusal> {
        if is_empty_proof(proof) {
            // The client takes its part for done: no verdict may come before the OK.
            let is_empty = |account: &&Account| {
                let Credential::Password { is_empty, .. } = account.credential else {
                    return matches!(account.credential, Credential::Anything);
                };
                is_empty
            };
            return Ok(accounts.iter().find(is_empty));
        }
        let nonce = self.nonce;
        let fast = accounts.iter().find(|account| match &account.credential {
            Credential::Password { is_empty: true, .. } => false,
            Credential::Password { doubled, .. } | Credential::Doubled(doubled) => {
                sha2::verify(proof, &nonce, doubled)
            }
            Credential::Crypted(stored) => self
                .secrets
                .proved(stored)
                .is_some_and(|doubled| sha2::verify(proof, &nonce, &doubled)),
            Credential::Anything => true,
            _ => false,
        });
        if fast.is_some() {
            self.link.put(|out| handshake::encode_more(out, &[sha2::FAST_OK]));
            return Ok(fast);
        }
        if !accounts.iter().any(|account| matches!(account.credential, Credential::Crypted(_))) {
            return Ok(None);
        }
        let Some(password) = self.full_password().await? else { return Ok(None) };
        for account in accounts {
            if let Credential::Crypted(stored) = &account.credential
                && verify_crypted(stored, &password).await
            {
                self.secrets.remember(stored, &password);
                return Ok(Some(account));
            }
        }
        Ok(None)
    }

    /// Asks for the password itself: in clear where nobody reads along, else under RSA.
    async fn full_password(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        self.link.put(|out| handshake::encode_more(out, &[sha2::FULL_WANTED]));
        let mut answer = self.answer().await?;
        if self.link.transport().is_secure() {
            return Ok((answer.pop() == Some(0)).then_some(answer));
        }
        let Some(key) = self.secrets.key().await else { return Ok(None) };
        if answer == [sha2::KEY_WANTED] {
            self.link.put(|out| handshake::encode_more(out, key.public_pem().as_bytes()));
            answer = self.answer().await?;
        }
        Ok(key.decrypt(&answer, &self.nonce))
    }

    async fn clear<'a>(&self, accounts: &'a [Account], proof: &[u8]) -> Option<&'a Account> {
        let password = proof.strip_suffix(&[0]).unwrap_or(proof);
        for account in accounts {
            let is_right = match &account.credential {
                Credential::Password { doubled, .. } | Credential::Doubled(doubled) => {
                    equal(&sha2::doubled(password), doubled)
                }
                Credential::Native(stored) => equal(&native::stored(password), stored),
                Credential::Crypted(stored) => verify_crypted(stored, password).await,
                Credential::External => self.auth.check_password(account, password).await,
                Credential::Anything => true,
            };
            if is_right {
                return Some(account);
            }
        }
        None
    }
}

/// Runs the check, slow on purpose, where it holds up nobody.
async fn verify_crypted(stored: &sha2::Crypted, password: &[u8]) -> bool {
    let (stored, password) = (stored.clone(), password.to_vec());
    tokio::task::spawn_blocking(move || stored.verify(&password)).await.unwrap_or(false)
}

/// MySQL's own client sends a zero byte for an empty password, others nothing.
fn is_empty_proof(proof: &[u8]) -> bool {
    proof.is_empty() || proof == [0]
}

/// Returns whether a plugin can prove one of the accounts.
fn serves(accounts: &[Account], plugin: Plugin, is_secure: bool) -> bool {
    accounts.iter().any(|account| match (plugin, &account.credential) {
        (_, Credential::Anything)
        | (Plugin::Native, Credential::Password { .. } | Credential::Native(_))
        | (
            Plugin::CachingSha2,
            Credential::Password { .. } | Credential::Doubled(_) | Credential::Crypted(_),
        ) => true,
        (Plugin::Clear, _) => is_secure,
        _ => false,
    })
}
