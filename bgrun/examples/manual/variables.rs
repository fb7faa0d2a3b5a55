//! The environment variables and their meanings, read from the one file that lists
//! them all: the comment above each constant is what the manual says.

#[allow(dead_code, unreachable_pub)]
#[path = "../../../bgrun-store/src/variables.rs"]
mod listed;

const SOURCE: &str = include_str!("../../../bgrun-store/src/variables.rs");

pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) meaning: String,
}

/// All of them, in the order of the file.
pub(crate) fn all() -> Vec<Variable> {
    let mut variables = Vec::new();
    let mut meaning = String::new();
    for line in SOURCE.lines() {
        if let Some(comment) = line.strip_prefix("///") {
            meaning =
                format!("{meaning}{}{}", if meaning.is_empty() { "" } else { " " }, comment.trim());
            continue;
        }
        let name = line.strip_prefix("pub const ").and_then(|line| line.split('"').nth(1));
        // What ends with an underscore is a prefix of names, not a name.
        if let Some(name) = name.filter(|name| !name.ends_with('_')) {
            variables.push(Variable {
                name: name.to_string(),
                meaning: meaning.trim_end_matches('.').to_string(),
            });
        }
        meaning.clear();
    }
    variables
}

/// Those that matter to a verb: what is recorded with a process or given to it
/// matters where it is started.
pub(crate) fn of(verb: &str) -> Vec<Variable> {
    let matters = |variable: &Variable| match variable.name.as_str() {
        listed::DASHBOARD_PORT => verb == "dash",
        name if listed::RECORDED.contains(&name) => matches!(verb, "run" | "watch"),
        name if name.starts_with(listed::OWN_PREFIX) => matches!(verb, "run" | "watch"),
        _ => true,
    };
    all().into_iter().filter(matters).collect()
}
