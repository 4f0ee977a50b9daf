//! MySQL's reserved words, and the few other words that the parser looks for by number.

macro_rules! keywords {
    ($($name:ident $text:literal $class:ident,)*) => {
        /// A word that the grammar knows; [`Keyword::None`] is any other word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub(crate) enum Keyword { None, $($name),* }

        impl Keyword {
            /// All words, by number.
            pub(crate) const ALL: &[Keyword] = &[Keyword::None, $(Keyword::$name),*];
        }

        const WORDS: &[(&str, Keyword, Class)] = &[$(($text, Keyword::$name, Class::$class)),*];
    };
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Cannot be an identifier without quotes.
    Reserved,
    /// Reserved in some versions of MySQL only: read as an identifier, printed with quotes.
    Quoted,
    /// The name of a built-in function with a grammar of its own: no identifier if its parenthesis
    /// follows at once, or behind blanks under `IGNORE_SPACE`.
    Function,
    /// An identifier like any other; listed because the parser asks for it often.
    Plain,
}

impl Keyword {
    /// Looks a word up, without case.
    #[inline]
    pub(crate) fn find(word: &[u8]) -> Keyword {
        if word.len() > LENGTH_MAX || word.len() < 2 {
            return Keyword::None;
        }
        let keyword = Keyword::at(Key::of(word));
        // The key leaves out what lies between the ends of long words.
        if word.len() > 16 && keyword != Keyword::None {
            let (text, ..) = WORDS[keyword as usize - 1];
            return if text.as_bytes().eq_ignore_ascii_case(word) {
                keyword
            } else {
                Keyword::None
            };
        }
        keyword
    }

    /// Looks a word up that lies in the lowest `length` of eight bytes: from 2 to 7 of them.
    #[inline]
    pub(crate) fn find_short(bytes: u64, length: usize) -> Keyword {
        let mask = (1 << (8 * length)) - 1;
        Keyword::at(Key((bytes | Key::LOWER) & mask, 0))
    }

    /// Looks a word up of eight bytes, and so many of eight more: up to 7.
    #[inline]
    pub(crate) fn find_middle(front: u64, rest: u64, length: usize) -> Keyword {
        if length == 0 {
            return Keyword::at(Key(front | Key::LOWER, 0));
        }
        // The last eight bytes are the end of the front, and the rest.
        let back = front >> (8 * length) | rest << (64 - 8 * length);
        Keyword::at(Key::long(front, back, 8 + length as u64))
    }

    #[inline]
    fn at(key: Key) -> Keyword {
        let mut slot = key.slot();
        loop {
            let number = TABLE[slot] as usize;
            if number == 0 {
                return Keyword::None;
            }
            let known = &KEYS[number];
            if known.0 == key.0 && known.1 == key.1 {
                return Keyword::ALL[number];
            }
            slot = (slot + 1) % TABLE_SIZE;
        }
    }

    /// Tells whether the word cannot be an identifier without quotes.
    pub(crate) fn is_reserved(self) -> bool {
        self.class() == Some(Class::Reserved)
    }

    /// Tells whether an identifier of this text must be printed with quotes.
    pub(crate) fn needs_quotes(self) -> bool {
        matches!(self.class(), Some(Class::Reserved | Class::Quoted | Class::Function))
    }

    /// Tells whether a parenthesis behind the word makes it a built-in function.
    pub(crate) fn is_function(self) -> bool {
        self.class() == Some(Class::Function)
    }

    fn class(self) -> Option<Class> {
        CLASSES[self as usize]
    }
}

const LENGTH_MAX: usize = 29;
pub(super) const TABLE_SIZE: usize = 2048;

/// The classes of all keywords, by number.
static CLASSES: [Option<Class>; WORDS.len() + 1] = {
    let mut classes = [None; WORDS.len() + 1];
    let mut index = 0;
    while index < WORDS.len() {
        classes[index + 1] = Some(WORDS[index].2);
        index += 1;
    }
    classes
};

/// A word in lower case: up to eight bytes of its front, and of a longer one eight of its back,
/// with its length. That is enough to tell apart words of up to 16 bytes.
#[derive(Clone, Copy)]
struct Key(u64, u64);

impl Key {
    /// Turns letters to lower case, and keeps all bytes of words apart that are no letters.
    const LOWER: u64 = 0x2020_2020_2020_2020;

    #[inline]
    const fn of(word: &[u8]) -> Key {
        let length = word.len() as u64;
        if let (Some(front), Some(back)) = (word.first_chunk(), word.last_chunk())
            && length > 8
        {
            return Key::long(u64::from_le_bytes(*front), u64::from_le_bytes(*back), length);
        }
        let (mut front, mut at) = (0, word.len());
        while at > 0 {
            at -= 1;
            front = front << 8 | (word[at] | 0x20) as u64;
        }
        Key(front, 0)
    }

