//! The store, and names without a command: which stored processes they mean.

mod meant;

use bgrun_platform::stat::Stat;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{private, user};
use bgrun_store::selection::{Selector, nearest, select};
use bgrun_store::{Home, Store};

use crate::args::Args;
use crate::ask::Ask;

/// Puts one ask for each process that is meant in the place of each selector. A name that
/// no process has stays, and fails later.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn expand(args: &Args, asks: Vec<Ask>, store: &Store) -> anyhow::Result<Vec<Ask>> {
    if !asks.iter().any(|ask| ask.is_selector) {
        return Ok(asks);
    }
    let processes = store.processes().map_err(store_failure)?;
    let is_unknown =
        |name: &String| !select(&[Selector::parse(name)], &processes).unknown.is_empty();
    let has_words = args.names.len() > 1 || args.name.is_some() && !args.names.is_empty();
    if has_words
        && args.names.iter().all(is_unknown)
        && args.names.iter().all(|name| nearest(name, &processes).is_none())
        && let Some(hint) = meant::hint(args)
    {
        let names = safe(&args.names.join("' or '")).into_owned();
        let what = format!("no process is called '{names}', and there is no command");
        return Err(Failure::new(Exit::Unknown, what).hint(hint).into());
    }
    let mut expanded = Vec::new();
    for ask in asks {
        if !ask.is_selector {
            expanded.push(ask);
            continue;
        }
        let selector = match &ask.name {
            _ if args.all => Selector::All,
            // Other tools say exactly which process they mean.
            Some(name) if args.automatic || args.adopt => {
                expanded.push(Ask { name: Some(name.clone()), is_selector: false, ..ask });
                continue;
            }
            Some(name) => Selector::parse(name),
            None => continue,
        };
        let selected = select(&[selector], &processes);
        if let Some(unknown) = selected.unknown.first() {
            // Told with the others, which are started all the same.
            let near = nearest(unknown, &processes);
            let near = near.map(|near| format!("did you mean '{}'?", safe(&near)));
            // `bgrun run npm start`, `bgrun run web sleep 5`: it may begin a command.
            let may_begin = args.names.iter().take(2).any(|name| name == unknown);
            let hint = near.or_else(|| meant::hint(args).filter(|_| may_begin));
            expanded.push(Ask { hint, is_selector: false, ..ask.clone() });
        }
        for empty in &selected.empty {
            tool::warn(format_args!("nothing matches '{}'", safe(empty)));
        }
        for at in selected.chosen {
            let name = Some(processes[at].name.clone());
            if !expanded.iter().any(|other: &Ask| other.name == name) {
                expanded.push(Ask { name, is_selector: false, ..ask.clone() });
            }
        }
    }
    Ok(expanded)
}

/// Opens the store, making the state directory where there is none.
///
/// # Errors
/// It cannot be used, or is not ours.
pub(crate) fn open() -> anyhow::Result<(Home, Store)> {
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::NotStarted, error))?;
    private::directory_for_files(home.directory())
        .and_then(|()| private::directory_for_files(&home.lock_directory()))
        .map_err(|error| Failure::new(Exit::Store, error))?;
    let (store, import) = Store::open(&home).map_err(store_failure)?;
    for notice in import.notices(|pid| Stat::read(pid).is_ok()) {
        tool::warn(notice);
    }
    Ok((home, store))
}

/// A store that cannot be used, as this tool says it.
pub(crate) fn store_failure(error: bgrun_store::Error) -> Failure {
    let hint = error.hint();
    let failure = Failure::new(Exit::Store, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
