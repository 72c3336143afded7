// SPDX-License-Identifier: MIT OR Apache-2.0

//! The options.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;

/// What `--help` prints.
pub const HELP: &str = "\
Two devices, alice and bob, hold a conversation over a bad network. Each keeps its state in a
store of its own, sealed. Half way both processes end and start again from their stores.

usage: cargo run -p subrosa-examples -- [OPTIONS]

  --messages N     how many messages the talk over the bad network has; 16 unless given.
                   About 90 that arrive make an epoch of the post-quantum ratchet
  --loss PERCENT   how many of them the network loses; 20 unless given
  --seed N         a run that can be repeated. Its keys can be guessed: for looking only
  --dir PATH       keep the stores in this directory, and go on from them the next time;
                   unless given, they are in a temporary directory that is removed at the end
  --version3       the older version 3 (X3DH), which must be asked for: it has no post-quantum part
  --help           this text

Ends with 0 if everything that the network did not lose arrived, 1 if not, 2 for wrong options.
";

const MAX_MESSAGES: u32 = 100_000;
const NAMES: [&str; 6] = ["--messages", "--loss", "--seed", "--dir", "--version3", "--help"];

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    Help,
    Run(Options),
}

/// How the conversation is to be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where to keep the stores; none for a temporary directory.
    pub dir: Option<PathBuf>,
    pub messages: u32,
    pub seed: Option<u64>,
    /// In percent.
    pub loss: u32,
    pub version3: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { dir: None, messages: 16, seed: None, loss: 20, version3: false }
    }
}

/// Why the options make no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    #[error("there is no option `{option}`{}", did_you_mean(.option))]
    Unknown { option: String },
    #[error("`{0}` is given twice")]
    Twice(String),
    #[error("`{0}` needs {1} after it")]
    NoValue(String, &'static str),
    #[error("`{0}` takes no value")]
    NeedlessValue(String),
    #[error("`{option}` needs {needs}, not `{value}`")]
    BadValue { option: String, needs: &'static str, value: String },
}

impl Request {
    /// Reads the options, without the program's name. A value may follow its option or an equals sign.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        let mut args = args.into_iter();
        let mut options = Options::default();
        let mut seen = Vec::new();
        while let Some(arg) = args.next() {
            let (name, attached) = split(arg);
            if seen.contains(&name) {
                return Err(UsageError::Twice(name));
            }
            seen.push(name.clone());
            if matches!(name.as_str(), "--help" | "-h" | "--version3") && attached.is_some() {
                return Err(UsageError::NeedlessValue(name));
            }
            let mut value = |needs| match attached.clone().or_else(|| args.next()) {
                Some(value) if !value.is_empty() => Ok(value),
                _ => Err(UsageError::NoValue(name.clone(), needs)),
            };
            match name.as_str() {
                "--help" | "-h" => return Ok(Self::Help),
                "--version3" => options.version3 = true,
                "--dir" => options.dir = Some(PathBuf::from(value("a path")?)),
                "--messages" => {
                    let needs = "a number from 0 to 100000";
                    options.messages = number(&name, needs, &value(needs)?, &MAX_MESSAGES)?;
                }
                "--loss" => {
                    let needs = "a percentage from 0 to 100";
                    options.loss = number(&name, needs, &value(needs)?, &100)?;
                }
                "--seed" => {
                    let needs = "a number from 0 to 18446744073709551615";
                    options.seed = Some(number(&name, needs, &value(needs)?, &u64::MAX)?);
                }
                _ => return Err(UsageError::Unknown { option: name }),
            }
        }
        Ok(Self::Run(options))
    }
}

/// Cuts `--name=value` in two. What is no text is no option either, unless it is a path.
fn split(arg: OsString) -> (String, Option<OsString>) {
    match arg.into_string() {
        Ok(text) => match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.into())),
            None => (text, None),
        },
        Err(arg) => (arg.to_string_lossy().into_owned(), None),
    }
}

fn number<N: FromStr + PartialOrd>(
    option: &str,
    needs: &'static str,
    value: &OsStr,
    max: &N,
) -> Result<N, UsageError> {
    let value = value.to_string_lossy().into_owned();
    match value.parse() {
        Ok(number) if number <= *max => Ok(number),
        _ => Err(UsageError::BadValue { option: option.to_owned(), needs, value }),
    }
}

/// The option that begins like this one.
fn did_you_mean(option: &str) -> String {
    let like = option.trim_start_matches('-').chars().take(3).collect::<String>();
    let like =
        NAMES.into_iter().find(|name| like.len() > 1 && name.trim_start_matches('-').starts_with(&like));
    like.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
