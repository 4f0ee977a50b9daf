//! How two schemas differ, in the words that users know.

use vt_proto::tabletmanagerdata::{SchemaDefinition, TableDefinition};

/// The kind of a table that is a view.
pub(crate) const VIEW: &str = "VIEW";

/// Returns each difference between two schemas as one text.
pub(crate) fn diff_schemas(
    left_name: &str,
    left: &SchemaDefinition,
    right_name: &str,
    right: &SchemaDefinition,
) -> Vec<String> {
    let differ = |what: &str, ours: &str, theirs: &str| {
        format!("{what}:\n{left_name}: {ours}\n differs from:\n{right_name}: {theirs}")
    };
    let mut out = Vec::new();
    if left.database_schema != right.database_schema {
        out.push(differ("schemas are different", &left.database_schema, &right.database_schema));
    }
    let (ours, theirs) = (sorted(left), sorted(right));
    for table in &ours {
        let Some(other) = theirs.iter().find(|one| one.name == table.name) else {
            out.push(extra(left_name, table));
            continue;
        };
        let name = &table.name;
        if table.schema != other.schema {
            out.push(differ(
                &format!("schemas differ on table {name}"),
                &table.schema,
                &other.schema,
            ));
        }
        if table.r#type != other.r#type {
            let what = format!("schemas differ on table type for table {name}");
            out.push(differ(&what, &table.r#type, &other.r#type));
        }
    }
    let only_theirs = theirs.iter().filter(|one| !ours.iter().any(|mine| mine.name == one.name));
    out.extend(only_theirs.map(|table| extra(right_name, table)));
    out
}

fn sorted(schema: &SchemaDefinition) -> Vec<&TableDefinition> {
    let mut tables: Vec<&TableDefinition> = schema.table_definitions.iter().collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    tables
}

fn extra(owner: &str, table: &TableDefinition) -> String {
    let kind = if table.r#type == VIEW { "view" } else { "table" };
    format!("{owner} has an extra {kind} named {}", table.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(tables: &[(&str, &str, &str)]) -> SchemaDefinition {
        SchemaDefinition {
            database_schema: "CREATE DATABASE `{{.DatabaseName}}`".into(),
            table_definitions: tables
                .iter()
                .map(|(name, schema, typ)| TableDefinition {
                    name: (*name).into(),
                    schema: (*schema).into(),
                    r#type: (*typ).into(),
                    ..Default::default()
                })
                .collect(),
        }
    }

    #[test]
    fn equal_schemas_have_no_difference() {
        let one = schema(&[("a", "x", "BASE TABLE"), ("b", "y", VIEW)]);
        let other = schema(&[("b", "y", VIEW), ("a", "x", "BASE TABLE")]);
        assert!(diff_schemas("l", &one, "r", &other).is_empty());
    }

    #[test]
    fn differences_say_where_and_what() {
        let one =
            schema(&[("a", "x", "BASE TABLE"), ("only_l", "z", "BASE TABLE"), ("v", "q", VIEW)]);
        let other =
            schema(&[("a", "y", "BASE TABLE"), ("only_r", "z", VIEW), ("v", "q", "BASE TABLE")]);
        assert_eq!(
            diff_schemas("l", &one, "r", &other),
            [
                "schemas differ on table a:\nl: x\n differs from:\nr: y",
                "l has an extra table named only_l",
                "schemas differ on table type for table v:\nl: VIEW\n differs from:\nr: BASE TABLE",
                "r has an extra view named only_r",
            ]
        );
    }
}
