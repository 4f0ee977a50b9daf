//! From `ALTER VSCHEMA` to the change that it asks for.

use std::collections::BTreeMap;

use vt_base::{Error, ErrorId};
use vt_sql::ast::{AlterVschema, TableName, VindexSpec};
use vt_vschema::change::VSchemaChange;
use vt_vschema::spec;

/// Returns the keyspace that an `ALTER VSCHEMA` concerns, and its change.
///
/// # Errors
/// `VT03007` if neither the statement nor the session names a keyspace.
pub fn vschema_change(
    statement: &AlterVschema<'_>,
    keyspace: Option<&str>,
) -> Result<(String, VSchemaChange), Error> {
    let (table, change) = match statement {
        AlterVschema::CreateVindex { name, spec } => {
            (name, VSchemaChange::CreateVindex { name: text(name), spec: vindex_spec(spec) })
        }
        AlterVschema::DropVindex { name } => (name, VSchemaChange::DropVindex { name: text(name) }),
        AlterVschema::AddTable(name) => (name, VSchemaChange::AddTable { table: text(name) }),
        AlterVschema::DropTable(name) => (name, VSchemaChange::DropTable { table: text(name) }),
        AlterVschema::AddSequence(name) => (name, VSchemaChange::AddSequence { table: text(name) }),
        AlterVschema::DropSequence(name) => {
            (name, VSchemaChange::DropSequence { table: text(name) })
        }
        AlterVschema::AddColumnVindex { table, name, columns, spec } => {
            let columns = columns.iter().map(|column| column.as_str().to_owned()).collect();
            let (name, spec) = (name.as_str().to_owned(), vindex_spec(spec));
            (table, VSchemaChange::AddColumnVindex { table: text(table), name, columns, spec })
        }
        AlterVschema::DropColumnVindex { table, name } => {
            let name = name.as_str().to_owned();
            (table, VSchemaChange::DropColumnVindex { table: text(table), name })
        }
        AlterVschema::AddAutoIncrement { table, column, sequence } => {
            let sequence = match sequence.qualifier {
                Some(keyspace) => format!("{}.{}", keyspace.as_str(), text(sequence)),
                None => text(sequence),
            };
            let column = column.as_str().to_owned();
            (table, VSchemaChange::AddAutoIncrement { table: text(table), column, sequence })
        }
        AlterVschema::DropAutoIncrement { table } => {
            (table, VSchemaChange::DropAutoIncrement { table: text(table) })
        }
    };
    let named = table.qualifier.map(|name| name.as_str()).or(keyspace);
    let keyspace = named.ok_or_else(|| Error::vt(ErrorId::VT03007, ""))?;
    Ok((keyspace.to_owned(), change))
}

fn text(name: &TableName<'_>) -> String {
    name.name.as_str().to_owned()
}

/// Reads a vindex; the parameter `owner` is the vindex's owner.
fn vindex_spec(from: &VindexSpec<'_>) -> spec::VindexSpec {
    let mut params: BTreeMap<String, String> = from
        .params
        .iter()
        .map(|param| (param.key.as_str().to_owned(), param.value.to_owned()))
        .collect();
    let owner = params.remove("owner").unwrap_or_default();
    let typ = from.vindex_type.map_or(String::new(), |typ| typ.as_str().to_owned());
    spec::VindexSpec { typ, params, owner }
}
