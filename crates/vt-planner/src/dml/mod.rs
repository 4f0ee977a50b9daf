//! Planning what changes rows.

mod change;
mod delete;
mod insert;
mod own_reads;
mod rows;
mod update;
