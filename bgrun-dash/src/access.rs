//! Who may in: the token for programs, the cookie for browsers, and the tickets that let
//! a browser in once.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context;
use bgrun_platform::private;
use bgrun_store::Home;
use subtle::ConstantTimeEq;

/// A ticket that was not used is worth nothing after this.
const TICKET_LASTS: Duration = Duration::from_secs(600);
/// So many tickets wait for their browser; an older one is dropped.
const MOST_TICKETS: usize = 64;

/// 256 random bits, as 64 hexadecimal digits.
///
/// # Errors
/// The system has none to give.
pub(crate) fn secret() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("no random bits from the system: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether two secrets are equal, in a time that tells nothing of where they differ.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// The token in the state directory; made, for its owner only, where there is none.
///
/// # Errors
/// It cannot be read or written, or it is not a token.
pub(crate) fn token(home: &Home) -> anyhow::Result<String> {
    let path = home.directory().join("dash.token");
    if let Some(token) = read_secret(&path)? {
        return Ok(token);
    }
    let token = secret()?;
    // Beside it first: nobody ever reads half of one, and of two dashboards that make
    // one at the same time both use the one that was there first.
    let beside = path.with_extension(format!("token.{}", &secret()?[..16]));
    write_private(&beside, &token)?;
    let made = std::fs::hard_link(&beside, &path);
    let _ = std::fs::remove_file(&beside);
    match made {
        Ok(()) => Ok(token),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            read_secret(&path)?.context("dash.token went away while it was read")
        }
        Err(error) => Err(error).context("make dash.token"),
    }
}

/// Writes a new file that only its owner can read: all of it, or none is there afterwards.
///
/// # Errors
/// Something is there, be it a link; or it cannot be written.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let shown = || format!("write {}", bgrun_platform::text::safe_path(path));
    let mut file = private::create_new_file(path).with_context(shown)?;
    file.write_all(text.as_bytes()).with_context(shown).inspect_err(|_| {
        let _ = std::fs::remove_file(path);
    })
}

fn read_secret(path: &Path) -> anyhow::Result<Option<String>> {
    let shown = || bgrun_platform::text::safe_path(path);
    let mut text = String::new();
    match File::open(path) {
        Ok(file) => {
            use std::os::unix::fs::PermissionsExt;
            // What an editor or a copy opened to others is closed again.
            file.set_permissions(PermissionsExt::from_mode(0o600))
                .with_context(|| format!("make {} private", shown()))?;
            file.take(4096)
                .read_to_string(&mut text)
                .with_context(|| format!("read {}", shown()))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("read {}", shown())),
    };
    let token = text.trim();
    let is_token = token.len() >= 32 && token.bytes().all(|byte| byte.is_ascii_graphic());
    anyhow::ensure!(is_token, "{} is no token; remove it, and a new one is made", shown());
    Ok(Some(token.to_owned()))
}

/// What lets one in.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) token: String,
    /// The value of the cookie of every browser that was let in.
    pub(crate) session: String,
    tickets: Mutex<VecDeque<(String, Instant)>>,
}

impl Access {
    pub(crate) fn new(token: String, session: String) -> Self {
        Self { token, session, tickets: Mutex::default() }
    }

    /// A new ticket.
    ///
    /// # Errors
    /// No random bits.
    pub(crate) fn issue(&self) -> anyhow::Result<String> {
        let ticket = secret()?;
        let mut tickets = self.tickets.lock().unwrap_or_else(|broken| broken.into_inner());
        if tickets.len() == MOST_TICKETS {
            tickets.pop_front();
        }
        tickets.push_back((ticket.clone(), Instant::now()));
        Ok(ticket)
    }

    /// Whether `ticket` is a good one; it is none from then on.
    pub(crate) fn redeem(&self, ticket: &str) -> bool {
        let mut tickets = self.tickets.lock().unwrap_or_else(|broken| broken.into_inner());
        tickets.retain(|(_, issued)| issued.elapsed() < TICKET_LASTS);
        let before = tickets.len();
        tickets.retain(|(good, _)| !is_same(good, ticket));
        tickets.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_once() {
        let access = Access::new(String::new(), String::new());
        let ticket = access.issue().expect("a ticket");
        assert!(!access.redeem(""));
        assert!(!access.redeem(&ticket[1..]));
        assert!(access.redeem(&ticket));
        assert!(!access.redeem(&ticket));
    }

    #[test]
    fn the_oldest_of_too_many_tickets_is_dropped() {
        let access = Access::new(String::new(), String::new());
        let first = access.issue().expect("a ticket");
        let others: Vec<_> = (0..MOST_TICKETS).map(|_| access.issue().expect("more")).collect();
        assert!(!access.redeem(&first));
        assert!(others.iter().all(|ticket| access.redeem(ticket)));
    }

    #[test]
    fn a_file_is_written_for_its_owner_where_there_is_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("directory");
        let at = |name: &str| directory.path().join(name);
        write_private(&at("new"), "secret").expect("written");
        let mode = std::fs::metadata(at("new")).expect("look").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(at("open"), "of others").expect("write");
        std::os::unix::fs::symlink(at("open"), at("link")).expect("link");
        std::os::unix::fs::symlink(at("nowhere"), at("dangling")).expect("link");
        for there in ["new", "open", "link", "dangling"] {
            assert!(write_private(&at(there), "secret").is_err(), "{there}");
        }
        assert_eq!(std::fs::read_to_string(at("open")).expect("read"), "of others");
        assert!(!at("nowhere").exists());
    }

    #[test]
    fn the_token_is_made_once_and_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("directory");
        let home = Home::at(directory.path());
        let made = token(&home).expect("made");
        assert_eq!(made.len(), 64);
        assert_eq!(token(&home).expect("read"), made);
        let path = directory.path().join("dash.token");
        let mode = std::fs::metadata(&path).expect("look").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "").expect("write");
        assert!(token(&home).is_err(), "an empty token would let everybody in");
    }
}
