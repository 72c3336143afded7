// SPDX-License-Identifier: MIT OR Apache-2.0

//! The printing, and the promises.

use std::fmt::Display;
use std::io::{self, Write};

use super::service::Envelope;
use super::who::Error;

/// Prints for a person, one step a line.
pub struct Report<'a> {
    out: &'a mut dyn Write,
    scenes: u32,
    /// How often a promise was looked at.
    pub checks: u32,
}

impl<'a> Report<'a> {
    pub const fn new(out: &'a mut dyn Write) -> Self {
        Self { out, scenes: 0, checks: 0 }
    }

    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Part of a line, shown at once: how far a long work has come.
    pub fn progress(&mut self, text: impl Display) -> io::Result<()> {
        write!(self.out, "{text}")?;
        self.out.flush()
    }

    pub fn scene(&mut self, title: &str) -> io::Result<()> {
        self.scenes += 1;
        writeln!(self.out, "\n{}. {title}", self.scenes)
    }

    /// A line about somebody.
    pub fn note(&mut self, who: impl Display, what: impl Display) -> io::Result<()> {
        writeln!(self.out, "   {who:<8} {what}")
    }

    pub fn columns(&mut self) -> io::Result<()> {
        writeln!(self.out, "      {:<31}│ the receiver reads", "the service sees")
    }

    /// The service's view of a message, beside its receiver's.
    pub fn message(&mut self, envelope: &Envelope, reads: impl Display) -> io::Result<()> {
        let Envelope { number, to, sealed, .. } = envelope;
        let middle = sealed.iter().skip(sealed.len() / 2).take(4);
        let middle: Vec<_> = middle.map(|byte| format!("{byte:02x}")).collect();
        let (len, middle) = (sealed.len(), middle.concat());
        writeln!(self.out, "{number:>4}  to {to:<5} {len:>5} bytes  {middle}… │ {reads}")
    }

    /// Ends the program unless a promise was kept.
    pub fn check(&mut self, kept: bool, promise: &str) -> Result<(), Error> {
        self.checks += 1;
        if kept { Ok(()) } else { Err(format!("a promise was broken: {promise}").into()) }
    }
}
