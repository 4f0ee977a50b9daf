//! The types of values, numbered as `query.Type`: a MySQL type with flags that tell its family.

/// A type of value; the number is that of `query.Type` on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Type(pub i32);

const INTEGRAL: i32 = 256;
const UNSIGNED: i32 = 512;
const FLOAT: i32 = 1024;
const QUOTED: i32 = 2048;
const TEXT: i32 = 4096;
const BINARY: i32 = 8192;

macro_rules! types {
    ($($name:ident = $number:literal),* $(,)?) => {
        impl Type {
            $(pub const $name: Type = Type($number);)*

            /// Every type that has a name.
            pub const ALL: &'static [(Type, &'static str)] = &[$((Type($number), stringify!($name))),*];
        }
    };
}

types! {
    NULL_TYPE = 0, INT8 = 257, UINT8 = 770, INT16 = 259, UINT16 = 772, INT24 = 261, UINT24 = 774,
    INT32 = 263, UINT32 = 776, INT64 = 265, UINT64 = 778, FLOAT32 = 1035, FLOAT64 = 1036,
    TIMESTAMP = 2061, DATE = 2062, TIME = 2063, DATETIME = 2064, YEAR = 785, DECIMAL = 18,
    TEXT = 6163, BLOB = 10260, VARCHAR = 6165, VARBINARY = 10262, CHAR = 6167, BINARY = 10264,
    BIT = 2073, ENUM = 2074, SET = 2075, TUPLE = 28, GEOMETRY = 2077, JSON = 2078, EXPRESSION = 31,
    HEXNUM = 4128, HEXVAL = 4129, BITNUM = 4130, VECTOR = 2083, RAW = 2084, ROW_TUPLE = 2085,
}

impl Type {
    pub fn is_integral(self) -> bool {
        self.0 & INTEGRAL != 0
    }

    pub fn is_signed(self) -> bool {
        self.is_integral() && self.0 & UNSIGNED == 0
    }

    pub fn is_unsigned(self) -> bool {
        self.is_integral() && self.0 & UNSIGNED != 0
    }

    pub fn is_float(self) -> bool {
        self.0 & FLOAT != 0
    }

    /// Returns whether values are numbers of any family.
    pub fn is_number(self) -> bool {
        self.is_integral() || self.is_float() || self == Type::DECIMAL
    }

    /// Returns whether a literal of the type stands in quotes.
    pub fn is_quoted(self) -> bool {
        self.0 & QUOTED != 0 && self != Type::BIT
    }

    pub fn is_text(self) -> bool {
        self.0 & TEXT != 0 && self.is_quoted()
    }

    pub fn is_binary(self) -> bool {
        self.0 & BINARY != 0
    }

    pub fn is_temporal(self) -> bool {
        matches!(self, Type::TIMESTAMP | Type::DATE | Type::TIME | Type::DATETIME)
    }

    /// Returns the name, `INT64`; a number that has none gives `UNKNOWN`.
    pub fn name(self) -> &'static str {
        Type::ALL.iter().find(|(one, _)| *one == self).map_or("UNKNOWN", |(_, name)| name)
    }

    /// Returns the type of an upper-case name.
    pub fn from_name(name: &str) -> Option<Type> {
        Type::ALL.iter().find(|(_, one)| *one == name).map(|(one, _)| *one)
    }

    /// Returns the type of a column definition packet.
    ///
    /// `mysql` is the protocol's type byte, `flags` the column's flags, `charset` its collation id:
    /// MySQL tells CHAR from BINARY, and TEXT from BLOB, by them alone.
    pub fn from_mysql(mysql: u8, flags: u16, charset: u16) -> Type {
        let unsigned = flags & 32 != 0;
        let binary = charset == 63;
        let pick = |signed: Type, other: Type| if unsigned { other } else { signed };
        match mysql {
            0 | 246 => Type::DECIMAL,
            1 => pick(Type::INT8, Type::UINT8),
            2 => pick(Type::INT16, Type::UINT16),
            3 => pick(Type::INT32, Type::UINT32),
            4 => Type::FLOAT32,
            5 => Type::FLOAT64,
            6 => Type::NULL_TYPE,
            7 => Type::TIMESTAMP,
            8 => pick(Type::INT64, Type::UINT64),
            9 => pick(Type::INT24, Type::UINT24),
            10 | 14 => Type::DATE,
            11 => Type::TIME,
            12 => Type::DATETIME,
            13 => Type::YEAR,
            16 => Type::BIT,
            242 => Type::VECTOR,
            245 => Type::JSON,
            247 => Type::ENUM,
            248 => Type::SET,
            249..=252 => {
                if binary {
                    Type::BLOB
                } else {
                    Type::TEXT
                }
            }
            254 if flags & 256 != 0 => Type::ENUM,
            254 if flags & 2048 != 0 => Type::SET,
            254 => {
                if binary {
                    Type::BINARY
                } else {
                    Type::CHAR
                }
            }
            255 => Type::GEOMETRY,
            _ => {
                if binary {
                    Type::VARBINARY
                } else {
                    Type::VARCHAR
                }
            }
        }
    }

    /// Returns the protocol's type byte, and the column flags that the type stands for.
    pub fn to_mysql(self) -> (u8, u16) {
        let unsigned = if self.0 & UNSIGNED != 0 { 32 } else { 0 };
        match self {
            Type::INT8 | Type::UINT8 => (1, unsigned),
            Type::INT16 | Type::UINT16 => (2, unsigned),
            Type::INT32 | Type::UINT32 => (3, unsigned),
            Type::INT24 | Type::UINT24 => (9, unsigned),
            Type::INT64 | Type::UINT64 => (8, unsigned),
            Type::FLOAT32 => (4, 0),
            Type::FLOAT64 => (5, 0),
            Type::NULL_TYPE => (6, 128),
            Type::TIMESTAMP => (7, 0),
            Type::DATE => (10, 128),
            Type::TIME => (11, 128),
            Type::DATETIME => (12, 128),
            Type::YEAR => (13, 32 | 64),
            Type::DECIMAL => (246, 0),
            Type::TEXT => (252, 0),
            Type::BLOB => (252, 128),
            Type::CHAR => (254, 0),
            Type::BINARY => (254, 128),
            Type::VARBINARY | Type::HEXNUM | Type::HEXVAL | Type::BITNUM => (253, 128),
            Type::BIT => (16, 32),
            Type::ENUM => (254, 256),
            Type::SET => (254, 2048),
            Type::GEOMETRY => (255, 144),
            Type::JSON => (245, 144),
            Type::VECTOR => (242, 128),
            _ => (253, 0),
        }
    }
}

impl std::fmt::Debug for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            "UNKNOWN" => write!(f, "Type({})", self.0),
            name => f.write_str(name),
        }
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

impl Default for Type {
    fn default() -> Type {
        Type::NULL_TYPE
    }
}
