//! What tests share: mysqld and etcd for a test, golden files, clusters.
