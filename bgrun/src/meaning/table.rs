//! What each way of calling bgrun comes to.

use super::{Act, of};
use std::ffi::OsString;

const INSTALLED: [&str; 6] = ["run", "ls", "logs", "kill", "supervise", "backup"];

fn meaning(line: &str) -> Act {
    let argv: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    of(&argv, &|verb| INSTALLED.iter().any(|installed| verb == *installed))
}

fn runs(line: &str) -> Act {
    let mut words = line.split_whitespace().map(OsString::from);
    let verb = words.next().unwrap_or_default();
    Act::Exec { verb, args: words.collect() }
}

#[test]
fn verbs_aliases_names_and_the_older_spelling_are_executed() {
    let table = [
        ("", "ls"),
        ("ls --json", "ls --json"),
        ("run web -- node --stop", "run web -- node --stop"),
        ("logs -f web", "logs -f web"),
        ("kill --version", "kill --version"),
        // Bgrun's own verbs are known before they are installed.
        ("guard", "guard"),
        ("watch web", "watch web"),
        ("backup --fast", "backup --fast"),
        ("supervise", "ls --details supervise"),
        ("list --json", "ls --json"),
        ("ps", "ls"),
        ("status web", "ls web"),
        ("show web", "ls --details web"),
        ("details web --json", "ls --details web --json"),
        ("start web -- node", "run web -- node"),
        ("stop web", "kill web"),
        ("restart web", "run --restart web"),
        ("rm web", "kill --delete web"),
        ("delete web", "kill --delete web"),
        ("clean", "kill --clean"),
        ("nuke", "kill --nuke"),
        ("dashboard --port 1", "dash --background --port 1"),
        ("web", "ls --details web"),
        ("api-*", "ls --details api-*"),
        ("@prod", "ls --details @prod"),
        ("-", "ls --details -"),
        ("web --json", "ls --details web --json"),
        ("web --env --live", "ls --details web --env --live"),
        ("web --sort cpu", "ls --details web --sort cpu"),
        // `guard` is near, but is not there to be meant.
        ("gaurd", "ls --details gaurd"),
        ("web --stop", "kill web"),
        ("lgos --stop", "kill lgos"),
        ("--json", "ls --json"),
        ("-- node --version", "run -- node --version"),
        ("help run", "run --help"),
        ("help ps", "ls --help"),
        ("--help logs", "logs --help"),
        ("help guard", "guard --help"),
    ];
    for (typed, expected) in table {
        assert_eq!(meaning(typed), runs(expected), "bgrun {typed}");
    }
}

#[test]
fn what_may_be_a_process_or_a_slip_is_for_ls_to_tell() {
    let table = [
        ("lgos", "logs", "lgos"),
        ("lgos --json", "logs", "lgos --json"),
        ("hepl", "help", "hepl"),
        ("monit", "top", "monit"),
    ];
    for (typed, verb, rest) in table {
        let Act::Exec { verb: ls, args } = meaning(typed) else { panic!("{typed}") };
        let hint = format!("--otherwise=did you mean 'bgrun {verb}'?");
        let rest = rest.split(' ').map(OsString::from);
        let expected = [OsString::from(hint), "--details".into()].into_iter().chain(rest);
        assert_eq!((ls, args), ("ls".into(), expected.collect()), "bgrun {typed}");
    }
}

#[test]
fn the_dispatcher_answers_for_itself() {
    let table = [
        ("help", Act::Help),
        ("--help", Act::Help),
        ("-h", Act::Help),
        ("help --all", Act::Help),
        ("web --help", Act::Help),
        ("--version", Act::Version),
        ("-V", Act::Version),
        ("-v", Act::Version),
        ("--list-verbs", Act::ListVerbs),
    ];
    for (typed, expected) in table {
        assert_eq!(meaning(typed), expected, "bgrun {typed}");
    }
}

#[test]
fn what_means_nothing_is_refused_with_the_nearest() {
    let verb = |word: &str, instead: Option<&str>| Act::UnknownVerb {
        word: word.into(),
        hint: instead.map(|instead| format!("did you mean '{instead}'?")),
    };
    let flag = |flag: &str, instead: Option<&str>| Act::UnknownFlag {
        flag: flag.into(),
        instead: instead.map(str::to_string),
    };
    let table = [
        ("lgos web", verb("lgos", Some("bgrun logs"))),
        ("lgos -f web", verb("lgos", Some("bgrun logs"))),
        ("lgos -n 5 web", verb("lgos", Some("bgrun logs"))),
        ("kil --all", verb("kil", Some("bgrun kill"))),
        ("rnu web -- node", verb("rnu", Some("bgrun run"))),
        ("rnu -- node", verb("rnu", Some("bgrun run"))),
        ("web -- node", verb("web", Some("bgrun run web -- ..."))),
        ("web stop", verb("web", Some("bgrun stop web"))),
        ("web logs -f", verb("web", Some("bgrun logs web"))),
        ("web extra", verb("web", None)),
        ("reload web", verb("reload", Some("bgrun restart web"))),
        ("describe web", verb("describe", Some("bgrun show web"))),
        ("tail -f web", verb("tail", Some("bgrun logs -f web"))),
        ("frobnicate web", verb("frobnicate", None)),
        ("gaurd web", verb("gaurd", None)),
        ("help lgos", verb("lgos", Some("bgrun help logs"))),
        ("help web", verb("web", None)),
        ("--jsn", flag("--jsn", Some("--json"))),
        ("--stpo web", flag("--stpo", Some("--stop"))),
        ("--stpo=web", flag("--stpo=web", Some("--stop"))),
        ("web --stpo", flag("--stpo", Some("--stop"))),
        ("--name web --cmmand x", flag("--cmmand", Some("--command"))),
        ("--list-verb", flag("--list-verb", Some("--list-verbs"))),
        ("--frobnicate", flag("--frobnicate", None)),
        ("-x", flag("-x", None)),
        ("--port 3000", flag("--port", None)),
    ];
    for (typed, expected) in table {
        assert_eq!(meaning(typed), expected, "bgrun {typed}");
    }
}

#[test]
fn no_flag_of_ls_is_taken_for_a_slip() {
    for flag in ["--group", "--status", "--details", "--env", "--sort", "--live", "--quiet"] {
        let typed = format!("web {flag}");
        assert_eq!(meaning(&typed), runs(&format!("ls --details {typed}")), "{flag}");
    }
}
