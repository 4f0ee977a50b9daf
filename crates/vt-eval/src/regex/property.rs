//! The sets that have names: properties of Unicode, POSIX's classes, and those of escapes like `\w`.

use std::ops::RangeInclusive;

use icu_properties::props::{self, GeneralCategory, GeneralCategoryGroup, Script};
use icu_properties::script::ScriptWithExtensions;
use icu_properties::{CodePointMapData, CodePointSetData, PropertyParser};

use super::set::CharSet;

fn binary<P: props::BinaryProperty>() -> CharSet {
    of_ranges(CodePointSetData::new::<P>().iter_ranges())
}

fn of_ranges(ranges: impl Iterator<Item = RangeInclusive<u32>>) -> CharSet {
    CharSet::of_ranges(ranges.map(|range| (*range.start(), *range.end())))
}

fn category(group: GeneralCategoryGroup) -> CharSet {
    of_ranges(CodePointMapData::<GeneralCategory>::new().iter_ranges_for_group(group))
}

/// `\d`
pub(super) fn digit() -> CharSet {
    category(GeneralCategoryGroup::DecimalNumber)
}

/// `\w`
pub(super) fn word() -> CharSet {
    binary::<props::Alphabetic>()
        .union(&category(GeneralCategoryGroup::Mark))
        .union(&digit())
        .union(&category(GeneralCategoryGroup::ConnectorPunctuation))
        .union(&CharSet::of_ranges([(0x200c, 0x200d)]))
}

/// `\s`
pub(super) fn space() -> CharSet {
    binary::<props::WhiteSpace>()
}

/// `\h`
pub(super) fn horizontal() -> CharSet {
    category(GeneralCategoryGroup::SpaceSeparator).union(&CharSet::of_chars(&['\t']))
}

/// `\v`
pub(super) fn vertical() -> CharSet {
    CharSet::of_ranges([(0x0a, 0x0d), (0x85, 0x85), (0x2028, 0x2029)])
}

/// Characters that belong to the one before them: they make no boundary of a word.
pub(super) fn combining() -> CharSet {
    binary::<props::GraphemeExtend>().union(&category(GeneralCategoryGroup::Format))
}

/// Returns the name without what is ignored in it.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| !matches!(c, ' ' | '-' | '_' | '\t' | '\n' | '\r'));
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns the set of a property as it stands in `\p{..}`; `None` if there is none of the name.
pub(super) fn by_name(name: &str) -> Option<CharSet> {
    let name = name.trim();
    if let Some(rest) = name.strip_prefix('^') {
        return by_name(rest).map(|set| set.complement());
    }
    if let Some((property, value)) = name.split_once('=') {
        return by_value(&plain(property), value.trim());
    }
    if let Some(group) = PropertyParser::<GeneralCategoryGroup>::new().get_loose(name) {
        return Some(category(group));
    }
    if let Some(script) = PropertyParser::<Script>::new().get_loose(name) {
        return Some(of_script(script));
    }
    let plain = plain(name);
    posix(&plain).or_else(|| of_binary(&plain)).or_else(|| of_binary_rare(&plain))
}

fn of_script(script: Script) -> CharSet {
    of_ranges(CodePointMapData::<Script>::new().iter_ranges_for_value(script))
}

fn by_value(property: &str, value: &str) -> Option<CharSet> {
    match property {
        "gc" | "generalcategory" | "gcm" | "generalcategorymask" => {
            PropertyParser::<GeneralCategoryGroup>::new().get_loose(value).map(category)
        }
        "sc" | "script" => PropertyParser::<Script>::new().get_loose(value).map(of_script),
        "scx" | "scriptextensions" => {
            let script = PropertyParser::<Script>::new().get_loose(value)?;
            let ranges = ScriptWithExtensions::new();
            let ranges = ranges.get_script_extensions_ranges(script);
            Some(of_ranges(ranges))
        }
        _ => {
            let set = posix(property)
                .or_else(|| of_binary(property))
                .or_else(|| of_binary_rare(property))?;
            match plain(value).as_str() {
                "y" | "yes" | "t" | "true" => Some(set),
                "n" | "no" | "f" | "false" => Some(set.complement()),
                _ => None,
            }
        }
    }
}

