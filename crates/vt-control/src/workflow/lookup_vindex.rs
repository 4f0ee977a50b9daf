//! LookupVindexCreate, Externalize, Internalize, Complete: a lookup vindex over a table that has
//! rows already.
//!
//! While its table is filled, the vindex is written and not yet read (`write_only`).

use vt_base::{Error, Result};
use vt_proto::binlogdata::{VReplicationWorkflowState as State, VReplicationWorkflowType as Type};
use vt_proto::vschema;
use vt_proto::vtctldata::*;

use super::ddl::column_type;
use super::ends::{ends, serving_shards};
use super::rules::sql_name;
use super::snapshot::{ShardEnd, Snapshot};
use super::tables::read_tables;
use crate::Control;
use crate::control::{invalid, refused};

const WRITE_ONLY: &str = "write_only";

/// A lookup vindex that is to be made.
struct Lookup {
    name: String,
    vindex: vschema::Vindex,
    /// The table that the vindex is of, and its columns that are looked up.
    owner: String,
    owner_columns: Vec<String>,
    /// Where the lookup's rows lie.
    table_keyspace: String,
    table: String,
    /// The columns of the lookup's table that `owner_columns` go to.
    from: Vec<String>,
    to: String,
    is_unique: bool,
    ignores_nulls: bool,
}

impl Control {
    pub async fn lookup_vindex_create(
        &self,
        request: LookupVindexCreateRequest,
    ) -> Result<LookupVindexCreateResponse> {
        let keyspace = &request.keyspace;
        self.check_keyspace("source", keyspace).await?;
        let wanted = request.vindex.clone().unwrap_or_default();
        let lookup = read_lookup(&wanted)?;
        self.check_keyspace("table", &lookup.table_keyspace).await?;
        let stored = self.vschema_or_empty(&self.cluster, keyspace).await?;
        check_owner(keyspace, &stored, &lookup)?;
        let ddl = self.lookup_ddl(keyspace, &lookup).await?;
        self.add_lookup_table(&lookup, &wanted).await?;
        self.add_lookup_vindex(keyspace, &lookup).await?;
        self.topo.rebuild_srv_vschema(&[]).await?;
        let settings = MaterializeSettings {
            workflow: request.workflow.clone(),
            source_keyspace: keyspace.clone(),
            target_keyspace: lookup.table_keyspace.clone(),
            // With an owner, the gateway itself keeps the lookup in step once it is filled.
            stop_after_copy: !lookup.vindex.owner.is_empty()
                && !request.continue_after_copy_with_owner,
            table_settings: vec![TableMaterializeSettings {
                target_table: lookup.table.clone(),
                source_expression: backfill(&lookup),
                create_ddl: ddl,
            }],
            cell: request.cells.join(","),
            tablet_types: type_names(&request.tablet_types),
            tablet_selection_preference: request.tablet_selection_preference,
            materialization_intent: MaterializationIntent::Createlookupindex as i32,
            workflow_options: Some(WorkflowOptions {
                lookup_vindexes: vec![lookup.name.clone()],
                ..Default::default()
            }),
            ..Default::default()
        };
        match self.materialize(settings).await {
            Ok(()) => Ok(LookupVindexCreateResponse {}),
            Err(err) => {
                if let Err(left) = self.remove_lookup_vindex(keyspace, &lookup).await {
                    tracing::warn!(%left, vindex = lookup.name, "a vindex that was not made is left");
                }
                Err(err)
            }
        }
    }

