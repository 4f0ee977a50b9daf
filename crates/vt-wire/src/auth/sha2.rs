//! `caching_sha2_password`: scramble, fast check against a digest, slow check against the stored
//! form `$A$005$<salt><digest>`.

use sha2::{Digest, Sha256};

use super::{Nonce, equal};

/// First byte of a server's "auth more data" that says: the scramble was right.
pub const FAST_OK: u8 = 3;
/// First byte of a server's "auth more data" that asks for the password itself.
pub const FULL_WANTED: u8 = 4;
/// What a client sends to ask for the server's RSA key.
pub const KEY_WANTED: u8 = 2;

/// `SHA256(SHA256(password))`: what a fast check needs, and what caches keep.
pub type Doubled = [u8; 32];

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Returns what a fast check needs of a password.
pub fn doubled(password: &[u8]) -> Doubled {
    sha256(&[&sha256(&[password])])
}

/// Returns what a client sends: `SHA256(p) XOR SHA256(SHA256(SHA256(p)) + nonce)`; nothing at all
/// for an empty password.
pub fn scramble(password: &[u8], nonce: &Nonce) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let once = sha256(&[password]);
    let mask = sha256(&[&sha256(&[&once]), nonce]);
    once.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect()
}

/// Returns whether a client that sent `scrambled` knows the password.
pub fn verify(scrambled: &[u8], nonce: &Nonce, doubled: &Doubled) -> bool {
    if scrambled.len() != 32 {
        return false;
    }
    let mask = sha256(&[doubled, nonce]);
    let once: Vec<u8> = scrambled.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    equal(&sha256(&[&once]), doubled)
}

/// Reads exactly `N` bytes of hexadecimal digits.
pub fn parse_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digits = digits.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

/// Salt and digest as `mysql.user.authentication_string` keeps them.
#[derive(Clone, PartialEq, Eq)]
pub struct Crypted {
    /// Rounds of the digest, a multiple of 1000.
    rounds: u32,
    salt: [u8; SALT_LENGTH],
    digest: [u8; DIGEST_LENGTH],
}

const SALT_LENGTH: usize = 20;
const DIGEST_LENGTH: usize = 43;
/// The alphabet of crypt's base64.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Crypted {
    /// Makes the stored form with MySQL's default of 5000 rounds.
    pub fn new(password: &[u8], salt: [u8; SALT_LENGTH]) -> Crypted {
        Crypted { rounds: 5000, salt, digest: crypt(password, &salt, 5000) }
    }

    /// Reads `$A$005$<20 bytes of salt><43 of digest>`.
    pub fn parse(stored: &[u8]) -> Option<Crypted> {
        let rest = stored.strip_prefix(b"$A$")?;
        let (rounds, rest) = rest.split_first_chunk::<3>()?;
        let rest = rest.strip_prefix(b"$")?;
        let (salt, rest) = rest.split_first_chunk::<SALT_LENGTH>()?;
        let digest = rest.try_into().ok()?;
        let rounds = u32::from_str_radix(std::str::from_utf8(rounds).ok()?, 16).ok()? * 1000;
        // MySQL takes 5000 to 4095000; the work is done at each login, so it is bounded here.
        (5000..=ROUNDS_MAX).contains(&rounds).then_some(Crypted { rounds, salt: *salt, digest })
    }

    /// Returns the form that [`Crypted::parse`] reads.
    pub fn stored(&self) -> Vec<u8> {
        let mut stored = format!("$A${:03X}$", self.rounds / 1000).into_bytes();
        stored.extend_from_slice(&self.salt);
        stored.extend_from_slice(&self.digest);
        stored
    }

    /// Returns whether this is the digest of `password`; takes milliseconds on purpose.
    pub fn verify(&self, password: &[u8]) -> bool {
        password.len() <= PASSWORD_MAX
            && equal(&crypt(password, &self.salt, self.rounds), &self.digest)
    }
}

impl std::fmt::Debug for Crypted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Crypted(..)")
    }
}

/// Most rounds that a stored form may ask for.
const ROUNDS_MAX: u32 = 4_095_000;
/// Longest password, as in MySQL: the work grows with its length.
pub const PASSWORD_MAX: usize = 256;

