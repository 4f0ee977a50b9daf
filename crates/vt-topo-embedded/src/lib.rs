//! A one-machine server of etcd's v3 API on an embedded database.
