//! The command line of `bgrun logs`. It is also read by the generator of the manual, so
//! it knows nothing of the rest of this crate.

use std::time::Duration;

use bgrun_platform::args::duration;

const AFTER_HELP: &str = "\
Exit status:
  0    done, also when no line is to be shown, or a glob or group means nothing
  1    a log could not be read; the others are shown
  2    the command line or the input makes no sense
  3    --expect: the process ended first, or does not run
  4    no such process; the others are shown
  7    the store cannot be used, and no lock file tells of such a process
  124  --expect: no such line in time
  130  Ctrl-C while following

Examples:
  bgrun logs web                      the last lines of stdout and stderr
  bgrun logs -f web worker            both as they write, each line named
  bgrun logs -f -n 0 @shop            only what is new, of a whole group
  bgrun logs web --stdout -n all >f   every byte of one stream, as it is
  bgrun logs -j --all | jq -r .line   lines as records, for other programs
  bgrun ls -q --status failed | bgrun logs - --stderr
                                      what those that failed said last
  bgrun logs --all -g 'time(d )?out' -i -C 2
                                      what was written around a word, anywhere
  bgrun logs web --level warn --field user=ada -n 20
                                      the last 20 lines of this kind
  bgrun logs web --new --cursor ci    what this reader has not seen yet
  bgrun logs web --expect 'listening on' --timeout 30s
                                      wait until it says so";

