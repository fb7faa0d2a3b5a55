//! What every test needs: a home of its own, ways to call the tools, and proof that nothing is left.
//!
//! Nothing here knows how bgrun works inside; it knows the binaries, the record and the state
//! directory of the contract. The programs that tests run under bgrun are in `src/bin/`.

mod axe;
mod binaries;
mod browser;
mod call;
mod dashboard;
mod database;
mod engine;
mod git;
mod home;
mod isolation;
mod life;
mod page;
mod patience;
pub mod programs;
mod record;
mod sweep;
mod terminal;
mod watching;
mod webdriver;

pub use binaries::{bin_dir, faults_bin_dir, program, workspace_root};
pub use browser::{Browser, key};
pub use call::{Call, Output, Running};
pub use dashboard::{Dashboard, Event, Events, Reply, free_port, port_of};
pub use database::{OldProcess, open_database, write_bun_3_3_database, write_bun_3_13_database};
pub use engine::Engine;
pub use git::Remote;
pub use home::{Home, NOBODY};
pub use isolation::{in_new_namespaces, mount_image, mount_tmpfs};
pub use life::{
    Life, children_of, descendants_of, environ_of, is_alive, open_files_of, parents, status_field,
};
pub use page::row;
pub use patience::{PATIENCE, eventually, eventually_ok, eventually_some, holds_for, settled};
pub use record::Record;
pub use rustix::process::Signal;
pub use serde_json::{Value, json};
pub use sweep::{belongs_to, claimed_by};
pub use terminal::Terminal;
pub use watching::{DEBOUNCE, Watching};
