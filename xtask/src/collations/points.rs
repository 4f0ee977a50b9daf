//! The code points of Unicode, the weights of collations that give one to each.

use std::collections::BTreeMap;

use super::server::Server;
use super::{Parts, encode};

/// Collations that give each code point of the first plane one weight, and how the part is named.
const SINGLE: [(&str, &str); 3] = [
    ("utf8mb4_general_ci", "weight:general"),
    ("utf8mb3_general_mysql500_ci", "weight:mysql500"),
    ("utf8mb3_tolower_ci", "weight:tolower"),
];

/// Makes the table of all code points but the surrogates.
pub(super) fn prepare(server: &Server) -> Result<(), String> {
    server.ask(
        "create table points (id int unsigned primary key,
           c varchar(1) character set utf8mb4 collate utf8mb4_bin);
         insert into points with recursive r as
           (select 0 n union all select n + 1 from r where n < 0x10ffff)
           select n, convert(unhex(lpad(hex(n), 8, '0')) using utf32) from r
           where n not between 0xd800 and 0xdfff",
    )?;
    Ok(())
}

/// Writes the collations of one weight a character; those of all sets have the same tables.
pub(super) fn write(server: &Server, parts: &mut Parts) -> Result<(), String> {
    for (collation, part) in SINGLE {
        let set = collation.split('_').next().unwrap_or_default();
        let weights = server.numbered(&format!(
            "select id, hex(weight_string(convert(c using {set}) collate {collation})) from points
             where id < 0x10000"
        ))?;
        let mut map = BTreeMap::new();
        for (point, weight) in weights {
            let [high, low] = weight[..] else {
                return Err(format!("{collation}: {point:X} weighs {weight:X?}"));
            };
            let weight = u32::from(high) << 8 | u32::from(low);
            if weight != point {
                map.insert(point, weight);
            }
        }
        parts.push((part.to_owned(), encode::runs(&map)));
    }
    Ok(())
}
