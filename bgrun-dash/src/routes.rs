//! The table of all routes. The router, the document of the API and the test of all
//! routes are made of it, so that they cannot differ.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, post};
use hyper::{StatusCode, Uri};

use crate::answer::Problem;
use crate::state::Dashboard;
use crate::{
    actions, assets, batch, change, check, environment, events, follow, history, login_url, logs,
    openapi, ports, processes, projects, schedule, snapshot, usage, watching,
};

/// How it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
}

/// What a route answers with when all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// JSON of this schema (`#/components/schemas/…`).
    Json(&'static str),
    /// An array of these.
    List(&'static str),
    /// `text/event-stream`.
    Events,
    /// Bytes of a log.
    Text,
    /// A page of HTML.
    Page,
}

/// A word of the query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    pub(crate) name: &'static str,
    /// Its JSON schema.
    pub(crate) schema: &'static str,
    pub(crate) about: &'static str,
}

/// One way to ask the dashboard.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// The name of the operation.
    pub(crate) operation: &'static str,
    pub(crate) about: &'static str,
    pub(crate) query: &'static [Word],
    /// The schema of the body, if one is sent.
    pub(crate) body: Option<&'static str>,
    pub(crate) gives: Gives,
    /// The statuses with which it may refuse, beside those that all have.
    pub(crate) refuses: &'static [u16],
    pub(crate) handler: fn() -> MethodRouter<Arc<Dashboard>>,
}

const fn word(name: &'static str, schema: &'static str, about: &'static str) -> Word {
    Word { name, schema, about }
}

const FLAG: &str = r#"{"type": "boolean"}"#;
const COUNT: &str = r#"{"type": "integer", "minimum": 0, "maximum": 9007199254740991}"#;
const TAB: &str = r#"{"type": "string", "enum": ["stdout", "stderr"]}"#;
const SCHEDULER: &str = r#"{"type": "string", "enum": ["cron", "systemd"]}"#;
const NAMES: &str = r#"{"type": "array", "items": {"type": "string"}, "minItems": 1}"#;
const TEXT: &str = r#"{"type": "string"}"#;
const EXPRESSION: &str = r#"{"type": "string", "minLength": 1, "maxLength": 1000}"#;

