//! Free key-value pairs of the cluster.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::paths::{self, check_name};
use crate::store::Expect;
use crate::{Result, TopoError, TopoServer};

impl TopoServer {
    /// Returns one value; `NoNode` if it was never set.
    pub async fn get_metadata(&self, key: &str) -> Result<String> {
        check_name("metadata", key)?;
        let path = paths::metadata(key);
        text(&path, self.global().get(&path).await?.contents)
    }

    /// Returns all pairs.
    pub async fn get_all_metadata(&self) -> Result<BTreeMap<String, String>> {
        let prefix = format!("{}/", paths::METADATA);
        let mut pairs = BTreeMap::new();
        for one in self.global().list(&prefix).await? {
            let value = text(&one.path, one.value.contents)?;
            pairs.insert(one.path[prefix.len()..].to_owned(), value);
        }
        Ok(pairs)
    }

    pub async fn set_metadata(&self, key: &str, value: &str) -> Result<()> {
        check_name("metadata", key)?;
        let contents = Bytes::copy_from_slice(value.as_bytes());
        self.global().update(&paths::metadata(key), contents, Expect::Any).await?;
        Ok(())
    }

    /// Removes a pair; one that is not there is as good.
    pub async fn delete_metadata(&self, key: &str) -> Result<()> {
        check_name("metadata", key)?;
        match self.global().delete(&paths::metadata(key), Expect::Any).await {
            Err(err) if !err.is_no_node() => Err(err),
            _ => Ok(()),
        }
    }
}

fn text(path: &str, contents: Bytes) -> Result<String> {
    String::from_utf8(contents.to_vec()).map_err(|_| TopoError::Corrupt {
        path: path.to_owned(),
        detail: "the value is not text".to_owned(),
    })
}
