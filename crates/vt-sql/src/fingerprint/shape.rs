//! A hash over canonical bytes, taken piece by piece without allocation.
//!
//! Every piece begins with a byte that tells how it goes on, so that no two statements have the
//! same bytes unless they have the same pieces.

use xxhash_rust::xxh3::xxh3_128;

use crate::{
    Modes,
    ast::LiteralKind,
    lexer::{Keyword, Token},
};

const SIZE: usize = 512;
/// What came before is carried in the first bytes of the buffer.
const CARRY: usize = 16;
/// Words of up to so many bytes are copied with all that is around them.
const SHORT: usize = 16;

// First bytes of pieces. Operators of one character stand for themselves.
const OPERATOR: u8 = 1;
const KEYWORD: u8 = 2;
const TEXT: u8 = 3;
const GAP: u8 = 4;
const LITERAL: u8 = 0x80;
const LIST: u8 = 0x90;
/// An integer that only fits without sign: its column has another type.
const UNSIGNED: u8 = 0x8f;

pub(super) struct Shape {
    buffer: [u8; SIZE],
    used: usize,
    /// How often the buffer was carried over.
    carried: u32,
    rows: Rows,
}

/// Rows of `VALUES`: one that is like the row before it is taken back.
#[derive(Default)]
struct Rows {
    /// Where the row begins that is being taken in, if one is.
    start: Option<usize>,
    /// The row before, if the buffer has it still.
    before: Option<(usize, usize)>,
    carried: u32,
    folded: u32,
}

impl Shape {
    pub(super) fn new(modes: Modes) -> Shape {
        let mut buffer = [0; SIZE];
        buffer[0] = modes.bits();
        Shape { buffer, used: CARRY, carried: 0, rows: Rows::default() }
    }

    #[cold]
    fn carry(&mut self) {
        let hash = xxh3_128(&self.buffer[..self.used]);
        self.buffer[..CARRY].copy_from_slice(&hash.to_le_bytes());
        self.used = CARRY;
        self.carried += 1;
    }

    /// Takes in a byte; an operator of one character stands for itself.
    #[inline]
    pub(super) fn byte(&mut self, byte: u8) {
        if let Some(room) = self.buffer.get_mut(self.used) {
            *room = byte;
            self.used += 1;
        } else {
            self.bytes(&[byte]);
        }
    }

    #[inline(never)]
    fn bytes(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.used == SIZE {
                self.carry();
            }
            let (now, later) = bytes.split_at(bytes.len().min(SIZE - self.used));
            self.buffer[self.used..self.used + now.len()].copy_from_slice(now);
            self.used += now.len();
            bytes = later;
        }
    }

    #[inline]
    pub(super) fn keyword(&mut self, keyword: Keyword) {
        let [low, high] = (keyword as u16).to_le_bytes();
        if let Some(room) = self.buffer.get_mut(self.used..self.used + 3) {
            room.copy_from_slice(&[KEYWORD, low, high]);
            self.used += 3;
        } else {
            self.bytes(&[KEYWORD, low, high]);
        }
    }

    /// Takes in a piece of the source as it is written.
    #[inline]
    pub(super) fn text(&mut self, source: &[u8], start: u32, end: u32) {
        let (start, end) = (start as usize, end as usize);
        let length = end - start;
        // One copy of fixed length is cheaper than one of the length that is needed; what it
        // copies too much is written over.
        if length <= SHORT
            && let Some(room) = self.buffer.get_mut(self.used..self.used + SHORT + 2)
        {
            room[0] = TEXT;
            room[1] = length as u8;
            room[2..].copy_from_slice(&piece(source, start));
            self.used += 2 + length;
            return;
        }
        self.long_text(TEXT, &source[start..end]);
    }

    #[inline(never)]
    fn long_text(&mut self, tag: u8, text: &[u8]) {
        self.byte(tag);
        if text.len() < 255 {
            self.byte(text.len() as u8);
        } else {
            self.byte(255);
            self.bytes(&(text.len() as u32).to_le_bytes());
        }
        self.bytes(text);
    }

    pub(super) fn gap(&mut self, source: &[u8], start: u32, end: u32) {
        self.long_text(GAP, &source[start as usize..end as usize]);
    }

    #[inline]
    pub(super) fn symbol(&mut self, text: &[u8]) {
        if let [one] = text {
            return self.byte(*one);
        }
        self.bytes(&[OPERATOR, text.len() as u8]);
        self.bytes(text);
    }

    #[inline]
    pub(super) fn literal(&mut self, source: &[u8], token: Token, kind: LiteralKind, list: bool) {
        let digits = (token.end - token.start) as usize;
        let tag = match kind {
            _ if list => LIST + kind as u8,
            // The shortest that does not fit has 19 digits.
            LiteralKind::Int if digits >= 19 && is_unsigned(source, token) => UNSIGNED,
            _ => LITERAL + kind as u8,
        };
        self.byte(tag);
    }

    /// Makes room, so that rows fold wherever the statement's head ends.
    pub(super) fn begin_rows(&mut self) {
        self.carry();
        self.rows.before = None;
    }

    pub(super) fn begin_row(&mut self) {
        self.rows.start = Some(self.used);
        self.rows.carried = self.carried;
    }

    /// Compares the row with the one before it, and takes it back if they are alike.
    pub(super) fn end_row(&mut self) {
        // A parenthesis too many ends no row.
        let Some(start) = self.rows.start.take() else { return };
        if self.rows.carried != self.carried {
            // A row longer than the buffer: it is compared with no other.
            self.rows.before = None;
            return;
        }
        let row = (start, self.used);
        match self.rows.before {
            Some(before) if self.buffer[before.0..before.1] == self.buffer[row.0..row.1] => {
                self.used = before.1;
                self.rows.folded += 1;
            }
            _ => self.rows.before = Some(row),
        }
    }

    pub(super) fn folded_rows(&self) -> u32 {
        self.rows.folded
    }

    pub(super) fn finish(&self) -> u128 {
        xxh3_128(&self.buffer[..self.used])
    }
}

/// Returns what begins at a place, and something behind the end of the text.
#[inline]
fn piece(source: &[u8], start: usize) -> [u8; SHORT] {
    let rest = source.get(start..).unwrap_or_default();
    if let Some(whole) = rest.first_chunk() {
        return *whole;
    }
    if let Some(last) = source.last_chunk() {
        let missing = 8 * (SHORT - rest.len()) as u32;
        return u128::from_le_bytes(*last).checked_shr(missing).unwrap_or(0).to_le_bytes();
    }
    let mut piece = [0; SHORT];
    piece[..rest.len()].copy_from_slice(rest);
    piece
}

#[cold]
fn is_unsigned(source: &[u8], token: Token) -> bool {
    let text = source.get(token.start as usize..token.end as usize).unwrap_or_default();
    std::str::from_utf8(text).is_ok_and(|digits| digits.parse::<i64>().is_err())
}

/// Mixes a number into a hash.
pub(super) fn with_number(hash: u128, number: u32) -> u128 {
    let mut bytes = [0; 20];
    bytes[..16].copy_from_slice(&hash.to_le_bytes());
    bytes[16..].copy_from_slice(&number.to_le_bytes());
    xxh3_128(&bytes)
}
