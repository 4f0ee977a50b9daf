//! A cluster on one machine: `vitrum up`, `status`, `down`, `reshard` and `import`.
//!
//! Start at [`up`]. A supervisor, detached from the terminal, starts the real programs and each
//! tablet's mysqld, keeps them running, and writes what it sees into a file that the other commands
//! read. The cluster is made through the same RPC API that every other tool uses.

mod bootstrap;
mod children;
mod demo;
mod down;
mod external;
mod follow;
mod import;
mod job;
mod layout;
mod ports;
mod preflight;
mod progress;
mod propose;
mod reshard;
mod spec;
mod state;
mod status;
mod supervisor;
mod up;

pub use down::{DownArgs, down};
pub use import::{ImportArgs, import};
pub use reshard::{ReshardArgs, reshard};
pub use status::{StatusArgs, status};
pub use supervisor::{SuperviseArgs, supervise};
pub use up::{UpArgs, up};
