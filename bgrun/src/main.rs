//! The dispatcher: `bgrun VERB …` becomes `bgrun-VERB …` by exec, as git does it.
//!
//! It knows names only. It opens no database, no lock and no configuration, and
//! it parses nothing that a verb parses better: every command line pays for what
//! happens here, and has a verb to start afterwards.

mod aliases;
mod dispatch;
mod foreign;
mod help;
mod installed;
mod meaning;
mod names;
mod nearest;
mod older_flags;
mod refuse;

use installed::Installed;
use meaning::Act;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut argv = std::env::args_os();
    let installed = Installed::found_from(argv.next());
    let argv: Vec<OsString> = argv.collect();

    match meaning::of(&argv, &|verb| installed.has(verb)) {
        Act::Exec { verb, args } => dispatch::exec(&installed, &verb, &args),
        Act::Help => help::print(&installed.list()),
        Act::Version => help::print_version(),
        Act::ListVerbs => help::print_verbs(&installed.list()),
        Act::UnknownVerb { word, hint } => refuse::verb(&word, hint, &installed),
        Act::UnknownFlag { flag, instead } => refuse::flag(&flag, instead),
    }
}
