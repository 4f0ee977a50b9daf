//! The task that listens to one tablet.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use vt_base::{Code, Error, Result};
use vt_tablet_api::{HealthStream, QueryService};

use crate::config::Config;
use crate::source::Dialer;
use crate::table::Table;
use crate::tablet::{TabletHealth, TabletInfo};

/// The longest pause between two attempts.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(5);

/// One tablet's listener.
pub(crate) struct Listener {
    pub(crate) tablet: Arc<TabletInfo>,
    pub(crate) dialer: Arc<dyn Dialer>,
    pub(crate) table: Arc<Table>,
    pub(crate) config: Arc<Config>,
}

impl Listener {
    /// Listens for as long as the future is polled; opens the stream anew whenever it ends.
    pub(crate) async fn run(self) {
        let mut health = Arc::new(TabletHealth::unknown(self.tablet.clone()));
        self.table.put(health.clone());
        let mut pause = self.config.retry_delay;
        loop {
            let mut heard = false;
            let error = self.listen(&mut health, &mut heard).await;
            tracing::debug!(tablet = %self.tablet.alias, %error, "health stream ended");
            health = Arc::new(health.lost(error));
            self.table.put(health.clone());
            pause = if heard { self.config.retry_delay } else { (pause * 2).min(RETRY_DELAY_MAX) };
            tokio::time::sleep(with_jitter(pause)).await;
        }
    }

    /// Takes messages until the stream ends; returns why it did.
    async fn listen(&self, health: &mut Arc<TabletHealth>, heard: &mut bool) -> Error {
        // Boxed: what it takes to connect is let go of when it is done.
        let opening = Box::pin(tokio::time::timeout(self.config.health_timeout, self.open()));
        let (service, mut stream) = match opening.await.unwrap_or_else(|_| Err(self.silent())) {
            Ok(opened) => opened,
            Err(error) => return error,
        };
        loop {
            let next = tokio::time::timeout(self.config.health_timeout, stream.recv()).await;
            let news = match next {
                Ok(Some(news)) => news,
                Ok(None) => return Error::new(Code::Unavailable, "health stream ended"),
                Err(_) => return self.silent(),
            };
            if let Some(alias) = news.alias.as_ref().filter(|one| **one != self.tablet.alias) {
                let own = &self.tablet.alias;
                let message =
                    format!("tablet {own} does not match the alias of its health: {alias}");
                return Error::new(Code::FailedPrecondition, message);
            }
            *heard = true;
            *health = Arc::new(health.after(news, service.clone()));
            self.table.put(health.clone());
        }
    }

    async fn open(&self) -> Result<(Arc<dyn QueryService>, HealthStream)> {
        let service = self.dialer.dial(&self.tablet.record).await?;
        let stream = service.stream_health().await?;
        Ok((service, stream))
    }

    fn silent(&self) -> Error {
        let limit = self.config.health_timeout.as_secs();
        let message = format!("no health message from {} for {limit}s", self.tablet.alias);
        Error::new(Code::DeadlineExceeded, message)
    }
}

/// Returns up to a quarter more, so that listeners of a cell do not come back together.
fn with_jitter(pause: Duration) -> Duration {
    pause.mul_f64(1.0 + rand::rng().random_range(0.0..0.25))
}
