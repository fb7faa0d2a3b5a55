//! Whether the tree of the process listens, asked of the kernel: nobody is connected to.

use bgrun_platform::Sight;
use bgrun_platform::ports::Listeners;
use bgrun_platform::tree::Traces;

use crate::readiness::Task;

/// Whether the tree listens on `port`, or on any.
pub(crate) fn listens(task: &Task, port: Option<u16>) -> bool {
    let Ok(listeners) = Listeners::read() else { return false };
    if port.is_some_and(|port| !listeners.is_taken(port)) {
        return false;
    }
    let home = task.home();
    let Some(line) = task.current_line(&home) else { return false };
    let text = |identity: &Option<_>| serde_json::to_string(identity.as_ref()?).ok();
    let (supervisor, main) = (text(&line.supervisor), text(&line.process));
    let process = line.as_process();
    let traces = Traces {
        cookie: process.cookie.clone(),
        logs: process.own_logs(),
        main: None,
        is_container: process.container.is_some(),
    };
    let lock = home.lock(line.id);
    let tree = Sight::look(&lock, supervisor.as_deref(), main.as_deref())
        .and_then(|sight| sight.tree(&traces))
        .unwrap_or_default();
    let mut ports = Vec::new();
    for stat in tree {
        listeners.add_ports_of(stat.pid, &mut ports);
    }
    port.map_or(!ports.is_empty(), |port| ports.contains(&port))
}
