//! Upper and lower case of Unicode's characters.

use std::collections::BTreeMap;

use super::server::Server;
use super::{Parts, encode};

/// Collations whose changes of case are those of many, and how the parts are named.
const TABLES: [(&str, &str); 4] = [
    ("utf8mb4_general_ci", "unicode"),
    ("utf8mb4_turkish_ci", "turkish"),
    ("utf32_unicode_520_ci", "520"),
    ("utf8mb4_0900_ai_ci", "0900"),
];

/// Writes the code points whose case changes, and into what.
pub(super) fn write(server: &Server, parts: &mut Parts) -> Result<(), String> {
    for (collation, part) in TABLES {
        let set = collation.split('_').next().unwrap_or_default();
        for change in ["upper", "lower"] {
            // Where a character grows, some collations need the room of another behind it.
            let both = format!("concat(convert(c using {set}), '  ') collate {collation}");
            let changed = format!("convert(left({change}({both}), 1) using utf32)");
            let pairs = server.numbered(&format!(
                "select id, hex({changed}) from points
                 where cast({changed} as binary) <> cast(convert(c using utf32) as binary)"
            ))?;
            let mut map = BTreeMap::new();
            for (point, other) in pairs {
                let one = <[u8; 4]>::try_from(other)
                    .map_err(|other| format!("{collation}: {change}({point:X}) is {other:X?}"))?;
                map.insert(point, u32::from_be_bytes(one));
            }
            parts.push((format!("{change}:{part}"), encode::runs(&map)));
        }
    }
    Ok(())
}
