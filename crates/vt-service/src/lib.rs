//! The skeleton of a process: tasks and shutdown, logs, metrics, web pages.
//!
//! Start at [`tasks::Tasks`], which owns everything that runs, and [`http::Pages`], which serves
//! what every program serves. A program's own configuration is its own; flags are read by the
//! shell alone.

pub mod http;
pub mod lanes;
pub mod log;
pub mod stats;
pub mod tasks;

pub use lanes::Lanes;
pub use stats::Stats;
pub use tasks::Tasks;
