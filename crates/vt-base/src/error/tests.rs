//! Errors keep their parts, and the table of ids is sound.

use super::*;

#[test]
fn id_fills_code_errno_and_message() {
    let error = Error::vt(ErrorId::VT05003, "missing");
    assert_eq!(error.message(), "VT05003: unknown database 'missing' in vschema");
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.errno(), 1049);
    assert_eq!(&error.sql_state(), b"42000");
}

#[test]
fn context_goes_in_front() {
    let error = Error::new(Code::Unavailable, "connection refused").context("tablet zone1-100");
    assert_eq!(error.to_string(), "tablet zone1-100: connection refused");
}

#[test]
fn error_is_one_word() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn ids_are_unique_and_render() {
    let mut names: Vec<&str> = ErrorId::ALL.iter().map(|id| id.name()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "an id stands twice in the table");
    for id in ErrorId::ALL {
        assert!(id.render("x").starts_with(id.name()), "{} has another name", id.name());
    }
}

#[test]
fn each_detail_takes_its_own_place() {
    let error = Error::vt_with(ErrorId::VT05005, &[&"t", &"ks"]);
    assert_eq!(error.message(), "VT05005: table 't' does not exist in keyspace 'ks'");
    assert_eq!(error.errno(), 1146);
}
