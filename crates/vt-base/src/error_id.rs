//! The table of error ids: `VT` and five digits, each with its code, MySQL errno and wording.

use crate::Code;

macro_rules! error_ids {
    ($($id:ident, $code:ident, $errno:expr, $state:expr, $text:literal;)*) => {
        /// An id of the table; the wording stays the same over releases, so that it can be searched.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorId { $($id),* }

        impl ErrorId {
            /// Every id, in the table's order.
            pub const ALL: &'static [ErrorId] = &[$(ErrorId::$id),*];

            /// Returns the id as text, `VT03001`.
            pub fn name(self) -> &'static str {
                match self { $(ErrorId::$id => stringify!($id)),* }
            }

            pub fn code(self) -> Code {
                match self { $(ErrorId::$id => Code::$code),* }
            }

            /// Returns MySQL's errno and SQLSTATE where the id has its own, else `None`.
            pub fn mysql(self) -> Option<(u16, [u8; 5])> {
                let (errno, state): (u16, &[u8; 5]) = match self { $(ErrorId::$id => ($errno, $state)),* };
                (errno != 0).then_some((errno, *state))
            }

            /// Returns the wording, with `%s` where the detail goes.
            pub fn template(self) -> &'static str {
                match self { $(ErrorId::$id => $text),* }
            }
        }
    };
}