    /// Has the gateways use the vindex for reads.
    pub async fn lookup_vindex_externalize(
        &self,
        request: LookupVindexExternalizeRequest,
    ) -> Result<LookupVindexExternalizeResponse> {
        let (keyspace, name) = (&request.keyspace, &request.name);
        let vindex = self.stored_vindex(keyspace, name).await?;
        let found = self.lookup_workflow(&request.table_keyspace, name).await?;
        for stream in &found.streams {
            let stops = !vindex.owner.is_empty() && stream.source.stop_after_copy;
            let copied = match stops {
                true => {
                    stream.state == State::Stopped && stream.status.message.contains("after copy")
                }
                false => stream.state == State::Running && !self.is_copying(&found, stream).await?,
            };
            if !copied {
                return Err(refused(format!(
                    "the lookup {name} is not filled yet: stream {} on {} is in state {} {}",
                    stream.status.id,
                    stream.tablet,
                    stream.state.as_str_name(),
                    stream.status.message
                )));
            }
        }
        self.set_write_only(keyspace, name, false).await?;
        let ends: Vec<&ShardEnd> = found.target.shards.values().collect();
        let mut reply = LookupVindexExternalizeResponse::default();
        if vindex.owner.is_empty() {
            // Nobody but the streams keeps such a lookup in step.
        } else if request.delete_workflow {
            self.delete_streams(name, &ends).await?;
            reply.workflow_deleted = true;
        } else {
            self.set_streams_state(name, &ends, State::Stopped).await?;
            reply.workflow_stopped = true;
        }
        Ok(reply)
    }

    /// Takes the vindex back from reads, and has its streams run again.
    pub async fn lookup_vindex_internalize(
        &self,
        request: LookupVindexInternalizeRequest,
    ) -> Result<LookupVindexInternalizeResponse> {
        let (keyspace, name) = (&request.keyspace, &request.name);
        self.stored_vindex(keyspace, name).await?;
        let found = self.lookup_workflow(&request.table_keyspace, name).await?;
        self.set_write_only(keyspace, name, true).await?;
        let ends: Vec<&ShardEnd> = found.target.shards.values().collect();
        self.set_streams_state(name, &ends, State::Running).await?;
        Ok(LookupVindexInternalizeResponse {})
    }

    /// Ends the workflow of a vindex that is in use.
    pub async fn lookup_vindex_complete(
        &self,
        request: LookupVindexCompleteRequest,
    ) -> Result<LookupVindexCompleteResponse> {
        let (keyspace, name) = (&request.keyspace, &request.name);
        let vindex = self.stored_vindex(keyspace, name).await?;
        if vindex.params.get(WRITE_ONLY).is_some_and(|value| value == "true") {
            return Err(refused(format!(
                "the lookup vindex {keyspace}.{name} is not in use yet: run `LookupVindex --name {name} \
                 --table-keyspace {} externalize --keyspace {keyspace}` first",
                request.table_keyspace
            )));
        }
        let found = self.lookup_workflow(&request.table_keyspace, name).await?;
        let ends: Vec<&ShardEnd> = found.target.shards.values().collect();
        self.delete_streams(name, &ends).await?;
        Ok(LookupVindexCompleteResponse {})
    }

    async fn lookup_workflow(&self, keyspace: &str, name: &str) -> Result<Snapshot> {
        self.check_keyspace("table", keyspace).await?;
        let found = Snapshot::load(self, keyspace, name, &[]).await?;
        match found.workflow_type {
            Type::CreateLookupIndex => Ok(found),
            other => Err(invalid(format!(
                "workflow {name} of keyspace {keyspace} is a {} and fills no lookup",
                other.as_str_name()
            ))),
        }
    }

    async fn stored_vindex(&self, keyspace: &str, name: &str) -> Result<vschema::Vindex> {
        self.check_keyspace("source", keyspace).await?;
        let stored = self.vschema_or_empty(&self.cluster, keyspace).await?;
        stored.vindexes.get(name).cloned().ok_or_else(|| {
            refused(format!("there is no vindex {name} in the vschema of keyspace {keyspace}"))
        })
    }

