//! Tests of the crate as its users see it.

mod corpus;
mod golden;
mod growth;
mod growth_shapes;
mod hostile;
mod names;
mod ordinals;
mod shapes;
mod verdicts;
