//! Every verb explains itself: `-h`, `--help` and a manual page that names the same flags.

use std::collections::BTreeSet;
use std::fs;
use tests::*;

/// The verbs that are installed, in the words of the dispatcher itself.
#[track_caller]
fn verbs(home: &Home) -> Vec<String> {
    let verbs: Vec<String> =
        home.bgrun(["--list-verbs"]).ok().out().lines().map(String::from).collect();
    for verb in ["run", "ls", "logs", "kill"] {
        assert!(verbs.iter().any(|v| v == verb), "{verb} is not installed: {verbs:?}");
    }
    verbs
}

/// The long flags that a help describes: the first of a line, not those of an example.
fn flags(help: &str) -> BTreeSet<String> {
    let is_of_flag = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let described = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    described
        .flat_map(|line| line.split("  ").next().unwrap_or_default().split(|c| !is_of_flag(c)))
        .filter(|word| word.starts_with("--") && word.len() > 3)
        .map(String::from)
        .collect()
}

/// The manual page of a verb as plain text: without the escapes of roff.
#[track_caller]
fn manual(home: &Home, verb: &str) -> String {
    let share = home.tools().join("../share/man/man1");
    let path = share.join(format!("bgrun-{verb}.1"));
    let page = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    page.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")
}

#[test]
fn every_verb_has_help_on_stdout_that_fits_80_columns() {
    let home = Home::new();
    for verb in verbs(&home) {
        for flag in ["-h", "--help"] {
            let output = home.bgrun([&verb, flag]).ok();
            assert_eq!(output.err(), "", "{verb} {flag}");
            assert!(output.out().contains(&verb), "{output}");
            for line in output.out().lines() {
                assert!(line.chars().count() <= 80, "{verb} {flag}: {line}");
            }
            assert!(!output.out().contains('\x1b'), "no colours for a pipe: {verb} {flag}");
        }
        assert!(!home.state().is_dir(), "{verb}: help needs no state");
    }
}

#[test]
fn the_flags_of_the_contract_are_in_the_help() {
    let home = Home::new();
    let table: [(&str, &[&str]); 4] = [
        (
            "run",
            &[
                "--name",
                "--command",
                "--directory",
                "--env",
                "--env-file",
                "--fresh-env",
                "--stdout",
                "--stderr",
                "--logs-dir",
                "--group",
                "--stop-signal",
                "--stop-timeout",
                "--wait",
                "--restart",
                "--force",
                "--if-absent",
                "--json",
                "--quiet",
                "--shared-log",
            ],
        ),
        (
            "ls",
            &[
                "--json",
                "--group",
                "--filter",
                "--status",
                "--details",
                "--env",
                "--sort",
                "--live",
            ],
        ),
        ("logs", &["--lines", "--follow", "--stdout", "--stderr"]),
        (
            "kill",
            &[
                "--signal",
                "--tree",
                "--timeout",
                "--delete",
                "--keep-logs",
                "--clean",
                "--nuke",
                "--all",
                "--group",
                "--port",
                "--force",
                "--dry-run",
                "--json",
            ],
        ),
    ];
    for (verb, expected) in table {
        let named = flags(&home.verb(verb, ["--help"]).ok().out());
        for flag in expected {
            // `--filter` is `--group` in the words of the older tool: an alias need not be shown.
            let shown = named.contains(*flag) || *flag == "--filter";
            assert!(shown, "{flag} is not in the help of {verb}: {named:?}");
        }
    }
}

#[test]
fn every_verb_has_a_manual_page_with_the_flags_of_its_help() {
    let home = Home::new();
    for verb in verbs(&home) {
        let page = manual(&home, &verb);
        for flag in flags(&home.verb(&verb, ["--help"]).ok().out()) {
            assert!(page.contains(&flag), "{flag} is not in the manual page of {verb}");
        }
        assert!(page.contains(".TH"), "{verb}: a page for man");
    }
}

#[test]
fn every_other_word_for_a_verb_leads_to_its_manual_page_and_help() {
    let home = Home::new();
    let man = home.tools().join("../share/man");
    for (word, verb) in [("down", "up"), ("stop", "kill"), ("rm", "kill"), ("ps", "ls")] {
        let page = fs::read_to_string(man.join(format!("man1/bgrun-{word}.1")));
        let link = page.unwrap_or_else(|why| panic!("{word}: {why}"));
        assert_eq!(link, format!(".so man1/bgrun-{verb}.1\n"));
        let title = format!("BGRUN-{}(1)", verb.to_uppercase());
        let shown = home.call("/usr/bin/mandoc").arg(format!("man1/bgrun-{word}.1")).cwd(&man);
        assert!(shown.ok().out().contains(&title), "{word}");
        let help = home.bgrun(["help", word]).ok().out();
        assert_eq!(help, home.bgrun([verb, "--help"]).ok().out(), "{word}");
    }
}

#[test]
fn every_manual_page_has_its_sections_in_one_order() {
    let home = Home::new();
    for verb in verbs(&home) {
        let page = manual(&home, &verb);
        let sections: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        let sections: Vec<String> = sections.iter().map(|name| name.replace('"', "")).collect();
        let expected = [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXIT STATUS",
            "ENVIRONMENT",
            "FILES",
            "EXAMPLES",
            "SEE ALSO",
        ];
        assert_eq!(sections, expected, "{verb}");
    }
    // What the help groups, the page groups too.
    let run = manual(&home, "run");
    let at = |text: &str| run.find(text).unwrap_or_else(|| panic!("no {text:?}"));
    assert!(at(".SS \"If it runs already\"") < at("--if-absent"), "{run}");
    assert_eq!(run.matches("--if-absent").count(), 1, "each flag once");
    assert!(manual(&home, "up").contains("[process.web]"), "the file is shown");
}

#[test]
fn flags_in_the_help_are_flags_of_the_verb() {
    let home = Home::new();
    for verb in verbs(&home) {
        for flag in flags(&home.verb(&verb, ["--help"]).ok().out()) {
            // Alone a flag may lack its value or its process: that is said in other words.
            let output = home.verb(&verb, [&flag, "--no-such-flag"]).run();
            let unknown = format!("unexpected argument '{flag}'");
            assert!(!output.err().contains(&unknown), "{verb}: {output}");
        }
    }
}

#[test]
fn every_verb_tells_its_version() {
    let home = Home::new();
    let version = home.bgrun(["--version"]).ok().out();
    let number = version.trim().rsplit(' ').next().unwrap().to_owned();
    for verb in verbs(&home) {
        let said = home.verb(&verb, ["--version"]).ok().out();
        assert!(said.contains(&number), "{verb}: {said}");
    }
}
