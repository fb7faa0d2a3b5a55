//! Which lines are wanted: found in large pieces of a log, not line by line.
//!
//! | room | what lives there |
//! |---|---|
//! | [`pattern`] | a regular expression, and the lines that it matches |
//! | [`level`], [`fields`] | how bad a line says it is; what stands in its fields |
//! | [`filter`] | all conditions together |
//! | [`sieve`], [`long`] | one log as it comes, with the lines around those that are wanted |
//! | [`last`] | where the last wanted lines begin, found from the end |

mod fields;
mod filter;
mod last;
mod level;
mod long;
mod pattern;
mod sieve;

pub(crate) use fields::Field;
pub(crate) use filter::{Before, Filter};
pub(crate) use last::start_of_last;
pub(crate) use pattern::Pattern;
pub(crate) use sieve::{Context, Selected, Sieve};
