//! Keys of the length that a cipher needs, made of passwords of any length.

use hkdf::Hkdf;
use sha2::Sha512;

/// How a key is made of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation<'a> {
    /// The bytes of the password laid over each other.
    Fold,
    Hkdf {
        salt: &'a [u8],
        info: &'a [u8],
    },
    Pbkdf2 {
        salt: &'a [u8],
        iterations: u32,
    },
}

impl Derivation<'_> {
    /// Returns a key of `len` bytes; `None` if the derivation cannot make so many.
    pub fn key(self, password: &[u8], len: usize) -> Option<Vec<u8>> {
        let mut key = vec![0; len];
        match self {
            Derivation::Fold => {
                for part in password.chunks(len) {
                    key.iter_mut().zip(part).for_each(|(byte, other)| *byte ^= other);
                }
            }
            Derivation::Hkdf { salt, info } => {
                Hkdf::<Sha512>::new(Some(salt), password).expand(info, &mut key).ok()?;
            }
            Derivation::Pbkdf2 { salt, iterations } => {
                pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, iterations, &mut key);
            }
        }
        Some(key)
    }
}
