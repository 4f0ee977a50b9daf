//! The server that is asked, which an expression may end: then it is started again.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use vt_testkit::PlainMysql;

use super::Oracle;

/// How long a server may take to answer again.
const AGAIN_MAX: Duration = Duration::from_secs(90);
/// How long to wait before a server is asked once more.
const AGAIN_AFTER: Duration = Duration::from_millis(300);

/// A server, and the account to ask it with.
pub(crate) struct Host {
    socket: String,
    user: String,
    /// The server, if it was started here; one of others has to be started again by them.
    own: Option<Mutex<PlainMysql>>,
}

impl Host {
    /// Starts a server.
    pub(crate) fn start() -> Result<Host, String> {
        let own = PlainMysql::start()?;
        let socket = own.socket().display().to_string();
        Ok(Host { socket, user: "root".to_owned(), own: Some(Mutex::new(own)) })
    }

    /// Takes a server that runs already.
    pub(crate) fn of_others(socket: &str, user: &str) -> Host {
        Host { socket: socket.to_owned(), user: user.to_owned(), own: None }
    }

    pub(crate) async fn connect(&self) -> Result<Oracle, String> {
        Oracle::connect(&self.socket, &self.user).await
    }

    /// Connects to a server that may have ended.
    pub(crate) async fn connect_again(&self) -> Result<Oracle, String> {
        let started = Instant::now();
        loop {
            if let Some(own) = &self.own {
                own.lock().revive()?;
            }
            match self.connect().await {
                Ok(oracle) => return Ok(oracle),
                Err(err) if started.elapsed() > AGAIN_MAX => return Err(err),
                Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
            }
        }
    }
}
