//! `sequence COUNT [PER_SECOND]` writes the numbered lines 1 to COUNT, each in one write.
//!
//! Without a rate it writes at full speed. It gives up after 55 s.

use std::io::{Write, stdout};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "its rate is what it is for")]
fn main() {
    let args = std::env::args_os().skip(1);
    let mut args =
        args.map(|arg| arg.to_str().and_then(|arg| arg.parse::<u32>().ok()).expect("a number"));
    let count = args.next().expect("how many lines");
    let pause = args.next().map(|per_second| Duration::from_secs(1) / per_second);
    let begun = Instant::now();
    for number in 1..=count {
        // A line at a time is what `stdout` writes: a reader never sees half a number.
        writeln!(stdout(), "line {number:010}").expect("stdout can be written");
        if let Some(pause) = pause {
            sleep((pause * number).saturating_sub(begun.elapsed()));
        }
        if begun.elapsed() > Duration::from_secs(55) {
            return;
        }
    }
}