error_ids! {
    VT03001, InvalidArgument, 1055, b"42000", "aggregate functions take a single argument '%s'";
    VT03002, InvalidArgument, 1450, b"HY000", "changing schema from '%s' is not allowed";
    VT03003, InvalidArgument, 1109, b"42S02", "unknown table '%s' in MULTI DELETE";
    VT03004, InvalidArgument, 1288, b"HY000", "the target table %s of the DELETE is not updatable";
    VT03005, InvalidArgument, 1056, b"42000", "cannot group on '%s'";
    VT03006, InvalidArgument, 1136, b"21S01", "column count does not match value count with the row";
    VT03007, InvalidArgument, 1046, b"3D000", "keyspace not specified";
    VT03008, InvalidArgument, 1234, b"42000", "incorrect usage/placement of '%s'";
    VT03009, InvalidArgument, 1231, b"42000", "unexpected value type for '%s'";
    VT03010, InvalidArgument, 1231, b"42000", "variable '%s' is a read only variable";
    VT03011, InvalidArgument, 0, b"HY000", "invalid value type: %s";
    VT03012, InvalidArgument, 0, b"HY000", "invalid syntax: %s";
    VT03013, InvalidArgument, 1066, b"42000", "not unique table/alias: '%s'";
    VT03014, InvalidArgument, 1054, b"42S22", "unknown column '%s'";
    VT03015, InvalidArgument, 1110, b"42000", "column has duplicate values: '%s'";
    VT03016, InvalidArgument, 0, b"HY000", "unknown vindex column: '%s'";
    VT03018, InvalidArgument, 1234, b"42000", "NEXT used on a non-sequence table";
    VT03019, InvalidArgument, 1054, b"42S22", "column '%s' not found";
    VT03020, InvalidArgument, 1054, b"42S22", "column '%s' not found in subquery";
    VT03021, InvalidArgument, 1052, b"23000", "ambiguous column reference: %s";
    VT03022, InvalidArgument, 1054, b"42S22", "column %s not found";
    VT03023, InvalidArgument, 0, b"HY000", "INSERT not supported when targeting a key range: %s";
    VT03024, InvalidArgument, 1243, b"HY000", "'%s' user defined variable does not exists";
    VT03025, InvalidArgument, 1210, b"HY000", "incorrect arguments to %s";
    VT03027, InvalidArgument, 1048, b"23000", "column '%s' cannot be null";
    VT03028, InvalidArgument, 1048, b"23000", "column '%s' cannot be null on row insert";
    VT03031, InvalidArgument, 0, b"HY000", "EXPLAIN is only supported for single keyspace";
    VT03032, InvalidArgument, 1288, b"HY000", "the target table %s of the UPDATE is not updatable";
    VT03033, InvalidArgument, 1353, b"HY000", "the VIEW definition of '%s' and its column list have different column counts";
    VT05001, NotFound, 1008, b"HY000", "cannot drop database '%s'; database does not exists";
    VT05002, NotFound, 1049, b"42000", "cannot alter database '%s'; unknown database";
    VT05003, NotFound, 1049, b"42000", "unknown database '%s' in vschema";
    VT05004, NotFound, 1146, b"42S02", "table '%s' does not exist";
    VT05005, NotFound, 1146, b"42S02", "table '%s' does not exist in keyspace '%s'";
    VT05006, NotFound, 1193, b"HY000", "unknown system variable '%s'";
    VT05007, NotFound, 1109, b"42S02", "no table info";
    VT06001, AlreadyExists, 1007, b"HY000", "cannot create database '%s'; database exists";
    VT07001, PermissionDenied, 1095, b"HY000", "%s";
    VT09001, FailedPrecondition, 1173, b"42000", "PRIMARY VINDEX is missing: %s";
    VT09002, FailedPrecondition, 1874, b"HY000", "%s statement with a replica target";
    VT09003, FailedPrecondition, 0, b"HY000", "INSERT query does not have primary vindex column '%s' in the column list";
    VT09004, FailedPrecondition, 0, b"HY000", "INSERT should contain column list or the table should have authoritative columns in vschema";
    VT09005, FailedPrecondition, 1046, b"3D000", "no database selected: use keyspace<:shard><@type> or keyspace<[range]><@type> (<> are optional)";
    VT09006, FailedPrecondition, 0, b"HY000", "%s VITESS_MIGRATION works only on primary tablet";
    VT09007, FailedPrecondition, 0, b"HY000", "%s VITESS_THROTTLED_APPS works only on primary tablet";
    VT09008, FailedPrecondition, 0, b"HY000", "vexplain queries/all will actually run queries";
    VT09009, FailedPrecondition, 0, b"HY000", "stream is supported only for primary tablet type, current type: %s";
    VT09010, FailedPrecondition, 0, b"HY000", "SHOW VITESS_THROTTLER STATUS works only on primary tablet";
    VT09011, FailedPrecondition, 1243, b"HY000", "Unknown prepared statement handler (%s) given to EXECUTE";
    VT09012, FailedPrecondition, 0, b"HY000", "%s statement with %s tablet not allowed";
    VT09013, FailedPrecondition, 0, b"HY000", "semi-sync plugins are not loaded";
    VT09014, FailedPrecondition, 0, b"HY000", "vindex cannot be modified";
    VT09015, FailedPrecondition, 0, b"HY000", "schema tracking required";
    VT09016, FailedPrecondition, 1451, b"23000", "Cannot delete or update a parent row: a foreign key constraint fails";
    VT09017, FailedPrecondition, 0, b"HY000", "%s";
    VT09018, FailedPrecondition, 0, b"HY000", "%s";
    VT09019, FailedPrecondition, 0, b"HY000", "keyspace '%s' has cyclic foreign keys";
    VT09020, FailedPrecondition, 0, b"HY000", "can not use multiple vindex hints for table %s";
    VT09021, FailedPrecondition, 1176, b"42000", "Vindex '%s' does not exist in table";
    VT09022, FailedPrecondition, 0, b"HY000", "Destination does not have exactly one shard: %s";
    VT09023, FailedPrecondition, 0, b"HY000", "could not map %s to a keyspace id";
    VT09024, FailedPrecondition, 0, b"HY000", "could not map %s to a unique keyspace id: %s";
    VT09025, FailedPrecondition, 0, b"HY000", "atomic transaction error: %s";
    VT09026, FailedPrecondition, 3636, b"HY000", "Recursive Common Table Expression '%s' should have one or more non-recursive query blocks followed by one or more recursive ones";
    VT09027, FailedPrecondition, 3577, b"HY000", "Recursive Common Table Expression '%s' can contain neither aggregation nor window functions in recursive query block";
    VT09029, FailedPrecondition, 3574, b"HY000", "In recursive query block of Recursive Common Table Expression %s, the recursive table must be referenced only once, and not in any subquery";
    VT09030, FailedPrecondition, 3636, b"HY000", "CTE defined as recursive '%s' but not recursive";
    VT09031, FailedPrecondition, 0, b"HY000", "Primary demotion is stalled";
    VT09032, FailedPrecondition, 0, b"HY000", "unable to execute queries until the transaction is rolled back";
    VT10001, Aborted, 0, b"HY000", "foreign key constraints are not allowed";
    VT10002, Aborted, 0, b"HY000", "atomic distributed transaction not allowed: %s";
    VT12001, Unimplemented, 1235, b"42000", "unsupported: %s";
    VT12002, Unimplemented, 1235, b"42000", "unsupported: cross-shard foreign keys between table '%s' and table '%s'";
    VT13001, Internal, 0, b"HY000", "[BUG] %s";
    VT13002, Internal, 0, b"HY000", "unexpected AST struct for query: %s";
    VT14001, Unavailable, 0, b"HY000", "connection error";
    VT14002, Unavailable, 0, b"HY000", "no available connection";
    VT14003, Unavailable, 0, b"HY000", "no connection for tablet %s";
    VT14004, Unavailable, 0, b"HY000", "cannot find keyspace for: %s";
    VT14005, Unavailable, 0, b"HY000", "cannot lookup sidecar database for keyspace: %s";
    VT15001, FailedPrecondition, 0, b"HY000", "transaction error: %s";
}

impl ErrorId {
    /// Returns `VTnnnnn: wording`, each `%s` replaced by `detail`.
    pub fn render(self, detail: &str) -> String {
        format!("{}: {}", self.name(), self.template().replace("%s", detail))
    }

    /// Returns `VTnnnnn: wording`, the first `%s` replaced by the first detail, and so on.
    pub fn render_all(self, details: &[&dyn std::fmt::Display]) -> String {
        let mut text = format!("{}: ", self.name());
        let mut details = details.iter();
        for (index, piece) in self.template().split("%s").enumerate() {
            if index > 0 {
                match details.next() {
                    Some(detail) => text.push_str(&detail.to_string()),
                    None => text.push_str("%s"),
                }
            }
            text.push_str(piece);
        }
        text
    }
}
