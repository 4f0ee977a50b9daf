//! Durability policies, and which tablet should be primary.
