//! Capability flags of the handshake, and the status flags that end a result.

use std::ops::{BitAnd, BitOr, BitOrAssign};

/// What an end of a connection can do (protocol page "Capabilities Flags").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(pub u32);

impl Capabilities {
    pub const LONG_PASSWORD: Capabilities = Capabilities(1);
    /// UPDATE counts the rows that matched, not those that changed.
    pub const FOUND_ROWS: Capabilities = Capabilities(1 << 1);
    pub const LONG_FLAG: Capabilities = Capabilities(1 << 2);
    pub const CONNECT_WITH_DB: Capabilities = Capabilities(1 << 3);
    pub const NO_SCHEMA: Capabilities = Capabilities(1 << 4);
    /// Packets may be compressed with zlib.
    pub const COMPRESS: Capabilities = Capabilities(1 << 5);
    pub const ODBC: Capabilities = Capabilities(1 << 6);
    pub const LOCAL_FILES: Capabilities = Capabilities(1 << 7);
    pub const IGNORE_SPACE: Capabilities = Capabilities(1 << 8);
    pub const PROTOCOL_41: Capabilities = Capabilities(1 << 9);
    pub const INTERACTIVE: Capabilities = Capabilities(1 << 10);
    pub const SSL: Capabilities = Capabilities(1 << 11);
    pub const IGNORE_SIGPIPE: Capabilities = Capabilities(1 << 12);
    pub const TRANSACTIONS: Capabilities = Capabilities(1 << 13);
    pub const RESERVED: Capabilities = Capabilities(1 << 14);
    pub const SECURE_CONNECTION: Capabilities = Capabilities(1 << 15);
    pub const MULTI_STATEMENTS: Capabilities = Capabilities(1 << 16);
    pub const MULTI_RESULTS: Capabilities = Capabilities(1 << 17);
    pub const PS_MULTI_RESULTS: Capabilities = Capabilities(1 << 18);
    pub const PLUGIN_AUTH: Capabilities = Capabilities(1 << 19);
    pub const CONNECT_ATTRS: Capabilities = Capabilities(1 << 20);
    pub const PLUGIN_AUTH_LENENC: Capabilities = Capabilities(1 << 21);
    pub const CAN_HANDLE_EXPIRED_PASSWORDS: Capabilities = Capabilities(1 << 22);
    pub const SESSION_TRACK: Capabilities = Capabilities(1 << 23);
    /// Results end with an OK packet instead of EOF.
    pub const DEPRECATE_EOF: Capabilities = Capabilities(1 << 24);
    pub const OPTIONAL_RESULTSET_METADATA: Capabilities = Capabilities(1 << 25);
    /// Packets may be compressed with zstd.
    pub const ZSTD: Capabilities = Capabilities(1 << 26);
    pub const QUERY_ATTRIBUTES: Capabilities = Capabilities(1 << 27);

    /// Returns whether every flag of `other` is set.
    pub const fn has(self, other: Capabilities) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the flags of both.
    #[must_use]
    pub const fn with(self, other: Capabilities) -> Capabilities {
        Capabilities(self.0 | other.0)
    }

    /// Returns the flags without those of `other`.
    #[must_use]
    pub const fn without(self, other: Capabilities) -> Capabilities {
        Capabilities(self.0 & !other.0)
    }
}

impl BitOr for Capabilities {
    type Output = Capabilities;

    fn bitor(self, other: Capabilities) -> Capabilities {
        self.with(other)
    }
}

impl BitOrAssign for Capabilities {
    fn bitor_assign(&mut self, other: Capabilities) {
        self.0 |= other.0;
    }
}

impl BitAnd for Capabilities {
    type Output = Capabilities;

    fn bitand(self, other: Capabilities) -> Capabilities {
        Capabilities(self.0 & other.0)
    }
}

/// Status flags of OK and EOF packets (`SERVER_STATUS_...`).
pub mod status {
    pub const IN_TRANSACTION: u16 = 1;
    pub const AUTOCOMMIT: u16 = 2;
    /// Another result of the same command follows.
    pub const MORE_RESULTS: u16 = 8;
    pub const NO_GOOD_INDEX_USED: u16 = 0x10;
    pub const NO_INDEX_USED: u16 = 0x20;
    pub const CURSOR_EXISTS: u16 = 0x40;
    pub const LAST_ROW_SENT: u16 = 0x80;
    pub const DB_DROPPED: u16 = 0x100;
    pub const NO_BACKSLASH_ESCAPES: u16 = 0x200;
    pub const METADATA_CHANGED: u16 = 0x400;
    pub const QUERY_WAS_SLOW: u16 = 0x800;
    pub const PS_OUT_PARAMS: u16 = 0x1000;
    pub const IN_READ_ONLY_TRANSACTION: u16 = 0x2000;
    pub const SESSION_STATE_CHANGED: u16 = 0x4000;
}
