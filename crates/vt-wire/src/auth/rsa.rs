//! The password under RSA, for `caching_sha2_password` on connections without TLS.
//!
//! The client encrypts `password + zero byte`, XORed with the nonce, with OAEP; randomness enters
//! in the padding and the making of keys, which the library of cryptography takes care of.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Nonce;

const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";
const PEM_WIDTH: usize = 64;

/// The key pair of a server.
pub struct ServerKey {
    private: OaepPrivateDecryptingKey,
    public_pem: String,
}

impl ServerKey {
    /// Makes a key of 2048 bits, which takes a good part of a second; `None` if the library fails.
    pub fn generate() -> Option<ServerKey> {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).ok()?;
        let der: PublicKeyX509Der<'_> = private.public_key().as_der().ok()?;
        let public_pem = encode_pem(der.as_ref());
        Some(ServerKey { private: OaepPrivateDecryptingKey::new(private).ok()?, public_pem })
    }

    /// Returns the public key as it is sent to clients.
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// Returns the password that a client encrypted for this nonce, `None` if it is none.
    pub fn decrypt(&self, encrypted: &[u8], nonce: &Nonce) -> Option<Vec<u8>> {
        let mut room = vec![0; self.private.min_output_size()];
        let plain = self.private.decrypt(&OAEP_SHA1_MGF1SHA1, encrypted, &mut room, None).ok()?;
        let mut password = masked(plain, nonce);
        (password.pop()? == 0).then_some(password)
    }
}

/// Encrypts a password for the server that sent this key and nonce; `None` if the key is none, or
/// too short for the password.
pub fn encrypt(public_pem: &[u8], password: &[u8], nonce: &Nonce) -> Option<Vec<u8>> {
    let key = PublicEncryptingKey::from_der(&decode_pem(public_pem)?).ok()?;
    let key = OaepPublicEncryptingKey::new(key).ok()?;
    let mut plain = password.to_vec();
    plain.push(0);
    let plain = masked(&plain, nonce);
    let mut room = vec![0; key.ciphertext_size()];
    key.encrypt(&OAEP_SHA1_MGF1SHA1, &plain, &mut room, None).ok().map(|sealed| sealed.to_vec())
}

fn masked(bytes: &[u8], nonce: &Nonce) -> Vec<u8> {
    bytes.iter().zip(nonce.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

fn encode_pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut pem = format!("{PEM_BEGIN}\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_WIDTH));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str(PEM_END);
    pem.push('\n');
    pem
}

fn decode_pem(pem: &[u8]) -> Option<Vec<u8>> {
    let pem = std::str::from_utf8(pem).ok()?;
    let (_, rest) = pem.split_once(PEM_BEGIN)?;
    let (body, _) = rest.split_once(PEM_END)?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_come_back_for_their_nonce_only() {
        let key = ServerKey::generate().unwrap();
        let nonce = *b"abcdefghijklmnopqrst";
        let password = b"a password longer than the nonce";
        let sealed = encrypt(key.public_pem().as_bytes(), password, &nonce).unwrap();
        assert_eq!(key.decrypt(&sealed, &nonce).as_deref(), Some(&password[..]));
        assert_ne!(key.decrypt(&sealed, b"bbcdefghijklmnopqrst").as_deref(), Some(&password[..]));
        assert_eq!(key.decrypt(&sealed[1..], &nonce), None);
        assert_eq!(key.decrypt(&[], &nonce), None);
        assert!(encrypt(key.public_pem().as_bytes(), &[b'x'; 300], &nonce).is_none());
        assert!(encrypt(b"no key", password, &nonce).is_none());
        assert!(key.public_pem().lines().all(|line| line.len() <= PEM_WIDTH));
    }
}
