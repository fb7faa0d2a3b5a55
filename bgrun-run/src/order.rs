//! One after the other: what a process comes after is started before it, and waited for.
//!
//! What was asked for is started in rounds, each once everything it comes after is there.
//! What was not asked for is started first, by another `bgrun-run`, which does the same for
//! what that comes after. Without any order all is one round.

mod needs;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::process::Stdio;

use anyhow::Context;
use bgrun_platform::sibling;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_store::{After, Condition, Home, Spec, Store, variables};
use serde_json::{Value, json};

use crate::args::Args;
use crate::awaited::{self, Awaited};
use crate::order::needs::Needs;
use crate::prepare::{self, Attempt};
use crate::start::Outcome;
use crate::{existing, start, wait};

/// Starts everything in its order.
///
/// # Errors
/// They come after each other in a circle, and nothing was started; or nothing can be said
/// of what runs.
pub(crate) fn start(
    args: &Args,
    mut attempts: Vec<Attempt>,
    home: &Home,
    store: &mut Store,
) -> anyhow::Result<Vec<(String, Outcome)>> {
    let has_order = |(_, attempt): &Attempt| {
        attempt.as_ref().is_ok_and(|prepared| !prepared.spec.after.is_empty())
    };
    // What bgrun starts again by itself has its place already.
    if args.automatic || !attempts.iter().any(has_order) {
        return round(args, attempts, home, store);
    }
    let names: Vec<String> = attempts.iter().map(|(name, _)| name.clone()).collect();
    let needs = needs::of(args, &mut attempts, home, store)?;
    let mut rounds = Rounds { args, met: BTreeMap::new(), done: BTreeMap::new() };
    rounds.start_others(&needs.others)?;
    let mut left = attempts;
    while !left.is_empty() {
        let is_next = |(name, _): &Attempt| {
            needs.of(name).all(|after| !left.iter().any(|(other, _)| *other == after.name))
        };
        let (next, later): (Vec<_>, Vec<_>) =
            left.iter().map(is_next).zip(0..).partition(|one| one.0);
        if next.is_empty() {
            anyhow::bail!("nothing of {} can be the first", names.join(", "));
        }
        let mut parts: Vec<Option<Attempt>> = left.into_iter().map(Some).collect();
        let next: Vec<Attempt> = next.iter().filter_map(|(_, at)| parts[*at].take()).collect();
        left = later.iter().filter_map(|(_, at)| parts[*at].take()).collect();
        rounds.wait_for(&next, &needs);
        let judged = next.into_iter().map(|(name, attempt)| {
            let attempt = match rounds.lacks(&name, &needs) {
                Some(failure) => attempt.and(Err(failure)),
                None => attempt.and_then(|one| prepare::check(&one.spec).map(|()| one)),
            };
            (name, attempt)
        });
        for (name, outcome) in round(args, judged.collect(), home, store)? {
            rounds.note(name, outcome);
        }
    }
    Ok(rounds.in_order(&names))
}

/// Whether something has to end before a process starts: what that makes is not there yet.
pub(crate) fn has_job_before(spec: &Spec) -> bool {
    let mut after = spec.after.iter().filter_map(|text| text.parse::<After>().ok());
    after.any(|after| after.condition == Condition::Exited)
}

/// Checks the order of what would be started.
///
/// # Errors
/// They come after each other in a circle; nothing can be said of what runs.
pub(crate) fn check(
    args: &Args,
    attempts: &mut [Attempt],
    home: &Home,
    store: &Store,
) -> anyhow::Result<()> {
    needs::of(args, attempts, home, store).map(drop)
}

/// Starts all of them at once, and waits for them if that is asked for.
fn round(
    args: &Args,
    attempts: Vec<Attempt>,
    home: &Home,
    store: &mut Store,
) -> anyhow::Result<Vec<(String, Outcome)>> {
    let probed = prepare::probed(&attempts);
    let way = existing::make_way(args, attempts, home, store)?;
    let started = start::all(args, way, home, store);
    Ok(wait::all(args, started, &probed, home))
}

/// What has come of the rounds so far.
struct Rounds<'a> {
    args: &'a Args,
    /// What was waited for, and what came of it.
    met: BTreeMap<(String, &'static str), Awaited>,
    /// What was started, or was not.
    done: BTreeMap<String, Result<Option<Outcome>, String>>,
}

