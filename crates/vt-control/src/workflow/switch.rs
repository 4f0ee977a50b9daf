//! Where a workflow's traffic goes: switched, switched back, mirrored; and how the workflow ends.
//!
//! What there is to do, and in which order, [`vt_workflow`] says; here it is observed and carried
//! out. [`command`] is the way of a command from its request to its reply.

mod cancel;
mod command;
mod complete;
mod followers;
mod journal;
mod mirror;
mod observe;
mod others;
mod ready;
mod reverse;
mod routes;
mod run;
mod sequences;
mod writes;

#[cfg(test)]
mod tests;
