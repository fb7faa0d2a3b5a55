//! The logs of processes: files that are opened safely, sleeping until they grow, and one
//! continuous log over the live file and its archives.
//!
//! A byte has one offset in its log for ever, its **logical** offset: how much was written
//! before it since the log began. Where it lies, in the live file or in the archive `.3.gz`,
//! changes with every rotation.
//!
//! | room | what lives there |
//! |---|---|
//! | [`journal`] | what a rotation writes down: how offsets and files belong together |
//! | [`archive`] | the archives of a log, compressed or not |
//! | [`continuous`] | reading by logical offsets |
//! | [`rotate`], `numbering` | making archives, and their names |
//! | `pack`, `unpack` | compressing them, and reading what is compressed |
//! | [`index`] | when what was written |
//! | [`disk`] | what logs take on the disk |

pub mod archive;
pub mod continuous;
pub mod disk;
pub mod index;
pub mod journal;
mod numbering;
mod pack;
pub mod rotate;
mod unpack;

pub use crate::linux::astray::{Held, held_open};
pub use crate::linux::extents;
pub use crate::linux::logs::{
    FileId, Growth, LogRefused, Watch, Woken, allow_many_open, open_for_append, open_to_read,
};
pub use crate::linux::touched::{Touched, instances_to_share};
