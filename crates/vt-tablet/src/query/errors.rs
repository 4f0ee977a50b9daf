//! Errors in the words that a gateway passes on to its client.
//!
//! `... (errno 1062) (sqlstate 23000) (CallerID: user): Sql: "insert ...", BindVars: {...}`

use std::fmt::Write;

use vt_base::error::{Origin, Retry};
use vt_base::{Code, Error};
use vt_tablet_api::{Caller, ExecuteRequest};
use vt_value::{BindVars, BoundValue, TypedBytes};

use crate::config::QueryConfig;

/// How many bytes of a value an error shows.
const VALUE_BYTES_MAX: usize = 256;
/// How many items of a list an error shows.
const LIST_ITEMS_MAX: usize = 16;

/// Gives an error the form in which it leaves the tablet.
pub fn dress(error: Error, request: &ExecuteRequest, config: &QueryConfig) -> Error {
    let (errno, state) = (error.errno(), error.sql_state());
    let code = match error.code() {
        // The cap on rows is the tablet's own, and tells the gateway that it stopped the statement.
        Code::Unknown | Code::OutOfRange => code_of_errno(errno),
        code => code,
    };
    let from_mysql = error.origin() == Origin::Mysql
        || (code.mysql_default() != (errno, state) && error.id().is_none());
    let caller = caller_suffix(&request.caller);
    let mut text = if from_mysql {
        let state = String::from_utf8_lossy(&state).into_owned();
        let told = format!("(errno {errno}) (sqlstate {state}){caller}");
        // A pool that is full is no secret; what a statement holds may be.
        let query = query_text(request, config);
        if config.terse_errors {
            format!("{told}: {query}")
        } else {
            format!("{} {told}: {query}", error.message())
        }
    } else {
        format!("{}{caller}", error.message())
    };
    truncate(&mut text, config.truncate_error_len);
    let retry = if code == Code::ClusterEvent { Retry::Always } else { error.retry() };
    error.with_code(code).with_message(text).with_retry(retry)
}

/// Gives an error of a call without a statement the form in which it leaves the tablet.
pub fn dress_plain(error: Error, caller: &Caller) -> Error {
    let code = match error.code() {
        Code::Unknown => code_of_errno(error.errno()),
        code => code,
    };
    let message = format!("{}{}", vt_rpc::status::text(&error), caller_suffix(caller));
    error.with_code(code).with_message(message)
}

fn caller_suffix(caller: &Caller) -> String {
    if caller.username.is_empty() {
        String::new()
    } else {
        format!(" (CallerID: {})", caller.username)
    }
}

fn truncate(text: &mut String, bytes_max: usize) {
    const MARK: &str = " [TRUNCATED]";
    if bytes_max > MARK.len() && text.len() > bytes_max {
        let end = floor_boundary(text, bytes_max - MARK.len());
        text.truncate(end);
        text.push_str(MARK);
    }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Writes the statement with its values, as far as they may be seen.
fn query_text(request: &ExecuteRequest, config: &QueryConfig) -> String {
    let hidden = config.terse_errors || config.redact;
    let mut out = String::from("Sql: ");
    quote(&request.sql, &mut out);
    out.push_str(", BindVars: {");
    if hidden {
        if !request.bind_vars.is_empty() {
            out.push_str("[REDACTED]");
        }
    } else {
        write_binds(&request.bind_vars, &mut out);
    }
    out.push('}');
    out
}

/// Writes bind variables by name, `a: "type:INT64 value:\"1\""`.
pub fn write_binds(binds: &BindVars, out: &mut String) {
    let mut sorted: Vec<_> = binds.iter().collect();
    sorted.sort_by_key(|(name, _)| (*name).clone());
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        let mut text = String::new();
        match value {
            BoundValue::One(value) => write_one(value, &mut text),
            BoundValue::Tuple(items) => {
                text.push_str("type:TUPLE");
                for item in items.iter().take(LIST_ITEMS_MAX) {
                    text.push_str(" values:{");
                    write_one(item, &mut text);
                    text.push('}');
                }
                if items.len() > LIST_ITEMS_MAX {
                    let _ = write!(text, " ... {} items", items.len());
                }
            }
        }
        let _ = write!(out, "{name}: ");
        quote(&text, out);
    }
}

fn write_one(value: &TypedBytes, out: &mut String) {
    let _ = write!(out, "type:{}", value.typ);
    if value.is_null() {
        return;
    }
    out.push_str(" value:");
    let shown = &value.bytes[..value.bytes.len().min(VALUE_BYTES_MAX)];
    quote(&String::from_utf8_lossy(shown), out);
}

