// SPDX-License-Identifier: MIT OR Apache-2.0

//! The command line.

use std::path::PathBuf;

pub const USAGE: &str = "peers [--rows PART-OF-A-NAME]... [--rounds NUMBER] [--interop FOLDER] [--list]";

pub struct Options {
    /// Parts of names. None: all rows.
    pub rows: Vec<String>,
    pub rounds: u32,
    /// Where the other programs are prepared.
    pub interop: Option<PathBuf>,
    /// Whether only the names are wanted.
    pub lists: bool,
}

impl Options {
    /// None if they can't be understood.
    pub fn read() -> Option<Self> {
        let mut options = Self { rows: Vec::new(), rounds: 31, interop: None, lists: false };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rows" => options.rows.push(arguments.next()?),
                "--rounds" => options.rounds = arguments.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
                "--interop" => options.interop = Some(arguments.next()?.into()),
                "--list" => options.lists = true,
                _ => return None,
            }
        }
        Some(options)
    }

    pub fn wants(&self, name: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|part| name.contains(part.as_str()))
    }
}
