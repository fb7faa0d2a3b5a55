//! What is stored of a process.

use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{private, user};
use bgrun_store::selection::nearest;
use bgrun_store::{Home, Spec, Store};

/// The spec of the process `name`.
///
/// # Errors
/// The store cannot be used, or nothing has that name.
pub(crate) fn find(name: &str) -> anyhow::Result<Spec> {
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::Store, error))?;
    private::is_directory(home.directory()).map_err(|error| Failure::new(Exit::Store, error))?;
    let unknown = || Failure::new(Exit::Unknown, format!("no process is called '{}'", safe(name)));
    let Some(store) = Store::open_to_read(&home).map_err(failure)? else {
        return Err(unknown().into());
    };
    match store.process(name).map_err(failure)? {
        Some(process) => store.spec(process.id).map_err(failure)?.ok_or_else(|| unknown().into()),
        None => {
            let near = nearest(name, &store.processes().map_err(failure)?);
            Err(match near {
                Some(near) => unknown().hint(format_args!("did you mean '{}'?", safe(&near))),
                None => unknown().hint("'bgrun ls' lists them"),
            }
            .into())
        }
    }
}

fn failure(error: bgrun_store::Error) -> Failure {
    let hint = error.hint();
    let failure = Failure::new(Exit::Store, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
