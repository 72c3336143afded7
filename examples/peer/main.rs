// SPDX-License-Identifier: MIT OR Apache-2.0

//! A party of ours behind a pipe: one JSON request a line on standard input, one JSON response a line on
//! standard output, in order, until the input ends. Binary is lower-case hex.
//!
//! ```text
//! {"id":1,"op":"new_party","party":"bob","name":"…","device":1}
//! {"id":1,"ok":true,"identity_public":"05…", …}
//! {"id":2,"ok":false,"error":{"name":"DuplicatedMessage","code":1,"operation":null,"message":"…"}}
//! ```
//!
//! Operations, fields and kinds of errors are those of the interop peers that hold other implementations,
//! so a test can put either in either's place. Two operations are its own: `feed_rng` and `import_bundle`.

#![allow(clippy::expect_used, reason = "an example: without randomness or a clock there is nothing to do")]

#[path = "peer.rs"]
mod peer;

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let mut peer = peer::Peer::default();
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let request = serde_json::from_slice(&line)
            .unwrap_or_else(|error| json!({ "op": format!("(not JSON: {error})") }));
        let response: Value = peer.handle(&request);
        writeln!(output, "{response}")?;
        output.flush()?;
    }
    Ok(())
}
