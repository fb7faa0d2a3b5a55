//! What is written: the registry of processes and their runs, the record that tools
//! exchange, selection, paths, environment variables.
//!
//! This crate knows nothing of running processes. Identities and status of what runs
//! are handed to it as plain facts; see [`status()`] for what follows from both.
//!
//! | room | what lives there |
//! |---|---|
//! | [`Home`], [`variables`] | where state lives, and every environment variable |
//! | [`Store`] | the SQLite registry: open, read, write in one transaction |
//! | [`Process`], [`Spec`], [`Run`], [`End`] | what is stored |
//! | [`LockLine`] | the line in a lock file: what survives the loss of the store |
//! | [`container`] | commands that run a container: their name, their engine, what is executed |
//! | [`After`], [`circle()`] | what has to be there first |
//! | [`status()`], [`Record`] | what follows, and how it is shown as JSON |
//! | [`Standing`] | the words for it on a screen |
//! | [`name`], [`selection`] | names, and what `api-*`, `@group`, `-` refer to |
#![warn(missing_docs)]

mod after;
pub mod container;
mod database;
mod encoding;
mod error;
mod home;
mod import;
mod known;
mod lock_line;
pub mod name;
mod process;
mod record;
mod rows;
mod run;
mod save;
mod schema;
pub mod selection;
mod spec;
mod standing;
mod status;
pub mod time;
pub mod variables;
mod writer;

pub use after::{After, Condition, circle};
pub use database::{Durability, Store};
pub use error::Error;
pub use home::{Home, NoHome};
pub use import::{Import, Imported};
pub use known::Known;
pub use lock_line::LockLine;
pub use process::{Process, Wanted, new_cookie};
pub use record::{Container, Record};
pub use run::{End, Reason, Run};
pub use spec::{ContainerName, KeepAlive, LogPolicy, RestartPolicy, Spec, Stream, rendered};
pub use standing::Standing;
pub use status::{Observed, Status, status};
pub use writer::{Start, Writer};
