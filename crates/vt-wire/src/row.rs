//! Rows in text form.
