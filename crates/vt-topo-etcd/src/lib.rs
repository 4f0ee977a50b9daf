//! The topology's store on etcd.
