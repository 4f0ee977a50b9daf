//! ApplyVSchema: replaces a keyspace's VSchema, or changes it by one statement.

use std::collections::BTreeMap;

use vt_base::{Error, Result};
use vt_proto::vschema;
use vt_proto::vtctldata::{
    ApplyVSchemaRequest, ApplyVSchemaResponse, apply_v_schema_response::ParamList,
};
use vt_rpc::vschema::{keyspace_spec_from_proto, keyspace_spec_to_proto, spec_from_proto};
use vt_sql::{Arena, Modes, ast};
use vt_topo::Version;
use vt_vschema::VSchema;
use vt_vschema::spec::KeyspaceSpec;

use crate::Control;
use crate::control::{invalid, refused};

/// How often a change is made anew because another came between.
const ATTEMPTS_MAX: usize = 10;

impl Control {
    pub async fn apply_v_schema(
        &self,
        request: ApplyVSchemaRequest,
    ) -> Result<ApplyVSchemaResponse> {
        self.topo.get_keyspace(&request.keyspace).await?;
        let reply = match (&request.v_schema, request.sql.is_empty()) {
            (Some(_), false) | (None, true) => {
                return Err(invalid("must pass exactly one of {v_schema, sql}"));
            }
            (Some(vschema), true) => self.replace_vschema(&request, vschema).await?,
            (None, false) => self.change_vschema(&request).await?,
        };
        if !request.dry_run && !request.skip_rebuild {
            self.topo.rebuild_srv_vschema(&request.cells).await?;
        }
        Ok(reply)
    }

    async fn replace_vschema(
        &self,
        request: &ApplyVSchemaRequest,
        vschema: &vschema::Keyspace,
    ) -> Result<ApplyVSchemaResponse> {
        let unknown_vindex_params = self.check_vschema(request, vschema).await?;
        if !request.dry_run {
            self.topo.save_vschema(&request.keyspace, vschema).await?;
        }
        Ok(ApplyVSchemaResponse { v_schema: Some(vschema.clone()), unknown_vindex_params })
    }

    /// Makes the change of a statement to what is stored, again if that has changed meanwhile.
    async fn change_vschema(&self, request: &ApplyVSchemaRequest) -> Result<ApplyVSchemaResponse> {
        for _ in 0..ATTEMPTS_MAX {
            let stored = match self.topo.get_vschema_version(&request.keyspace).await {
                Err(err) if err.is_no_node() => None,
                other => Some(other?),
            };
            let before = stored.as_ref().map(|(vschema, _)| keyspace_spec_from_proto(vschema));
            let after = changed(&request.keyspace, &before.unwrap_or_default(), &request.sql)?;
            let vschema = keyspace_spec_to_proto(&after);
            let unknown_vindex_params = self.check_vschema(request, &vschema).await?;
            let version = stored.map(|(_, version)| version);
            if request.dry_run || self.store_vschema(&request.keyspace, &vschema, version).await? {
                return Ok(ApplyVSchemaResponse { v_schema: Some(vschema), unknown_vindex_params });
            }
        }
        Err(refused(format!(
            "the vschema of {} is being changed by others all the time; run the command again",
            request.keyspace
        )))
    }

    /// Saves a VSchema where it is still as it was read; returns false where it is not.
    async fn store_vschema(
        &self,
        keyspace: &str,
        vschema: &vschema::Keyspace,
        read_at: Option<Version>,
    ) -> Result<bool> {
        let Some(version) = read_at else {
            self.topo.save_vschema(keyspace, vschema).await?;
            return Ok(true);
        };
        match self.topo.update_vschema(keyspace, vschema, version).await {
            Err(err) if err.is_bad_version() => Ok(false),
            other => other.map(|_| true).map_err(Error::from),
        }
    }

    /// Builds the VSchema as a gateway would, among all others; returns parameters that no vindex
    /// knows, which `strict` refuses.
    async fn check_vschema(
        &self,
        request: &ApplyVSchemaRequest,
        vschema: &vschema::Keyspace,
    ) -> Result<BTreeMap<String, ParamList>> {
        let keyspace = request.keyspace.as_str();
        let mut all = self.topo.build_srv_vschema().await?;
        all.keyspaces.insert(keyspace.to_owned(), vschema.clone());
        let built = VSchema::build(&spec_from_proto(&all));
        let own = built.keyspace(keyspace)?;
        if let Some(err) = &own.error {
            return Err(err.clone().context(format!("the vschema of {keyspace} is wrong")));
        }
        let unknown: BTreeMap<String, ParamList> = own
            .vindexes
            .iter()
            .filter(|(_, vindex)| !vindex.unknown_params.is_empty())
            .map(|(name, vindex)| {
                (name.to_string(), ParamList { params: vindex.unknown_params.clone() })
            })
            .collect();
        if !request.strict || unknown.is_empty() {
            return Ok(unknown);
        }
        let texts: Vec<String> = unknown
            .iter()
            .map(|(vindex, list)| format!("{vindex}: {}", list.params.join(", ")))
            .collect();
        Err(invalid(format!("unknown vindex params: {}", texts.join("; "))))
    }
}

/// Returns a keyspace with the change of an `ALTER VSCHEMA` statement.
fn changed(keyspace: &str, before: &KeyspaceSpec, sql: &str) -> Result<KeyspaceSpec> {
    let arena = Arena::new();
    let ast::Statement::AlterVschema(alter) = vt_sql::parse(&arena, sql, Modes::default())? else {
        return Err(invalid("the SQL is no ALTER VSCHEMA statement"));
    };
    let (named, change) = vt_planner::vschema_change(alter, Some(keyspace))?;
    if named != keyspace {
        return Err(invalid(format!(
            "the statement is for the keyspace {named}, and the command for {keyspace}"
        )));
    }
    vt_vschema::change::apply(keyspace, before, &change)
}
