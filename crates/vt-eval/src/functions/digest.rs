//! MD5, SHA1, SHA2, AES_ENCRYPT and AES_DECRYPT.

use vt_base::Error;
use vt_value::{Collation, Value};

use super::strings::{self, binary, bytes, constant_int, from_args, of_connection};
use crate::crypto::aes::{BLOCK, Mode};
use crate::crypto::key::Derivation;
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("aes_decrypt", (2, 6), decrypt_kind, aes_decrypt),
    Function::new("aes_encrypt", (2, 6), encrypt_kind, aes_encrypt),
    Function::new("md5", (1, 1), md5_kind, md5),
    Function::new("sha", (1, 1), sha1_kind, sha1),
    Function::new("sha1", (1, 1), sha1_kind, sha1),
    Function::new("sha2", (2, 2), sha2_kind, sha2),
];

/// Returns bytes as hexadecimal digits in the result's character set.
fn hex(call: &Call<'_, '_>, bytes: &[u8]) -> Result<Value, Error> {
    let collation = call.kind().collation;
    let charset = strings::charset_of(collation)?;
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            let shown = char::from_digit(digit.into(), 16).unwrap_or('0');
            charset.encode(shown.into(), &mut out);
        }
    }
    Ok(call.made(out))
}

fn md5_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(from_args(signature, of_connection(signature, 32)))
}

fn md5(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    use md5::Digest;
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    hex(call, &md5::Md5::digest(&text))
}

fn sha1_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(from_args(signature, of_connection(signature, 40)))
}

fn sha1(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    use sha1::Digest;
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    hex(call, &sha1::Sha1::digest(&text))
}

/// MySQL's warning of a length that no digest has.
const NO_SUCH_DIGEST: (u16, &str) =
    (1583, "Incorrect parameters in the call to native function 'sha2'");

fn sha2_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let constant = constant_int(signature, 1)?;
    let bits = constant.map_or(Some(512), |bits| bits.map(|bits| bits.value));
    let digits = match bits {
        Some(224) => 56,
        Some(384) => 96,
        Some(512) => 128,
        _ => 64,
    };
    // A constant is judged here, once for all rows.
    if !matches!(bits, Some(0 | 224 | 256 | 384 | 512)) {
        signature.note(NO_SUCH_DIGEST.0, NO_SUCH_DIGEST.1);
    }
    signature.keep(constant.is_some());
    Ok(of_connection(signature, digits).with_nullable(true))
}

fn sha2(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    use sha2::Digest;
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    let bits = call.int(1)?;
    match bits.map(|bits| bits.value) {
        Some(0 | 256) => hex(call, &sha2::Sha256::digest(&text)),
        Some(224) => hex(call, &sha2::Sha224::digest(&text)),
        Some(384) => hex(call, &sha2::Sha384::digest(&text)),
        Some(512) => hex(call, &sha2::Sha512::digest(&text)),
        _ if call.kept::<bool>() == Some(&true) => Ok(Value::Null),
        _ => call.null_with_warning(NO_SUCH_DIGEST.0, NO_SUCH_DIGEST.1),
    }
}

/// What the session says of AES.
fn mode(name: &str) -> Result<Mode, Error> {
    Mode::from_name(name).ok_or_else(|| Error::unsupported(format_args!("the cipher {name}")))
}

fn encrypt_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let mode = checked_mode(signature)?;
    let length = usize::try_from(bytes(signature, 0)).unwrap_or(usize::MAX);
    let length = mode.encrypted_len(length) as u64;
    Ok(from_args(signature, strings::sized(length, (Collation::BINARY, 4))))
}

fn decrypt_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    checked_mode(signature)?;
    Ok(binary(strings::chars(signature, 0)).with_nullable(true))
}

fn checked_mode(signature: &mut Signature<'_>) -> Result<Mode, Error> {
    let mode = mode(&signature.session().block_encryption_mode)?;
    if mode.needs_vector() && signature.len() < 3 {
        let name = signature.name();
        let message = format!("Incorrect parameter count in the call to native function '{name}'");
        return Err(Error::mysql(1582, b"42000", message).with_code(vt_base::Code::InvalidArgument));
    }
    signature.keep(mode);
    Ok(mode)
}

