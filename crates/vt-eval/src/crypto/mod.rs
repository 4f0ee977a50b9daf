//! What MySQL's functions of encryption compute, over bytes.

pub mod aes;
pub mod key;
