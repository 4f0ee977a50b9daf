//! Planning what changes rows.

mod change;
mod delete;
pub(crate) mod foreign;
mod insert;
mod own_reads;
mod rows;
mod update;
