//! vtctld: the commands of the cluster.
