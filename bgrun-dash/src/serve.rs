//! Serving: from the address to the answer. Every request passes the gate here, before
//! anything else is done with it, and every answer gets its headers.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use bgrun_platform::tool::{self, Exit};
use bgrun_platform::{Lock, logs};
use bgrun_store::Home;
use hyper::body::Incoming;
use hyper::header;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tower::Service;

use crate::access::{self, Access};
use crate::args::Args;
use crate::connection::{Answer, Answering, Connections, Patient, Place};
use crate::events::Hub;
use crate::gate::{Gate, Pass};
use crate::instance::{self, Found, Instance};
use crate::state::Dashboard;
use crate::{answer, background, browser, listen, login, observe, routes, undo};

/// A request's head is here within this time, or never.
const HEAD_TAKES: Duration = Duration::from_secs(10);
/// Larger heads are refused (431). hyper does not take less.
const LARGEST_HEAD: usize = 8 * 1024;
/// So many headers at most.
const MOST_HEADERS: usize = 64;
/// After accept(2) failed for want of descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves until it is told to end; or says where the dashboard is that runs already.
///
/// # Errors
/// The port is taken, or the state directory cannot be used.
pub(crate) fn here(args: &Args, home: &Home) -> anyhow::Result<Exit> {
    let wanted = listen::wanted(args)?;
    let lock = match instance::look(home)? {
        Found::Running(instance) => return instance::already(args, home, wanted, &instance),
        Found::Free(lock) => lock,
    };
    if args.background {
        drop(lock);
        return background::start(args, home, wanted);
    }
    let (port, listeners) = listen::begin(wanted, args.listen)?;
    let dashboard = ready(args, home, port, &listeners, &lock)?;
    logs::allow_many_open();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(8)
        .build()
        .context("start")?;
    let exit = runtime.block_on(until_told(dashboard, listeners));
    // What is being answered is of no use any more; tools that run finish by themselves.
    runtime.shutdown_background();
    drop(lock);
    exit
}

/// Prepares all that is needed and tells everybody where it is.
fn ready(
    args: &Args,
    home: &Home,
    port: u16,
    listeners: &[TcpListener],
    lock: &Lock,
) -> anyhow::Result<Arc<Dashboard>> {
    let token = access::token(home)?;
    let session = match instance::told(home).and_then(|before| before.session_of(&token)) {
        Some(session) => session,
        None => access::secret()?,
    };
    let access = Access::new(token.clone(), session.clone());
    let ticket = access.issue()?;
    let gate =
        Gate { port, allowed_hosts: args.allow_host.clone(), read_only: args.read_only, access };
    let address = listeners.first().context("no address")?.local_addr()?;
    let pid = std::process::id();
    instance::tell(home, &Instance { pid, port, address, session, token })?;
    lock.write_line(&pid.to_string()).context("write dash.lock")?;
    let url = instance::url(port, &login::path(&ticket));
    instance::say(&url)?;
    let base = instance::url(port, "/");
    tool::warn(format_args!("{base} serves {}; Ctrl-C ends it", home.directory().display()));
    if args.open {
        browser::open(&url);
    }
    let hub = Arc::new(Hub::new(access::secret()?[..16].to_owned()));
    Ok(Arc::new(Dashboard { home: home.clone(), gate, hub }))
}

async fn until_told(
    dashboard: Arc<Dashboard>,
    listeners: Vec<TcpListener>,
) -> anyhow::Result<Exit> {
    let mut interrupt = signal(SignalKind::interrupt()).context("wait for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("wait for signals")?;
    let mut hang_up = signal(SignalKind::hangup()).context("wait for signals")?;
    undo::expire_later(dashboard.home.clone());
    tokio::spawn(observe::forever(dashboard.home.clone(), Arc::clone(&dashboard.hub)));
    let connections = Arc::new(Connections::default());
    let router = routes::router(Arc::clone(&dashboard));
    for listener in listeners {
        let listener = tokio::net::TcpListener::from_std(listener).context("listen")?;
        let (dashboard, router) = (Arc::clone(&dashboard), router.clone());
        tokio::spawn(accept(listener, dashboard, router, Arc::clone(&connections)));
    }
    tokio::select! {
        _ = interrupt.recv() => Ok(Exit::Other(130)),
        _ = terminate.recv() => Ok(Exit::Done),
        _ = hang_up.recv() => Ok(Exit::Done),
    }
}

async fn accept(
    listener: tokio::net::TcpListener,
    dashboard: Arc<Dashboard>,
    router: Router,
    connections: Arc<Connections>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        match connections.admit() {
            Some(place) => {
                let (dashboard, router) = (Arc::clone(&dashboard), router.clone());
                let connections = Arc::clone(&connections);
                tokio::spawn(async move {
                    converse(stream, dashboard, router, &place).await;
                    connections.free(&place);
                });
            }
            None => {
                tokio::spawn(turn_away(stream));
            }
        }
    }
}

/// Answers one connection, until it is closed, too slow, or has to make room.
async fn converse(
    stream: TcpStream,
    dashboard: Arc<Dashboard>,
    router: Router,
    place: &Arc<Place>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let answering = place.begin();
        let (dashboard, router) = (Arc::clone(&dashboard), router.clone());
        async move { Ok::<_, Infallible>(answered(request, &dashboard, router, answering).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TAKES)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(Patient::new(stream)), service);
    tokio::select! {
        // How it ended is of no interest: there is nobody to be told.
        _ = connection => {}
        () = place.left() => {}
    }
}

/// The gate, then the routes, then the headers that all answers have.
async fn answered(
    request: Request<Incoming>,
    dashboard: &Dashboard,
    mut router: Router,
    answering: Answering,
) -> Response<Answer> {
    let (head, body) = request.into_parts();
    let mut response = match dashboard.gate.judge(&head) {
        Ok(Pass::In) => {
            let request = Request::from_parts(head, Body::new(body));
            match router.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
        Ok(Pass::Login) => login::exchange(&dashboard.gate, &head),
        Err(problem) if wants_page(&head) => login::refusal(&problem),
        Err(problem) => problem.into_response(),
    };
    answer::protect(response.headers_mut());
    response.map(|body| Answer { body, _answering: answering })
}

/// Whether a person would read the answer.
fn wants_page(head: &hyper::http::request::Parts) -> bool {
    let accepted = head.headers.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok());
    head.uri.path() == "/" && accepted.is_some_and(|kinds| kinds.contains("text/html"))
}

/// Says that there is no room for one more.
async fn turn_away(mut stream: TcpStream) {
    let text = "{\"error\":\"too many connections\"}";
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    let said = stream.write_all(answer.as_bytes());
    let _ = tokio::time::timeout(Duration::from_secs(1), said).await;
}
