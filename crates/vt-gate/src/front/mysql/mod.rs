//! The MySQL front: a session for each connection.

mod charset;
mod handler;
mod introduced;
mod results;

use std::sync::Arc;

use vt_mysql::server::{Handler, HandlerFactory};

use crate::gate::Gate;

use handler::Client;

/// Makes the handler of each connection.
pub struct Front(pub Arc<Gate>);

impl HandlerFactory for Front {
    fn handler(&self) -> Box<dyn Handler> {
        Box::new(Client::new(self.0.clone()))
    }
}
