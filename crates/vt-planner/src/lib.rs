//! From a statement and the vschema of the moment to a plan.
