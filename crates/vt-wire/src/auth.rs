//! Ways to prove a password: the plugins, their scrambles and their stored forms.

pub mod native;
pub mod rsa;
pub mod sha2;

/// Length of the random bytes that a server sends for a scramble.
pub const NONCE_LENGTH: usize = 20;

/// Random bytes of a server; neither zero nor `$` occurs, and none is above 127.
pub type Nonce = [u8; NONCE_LENGTH];

/// Makes a nonce of random bytes: clients treat it as text that a zero byte ends.
pub fn nonce_of(random: [u8; NONCE_LENGTH]) -> Nonce {
    random.map(|byte| match byte & 0x7f {
        0 => 1,
        b'$' => b'%',
        fine => fine,
    })
}

/// An authentication plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plugin {
    /// `mysql_native_password`: SHA-1 of the password, scrambled.
    Native,
    /// `caching_sha2_password`: SHA-256, scrambled where the server has the digest at hand, else
    /// the password itself over TLS, a Unix socket, or under RSA.
    CachingSha2,
    /// `mysql_clear_password`: the password itself; for TLS and Unix sockets.
    Clear,
}

impl Plugin {
    pub const ALL: [Plugin; 3] = [Plugin::Native, Plugin::CachingSha2, Plugin::Clear];

    /// Returns the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Plugin::Native => "mysql_native_password",
            Plugin::CachingSha2 => "caching_sha2_password",
            Plugin::Clear => "mysql_clear_password",
        }
    }

    pub fn from_name(name: &str) -> Option<Plugin> {
        Plugin::ALL.into_iter().find(|plugin| plugin.name() == name)
    }
}

/// Compares secrets in a time that does not depend on where they differ.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(left, right).is_ok()
}
