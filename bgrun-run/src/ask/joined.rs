//! `--keep-alive always`: a value behind a blank, where only `=` joins it to its flag. It is
//! taken for a name.

use bgrun_platform::args::duration;
use bgrun_platform::text::safe;
use clap::ValueEnum;

use crate::args::{Args, KeepAlive};

/// How it is written, if one of `words` can be such a value of a flag that has been given.
pub(crate) fn hint(args: &Args, words: &[String]) -> Option<String> {
    let is_policy = |word: &str| KeepAlive::from_str(word, false).is_ok();
    let is_time = |word: &str| duration(word).is_ok();
    type Fits<'a> = &'a dyn Fn(&str) -> bool;
    let flags: [(&str, bool, Fits<'_>); 4] = [
        ("--keep-alive", args.keep_alive.is_some(), &is_policy),
        ("--wait", args.wait == Some(None), &is_time),
        ("--fetch", args.fetch.is_some(), &is_time),
        ("--log-compress", args.log_compress.is_some(), &|word| word.parse::<bool>().is_ok()),
    ];
    flags.iter().filter(|(_, is_given, _)| *is_given).find_map(|(flag, _, fits)| {
        let value = words.iter().find(|word| fits(word))?;
        Some(format!("a value of {flag} is joined by =: {flag}={}", safe(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn a_value_that_stands_apart_is_recognised() {
        for (words, expected) in [
            (&["web", "--keep-alive", "on-failure"][..], Some("--keep-alive=on-failure")),
            (&["web", "--keep-alive", "sometimes"], None),
            (&["web", "--wait", "5s"], Some("--wait=5s")),
            (&["web", "--wait=5s", "7s"], None),
            (&["web", "--fetch", "10"], Some("--fetch=10")),
            (&["web", "--log-compress", "false"], Some("--log-compress=false")),
            (&["web", "always", "5s"], None),
        ] {
            let args = Args::try_parse_from([&["bgrun-run"], words].concat()).expect("valid");
            let hint = hint(&args, &args.names);
            assert_eq!(hint.as_deref().and_then(|hint| hint.split(": ").nth(1)), expected);
        }
    }
}
