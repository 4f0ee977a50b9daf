//! Reading values out of a packet, each length checked.

use std::fmt;

/// Says that bytes are not the packet that they should be; names the part that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed packet: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

impl From<Malformed> for vt_base::Error {
    fn from(malformed: Malformed) -> vt_base::Error {
        vt_base::Error::mysql(1835, b"HY000", "Malformed communication packet.")
            .with_code(vt_base::Code::InvalidArgument)
            .with_origin(vt_base::Origin::Client)
            .with_source(malformed)
    }
}

/// A place in a packet; each method takes a value and moves on.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    pub fn new(bytes: &'a [u8]) -> Scan<'a> {
        Scan { rest: bytes }
    }

    pub fn is_empty(self) -> bool {
        self.rest.is_empty()
    }

    /// Returns what has not been taken yet.
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Takes everything that is left.
    pub fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Takes `length` bytes.
    pub fn bytes(&mut self, length: usize, part: &'static str) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed(part))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed(part))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self, part: &'static str) -> Result<u8, Malformed> {
        Ok(self.array::<1>(part)?[0])
    }

    pub fn u16(&mut self, part: &'static str) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.array(part)?))
    }

    pub fn u24(&mut self, part: &'static str) -> Result<u32, Malformed> {
        let [a, b, c] = self.array(part)?;
        Ok(u32::from_le_bytes([a, b, c, 0]))
    }

    pub fn u32(&mut self, part: &'static str) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array(part)?))
    }

    pub fn u64(&mut self, part: &'static str) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array(part)?))
    }

    /// Takes a length-encoded integer (protocol page "Integer Types").
    pub fn lenenc(&mut self, part: &'static str) -> Result<u64, Malformed> {
        match self.u8(part)? {
            0xfc => self.u16(part).map(u64::from),
            0xfd => self.u24(part).map(u64::from),
            0xfe => self.u64(part),
            0xfb | 0xff => Err(Malformed(part)),
            short => Ok(u64::from(short)),
        }
    }

    /// Takes a length-encoded string.
    pub fn lenenc_bytes(&mut self, part: &'static str) -> Result<&'a [u8], Malformed> {
        let length = self.lenenc(part)?;
        self.bytes(usize::try_from(length).map_err(|_| Malformed(part))?, part)
    }

    /// Takes a string that a zero byte ends.
    pub fn zero_ended(&mut self, part: &'static str) -> Result<&'a [u8], Malformed> {
        let end = self.rest.iter().position(|byte| *byte == 0).ok_or(Malformed(part))?;
        let taken = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Ok(taken)
    }

    /// Takes a string that a zero byte or the end of the packet ends.
    pub fn zero_ended_or_rest(&mut self) -> &'a [u8] {
        self.zero_ended("").unwrap_or_else(|_| self.take_rest())
    }
}

/// Makes text of bytes that should be UTF-8; what is not becomes U+FFFD.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
