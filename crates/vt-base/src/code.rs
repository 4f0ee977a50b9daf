//! The codes of gRPC, with the two that the tablet protocol adds.

/// What kind of failure an error is, numbered as `vtrpc.Code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Code {
    Ok = 0,
    Canceled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
    ClusterEvent = 17,
    ReadOnly = 18,
}

impl Code {
    const ALL: [Code; 19] = [
        Code::Ok,
        Code::Canceled,
        Code::Unknown,
        Code::InvalidArgument,
        Code::DeadlineExceeded,
        Code::NotFound,
        Code::AlreadyExists,
        Code::PermissionDenied,
        Code::ResourceExhausted,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::OutOfRange,
        Code::Unimplemented,
        Code::Internal,
        Code::Unavailable,
        Code::DataLoss,
        Code::Unauthenticated,
        Code::ClusterEvent,
        Code::ReadOnly,
    ];

    /// Returns the code of a number on the wire; an unknown number is [`Code::Unknown`].
    pub fn from_i32(number: i32) -> Code {
        usize::try_from(number)
            .ok()
            .and_then(|index| Code::ALL.get(index).copied())
            .unwrap_or(Code::Unknown)
    }

    /// Returns the name that Go's gRPC prints, as in `rpc error: code = NotFound`.
    pub fn grpc_name(self) -> &'static str {
        match self {
            Code::Ok => "OK",
            Code::Canceled => "Canceled",
            Code::Unknown => "Unknown",
            Code::InvalidArgument => "InvalidArgument",
            Code::DeadlineExceeded => "DeadlineExceeded",
            Code::NotFound => "NotFound",
            Code::AlreadyExists => "AlreadyExists",
            Code::PermissionDenied => "PermissionDenied",
            Code::ResourceExhausted => "ResourceExhausted",
            Code::FailedPrecondition => "FailedPrecondition",
            Code::Aborted => "Aborted",
            Code::OutOfRange => "OutOfRange",
            Code::Unimplemented => "Unimplemented",
            Code::Internal => "Internal",
            Code::Unavailable => "Unavailable",
            Code::DataLoss => "DataLoss",
            Code::Unauthenticated => "Unauthenticated",
            Code::ClusterEvent => "ClusterEvent",
            Code::ReadOnly => "ReadOnly",
        }
    }

    /// Returns MySQL's errno and SQLSTATE for an error that carries none of its own.
    pub fn mysql_default(self) -> (u16, [u8; 5]) {
        match self {
            Code::Canceled | Code::DeadlineExceeded | Code::Aborted => (1317, *b"70100"),
            Code::PermissionDenied | Code::Unauthenticated => (1045, *b"28000"),
            Code::ResourceExhausted => (1203, *b"42000"),
            Code::Unimplemented => (1235, *b"42000"),
            Code::Internal => (1815, *b"HY000"),
            _ => (1105, *b"HY000"),
        }
    }
}
