//! vtctldclient: a command a file.
