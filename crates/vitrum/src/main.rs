//! The one binary: every program of the cluster, by the name it is called under or by first word.

mod flags;
mod programs;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Two TLS providers in one process would leave the choice open, and rustls refuses to guess.
    let installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    debug_assert!(installed.is_ok(), "main runs once");
    programs::dispatch(std::env::args().collect())
}
