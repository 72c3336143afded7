// SPDX-License-Identifier: MIT OR Apache-2.0

//! The printing.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::mpsc::Receiver;

use super::Error;
use super::learnt::{COLUMNS, Learnt};

/// Prints for a person, one step a line.
pub struct Report<'a> {
    out: &'a mut dyn Write,
    log: Receiver<Learnt>,
    scenes: usize,
    /// How often a promise was looked at.
    pub checks: u32,
    /// All that the service learnt.
    pub learnt: Vec<Learnt>,
}

impl<'a> Report<'a> {
    pub const fn new(out: &'a mut dyn Write, log: Receiver<Learnt>) -> Self {
        Self { out, log, scenes: 0, checks: 0, learnt: Vec::new() }
    }

    /// Ends the program unless a promise was kept.
    pub fn check(&mut self, kept: bool, promise: &str) -> Result<(), Error> {
        self.checks += 1;
        if kept { Ok(()) } else { Err(format!("a promise was broken: {promise}").into()) }
    }

    /// A line as it is.
    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Begins a scene.
    pub fn scene(&mut self, title: &str) -> io::Result<()> {
        self.scenes += 1;
        writeln!(self.out, "\n{}. {title}", self.scenes)
    }

    /// A line about somebody.
    pub fn note(&mut self, who: impl Display, what: impl Display) -> io::Result<()> {
        let who = who.to_string();
        writeln!(self.out, "  {who:<8} {what}")
    }

    /// The messages that the service learnt of since the last time.
    pub fn table(&mut self) -> io::Result<()> {
        writeln!(self.out, "  service  {COLUMNS}")?;
        for learnt in self.log.try_iter() {
            writeln!(self.out, "        {:>3} {learnt}", self.learnt.len() + 1)?;
            if let Some(refusal) = &learnt.refused {
                writeln!(self.out, "            refused: {refusal}")?;
            }
            self.learnt.push(learnt);
        }
        Ok(())
    }
}
