//! Logs: what is written into them is no change. The logs of every process of this home,
//! for the watcher may be one of them, and what the watcher itself writes to.

use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bgrun_store::{Home, Known};

/// The logs.
#[derive(Debug)]
pub(crate) struct Own {
    /// Each with its directory as it really is.
    paths: Vec<PathBuf>,
    /// What stdout and stderr of this tool are, where they are files.
    inodes: Vec<(u64, u64)>,
}

impl Own {
    /// The logs as they are now.
    pub(crate) fn find(home: &Home) -> Self {
        let processes = Known::read(home).processes;
        let mut paths: Vec<PathBuf> = Vec::new();
        for log in processes.into_iter().flat_map(|process| [process.stdout, process.stderr]) {
            if log.as_os_str() == "/dev/null" {
                continue;
            }
            for path in [real(&log), log] {
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
        }
        let outputs = [inode(std::io::stdout()), inode(std::io::stderr())];
        Self { paths, inodes: outputs.into_iter().flatten().collect() }
    }

    /// Whether `path` is one of them, or an archive of one.
    pub(crate) fn is_written(&self, path: &Path) -> bool {
        if self.paths.iter().any(|log| is_log(log, path)) {
            return true;
        }
        // Found by the inode: nobody knows by which name it was opened.
        !self.inodes.is_empty()
            && path.metadata().is_ok_and(|data| self.inodes.contains(&(data.dev(), data.ino())))
    }
}

/// `web-out.txt`, `web-out.txt.1`, `web-out.txt.2.gz` …
fn is_log(log: &Path, path: &Path) -> bool {
    if path.parent() != log.parent() {
        return false;
    }
    let (Some(log), Some(name)) = (log.file_name(), path.file_name()) else { return false };
    let rest = name.as_encoded_bytes().strip_prefix(log.as_encoded_bytes());
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.starts_with(b".") && rest.get(1).is_some_and(u8::is_ascii_digit)
    })
}

fn real(log: &Path) -> PathBuf {
    let (Some(above), Some(name)) = (log.parent(), log.file_name()) else { return log.to_owned() };
    std::fs::canonicalize(above).map_or_else(|_| log.to_owned(), |above| above.join(name))
}

fn inode(output: impl AsFd) -> Option<(u64, u64)> {
    let file = std::fs::File::from(output.as_fd().try_clone_to_owned().ok()?);
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_known_with_its_archives() {
        let log = Path::new("/l/web-out.txt");
        for (path, expected) in [
            ("/l/web-out.txt", true),
            ("/l/web-out.txt.1", true),
            ("/l/web-out.txt.12.gz", true),
            ("/l/web-out.txt.html", false),
            ("/l/web-out.txt2", false),
            ("/l/web-out", false),
            ("/m/web-out.txt", false),
        ] {
            assert_eq!(is_log(log, Path::new(path)), expected, "{path}");
        }
    }
}
