// SPDX-License-Identifier: MIT OR Apache-2.0

//! The options.

use super::who::Error;

/// The output of `--help`.
pub const HELP: &str = "\
Alice and Bob hold a conversation over a bad network, all of it sealed. Each line shows what the
service sees of a message, beside what its receiver reads. Then messages are forged, a device is
restored from a backup, and Alice's store is stolen. Needs no network and no other program.

usage: cargo run -p subrosa-examples -- [OPTIONS]

  --seed N         repeat a run: the same number gives the same output
  --loss PERCENT   how many messages the bad network loses; 20 unless given
  --quick          leave out the long part, the thief with a quantum computer
  --help           this text

Ends with 0 if every promise was kept, 1 if not, 2 for wrong options.
";

/// How the conversation is held.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub seed: Option<u64>,
    pub loss: u32,
    pub quick: bool,
    pub help: bool,
}

impl Options {
    /// Reads the options, without the program's name.
    pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let mut options = Self { seed: None, loss: 20, quick: false, help: false };
        let mut args = args.into_iter();
        while let Some(name) = args.next() {
            let mut number = || {
                let value = args.next().unwrap_or_default();
                value.parse::<u64>().map_err(|_| format!("`{name}` needs a number after it, not `{value}`"))
            };
            match name.as_str() {
                "--help" | "-h" => options.help = true,
                "--quick" => options.quick = true,
                "--seed" => options.seed = Some(number()?),
                "--loss" => match u32::try_from(number()?) {
                    Ok(loss @ 0..=100) => options.loss = loss,
                    _ => return Err("`--loss` needs a percentage from 0 to 100".into()),
                },
                _ => return Err(format!("there is no option `{name}`; see `--help`").into()),
            }
        }
        Ok(options)
    }
}