impl Rounds<'_> {
    fn note(&mut self, name: String, outcome: Outcome) {
        self.done.insert(name, Ok(Some(outcome)));
    }

    /// Starts what was not asked for and has to be there.
    fn start_others(&mut self, others: &BTreeSet<String>) -> anyhow::Result<()> {
        if others.is_empty() {
            return Ok(());
        }
        let mut command = sibling::command("bgrun-run", ["--if-absent", "--json", "-"]);
        // What this shell says of a process, it says of the one it names.
        for key in variables::RECORDED {
            command.env_remove(key);
        }
        let records: Vec<Value> = others.iter().map(|name| json!({"name": name})).collect();
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().context("run bgrun-run")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(&serde_json::to_vec(&records)?).context("tell bgrun-run")?;
        }
        let output = child.wait_with_output().context("wait for bgrun-run")?;
        let told: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_default();
        for name in others {
            let record = told.iter().find(|record| record["name"].as_str() == Some(name));
            let error = match record {
                Some(record) => record["error"].as_str(),
                None => Some("bgrun-run gave no answer"),
            };
            let done = error.map_or(Ok(None), |error| Err(error.to_owned()));
            self.done.insert(name.clone(), done);
        }
        Ok(())
    }

    /// Waits for everything that one of `next` comes after, as far as that was started.
    fn wait_for(&mut self, next: &[Attempt], needs: &Needs) {
        for condition in [Condition::Ready, Condition::Exited] {
            let mut names = BTreeSet::new();
            for (name, _) in next {
                for after in needs.of(name).filter(|after| after.condition == condition) {
                    let is_known = self.met.contains_key(&(after.name.clone(), condition.as_str()));
                    if !is_known && needs.is_waited_for(after) && self.runs(&after.name) {
                        self.say_what_for(name, after);
                        names.insert(after.name.clone());
                    }
                }
            }
            let records: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
            let said = self.args.wait.flatten();
            let timeout = match condition {
                Condition::Exited => said,
                _ => said.or(Some(wait::READINESS)),
            };
            for (name, awaited) in awaited::ask(condition.as_str(), &records, timeout) {
                if let Awaited::Ended { run, code, .. } = awaited
                    && (code != Some(0) || condition == Condition::Ready)
                {
                    wait::show_stderr(&name, run);
                }
                self.met.insert((name, condition.as_str()), awaited);
            }
        }
    }

    fn say_what_for(&self, name: &str, after: &After) {
        if !self.args.quiet && std::io::stderr().is_terminal() {
            let state = match after.condition {
                Condition::Exited => "has ended",
                _ => "is ready",
            };
            tool::warn(format_args!("{}: waits until {} {state}", safe(name), safe(&after.name)));
        }
    }

    /// Whether it was started, or ran already.
    fn runs(&self, name: &str) -> bool {
        match self.done.get(name) {
            Some(Ok(Some(Outcome::Failed(failure)))) => failure.exit() == Exit::Exists,
            Some(Err(_)) => false,
            _ => true,
        }
    }

    /// Why `name` cannot be started, if something that it comes after is not there.
    fn lacks(&self, name: &str, needs: &Needs) -> Option<Failure> {
        needs.of(name).find_map(|after| {
            let other = safe(&after.name);
            if !self.runs(&after.name) {
                let what = format!("comes after {other}, which was not started");
                return Some(Failure::new(Exit::Failed, what));
            }
            let awaited = self.met.get(&(after.name.clone(), after.condition.as_str()))?;
            lack(awaited, after.condition).map(|(exit, lack)| {
                Failure::new(exit, format!("comes after {other}, which {lack}"))
                    .hint(format!("bgrun logs {other}"))
            })
        })
    }

    fn in_order(mut self, names: &[String]) -> Vec<(String, Outcome)> {
        let outcome = |name: &String| match self.done.remove(name) {
            Some(Ok(Some(outcome))) => Some((name.clone(), outcome)),
            _ => None,
        };
        names.iter().filter_map(outcome).collect()
    }
}

/// What is wrong with what was waited for, if something is.
fn lack(awaited: &Awaited, condition: Condition) -> Option<(Exit, String)> {
    match (awaited, condition) {
        (Awaited::Reached, _) => None,
        (Awaited::Ended { code: Some(0), .. }, Condition::Exited) => None,
        (Awaited::Ended { how, .. }, Condition::Exited) => {
            Some((Exit::Failed, format!("ended with {how}")))
        }
        (Awaited::Ended { how, .. }, _) => {
            Some((Exit::Failed, format!("ended before it was ready: {how}")))
        }
        (Awaited::TimedOut, Condition::Exited) => {
            Some((Exit::TimedOut, "has not ended in time".to_owned()))
        }
        (Awaited::TimedOut, _) => Some((Exit::TimedOut, "is not ready in time".to_owned())),
        (Awaited::Unknown(why), _) => Some((Exit::Failed, why.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_waited_for_is_enough() {
        use Condition::{Exited, Ready};
        let ended = |code| Awaited::Ended { run: None, code, how: "exit code".to_owned() };
        let table = [
            (Awaited::Reached, Ready, None),
            (ended(Some(0)), Exited, None),
            (ended(Some(3)), Exited, Some(1)),
            (ended(None), Exited, Some(1)),
            (ended(Some(0)), Ready, Some(1)),
            (Awaited::TimedOut, Ready, Some(124)),
            (Awaited::TimedOut, Exited, Some(124)),
            (Awaited::Unknown("gone".to_owned()), Ready, Some(1)),
        ];
        for (awaited, condition, code) in table {
            let found = lack(&awaited, condition).map(|(exit, _)| exit.code());
            assert_eq!(found, code, "{awaited:?} {condition:?}");
        }
    }
}
