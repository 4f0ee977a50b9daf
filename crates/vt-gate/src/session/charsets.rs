//! The character sets that a session has said it speaks.

use vt_base::{Code, Error, Result};
use vt_collation::{Charset, Collation};

/// What `SET NAMES` and its like decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charsets {
    /// In which statements come.
    pub client: Charset,
    /// That of literals, and of what is made of numbers and dates; its character set is
    /// `character_set_connection`.
    pub collation: Collation,
    /// In which results go out; `None` leaves them as they are.
    pub results: Option<Charset>,
}

impl Default for Charsets {
    fn default() -> Charsets {
        Charsets {
            client: Charset::Utf8mb4,
            collation: Collation::UTF8MB4_0900_AI_CI,
            results: Some(Charset::Utf8mb4),
        }
    }
}

impl Charsets {
    /// Makes the sets that a client begins with that names a collation as it logs in; one that no
    /// client can speak, or that is unknown, is as good as none.
    pub fn of_login(collation: u16) -> Charsets {
        let collation = Collation(collation);
        let speaks = |set: &Charset| set.min_len() == 1;
        match collation.charset().filter(speaks) {
            Some(set) => Charsets { client: set, collation, results: Some(set) },
            None => Charsets::default(),
        }
    }

    /// Returns the character set of literals.
    pub fn connection(&self) -> Charset {
        self.collation.charset().unwrap_or(Charset::Utf8mb4)
    }

    /// Returns the name of a collation; every one that is kept has a name.
    pub fn collation_name(&self) -> &'static str {
        self.collation.name().unwrap_or("utf8mb4_0900_ai_ci")
    }

    /// Returns whether what the client writes reads as UTF-8, or is taken as it is.
    pub fn client_is_utf8(&self) -> bool {
        is_utf8(self.client)
    }

    /// Returns the character set that results have to be turned into, if they have to be.
    pub fn conversion(&self) -> Option<Charset> {
        self.results.filter(|set| !matches!(set, Charset::Utf8mb4 | Charset::Binary))
    }

    /// Sets the character set of statements.
    ///
    /// # Errors
    /// 1231 for a set whose characters are never one byte: no statement can be written in it.
    pub fn set_client(&mut self, set: Charset) -> Result<()> {
        if set.min_len() != 1 {
            let message = format!(
                "Variable 'character_set_client' can't be set to the value of '{}'",
                set.name()
            );
            return Err(Error::mysql(1231, b"42000", message).with_code(Code::InvalidArgument));
        }
        self.client = set;
        Ok(())
    }
}

fn is_utf8(set: Charset) -> bool {
    matches!(set, Charset::Utf8mb4 | Charset::Utf8mb3 | Charset::Ascii | Charset::Binary)
}

/// Finds a character set by name.
///
/// # Errors
/// 1115 if there is none of that name.
pub fn charset_named(name: &str) -> Result<Charset> {
    Charset::from_name(name).ok_or_else(|| {
        let message = format!("Unknown character set: '{name}'");
        Error::mysql(1115, b"42000", message).with_code(Code::InvalidArgument)
    })
}

/// Finds a collation by name.
///
/// # Errors
/// 1273 if there is none of that name.
pub fn collation_named(name: &str) -> Result<Collation> {
    Collation::from_name(name).ok_or_else(|| {
        let message = format!("Unknown collation: '{name}'");
        Error::mysql(1273, b"HY000", message).with_code(Code::InvalidArgument)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_names_all_three_sets() {
        let latin1 = Charsets::of_login(8);
        assert_eq!(latin1.client, Charset::Latin1);
        assert_eq!(latin1.conversion(), Some(Charset::Latin1));
        assert_eq!(latin1.collation_name(), "latin1_swedish_ci");
        let general = Charsets::of_login(45);
        assert_eq!((general.collation.0, general.conversion()), (45, None));
        // ucs2 and a number that no collation has.
        assert_eq!(Charsets::of_login(35), Charsets::default());
        assert_eq!(Charsets::of_login(9_999), Charsets::default());
        assert_eq!(Charsets::default().set_client(Charset::Ucs2).unwrap_err().errno(), 1231);
    }
}
