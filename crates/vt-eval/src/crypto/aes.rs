//! AES in the modes of `block_encryption_mode`.

use ::aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use ::aes::{Aes128, Aes192, Aes256, Block};

/// The bytes of a block, and of an initialization vector.
pub const BLOCK: usize = 16;

/// How blocks are chained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chaining {
    Ecb,
    Cbc,
    Cfb1,
    Cfb8,
    Cfb128,
    Ofb,
}

/// A value of `block_encryption_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mode {
    /// 128, 192 or 256.
    pub bits: u16,
    pub chaining: Chaining,
}

impl Default for Mode {
    fn default() -> Mode {
        Mode { bits: 128, chaining: Chaining::Ecb }
    }
}

impl Mode {
    /// Returns the mode of a name such as `aes-128-ecb`.
    pub fn from_name(name: &str) -> Option<Mode> {
        let name = name.to_ascii_lowercase();
        let (bits, chaining) = name.strip_prefix("aes-")?.split_once('-')?;
        let bits = match bits {
            "128" => 128,
            "192" => 192,
            "256" => 256,
            _ => return None,
        };
        let chaining = match chaining {
            "ecb" => Chaining::Ecb,
            "cbc" => Chaining::Cbc,
            "cfb1" => Chaining::Cfb1,
            "cfb8" => Chaining::Cfb8,
            "cfb128" => Chaining::Cfb128,
            "ofb" => Chaining::Ofb,
            _ => return None,
        };
        Some(Mode { bits, chaining })
    }

    /// Returns the bytes of a key.
    pub fn key_len(self) -> usize {
        usize::from(self.bits / 8)
    }

    /// Returns whether an initialization vector is needed.
    pub fn needs_vector(self) -> bool {
        self.chaining != Chaining::Ecb
    }

    /// Returns whether texts are filled up to whole blocks.
    pub fn is_padded(self) -> bool {
        matches!(self.chaining, Chaining::Ecb | Chaining::Cbc)
    }

    /// Returns the length of so many bytes when they are encrypted.
    pub fn encrypted_len(self, len: usize) -> usize {
        if self.is_padded() { (len / BLOCK + 1).saturating_mul(BLOCK) } else { len }
    }

    /// Encrypts; `None` if the key has another length than the mode's.
    pub fn encrypt(self, key: &[u8], vector: &[u8; BLOCK], text: &[u8]) -> Option<Vec<u8>> {
        let cipher = Cipher::new(self, key)?;
        let mut data = text.to_vec();
        if self.is_padded() {
            let missing = BLOCK - text.len() % BLOCK;
            data.resize(text.len() + missing, missing as u8);
        }
        match self.chaining {
            Chaining::Ecb => data.as_chunks_mut().0.iter_mut().for_each(|b| cipher.encrypt(b)),
            Chaining::Cbc => {
                let mut last = *vector;
                for block in data.as_chunks_mut::<BLOCK>().0 {
                    xor(block, &last);
                    cipher.encrypt(block);
                    last = *block;
                }
            }
            _ => stream(self.chaining, &cipher, vector, &mut data, Direction::Encrypt),
        }
        Some(data)
    }

