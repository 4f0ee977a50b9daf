//! Planning what changes rows.

mod change;
mod delete;
mod insert;
mod rows;
mod update;
