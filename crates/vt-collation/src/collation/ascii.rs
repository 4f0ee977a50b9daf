//! The weights that ASCII characters have under families of collations, as ranks.
//!
//! Read off MySQL 9.7: `weight_string()` of each character, the distinct weights numbered from 1 in
//! their order; 0 is a character that weighs nothing.

/// The rank of a character that weighs nothing.
pub(super) const IGNORED: u8 = 0;

/// The characters under `utf8mb4_unicode_ci` and its kin.
#[rustfmt::skip]
pub(super) const UCA_OLD: [u8; 128] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    6, 14, 18, 30, 38, 31, 29, 17, 19, 20, 26, 32, 11, 10, 16, 27,
    39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 13, 12, 33, 34, 35, 15,
    25, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 21, 28, 22, 8, 9,
    7, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 23, 36, 24, 37, 0,
];

/// The characters under `utf8mb4_0900_ai_ci` and its kin.
#[rustfmt::skip]
pub(super) const UCA_9: [u8; 128] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    6, 12, 16, 28, 38, 29, 27, 15, 17, 18, 24, 32, 9, 8, 14, 25,
    39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 11, 10, 33, 34, 35, 13,
    23, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 19, 26, 20, 31, 7,
    30, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 21, 36, 22, 37, 0,
];
