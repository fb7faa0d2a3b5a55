//! Routes: logs, what changes, and the dashboard itself.

use axum::routing::{get, post};

use super::{COUNT, EXPRESSION, FLAG, Gives, Method, NAMES, Route, TAB, TEXT, word};
use crate::{events, follow, history, login_url, logs, openapi, processes, snapshot};

pub(super) const LOOKS: &[Route] = &[
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
        path: "/api/logs/{name}/span",
        operation: "span",
        about: "The bytes of a log that were written between two times, or since one: where \
                `logs` can begin.",
        query: &[
            word("tab", TAB, "Which of the two logs; stdout unless said."),
            word("since", TEXT, "A time, as `bgrun logs --since` takes it: 10m (ago), 14:03."),
            word("until", TEXT, "The same. Without it, the span goes on with what is written."),
        ],
        body: None,
        gives: Gives::Json("Span"),
        refuses: &[404, 409, 422, 503],
        handler: || get(logs::span::span),
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
