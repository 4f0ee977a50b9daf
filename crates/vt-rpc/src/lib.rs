//! gRPC clients and servers of the seams, and the framed transport between gateway and tablet.
