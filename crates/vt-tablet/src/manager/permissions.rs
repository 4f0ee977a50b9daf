//! Accounts and their rights, as they are compared between tablets.

use std::collections::BTreeMap;
use std::sync::Arc;

use vt_base::Result;
use vt_proto::tabletmanagerdata::{
    DbPermission, GetPermissionsRequest, GetPermissionsResponse, Permissions, UserPermission,
};
use vt_value::QueryResult;

use super::Call;
use crate::core::Core;

/// Columns that differ between servers though the account is the same.
const OWN_TO_SERVER: [&str; 2] = ["password_last_changed", "password_expired"];

pub(super) async fn get(
    core: &Arc<Core>,
    _: GetPermissionsRequest,
    _: Call,
) -> Result<GetPermissionsResponse> {
    let users = core.db.dba_query("select * from mysql.user order by host, user").await?;
    let dbs = core.db.dba_query("select * from mysql.db order by host, db, user").await?;
    let permissions = Permissions {
        user_permissions: rows(&users).map(user).collect(),
        db_permissions: rows(&dbs).map(database).collect(),
    };
    Ok(GetPermissionsResponse { permissions: Some(permissions) })
}

fn rows(result: &QueryResult) -> impl Iterator<Item = BTreeMap<String, String>> {
    result.rows.iter().map(|row| {
        let names = result.fields.iter().map(|field| field.name.to_ascii_lowercase());
        let values = row
            .columns()
            .map(|value| String::from_utf8_lossy(value.unwrap_or_default()).into_owned());
        names.zip(values).filter(|(name, _)| !OWN_TO_SERVER.contains(&name.as_str())).collect()
    })
}

fn user(mut row: BTreeMap<String, String>) -> UserPermission {
    let mut take = |name: &str| row.remove(name).unwrap_or_default();
    let (host, user) = (take("host"), take("user"));
    let password_checksum = checksum(take("authentication_string").as_bytes());
    UserPermission { host, user, password_checksum, privileges: row }
}

fn database(mut row: BTreeMap<String, String>) -> DbPermission {
    let mut take = |name: &str| row.remove(name).unwrap_or_default();
    let (host, db, user) = (take("host"), take("db"), take("user"));
    DbPermission { host, db, user, privileges: row }
}

/// CRC-64 with ISO 3309's polynomial: tells passwords apart without telling them.
fn checksum(bytes: &[u8]) -> u64 {
    let step = |sum: u64| if sum & 1 == 1 { sum >> 1 ^ 0xD800_0000_0000_0000 } else { sum >> 1 };
    let byte = |sum: u64, byte: &u8| (0..8).fold(sum ^ u64::from(*byte), |sum, _| step(sum));
    !bytes.iter().fold(!0, byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_iso_3309() {
        // The check value of CRC-64/GO-ISO.
        assert_eq!(checksum(b"123456789"), 0xB909_56C7_75A4_1001);
    }
}
