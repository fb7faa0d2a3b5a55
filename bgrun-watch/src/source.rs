//! Where the news of files come from: the kernel, or looking where it cannot tell.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bgrun_platform::text::{safe, safe_path};
use bgrun_platform::tool;

use crate::kernel::Limit;
use crate::news::{Letters, Teller};
use crate::poll::Poll;
use crate::scope::Scope;
use crate::tree::Tree;

/// How often is looked where nobody said how often.
const USUAL: Duration = Duration::from_secs(1);
/// So often it is tried to watch a root that comes and goes.
const TRIES: usize = 5;

/// Who tells.
#[derive(Debug)]
enum Kind {
    /// None: only while it is replaced.
    Kernel(Option<Box<Tree>>),
    Poll {
        /// Held so that it goes on.
        _looking: Poll,
    },
}

/// The source of news of files.
#[derive(Debug)]
pub(crate) struct Source {
    kind: Kind,
    teller: Teller,
    scope: Arc<Scope>,
    every: Option<Duration>,
    /// Why the kernel cannot tell, until somebody has taken it to tell it on.
    pub(crate) trouble: Option<String>,
    has_named_refused: bool,
}

impl Source {
    /// Begins to watch `scope`, by the kernel unless `every` says how often to look.
    ///
    /// # Errors
    /// No thread is to be had.
    pub(crate) fn begin(
        scope: Arc<Scope>,
        teller: Teller,
        every: Option<Duration>,
    ) -> std::io::Result<Self> {
        let kind = Kind::Kernel(None);
        let mut source =
            Self { kind, teller, scope, every, trouble: None, has_named_refused: false };
        source.anew()?;
        Ok(source)
    }

    /// How many directories the kernel watches; none when it is looked.
    pub(crate) fn directories(&self) -> Option<usize> {
        match &self.kind {
            Kind::Kernel(tree) => Some(tree.as_ref().map_or(0, |tree| tree.len())),
            Kind::Poll { .. } => None,
        }
    }

    /// How late a change may be heard of.
    pub(crate) fn lateness(&self) -> Duration {
        match self.kind {
            Kind::Kernel(_) => Duration::from_millis(100),
            Kind::Poll { .. } => self.every.unwrap_or(USUAL) * 2,
        }
    }

    /// Watches something else from now on.
    ///
    /// # Errors
    /// No thread is to be had.
    pub(crate) fn watch(&mut self, scope: Arc<Scope>) -> std::io::Result<()> {
        self.scope = scope;
        if let Kind::Poll { .. } = self.kind { self.look() } else { self.anew() }
    }

    /// Watches all anew: rules have changed, roots have come back, or news were lost.
    fn anew(&mut self) -> std::io::Result<()> {
        if self.every.is_some() {
            return self.look();
        }
        for _ in 0..TRIES {
            // First let go: both at once might be more than the kernel allows.
            self.kind = Kind::Kernel(None);
            match Tree::watch(&self.scope, self.teller.clone()) {
                Ok(tree) => {
                    let is_settled = !tree.has_missed_a_root();
                    self.name_refused(&tree);
                    self.kind = Kind::Kernel(Some(Box::new(tree)));
                    if is_settled {
                        break;
                    }
                }
                Err(limit) => return self.fall_back(&limit),
            }
        }
        Ok(())
    }

    fn name_refused(&mut self, tree: &Tree) {
        let Some((path, why)) = tree.refused.first().filter(|_| !self.has_named_refused) else {
            return;
        };
        self.has_named_refused = true;
        let others = match tree.refused.len() - 1 {
            0 => String::new(),
            count => format!(" (and {count} more directories)"),
        };
        tool::warn(format_args!("cannot watch {}: {}{others}", safe_path(path), safe(why)));
    }

    fn look(&mut self) -> std::io::Result<()> {
        let every = self.every.unwrap_or(USUAL);
        let looking = Poll::begin(Arc::clone(&self.scope), self.teller.clone(), every)?;
        self.kind = Kind::Poll { _looking: looking };
        Ok(())
    }

    /// Says once why the kernel cannot tell, and looks instead.
    fn fall_back(&mut self, limit: &Limit) -> std::io::Result<()> {
        let (why, hint) = match limit {
            Limit::Watchers => (
                "the kernel allows no more watchers (fs.inotify.max_user_instances)".to_owned(),
                Some("sysctl fs.inotify.max_user_instances=1024"),
            ),
            Limit::Directories => (
                "the kernel allows to watch no more directories (fs.inotify.max_user_watches)"
                    .to_owned(),
                Some(
                    "sysctl fs.inotify.max_user_watches=524288, or --ignore what need not be watched",
                ),
            ),
            Limit::Other(why) => {
                (format!("the kernel cannot tell of changes: {}", safe(why)), None)
            }
        };
        tool::warn(format_args!("{why}; looking every {:?} instead", self.every.unwrap_or(USUAL)));
        if let Some(hint) = hint {
            tool::hint_line(hint);
        }
        self.trouble = Some(why);
        self.kind = Kind::Kernel(None);
        self.look()
    }

    /// Watches anew where a root was replaced without a word.
    ///
    /// # Errors
    /// No thread is to be had.
    pub(crate) fn renew(&mut self) -> std::io::Result<()> {
        match &self.kind {
            Kind::Kernel(Some(tree)) if tree.is_outdated() => self.anew(),
            _ => Ok(()),
        }
    }

    /// Which of the news are changes; whether news of the process are among them.
    ///
    /// # Errors
    /// No thread is to be had.
    pub(crate) fn judge(&mut self, letters: &mut Letters) -> std::io::Result<Vec<PathBuf>> {
        let mut changes = std::mem::take(&mut letters.changed);
        let touched = std::mem::take(&mut letters.touched);
        if let Some(why) = letters.trouble.take() {
            letters.is_overflow = true;
            self.fall_back(&Limit::Other(why))?;
        }
        let Kind::Kernel(Some(tree)) = &mut self.kind else { return Ok(changes) };
        match tree.hear(touched, &self.scope) {
            Ok(heard) => {
                changes.extend(heard.changes);
                letters.is_of_process |= heard.is_of_process;
                if heard.is_outdated || letters.is_overflow {
                    // Nothing is known of what came before it is watched.
                    letters.is_of_process |= letters.is_overflow;
                    self.anew()?;
                }
            }
            Err(limit) => {
                // What was among the news is not known any more.
                letters.is_overflow = true;
                self.fall_back(&limit)?;
            }
        }
        Ok(changes)
    }
}
