//! The server's wish to read a file of the client (protocol page "LOCAL INFILE Request").

/// First byte of the request; where a result begins no count of columns can have it.
pub const REQUEST: u8 = 0xfb;

/// Appends the payload of a request for a file.
///
/// The client answers with packets of its content and an empty one at the end.
pub fn encode_request(out: &mut Vec<u8>, name: &[u8]) {
    out.push(REQUEST);
    out.extend_from_slice(name);
}

/// Returns the name of the file that a server asks for, if the packet is such a request.
pub fn decode_request(payload: &[u8]) -> Option<&[u8]> {
    payload.strip_prefix(&[REQUEST])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back() {
        let mut payload = Vec::new();
        encode_request(&mut payload, b"/tmp/rows.csv");
        assert_eq!(decode_request(&payload), Some(&b"/tmp/rows.csv"[..]));
        assert_eq!(decode_request(b"\x02"), None);
        assert_eq!(decode_request(b""), None);
    }
}
