//! The options that a workflow carries along, in the JSON of the column `options`.

use serde_json::{Map, Value};
use vt_base::Result;
use vt_proto::json::from_json;
use vt_proto::vtctldata::WorkflowOptions;

/// Reads the options; an empty text stands for none.
pub fn decode_options(text: &str) -> Result<WorkflowOptions> {
    match text.trim() {
        "" | "null" => Ok(WorkflowOptions::default()),
        text => from_json("vtctldata.WorkflowOptions", text),
    }
}

/// Writes the options as Vitess does: what is unset is left out, and the handling of
/// auto-increment is a number.
pub fn encode_options(options: &WorkflowOptions) -> String {
    let mut out = Map::new();
    let mut text = |name: &str, value: &str| {
        if !value.is_empty() {
            out.insert(name.to_owned(), Value::from(value));
        }
    };
    text("tenant_id", &options.tenant_id);
    text("global_keyspace", &options.global_keyspace);
    if options.sharded_auto_increment_handling != 0 {
        let handling = options.sharded_auto_increment_handling;
        out.insert("sharded_auto_increment_handling".to_owned(), Value::from(handling));
    }
    if !options.shards.is_empty() {
        out.insert("shards".to_owned(), Value::from(options.shards.clone()));
    }
    if !options.config.is_empty() {
        let config: Map<String, Value> = options
            .config
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect();
        out.insert("config".to_owned(), Value::Object(config));
    }
    if !options.lookup_vindexes.is_empty() {
        out.insert("lookup_vindexes".to_owned(), Value::from(options.lookup_vindexes.clone()));
    }
    Value::Object(out).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let options = WorkflowOptions {
            tenant_id: "7".to_owned(),
            sharded_auto_increment_handling: 2,
            shards: vec!["-80".to_owned()],
            config: [("vreplication-batch-size".to_owned(), "9".to_owned())].into(),
            global_keyspace: "global".to_owned(),
            lookup_vindexes: vec!["by_name".to_owned()],
        };
        assert_eq!(decode_options(&encode_options(&options)).unwrap(), options);
        assert_eq!(encode_options(&WorkflowOptions::default()), "{}");
        for none in ["", "null", "{}"] {
            assert_eq!(decode_options(none).unwrap(), WorkflowOptions::default());
        }
        assert!(decode_options("{").is_err());
    }
}
