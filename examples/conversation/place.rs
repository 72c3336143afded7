// SPDX-License-Identifier: MIT OR Apache-2.0

//! The directory that the stores are in.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

/// The file that tells our directories from others.
const MARK: &str = "conversation.txt";
const NEW_MARK: &str = "conversation.txt.new";
const TITLE: &str = "a conversation of subrosa's example";
const FORMAT: u64 = 1;

/// Why a directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error("{}: {error}", .path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    #[error("{} holds other files and no conversation; name an empty or a new directory", .0.display())]
    Foreign(PathBuf),
    #[error("{} holds a conversation in format {found}; this program knows format {FORMAT} only", .path.display())]
    Format { path: PathBuf, found: u64 },
    #[error("{} is damaged; if nothing else of the conversation is needed, remove its directory", .0.display())]
    Damaged(PathBuf),
}

/// The directory that the stores are in. A temporary one is removed when dropped.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    temporary: bool,
    run: u64,
}

impl Place {
    /// The directory `given`, made if it is not there, or a temporary one. Counts the run.
    pub fn open(given: Option<&Path>) -> Result<Self, PlaceError> {
        let mut place = match given {
            Some(path) => Self { path: path.to_owned(), temporary: false, run: 0 },
            None => Self { path: make_temporary()?, temporary: true, run: 0 },
        };
        if !place.temporary {
            place.check()?;
        }
        place.run += 1;
        place.write_mark()?;
        Ok(place)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub const fn is_temporary(&self) -> bool {
        self.temporary
    }

    /// Counts from 1.
    pub const fn run(&self) -> u64 {
        self.run
    }

    /// Puts the mark in the place of the one before, so that there is always one to be read.
    fn write_mark(&self) -> Result<(), PlaceError> {
        let (mark, new) = (self.path.join(MARK), self.path.join(NEW_MARK));
        fs::write(&new, format!("{TITLE}\nformat {FORMAT}\nruns {}\n", self.run)).map_err(io_error(&new))?;
        fs::rename(&new, &mark).map_err(io_error(&mark))
    }

    /// Whether the directory is new, empty, or one of ours; then it says how many runs there were.
    fn check(&mut self) -> Result<(), PlaceError> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return private().create(&self.path).map_err(io_error(&self.path));
            }
            Err(error) => return Err(io_error(&self.path)(error)),
            Ok(found) if !found.is_dir() => return Err(PlaceError::NotADirectory(self.path.clone())),
            Ok(_) => {}
        }
        let mark = self.path.join(MARK);
        match fs::read_to_string(&mark) {
            Ok(text) => self.run = read_mark(&text, mark)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut entries = fs::read_dir(&self.path).map_err(io_error(&self.path))?;
                if entries.next().is_some() {
                    return Err(PlaceError::Foreign(self.path.clone()));
                }
            }
            Err(error) => return Err(io_error(&mark)(error)),
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.temporary {
            // What can't be removed is left to the system, which clears its temporary directories.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// How many runs there were.
fn read_mark(text: &str, mark: PathBuf) -> Result<u64, PlaceError> {
    let mut lines = text.lines();
    if lines.next() != Some(TITLE) {
        return Err(PlaceError::Damaged(mark));
    }
    let mut number = |name| lines.next()?.strip_prefix(name)?.trim().parse::<u64>().ok();
    match (number("format"), number("runs")) {
        (Some(FORMAT), Some(runs)) => Ok(runs),
        (Some(found), _) if found != FORMAT => Err(PlaceError::Format { path: mark, found }),
        _ => Err(PlaceError::Damaged(mark)),
    }
}

/// A directory of our own that was not there before.
fn make_temporary() -> Result<PathBuf, PlaceError> {
    let mut number = 0u32;
    loop {
        let name = format!("subrosa-conversation-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        match private().create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            Err(error) => return Err(io_error(&path)(error)),
        }
    }
}

/// Makes directories that only their owner reads, where the system can.
fn private() -> DirBuilder {
    #[cfg_attr(not(unix), allow(unused_mut, reason = "only Unix has modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> PlaceError {
    let path = path.to_owned();
    move |error| PlaceError::Io { path, error }
}
