//! Health streams of tablets, and the choice among them.
