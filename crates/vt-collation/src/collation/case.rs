//! Upper and lower case.

use super::Collation;

impl Collation {
    /// Appends `UPPER(text)`; returns whether it is known.
    pub fn upper(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        self.change_case(text, out, u8::to_ascii_uppercase)
    }

    /// Appends `LOWER(text)`; returns whether it is known.
    pub fn lower(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        self.change_case(text, out, u8::to_ascii_lowercase)
    }

    fn change_case(self, text: &[u8], out: &mut Vec<u8>, change: fn(&u8) -> u8) -> bool {
        if self == Collation::BINARY {
            out.extend_from_slice(text);
            return true;
        }
        let plain = self.charset().is_some_and(|set| set.keeps_ascii()) && text.is_ascii();
        if plain {
            out.extend(text.iter().map(change));
        }
        plain
    }
}