    /// Says whether a vindex is only written.
    async fn set_write_only(&self, keyspace: &str, name: &str, write_only: bool) -> Result<()> {
        self.change_stored_vschema(keyspace, |stored| {
            let Some(vindex) = stored.vindexes.get_mut(name) else { return Ok(false) };
            Ok(match write_only {
                true => {
                    vindex.params.insert(WRITE_ONLY.to_owned(), "true".to_owned())
                        != Some("true".to_owned())
                }
                false => vindex.params.remove(WRITE_ONLY).is_some(),
            })
        })
        .await?;
        Ok(self.topo.rebuild_srv_vschema(&[]).await?)
    }

    /// Returns the statement that makes the lookup's table, with the types of the owner's columns.
    async fn lookup_ddl(&self, keyspace: &str, lookup: &Lookup) -> Result<String> {
        let shards = serving_shards(&self.cluster, keyspace, &[]).await?;
        let sources = ends(&self.cluster, shards.into_iter().take(1).collect()).await?;
        let Some(first) = sources.first() else {
            return Err(refused(format!("keyspace {keyspace} has no serving shards")));
        };
        let there = read_tables(&first.primary).await?;
        let text = there.get(&lookup.owner).ok_or_else(|| {
            refused(format!("table(s) not found in source keyspace {keyspace}: {}", lookup.owner))
        })?;
        let mut columns = Vec::new();
        for (from, owner) in lookup.from.iter().zip(&lookup.owner_columns) {
            let typ = column_type(&lookup.owner, text, owner)?;
            columns.push(format!("{} {typ} not null", sql_name(from)));
        }
        columns.push(format!("{} varbinary(128)", sql_name(&lookup.to)));
        let mut key: Vec<String> = lookup.from.iter().map(|one| sql_name(one)).collect();
        if !lookup.is_unique {
            key.push(sql_name(&lookup.to));
        }
        columns.push(format!("primary key ({})", key.join(", ")));
        Ok(format!("create table {} ({})", sql_name(&lookup.table), columns.join(", ")))
    }

    /// Adds the lookup's table to the VSchema of its keyspace.
    async fn add_lookup_table(&self, lookup: &Lookup, wanted: &vschema::Keyspace) -> Result<()> {
        let (keyspace, table) = (&lookup.table_keyspace, &lookup.table);
        self.change_stored_vschema(keyspace, |stored| {
            if stored.tables.contains_key(table) {
                return Ok(false);
            }
            let mut own = vschema::Table::default();
            if stored.sharded {
                let named = wanted.tables.get(table).and_then(|one| one.column_vindexes.first());
                let vindex = match named {
                    Some(one) => one.name.clone(),
                    None => return Err(invalid(format!(
                        "say with --table-vindex-type by which vindex table {table} is sharded in keyspace {keyspace}"
                    ))),
                };
                if !stored.vindexes.contains_key(&vindex) {
                    let mut typ = wanted.vindexes.get(&vindex).cloned().unwrap_or_default();
                    if typ.r#type.is_empty() {
                        typ.r#type.clone_from(&vindex);
                    }
                    stored.vindexes.insert(vindex.clone(), typ);
                }
                own.column_vindexes.push(vschema::ColumnVindex {
                    column: lookup.from.first().cloned().unwrap_or_default(),
                    name: vindex,
                    ..Default::default()
                });
            }
            stored.tables.insert(table.clone(), own);
            Ok(true)
        })
        .await
    }

    /// Adds the vindex, which is written and not read, to the owner's keyspace.
    async fn add_lookup_vindex(&self, keyspace: &str, lookup: &Lookup) -> Result<()> {
        self.change_stored_vschema(keyspace, |stored| {
            check_owner(keyspace, stored, lookup)?;
            let mut vindex = lookup.vindex.clone();
            vindex.params.insert(WRITE_ONLY.to_owned(), "true".to_owned());
            stored.vindexes.insert(lookup.name.clone(), vindex);
            let owner = stored.tables.entry(lookup.owner.clone()).or_default();
            owner.column_vindexes.push(vschema::ColumnVindex {
                name: lookup.name.clone(),
                columns: lookup.owner_columns.clone(),
                ..Default::default()
            });
            Ok(true)
        })
        .await
    }

    async fn remove_lookup_vindex(&self, keyspace: &str, lookup: &Lookup) -> Result<()> {
        self.change_stored_vschema(keyspace, |stored| {
            stored.vindexes.remove(&lookup.name);
            if let Some(owner) = stored.tables.get_mut(&lookup.owner) {
                owner.column_vindexes.retain(|one| one.name != lookup.name);
            }
            Ok(true)
        })
        .await?;
        Ok(self.topo.rebuild_srv_vschema(&[]).await?)
    }
}

