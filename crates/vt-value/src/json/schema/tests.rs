use super::*;

fn object(text: &str) -> Object {
    match Json::parse(text.as_bytes()) {
        Ok(Json::Object(object)) => object,
        other => panic!("{text}: {other:?}"),
    }
}

/// The patterns of the table, without a library for them.
fn matches(pattern: &str, text: &str) -> Result<Option<bool>, Error> {
    Ok(Some(match pattern {
        "^a" => text.starts_with('a'),
        "^b" => text.starts_with('b'),
        "a$" => text.ends_with('a'),
        "a" => text.contains('a'),
        "^[a-z]+$" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase()),
        _ => return Ok(None),
    }))
}

#[test]
fn documents_fail_what_a_server_said_they_fail() {
    for line in include_str!("../vectors/schemas.tsv").lines() {
        let row: Vec<&str> = line.split('\t').collect();
        let document = Json::parse(row[1].as_bytes()).unwrap();
        let answer = match validate(&object(row[0]), &document, &matches) {
            Ok(None) => "ok".to_owned(),
            Ok(Some(failure)) => {
                format!("{} {} {}", failure.keyword, failure.schema, failure.document)
            }
            Err(error) => format!("!{}", error.message()),
        };
        assert_eq!(answer, row[2], "{line}");
    }
}

#[test]
fn schemas_that_never_end_are_refused() {
    for schema in [
        r##"{"$ref":"#"}"##,
        r##"{"allOf":[{"$ref":"#"},{"$ref":"#"}]}"##,
        r##"{"definitions":{"a":{"not":{"$ref":"#/definitions/b"}},"b":{"$ref":"#/definitions/a"}}}"##,
    ] {
        let error = validate(&object(schema), &Json::Null, &matches).unwrap_err();
        assert_eq!(error.errno(), 3157, "{schema}");
    }
    // Each part asks twice for the next: as many checks as two to the power of their number.
    let part = |n: usize| {
        format!(r##""p{n}":{{"allOf":[{{"$ref":"#/p{m}"}},{{"$ref":"#/p{m}"}}]}}"##, m = n + 1)
    };
    let parts: Vec<String> = (0..60).map(part).collect();
    let schema = object(&format!(r##"{{{},"$ref":"#/p0"}}"##, parts.join(",")));
    assert!(validate(&schema, &Json::Null, &matches).is_err());
}

#[test]
fn a_report_tells_what_failed_and_where() {
    let schema = object(r#"{"properties":{"a":{"type":"string"}}}"#);
    let failure = validate(&schema, &Json::Object(object(r#"{"a":1}"#)), &matches).unwrap();
    let mut text = Vec::new();
    failure.unwrap().report().unwrap().write(&mut text);
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "{\"valid\": false, \"reason\": \"The JSON document location '#/a' failed requirement \
         'type' at JSON Schema location '#/properties/a'\", \"schema-location\": \
         \"#/properties/a\", \"document-location\": \"#/a\", \"schema-failed-keyword\": \"type\"}"
    );
}