    /// The key of a word of more than eight bytes, by its first and last eight.
    #[inline]
    const fn long(front: u64, back: u64, length: u64) -> Key {
        Key(front | Key::LOWER, (back | Key::LOWER).rotate_left(5) ^ length)
    }

    #[inline]
    const fn slot(self) -> usize {
        let mixed = (self.0 ^ self.1.rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 53) as usize % TABLE_SIZE
    }
}

/// Returns a word's place in a table of as many slots as that of the keywords.
#[inline]
pub(super) const fn hash(word: &[u8]) -> usize {
    Key::of(word).slot()
}

/// The keys of all keywords, by number.
static KEYS: [Key; WORDS.len() + 1] = keys();

const fn keys() -> [Key; WORDS.len() + 1] {
    let mut keys = [Key(0, 0); WORDS.len() + 1];
    let mut index = 0;
    while index < WORDS.len() {
        keys[index + 1] = Key::of(WORDS[index].0.as_bytes());
        index += 1;
    }
    keys
}

/// An open-addressed table of numbers, 0 for none, so sparse that a look ends almost always where
/// it begins.
static TABLE: [u16; TABLE_SIZE] = build();

const fn build() -> [u16; TABLE_SIZE] {
    let mut table = [0; TABLE_SIZE];
    let keys = keys();
    let mut number = 1;
    while number < keys.len() {
        let mut slot = keys[number].slot();
        while table[slot] != 0 {
            slot = (slot + 1) % TABLE_SIZE;
        }
        table[slot] = number as u16;
        number += 1;
    }
    table
}