/// Show or follow what processes wrote.
///
/// The last lines are found from the end of a log, so its size does not matter. Both
/// streams are shown unless one is asked for, and -n counts the lines of each.
///
/// One stream of one process (--stdout, --stderr): its bytes as they are. On a terminal
/// the program's colours are kept, and other control characters are made harmless.
///
/// Both streams of one process, if both have something: the lines of both in the order
/// in which they were written, to within a tenth of a second, those of stderr after a
/// '! '. With --head, and where the order is not on record because the index of the logs
/// is lost or damaged: the lines of stdout and then those of stderr, each under a heading.
/// With -f new lines follow in the order they come, those of stderr after a '! '.
///
/// Several processes, or a selector that can mean several: each line after the name of
/// its process, as 'web | ' for stdout and 'web ! ' for stderr. An unfinished line is
/// never joined with one from elsewhere.
///
/// In a pipe escape sequences, such as those of colours, are left out, but not where one
/// stream of one process is asked for by --stdout or --stderr, nor with --raw.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-logs", bin_name = "bgrun logs", version, max_term_width = 80,
    override_usage = "bgrun logs [OPTIONS] <SELECTOR>...\n       bgrun logs [OPTIONS] --all",
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Names, globs ('api-*'), groups (@shop); - reads names or records from stdin
    #[arg(value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,

    /// Every process
    #[arg(long)]
    pub(crate) all: bool,

    /// Every process of this group
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,

    /// The last N lines of each log, or 'all' [default: 100, or all when searching]
    ///
    /// With --grep, --level or --field: the last N lines that meet these, searched from the end.
    /// Without -n all of them are shown, and the last 100 with -f.
    // A negative number is to be refused as what it is, not as an unknown flag.
    #[arg(short = 'n', long, alias = "tail", value_name = "N", value_parser = lines,
        allow_negative_numbers = true)]
    pub(crate) lines: Option<Lines>,

    /// The first N lines of each log, or the first N lines found
    #[arg(long, value_name = "N", conflicts_with_all = ["lines", "follow"])]
    pub(crate) head: Option<u64>,

    /// Go on showing what is written, also after a restart, until Ctrl-C
    ///
    /// A log that was renamed is followed for as long as its process writes into it; one that was
    /// cut short is read from its new start. Processes that appear later are followed if a selector means them. It
    /// ends by itself when all that were named are deleted, and when nobody reads on.
    #[arg(short, long)]
    pub(crate) follow: bool,

    /// Show when each line was written
    ///
    /// To within a tenth of a second while much is written. '-' where nobody saw it being
    /// written. Several logs come in one order then.
    #[arg(short, long, help_heading = "By time and run")]
    pub(crate) timestamps: bool,

    /// Only lines written since then: 10m (ago), 14:03, 2026-11-23, or RFC 3339
    #[arg(long, value_name = "TIME", help_heading = "By time and run")]
    pub(crate) since: Option<String>,

    /// Only lines written until then
    #[arg(long, value_name = "TIME", conflicts_with = "follow", help_heading = "By time and run")]
    pub(crate) until: Option<String>,

    /// Only what run N wrote; 'bgrun NAME' lists the runs
    #[arg(long, value_name = "N", conflicts_with = "follow", help_heading = "By time and run",
        value_parser = run)]
    pub(crate) run: Option<i64>,

    /// Only what the run before the latest one wrote
    #[arg(short, long, conflicts_with_all = ["follow", "run"], help_heading = "By time and run")]
    pub(crate) previous: bool,

    /// Only lines that match this regular expression; may be repeated: any of them
    ///
    /// The syntax is that of ripgrep and of the regex crate. A match is within one line; of a
    /// line of more than 1 MiB it is found if it is no longer than 64 KiB.
    #[arg(short = 'g', long, value_name = "RE", help_heading = "Search")]
    pub(crate) grep: Vec<String>,

    /// Only lines that do not match --grep
    #[arg(short = 'v', long, requires = "grep", help_heading = "Search")]
    pub(crate) invert_match: bool,

    /// Ignore case in --grep, --highlight and --expect
    #[arg(short, long, help_heading = "Search")]
    pub(crate) ignore_case: bool,

    /// Also N lines after each line found
    #[arg(short = 'A', long, value_name = "N", help_heading = "Search")]
    pub(crate) after_context: Option<u64>,

    /// Also N lines before each line found
    #[arg(short = 'B', long, value_name = "N", help_heading = "Search")]
    pub(crate) before_context: Option<u64>,

    /// Also N lines before and after each line found
    #[arg(short = 'C', long, value_name = "N", help_heading = "Search")]
    pub(crate) context: Option<u64>,

    /// Only lines of this level or worse
    ///
    /// A line has its level in a field of JSON or logfmt (level, severity; a word, or a number
    /// as pino has it), or as a word near its start: ERROR, (warn), info:. A line without one
    /// has none, and is shown only where it is indented below a line that is.
    #[arg(long, value_name = "LEVEL", value_enum, ignore_case = true, help_heading = "Search")]
    pub(crate) level: Option<Level>,

    /// Only lines of JSON or logfmt with this field; may be repeated: all of them
    ///
    /// For lines that are a JSON object or logfmt. Dots lead into objects: req.method=GET. A
    /// list has what one of its members has.
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Search")]
    pub(crate) field: Vec<String>,

    /// Move what is in the logs into archives, while the processes write on
    ///
    /// Nothing is lost, and every reader here goes on as if nothing had happened. Without a
    /// selector, those of every process. Whole blocks of the file system are taken: a log of no
    /// more than one (4 KiB as a rule) stays as it is, which is said. A supervisor does the same by
    /// itself when a log has grown past its limit (see bgrun run).
    #[arg(long, help_heading = "Files",
        conflicts_with_all = ["follow", "lines", "head", "grep", "level", "field"])]
    pub(crate) rotate: bool,

    /// Show how much disk the logs and their archives take; of all, without a NAME
    #[arg(long, help_heading = "Files",
        conflicts_with_all = ["rotate", "follow", "lines", "head", "grep", "level", "field"])]
    pub(crate) usage: bool,

    /// Mark what matches this regular expression, and --grep
    ///
    /// In reverse video, and only on a terminal with colours; no line is left out by it.
    #[arg(long, value_name = "RE", help_heading = "Search")]
    pub(crate) highlight: Vec<String>,

    /// Every byte as it was written, with colours, on a terminal and in a pipe
    #[arg(long)]
    pub(crate) raw: bool,

    /// Only what --new has not shown before
    ///
    /// A line that is not finished yet is left for the next time while its process runs. With
    /// --head the rest stays new. Without -n all of it is shown.
    #[arg(long, conflicts_with = "follow", help_heading = "For scripts")]
    pub(crate) new: bool,

    /// Name of the reader: --new knows for each what it has seen [default: default]
    #[arg(long, value_name = "READER", conflicts_with = "follow", help_heading = "For scripts")]
    pub(crate) cursor: Option<String>,

    /// Wait for a line that matches, and print it
    ///
    /// What the present run wrote already counts, and with --new what is new of it. A line
    /// without its end, as of a prompt, counts after 100 ms. Several processes: a line of any.
    #[arg(long, value_name = "RE", help_heading = "For scripts",
        conflicts_with_all = ["lines", "follow", "head", "grep", "level", "field"])]
    pub(crate) expect: Vec<String>,

    /// How long --expect waits: 500ms, 10s, 1m30s [default: until the process ends]
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "expect",
        help_heading = "For scripts")]
    pub(crate) timeout: Option<Duration>,

    /// Only what was written to stdout
    #[arg(long, alias = "out")]
    pub(crate) stdout: bool,

    /// Only what was written to stderr
    #[arg(long, alias = "err")]
    pub(crate) stderr: bool,

    /// Print each line as a JSON object: {name, run, stream, time, line}
    ///
    /// With "fields" where the line itself is an object, and "context": true around lines found.
    /// A line longer than 1 MiB, or one that is not finished while following, comes in several
    /// objects; all but the last of them have "partial": true.
    #[arg(short, long)]
    pub(crate) json: bool,

    /// With --json: the byte of its log at which each line begins, as "offset"
    #[arg(long, hide = true, requires = "json")]
    pub(crate) offsets: bool,

    /// Only lines that begin before this byte of their log
    #[arg(long, hide = true, value_name = "BYTE", conflicts_with = "follow")]
    pub(crate) before: Option<u64>,
}