/// Returns a class that POSIX names, or one of those that ICU adds to them.
fn posix(name: &str) -> Option<CharSet> {
    let control = || category(GeneralCategoryGroup::Control);
    let graph = || {
        let none = space()
            .union(&control())
            .union(&category(GeneralCategoryGroup::Surrogate))
            .union(&category(GeneralCategoryGroup::Unassigned));
        none.complement()
    };
    Some(match name {
        "alnum" => binary::<props::Alphabetic>().union(&digit()),
        "alpha" => binary::<props::Alphabetic>(),
        "blank" => horizontal(),
        "cntrl" => control(),
        "digit" => digit(),
        "graph" => graph(),
        "lower" => binary::<props::Lowercase>(),
        "print" => graph().union(&category(GeneralCategoryGroup::SpaceSeparator)),
        "punct" => category(GeneralCategoryGroup::Punctuation),
        "space" => space(),
        "upper" => binary::<props::Uppercase>(),
        "word" => word(),
        "xdigit" => digit().union(&binary::<props::HexDigit>()),
        "any" | "all" => CharSet::empty().complement(),
        "ascii" => CharSet::of_ranges([(0, 127)]),
        "assigned" => category(GeneralCategoryGroup::Unassigned).complement(),
        _ => return None,
    })
}

/// Returns a property that a character has or has not.
fn of_binary(name: &str) -> Option<CharSet> {
    Some(match name {
        "alphabetic" => binary::<props::Alphabetic>(),
        "whitespace" | "wspace" => space(),
        "lowercase" => binary::<props::Lowercase>(),
        "uppercase" => binary::<props::Uppercase>(),
        "hexdigit" | "hex" => binary::<props::HexDigit>(),
        "asciihexdigit" | "ahex" => binary::<props::AsciiHexDigit>(),
        "ideographic" | "ideo" => binary::<props::Ideographic>(),
        "idstart" | "ids" => binary::<props::IdStart>(),
        "idcontinue" | "idc" => binary::<props::IdContinue>(),
        "xidstart" | "xids" => binary::<props::XidStart>(),
        "xidcontinue" | "xidc" => binary::<props::XidContinue>(),
        "math" => binary::<props::Math>(),
        "dash" => binary::<props::Dash>(),
        "diacritic" | "dia" => binary::<props::Diacritic>(),
        "emoji" => binary::<props::Emoji>(),
        "emojipresentation" | "epres" => binary::<props::EmojiPresentation>(),
        "emojimodifier" | "emod" => binary::<props::EmojiModifier>(),
        "extendedpictographic" | "extpict" => binary::<props::ExtendedPictographic>(),
        "quotationmark" | "qmark" => binary::<props::QuotationMark>(),
        _ => return None,
    })
}

fn of_binary_rare(name: &str) -> Option<CharSet> {
    Some(match name {
        "bidicontrol" | "bidic" => binary::<props::BidiControl>(),
        "bidimirrored" | "bidim" => binary::<props::BidiMirrored>(),
        "cased" => binary::<props::Cased>(),
        "caseignorable" | "ci" => binary::<props::CaseIgnorable>(),
        "defaultignorablecodepoint" | "di" => binary::<props::DefaultIgnorableCodePoint>(),
        "deprecated" | "dep" => binary::<props::Deprecated>(),
        "extender" | "ext" => binary::<props::Extender>(),
        "graphemebase" | "grbase" => binary::<props::GraphemeBase>(),
        "graphemeextend" | "grext" => binary::<props::GraphemeExtend>(),
        "joincontrol" | "joinc" => binary::<props::JoinControl>(),
        "noncharactercodepoint" | "nchar" => binary::<props::NoncharacterCodePoint>(),
        "patternsyntax" | "patsyn" => binary::<props::PatternSyntax>(),
        "patternwhitespace" | "patws" => binary::<props::PatternWhiteSpace>(),
        "radical" => binary::<props::Radical>(),
        "regionalindicator" | "ri" => binary::<props::RegionalIndicator>(),
        "sentenceterminal" | "sterm" => binary::<props::SentenceTerminal>(),
        "softdotted" | "sd" => binary::<props::SoftDotted>(),
        "terminalpunctuation" | "term" => binary::<props::TerminalPunctuation>(),
        "unifiedideograph" | "uideo" => binary::<props::UnifiedIdeograph>(),
        "variationselector" | "vs" => binary::<props::VariationSelector>(),
        _ => return None,
    })
}
