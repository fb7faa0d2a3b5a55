//! Logs that other programs rename, cut or remove while their process writes on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tests::*;

/// Says a line whenever it is asked to, by a file of that number.
const TALK: &str = "n=1; while :; do while [ ! -e go$n ]; do sleep 0.02; done; echo line $n; \
                    n=$((n+1)); done";

struct Talk {
    home: Home,
}

impl Talk {
    fn new() -> Self {
        let home = Home::new();
        home.verb("run", ["web", "-c", TALK]).ok();
        Self { home }
    }

    /// Has it write line `number` into the file that it has open.
    #[track_caller]
    fn says(&self, number: u32, into: &Path) {
        fs::write(self.home.at(&format!("go{number}")), "").expect("a file can be made");
        let line = format!("line {number}\n");
        eventually("it is written", || {
            fs::read_to_string(into).is_ok_and(|all| all.contains(&line))
        });
    }

    fn log(&self) -> PathBuf {
        self.home.out_path("web")
    }

    fn shown(&self) -> Output {
        self.home.verb("logs", ["web", "--stdout", "-n", "all"]).ok()
    }

    fn follow(&self) -> Running {
        self.home.verb("logs", ["web", "--stdout", "-f", "-n", "all"]).spawn()
    }

    /// Starts it anew, to say its next lines.
    fn restart(&self, said: u32) {
        (1..=said).for_each(|number| {
            fs::remove_file(self.home.at(&format!("go{number}"))).expect("it is there")
        });
        self.home.verb("run", ["web", "--restart", "--quiet"]).ok();
    }
}

fn lines(numbers: impl IntoIterator<Item = u32>) -> String {
    numbers.into_iter().map(|number| format!("line {number}\n")).collect()
}

#[test]
fn a_log_that_was_renamed_is_followed_to_where_its_process_writes() {
    for creates in [true, false] {
        let web = Talk::new();
        web.says(1, &web.log());
        let before = web.follow();
        before.until_it_says("line 1");
        let renamed = web.log().with_file_name("web-out.txt-20261127");
        fs::rename(web.log(), &renamed).unwrap();
        if creates {
            fs::write(web.log(), "").unwrap();
        }
        web.says(2, &renamed);
        let output = web.shown().says("was renamed").says(renamed.to_str().unwrap());
        assert_eq!(output.out(), lines(1..=2));
        let after = web.follow();
        after.until_it_says("line 2");
        web.says(3, &renamed);
        for follower in [&before, &after] {
            follower.until_it_says("line 3");
            assert!(!follower.err().contains("goes on"), "{}", follower.err());
        }
        assert_eq!(web.home.verb("logs", ["web", "--grep", "line [23]"]).ok().out(), lines(2..=3));
        assert_eq!(web.shown().out(), lines(1..=3));
        let usage = web.home.verb("logs", ["web", "--usage", "--stdout", "--json"]).ok().json();
        assert_eq!(usage[0]["live_bytes"], 3 * 7);
        assert_eq!(usage[0]["path"], renamed.to_str().expect("UTF-8"));
        let rotation = web.home.verb("logs", ["--rotate", "web", "--stdout"]).ok();
        assert_eq!(rotation.says("it is not rotated").out(), "");

        web.restart(3);
        web.says(1, &web.log());
        for follower in [before, after] {
            follower.until_it_says("line 3\nline 1\n");
            assert_eq!(follower.out(), lines([1, 2, 3, 1]));
        }
        let output = web.shown();
        assert_eq!((output.out().as_str(), output.err().as_str()), ("line 1\n", ""));
        assert_eq!(fs::read_to_string(&renamed).unwrap(), lines(1..=3));
    }
}

