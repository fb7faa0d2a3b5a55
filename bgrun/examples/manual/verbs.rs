//! Every verb with a command line of its own. A new verb is one line here.

use std::fs;
use std::path::Path;

pub(crate) struct Verb {
    /// As in `bgrun NAME`.
    pub(crate) name: &'static str,
    pub(crate) command: clap::Command,
}

macro_rules! verbs {
    ($($name:ident in $path:literal;)*) => {
        $(
            #[allow(dead_code)]
            #[path = $path]
            mod $name;
        )*

        pub(crate) fn all() -> Vec<Verb> {
            vec![$(Verb {
                name: stringify!($name),
                command: <$name::Args as clap::CommandFactory>::command(),
            }),*]
        }
    };
}

verbs! {
    env in "../../../bgrun-env/src/args.rs";
    dash in "../../../bgrun-dash/src/args.rs";
    guard in "../../../bgrun-guard/src/args.rs";
    kill in "../../../bgrun-kill/src/args.rs";
    logs in "../../../bgrun-logs/src/args.rs";
    ls in "../../../bgrun-ls/src/args.rs";
    run in "../../../bgrun-run/src/args.rs";
    up in "../../../bgrun-up/src/args.rs";
    top in "../../../bgrun-top/src/args.rs";
    wait in "../../../bgrun-wait/src/args.rs";
    watch in "../../../bgrun-watch/src/args.rs";
}

/// A verb whose crate has a command line that is not above would have no manual.
pub(crate) fn check_that_none_is_missing() -> Result<(), String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries =
        fs::read_dir(&workspace).map_err(|error| format!("read the workspace: {error}"))?;
    let verbs = all();
    for entry in entries.flatten() {
        let source = entry.path().join("src");
        let is_verb = source.join("args.rs").is_file() && source.join("main.rs").is_file();
        let package = entry.file_name().to_string_lossy().into_owned();
        if is_verb && !verbs.iter().any(|verb| format!("bgrun-{}", verb.name) == package) {
            return Err(format!("{package} has no line in bgrun/examples/manual/verbs.rs"));
        }
    }
    Ok(())
}
