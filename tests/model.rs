//! Random sequences of acts and deaths against a small model of what must be true after each.

use std::collections::BTreeMap;
use std::fs;
use tests::*;

const NAMES: [&str; 3] = ["a", "b", "c"];
const ACTS_PER_SEED: usize = 25;

/// What the model knows of a name that is registered.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    Running {
        is_supervised: bool,
    },
    Stopped,
    /// Its main process was killed; nobody may have seen it.
    Dead,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Run,
    RunIfAbsent,
    Restart,
    Kill,
    Delete,
    Clean,
    KillMain,
    KillSupervisor,
    Signal,
}

const ACTS: [Act; 9] = [
    Act::Run,
    Act::RunIfAbsent,
    Act::Restart,
    Act::Kill,
    Act::Delete,
    Act::Clean,
    Act::KillMain,
    Act::KillSupervisor,
    Act::Signal,
];

/// A generator whose sequence is given by its seed: Numerical Recipes' constants.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % end
    }
}

type Model = BTreeMap<&'static str, Known>;

/// Does the act, checks its exit code against the model, and moves the model on.
#[track_caller]
fn act(home: &Home, model: &mut Model, act: Act, name: &'static str) {
    let known = model.get(name).copied();
    let is_running = matches!(known, Some(Known::Running { .. }));
    let up = Known::Running { is_supervised: true };
    let run = |flags: &[&str]| home.verb("run", [name]).args(flags).args(["--", "sleep", "60"]);
    match act {
        Act::Run => {
            run(&[]).code(if is_running { 5 } else { 0 });
            model.insert(name, if is_running { known.unwrap_or(up) } else { up });
        }
        Act::RunIfAbsent => {
            run(&["--if-absent"]).code(0);
            model.insert(name, if is_running { known.unwrap_or(up) } else { up });
        }
        Act::Restart => {
            run(&["--restart"]).code(0);
            model.insert(name, up);
        }
        Act::Kill => {
            home.verb("kill", [name]).code(if known.is_some() { 0 } else { 4 });
            model.entry(name).and_modify(|known| *known = Known::Stopped);
        }
        Act::Delete => {
            home.verb("kill", ["--delete", name]).code(if known.is_some() { 0 } else { 4 });
            model.remove(name);
        }
        Act::Clean => {
            home.verb("kill", ["--clean"]).code(0);
            model.retain(|_, known| matches!(known, Known::Running { .. }));
        }
        Act::KillMain if is_running => {
            Life::of(home.ls(name).pid()).kill();
            model.insert(name, Known::Dead);
        }
        Act::KillSupervisor if known == Some(up) => {
            Life::of(home.ls(name).supervisor()).kill();
            model.insert(name, Known::Running { is_supervised: false });
        }
        Act::Signal => {
            let code = if is_running {
                0
            } else if known.is_some() {
                3
            } else {
                4
            };
            home.verb("kill", ["--signal", "CONT", name]).code(code);
        }
        Act::KillMain | Act::KillSupervisor => {}
    }
}

/// Whether what is shown, and what lives, is what the model says.
fn is_true(home: &Home, model: &Model) -> Result<(), String> {
    let records = home.all();
    if records.len() != model.len() {
        return Err(format!("{model:?}, but {} records", records.len()));
    }
    for record in &records {
        let fits = match model.get(record.name()) {
            Some(Known::Running { is_supervised }) => {
                record.status() == "running" && record["supervised"] == *is_supervised
            }
            Some(Known::Stopped) => record.status() == "stopped" && record["wanted"] == "down",
            Some(Known::Dead) => ["failed", "lost"].contains(&record.status()),
            None => false,
        };
        if !fits {
            return Err(format!("{model:?}, but {record:#}"));
        }
    }
    let comm = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let living: Vec<i32> = home.living().into_iter().filter(|pid| comm(pid) == "sleep\n").collect();
    let running = model.values().filter(|known| matches!(known, Known::Running { .. })).count();
    if living.len() == running { Ok(()) } else { Err(format!("{running} are to live: {living:?}")) }
}

fn follow(seed: u64) {
    let home = Home::new();
    let mut model = Model::new();
    let mut random = Random(seed);
    let mut done = Vec::new();
    for _ in 0..ACTS_PER_SEED {
        let (next, name) = (ACTS[random.below(ACTS.len())], NAMES[random.below(NAMES.len())]);
        done.push((next, name));
        let told = format!("seed {seed}: {done:?}");
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            act(&home, &mut model, next, name);
            eventually_ok(|| is_true(&home, &model));
        }));
        assert!(result.is_ok(), "{told}");
    }
    home.verb("kill", ["--nuke"]).ok();
    home.must_be_clean();
}

#[test]
fn random_acts_and_deaths_leave_what_the_model_says() {
    std::thread::scope(|scope| {
        for worker in 0..3 {
            scope.spawn(move || (0..4).for_each(|n| follow(worker * 1000 + n)));
        }
    });
}
