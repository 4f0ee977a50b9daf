//! The part of etcd's v3 gRPC API that the topology speaks: messages, clients and servers.
//!
//! The client of `vt-topo-etcd` and the server of `vt-topo-embedded` are made from the same
//! `proto/` files, which hold the messages and fields that either needs, under etcd's numbers.
//! The crate has no logic of its own but for [`prefix_end`], which both sides need.

/// Keys, values and the events of watches.
#[allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub)]
pub mod mvccpb {
    tonic::include_proto!("mvccpb");
}

/// Requests, responses and services.
#[allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub)]
pub mod etcdserverpb {
    tonic::include_proto!("etcdserverpb");
}

/// Returns the end of the range of all keys that begin with `prefix`.
///
/// A single zero byte means "to the last key"; so it is for the empty prefix.
pub fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return end;
        }
    }
    vec![0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_the_next_begins() {
        assert_eq!(prefix_end(b"/a/"), b"/a0");
        assert_eq!(prefix_end(b"a\xff"), b"b");
        assert_eq!(prefix_end(b"\xff\xff"), [0]);
        assert_eq!(prefix_end(b""), [0]);
    }
}