#[test]
fn a_log_that_is_renamed_again_and_again_is_followed_in_its_first_file() {
    let web = Talk::new();
    web.says(1, &web.log());
    let follower = web.follow();
    follower.until_it_says("line 1");
    let first = web.log().with_file_name("day-0");
    for day in 0..4_u32 {
        fs::rename(web.log(), web.log().with_file_name(format!("day-{day}"))).unwrap();
        fs::write(web.log(), "").unwrap();
        web.says(day + 2, &first);
        follower.until_it_says(&format!("line {}\n", day + 2));
    }
    assert_eq!(follower.out(), lines(1..=5));
    assert_eq!(web.shown().out(), lines(1..=5));
}

#[test]
fn lines_of_a_renamed_log_have_times_and_runs() {
    let web = Talk::new();
    web.says(1, &web.log());
    let renamed = web.log().with_file_name("kept");
    fs::rename(web.log(), &renamed).unwrap();
    web.says(2, &renamed);
    let noted = || web.home.verb("logs", ["web", "--json"]).ok().json_lines();
    eventually("it is noted when", || {
        let lines = noted();
        lines.len() == 2 && lines.iter().all(|line| line["time"].is_string() && line["run"] == 1)
    });
    web.home.kill(["web"]);
    let output = web.home.verb("logs", ["web"]).ok();
    assert_eq!((output.out().as_str(), output.err().as_str()), ("", ""), "nothing was cut");
}

#[test]
fn archives_of_a_renamed_log_are_read_before_it() {
    let home = Home::new();
    let script = format!(
        "{} 3000; while [ ! -e go ]; do sleep 0.02; done; echo end; exec sleep 60",
        program("sequence")
    );
    home.verb("run", ["web", "-c", &script]).ok();
    home.until_out("web", "0000003000");
    home.verb("logs", ["--rotate", "web"]).ok();
    let renamed = home.out_path("web").with_file_name("kept");
    fs::rename(home.out_path("web"), &renamed).unwrap();
    fs::write(home.out_path("web"), "").unwrap();
    fs::write(home.at("go"), "").unwrap();
    let whole: String = (1..=3000).map(|n| format!("line {n:010}\n")).collect();
    let shown = || home.verb("logs", ["web", "--stdout", "-n", "all"]).ok().out();
    eventually("all is shown once", || shown() == format!("{whole}end\n"));
}

#[test]
fn a_log_that_was_copied_and_cut_is_read_from_its_new_start() {
    let web = Talk::new();
    (1..=3).for_each(|number| web.says(number, &web.log()));
    let follower = web.follow();
    follower.until_it_says("line 3");
    eventually("its length is noted", || {
        let index = fs::read(web.home.state().join("web.idx")).unwrap_or_default();
        // The end of stdout in the last record.
        let last = index.chunks_exact(32).next_back().map(|record| &record[8..16]);
        last == Some(&21_u64.to_le_bytes())
    });
    fs::copy(web.log(), web.log().with_file_name("copy")).unwrap();
    fs::File::options().write(true).open(web.log()).unwrap().set_len(0).unwrap();
    eventually("it is said", || follower.err().contains("web stdout: log truncated"));
    web.says(4, &web.log());
    follower.until_it_says("line 4");
    assert_eq!(follower.out(), lines(1..=4));
    let output = web.shown().says("log truncated");
    assert_eq!(output.out(), lines([4]));
    web.restart(4);
    web.says(1, &web.log());
    assert_eq!(web.shown().out(), lines([4, 1]));
}

#[test]
fn archives_of_a_log_that_was_cut_stay_valid() {
    let home = Home::new();
    home.verb("run", ["seq", "--json", "--", &program("sequence"), "5000"]).ok();
    home.until("seq", "exited");
    home.verb("logs", ["--rotate", "seq"]).ok();
    let live = home.out_path("seq");
    let archived = fs::read_to_string(format!("{}.1", live.display())).unwrap();
    fs::File::options().write(true).open(&live).unwrap().set_len(0).unwrap();
    let shown = || home.verb("logs", ["seq", "--stdout", "-n", "all"]).ok();
    assert!(shown().says("log truncated").out() == archived);
    home.verb("run", ["seq", "--json", "-c", "echo anew"]).ok();
    home.until("seq", "exited");
    assert!(shown().out() == archived + "anew\n");
}

