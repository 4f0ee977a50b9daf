//! Proves that docs/unsupported.md lists every refusal: the words of each `unsupported(...)` in the
//! sources of what plans and computes stand on the page.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::sh;
use crate::tidy::rust_files;

/// The crates that refuse statements.
const CRATES: [&str; 6] = ["vt-eval", "vt-exec", "vt-gate", "vt-plan", "vt-planner", "vt-vschema"];

const PAGE: &str = "docs/unsupported.md";

/// Shorter words tell nothing.
const WORDS_MIN: usize = 6;

/// How far before a call its message may be made.
const BEFORE_MAX: usize = 900;

/// Adds a fault for each refusal that the page does not have.
pub(crate) fn check(faults: &mut Vec<String>) -> Result<(), String> {
    let page = fs::read_to_string(sh::root().join(PAGE)).map_err(|err| format!("{PAGE}: {err}"))?;
    let page = one_line(&page);
    for name in CRATES {
        for file in rust_files(&sh::root().join("crates").join(name))? {
            let is_test = file.components().any(|part| {
                let part = part.as_os_str().to_string_lossy();
                part == "tests" || part == "tests.rs" || part == "benches" || part == "testing.rs"
            });
            if is_test {
                continue;
            }
            let text = read(&file)?;
            for words in refusals(&text).into_iter().filter(|words| !page.contains(words)) {
                faults.push(format!("{}: {PAGE} has no \"{words}\"", file.display()));
            }
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|err| format!("{}: {err}", path.display()))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns what stays the same of each refusal of a file.
fn refusals(text: &str) -> BTreeSet<String> {
    const CALL: &str = "unsupported(";
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for (place, _) in text.match_indices(CALL) {
        let arguments = within(&text[place + CALL.len()..]);
        let mut messages = literals(arguments);
        if messages.is_empty() && is_name(arguments) {
            messages = made_before(&text[..place], arguments.trim());
        }
        found.extend(messages.iter().filter_map(|message| words_of(message)));
    }
    found
}

fn is_name(argument: &str) -> bool {
    let argument = argument.trim();
    !argument.is_empty() && argument.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns the literals of the last `let NAME = ...;` before a call.
fn made_before(text: &str, name: &str) -> Vec<String> {
    let binding = format!("let {name} = ");
    let Some(place) = text.rfind(&binding) else { return Vec::new() };
    if text.len() - place > BEFORE_MAX {
        return Vec::new();
    }
    literals(statement(&text[place + binding.len()..]))
}

/// Returns a text up to the parenthesis that ends what one before it has begun.
fn within(text: &str) -> &str {
    until(text, |depth, byte| depth == 0 && byte == b')')
}

/// Returns a text up to the semicolon that ends a statement.
fn statement(text: &str) -> &str {
    until(text, |depth, byte| depth == 0 && byte == b';')
}

/// Returns a text up to the byte outside of literals for which `is_end` holds; it is told how many
/// parentheses and braces are open there.
fn until(text: &str, is_end: fn(usize, u8) -> bool) -> &str {
    let (mut depth, mut in_literal, mut escaped) = (0_usize, false, false);
    for (place, byte) in text.bytes().enumerate() {
        if in_literal {
            in_literal = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        if is_end(depth, byte) {
            return &text[..place];
        }
        match byte {
            b'"' => in_literal = true,
            b'(' | b'{' | b'[' => depth += 1,
            b')' | b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text
}

/// Returns the string literals of a text, lines that go on put together.
fn literals(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('"') {
        let (mut literal, mut escaped, mut end) = (String::new(), false, after.len());
        for (place, c) in after.char_indices() {
            match c {
                '"' if !escaped => {
                    end = place + 1;
                    break;
                }
                '\\' if !escaped => escaped = true,
                // A line that goes on: its indentation becomes one blank, which one_line takes.
                '\n' if escaped => escaped = false,
                c => {
                    literal.push(c);
                    escaped = false;
                }
            }
        }
        all.push(one_line(&literal));
        rest = after.get(end..).unwrap_or_default();
    }
    all
}

/// Returns the longest part of a message that no value stands in, without what explains it.
fn words_of(message: &str) -> Option<String> {
    let message = message.split([':', ';']).next().unwrap_or_default();
    let mut parts = Vec::new();
    for part in message.split('{') {
        parts.push(part.split_once('}').map_or(part, |(_, after)| after));
    }
    let longest = parts.into_iter().map(trimmed).max_by_key(|part| part.len())?;
    (longest.len() >= WORDS_MIN).then(|| longest.to_owned())
}

fn trimmed(part: &str) -> &str {
    part.trim_matches(|c: char| c == ' ' || c == '\'' || c == '(' || c == ')' || c == ',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_refusals_are_found() {
        let text = r##"
            return Err(Error::unsupported("LIMIT in the middle"));
            let what = format!("UNION of {a} and {b} in \
                                column '{}': cast it", name(x));
            Error::unsupported(what)
            signature.unsupported(format_args!("of {} values (and others)", kind(y)));
            matches!(error, unsupported(_));
            #[cfg(test)]
            Error::unsupported("not of the product");
        "##;
        let words: Vec<String> = refusals(text).into_iter().collect();
        assert_eq!(words, ["LIMIT in the middle", "in column", "values (and others"]);
    }
}
