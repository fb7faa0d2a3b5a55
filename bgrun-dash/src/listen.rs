//! Where it listens: this machine's own addresses, on a port that nobody has.

use std::ffi::OsStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::variables;

use crate::args::Args;

/// The port that is tried first where none is asked for.
const FIRST: u16 = 3000;
/// So many are tried.
const TRIED: u16 = 1000;

/// Which ports may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// This one and no other.
    Only(u16),
    /// The first free one from 3000.
    Any,
}

/// The port that the command line or `BUN_PORT` asks for.
///
/// # Errors
/// `BUN_PORT` is no port.
pub(crate) fn wanted(args: &Args) -> Result<Wanted, Failure> {
    let set = std::env::var_os(variables::DASHBOARD_PORT);
    decide(args.port, set.as_deref())
}

fn decide(flag: Option<u16>, variable: Option<&OsStr>) -> Result<Wanted, Failure> {
    match (flag, variable.filter(|text| !text.is_empty())) {
        (Some(port), _) => Ok(Wanted::Only(port)),
        (None, None) => Ok(Wanted::Any),
        (None, Some(text)) => match text.to_str().and_then(|text| text.trim().parse().ok()) {
            Some(port) if port > 0 => Ok(Wanted::Only(port)),
            _ => {
                let shown = bgrun_platform::text::safe_os(text);
                let what = format!("BUN_PORT is no port: '{shown}'");
                Err(Failure::new(Exit::Usage, what))
            }
        },
    }
}

/// Begins to listen; answers the port.
///
/// # Errors
/// The port is taken. Its holder is left alone.
pub(crate) fn begin(
    wanted: Wanted,
    address: Option<IpAddr>,
) -> Result<(u16, Vec<TcpListener>), Failure> {
    let taken = |port: u16, error: &io::Error| {
        let why = bgrun_platform::text::reason(error);
        let failure = Failure::new(Exit::Failed, format!("cannot listen on port {port}: {why}"));
        match error.kind() {
            io::ErrorKind::AddrInUse => failure.hint("without --port the next free one is taken"),
            _ => failure,
        }
    };
    match wanted {
        Wanted::Only(port) => match on(port, address) {
            Ok(listeners) => Ok((port, listeners)),
            Err(error) => Err(taken(port, &error)),
        },
        Wanted::Any => {
            for port in FIRST..FIRST + TRIED {
                match on(port, address) {
                    Ok(listeners) => return Ok((port, listeners)),
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                    Err(error) => return Err(taken(port, &error)),
                }
            }
            let what = format!("the ports {FIRST} to {} are all taken", FIRST + TRIED - 1);
            Err(Failure::new(Exit::Failed, what))
        }
    }
}

/// Listens on `port` of `address`, or of both addresses of this machine. Browsers may try
/// `::1` first for `localhost`: if somebody else has it there, the port is not ours.
fn on(port: u16, address: Option<IpAddr>) -> io::Result<Vec<TcpListener>> {
    if let Some(address) = address {
        return Ok(vec![bind(SocketAddr::from((address, port)))?]);
    }
    let mut listeners = vec![bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?];
    match bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))) {
        Ok(listener) => listeners.push(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
        // A machine without IPv6.
        Err(_) => {}
    }
    Ok(listeners)
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_asked_for_is_the_only_one() {
        let variable = |text: &'static str| Some(OsStr::new(text));
        let wanted = |flag, variable| decide(flag, variable).ok();
        assert_eq!(wanted(None, None), Some(Wanted::Any));
        assert_eq!(wanted(None, variable("")), Some(Wanted::Any));
        assert_eq!(wanted(None, variable("4000")), Some(Wanted::Only(4000)));
        assert_eq!(wanted(Some(5000), variable("4000")), Some(Wanted::Only(5000)));
        for wrong in ["0", "x", "70000", "-1", "80 81"] {
            assert_eq!(wanted(None, variable(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn a_taken_port_is_left_to_its_holder() {
        let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = holder.local_addr().expect("an address").port();
        let refused = begin(Wanted::Only(port), None).expect_err("it is taken");
        assert!(refused.to_string().contains(&format!("port {port}")), "{refused}");
        assert_ne!(begin(Wanted::Any, None).expect("another").0, port);
    }

    #[test]
    fn a_port_of_which_somebody_has_the_other_address_is_taken() {
        // Not every machine has this address.
        let Ok(holder) = TcpListener::bind("[::1]:0") else { return };
        let port = holder.local_addr().expect("an address").port();
        assert!(begin(Wanted::Only(port), None).is_err());
    }
}
