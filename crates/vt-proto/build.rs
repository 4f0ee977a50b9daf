//! Compiles the .proto files to Rust, without `protoc`.

use std::path::PathBuf;

use prost::Message;

fn main() {
    println!("cargo:rerun-if-changed=proto");
    let mut files: Vec<PathBuf> = std::fs::read_dir("proto")
        .expect("the folder proto is part of the crate")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    let set = protox::compile(&files, ["proto"]).expect("the .proto files compile");
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("descriptors.bin"), set.encode_to_vec()).expect("OUT_DIR is writable");
    prost_build::Config::new()
        .bytes(["."])
        .btree_map(["."])
        .compile_fds(set)
        .expect("messages are generated");
}
