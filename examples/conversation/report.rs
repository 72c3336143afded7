// SPDX-License-Identifier: MIT OR Apache-2.0

//! The printing.

use std::fmt::Display;
use std::io::{self, Write};

use super::ledger::{Summary, Traffic};
use super::network::Envelope;
use super::side::Side;
use super::wire::{Inside, Visible};

/// Prints for a person, one step a line.
pub struct Report<'a> {
    out: &'a mut dyn Write,
    scenes: usize,
}

impl<'a> Report<'a> {
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out, scenes: 0 }
    }

    /// A line as it is.
    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// A name and what it stands for.
    pub fn field(&mut self, name: &str, value: impl Display) -> io::Result<()> {
        writeln!(self.out, "  {name:<14} {value}")
    }

    /// Begins a scene.
    pub fn scene(&mut self, title: &str) -> io::Result<()> {
        self.scenes += 1;
        writeln!(self.out, "\n{}. {title}", self.scenes)
    }

    /// What somebody does or finds. A note of nobody goes on with the one before.
    pub fn note(&mut self, who: impl Display, what: impl Display) -> io::Result<()> {
        writeln!(self.out, "      {who:<7} {what}")
    }

    /// A message that was sent: on the left what anybody on the way sees, on the right what is inside.
    pub fn sent(
        &mut self,
        envelope: &Envelope,
        (visible, inside): (&Visible, &Inside),
        text: &str,
        mark: &str,
    ) -> io::Result<()> {
        let Envelope { number, from, .. } = envelope;
        let (to, sealed, sealed_len) = (from.other(), visible.version, grouped(visible.len));
        let Inside { kind, version, counter, len, post_quantum } = inside;
        let (len, text) = (grouped(*len), format!("\"{text}\""));
        let epoch = post_quantum.map_or_else(String::new, |part| format!("e{} +{}", part.epoch, part.len));
        let line = format!(
            "{number:>4}  → {to:<5}  v{sealed} {sealed_len:>6} │ {from:<5}  {kind:<7}  v{version} {epoch:<6} #{counter:<2} {len:>6}  {text:<33}  {mark}"
        );
        writeln!(self.out, "{}", line.trim_end())
    }

    /// What became of a message later.
    pub fn arrived(&mut self, envelope: &Envelope, what: impl Display) -> io::Result<()> {
        self.note(envelope.from.other(), format_args!("← no. {} {what}", envelope.number))
    }

    /// The totals.
    pub fn summary(&mut self, summary: &Summary, records: &[(Side, String)]) -> io::Result<()> {
        let Summary { sent, lost, late, repeated, decrypted, duplicates, attacks, missing, wrong, .. } =
            *summary;
        writeln!(self.out, "\nSummary")?;
        self.field("messages", format_args!("{sent} sent, {lost} lost, {late} late, {repeated} repeated"))?;
        self.field("arrived", format_args!("{decrypted} decrypted, {missing} missing"))?;
        self.field("refused", format_args!("{duplicates} duplicates, {attacks} attacks, {wrong} genuine"))?;
        for (side, traffic) in [(Side::Alice, summary.alice), (Side::Bob, summary.bob)] {
            self.traffic(side, &traffic)?;
        }
        for (side, records) in records {
            self.field(&format!("{side} stores"), records)?;
        }
        let agreed = if summary.agreed { "same session, and each pinned the other's identity" } else { "NO" };
        self.field("both agree", agreed)?;
        writeln!(
            self.out,
            "\n{}",
            if summary.good() {
                "Everything that was deliverable arrived, once, and as it was sent."
            } else {
                "NOT everything that was deliverable arrived as it should have."
            }
        )
    }

    fn traffic(&mut self, side: Side, traffic: &Traffic) -> io::Result<()> {
        let Traffic { messages, bytes, inside, post_quantum, epoch } = *traffic;
        let ratchet = epoch.map_or_else(String::new, |epoch| {
            format!(", of these {} for the post-quantum ratchet, in epoch {epoch}", grouped(post_quantum))
        });
        self.field(
            &format!("{side} sent"),
            format_args!(
                "{messages} envelopes of {} bytes; inside {}{ratchet}",
                grouped(bytes),
                grouped(inside)
            ),
        )
    }
}

/// A number with its digits in groups of three.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}
