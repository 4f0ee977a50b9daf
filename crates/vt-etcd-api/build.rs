//! Compiles the .proto files to Rust, without `protoc`.

fn main() {
    println!("cargo:rerun-if-changed=proto");
    let set = protox::compile(["rpc.proto", "kv.proto"], ["proto"]).expect("the files compile");
    tonic_prost_build::configure()
        .bytes(".")
        .compile_fds(set)
        .expect("messages and services are generated");
}
