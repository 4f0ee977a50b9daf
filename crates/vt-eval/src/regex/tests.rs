//! What MySQL was seen to answer.

use super::{Flags, Regex, RegexError, Template};

const IGNORE: Flags = Flags {
    ignore_case: true,
    multi_line: false,
    dot_all: false,
    unix_lines: false,
    comments: false,
};
const EXACT: Flags = Flags { ignore_case: false, ..IGNORE };

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn find(text: &str, pattern: &str, flags: Flags) -> Result<Option<String>, RegexError> {
    let regex = Regex::new(&chars(pattern), flags)?;
    let text = chars(text);
    let found = regex.search(&text).next_match()?;
    Ok(found.map(|captures| {
        let (first, last) = captures.whole();
        text[first..last].iter().collect()
    }))
}

fn replace(text: &str, pattern: &str, with: &str) -> Result<String, RegexError> {
    let regex = Regex::new(&chars(pattern), IGNORE)?;
    let template = Template::new(&chars(with), &regex);
    let text = chars(text);
    let mut search = regex.search(&text);
    let mut out = Vec::new();
    let mut done = 0;
    while let Some(captures) = search.next_match()? {
        let (first, last) = captures.whole();
        out.extend_from_slice(&text[done..first]);
        template.expand(&text, &captures, &mut out)?;
        done = last;
    }
    out.extend_from_slice(&text[done..]);
    Ok(out.into_iter().collect())
}

#[test]
fn matches_are_those_of_mysql() {
    let cases: &[(&str, &str, Option<&str>)] = &[
        ("ß", "ss", Some("ß")),
        ("straße", "STRASSE", Some("straße")),
        ("ßß", "^ssss$", Some("ßß")),
        ("ß", "^s", None),
        ("ß", "^sß$", None),
        ("ß", "[s]", None),
        ("ſ", "s", Some("ſ")),
        ("ﬀ", "ff", Some("ﬀ")),
        ("ﬀ", "f+", None),
        ("İ", "i", None),
        ("İ", "i\u{307}", Some("İ")),
        ("ΑΣ", "ας", Some("ΑΣ")),
        ("abc", "\\Gabc", Some("abc")),
        ("a", "a(?#comment)*", Some("a")),
        ("a b", "a\\ b", Some("a b")),
        ("ab", "(?x) a b ", Some("ab")),
        ("ab", "(?x) a (?-x)b ", None),
        ("ab", "\\u0061\\x62", Some("ab")),
        ("a", "\\0141", Some("a")),
        ("a\n", "a$", Some("a")),
        ("a\n\n", "a$", None),
        ("a\r\n", "a$", Some("a")),
        ("a\n", "a\\z", None),
        ("a\n", "a\\Z", Some("a")),
        ("a\r\nb", "a\\Rb", Some("a\r\nb")),
        ("foobar", "(?<!foo)bar", None),
        ("foobar", "(?<=fo{1,2})bar", Some("bar")),
        ("aaa", "a{2}+", Some("aa")),
        ("aaa", "(a+?)(a*)", Some("aaa")),
        ("aaab", "(?>a+)ab", None),
        ("abAB", "(ab)\\1", Some("abAB")),
        ("a\nb", "a.b", None),
        ("a", "", None),
        ("a", "[[:alpha:]]", Some("a")),
        ("a", "[:alpha:]", Some("a")),
        (":", "[:alpha]", Some(":")),
        ("a", "[a--b]", Some("a")),
        ("a", "[a-]", Some("a")),
        ("a", "[a&&b]", None),
        ("a", "[[a-z]&&[aeiou]]", Some("a")),
        ("a", "[a-z&&[aeiou]]", Some("a")),
        ("a", "[a&]", Some("a")),
        ("]", "[]]", Some("]")),
        ("-", "[\\d-a]", Some("-")),
        ("a", "(?i)A", Some("a")),
        ("a", "(?-i)A", None),
        ("a", "^*", Some("")),
        ("a", "|", Some("")),
        ("a", "()", Some("")),
        ("a", "\\i", None),
        ("a", "\\E", None),
        ("a", "\\Qa\\E", Some("a")),
        ("a", "\\Qa", Some("a")),
        ("a", "]", None),
        ("a", "(?x)a #c", Some("a")),
        ("a", "\\c", None),
    ];
    for (text, pattern, expected) in cases {
        if pattern.is_empty() {
            continue;
        }
        let found =
            find(text, pattern, IGNORE).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(found.as_deref(), *expected, "{text:?} ~ {pattern:?}");
    }
    assert_eq!(find("abAB", "(ab)\\1", EXACT), Ok(None));
    let all = Flags { dot_all: true, ..IGNORE };
    assert_eq!(find("a\r\nb", "a.b", all), Ok(Some("a\r\nb".to_owned())));
    assert_eq!(find("a\r\nb", "a..b", all), Ok(None));
    let lines = Flags { multi_line: true, ..IGNORE };
    assert_eq!(find("a\nb", "^b$", lines), Ok(Some("b".to_owned())));
    assert_eq!(find("a\rb", "^b$", Flags { unix_lines: true, ..lines }), Ok(None));
}

