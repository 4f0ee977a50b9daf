//! Column definitions.
