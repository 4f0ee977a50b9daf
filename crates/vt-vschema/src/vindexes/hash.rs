//! `hash`: the number, encrypted by DES under the all-zero key.

use std::sync::LazyLock;

use des::Des;
use des::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use vt_value::TypedBytes;

use super::{Function, value};
use crate::Destination;

static CIPHER: LazyLock<Des> = LazyLock::new(|| Des::new(&Array([0; 8])));

#[derive(Debug)]
pub(super) struct Hash;

impl Function for Hash {
    fn reads_numbers(&self) -> bool {
        true
    }

    fn map(&self, row: &[TypedBytes]) -> Destination {
        match value::number(&row[0]) {
            Some(number) => Destination::KeyspaceId(encrypt(number).to_vec()),
            None => Destination::None,
        }
    }

    fn is_reversible(&self) -> bool {
        true
    }

    fn reverse(&self, keyspace_id: &[u8]) -> Option<TypedBytes> {
        decrypt(keyspace_id).map(TypedBytes::uint64)
    }
}

/// Returns the keyspace id of a number.
pub(super) fn encrypt(number: u64) -> [u8; 8] {
    let mut block = Array(number.to_be_bytes());
    CIPHER.encrypt_block(&mut block);
    block.0
}

/// Returns the number of a keyspace id of 8 bytes.
pub(super) fn decrypt(keyspace_id: &[u8]) -> Option<u64> {
    let mut block = Array(<[u8; 8]>::try_from(keyspace_id).ok()?);
    CIPHER.decrypt_block(&mut block);
    Some(u64::from_be_bytes(block.0))
}