/// All routes.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        path: "/api/processes",
        operation: "list",
        about: "The records of all processes.",
        query: &[],
        body: None,
        gives: Gives::List("Record"),
        refuses: &[503],
        handler: || get(processes::list),
    },
    Route {
        method: Method::Get,
        path: "/api/processes/{name}",
        operation: "details",
        about: "One record, with its latest runs, its tree, its logs and its last words.",
        query: &[],
        body: None,
        gives: Gives::Json("Details"),
        refuses: &[404, 503],
        handler: || get(processes::details),
    },
    Route {
        method: Method::Get,
        path: "/api/processes/{name}/env",
        operation: "environment",
        about: "The whole environment of a process, secrets too. Refused as a page of its own.",
        query: &[],
        body: None,
        gives: Gives::Json("Environment"),
        refuses: &[404, 503],
        handler: || get(environment::reveal),
    },
    Route {
        method: Method::Delete,
        path: "/api/processes/{name}",
        operation: "delete",
        about: "Stops a process and forgets it. Its logs are removed a minute later, unless \
                the deletion is undone.",
        query: &[word("keep_logs", FLAG, "Leave the logs where they are.")],
        body: None,
        gives: Gives::Json("Deleted"),
        refuses: &[404, 409, 503],
        handler: || delete(actions::delete),
    },
    Route {
        method: Method::Post,
        path: "/api/undo/{id}",
        operation: "undo",
        about: "Takes a deletion back: the process is there again, and runs if it ran.",
        query: &[],
        body: Some("Nothing"),
        gives: Gives::Json("Record"),
        refuses: &[404, 409, 422, 503],
        handler: || post(actions::undo),
    },
    Route {
        method: Method::Post,
        path: "/api/undo",
        operation: "undo_many",
        about: "Takes several deletions or changes back. 207 where one could not be: each says \
                what came of it.",
        query: &[],
        body: Some("Ids"),
        gives: Gives::List("Done"),
        refuses: &[207, 503],
        handler: || post(batch::undo),
    },
    Route {
        method: Method::Post,
        path: "/api/batch",
        operation: "batch",
        about: "Starts, stops, restarts or deletes many at once. 207 where something could not \
                be done: each says what came of it.",
        query: &[],
        body: Some("Batch"),
        gives: Gives::List("Done"),
        refuses: &[207, 503],
        handler: || post(batch::act),
    },
    Route {
        method: Method::Post,
        path: "/api/start",
        operation: "start",
        about: "Starts a process; the body is a spec, or a record.",
        query: &[
            word("restart", FLAG, "If it runs: stop it first."),
            word("force", FLAG, "If it runs: stop it, and free the ports that it held."),
            word("if_absent", FLAG, "If it runs: leave it alone, and be content."),
            word("wait", FLAG, "Answer when it is ready, or has lived for a second."),
            word("fetch", FLAG, "First bring the git work tree of its directory forward."),
        ],
        body: Some("Spec"),
        gives: Gives::Json("Record"),
        refuses: &[404, 409, 422, 503, 504],
        handler: || post(actions::start),
    },
    Route {
        method: Method::Post,
        path: "/api/stop/{name}",
        operation: "stop",
        about: "Stops a process with everything it started.",
        query: &[word("timeout_ms", COUNT, "How long it may take to end before it is killed.")],
        body: Some("Nothing"),
        gives: Gives::Json("Record"),
        refuses: &[404, 409, 503],
        handler: || post(actions::stop),
    },
    Route {
        method: Method::Post,
        path: "/api/restart/{name}",
        operation: "restart",
        about: "Stops a process, if it runs, and starts it with all that is stored.",
        query: &[
            word("force", FLAG, "Free the ports that it held before it is started."),
            word("fetch", FLAG, "First bring the git work tree of its directory forward."),
        ],
        body: Some("Nothing"),
        gives: Gives::Json("Record"),
        refuses: &[404, 409, 422, 503],
        handler: || post(actions::restart),
    },
    Route {
        method: Method::Post,
        path: "/api/change/{name}",
        operation: "change",
        about: "Another spec for a process: the body has what shall be different, and null for \
                what shall go (RFC 7396). What runs is restarted, what does not is only stored.",
        query: &[
            word("start", FLAG, "Start it also if it does not run."),
            word("fresh_env", FLAG, "PATH, HOME and all else as the dashboard has it now."),
        ],
        body: Some("Patch"),
        gives: Gives::Json("Changed"),
        refuses: &[404, 409, 422, 503],
        handler: || post(change::change),
    },
    Route {
        method: Method::Post,
        path: "/api/signal/{name}",
        operation: "signal",
        about: "Sends a signal to the main process, and changes nothing else.",
        query: &[],
        body: Some("Signal"),
        gives: Gives::Json("Record"),
        refuses: &[404, 409, 503],
        handler: || post(actions::signal),
    },
    Route {
        method: Method::Post,
        path: "/api/rotate/{name}",
        operation: "rotate",
        about: "Makes archives of what is in its logs, while it writes on.",
        query: &[],
        body: Some("Nothing"),
        gives: Gives::List("Rotated"),
        refuses: &[404, 503],
        handler: || post(actions::rotate),
    },
    Route {
        method: Method::Get,
        path: "/api/usage",
        operation: "usage",
        about: "What all logs and their archives take on the disk.",
        query: &[],
        body: None,
        gives: Gives::List("Usage"),
        refuses: &[503],
        handler: || get(usage::all),
    },
    Route {
        method: Method::Get,
        path: "/api/usage/{name}",
        operation: "usage_of_one",
        about: "What the logs of one process and their archives take on the disk.",
        query: &[],
        body: None,
        gives: Gives::List("Usage"),
        refuses: &[404, 503],
        handler: || get(usage::of_one),
    },
    Route {
        method: Method::Post,
        path: "/api/watch/{name}",
        operation: "watch",
        about: "Restarts a process when its files change, from now on or no longer. The watcher \
                is the process NAME.watch.",
        query: &[],
        body: Some("Switch"),
        gives: Gives::Json("Watched"),
        refuses: &[404, 409, 422, 503],
        handler: || post(watching::watch),
    },
    Route {
        method: Method::Get,
        path: "/api/ports/{port}",
        operation: "port",
        about: "Who listens on a TCP port of this machine.",
        query: &[],
        body: None,
        gives: Gives::Json("Port"),
        refuses: &[503],
        handler: || get(ports::look),
    },
    Route {
        method: Method::Post,
        path: "/api/ports/{port}",
        operation: "free_port",
        about: "Stops our process that listens there. What bgrun did not start is ended, too, \
                if its pid is in the body: only the listener, and for good.",
        query: &[],
        body: Some("Pids"),
        gives: Gives::Json("Port"),
        refuses: &[409, 503],
        handler: || post(ports::free),
    },
    Route {
        method: Method::Get,
        path: "/api/project",
        operation: "project",
        about: "The project file of a directory, and what bringing it up would do.",
        query: &[
            word("path", TEXT, "The file, or a directory: it is there or above."),
            word("remove_orphans", FLAG, "Stop and forget what the file no longer names."),
        ],
        body: None,
        gives: Gives::Json("Project"),
        refuses: &[404, 409, 422, 503],
        handler: || get(projects::look),
    },
    Route {
        method: Method::Post,
        path: "/api/project/up",
        operation: "up",
        about: "Makes everything as a project file says: starts what does not run, restarts \
                what has changed.",
        query: &[],
        body: Some("ProjectUp"),
        gives: Gives::List("Record"),
        refuses: &[404, 409, 422, 503, 504],
        handler: || post(projects::up),
    },
    Route {
        method: Method::Post,
        path: "/api/project/down",
        operation: "down",
        about: "Stops what a project file has started, the last first.",
        query: &[],
        body: Some("ProjectDown"),
        gives: Gives::List("Record"),
        refuses: &[404, 409, 422, 503],
        handler: || post(projects::down),
    },
    Route {
        method: Method::Get,
        path: "/api/schedule",
        operation: "schedule",
        about: "What cron or systemd would be told, so that the guard looks every minute.",
        query: &[word("by", SCHEDULER, "By which of the two.")],
        body: None,
        gives: Gives::Json("Said"),
        refuses: &[],
        handler: || get(schedule::show),
    },
    Route {
        method: Method::Post,
        path: "/api/schedule",
        operation: "schedule_install",
        about: "Has cron or systemd run the guard every minute and after a boot.",
        query: &[],
        body: Some("Scheduler"),
        gives: Gives::Json("Said"),
        refuses: &[],
        handler: || post(schedule::install),
    },
    Route {
        method: Method::Delete,
        path: "/api/schedule",
        operation: "schedule_uninstall",
        about: "Takes that back.",
        query: &[],
        body: None,
        gives: Gives::Json("Said"),
        refuses: &[],
        handler: || delete(schedule::uninstall),
    },
    Route {
        method: Method::Get,
        path: "/api/snapshot",
        operation: "snapshot",
        about: "The present state as one static page, as `bgrun dash --snapshot` prints it.",
        query: &[],
        body: None,
        gives: Gives::Page,
        refuses: &[503],
        handler: || get(snapshot::download),
    },
    Route {
        method: Method::Post,
        path: "/api/guard",
        operation: "look_after",
        about: "Looks once and puts right what went wrong, as `bgrun guard` does; answers what \
                was done.",
        query: &[],
        body: Some("Nothing"),
        gives: Gives::List("Anything"),
        refuses: &[503],
        handler: || post(actions::look_after),
    },
    Route {
        method: Method::Post,
        path: "/api/guard/{name}",
        operation: "guard",
        about: "Keeps a process alive from now on, or no longer.",
        query: &[],
        body: Some("Switch"),
        gives: Gives::Json("Record"),
        refuses: &[404, 422, 503],
        handler: || post(actions::guard),
    },
    Route {
        method: Method::Get,
        path: "/api/logs/{name}",
        operation: "logs",
        about: "A piece of a log: from an offset on, before one, or its end.",
        query: &[
            word("tab", TAB, "Which of the two logs; stdout unless said."),
            word("offset", COUNT, "The byte to begin at."),
            word("before", COUNT, "The byte to end at; `offset` is left out then."),
            word("lines", COUNT, "The most lines; 1000 unless said. 1 MiB is the most text."),
        ],
        body: None,
        gives: Gives::Json("Log"),
        refuses: &[404],
        handler: || get(logs::piece),
    },
    Route {
        method: Method::Get,
        path: "/api/logs/{name}/search",
        operation: "search",
        about: "The last lines of a whole log, with its archives, that match; older ones with \
                `before` the first one's offset.",
        query: &[
            word("grep", EXPRESSION, "A regular expression, as `bgrun logs --grep` has it."),
            word("tab", TAB, "Which of the two logs; stdout unless said."),
            word("ignore_case", FLAG, "Capital and small letters are the same."),
            word("before", COUNT, "Only lines that begin before this byte."),
            word("lines", COUNT, "The most hits; 200 unless said, and no more than 1000."),
        ],
        body: None,
        gives: Gives::Json("Found"),
        refuses: &[404, 422, 503, 504],
        handler: || get(logs::search::search),
    },
    Route {
        method: Method::Get,
        path: "/api/logs/{name}/download",
        operation: "download",
        about: "A whole log, as it is.",
        query: &[word("tab", TAB, "Which of the two logs; stdout unless said.")],
        body: None,
        gives: Gives::Text,
        refuses: &[404],
        handler: || get(logs::download),
    },
    Route {
        method: Method::Get,
        path: "/api/events",
        operation: "events",
        about: "Server-sent events: `list` with all records, then `change` with changed \
                records and `gone` with names; `log` with what the logs asked for have got; \
                `ping` now and then. `Last-Event-ID` resumes.",
        query: &[
            word("looking", FLAG, "False: nobody sees it, so load and memory are not sampled."),
            word("last_event_id", TEXT, "As the header, for a page that makes a new EventSource."),
        ],
        body: None,
        gives: Gives::Events,
        refuses: &[503],
        handler: || get(events::stream),
    },
    Route {
        method: Method::Get,
        path: "/api/follow",
        operation: "follow",
        about: "Server-sent events: `log` with what is written into both logs of each process, \
                within moments.",
        query: &[word("name", NAMES, "A process; may be repeated.")],
        body: None,
        gives: Gives::Events,
        refuses: &[404, 503],
        handler: || get(follow::stream),
    },
    Route {
        method: Method::Post,
        path: "/api/check",
        operation: "check",
        about: "Whether a spec would start, as far as can be told, and the command line for it.",
        query: &[
            word("change", TEXT, "The process of which the body is a change."),
            word("fresh_env", FLAG, "Of a change: with the environment of the dashboard."),
        ],
        body: Some("Spec"),
        gives: Gives::Json("Checked"),
        refuses: &[404, 503],
        handler: || post(check::check),
    },
    Route {
        method: Method::Get,
        path: "/api/history",
        operation: "history",
        about: "Load and memory of the last ten minutes, one sample in five seconds, as far \
                as somebody looked.",
        query: &[],
        body: None,
        gives: Gives::Json("History"),
        refuses: &[],
        handler: || get(history::all),
    },
    Route {
        method: Method::Post,
        path: login_url::PATH,
        operation: "login_url",
        about: "A path that lets a browser in, once, within ten minutes.",
        query: &[],
        body: Some("Nothing"),
        gives: Gives::Json("LoginUrl"),
        refuses: &[],
        handler: || post(login_url::issue),
    },
    Route {
        method: Method::Get,
        path: "/api/version",
        operation: "version",
        about: "Which bgrun this is, and what it may do.",
        query: &[],
        body: None,
        gives: Gives::Json("Version"),
        refuses: &[],
        handler: || get(processes::version),
    },
    Route {
        method: Method::Get,
        path: "/api/openapi.json",
        operation: "openapi",
        about: "This document.",
        query: &[],
        body: None,
        gives: Gives::Json("Anything"),
        refuses: &[],
        handler: || get(openapi::document),
    },
];

/// The router of all routes and of the page.
pub(crate) fn router(dashboard: Arc<Dashboard>) -> Router {
    let table = ROUTES
        .iter()
        .fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    table.fallback(other).method_not_allowed_fallback(wrong_method).with_state(dashboard)
}

/// What is no route: a file of the page, or nothing.
async fn other(method: axum::http::Method, uri: Uri) -> Result<Response, Problem> {
    let Some(file) = assets::find(uri.path()) else {
        let error = format!("there is nothing at {}", uri.path());
        return Err(Problem::new(StatusCode::NOT_FOUND, error));
    };
    if !matches!(method, axum::http::Method::GET | axum::http::Method::HEAD) {
        return Err(wrong_method().await);
    }
    Ok(file.response())
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "that cannot be done here")
}
