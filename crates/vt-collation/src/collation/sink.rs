//! Where the bytes of keys go: into a vector, or into a hasher some at a time.

use std::hash::Hasher;

/// How many bytes a hasher gets at once.
const BUFFER: usize = 64;

/// Takes the bytes of a key.
pub(super) trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Gives a hasher the bytes in pieces whose sizes do not depend on how they came.
pub(super) struct Hashing<'h> {
    state: &'h mut dyn Hasher,
    buffer: [u8; BUFFER],
    len: usize,
}

impl<'h> Hashing<'h> {
    pub(super) fn new(state: &'h mut dyn Hasher) -> Hashing<'h> {
        Hashing { state, buffer: [0; BUFFER], len: 0 }
    }

    /// Hands over what is left; the end of the string is part of what is hashed.
    pub(super) fn finish(self) {
        self.state.write(self.buffer.get(..self.len).unwrap_or_default());
        self.state.write_u8(0xFF);
    }
}

impl Sink for Hashing<'_> {
    fn put(&mut self, bytes: &[u8]) {
        if let Some(room) = self.buffer.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
            return;
        }
        for byte in bytes {
            if self.len == BUFFER {
                self.state.write(&self.buffer);
                self.len = 0;
            }
            if let Some(place) = self.buffer.get_mut(self.len) {
                *place = *byte;
            }
            self.len += 1;
        }
    }
}

/// Holds back a unit that may be one of the last, so that spaces at the end are left out.
pub(super) struct Trimming<'s, S: Sink> {
    sink: &'s mut S,
    /// What is left out at the end; nothing if empty.
    space: &'s [u8],
    held: usize,
}

impl<'s, S: Sink> Trimming<'s, S> {
    pub(super) fn new(sink: &'s mut S, space: &'s [u8]) -> Trimming<'s, S> {
        Trimming { sink, space, held: 0 }
    }

    /// Takes a unit: all bytes of one weight.
    pub(super) fn put(&mut self, unit: &[u8]) {
        if !self.space.is_empty() && unit == self.space {
            self.held += 1;
            return;
        }
        while self.held > 0 {
            self.held -= 1;
            self.sink.put(self.space);
        }
        self.sink.put(unit);
    }
}