fn aes_encrypt(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    aes(call, Aes::Encrypt)
}

fn aes_decrypt(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    aes(call, Aes::Decrypt)
}

/// Which way AES goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aes {
    Encrypt,
    Decrypt,
}

fn aes(call: &mut Call<'_, '_>, way: Aes) -> Result<Value, Error> {
    let mode = call.kept::<Mode>().copied().unwrap_or_default();
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    let Some(password) = call.bytes(1)? else { return Ok(Value::Null) };
    let name = if way == Aes::Encrypt { "aes_encrypt" } else { "aes_decrypt" };
    let vector = vector(call, mode, name)?;
    let Some(key) = key(call, mode, &password, way)? else { return Ok(Value::Null) };
    let done = match way {
        Aes::Encrypt => mode.encrypt(&key, &vector, &text),
        Aes::Decrypt => mode.decrypt(&key, &vector, &text),
    };
    Ok(done.map_or(Value::Null, |bytes| call.made(bytes)))
}

/// Returns the initialization vector; one that is not needed is ignored with a warning.
fn vector(call: &mut Call<'_, '_>, mode: Mode, name: &str) -> Result<[u8; BLOCK], Error> {
    if !mode.needs_vector() {
        if call.len() == 3 {
            call.warn(1618, "<IV> option ignored");
        }
        return Ok([0; BLOCK]);
    }
    let given = call.bytes(2)?.unwrap_or_default();
    given.first_chunk().copied().ok_or_else(|| {
        strings::error(
            1882,
            format!(
                "The initialization vector supplied to {name} is too short. Must be at least \
                 {BLOCK} bytes long"
            ),
        )
    })
}

/// Returns the key of a password.
fn key(
    call: &mut Call<'_, '_>,
    mode: Mode,
    password: &[u8],
    way: Aes,
) -> Result<Option<Vec<u8>>, Error> {
    let length = mode.key_len();
    if call.len() < 4 {
        if password.len() > length && way == Aes::Encrypt {
            call.warn(
                3237,
                format!(
                    "AES key size should be {length} bytes length or secure KDF methods hkdf or \
                     pbkdf2_hmac should be used, please provide exact AES key size or use KDF \
                     methods for better security."
                ),
            );
        }
        return Ok(Derivation::Fold.key(password, length));
    }
    let method = option(call, 3, 256)?;
    let salt = option_or_empty(call, 4)?;
    let derivation = match method.as_ref() {
        b"hkdf" => {
            let info = option_or_empty(call, 5)?;
            return Ok(Derivation::Hkdf { salt: &salt, info: &info }.key(password, length));
        }
        b"pbkdf2_hmac" => {
            let iterations = match call.len() {
                6 => iterations(&option(call, 5, 6)?)?,
                _ => 1000,
            };
            Derivation::Pbkdf2 { salt: &salt, iterations }
        }
        _ => {
            let message =
                "KDF method name is not valid. Please use hkdf or pbkdf2_hmac method name";
            return Err(strings::error(3235, message));
        }
    };
    Ok(derivation.key(password, length))
}

fn option(call: &mut Call<'_, '_>, place: usize, limit: usize) -> Result<bytes::Bytes, Error> {
    match call.bytes(place)? {
        Some(bytes) if bytes.len() < limit => Ok(bytes),
        _ => {
            let message = format!(
                "KDF option size is invalid, please provide valid size < {limit} bytes and not NULL"
            );
            Err(strings::error(3238, message))
        }
    }
}

fn option_or_empty(call: &mut Call<'_, '_>, place: usize) -> Result<bytes::Bytes, Error> {
    if place < call.len() { option(call, place, 256) } else { Ok(bytes::Bytes::new()) }
}

fn iterations(text: &[u8]) -> Result<u32, Error> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok());
    number.filter(|number| (1000..=65535).contains(number)).ok_or_else(|| {
        strings::error(
            3236,
            "For KDF method pbkdf2_hmac iterations value less than 1000 or more than 65535 is not \
             allowed due to security reasons. Please provide iterations >= 1000 and iterations < \
             65535",
        )
    })
}
