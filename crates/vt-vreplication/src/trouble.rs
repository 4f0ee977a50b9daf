//! What keeps a stream from going on, and whether trying again can help.

use vt_base::{Code, Error};

/// Why an attempt ended before its time.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The source, the network or a server is away, or refuses.
    Source(Error),
    /// The target's mysqld refused what was written.
    Target(Error),
    /// The stream asks for what cannot be done.
    Plan(Error),
    /// The tables say other than the stream knew: what was under way before has come in since.
    Moved,
}

pub(crate) type Outcome<T> = Result<T, Trouble>;

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Source(error)
    }
}

/// Errors of MySQL that the same statement meets again.
const LASTING: &[u16] = &[
    1048, // a column cannot be null
    1049, // no such database
    1054, // no such column
    1062, // a duplicate key
    1064, // the syntax
    1067, // an invalid default
    1072, 1074, 1101, 1110, 1118, 1136, // definitions of columns
    1142, 1143, 1044, 1227, // rights
    1146, // no such table
    1153, 1301, // a packet beyond the server's maximum
    1216, 1217, 1451, 1452, // foreign keys
    1264, 1265, 1292, 1364, 1365, 1366, 1367, 1406, 1411, 1416, // values
    1305, 1582, // no such function, a wrong number of arguments
    1426, 1439, 1441, 1525, 1526, 1527, // values and partitions
    1610, 1690, 1748, // values
    3105, 3140, 3141, 3143, 3152, 3155, 3156, 3157, 3158, 3819,
    3903, // generated, JSON, checks
];

/// How trouble is dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Read the tables and go on.
    AtOnce,
    /// Wait, and try again for as long as that is allowed.
    Wait,
    /// Wait, and try again a few times: it may be that another tablet helps.
    FewTimes,
    /// Stop, and say why.
    Stop,
}

impl Trouble {
    /// Returns how the trouble is dealt with.
    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Trouble::Moved => Remedy::AtOnce,
            Trouble::Plan(_) => Remedy::Stop,
            Trouble::Target(error) if LASTING.contains(&error.errno()) => Remedy::Stop,
            Trouble::Target(_) => Remedy::Wait,
            Trouble::Source(error) => match error.code() {
                Code::InvalidArgument
                | Code::Unimplemented
                | Code::FailedPrecondition
                | Code::DataLoss
                | Code::NotFound
                | Code::PermissionDenied => Remedy::FewTimes,
                _ => Remedy::Wait,
            },
        }
    }

    /// Returns what is said of it.
    pub(crate) fn message(&self) -> String {
        match self {
            Trouble::Source(error) | Trouble::Target(error) | Trouble::Plan(error) => {
                let errno = match error.errno() {
                    // 1105 says no more than that there is an error.
                    0 | 1105 => String::new(),
                    errno => format!(" (errno {errno})"),
                };
                format!("Error: {}{errno}", error.message())
            }
            Trouble::Moved => "the stream's position changed meanwhile".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_that_lasts_stops_a_stream() {
        let mysql = |errno| Error::mysql(errno, b"HY000", "no");
        assert_eq!(Trouble::Target(mysql(1062)).remedy(), Remedy::Stop);
        assert_eq!(Trouble::Target(mysql(1213)).remedy(), Remedy::Wait);
        assert_eq!(Trouble::Target(mysql(1114)).remedy(), Remedy::Wait);
        assert_eq!(Trouble::Moved.remedy(), Remedy::AtOnce);
        let away = Error::new(Code::Unavailable, "away");
        assert_eq!(Trouble::from(away).remedy(), Remedy::Wait);
        let purged = Error::new(Code::FailedPrecondition, "purged");
        assert_eq!(Trouble::from(purged).remedy(), Remedy::FewTimes);
        assert_eq!(Trouble::Target(mysql(1062)).message(), "Error: no (errno 1062)");
    }
}
