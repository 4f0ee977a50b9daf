//! The skeleton of a process: configuration, logs, metrics, pages, tasks, shutdown.
