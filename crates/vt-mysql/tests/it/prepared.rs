//! prepared
