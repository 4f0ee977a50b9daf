//! What MySQL was seen to answer.

use super::Mode;
use crate::crypto::key::Derivation;

const VECTOR: &[u8; 16] = b"0123456789abcdef";
const TEXT: &[u8] = b"abcdefghijklmnopqrs";

fn check(mode: &str, derivation: Derivation<'_>, text: &[u8], expected: &str) {
    let mode = Mode::from_name(mode).unwrap();
    let key = derivation.key(b"b", mode.key_len()).unwrap();
    let encrypted = mode.encrypt(&key, VECTOR, text).unwrap();
    let hex: String = encrypted.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(hex, expected, "{mode:?}");
    assert_eq!(encrypted.len(), mode.encrypted_len(text.len()));
    assert_eq!(mode.decrypt(&key, VECTOR, &encrypted).as_deref(), Some(text), "{mode:?}");
}

#[test]
fn every_mode_encrypts_as_mysql_does() {
    let fold = Derivation::Fold;
    check("aes-128-ecb", fold, b"a", "54813C99E9715C2813134C6C172E494E");
    check("aes-128-ecb", fold, b"", "FC7CF18758575618149928FFFFE749C1");
    let two = "1311F33D75C2AD6C15A54A02593CD622FC7CF18758575618149928FFFFE749C1";
    check("aes-128-ecb", fold, VECTOR, two);
    check("aes-256-cbc", fold, b"a", "5BC2D72B8E4B9FF87EDFF474F24A28A7");
    check("aes-128-cfb1", fold, TEXT, "12F2F37DE4AF57EF8E0102E0E4291E5F64BF06");
    check("aes-128-cfb8", fold, TEXT, "72FA1E5D1280D7BDFE6AFEC9B8E5F585E461A9");
    check("aes-192-cfb128", fold, TEXT, "6DB235A2B9D93D82FED67E72122925EFCFDBFB");
    check("aes-192-ofb", fold, TEXT, "6DB235A2B9D93D82FED67E72122925EF46E441");
    let ecb = "4564E3CC00FAEC32F2CF5833CDF699A340EC5D5904620C0D57C1DA19FBA4FDD9";
    check("aes-192-ecb", fold, TEXT, ecb);
    let cbc = "51CE525B21F0A194B26A146BBA604F1B488CE427F09E0E7753CB0034214C055F";
    check("aes-192-cbc", fold, TEXT, cbc);
}

#[test]
fn keys_are_derived_as_mysql_derives_them() {
    let hkdf = |salt, info| Derivation::Hkdf { salt, info };
    check("aes-128-ecb", hkdf(b"", b""), b"a", "ECE9320103EBCF18A3FAB6D0A7B67945");
    check("aes-128-ecb", hkdf(b"salt", b""), b"a", "3CE1A0F1BA1C9DBEEA2DD46261B807D5");
    check("aes-128-ecb", hkdf(b"salt", b"info"), b"a", "1542B93D240B146DA878E54B69257A2E");
    let pbkdf2 = |salt, iterations| Derivation::Pbkdf2 { salt, iterations };
    check("aes-128-ecb", pbkdf2(b"", 1000), b"a", "AE1FFBB72C6ADC3A3E3E941BA8726FE6");
    check("aes-128-ecb", pbkdf2(b"salt", 1000), b"a", "8D31FF194221766DF63B91517305FB51");
    check("aes-128-ecb", pbkdf2(b"salt", 2000), b"a", "5705921E7C3C9EC5F0411EC3A674F3BE");
    let cbc = "592A60759F1C5C67B60A3EAE0F819C6BCDFA0902BF2655485E0074F24A34A30C";
    check("aes-192-cbc", hkdf(b"", b""), TEXT, cbc);
    let cbc = "AD087AD04B88E41BF43843D2CA79459694111EAA13CC59A57551FEBC53B3C51C";
    check("aes-192-cbc", pbkdf2(b"salt", 1500), TEXT, cbc);
}

#[test]
fn what_was_not_encrypted_is_not_decrypted() {
    let mode = Mode::default();
    let key = Derivation::Fold.key(b"b", mode.key_len()).unwrap();
    assert_eq!(mode.decrypt(&key, VECTOR, b"x"), None);
    assert_eq!(mode.decrypt(&key, VECTOR, b""), None);
    let mut text = mode.encrypt(&key, VECTOR, b"a").unwrap();
    text[15] ^= 1;
    assert_eq!(mode.decrypt(&key, VECTOR, &text), None);
}

proptest::proptest! {
    #[test]
    fn what_was_encrypted_is_decrypted(
        text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..70),
        bits in 0_usize..3,
        chaining in 0_usize..6,
    ) {
        let bits = ["128", "192", "256"][bits];
        let chaining = ["ecb", "cbc", "cfb1", "cfb8", "cfb128", "ofb"][chaining];
        let mode = Mode::from_name(&format!("AES-{bits}-{chaining}")).unwrap();
        let key = Derivation::Fold.key(b"a long password that is folded more than once over itself", mode.key_len()).unwrap();
        let encrypted = mode.encrypt(&key, VECTOR, &text).unwrap();
        proptest::prop_assert_eq!(mode.decrypt(&key, VECTOR, &encrypted), Some(text));
    }
}
