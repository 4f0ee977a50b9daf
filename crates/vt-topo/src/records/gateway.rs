//! Gateways by number. A gateway holds the lock of its number while it lives, and tells there where
//! others reach it, so that a client's connection id can name the gateway that has it.

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;

use crate::paths;
use crate::store::{LockDir, LockRequest, LockWait, StoreLock};
use crate::{Result, TopoError, TopoServer};

/// The highest number of a gateway.
pub const GATEWAY_NUMBER_MAX: u16 = 4_095;

/// A number, held. Dropping it gives it up in the background.
pub struct GatewayNumber {
    number: u16,
    lock: Box<dyn StoreLock>,
}

impl GatewayNumber {
    pub fn number(&self) -> u16 {
        self.number
    }

    /// A token that is cancelled when the loss of the number is noticed.
    pub fn lost(&self) -> CancellationToken {
        self.lock.lost()
    }
}

impl TopoServer {
    /// Takes a number that no other gateway has; `address` is where others reach this one.
    ///
    /// # Errors
    /// `NodeExists` if all numbers are taken.
    pub async fn take_gateway_number(&self, address: &str) -> Result<GatewayNumber> {
        let taken = self.gateways().await?;
        for number in (1..=GATEWAY_NUMBER_MAX).filter(|number| !taken.contains_key(number)) {
            let dir = paths::gateway_dir(number);
            let request = LockRequest {
                dir: &dir,
                contents: address,
                exists: LockDir::Any,
                wait: LockWait::Never,
                ttl: None,
            };
            match self.global().lock(request).await {
                Ok(lock) => return Ok(GatewayNumber { number, lock }),
                // Another was faster.
                Err(TopoError::NodeExists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(TopoError::NodeExists(paths::GATEWAYS.to_owned()))
    }

    /// Returns where each gateway is reached, by number.
    pub async fn gateways(&self) -> Result<BTreeMap<u16, String>> {
        let prefix = format!("{}/", paths::GATEWAYS);
        let mut all = self.global().list(&prefix).await?;
        all.sort_by_key(|one| one.created);
        let mut gateways = BTreeMap::new();
        for one in all {
            let number = one.path.strip_prefix(&prefix).and_then(|rest| rest.split('/').next());
            let Some(number) = number.and_then(|text| text.parse().ok()) else { continue };
            let address = String::from_utf8_lossy(&one.value.contents).into_owned();
            // The first of those who wait holds the lock.
            gateways.entry(number).or_insert(address);
        }
        Ok(gateways)
    }
}

#[cfg(test)]
mod tests {
    use crate::memory::MemoryTopo;

    #[tokio::test]
    async fn each_gateway_has_a_number_while_it_lives() {
        let (_, topo) = MemoryTopo::with_cells(&["z1"]).await.unwrap();
        assert!(topo.gateways().await.unwrap().is_empty());
        let first = topo.take_gateway_number("a:1").await.unwrap();
        let second = topo.take_gateway_number("b:2").await.unwrap();
        assert_eq!((first.number(), second.number()), (1, 2));
        let all = topo.gateways().await.unwrap();
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [(1, "a:1".into()), (2, "b:2".into())]);
        first.lock.unlock().await.unwrap();
        let third = topo.take_gateway_number("c:3").await.unwrap();
        assert_eq!(third.number(), 1);
        assert!(!third.lost().is_cancelled());
    }
}
