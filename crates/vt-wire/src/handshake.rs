//! The packets of a login.
