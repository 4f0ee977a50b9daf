//! Compressed packets: frames of zlib or zstd around the stream of packets
//! (protocol page "Compression").

use bytes::{Buf, BytesMut};
use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status};

use crate::Malformed;
use crate::frame::FRAME_MAX;

/// How the two ends compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Zlib,
    /// With a level from 1 to 22.
    Zstd(u8),
}

/// Length of the header of a compressed frame.
const HEADER_LENGTH: usize = 7;
/// What is shorter goes out as it is, as MySQL does (`MIN_COMPRESS_LENGTH`).
const COMPRESS_MIN: usize = 50;
/// What zlib is told; MySQL takes its default too.
const ZLIB_LEVEL: u32 = 6;

/// The compression of one connection; both directions share the sequence.
pub struct Compression {
    algorithm: Algorithm,
    sequence: u8,
    zlib: Option<(Compress, Decompress)>,
}

impl Compression {
    pub fn new(algorithm: Algorithm) -> Compression {
        Compression { algorithm, sequence: 0, zlib: None }
    }

    /// Begins a command, whose frames are counted from zero.
    pub fn begin_command(&mut self) {
        self.sequence = 0;
    }

    /// Begins an answer to a command that has not come: its frame would be the first.
    pub fn begin_answer(&mut self) {
        self.sequence = 1;
    }

    /// Appends `plain` as compressed frames.
    pub fn compress(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        for chunk in plain.chunks(FRAME_MAX) {
            let start = out.len();
            out.extend_from_slice(&[0; HEADER_LENGTH]);
            let is_smaller =
                chunk.len() >= COMPRESS_MIN && self.compress_chunk(chunk, out).is_some();
            if !is_smaller {
                out.truncate(start + HEADER_LENGTH);
                out.extend_from_slice(chunk);
            }
            let plain_length = if is_smaller { chunk.len() } else { 0 };
            let length = out.len() - start - HEADER_LENGTH;
            out[start..start + 3].copy_from_slice(&(length as u32).to_le_bytes()[..3]);
            out[start + 3] = self.sequence;
            out[start + 4..start + HEADER_LENGTH]
                .copy_from_slice(&(plain_length as u32).to_le_bytes()[..3]);
            self.sequence = self.sequence.wrapping_add(1);
        }
    }

    /// Appends the compressed chunk; `None` if that made it no smaller.
    fn compress_chunk(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match self.algorithm {
            Algorithm::Zlib => {
                let (compress, _) = self.zlib();
                compress.reset();
                // Room for less than the chunk: what does not fit is not worth it.
                let mut room = vec![0; chunk.len() - 1];
                let status = compress.compress(chunk, &mut room, FlushCompress::Finish).ok()?;
                if status != Status::StreamEnd {
                    return None;
                }
                let written = usize::try_from(compress.total_out()).ok()?;
                out.extend_from_slice(&room[..written]);
            }
            Algorithm::Zstd(level) => {
                let compressed = zstd::bulk::compress(chunk, i32::from(level.clamp(1, 22))).ok()?;
                if compressed.len() >= chunk.len() {
                    return None;
                }
                out.extend_from_slice(&compressed);
            }
        }
        Some(())
    }

    fn zlib(&mut self) -> &mut (Compress, Decompress) {
        self.zlib.get_or_insert_with(|| {
            (Compress::new(flate2::Compression::new(ZLIB_LEVEL), true), Decompress::new(true))
        })
    }

    /// Takes one frame off the front of `stream` and appends what was in it to `plain`.
    ///
    /// Returns how many bytes `stream` must hold for that when it holds too few.
    pub fn decompress(
        &mut self,
        stream: &mut BytesMut,
        plain: &mut BytesMut,
    ) -> Result<Option<usize>, DecompressError> {
        let Some(header) = stream.first_chunk::<HEADER_LENGTH>() else {
            return Ok(Some(HEADER_LENGTH));
        };
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
        let sequence = header[3];
        let plain_length = u32::from_le_bytes([header[4], header[5], header[6], 0]) as usize;
        if sequence != self.sequence {
            return Err(DecompressError::OutOfOrder);
        }
        if stream.len() < HEADER_LENGTH + length {
            return Ok(Some(HEADER_LENGTH + length));
        }
        let body = &stream[HEADER_LENGTH..HEADER_LENGTH + length];
        if plain_length == 0 {
            plain.extend_from_slice(body);
        } else {
            let start = plain.len();
            plain.resize(start + plain_length, 0);
            if self.inflate(body, &mut plain[start..]).is_none() {
                plain.truncate(start);
                return Err(DecompressError::Malformed(Malformed("compressed packet")));
            }
        }
        self.sequence = self.sequence.wrapping_add(1);
        stream.advance(HEADER_LENGTH + length);
        Ok(None)
    }

