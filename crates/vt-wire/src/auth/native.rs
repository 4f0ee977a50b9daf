//! `mysql_native_password`: `SHA1(password) XOR SHA1(nonce + SHA1(SHA1(password)))`.

use sha1::{Digest, Sha1};

use super::{Nonce, equal};

/// What a server stores: `SHA1(SHA1(password))`.
pub type Stored = [u8; 20];

fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Returns the stored form of a password.
pub fn stored(password: &[u8]) -> Stored {
    sha1(&[&sha1(&[password])])
}

/// Reads the stored form as MySQL prints it: `*` and 40 hexadecimal digits; the `*` may lack.
pub fn parse_stored(printed: &str) -> Option<Stored> {
    super::sha2::parse_hex(printed.strip_prefix('*').unwrap_or(printed))
}

/// Returns what a client sends; nothing at all for an empty password.
pub fn scramble(password: &[u8], nonce: &Nonce) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let once = sha1(&[password]);
    let mask = sha1(&[nonce, &sha1(&[&once])]);
    once.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect()
}

/// Returns whether a client that sent `scrambled` knows the password.
pub fn verify(scrambled: &[u8], nonce: &Nonce, stored: &Stored) -> bool {
    if scrambled.len() != 20 {
        return false;
    }
    let mask = sha1(&[nonce, stored]);
    let once: Vec<u8> = scrambled.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    equal(&sha1(&[&once]), stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_is_that_of_mysql() {
        // SELECT PASSWORD('secret') of MySQL 5.7.
        let printed = "*14E65567ABDB5135D0CFD9A70B3032C179A49EE7";
        assert_eq!(parse_stored(printed), Some(stored(b"secret")));
        assert_eq!(parse_stored("*14E6"), None);
        assert_eq!(parse_stored("*zzE65567ABDB5135D0CFD9A70B3032C179A49EE7"), None);
    }

    #[test]
    fn only_the_right_password_is_accepted() {
        let nonce = *b"abcdefghijklmnopqrst";
        let stored = stored(b"secret");
        assert!(verify(&scramble(b"secret", &nonce), &nonce, &stored));
        assert!(!verify(&scramble(b"Secret", &nonce), &nonce, &stored));
        assert!(!verify(&scramble(b"secret", b"bbcdefghijklmnopqrst"), &nonce, &stored));
        assert!(!verify(b"", &nonce, &stored));
        assert!(scramble(b"", &nonce).is_empty());
    }
}