    /// Decrypts; `None` if the key or the text cannot be one of the mode.
    pub fn decrypt(self, key: &[u8], vector: &[u8; BLOCK], text: &[u8]) -> Option<Vec<u8>> {
        let cipher = Cipher::new(self, key)?;
        let mut data = text.to_vec();
        if self.is_padded() && (text.is_empty() || !text.len().is_multiple_of(BLOCK)) {
            return None;
        }
        match self.chaining {
            Chaining::Ecb => data.as_chunks_mut().0.iter_mut().for_each(|b| cipher.decrypt(b)),
            Chaining::Cbc => {
                let mut last = *vector;
                for block in data.as_chunks_mut::<BLOCK>().0 {
                    let own = *block;
                    cipher.decrypt(block);
                    xor(block, &last);
                    last = own;
                }
            }
            _ => stream(self.chaining, &cipher, vector, &mut data, Direction::Decrypt),
        }
        if self.is_padded() {
            let missing = usize::from(*data.last()?);
            let kept = data.len().checked_sub(missing)?;
            let filled = data.get(kept..)?.iter().all(|byte| usize::from(*byte) == missing);
            if missing == 0 || missing > BLOCK || !filled {
                return None;
            }
            data.truncate(kept);
        }
        Some(data)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Encrypt,
    Decrypt,
}

/// AES with a key of one of its three lengths.
enum Cipher {
    Aes128(Box<Aes128>),
    Aes192(Box<Aes192>),
    Aes256(Box<Aes256>),
}

impl Cipher {
    fn new(mode: Mode, key: &[u8]) -> Option<Cipher> {
        Some(match mode.bits {
            128 => Cipher::Aes128(Box::new(Aes128::new_from_slice(key).ok()?)),
            192 => Cipher::Aes192(Box::new(Aes192::new_from_slice(key).ok()?)),
            _ => Cipher::Aes256(Box::new(Aes256::new_from_slice(key).ok()?)),
        })
    }

    fn encrypt(&self, block: &mut [u8; BLOCK]) {
        let mut one = Block::from(*block);
        match self {
            Cipher::Aes128(cipher) => cipher.encrypt_block(&mut one),
            Cipher::Aes192(cipher) => cipher.encrypt_block(&mut one),
            Cipher::Aes256(cipher) => cipher.encrypt_block(&mut one),
        }
        *block = one.into();
    }

    fn decrypt(&self, block: &mut [u8; BLOCK]) {
        let mut one = Block::from(*block);
        match self {
            Cipher::Aes128(cipher) => cipher.decrypt_block(&mut one),
            Cipher::Aes192(cipher) => cipher.decrypt_block(&mut one),
            Cipher::Aes256(cipher) => cipher.decrypt_block(&mut one),
        }
        *block = one.into();
    }
}

fn xor(block: &mut [u8], other: &[u8]) {
    block.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
}

/// Runs a mode that makes a stream of a block cipher, over bytes that it changes in place.
fn stream(
    chaining: Chaining,
    cipher: &Cipher,
    vector: &[u8; BLOCK],
    data: &mut [u8],
    direction: Direction,
) {
    let mut register = *vector;
    match chaining {
        Chaining::Cfb1 => {
            for bit in 0..data.len() * 8 {
                let mut key = register;
                cipher.encrypt(&mut key);
                let Some(byte) = data.get_mut(bit / 8) else { return };
                let mask = 0x80_u8 >> (bit % 8);
                let before = *byte & mask != 0;
                if key[0] & 0x80 != 0 {
                    *byte ^= mask;
                }
                let after = *byte & mask != 0;
                let fed = if direction == Direction::Encrypt { after } else { before };
                register = (u128::from_be_bytes(register) << 1 | u128::from(fed)).to_be_bytes();
            }
        }
        Chaining::Cfb8 => {
            for byte in data {
                let mut key = register;
                cipher.encrypt(&mut key);
                let before = *byte;
                *byte ^= key[0];
                let fed = if direction == Direction::Encrypt { *byte } else { before };
                register = (u128::from_be_bytes(register) << 8 | u128::from(fed)).to_be_bytes();
            }
        }
        _ => {
            for block in data.chunks_mut(BLOCK) {
                let mut key = register;
                cipher.encrypt(&mut key);
                register = key;
                let mut before = [0; BLOCK];
                before.iter_mut().zip(block.iter()).for_each(|(to, from)| *to = *from);
                xor(block, &key);
                if chaining == Chaining::Cfb128 {
                    match direction {
                        Direction::Encrypt => {
                            register
                                .iter_mut()
                                .zip(block.iter())
                                .for_each(|(to, from)| *to = *from);
                        }
                        Direction::Decrypt => register = before,
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
