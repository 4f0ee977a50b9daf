//! Plans of statements, as files that are read and compared.

mod golden;
mod sound;
mod vschema_text;
