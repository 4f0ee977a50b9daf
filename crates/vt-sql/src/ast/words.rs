//! The words that stand for the variants of plain enums; parser and printer share them.

use super::{
    AggregateKind, BinaryOp, CastKind, DiagnosticsItem, EventStatus, FilterKind, GroupOption,
    HintAction, Isolation, JoinKind, LoadableType, MaintenanceKind, MaintenanceOption,
    ParameterMode, PrivilegeKind, ProgramKind, ReferenceAction, ServerOptionKind, SetOp,
    TemporalKind, TimeUnit, TlsDetail, TriggerEvent, TypeKind, UserLimitKind, VexplainKind,
    WindowKind,
};

macro_rules! words {
    ($($type:ident { $($variant:ident $text:literal,)* })*) => {$(
        impl $type {
            /// Every variant.
            pub const ALL: &'static [$type] = &[$($type::$variant),*];

            /// Returns the variant's word, or words, in lower case.
            pub fn text(self) -> &'static str {
                match self { $($type::$variant => $text),* }
            }

            /// Finds the variant that a word stands for, without case.
            pub fn from_text(text: &str) -> Option<$type> {
                $type::ALL.iter().copied().find(|v| v.text().eq_ignore_ascii_case(text))
            }
        }
    )*};
}

words! {
    TimeUnit {
        Microsecond "microsecond", Second "second", Minute "minute", Hour "hour", Day "day",
        Week "week", Month "month", Quarter "quarter", Year "year",
        SecondMicrosecond "second_microsecond", MinuteMicrosecond "minute_microsecond",
        MinuteSecond "minute_second", HourMicrosecond "hour_microsecond",
        HourSecond "hour_second", HourMinute "hour_minute", DayMicrosecond "day_microsecond",
        DaySecond "day_second", DayMinute "day_minute", DayHour "day_hour",
        YearMonth "year_month",
    }
    AggregateKind {
        Count "count", Sum "sum", Min "min", Max "max", Avg "avg", BitAnd "bit_and",
        BitOr "bit_or", BitXor "bit_xor", GroupConcat "group_concat",
        JsonArrayAgg "json_arrayagg", JsonObjectAgg "json_objectagg", Std "std",
        StdDev "stddev", StdDevPop "stddev_pop", StdDevSamp "stddev_samp", VarPop "var_pop",
        VarSamp "var_samp", Variance "variance", StCollect "st_collect",
    }
    WindowKind {
        RowNumber "row_number", Rank "rank", DenseRank "dense_rank", CumeDist "cume_dist",
        PercentRank "percent_rank", Ntile "ntile", Lead "lead", Lag "lag",
        FirstValue "first_value", LastValue "last_value", NthValue "nth_value",
    }
    CastKind {
        Binary "binary", Char "char", NChar "nchar", Date "date", Datetime "datetime",
        Time "time", Year "year", Decimal "decimal", Double "double", Float "float",
        Real "real", Json "json", Signed "signed", Unsigned "unsigned", Vector "vector",
        Point "point", LineString "linestring", Polygon "polygon", MultiPoint "multipoint",
        MultiLineString "multilinestring", MultiPolygon "multipolygon",
        GeometryCollection "geometrycollection",
    }
    TypeKind {
        TinyInt "tinyint", SmallInt "smallint", MediumInt "mediumint", Int "int",
        BigInt "bigint", Serial "serial", Decimal "decimal", Float "float", Double "double",
        Bit "bit", Date "date", Time "time", Datetime "datetime", Timestamp "timestamp",
        Year "year", Char "char", VarChar "varchar", Binary "binary", VarBinary "varbinary",
        TinyText "tinytext", Text "text", MediumText "mediumtext", LongText "longtext",
        TinyBlob "tinyblob", Blob "blob", MediumBlob "mediumblob", LongBlob "longblob",
        Enum "enum", Set "set", Json "json", Vector "vector", Geometry "geometry",
        Point "point", LineString "linestring", Polygon "polygon", MultiPoint "multipoint",
        MultiLineString "multilinestring", MultiPolygon "multipolygon",
        GeometryCollection "geometrycollection",
    }
    BinaryOp {
        Xor "xor", Eq "=", NullSafeEq "<=>", Ne "!=", Lt "<", Le "<=", Gt ">", Ge ">=",
        SoundsLike "sounds like", Regexp "regexp", NotRegexp "not regexp", BitOr "|",
        BitAnd "&", ShiftLeft "<<", ShiftRight ">>", Add "+", Sub "-", Mul "*", Div "/",
        IntDiv "div", Mod "%", BitXor "^", Concat "||", JsonExtract "->", JsonUnquote "->>",
    }
    TemporalKind { Date "date", Time "time", Timestamp "timestamp", }
    SetOp { Union "union", Intersect "intersect", Except "except", }
    JoinKind {
        Inner "join", Straight "straight_join", Left "left join", Right "right join",
        NaturalInner "natural join", NaturalLeft "natural left join",
        NaturalRight "natural right join",
    }
    HintAction { Use "use", Ignore "ignore", Force "force", }
    Isolation {
        ReadUncommitted "read uncommitted", ReadCommitted "read committed",
        RepeatableRead "repeatable read", Serializable "serializable",
    }
    ReferenceAction {
        Restrict "restrict", Cascade "cascade", SetNull "set null", NoAction "no action",
        SetDefault "set default",
    }
    MaintenanceKind {
        Analyze "analyze", Check "check", Checksum "checksum", Optimize "optimize",
        Repair "repair",
    }
    VexplainKind { Queries "queries", All "all", Plan "plan", Trace "trace", Keys "keys", }
    MaintenanceOption {
        Changed "changed", Extended "extended", Fast "fast", ForUpgrade "for upgrade",
        Medium "medium", Quick "quick", UseFrm "use_frm",
    }
    ParameterMode { In "in", Out "out", InOut "inout", }
    LoadableType { String "string", Integer "integer", Real "real", Decimal "decimal", }
    TriggerEvent { Insert "insert", Update "update", Delete "delete", }
    EventStatus {
        Enable "enable", Disable "disable", DisableOnReplica "disable on replica",
    }
    ProgramKind {
        Procedure "procedure", Function "function", Trigger "trigger", Event "event",
        Library "library",
    }
    TlsDetail { Subject "subject", Issuer "issuer", Cipher "cipher", }
    UserLimitKind {
        QueriesPerHour "max_queries_per_hour", UpdatesPerHour "max_updates_per_hour",
        ConnectionsPerHour "max_connections_per_hour", UserConnections "max_user_connections",
    }
    PrivilegeKind {
        Table "table", Function "function", Procedure "procedure", Library "library",
    }
    FilterKind {
        DoDb "replicate_do_db", IgnoreDb "replicate_ignore_db", DoTable "replicate_do_table",
        IgnoreTable "replicate_ignore_table", WildDoTable "replicate_wild_do_table",
        WildIgnoreTable "replicate_wild_ignore_table", RewriteDb "replicate_rewrite_db",
    }
    GroupOption { User "user", Password "password", DefaultAuth "default_auth", }
    ServerOptionKind {
        User "user", Host "host", Database "database", Owner "owner", Password "password",
        Socket "socket", Port "port",
    }
    DiagnosticsItem {
        Number "number", RowCount "row_count", ClassOrigin "class_origin",
        SubclassOrigin "subclass_origin", ReturnedSqlstate "returned_sqlstate",
        MessageText "message_text", MysqlErrno "mysql_errno",
        ConstraintCatalog "constraint_catalog", ConstraintSchema "constraint_schema",
        ConstraintName "constraint_name", CatalogName "catalog_name", SchemaName "schema_name",
        TableName "table_name", ColumnName "column_name", CursorName "cursor_name",
    }
}