impl Args {
    /// Whether some lines are wanted and others not.
    pub(crate) fn has_conditions(&self) -> bool {
        !self.grep.is_empty() || self.level.is_some() || !self.field.is_empty()
    }

    /// Whose place is to be kept in the logs.
    pub(crate) fn reader(&self) -> Option<&str> {
        self.cursor.as_deref().or(self.new.then_some("default"))
    }

    /// Whether a part is asked for, by time or by run.
    pub(crate) fn has_window(&self) -> bool {
        self.since.is_some() || self.until.is_some() || self.run.is_some() || self.previous
    }

    /// How many lines are to be shown of what is there already.
    pub(crate) fn lines(&self) -> Lines {
        match self.lines {
            Some(lines) => lines,
            None if self.head.is_some() || self.reader().is_some() => Lines::All,
            None if self.has_window() => Lines::All,
            None if self.has_conditions() && !self.follow => Lines::All,
            None => Lines::Last(100),
        }
    }
}

/// How bad a line says it is, from the least to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Level {
    Trace,
    Debug,
    Info,
    #[value(alias = "warning")]
    Warn,
    #[value(alias = "err")]
    Error,
    #[value(alias = "critical")]
    Fatal,
}

/// How many lines from the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// This many.
    Last(u64),
    /// From the first one on.
    All,
}

fn run(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "not the number of a run".to_owned())
}

fn lines(text: &str) -> Result<Lines, String> {
    match text {
        "all" => Ok(Lines::All),
        _ => text.parse().map(Lines::Last).map_err(|_| "not a number of lines, nor 'all'".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    fn parsed(words: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from([&["bgrun-logs"], words].concat())
    }

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn lines_are_a_number_or_all() {
        for (words, expected) in [
            (&["web"][..], Lines::Last(100)),
            (&["web", "--grep", "x"], Lines::All),
            (&["web", "--level", "WARN"], Lines::All),
            (&["web", "--field", "a=b", "-f"], Lines::Last(100)),
            (&["web", "-g", "x", "-n", "3"], Lines::Last(3)),
            (&["web", "-n0"], Lines::Last(0)),
            (&["web", "-n", "7"], Lines::Last(7)),
            (&["--lines=all", "web"], Lines::All),
            (&["--tail", "5", "web"], Lines::Last(5)),
        ] {
            assert_eq!(parsed(words).expect("valid").lines(), expected, "{words:?}");
        }
        for wrong in ["-3", "many", "", "1.5", "99999999999999999999"] {
            let error = parsed(&["web", "-n", wrong]).expect_err("no number of lines");
            assert!(error.to_string().contains("nor 'all'"), "{error}");
        }
    }

    #[test]
    fn a_lone_dash_is_a_selector() {
        assert_eq!(parsed(&["-", "-f"]).expect("valid").selectors, ["-"]);
    }
}
