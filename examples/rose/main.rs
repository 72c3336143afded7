// SPDX-License-Identifier: MIT OR Apache-2.0

//! The same conversation twice over one network: by the rose profile, and by the Signal profile under sealed sender.
//! A service carries both, and prints all that it learns of each message.
//!
//! Ends with an error if a text does not come, or the rose messages tell more than they may.

mod rose;
mod sealed;

use std::collections::BTreeSet;
use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Who says what. An empty text is a receipt.
const CONVERSATION: [(bool, &str); 14] = [
    (true, "Are you there?"),
    (false, "Yes. Is this the new one?"),
    (true, "It is. What does the service see of it?"),
    (false, ""),
    (false, "Nothing that it could tell from noise, I hope."),
    (true, "Let us look."),
    (true, ""),
    (false, "One more."),
    (
        true,
        "And a long one: the quick brown fox jumps over the lazy dog, and the lazy dog does not mind at all, since it has \
            seen that sentence in every example of every library that anybody ever wrote, and will see it again.",
    ),
    (false, "No."),
    (true, "No?"),
    (false, "No."),
    (true, ""),
    (false, ""),
];

/// A message as the service gets it.
struct Seen {
    /// What the service calls the recipient.
    to: String,
    bytes: Vec<u8>,
    /// What it reads in the bytes.
    read: String,
}

/// A party of either profile.
trait Talk {
    /// Carries a text from Alice to Bob, or back, and gives what the service saw of it.
    fn say(&mut self, by_alice: bool, text: &str) -> Outcome<Seen>;
}

fn main() -> Outcome<()> {
    let mut rose = rose::Pair::new()?;
    let mut sealed = sealed::Pair::new()?;
    let (mut lengths, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    println!("What the service learns. Left: rose. Right: Signal, sealed sender.\n");
    for (number, (by_alice, text)) in (1..).zip(CONVERSATION) {
        let (ours, theirs) = (rose.say(by_alice, text)?, sealed.say(by_alice, text)?);
        println!(
            "{number:>3}  to {:<14} {:>5} bytes  {}…  {:<13} │ to {:<16} {:>5} bytes  {}",
            ours.to,
            ours.bytes.len(),
            hex(ours.bytes.get(..6).unwrap_or_default()),
            ours.read,
            theirs.to,
            theirs.bytes.len(),
            theirs.read,
        );
        lengths.insert(ours.bytes.len());
        kinds.insert(ours.read);
    }
    println!(
        "\nSenders: neither shows one. A quantum computer reads the senders on the right later; not those on the left."
    );
    println!("Lengths: {lengths:?} on the left.");
    if lengths.iter().any(|len| ![384, 768, 1_536, 6_144].contains(len)) || kinds.len() > 2 {
        return Err("a rose message told more than its bucket".into());
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