/// Writes a text in double quotes with what is special escaped.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Returns the kind of failure that an errno of MySQL's stands for.
pub fn code_of_errno(errno: u16) -> Code {
    match errno {
        1235 => Code::Unimplemented,
        1021 | 1037 | 1038 | 1040 | 1041 | 1114 | 1129 | 1135 | 1151 | 1153 | 1203 | 1206
        | 1226 => Code::ResourceExhausted,
        1205 | 3024 => Code::DeadlineExceeded,
        1042 | 1043 | 1053 | 1077 | 1079 | 2002 | 2003 | 2006 | 2013 | 2055 => Code::Unavailable,
        1029 | 1032 | 1051 | 1054 | 1094 | 1109 | 1122 | 1141 | 1146 | 1147 | 1176 | 1305 => {
            Code::NotFound
        }
        1044 | 1045 | 1095 | 1131 | 1132 | 1142 | 1143 | 1211 | 1227 | 1370 => {
            Code::PermissionDenied
        }
        1031 | 1046 | 1082 | 1091 | 1099 | 1100 | 1104 | 1148 | 1162 | 1165 | 1169 | 1173
        | 1179 | 1192 | 1207 | 1215 | 1216 | 1217 | 1223 | 1230 | 1241 | 1242 | 1264 | 1265
        | 1288 | 1289 | 1291 | 1364 | 1366 | 1406 | 1451 | 1452 | 1792 | 3819 => {
            Code::FailedPrecondition
        }
        1290 | 1836 | 3032 => Code::ClusterEvent,
        1007 | 1050 | 1022 | 1061 | 1062 | 1086 | 1125 | 1304 | 1359 | 1586 => Code::AlreadyExists,
        1078 | 1080 | 1152 | 1213 | 10001 => Code::Aborted,
        1317 => Code::Canceled,
        1047..=1049
        | 1052
        | 1055..=1060
        | 1063..=1076
        | 1087..=1090
        | 1092
        | 1093
        | 1096
        | 1097
        | 1101..=1103
        | 1105..=1108
        | 1110..=1113
        | 1115..=1118
        | 1120
        | 1121
        | 1136
        | 1140
        | 1144
        | 1149
        | 1210
        | 1221
        | 1222
        | 1231
        | 1232
        | 1247..=1250
        | 1292
        | 1411
        | 1441
        | 1525 => Code::InvalidArgument,
        _ => Code::Unknown,
    }
}

/// Returns whether an error says that the connection is of no use any more.
pub fn is_connection_error(error: &Error) -> bool {
    matches!(error.errno(), 2002 | 2003 | 2006 | 2013 | 2055 | 1053 | 1077 | 1079)
}

/// Makes the error of a statement that took too long.
pub fn timed_out() -> Error {
    let text = "Query execution was interrupted, maximum statement execution time exceeded";
    Error::mysql(3024, b"HY000", text).with_code(Code::DeadlineExceeded).with_origin(Origin::Mysql)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn request() -> ExecuteRequest {
        let mut binds = BindVars::new();
        binds.set("b", BoundValue::Tuple(vec![TypedBytes::int64(1), TypedBytes::NULL]));
        binds.set("a", TypedBytes::varchar("x\"y"));
        ExecuteRequest {
            caller: Arc::new(Caller { username: "userx".into(), ..Caller::default() }),
            sql: "insert into t values (:a, \"z\")".into(),
            bind_vars: Arc::new(binds),
            ..ExecuteRequest::default()
        }
    }

    #[test]
    fn an_error_of_mysql_names_errno_caller_and_statement() {
        let error = Error::mysql(1062, b"23000", "Duplicate entry '1' for key 't.PRIMARY'");
        let error = dress(error, &request(), &QueryConfig::default());
        assert_eq!(error.code(), Code::AlreadyExists);
        assert_eq!(
            error.message(),
            "Duplicate entry '1' for key 't.PRIMARY' (errno 1062) (sqlstate 23000) (CallerID: userx): \
             Sql: \"insert into t values (:a, \\\"z\\\")\", BindVars: {a: \"type:VARCHAR \
             value:\\\"x\\\\\\\"y\\\"\", b: \"type:TUPLE values:{type:INT64 value:\\\"1\\\"} \
             values:{type:NULL_TYPE}\"}"
        );
        assert_eq!(vt_rpc::status::find_mysql(error.message()), Some((1062, *b"23000")));
    }

    #[test]
    fn values_are_hidden_where_they_must_be() {
        let error = Error::mysql(1062, b"23000", "Duplicate entry 'secret' for key 't.PRIMARY'");
        let config = QueryConfig { terse_errors: true, ..QueryConfig::default() };
        let text = dress(error, &request(), &config).message().to_owned();
        assert!(
            text.starts_with("(errno 1062) (sqlstate 23000) (CallerID: userx): Sql: "),
            "{text}"
        );
        assert!(!text.contains("secret") && text.ends_with("BindVars: {[REDACTED]}"), "{text}");
    }

    #[test]
    fn an_error_of_ours_names_the_caller_alone() {
        let error = Error::new(Code::FailedPrecondition, "wrong tablet type");
        let error = dress(error, &request(), &QueryConfig::default());
        assert_eq!(error.message(), "wrong tablet type (CallerID: userx)");
        let long = Error::new(Code::Internal, "é".repeat(100));
        let config = QueryConfig { truncate_error_len: 33, ..QueryConfig::default() };
        let text = dress(long, &request(), &config).message().to_owned();
        assert!(text.len() <= 33 && text.ends_with(" [TRUNCATED]"), "{text}");
    }
}