    /// Fills `plain` exactly.
    fn inflate(&mut self, body: &[u8], plain: &mut [u8]) -> Option<()> {
        match self.algorithm {
            Algorithm::Zlib => {
                let (_, decompress) = self.zlib();
                decompress.reset(true);
                let status = decompress.decompress(body, plain, FlushDecompress::Finish).ok()?;
                (status == Status::StreamEnd && decompress.total_out() == plain.len() as u64)
                    .then_some(())
            }
            Algorithm::Zstd(_) => {
                let written = zstd::bulk::decompress_to_buffer(body, plain).ok()?;
                (written == plain.len()).then_some(())
            }
        }
    }
}

/// Why a compressed frame cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecompressError {
    OutOfOrder,
    Malformed(Malformed),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn through(algorithm: Algorithm, plain: &[u8]) -> Vec<u8> {
        let mut stream = Vec::new();
        Compression::new(algorithm).compress(plain, &mut stream);
        let mut stream = BytesMut::from(&stream[..]);
        let (mut compression, mut back) = (Compression::new(algorithm), BytesMut::new());
        while !stream.is_empty() {
            assert_eq!(compression.decompress(&mut stream, &mut back), Ok(None));
        }
        back.to_vec()
    }

    #[test]
    fn long_streams_come_back() {
        let mut plain: Vec<u8> =
            (0..2 * FRAME_MAX + 1000).map(|place| (place % 1021) as u8).collect();
        plain[..1000].fill(7);
        for algorithm in [Algorithm::Zlib, Algorithm::Zstd(3)] {
            assert!(through(algorithm, &plain) == plain, "{algorithm:?}");
        }
    }

    #[test]
    fn what_compresses_badly_goes_out_as_it_is() {
        let noise: Vec<u8> = (0..64_u32).flat_map(sha2_of).collect();
        for algorithm in [Algorithm::Zlib, Algorithm::Zstd(3)] {
            let mut stream = Vec::new();
            Compression::new(algorithm).compress(&noise, &mut stream);
            assert_eq!(&stream[4..7], &[0, 0, 0], "{algorithm:?}");
            assert_eq!(stream.len(), noise.len() + HEADER_LENGTH);
        }
    }

    fn sha2_of(number: u32) -> [u8; 32] {
        use sha2::{Digest, Sha256};
        Sha256::digest(number.to_le_bytes()).into()
    }

    #[test]
    fn a_wrong_length_or_sequence_is_refused() {
        let mut stream = Vec::new();
        Compression::new(Algorithm::Zlib).compress(&[5; 1000], &mut stream);
        let mut plain = BytesMut::new();
        let mut refuse = |stream: &[u8], told: DecompressError| {
            let mut stream = BytesMut::from(stream);
            let result = Compression::new(Algorithm::Zlib).decompress(&mut stream, &mut plain);
            assert_eq!(result, Err(told));
            assert!(plain.is_empty());
        };
        let malformed = DecompressError::Malformed(Malformed("compressed packet"));
        for length in [999_u32, 1001, 0xff_ffff] {
            let mut wrong = stream.clone();
            wrong[4..7].copy_from_slice(&length.to_le_bytes()[..3]);
            refuse(&wrong, malformed);
        }
        stream[3] = 1;
        refuse(&stream, DecompressError::OutOfOrder);
    }

    proptest! {
        #[test]
        fn streams_come_back(plain in prop::collection::vec(0_u8..4, 0..3000)) {
            for algorithm in [Algorithm::Zlib, Algorithm::Zstd(1)] {
                prop_assert_eq!(&through(algorithm, &plain), &plain);
            }
        }

        #[test]
        fn garbage_does_no_harm(body in prop::collection::vec(any::<u8>(), 0..200), told in 0_u32..5000) {
            for algorithm in [Algorithm::Zlib, Algorithm::Zstd(1)] {
                let mut stream = BytesMut::new();
                stream.extend_from_slice(&(body.len() as u32).to_le_bytes()[..3]);
                stream.extend_from_slice(&[0]);
                stream.extend_from_slice(&told.to_le_bytes()[..3]);
                stream.extend_from_slice(&body);
                let _ = Compression::new(algorithm).decompress(&mut stream, &mut BytesMut::new());
            }
        }
    }
}
