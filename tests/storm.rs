//! Storms: random kills of everything of ours; afterwards names, processes and database agree.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tests::*;

const STORM: Duration = Duration::from_secs(4);

/// What the managed processes execute.
const MANAGED: &str = "sleep";

/// The processes of this home that live now and execute a program whose name begins so.
fn executing(home: &Home, program: &str) -> Vec<i32> {
    let is_it = |pid: &i32| {
        let comm = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        comm.starts_with(program) && belongs_to(*pid, home.path())
    };
    parents().into_iter().map(|(pid, _)| pid).filter(is_it).collect()
}

/// The tools and supervisors of this home that live now.
fn ours(home: &Home) -> Vec<i32> {
    executing(home, "bgrun")
}

/// The managed processes that live, by name. A fork that has not executed yet is no process of its
/// own: it still is the program `bgrun-supervise`.
fn lives(home: &Home) -> BTreeMap<String, Vec<Life>> {
    let mut lives = BTreeMap::<_, Vec<_>>::new();
    for pid in executing(home, MANAGED) {
        if let Some(life) = Life::try_of(pid) {
            let name = environ_of(pid).remove("BGRUN_NAME").unwrap_or_else(|| "nameless".into());
            lives.entry(name).or_default().push(life);
        }
    }
    lives
}

/// The managed processes that live, counted by name.
fn instances(home: &Home) -> BTreeMap<String, usize> {
    lives(home).into_iter().map(|(name, lives)| (name, lives.len())).collect()
}

/// Fails if two live at this very moment: one that was seen may have ended before the other began.
#[track_caller]
fn no_two_live(home: &Home) {
    for (name, lives) in lives(home) {
        let count = lives.iter().filter(|life| life.is_alive()).count();
        assert!(count < 2, "{count} live instances of {name}: {:#?}", home.all());
    }
}

/// Kills random ones of the processes that `victims` finds until told to stop.
fn rage(
    home: &Home,
    victims: impl Fn(&Home) -> Vec<i32>,
    is_over: &AtomicBool,
    kills: &AtomicUsize,
) {
    // The seed is fixed; what makes every storm another one is when its kills arrive.
    let mut random: u64 = 2;
    while !is_over.load(Ordering::Relaxed) {
        for pid in victims(home) {
            // Numerical Recipes' generator: any will do, as long as its seed can be given again.
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            // A third of them: all of them, and nothing would ever start.
            if (random >> 33).is_multiple_of(3)
                && let Some(life) = Life::try_of(pid)
            {
                life.signal(Signal::KILL);
                kills.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Lets workers loop over calls during a storm, then checks that all is consistent.
#[track_caller]
fn survives(
    names: &[String],
    victims: impl Fn(&Home) -> Vec<i32> + Send,
    work: impl Fn(&Home, &str) -> Output + Sync,
) {
    let home = Home::new();
    let is_over = AtomicBool::new(false);
    let (kills, successes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| rage(&home, victims, &is_over, &kills));
        let begun = Instant::now();
        for worker in 0..4 {
            let (home, work, successes) = (&home, &work, &successes);
            scope.spawn(move || {
                for name in names.iter().skip(worker).step_by(4).cycle() {
                    if begun.elapsed() > STORM {
                        break;
                    }
                    let is_success = work(home, name).code == 0;
                    successes.fetch_add(is_success.into(), Ordering::Relaxed);
                }
            });
        }
        while begun.elapsed() < STORM {
            no_two_live(&home);
            home.verb("ls", ["--json"]).run();
        }
        is_over.store(true, Ordering::Relaxed);
    });

    let (kills, successes) = (kills.into_inner(), successes.into_inner());
    assert!(kills > 10 && successes > 0, "no storm: {kills} kills, {successes} successes");
    let check = open_database(&home.database());
    let check: String =
        check.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap_or_default();
    assert_eq!(check, "ok");
    eventually_ok(|| {
        let shown: BTreeMap<String, usize> = home
            .all()
            .iter()
            .filter(|record| record["pid"].is_i64())
            .map(|record| (record.name().into(), 1))
            .collect();
        let living = instances(&home);
        assert!(living.values().all(|count| *count == 1), "two live instances: {living:?}");
        let agree = (shown == living).then_some(());
        agree.ok_or_else(|| format!("shown are {shown:?}, but {living:?} live: {:#?}", home.all()))
    });
    home.verb("kill", ["--all", "--timeout", "1s"]).ok();
    home.must_be_clean();
    for name in names {
        home.verb("run", [name, "--if-absent", "--", MANAGED, "55"]).ok();
    }
    assert_eq!(instances(&home).len(), home.all().len());
}

#[test]
fn a_storm_on_starts_of_twenty_names_leaves_at_most_one_of_each() {
    let names: Vec<String> = (0..20).map(|n| format!("p{n}")).collect();
    survives(&names, ours, |home, name| home.verb("run", [name, "--", MANAGED, "55"]).run());
}

#[test]
fn a_storm_on_starts_restarts_and_stops_of_one_name_leaves_at_most_one() {
    let names = vec!["web".to_owned(); 4];
    survives(&names, ours, |home, name| {
        home.verb("run", [name, "--restart", "--", MANAGED, "55"]).run();
        home.verb("kill", ["--timeout", "300ms", name]).run();
        home.verb("run", [name, "--", MANAGED, "55"]).run()
    });
}

#[test]
fn a_storm_on_what_crashes_and_is_guarded_leaves_at_most_one_of_each() {
    let names: Vec<String> = (0..6).map(|n| format!("p{n}")).collect();
    let policy = ["--keep-alive", "--backoff", "10ms..20ms", "--max-restarts", "1000000/1s"];
    let all_die = |home: &Home| [ours(home), executing(home, MANAGED)].concat();
    survives(&names, all_die, |home, name| {
        let run = |flags: &[&str]| home.verb("run", [name]).args(policy).args(flags);
        run(&["--", MANAGED, "55"]).run();
        home.verb("guard", [""; 0]).run();
        run(&["--restart", "--", MANAGED, "55"]).run();
        home.verb("guard", [""; 0]).run();
        home.verb("kill", ["--timeout", "300ms", name]).run();
        home.verb("guard", [""; 0]).run();
        run(&["--", MANAGED, "55"]).run()
    });
}

#[test]
fn the_death_of_everything_of_ours_hurts_no_managed_process() {
    let home = Home::new();
    let count = 3000;
    let lives: Vec<Life> = (0..5)
        .map(|n| format!("p{n}"))
        .map(|name| home.start(&name, [program("sequence"), count.to_string(), "1500".into()]))
        .map(|record| Life::of(record.pid()))
        .collect();
    let followers: Vec<Running> =
        (0..3).map(|_| home.verb("logs", ["-f", "p0", "p1"]).spawn()).collect();
    while lives.iter().any(Life::is_alive) {
        home.verb("ls", ["--json"]).spawn();
        for pid in ours(&home) {
            if let Some(life) = Life::try_of(pid) {
                life.signal(Signal::KILL);
            }
        }
    }
    drop(followers);
    let expected: String = (1..=count).map(|n| format!("line {n:010}\n")).collect();
    for n in 0..5 {
        assert_eq!(home.out(&format!("p{n}")), expected, "p{n} wrote every line");
    }
    for record in home.all() {
        assert_ne!(record.status(), "running");
        assert_eq!(record["exit_code"], Value::Null, "nobody saw the end: {record:#}");
    }
}
