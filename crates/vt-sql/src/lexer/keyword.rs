//! Looking words up, and what they are.

use super::words::{Class, Keyword, WORDS};

impl Keyword {
    /// Looks a word up, without case.
    #[inline]
    pub(crate) fn find(word: &[u8]) -> Keyword {
        if word.len() > LENGTH_MAX || word.len() < 2 {
            return Keyword::None;
        }
        let keyword = Keyword::at(Key::of(word));
        // The key leaves out what lies between the ends of long words.
        if word.len() > 16 && keyword != Keyword::None {
            let (text, ..) = WORDS[keyword as usize - 1];
            return if text.as_bytes().eq_ignore_ascii_case(word) {
                keyword
            } else {
                Keyword::None
            };
        }
        keyword
    }

    /// Looks a word up that lies in the lowest `length` of eight bytes: from 2 to 7 of them.
    #[inline]
    pub(crate) fn find_short(bytes: u64, length: usize) -> Keyword {
        let mask = (1 << (8 * length)) - 1;
        Keyword::at(Key((bytes | Key::LOWER) & mask, 0))
    }

    /// Looks a word up of eight bytes, and so many of eight more: up to 7.
    #[inline]
    pub(crate) fn find_middle(front: u64, rest: u64, length: usize) -> Keyword {
        if length == 0 {
            return Keyword::at(Key(front | Key::LOWER, 0));
        }
        // The last eight bytes are the end of the front, and the rest.
        let back = front >> (8 * length) | rest << (64 - 8 * length);
        Keyword::at(Key::long(front, back, 8 + length as u64))
    }

    #[inline]
    fn at(key: Key) -> Keyword {
        let mut slot = key.slot();
        loop {
            let number = TABLE[slot] as usize;
            if number == 0 {
                return Keyword::None;
            }
            let known = &KEYS[number];
            if known.0 == key.0 && known.1 == key.1 {
                return Keyword::ALL[number];
            }
            slot = (slot + 1) % TABLE_SIZE;
        }
    }

    /// Tells whether the word cannot be an identifier without quotes.
    pub(crate) fn is_reserved(self) -> bool {
        self.class() == Some(Class::Reserved)
    }

    /// Tells whether an identifier of this text must be printed with quotes.
    pub(crate) fn needs_quotes(self) -> bool {
        matches!(self.class(), Some(Class::Reserved | Class::Quoted | Class::Function))
    }

    /// Tells whether a parenthesis behind the word makes it a built-in function.
    pub(crate) fn is_function(self) -> bool {
        self.class() == Some(Class::Function)
    }

    fn class(self) -> Option<Class> {
        CLASSES[self as usize]
    }
}

const LENGTH_MAX: usize = 29;
pub(super) const TABLE_SIZE: usize = 2048;

/// The classes of all keywords, by number.
static CLASSES: [Option<Class>; WORDS.len() + 1] = {
    let mut classes = [None; WORDS.len() + 1];
    let mut index = 0;
    while index < WORDS.len() {
        classes[index + 1] = Some(WORDS[index].2);
        index += 1;
    }
    classes
};

/// A word in lower case: up to eight bytes of its front, and of a longer one eight of its back,
/// with its length. That is enough to tell apart words of up to 16 bytes.
#[derive(Clone, Copy)]
struct Key(u64, u64);

impl Key {
    /// Turns letters to lower case, and keeps all bytes of words apart that are no letters.
    const LOWER: u64 = 0x2020_2020_2020_2020;

    #[inline]
    const fn of(word: &[u8]) -> Key {
        let length = word.len() as u64;
        if let (Some(front), Some(back)) = (word.first_chunk(), word.last_chunk())
            && length > 8
        {
            return Key::long(u64::from_le_bytes(*front), u64::from_le_bytes(*back), length);
        }
        let (mut front, mut at) = (0, word.len());
        while at > 0 {
            at -= 1;
            front = front << 8 | (word[at] | 0x20) as u64;
        }
        Key(front, 0)
    }

    /// The key of a word of more than eight bytes, by its first and last eight.
    #[inline]
    const fn long(front: u64, back: u64, length: u64) -> Key {
        Key(front | Key::LOWER, (back | Key::LOWER).rotate_left(5) ^ length)
    }

    #[inline]
    const fn slot(self) -> usize {
        let mixed = (self.0 ^ self.1.rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 53) as usize % TABLE_SIZE
    }
}

/// Returns a word's place in a table of as many slots as that of the keywords.
#[inline]
pub(super) const fn hash(word: &[u8]) -> usize {
    Key::of(word).slot()
}

/// The keys of all keywords, by number.
static KEYS: [Key; WORDS.len() + 1] = keys();

const fn keys() -> [Key; WORDS.len() + 1] {
    let mut keys = [Key(0, 0); WORDS.len() + 1];
    let mut index = 0;
    while index < WORDS.len() {
        keys[index + 1] = Key::of(WORDS[index].0.as_bytes());
        index += 1;
    }
    keys
}

/// An open-addressed table of numbers, 0 for none, so sparse that a look ends almost always where
/// it begins.
static TABLE: [u16; TABLE_SIZE] = build();

const fn build() -> [u16; TABLE_SIZE] {
    let mut table = [0; TABLE_SIZE];
    let keys = keys();
    let mut number = 1;
    while number < keys.len() {
        let mut slot = keys[number].slot();
        while table[slot] != 0 {
            slot = (slot + 1) % TABLE_SIZE;
        }
        table[slot] = number as u16;
        number += 1;
    }
    table
}
