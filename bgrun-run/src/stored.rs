//! Names without a command: which stored processes they mean.

use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_store::Store;
use bgrun_store::selection::{Selector, nearest, select};

use crate::args::Args;
use crate::ask::Ask;
use crate::store_failure;

/// Puts one ask for each process that is meant in the place of each selector.
///
/// # Errors
/// A name that no process has; nothing is started then.
pub(crate) fn expand(args: &Args, asks: Vec<Ask>, store: &Store) -> anyhow::Result<Vec<Ask>> {
    if !asks.iter().any(|ask| ask.is_selector) {
        return Ok(asks);
    }
    let processes = store.processes().map_err(store_failure)?;
    let mut expanded = Vec::new();
    for ask in asks {
        if !ask.is_selector {
            expanded.push(ask);
            continue;
        }
        let selector = match &ask.name {
            _ if args.all => Selector::All,
            Some(name) => Selector::parse(name),
            None => continue,
        };
        let selected = select(&[selector], &processes);
        if let Some(unknown) = selected.unknown.first() {
            let shown = bgrun_platform::text::safe(unknown);
            let failure = Failure::new(
                Exit::Unknown,
                format!("no process is called '{shown}', and there is no command"),
            );
            let hint = match nearest(unknown, &processes) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("to start a new one: bgrun run {shown} -- COMMAND…"),
            };
            return Err(failure.hint(hint).into());
        }
        for empty in &selected.empty {
            tool::warn(format_args!("nothing matches '{}'", bgrun_platform::text::safe(empty)));
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
