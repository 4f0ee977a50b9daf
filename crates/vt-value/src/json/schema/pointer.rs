//! Places in a schema or a document, as JSON pointers in the fragment of a URI.

/// A place, as a chain to the root.
pub(super) enum At<'p> {
    Root,
    /// The place that these names lead to from the root.
    Names(&'p [String]),
    Member(&'p At<'p>, &'p str),
    Element(&'p At<'p>, usize),
}

impl<'p> At<'p> {
    pub(super) fn member(&'p self, name: &'p str) -> At<'p> {
        At::Member(self, name)
    }

    pub(super) fn element(&'p self, place: usize) -> At<'p> {
        At::Element(self, place)
    }

    /// Returns the fragment, `#/a/0`.
    pub(super) fn fragment(&self) -> String {
        let mut steps = Vec::new();
        let mut at = self;
        loop {
            match at {
                At::Root => break,
                At::Names(names) => {
                    steps.extend(names.iter().rev().cloned());
                    break;
                }
                At::Member(parent, name) => {
                    steps.push((*name).to_owned());
                    at = parent;
                }
                At::Element(parent, place) => {
                    steps.push(place.to_string());
                    at = parent;
                }
            }
        }
        let mut out = String::from("#");
        for step in steps.iter().rev() {
            out.push('/');
            for byte in step.bytes() {
                match byte {
                    b'~' => out.push_str("~0"),
                    b'/' => out.push_str("~1"),
                    b'-' | b'.' | b'_' => out.push(byte.into()),
                    _ if byte.is_ascii_alphanumeric() => out.push(byte.into()),
                    _ => out.push_str(&format!("%{byte:02X}")),
                }
            }
        }
        out
    }
}

/// Reads a fragment; `None` if it is none.
pub(super) fn parse(fragment: &str) -> Option<Vec<String>> {
    let path = fragment.strip_prefix('#')?;
    if path.is_empty() {
        return Some(Vec::new());
    }
    let steps = path.strip_prefix('/')?.split('/');
    steps.map(|step| Some(percent_decoded(step)?.replace("~1", "/").replace("~0", "~"))).collect()
}

fn percent_decoded(step: &str) -> Option<String> {
    let mut out = Vec::with_capacity(step.len());
    let mut rest = step.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        out.push((digit(digits[0])? << 4 | digit(digits[1])?) as u8);
        rest = after;
    }
    String::from_utf8(out).ok()
}
