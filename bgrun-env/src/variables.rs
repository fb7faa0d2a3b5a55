//! Which variables are shown, and what the whole environment comes to.

use std::collections::BTreeMap;
use std::ffi::OsString;

use bgrun_store::{Spec, variables};

use crate::args::Args;

/// Variables by name.
pub(crate) type Variables = BTreeMap<OsString, OsString>;

/// What is printed: the overrides, or all.
pub(crate) fn shown(
    args: &Args,
    known: Option<&Spec>,
    overrides: &BTreeMap<String, String>,
) -> Variables {
    if args.all { whole(args, known, overrides) } else { above(overrides) }
}

/// The whole environment: the overrides over that of this shell, or, with `--all`, over
/// that of the process's caller.
///
/// What tells a managed process who it is stays with the one that has it: a command that
/// is executed here is of the tree of this shell, and never of that process's.
pub(crate) fn whole(
    args: &Args,
    known: Option<&Spec>,
    overrides: &BTreeMap<String, String>,
) -> Variables {
    let own = |key: &OsString| key.to_string_lossy().starts_with(variables::OWN_PREFIX);
    let here = std::env::vars_os();
    let mut whole: Variables = match known.filter(|_| args.all) {
        Some(spec) => {
            let below = spec.caller_environment.iter().filter(|(key, _)| !own(key)).cloned();
            here.filter(|(key, _)| own(key)).chain(below).collect()
        }
        None => here.collect(),
    };
    whole.extend(above(overrides).into_iter().filter(|(key, _)| !own(key)));
    whole
}

fn above(overrides: &BTreeMap<String, String>) -> Variables {
    overrides.iter().map(|(key, value)| (key.into(), value.into())).collect()
}
