//! The server from outside: with etcd's own client program, over restarts, under bad conditions.

mod differential;
mod etcdctl;
mod faults;
mod running;
mod slow;