keywords! {
    Accessible "accessible" Reserved,
    Add "add" Reserved,
    All "all" Reserved,
    Alter "alter" Reserved,
    Analyze "analyze" Reserved,
    And "and" Reserved,
    As "as" Reserved,
    Asc "asc" Reserved,
    Asensitive "asensitive" Reserved,
    Before "before" Reserved,
    Between "between" Reserved,
    Bigint "bigint" Reserved,
    Binary "binary" Reserved,
    Blob "blob" Reserved,
    Both "both" Reserved,
    By "by" Reserved,
    Call "call" Reserved,
    Cascade "cascade" Reserved,
    Case "case" Reserved,
    Change "change" Reserved,
    Char "char" Reserved,
    Character "character" Reserved,
    Check "check" Reserved,
    Collate "collate" Reserved,
    Column "column" Reserved,
    Condition "condition" Reserved,
    Constraint "constraint" Reserved,
    Continue "continue" Reserved,
    Convert "convert" Reserved,
    Create "create" Reserved,
    Cross "cross" Reserved,
    Cube "cube" Reserved,
    CumeDist "cume_dist" Reserved,
    CurrentDate "current_date" Reserved,
    CurrentTime "current_time" Reserved,
    CurrentTimestamp "current_timestamp" Reserved,
    CurrentUser "current_user" Reserved,
    Cursor "cursor" Reserved,
    Database "database" Reserved,
    Databases "databases" Reserved,
    DayHour "day_hour" Reserved,
    DayMicrosecond "day_microsecond" Reserved,
    DayMinute "day_minute" Reserved,
    DaySecond "day_second" Reserved,
    Dec "dec" Reserved,
    Decimal "decimal" Reserved,
    Declare "declare" Reserved,
    Default "default" Reserved,
    Delayed "delayed" Reserved,
    Delete "delete" Reserved,
    DenseRank "dense_rank" Reserved,
    Desc "desc" Reserved,
    Describe "describe" Reserved,
    Deterministic "deterministic" Reserved,
    Distinct "distinct" Reserved,
    Distinctrow "distinctrow" Reserved,
    Div "div" Reserved,
    Double "double" Reserved,
    Drop "drop" Reserved,
    Dual "dual" Reserved,
    Each "each" Reserved,
    Else "else" Reserved,
    Elseif "elseif" Reserved,
    Empty "empty" Reserved,
    Enclosed "enclosed" Reserved,
    Escaped "escaped" Reserved,
    Except "except" Reserved,
    Exists "exists" Reserved,
    Exit "exit" Reserved,
    Explain "explain" Reserved,
    False "false" Reserved,
    Fetch "fetch" Reserved,
    FirstValue "first_value" Reserved,
    Float "float" Reserved,
    Float4 "float4" Reserved,
    Float8 "float8" Reserved,
    For "for" Reserved,
    Force "force" Reserved,
    Foreign "foreign" Reserved,
    From "from" Reserved,
    Fulltext "fulltext" Reserved,
    Function "function" Reserved,
    Generated "generated" Reserved,
    Get "get" Reserved,
    Grant "grant" Reserved,
    Group "group" Reserved,
    Grouping "grouping" Reserved,
    Groups "groups" Reserved,
    Having "having" Reserved,
    HighPriority "high_priority" Reserved,
    HourMicrosecond "hour_microsecond" Reserved,
    HourMinute "hour_minute" Reserved,
    HourSecond "hour_second" Reserved,
    If "if" Reserved,
    Ignore "ignore" Reserved,
    In "in" Reserved,
    Index "index" Reserved,
    Infile "infile" Reserved,
    Inner "inner" Reserved,
    Inout "inout" Reserved,
    Insensitive "insensitive" Reserved,
    Insert "insert" Reserved,
    Int "int" Reserved,
    Int1 "int1" Reserved,
    Int2 "int2" Reserved,
    Int3 "int3" Reserved,
    Int4 "int4" Reserved,
    Int8 "int8" Reserved,
    Integer "integer" Reserved,
    Intersect "intersect" Reserved,
    Interval "interval" Reserved,
    Into "into" Reserved,
    IoAfterGtids "io_after_gtids" Reserved,
    IoBeforeGtids "io_before_gtids" Reserved,
    Is "is" Reserved,
    Iterate "iterate" Reserved,
    Join "join" Reserved,
    JsonTable "json_table" Reserved,
    Key "key" Reserved,
    Keys "keys" Reserved,
    Kill "kill" Reserved,
    Lag "lag" Reserved,
    LastValue "last_value" Reserved,
    Lateral "lateral" Reserved,
    Lead "lead" Reserved,
    Leading "leading" Reserved,
    Leave "leave" Reserved,
    Left "left" Reserved,
    Like "like" Reserved,
    Limit "limit" Reserved,
    Linear "linear" Reserved,
    Lines "lines" Reserved,
    Load "load" Reserved,
    Localtime "localtime" Reserved,
    Localtimestamp "localtimestamp" Reserved,
    Lock "lock" Reserved,
    Long "long" Reserved,
    Longblob "longblob" Reserved,
    Longtext "longtext" Reserved,
    Loop "loop" Reserved,
    LowPriority "low_priority" Reserved,
    Match "match" Reserved,
    Maxvalue "maxvalue" Reserved,
    Mediumblob "mediumblob" Reserved,
    Mediumint "mediumint" Reserved,
    Mediumtext "mediumtext" Reserved,
    Middleint "middleint" Reserved,
    MinuteMicrosecond "minute_microsecond" Reserved,
    MinuteSecond "minute_second" Reserved,
    Mod "mod" Reserved,
    Modifies "modifies" Reserved,
    Natural "natural" Reserved,
    Not "not" Reserved,
    NoWriteToBinlog "no_write_to_binlog" Reserved,
    NthValue "nth_value" Reserved,
    Ntile "ntile" Reserved,
    Null "null" Reserved,
    Numeric "numeric" Reserved,
    Of "of" Reserved,
    On "on" Reserved,
    Optimize "optimize" Reserved,
    OptimizerCosts "optimizer_costs" Reserved,
    Option "option" Reserved,
    Optionally "optionally" Reserved,
    Or "or" Reserved,
    Order "order" Reserved,
    Out "out" Reserved,
    Outer "outer" Reserved,
    Outfile "outfile" Reserved,
    Over "over" Reserved,
    Partition "partition" Reserved,
    PercentRank "percent_rank" Reserved,
    Precision "precision" Reserved,
    Primary "primary" Reserved,
    Procedure "procedure" Reserved,
    Purge "purge" Reserved,
    Range "range" Reserved,
    Rank "rank" Reserved,
    Read "read" Reserved,
    Reads "reads" Reserved,
    ReadWrite "read_write" Reserved,
    Real "real" Reserved,
    Recursive "recursive" Reserved,
    References "references" Reserved,
    Regexp "regexp" Reserved,
    Release "release" Reserved,
    Rename "rename" Reserved,
    Repeat "repeat" Reserved,
    Replace "replace" Reserved,
    Require "require" Reserved,
    Resignal "resignal" Reserved,
    Restrict "restrict" Reserved,
    Return "return" Reserved,
    Revoke "revoke" Reserved,
    Right "right" Reserved,
    Rlike "rlike" Reserved,
    Row "row" Reserved,
    Rows "rows" Reserved,
    RowNumber "row_number" Reserved,
    Schema "schema" Reserved,
    Schemas "schemas" Reserved,
    SecondMicrosecond "second_microsecond" Reserved,
    Select "select" Reserved,
    Sensitive "sensitive" Reserved,
    Separator "separator" Reserved,
    Set "set" Reserved,
    Show "show" Reserved,
    Signal "signal" Reserved,
    Smallint "smallint" Reserved,
    Spatial "spatial" Reserved,
    Specific "specific" Reserved,
    Sql "sql" Reserved,
    Sqlexception "sqlexception" Reserved,
    Sqlstate "sqlstate" Reserved,
    Sqlwarning "sqlwarning" Reserved,
    SqlBigResult "sql_big_result" Reserved,
    SqlCalcFoundRows "sql_calc_found_rows" Reserved,
    SqlSmallResult "sql_small_result" Reserved,
    Ssl "ssl" Reserved,
    Starting "starting" Reserved,
    Stored "stored" Reserved,
    StraightJoin "straight_join" Reserved,
    System "system" Reserved,
    Table "table" Reserved,
    Terminated "terminated" Reserved,
    Then "then" Reserved,
    Tinyblob "tinyblob" Reserved,
    Tinyint "tinyint" Reserved,
    Tinytext "tinytext" Reserved,
    To "to" Reserved,
    Trailing "trailing" Reserved,
    Trigger "trigger" Reserved,
    True "true" Reserved,
    Undo "undo" Reserved,
    Union "union" Reserved,
    Unique "unique" Reserved,
    Unlock "unlock" Reserved,
    Unsigned "unsigned" Reserved,
    Update "update" Reserved,
    Usage "usage" Reserved,
    Use "use" Reserved,
    Using "using" Reserved,
    UtcDate "utc_date" Reserved,
    UtcTime "utc_time" Reserved,
    UtcTimestamp "utc_timestamp" Reserved,
    Values "values" Reserved,
    Varbinary "varbinary" Reserved,
    Varchar "varchar" Reserved,
    Varcharacter "varcharacter" Reserved,
    Varying "varying" Reserved,
    Virtual "virtual" Reserved,
    When "when" Reserved,
    Where "where" Reserved,
    While "while" Reserved,
    Window "window" Reserved,
    With "with" Reserved,
    Write "write" Reserved,
    Xor "xor" Reserved,
    YearMonth "year_month" Reserved,
    Zerofill "zerofill" Reserved,
    Manual "manual" Quoted,
    Parallel "parallel" Quoted,
    Qualify "qualify" Reserved,
    Tablesample "tablesample" Reserved,
    MasterBind "master_bind" Quoted,
    MasterSslVerifyServerCert "master_ssl_verify_server_cert" Quoted,
    BitAnd "bit_and" Function,
    BitOr "bit_or" Function,
    BitXor "bit_xor" Function,
    Cast "cast" Function,
    Count "count" Function,
    Curdate "curdate" Function,
    Curtime "curtime" Function,
    DateAdd "date_add" Function,
    DateSub "date_sub" Function,
    Extract "extract" Function,
    GroupConcat "group_concat" Function,
    JsonArrayagg "json_arrayagg" Function,
    JsonDualityObject "json_duality_object" Function,
    JsonObjectagg "json_objectagg" Function,
    Max "max" Function,
    Mid "mid" Function,
    Min "min" Function,
    Now "now" Function,
    Position "position" Function,
    Std "std" Function,
    Stddev "stddev" Function,
    StddevPop "stddev_pop" Function,
    StddevSamp "stddev_samp" Function,
    Substr "substr" Function,
    Substring "substring" Function,
    Sum "sum" Function,
    Sysdate "sysdate" Function,
    Trim "trim" Function,
    VarPop "var_pop" Function,
    VarSamp "var_samp" Function,
    Variance "variance" Function,
    StCollect "st_collect" Plain,
    Avg "avg" Plain,
    WeightString "weight_string" Plain,
    GetFormat "get_format" Plain,
    Timestampadd "timestampadd" Plain,
    Timestampdiff "timestampdiff" Plain,
    JsonValue "json_value" Plain,
    External "external" Quoted,
    Library "library" Quoted,
    Adddate "adddate" Plain,
    Ascii "ascii" Plain,
    Charset "charset" Plain,
    Collation "collation" Plain,
    Day "day" Plain,
    Format "format" Plain,
    Hour "hour" Plain,
    Microsecond "microsecond" Plain,
    Minute "minute" Plain,
    Month "month" Plain,
    Point "point" Plain,
    Quarter "quarter" Plain,
    Reverse "reverse" Plain,
    RowCount "row_count" Plain,
    Second "second" Plain,
    Subdate "subdate" Plain,
    User "user" Plain,
    Week "week" Plain,
    Year "year" Plain,
    Begin "begin" Plain,
    Commit "commit" Plain,
    Rollback "rollback" Plain,
    End "end" Plain,
    Offset "offset" Plain,
    Value "value" Plain,
    Date "date" Plain,
    Time "time" Plain,
    Timestamp "timestamp" Plain,
    Escape "escape" Plain,
    Unknown "unknown" Plain,
    Member "member" Plain,
    Sounds "sounds" Plain,
    Vexplain "vexplain" Plain,
    Truncate "truncate" Plain,
    Savepoint "savepoint" Plain,
    Start "start" Plain,
}