#[test]
fn errors_are_those_of_mysql() {
    let syntax = |character| RegexError::Syntax { line: 1, character };
    let cases = [
        ("", RegexError::IllegalArgument),
        ("(", RegexError::MismatchedParenthesis),
        (")", RegexError::MismatchedParenthesis),
        ("[", RegexError::MissingCloseBracket),
        ("[]", RegexError::MissingCloseBracket),
        ("[^]", RegexError::MissingCloseBracket),
        ("a{2,1}", RegexError::MaxLessThanMin),
        ("*", syntax(1)),
        ("a**", syntax(3)),
        ("a|*", syntax(3)),
        ("(*)", syntax(2)),
        ("{", syntax(1)),
        ("}", syntax(1)),
        ("(?=a)*", syntax(6)),
        ("\\b*", syntax(3)),
        ("(?z)", syntax(3)),
        ("(?P<n>a)", syntax(3)),
        ("(?", syntax(2)),
        ("(?<", syntax(3)),
        ("[--b]", syntax(3)),
        ("[&&a]", syntax(3)),
        ("[a&&]", syntax(5)),
        ("[a-\\d]", syntax(5)),
        ("(?<n", RegexError::InvalidGroupName),
        ("(?<n>a)(?<n>b)", RegexError::InvalidGroupName),
        ("\\k<n>", RegexError::InvalidGroupName),
        ("\\k", RegexError::InvalidGroupName),
        ("(?<=a", RegexError::MismatchedParenthesis),
        ("(?#c", RegexError::MismatchedParenthesis),
        ("\\", RegexError::BadEscape),
        ("\\x", RegexError::BadEscape),
        ("\\x{", RegexError::BadEscape),
        ("\\u12", RegexError::BadEscape),
        ("\\x{110000}", RegexError::BadEscape),
        ("a{", RegexError::BadInterval),
        ("a{,2}", RegexError::BadInterval),
        ("a{x}", RegexError::BadInterval),
        ("x{1,2", RegexError::BadInterval),
        ("a{99999999999}", RegexError::NumberTooBig),
        ("a{16777216}", RegexError::NumberTooBig),
        ("(?<=a*)b", RegexError::LookBehindLimit),
        ("[b-a]", RegexError::InvalidRange),
        ("[[:foo:]]", RegexError::IllegalArgument),
        ("\\pL", RegexError::IllegalArgument),
        ("\\p{L", RegexError::IllegalArgument),
        ("\\p{foo}", RegexError::IllegalArgument),
        ("\\1", RegexError::InvalidBackReference),
        ("\\8", RegexError::InvalidBackReference),
        ("\\141", RegexError::InvalidBackReference),
        ("(?i", RegexError::InvalidFlag),
        ("(?(1)a)", RegexError::Unimplemented),
        ("(?{a})", RegexError::Unimplemented),
    ];
    for (pattern, expected) in cases {
        assert_eq!(find("a", pattern, IGNORE), Err(expected), "{pattern:?}");
    }
}

