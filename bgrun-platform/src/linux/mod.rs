//! The Linux platform. Facts come from man7.org's manual pages, section 2 and 5,
//! unless a line names another source.

pub(crate) mod astray;
pub mod attend;
pub mod clock;
pub mod descriptors;
mod dnotify;
pub mod events;
pub mod extents;
pub(crate) mod identity;
pub(crate) mod lock;
pub(crate) mod logs;
pub(crate) mod pidfd;
pub mod ports;
pub mod private;
pub(crate) mod procfs;
pub(crate) mod sight;
pub(crate) mod signal;
pub mod spawn;
pub mod stat;
pub mod terminal;
pub(crate) mod touched;
pub mod tree;
pub mod user;
