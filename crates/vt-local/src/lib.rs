//! A cluster on one machine: vitrum up, status and down.
