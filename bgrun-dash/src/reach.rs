//! What the dashboard reaches beside starting and stopping: ports, project files, schedulers,
//! the disk, watchers. One file for each; all of it is done by the other tools.

pub(crate) mod ports;
pub(crate) mod projects;
pub(crate) mod schedule;
pub(crate) mod usage;
pub(crate) mod watching;
