//! `--live`: the same list on a screen of `bgrun-top`.

use bgrun_platform::sibling;
use bgrun_platform::tool::Exit;
use clap::ValueEnum;

use crate::args::Args;

/// Runs `bgrun-top` in the place of this tool, with what is to be listed.
///
/// # Errors
/// It is not installed.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let sort = args.sort.to_possible_value().map(|key| key.get_name().to_owned());
    let mut words = vec![format!("--sort={}", sort.unwrap_or_default())];
    words.extend(args.reverse.then(|| "--reverse".to_owned()));
    words.extend(args.group.as_ref().map(|group| format!("--group={group}")));
    if !args.status.is_empty() {
        words.push(format!("--status={}", args.status.join(",")));
    }
    words.push("--".to_owned());
    words.extend(args.selectors.clone());
    Err(anyhow::Error::new(sibling::exec("bgrun-top", words)).context("bgrun-top"))
}
