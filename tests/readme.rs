//! The README does what it says: every `console` block is run, in order, in a fresh home.
//!
//! Lines that start with `$ ` are typed, lines after them are what is shown. Numbers, such as pids,
//! sizes, times and durations, stand for any number; `...` alone in a line for any lines.

use std::fs;
use tests::*;

/// A command of a block, and what the README shows for it.
#[derive(Debug)]
struct Step {
    command: String,
    shown: Vec<String>,
}

/// The `console` blocks of a page.
fn blocks(page: &str) -> Vec<Vec<Step>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "```console" {
            continue;
        }
        let mut steps: Vec<Step> = Vec::new();
        for line in lines.by_ref().take_while(|line| line.trim() != "```") {
            match (line.strip_prefix("$ "), line.strip_prefix("> "), steps.last_mut()) {
                (Some(command), ..) => {
                    steps.push(Step { command: command.to_owned(), shown: Vec::new() });
                }
                (None, Some(more), Some(step)) if step.shown.is_empty() => {
                    step.command.push('\n');
                    step.command.push_str(more);
                }
                (None, _, Some(step)) => step.shown.push(line.trim_end().to_owned()),
                (None, _, None) => panic!("output before any command: {line}"),
            }
        }
        blocks.push(steps);
    }
    blocks
}

/// A line with every number, and what may change with its width, made the same.
fn pattern(line: &str) -> String {
    let mut shape = String::new();
    for c in line.chars() {
        let c = if c.is_ascii_digit() { '0' } else { c };
        let c = if c == '─' || c == '-' { '-' } else { c };
        let repeats = matches!(c, '0' | ' ' | '-') && shape.ends_with(c);
        if !repeats {
            shape.push(c);
        }
    }
    // A duration or a size may change its unit and get a fraction: 5ms, 1.2s, 12 MiB.
    let units = ["0.0", "0ms", "0m0s", "0h0m", "0s", "0m", "0h", "0d"];
    for unit in units {
        shape = shape.replace(unit, "0");
    }
    shape.trim().to_owned()
}

/// Whether what was printed is what is shown.
fn is_shown(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((dots, rest)) if dots.trim() == "..." => {
            (0..=printed.len()).any(|skipped| is_shown(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, more)| pattern(line) == pattern(first) && is_shown(rest, more)),
    }
}

fn readme() -> String {
    fs::read_to_string(workspace_root().join("README.md")).expect("there is a README.md")
}

#[test]
fn every_example_does_what_is_shown() {
    let blocks = blocks(&readme());
    assert!(!blocks.is_empty(), "the README has examples");
    let home = Home::new();
    for block in blocks {
        for Step { command, shown } in block {
            let call = home.sh(&command).env_remove("BGR_HOME").env("COLUMNS", "80");
            // As one types: what it starts must be up before the next line is read.
            let output = call.run();
            assert_eq!(output.code, 0, "$ {command}\n{output}");
            let printed = output.out();
            let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
            let matches = shown.is_empty() || is_shown(&shown, &printed);
            assert!(matches, "$ {command}\nshown: {shown:#?}\nprinted: {printed:#?}\n{output}");
        }
    }
}

#[test]
fn there_is_a_section_for_every_verb_and_the_two_commands() {
    let page = readme();
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with('#')).collect();
    for verb in ["run", "ls", "logs", "kill"] {
        let has_section = headings
            .iter()
            .any(|h| h.contains(&format!("bgrun {verb}")) || h.contains(&format!("`{verb}`")));
        assert!(has_section, "no section for {verb}: {headings:?}");
    }
    for command in ["make install", "make test"] {
        assert!(page.contains(command), "{command}");
    }
}

#[test]
fn no_flag_is_shown_that_does_not_exist() {
    let home = Home::new();
    let page = readme();
    for line in page.lines().filter_map(|line| line.strip_prefix("$ bgrun ")) {
        let line = line.split(" -- ").next().unwrap_or_default();
        let verb = line.split(' ').next().unwrap_or_default();
        if !["run", "ls", "logs", "kill"].contains(&verb) {
            continue;
        }
        let help = home.verb(verb, ["--help"]).ok().out();
        for word in line.split([' ', '|', ';', '=']).filter(|word| word.starts_with("--")) {
            // What follows a pipe belongs to another tool.
            if !line.split('|').next().unwrap_or_default().contains(word) {
                continue;
            }
            assert!(help.contains(word), "{word} in: bgrun {line}");
        }
    }
}

#[test]
fn numbers_are_patterns_and_words_are_not() {
    let shown = |text: &str| text.lines().map(String::from).collect::<Vec<String>>();
    assert!(is_shown(&shown("web: running, pid 1234"), &["web: running, pid 7"]));
    assert!(!is_shown(&shown("web: running, pid 1234"), &["web: stopped, pid 7"]));
    assert!(is_shown(&shown("a\n...\nz"), &["a", "b", "c", "z"]));
    assert!(is_shown(&shown("│ web │ 12 ms │"), &["│ web   │ 1 ms │"]));
    assert!(!is_shown(&shown("a"), &["a", "b"]));
}