#[test]
fn replacements_are_those_of_mysql() {
    let cases = [
        ("abc", "x*", "-", "-a-b-c-"),
        ("abc", "(b)", "[$1]", "a[b]c"),
        ("abc", "(b)", "[\\$1]", "a[$1]c"),
        ("abc", "(b)", "[\\\\$1]", "a[\\b]c"),
        ("abc", "(?<n>b)", "[${n}]", "a[b]c"),
        ("abc", "b", "\\x41", "ax41c"),
        ("abc", "b", "\\u0041", "aAc"),
        ("abc", "b", "\\", "ac"),
        ("abc", "(b)(c)", "$2$1", "acb"),
        ("abc", "(b)", "$10", "ab0c"),
        ("abc", "b", "$0$0", "abbc"),
        ("abc", "(x)?b", "[$1]", "a[]c"),
        ("aab", "\\Ga", "x", "xxb"),
        ("aAbB", "[[:upper:]]", "x", "xxxx"),
        ("aAbB", "\\p{Lu}", "x", "xxxx"),
        ("a.b,c d_e-f0é", "\\W", "x", "axbxcxd_exf0é"),
        ("a.b,c d_e-f0é", "\\b", "|", "|a|.|b|,|c| |d_e|-|f0é|"),
        ("a.b,c d", "(?<=[.,])", "|", "a.|b,|c d"),
    ];
    for (text, pattern, with, expected) in cases {
        assert_eq!(replace(text, pattern, with).as_deref(), Ok(expected), "{pattern:?} {with:?}");
    }
    assert_eq!(replace("abc", "(b)", "[$2]"), Err(RegexError::IndexOutOfBounds));
    assert_eq!(replace("abc", "b", "$11"), Err(RegexError::IndexOutOfBounds));
    for with in ["$", "${m}", "${1}", "${n1"] {
        assert_eq!(replace("abc", "b", with), Err(RegexError::InvalidGroupName), "{with:?}");
    }
}

#[test]
fn searches_that_take_too_long_end() {
    let a = "a".repeat(40) + "b";
    assert_eq!(find(&a, "(a*)*c", IGNORE), Err(RegexError::Timeout));
    assert_eq!(find(&"a".repeat(400_000), ".*x", IGNORE), Err(RegexError::Timeout));
    assert_eq!(find(&"a".repeat(300_000), "(a|b)*$", IGNORE), Err(RegexError::Timeout));
    assert!(find(&"a".repeat(100_000), "(a)*$", IGNORE).is_ok_and(|found| found.is_some()));
    let deep = "(".repeat(5000) + &")".repeat(5000);
    assert!(matches!(find("a", &deep, IGNORE), Err(RegexError::Unsupported(_))));
}

proptest::proptest! {
    /// Whatever the pattern, the answer is a match within the text or an error.
    #[test]
    fn no_pattern_breaks_the_matcher(pattern in "[ab()\\[\\]{}*+?|^$.\\\\1-3,&dwsbQEpL:<=!-]{1,24}", text in "[ab1\n ß]{0,12}") {
        let text = chars(&text);
        if let Ok(regex) = Regex::new(&chars(&pattern), IGNORE) {
            let mut search = regex.search(&text);
            let mut matches = 0;
            while let Ok(Some(captures)) = search.next_match() {
                let (first, last) = captures.whole();
                proptest::prop_assert!(first <= last && last <= text.len());
                matches += 1;
                proptest::prop_assert!(matches <= text.len() + 1);
            }
        }
    }
}
