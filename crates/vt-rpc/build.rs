//! Compiles the services of the .proto files to Rust, without `protoc`; messages are `vt-proto`'s.

use std::path::{Path, PathBuf};

fn main() {
    let folder = Path::new("../vt-proto/proto");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of .proto files is part of the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "proto"))
        .collect();
    files.sort();
    let set = protox::compile(&files, [folder]).expect("the .proto files compile");
    let mut builder = tonic_prost_build::configure()
        .build_client(true)
        .build_server(true)
        .build_transport(true)
        .generate_default_stubs(true)
        .emit_rerun_if_changed(false);
    let mut packages: Vec<&str> = set.file.iter().map(|file| file.package()).collect();
    packages.sort_unstable();
    packages.dedup();
    for package in packages {
        builder = builder.extern_path(format!(".{package}"), format!("::vt_proto::{package}"));
    }
    builder.compile_fds(set).expect("services are generated");
}
