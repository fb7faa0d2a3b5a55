//! What is running: spawning, identity, signals, process trees, ports, usage; and
//! how a tool starts and ends.
//!
//! The only crate with `unsafe` code and with knowledge of an operating system.
//! It knows nothing of the store: it is told pids, identities and paths, and
//! answers with facts.
//!
//! | room | what lives there |
//! |---|---|
//! | [`Identity`], [`Presence`] | which process is meant, for ever |
//! | [`Sight`] | what lives of one managed process: supervisor, main process, lock |
//! | [`Pidfd`] | a held process: signal it, wait for it, learn its end |
//! | [`Lock`] | the lock a supervisor holds, and the line written in it |
//! | [`tree`] | every process that belongs to a managed one |
//! | [`ports`] | who listens where |
//! | [`spawn`] | executing a command, or learning exactly why not |
//! | [`events`] | what a supervisor sleeps on |
//! | [`attend`] | other tools, run by one that stays |
//! | [`logs`] | opening log files, waiting for them to grow, one log over all its archives |
//! | [`engine`] | what docker and podman say of containers, and asking them to act |
//! | [`probe`] | what it means to be ready |
//! | [`foreign`] | running programs that are not ours, within a limit of time |
//! | [`tool`], [`args`], [`text`] | exit codes, error lines, values on the command line, safe output |
#![warn(missing_docs)]
#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
compile_error!("bgrun runs on Linux so far: another platform needs the modules of src/linux");

pub mod args;
pub mod engine;
pub mod fault;
pub mod foreign;
pub mod logs;
pub mod probe;
pub mod sibling;
pub mod text;
pub mod tool;

pub use linux::identity::{Identity, Presence};
pub use linux::lock::{Lock, LockError};
pub use linux::pidfd::{Ended, Pidfd, wait_until_one_ends};
pub use linux::sight::Sight;
pub use linux::signal::Signal;
pub use linux::{
    attend, clock, descriptors, events, ports, private, spawn, stat, terminal, tree, user,
};
