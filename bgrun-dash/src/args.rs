//! The command line of `bgrun dash`. It is also read by the generator of the manual, so
//! it knows nothing of the rest of this crate.

use std::net::IpAddr;

use bgrun_platform::args::port;

const AFTER_HELP: &str = "\
Exit status:
  0    ended by SIGTERM; runs already; or the URL or the snapshot was printed
  1    the port is taken, or the dashboard could not be started
  2    the command line makes no sense
  3    with --url: no dashboard runs
  5    one runs already, at another port than the one asked for
  7    the state directory cannot be used
  130  ended by Ctrl-C

Examples:
  bgrun dash                      serve it here; the first line is the URL to open
  bgrun dash --background --open  the same as the process bgr-dashboard, and open it
  bgrun dash --url                another URL for the one that runs
  bgrun dash --read-only          look, but do nothing
  bgrun dash --snapshot >all.html the present state as one page
  curl -H \"Authorization: Bearer $(cat ~/.bgr/dash.token)\" \\
      http://127.0.0.1:3000/api/processes
                                  the same for programs";

/// See and steer all processes in a browser.
///
/// It listens on this machine only, on port 3000 or the next free one, and obeys only
/// who holds its token: the URL that it prints first lets one browser in, once. It owns
/// nothing: ending it changes nothing.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-dash", bin_name = "bgrun dash", version, max_term_width = 80,
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Port, and no other one [default: BUN_PORT, or the first free one from 3000]
    #[arg(short, long, value_name = "PORT", value_parser = port)]
    pub(crate) port: Option<u16>,

    /// Run as the process bgr-dashboard, and return when it answers
    #[arg(short, long)]
    pub(crate) background: bool,

    /// Open the URL in a browser
    #[arg(long)]
    pub(crate) open: bool,

    /// Print a fresh URL for the dashboard that runs
    #[arg(long, conflicts_with_all = ["background", "port", "read_only", "listen", "allow_host"])]
    pub(crate) url: bool,

    /// Show everything, change nothing
    #[arg(long)]
    pub(crate) read_only: bool,

    /// Listen on this address instead of this machine's own; needs --allow-host, and
    /// a proxy in front that speaks TLS
    #[arg(long, value_name = "ADDR", requires = "allow_host")]
    pub(crate) listen: Option<IpAddr>,

    /// Answer also when called by this name, as a reverse proxy does; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,

    /// Print the present state as one static page of HTML
    #[arg(long, conflicts_with_all = ["background", "open", "url", "port", "read_only",
        "listen", "allow_host"])]
    pub(crate) snapshot: bool,
}