#[test]
fn a_directory_of_logs_that_was_removed_is_made_again_and_private() {
    let home = Home::new();
    let start = ["web", "--logs-dir", "logs", "-c", TALK];
    home.verb("run", start).ok();
    fs::write(home.at("go1"), "").unwrap();
    let log = home.at("logs/web-out.txt");
    let written = |line: &str| fs::read_to_string(&log).is_ok_and(|text| text.contains(line));
    eventually("it writes", || written("line 1"));
    let follower = home.verb("logs", ["web", "--stdout", "-f"]).spawn();
    follower.until_it_says("line 1");
    fs::remove_dir_all(home.at("logs")).unwrap();
    fs::write(home.at("go2"), "").unwrap();
    follower.until_it_says("line 2");
    let shown = home.verb("logs", ["web", "--stdout"]).ok().says("was deleted");
    assert_eq!(shown.out(), lines(1..=2));
    (1..=2).for_each(|n| fs::remove_file(home.at(&format!("go{n}"))).unwrap());
    home.verb("run", ["web", "--restart", "--quiet"]).ok();
    let mode = fs::metadata(home.at("logs")).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o700);
    fs::write(home.at("go1"), "").unwrap();
    eventually("it writes", || written("line 1"));
    follower.until_it_says("line 2\nline 1\n");
}

/// Another program renames the log to `.1`, and what was there before to `.2`, while its
/// process writes and somebody follows.
#[track_caller]
fn numbered_by_another_program(home: &Home, is_rotated_before: bool) {
    let script = format!(
        "{0} 2000; while [ ! -e go ]; do sleep 0.02; done; {0} 2000; echo end; exec sleep 60",
        program("sequence")
    );
    home.verb("run", ["web", "-c", &script]).ok();
    home.until_out("web", "0000002000");
    let archive = |number: u32| format!("{}.{number}", home.out_path("web").display());
    if is_rotated_before {
        home.verb("logs", ["--rotate", "web", "--stdout"]).ok();
        fs::rename(archive(1), archive(2)).expect("it was rotated");
    }
    let follower = home.verb("logs", ["web", "--stdout", "-f", "-n", "all"]).spawn();
    follower.until_it_says("0000002000");
    fs::rename(home.out_path("web"), archive(1)).expect("it can be renamed");
    fs::write(home.out_path("web"), "").expect("a file can be made");
    // The follower knows of the new file before the old one is complete.
    home.verb("logs", ["web", "--stdout"]).ok().says("was renamed");
    fs::write(home.at("go"), "").expect("a file can be made");
    follower.until_it_says("end");
    home.verb("run", ["web", "--restart", "--quiet"]).ok();
    home.until_out("web", "end");
    let block: String = (1..=2000).map(|number| format!("line {number:010}\n")).collect();
    let expected = format!("{block}{block}end\n").repeat(2);
    let shown = || home.verb("logs", ["web", "--stdout", "-n", "all"]).ok().out();
    assert!(shown() == expected, "shown");
    home.verb("logs", ["--rotate", "web", "--stdout"]).ok();
    assert!(shown() == expected, "shown after a rotation");
    eventually("all was followed", || follower.out().len() >= expected.len());
    assert!(follower.out() == expected, "followed");
}

#[test]
fn a_log_that_was_given_a_number_by_another_program_is_shown_once() {
    numbered_by_another_program(&Home::new(), false);
}

#[test]
fn a_log_with_archives_that_was_given_a_number_by_another_program_is_shown_once() {
    in_new_namespaces(&["--mount"], || {
        let home = Home::new();
        mount_image(&home, &["mkfs.ext4", "-q", "-F"], "ext4", 64 << 20);
        numbered_by_another_program(&home, true);
    });
}
