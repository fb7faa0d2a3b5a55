//! Tests of what is followed: real files, real events.

use super::*;
use crate::form::Form;
use crate::label::Labels;
use crate::log::BLOCK_BYTES;
use crate::page::{Page, Screen, tests::Paper};
use crate::runs::Runs;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

/// A log that is followed, in a directory of its own.
struct Followed {
    directory: tempfile::TempDir,
    paper: Paper,
    output: Output,
    growth: Growth,
    trace: Trace,
    block: Vec<u8>,
}

impl Followed {
    fn new(form: Form) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("logs/web-out.txt");
        let name = path.to_str().expect("UTF-8");
        let process = crate::source::tests::process(1, "web", name, name);
        let both = crate::source::Streams { stdout: true, stderr: true };
        let source = crate::source::of(&process, both).remove(0);
        let paper = Paper::default();
        let screen = Screen { is_terminal: false, has_colours: false, is_raw: false };
        let mut output = Output::new(Page::on(paper.clone()), form, screen, None, Runs::unknown);
        output.add(&source);
        let trace = Trace::after(source, 0, Left::Absent);
        let (growth, block) = (Growth::new(), vec![0; BLOCK_BYTES]);
        Self { directory, paper, output, growth, trace, block }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("logs/web-out.txt")
    }

    fn make_directory(&self) {
        fs::create_dir(self.directory.path().join("logs")).expect("make");
    }

    fn open(&self) -> File {
        File::options().create(true).append(true).open(self.path()).expect("open")
    }

    /// What is shown now.
    fn look(&mut self) -> String {
        let Self { trace, growth, block, output, paper, .. } = self;
        trace.look(growth, block, output).expect("look");
        output.flush().expect("flush");
        paper.take()
    }

    /// Waits for an event of this log before it looks.
    fn wait_and_look(&mut self) -> String {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let woken = self.growth.wait_while_read(Some(deadline)).expect("wait");
        assert!(self.trace.is_meant(&woken), "{woken:?}");
        self.look()
    }
}

#[test]
fn a_log_comes_into_being_with_its_directory_and_grows() {
    let mut web = Followed::new(Form::Bytes { exact: true });
    assert_eq!(web.look(), "");
    web.make_directory();
    assert_eq!(web.wait_and_look(), "");
    let mut file = web.open();
    assert_eq!(web.wait_and_look(), "");
    write!(file, "one\ntw").expect("write");
    assert_eq!(web.wait_and_look(), "one\ntw");
    writeln!(file, "o").expect("write");
    assert_eq!(web.wait_and_look(), "o\n");
    assert_eq!(web.look(), "");
}

#[test]
fn a_renamed_file_is_read_beside_its_successor() {
    let mut web = Followed::new(Form::Bytes { exact: true });
    web.make_directory();
    let mut old = web.open();
    writeln!(old, "before").expect("write");
    assert_eq!(web.look(), "before\n");
    fs::rename(web.path(), web.path().with_extension("1")).expect("rename");
    writeln!(old, "into the renamed one").expect("write");
    assert_eq!(web.wait_and_look(), "into the renamed one\n");
    let mut new = web.open();
    writeln!(new, "into the new one").expect("write");
    writeln!(old, "late").expect("write");
    assert_eq!(web.wait_and_look(), "late\ninto the new one\n");
    writeln!(old, "later").expect("write");
    assert_eq!(web.wait_and_look(), "later\n");
}

#[test]
fn a_file_that_gets_its_name_back_is_not_shown_again() {
    let mut web = Followed::new(Form::Bytes { exact: true });
    web.make_directory();
    let mut old = web.open();
    writeln!(old, "before").expect("write");
    assert_eq!(web.look(), "before\n");
    let aside = web.path().with_extension("1");
    fs::rename(web.path(), &aside).expect("rename");
    writeln!(web.open(), "between").expect("write");
    assert_eq!(web.look(), "between\n");
    fs::rename(&aside, web.path()).expect("rename");
    writeln!(old, "after").expect("write");
    assert_eq!(web.look(), "after\n");
    assert_eq!(web.look(), "");
}

#[test]
fn a_log_that_was_cut_is_read_from_its_start() {
    let mut web = Followed::new(Form::Bytes { exact: true });
    web.make_directory();
    let mut file = web.open();
    writeln!(file, "a long line before").expect("write");
    assert_eq!(web.look(), "a long line before\n");
    file.set_len(0).expect("cut");
    assert_eq!(web.wait_and_look(), "");
    writeln!(file, "after").expect("write");
    assert_eq!(web.wait_and_look(), "after\n");
}

#[test]
fn a_deleted_log_is_waited_for() {
    let mut web = Followed::new(Form::Bytes { exact: true });
    web.make_directory();
    writeln!(web.open(), "before").expect("write");
    assert_eq!(web.look(), "before\n");
    fs::remove_dir_all(web.directory.path().join("logs")).expect("remove");
    assert_eq!(web.wait_and_look(), "");
    web.make_directory();
    assert_eq!(web.wait_and_look(), "");
    writeln!(web.open(), "after").expect("write");
    assert_eq!(web.wait_and_look(), "after\n");
}

#[test]
fn an_unfinished_line_does_not_go_on_in_another_file() {
    let mut web = Followed::new(Form::Lines { labels: Labels::Names, headings: false });
    web.make_directory();
    write!(web.open(), "unfinished").expect("write");
    assert_eq!(web.look(), "", "it is held for a moment");
    fs::remove_file(web.path()).expect("remove");
    writeln!(web.open(), "after").expect("write");
    assert_eq!(web.look(), "web | unfinished\nweb | after\n");
}

#[test]
fn much_is_shown_in_turns() {
    let mut web = Followed::new(Form::Bytes { exact: true });
    web.make_directory();
    let much = "0123456789abcdef".repeat(100_000);
    write!(web.open(), "{much}").expect("write");
    let first = web.look();
    assert!(web.trace.has_more());
    assert_eq!(first + &web.look(), much);
    assert!(!web.trace.has_more());
}

#[test]
fn it_moves_with_a_new_run_and_not_before() {
    let mut web = Followed::new(Form::Bytes { exact: true });
    web.make_directory();
    writeln!(web.open(), "before").expect("write");
    assert_eq!(web.look(), "before\n");
    let elsewhere = web.directory.path().join("elsewhere");
    fs::write(&elsewhere, "old\nnew\n").expect("write");
    let mut source = Source { path: elsewhere, ..web.trace.source.clone() };
    web.trace.take_over(source.clone());
    assert_eq!(web.look(), "");
    source.run = Some(crate::source::LatestRun { number: 2, offset: 4 });
    web.trace.take_over(source);
    assert_eq!(web.look(), "new\n");
}
