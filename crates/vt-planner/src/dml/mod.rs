//! Planning what changes rows.

mod delete;
mod insert;
mod rows;
mod update;
