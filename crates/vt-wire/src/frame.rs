//! Packets in a stream of bytes: a header of length and sequence id, and the payload
//! (protocol page "MySQL Packets").

/// Longest payload of one frame; a longer packet lies in several, the last one shorter than this.
pub const FRAME_MAX: usize = 0xff_ffff;

/// Length of a frame's header.
pub const HEADER_LENGTH: usize = 4;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Length of the payload.
    pub length: usize,
    pub sequence: u8,
}

impl Header {
    /// Reads the header at the front of a buffer, `None` while it is not whole.
    pub fn read(buffer: &[u8]) -> Option<Header> {
        let [a, b, c, sequence] = *buffer.first_chunk::<HEADER_LENGTH>()?;
        Some(Header { length: u32::from_le_bytes([a, b, c, 0]) as usize, sequence })
    }

    /// Returns the header as it lies in the stream.
    pub fn bytes(self) -> [u8; HEADER_LENGTH] {
        let [a, b, c, _] = (self.length as u32).to_le_bytes();
        [a, b, c, self.sequence]
    }
}

fn put_header(out: &mut Vec<u8>, length: usize, sequence: &mut u8) {
    out.extend_from_slice(&Header { length, sequence: *sequence }.bytes());
    *sequence = sequence.wrapping_add(1);
}

/// Appends a packet, in as many frames as it takes.
pub fn put_packet(out: &mut Vec<u8>, sequence: &mut u8, payload: &[u8]) {
    let mut rest = payload;
    loop {
        let (frame, after) = rest.split_at(rest.len().min(FRAME_MAX));
        put_header(out, frame.len(), sequence);
        out.extend_from_slice(frame);
        if frame.len() < FRAME_MAX {
            return;
        }
        rest = after;
    }
}

/// Leaves room for the header of a packet whose payload is appended next; see [`finish`].
pub fn begin(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_LENGTH]);
    start
}

/// Ends the packet begun at `start`: writes its header, and splits it if it is too long for one
/// frame.
pub fn finish(out: &mut Vec<u8>, start: usize, sequence: &mut u8) {
    let length = out.len() - start - HEADER_LENGTH;
    if length < FRAME_MAX {
        out[start..start + HEADER_LENGTH]
            .copy_from_slice(&Header { length, sequence: *sequence }.bytes());
        *sequence = sequence.wrapping_add(1);
        return;
    }
    let payload = out.split_off(start + HEADER_LENGTH);
    out.truncate(start);
    put_packet(out, sequence, &payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(mut bytes: &[u8]) -> Vec<(Header, &[u8])> {
        let mut frames = Vec::new();
        while let Some(header) = Header::read(bytes) {
            let (payload, rest) = bytes[HEADER_LENGTH..].split_at(header.length);
            frames.push((header, payload));
            bytes = rest;
        }
        assert!(bytes.is_empty());
        frames
    }

    #[test]
    fn both_ways_of_writing_frame_alike() {
        for length in [0, 1, FRAME_MAX - 1, FRAME_MAX, FRAME_MAX + 1, 2 * FRAME_MAX] {
            let payload: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
            let (mut whole, mut piecewise) = (vec![7], vec![7]);
            let (mut first, mut second) = (254, 254);
            put_packet(&mut whole, &mut first, &payload);
            let start = begin(&mut piecewise);
            piecewise.extend_from_slice(&payload);
            finish(&mut piecewise, start, &mut second);
            assert!(whole == piecewise, "of length {length}");
            assert_eq!(first, second);

            let frames = frames(&whole[1..]);
            assert_eq!(frames.len(), length / FRAME_MAX + 1);
            assert!(frames.iter().map(|(_, part)| *part).collect::<Vec<_>>().concat() == payload);
            for (place, (header, _)) in frames.iter().enumerate() {
                assert_eq!(header.sequence, 254_u8.wrapping_add(place as u8));
            }
        }
    }

    #[test]
    fn a_part_of_a_header_is_no_header() {
        assert_eq!(Header::read(&[1, 0, 0]), None);
        assert_eq!(Header::read(&[1, 0, 1, 9, 5]), Some(Header { length: 0x1_0001, sequence: 9 }));
    }
}
