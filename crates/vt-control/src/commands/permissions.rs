//! GetPermissions, ValidatePermissionsKeyspace: MySQL's accounts, compared over the tablets.

use std::collections::BTreeMap;

use vt_base::Result;
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;

use crate::Control;
use crate::control::{refused, required_alias, shard_of};
use vt_reparent::tablets::all;

impl Control {
    pub async fn get_permissions(
        &self,
        request: GetPermissionsRequest,
    ) -> Result<GetPermissionsResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let reply =
            self.tablet(&alias).await?.get_permissions(tm::GetPermissionsRequest {}).await?;
        Ok(GetPermissionsResponse { permissions: reply.permissions })
    }

    /// Compares every tablet of some shards, or all, with the primary of the first.
    pub async fn validate_permissions_keyspace(
        &self,
        request: ValidatePermissionsKeyspaceRequest,
    ) -> Result<ValidatePermissionsKeyspaceResponse> {
        let shards = match request.shards.is_empty() {
            true => self.topo.get_shard_names(&request.keyspace).await?,
            false => request.shards,
        };
        let Some(first) = shards.first() else {
            return Err(refused(format!("no shards in keyspace {}", request.keyspace)));
        };
        let primary = self.primary(&request.keyspace, first).await?;
        let reference = primary.get_permissions(tm::GetPermissionsRequest {}).await?;
        let reference = listed(&reference.permissions.unwrap_or_default());
        let mut others = Vec::new();
        for shard in &shards {
            let tablets = self.shard_tablets(&shard_of(&request.keyspace, shard)?).await?;
            others.extend(tablets.into_iter().filter(|one| one.alias() != primary.alias()));
        }
        let calls = all(
            self.options.concurrency,
            others.into_iter().map(async |record| {
                let alias = record.alias().to_string();
                let tablet = self.connect(record)?;
                let found = tablet.get_permissions(tm::GetPermissionsRequest {}).await?;
                Ok::<_, vt_base::Error>((alias, listed(&found.permissions.unwrap_or_default())))
            }),
        );
        let mut differences = Vec::new();
        for result in calls.await {
            match result {
                Ok((alias, found)) => {
                    let names = (primary.alias().to_string(), alias);
                    differences.extend(compare(&names.0, &reference, &names.1, &found));
                }
                Err(err) => differences.push(err.to_string()),
            }
        }
        if differences.is_empty() {
            return Ok(ValidatePermissionsKeyspaceResponse {});
        }
        differences.sort();
        Err(refused(format!("permissions diffs: {}", differences.join("; "))))
    }
}

/// The rights by what they are for: `user app@localhost`, `db vt_ks app@localhost`.
type Listed = BTreeMap<String, String>;

fn listed(permissions: &tm::Permissions) -> Listed {
    let rights = |privileges: &BTreeMap<String, String>| {
        let parts: Vec<String> =
            privileges.iter().map(|(name, value)| format!("{name}({value})")).collect();
        parts.join(" ")
    };
    let users = permissions.user_permissions.iter().map(|one| {
        let value =
            format!("PasswordChecksum({}) {}", one.password_checksum, rights(&one.privileges));
        (format!("user {}:{}", one.host, one.user), value)
    });
    let dbs = permissions
        .db_permissions
        .iter()
        .map(|one| (format!("db {}:{}:{}", one.host, one.db, one.user), rights(&one.privileges)));
    users.chain(dbs).collect()
}

fn compare(left: &str, ours: &Listed, right: &str, theirs: &Listed) -> Vec<String> {
    let mut out = Vec::new();
    for (name, value) in ours {
        match theirs.get(name) {
            None => out.push(format!("{left} has an extra {name}")),
            Some(other) if other != value => out.push(format!(
                "permissions differ on {name}:\n{left}: {value}\n differs from:\n{right}: {other}"
            )),
            Some(_) => {}
        }
    }
    for name in theirs.keys().filter(|name| !ours.contains_key(*name)) {
        out.push(format!("{right} has an extra {name}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_both_sides() {
        let user = |name: &str, checksum| tm::UserPermission {
            host: "%".into(),
            user: name.into(),
            password_checksum: checksum,
            privileges: [("Select_priv".to_owned(), "Y".to_owned())].into(),
        };
        let ours = tm::Permissions {
            user_permissions: vec![user("app", 1), user("only_left", 1)],
            db_permissions: Vec::new(),
        };
        let theirs = tm::Permissions {
            user_permissions: vec![user("app", 2), user("only_right", 1)],
            db_permissions: Vec::new(),
        };
        let found = compare("a", &listed(&ours), "b", &listed(&theirs));
        assert_eq!(
            found,
            [
                "permissions differ on user %:app:\na: PasswordChecksum(1) Select_priv(Y)\n differs from:\nb: PasswordChecksum(2) Select_priv(Y)",
                "a has an extra user %:only_left",
                "b has an extra user %:only_right",
            ]
        );
        assert!(compare("a", &listed(&ours), "b", &listed(&ours)).is_empty());
    }
}