/// Computes SHA-crypt with SHA-256 (Drepper, "Unix crypt using SHA-256 and SHA-512").
fn crypt(password: &[u8], salt: &[u8], rounds: u32) -> [u8; DIGEST_LENGTH] {
    let second = sha256(&[password, salt, password]);
    let mut hash = Sha256::new();
    hash.update(password);
    hash.update(salt);
    update_repeated(&mut hash, &second, password.len());
    let mut bits = password.len();
    while bits > 0 {
        if bits & 1 == 1 {
            hash.update(second)
        } else {
            hash.update(password)
        }
        bits >>= 1;
    }
    let mut digest: [u8; 32] = hash.finalize().into();

    let mut hash = Sha256::new();
    for _ in 0..password.len() {
        hash.update(password);
    }
    let password_block = repeated(&hash.finalize().into(), password.len());
    let mut hash = Sha256::new();
    for _ in 0..16 + usize::from(digest[0]) {
        hash.update(salt);
    }
    let salt_block = repeated(&hash.finalize().into(), salt.len());

    for round in 0..rounds {
        let mut hash = Sha256::new();
        if round % 2 == 1 {
            hash.update(&password_block)
        } else {
            hash.update(digest)
        }
        if round % 3 != 0 {
            hash.update(&salt_block);
        }
        if round % 7 != 0 {
            hash.update(&password_block);
        }
        if round % 2 == 1 {
            hash.update(digest)
        } else {
            hash.update(&password_block)
        }
        digest = hash.finalize().into();
    }
    base64_of_crypt(&digest)
}

fn update_repeated(hash: &mut Sha256, block: &[u8; 32], length: usize) {
    for _ in 0..length / 32 {
        hash.update(block);
    }
    hash.update(&block[..length % 32]);
}

fn repeated(block: &[u8; 32], length: usize) -> Vec<u8> {
    block.iter().copied().cycle().take(length).collect()
}

fn base64_of_crypt(digest: &[u8; 32]) -> [u8; DIGEST_LENGTH] {
    let mut out = [0; DIGEST_LENGTH];
    let mut place = 0;
    let mut put = |high: u8, middle: u8, low: u8, letters: usize| {
        let mut bits = u32::from_be_bytes([0, high, middle, low]);
        for _ in 0..letters {
            out[place] = ALPHABET[(bits & 0x3f) as usize];
            bits >>= 6;
            place += 1;
        }
    };
    let (mut a, mut b, mut c) = (0, 10, 20);
    for _ in 0..10 {
        put(digest[a], digest[b], digest[c], 4);
        (a, b, c) = (c + 1, a + 1, b + 1);
    }
    put(0, digest[31], digest[30], 3);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crypt_gives_the_published_vectors() {
        // From the specification; its salts are shorter than MySQL's.
        let digest = crypt(b"Hello world!", b"saltstring", 5000);
        assert_eq!(&digest, b"5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5");
        let digest = crypt(b"the minimum number is still observed", b"roundstoolow", 1000);
        assert_eq!(&digest, b"yfvwcWrQ8l/K0DAWyuPMDNHpIVlTQebY9l/gL972bIC".as_slice());
    }

    #[test]
    fn the_stored_form_comes_back() {
        let crypted = Crypted::new(b"secret", *b"01234567890123456789");
        let stored = crypted.stored();
        assert_eq!(stored.len(), 70);
        assert!(stored.starts_with(b"$A$005$01234567890123456789"));
        let parsed = Crypted::parse(&stored).unwrap();
        assert!(parsed.verify(b"secret"));
        assert!(!parsed.verify(b"secreT"));
        assert!(!parsed.verify(&[b'x'; 257]));
        assert!(Crypted::parse(&stored[..69]).is_none());
        assert!(Crypted::parse(b"$A$000$").is_none());
        assert!(Crypted::parse(b"$A$\xff\xff\xff$").is_none());
    }

    #[test]
    fn only_the_right_password_is_accepted() {
        let nonce = *b"abcdefghijklmnopqrst";
        let doubled = doubled(b"secret");
        assert!(verify(&scramble(b"secret", &nonce), &nonce, &doubled));
        assert!(!verify(&scramble(b"Secret", &nonce), &nonce, &doubled));
        assert!(!verify(&scramble(b"secret", b"bbcdefghijklmnopqrst"), &nonce, &doubled));
        assert!(!verify(b"", &nonce, &doubled));
    }
}
