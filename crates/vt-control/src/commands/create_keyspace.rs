//! CreateKeyspace: the record, its VSchema, and the serving copies of that.

use vt_base::{Code, Error, Result};
use vt_proto::topodata::{self, KeyspaceType};
use vt_proto::vtctldata::{CreateKeyspaceRequest, CreateKeyspaceResponse, Keyspace};
use vt_recovery::Durability;
use vt_topo::records::keyspace::DEFAULT_SIDECAR_DB;

use crate::Control;
use crate::control::invalid;

/// The longest name that MySQL takes for a database.
const DATABASE_NAME_MAX: usize = 64;

impl Control {
    pub async fn create_keyspace(
        &self,
        request: CreateKeyspaceRequest,
    ) -> Result<CreateKeyspaceResponse> {
        let record = self.keyspace_of(&request).await?;
        match self.topo.create_keyspace(&request.name, &record).await {
            Err(err) if err.is_node_exists() && request.force => {}
            Err(err) if err.is_node_exists() => {
                return Err(Error::from(err).context(format!(
                    "keyspace {} exists already; pass --force to go on all the same",
                    request.name
                )));
            }
            other => other?,
        }
        if !request.allow_empty_v_schema {
            self.topo.ensure_vschema(&request.name).await?;
        }
        if record.keyspace_type() == KeyspaceType::Snapshot {
            self.copy_base_vschema(&request.base_keyspace, &request.name).await?;
        }
        self.topo.rebuild_srv_vschema(&[]).await?;
        let stored = self.topo.get_keyspace(&request.name).await?;
        let keyspace = Keyspace { name: request.name, keyspace: Some(stored.message) };
        Ok(CreateKeyspaceResponse { keyspace: Some(keyspace) })
    }

    /// Checks a request and makes the record that it asks for.
    async fn keyspace_of(&self, request: &CreateKeyspaceRequest) -> Result<topodata::Keyspace> {
        let policy: Durability = request.durability_policy.parse()?;
        let sidecar = match request.sidecar_db_name.as_str() {
            "" => DEFAULT_SIDECAR_DB,
            name => check_database_name(name)?,
        };
        let mut record = topodata::Keyspace {
            keyspace_type: request.r#type,
            // Who names none gets one when each shard has a second tablet.
            durability_policy: match request.durability_policy.is_empty() {
                true if request.r#type() == KeyspaceType::Normal => String::new(),
                _ => policy.name().to_owned(),
            },
            sidecar_db_name: sidecar.to_owned(),
            ..topodata::Keyspace::default()
        };
        if request.r#type() == KeyspaceType::Normal {
            return Ok(record);
        }
        if request.base_keyspace.is_empty() {
            return Err(invalid("--base-keyspace is required for a keyspace of type SNAPSHOT"));
        }
        if request.snapshot_time.is_none() {
            return Err(invalid(
                "--snapshot-timestamp is required for a keyspace of type SNAPSHOT",
            ));
        }
        if policy != Durability::None {
            return Err(invalid(
                "durability-policy cannot be specified while creating a snapshot keyspace",
            ));
        }
        self.topo.get_keyspace(&request.base_keyspace).await.map_err(|err| {
            Error::from(err).context(format!("base keyspace {}", request.base_keyspace))
        })?;
        record.base_keyspace.clone_from(&request.base_keyspace);
        record.snapshot_time.clone_from(&request.snapshot_time);
        Ok(record)
    }

    /// A snapshot has its base's VSchema, and is reached only by its own name.
    async fn copy_base_vschema(&self, base: &str, snapshot: &str) -> Result<()> {
        let mut vschema = match self.topo.get_vschema(base).await {
            Err(err) if err.is_no_node() => return Ok(()),
            other => other?,
        };
        vschema.require_explicit_routing = true;
        Ok(self.topo.save_vschema(snapshot, &vschema).await?)
    }
}

/// Checks the name of a database that is to be made on every tablet.
fn check_database_name(name: &str) -> Result<&str> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '-'));
    if plain && name.len() <= DATABASE_NAME_MAX {
        return Ok(name);
    }
    Err(Error::new(
        Code::InvalidArgument,
        format!(
            "invalid sidecar database name '{name}': letters, digits, '_', '-' and '$' are taken, {DATABASE_NAME_MAX} characters at most"
        ),
    ))
}