/// Returns the select that fills the lookup.
fn backfill(lookup: &Lookup) -> String {
    let to = sql_name(&lookup.to);
    let columns: Vec<String> = lookup
        .from
        .iter()
        .zip(&lookup.owner_columns)
        .map(|(from, owner)| match from == owner {
            true => sql_name(owner),
            false => format!("{} as {}", sql_name(owner), sql_name(from)),
        })
        .collect();
    let owner_columns: Vec<String> = lookup.owner_columns.iter().map(|one| sql_name(one)).collect();
    let filter = match lookup.ignores_nulls {
        false => String::new(),
        true => {
            let tests: Vec<String> =
                owner_columns.iter().map(|one| format!("{one} is not null")).collect();
            format!(" where {}", tests.join(" and "))
        }
    };
    format!(
        "select {}, keyspace_id() as {to} from {}{filter} group by {}, {to}",
        columns.join(", "),
        sql_name(&lookup.owner),
        owner_columns.join(", ")
    )
}

/// Reads the one vindex and its owner out of a request.
fn read_lookup(wanted: &vschema::Keyspace) -> Result<Lookup> {
    let mut vindexes = wanted.vindexes.iter().filter(|(_, one)| one.r#type.contains("lookup"));
    let (Some((name, vindex)), None) = (vindexes.next(), vindexes.next()) else {
        return Err(invalid("one lookup vindex must be specified"));
    };
    let param = |key: &str| vindex.params.get(key).cloned().unwrap_or_default();
    let table = param("table");
    let Some((table_keyspace, table)) = table.split_once('.') else {
        return Err(invalid(format!(
            "vindex {name} must name its table as keyspace.table, not {table:?}"
        )));
    };
    let list = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    let from = list(&param("from"));
    let to = param("to");
    let owner = wanted.tables.iter().find_map(|(owner, found)| {
        let column = found.column_vindexes.iter().find(|one| one.name == *name)?;
        Some((owner.clone(), super::rules::vindex_columns(column)))
    });
    let Some((owner, owner_columns)) = owner else {
        return Err(invalid(format!("the table that vindex {name} is of must be specified")));
    };
    if from.is_empty() || to.is_empty() || from.len() != owner_columns.len() {
        return Err(invalid(format!(
            "vindex {name} must say from which columns it leads where, as many as its owner has"
        )));
    }
    let is_unique = vindex.r#type.contains("unique");
    if is_unique && from.len() != 1 {
        return Err(invalid(format!("unique vindex {name} should have only one from column")));
    }
    let mut vindex = vindex.clone();
    let ignores_nulls = param("ignore_nulls") == "true";
    if !ignores_nulls {
        vindex.params.remove("ignore_nulls");
    }
    Ok(Lookup {
        name: name.clone(),
        vindex,
        owner,
        owner_columns,
        table_keyspace: table_keyspace.to_owned(),
        table: table.to_owned(),
        from,
        to,
        is_unique,
        ignores_nulls,
    })
}

/// Refuses a vindex over a table that cannot have it.
fn check_owner(keyspace: &str, stored: &vschema::Keyspace, lookup: &Lookup) -> Result<()> {
    let (name, owner) = (&lookup.name, &lookup.owner);
    if !stored.sharded {
        return Err(refused(format!("keyspace {keyspace} is not sharded, and needs no lookup")));
    }
    if !lookup.vindex.owner.is_empty() && lookup.vindex.owner != *owner {
        return Err(invalid(format!(
            "vindex {name} is owned by {}, and specified over {owner}",
            lookup.vindex.owner
        )));
    }
    if let Some(known) = stored.vindexes.get(name) {
        let same = known.r#type == lookup.vindex.r#type;
        return Err(refused(format!(
            "a vindex {name} exists in keyspace {keyspace} already{}",
            if same { "" } else { ", of another type" }
        )));
    }
    let Some(table) = stored.tables.get(owner).filter(|one| !one.column_vindexes.is_empty()) else {
        return Err(refused(format!(
            "table {owner} not found in vschema for keyspace {keyspace}, or without a vindex there"
        )));
    };
    let same = |one: &&vschema::ColumnVindex| {
        super::rules::vindex_columns(one) == lookup.owner_columns
            && one.name != table.column_vindexes[0].name
            && lookup.vindex.r#type.contains("lookup")
            && stored.vindexes.get(&one.name).is_some_and(|one| one.r#type.contains("lookup"))
    };
    if let Some(other) = table.column_vindexes.iter().find(same) {
        return Err(refused(format!(
            "column(s) {} of table {owner} have the lookup vindex {} already",
            lookup.owner_columns.join(", "),
            other.name
        )));
    }
    Ok(())
}

fn type_names(types: &[i32]) -> String {
    let names: Vec<String> =
        types.iter().map(|one| vt_base::TabletType::from_i32(*one).to_string()).collect();
    names.join(",")
}

impl Control {
    /// Asks whether a stream still copies.
    async fn is_copying(&self, found: &Snapshot, stream: &super::snapshot::Stream) -> Result<bool> {
        let Some(end) = found.target.shards.get(&stream.shard) else {
            return Err(Error::bug("a stream lies on a shard that the workflow does not have"));
        };
        Ok(!self.copying_tables(end, found, &stream.shard).await?.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(typ: &str, from: &str, columns: &str) -> vschema::Keyspace {
        let text = format!(
            r#"{{"vindexes": {{"by_email": {{"type": "{typ}", "owner": "customer", "params":
                {{"table": "lookup.email_idx", "from": "{from}", "to": "keyspace_id",
                  "ignore_nulls": "true"}}}}}},
                "tables": {{"customer": {{"column_vindexes":
                    [{{"name": "by_email", "columns": [{columns}]}}]}}}}}}"#
        );
        vt_proto::json::from_json("vschema.Keyspace", &text).unwrap()
    }

    #[test]
    fn a_lookup_is_filled_from_its_owner() {
        let lookup =
            read_lookup(&wanted("consistent_lookup_unique", "email", "\"email\"")).unwrap();
        assert!(lookup.is_unique);
        assert_eq!(
            backfill(&lookup),
            "select email, keyspace_id() as keyspace_id from customer where email is not null \
             group by email, keyspace_id"
        );
        let lookup = read_lookup(&wanted("lookup", "a,b", "\"x\", \"y\"")).unwrap();
        assert!(!lookup.is_unique);
        assert_eq!(
            backfill(&lookup),
            "select x as a, y as b, keyspace_id() as keyspace_id from customer where x is not null \
             and y is not null group by x, y, keyspace_id"
        );
    }

    #[test]
    fn what_is_no_lookup_is_refused() {
        for (wanted, why) in [
            (vschema::Keyspace::default(), "one lookup vindex must be specified"),
            (wanted("hash", "a", "\"a\""), "one lookup vindex must be specified"),
            (wanted("lookup_unique", "a,b", "\"a\", \"b\""), "unique vindex by_email should have"),
            (wanted("lookup", "a", "\"a\", \"b\""), "vindex by_email must say from which columns"),
        ] {
            let err = read_lookup(&wanted).err().unwrap();
            assert!(err.message().starts_with(why), "{err}");
        }
    }
}
