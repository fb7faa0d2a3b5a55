//! Generates the manual pages and the shell completions from the command lines of the
//! verbs: `manual OUTDIR` writes `OUTDIR/man/man1` and `OUTDIR/completions`.

#[allow(dead_code)]
#[path = "../../src/aliases.rs"]
mod aliases;
mod completion;
mod dispatcher_page;
#[allow(dead_code)]
#[path = "../../src/names.rs"]
mod names;
mod options;
mod text;
mod variables;
mod verb_page;
mod verbs;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        complain("usage: manual OUTDIR");
        return ExitCode::from(2);
    };
    match generate(&directory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("manual: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn generate(directory: &Path) -> Result<(), Box<dyn Error>> {
    verbs::check_that_none_is_missing()?;
    let verbs = verbs::all();
    let pages = directory.join("man/man1");
    write(&pages.join("bgrun.1"), &dispatcher_page::render(&verbs)?)?;
    for verb in &verbs {
        write(&pages.join(format!("bgrun-{}.1", verb.name)), &verb_page::render(verb, &verbs)?)?;
    }
    // `man bgrun-down` and `man bgrun-stop` open the page of the verb behind them.
    for (alias, verb, _) in aliases::ALIASES {
        let link = format!(".so man1/bgrun-{verb}.1\n");
        write(&pages.join(format!("bgrun-{alias}.1")), link.as_bytes())?;
    }
    let completions = directory.join("completions");
    write(&completions.join("bash/bgrun"), completion::bash(&verbs).as_bytes())?;
    write(&completions.join("zsh/_bgrun"), completion::zsh(&verbs).as_bytes())?;
    write(&completions.join("fish/bgrun.fish"), completion::fish(&verbs).as_bytes())
}

fn write(path: &Path, contents: &[u8]) -> Result<(), Box<dyn Error>> {
    let failed = |error| format!("cannot write {}: {error}", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    Ok(fs::write(path, contents).map_err(failed)?)
}

#[expect(clippy::print_stderr, reason = "a generator is no tool of the user's")]
fn complain(line: &str) {
    eprintln!("{line}");
}
