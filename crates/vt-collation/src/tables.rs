//! The archive of tables that was asked of a real server, and how its parts are read.
//!
//! `tables/README.md` tells the form. The archive is part of the program, so that what would be
//! an error of a file, a part that is missing or cut off, reads as empty; a test reads them all.

/// The archive.
static ARCHIVE: &[u8] = include_bytes!("../tables/tables.bin");

/// Reads numbers from a part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    rest: &'static [u8],
}

impl Reader {
    /// Opens the part of a name.
    pub(crate) fn open(name: &str) -> Option<Reader> {
        let mut archive = Reader { rest: ARCHIVE };
        let mut found = None;
        let mut before = 0;
        for _ in 0..archive.number() {
            let len = archive.number() as usize;
            let is_it = archive.bytes(len) == name.as_bytes();
            let size = archive.number() as usize;
            if is_it {
                found = Some((before, size));
            }
            before += size;
        }
        let (start, size) = found?;
        Some(Reader { rest: archive.rest.get(start..)?.get(..size)? })
    }

    /// Returns whether all has been read.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads one byte.
    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// Reads a number of bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> &'static [u8] {
        let (start, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        start
    }

    /// Reads a number of variable length.
    pub(crate) fn number(&mut self) -> u32 {
        let mut value = 0;
        for shift in (0..32).step_by(7) {
            let byte = self.byte();
            value |= u32::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }

    /// Reads a difference and adds it.
    pub(crate) fn after(&mut self, last: u32) -> u32 {
        let zigzag = self.number();
        last.wrapping_add((zigzag >> 1) ^ (zigzag & 1).wrapping_neg())
    }
}

/// A map of numbers in which keys and values mostly grow together.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// First key, first value, length; by key.
    runs: Box<[(u32, u32, u32)]>,
}

impl Runs {
    /// Reads the part of a name.
    pub(crate) fn open(name: &str) -> Option<Runs> {
        Reader::open(name).map(|mut reader| Runs::read(&mut reader))
    }

    /// Reads a map.
    pub(crate) fn read(reader: &mut Reader) -> Runs {
        let (mut key, mut value) = (0_u32, 0_u32);
        let count = reader.number();
        let runs = (0..count).map(|_| {
            let start = key.wrapping_add(reader.number());
            let first = reader.after(value);
            let len = reader.number().wrapping_add(1);
            (key, value) = (start.wrapping_add(len), first.wrapping_add(len));
            (start, first, len)
        });
        Runs { runs: runs.collect() }
    }

    /// Makes a map of pairs that are sorted by key, each key once.
    pub(crate) fn of_sorted(pairs: impl Iterator<Item = (u32, u32)>) -> Runs {
        let mut runs: Vec<(u32, u32, u32)> = Vec::new();
        for (key, value) in pairs {
            match runs.last_mut() {
                Some((start, first, len)) if *start + *len == key && *first + *len == value => {
                    *len += 1;
                }
                _ => runs.push((key, value, 1)),
            }
        }
        Runs { runs: runs.into() }
    }

    /// Returns the value of a key.
    pub(crate) fn get(&self, key: u32) -> Option<u32> {
        let place = self.runs.partition_point(|run| run.0 <= key).checked_sub(1)?;
        let (start, first, len) = *self.runs.get(place)?;
        let offset = key - start;
        (offset < len).then(|| first.wrapping_add(offset))
    }

    /// Returns all keys and their values by key.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        self.runs
            .iter()
            .flat_map(|(start, first, len)| (0..*len).map(move |at| (start + at, first + at)))
    }
}

#[cfg(test)]
mod tests;
