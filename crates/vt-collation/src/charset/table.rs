//! The character sets of MySQL 9.7, as `information_schema.character_sets` lists them (table).
//!
//! MySQL 8.4 has the same.

use super::Charset::{self, *};
use super::Info;

/// By the number of the character set: itself, name, description, least and greatest length of a
/// character, ids of the default and of the binary collation.
#[rustfmt::skip]
pub(super) const CHARSETS: [(Charset, Info); 41] = [
    (Armscii8, Info { name: "armscii8", description: "ARMSCII-8 Armenian", min_len: 1, max_len: 1, default: 32, binary: 64 }),
    (Ascii, Info { name: "ascii", description: "US ASCII", min_len: 1, max_len: 1, default: 11, binary: 65 }),
    (Big5, Info { name: "big5", description: "Big5 Traditional Chinese", min_len: 1, max_len: 2, default: 1, binary: 84 }),
    (Binary, Info { name: "binary", description: "Binary pseudo charset", min_len: 1, max_len: 1, default: 63, binary: 63 }),
    (Cp1250, Info { name: "cp1250", description: "Windows Central European", min_len: 1, max_len: 1, default: 26, binary: 66 }),
    (Cp1251, Info { name: "cp1251", description: "Windows Cyrillic", min_len: 1, max_len: 1, default: 51, binary: 50 }),
    (Cp1256, Info { name: "cp1256", description: "Windows Arabic", min_len: 1, max_len: 1, default: 57, binary: 67 }),
    (Cp1257, Info { name: "cp1257", description: "Windows Baltic", min_len: 1, max_len: 1, default: 59, binary: 58 }),
    (Cp850, Info { name: "cp850", description: "DOS West European", min_len: 1, max_len: 1, default: 4, binary: 80 }),
    (Cp852, Info { name: "cp852", description: "DOS Central European", min_len: 1, max_len: 1, default: 40, binary: 81 }),
    (Cp866, Info { name: "cp866", description: "DOS Russian", min_len: 1, max_len: 1, default: 36, binary: 68 }),
    (Cp932, Info { name: "cp932", description: "SJIS for Windows Japanese", min_len: 1, max_len: 2, default: 95, binary: 96 }),
    (Dec8, Info { name: "dec8", description: "DEC West European", min_len: 1, max_len: 1, default: 3, binary: 69 }),
    (Eucjpms, Info { name: "eucjpms", description: "UJIS for Windows Japanese", min_len: 1, max_len: 3, default: 97, binary: 98 }),
    (Euckr, Info { name: "euckr", description: "EUC-KR Korean", min_len: 1, max_len: 2, default: 19, binary: 85 }),
    (Gb18030, Info { name: "gb18030", description: "China National Standard GB18030", min_len: 1, max_len: 4, default: 248, binary: 249 }),
    (Gb2312, Info { name: "gb2312", description: "GB2312 Simplified Chinese", min_len: 1, max_len: 2, default: 24, binary: 86 }),
    (Gbk, Info { name: "gbk", description: "GBK Simplified Chinese", min_len: 1, max_len: 2, default: 28, binary: 87 }),
    (Geostd8, Info { name: "geostd8", description: "GEOSTD8 Georgian", min_len: 1, max_len: 1, default: 92, binary: 93 }),
    (Greek, Info { name: "greek", description: "ISO 8859-7 Greek", min_len: 1, max_len: 1, default: 25, binary: 70 }),
    (Hebrew, Info { name: "hebrew", description: "ISO 8859-8 Hebrew", min_len: 1, max_len: 1, default: 16, binary: 71 }),
    (Hp8, Info { name: "hp8", description: "HP West European", min_len: 1, max_len: 1, default: 6, binary: 72 }),
    (Keybcs2, Info { name: "keybcs2", description: "DOS Kamenicky Czech-Slovak", min_len: 1, max_len: 1, default: 37, binary: 73 }),
    (Koi8r, Info { name: "koi8r", description: "KOI8-R Relcom Russian", min_len: 1, max_len: 1, default: 7, binary: 74 }),
    (Koi8u, Info { name: "koi8u", description: "KOI8-U Ukrainian", min_len: 1, max_len: 1, default: 22, binary: 75 }),
    (Latin1, Info { name: "latin1", description: "cp1252 West European", min_len: 1, max_len: 1, default: 8, binary: 47 }),
    (Latin2, Info { name: "latin2", description: "ISO 8859-2 Central European", min_len: 1, max_len: 1, default: 9, binary: 77 }),
    (Latin5, Info { name: "latin5", description: "ISO 8859-9 Turkish", min_len: 1, max_len: 1, default: 30, binary: 78 }),
    (Latin7, Info { name: "latin7", description: "ISO 8859-13 Baltic", min_len: 1, max_len: 1, default: 41, binary: 79 }),
    (Macce, Info { name: "macce", description: "Mac Central European", min_len: 1, max_len: 1, default: 38, binary: 43 }),
    (Macroman, Info { name: "macroman", description: "Mac West European", min_len: 1, max_len: 1, default: 39, binary: 53 }),
    (Sjis, Info { name: "sjis", description: "Shift-JIS Japanese", min_len: 1, max_len: 2, default: 13, binary: 88 }),
    (Swe7, Info { name: "swe7", description: "7bit Swedish", min_len: 1, max_len: 1, default: 10, binary: 82 }),
    (Tis620, Info { name: "tis620", description: "TIS620 Thai", min_len: 1, max_len: 1, default: 18, binary: 89 }),
    (Ucs2, Info { name: "ucs2", description: "UCS-2 Unicode", min_len: 2, max_len: 2, default: 35, binary: 90 }),
    (Ujis, Info { name: "ujis", description: "EUC-JP Japanese", min_len: 1, max_len: 3, default: 12, binary: 91 }),
    (Utf16, Info { name: "utf16", description: "UTF-16 Unicode", min_len: 2, max_len: 4, default: 54, binary: 55 }),
    (Utf16le, Info { name: "utf16le", description: "UTF-16LE Unicode", min_len: 2, max_len: 4, default: 56, binary: 62 }),
    (Utf32, Info { name: "utf32", description: "UTF-32 Unicode", min_len: 4, max_len: 4, default: 60, binary: 61 }),
    (Utf8mb3, Info { name: "utf8mb3", description: "UTF-8 Unicode", min_len: 1, max_len: 3, default: 33, binary: 83 }),
    (Utf8mb4, Info { name: "utf8mb4", description: "UTF-8 Unicode", min_len: 1, max_len: 4, default: 255, binary: 46 }),
];
