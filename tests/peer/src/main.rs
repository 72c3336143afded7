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
//! With the argument `rose` it does the steps of the rose profile's vectors instead, and with `omemo` the operations of OMEMO's peer.
//!
//! Operations, fields and kinds of errors are those of the interop peers that hold other implementations,
//! so a test can put either in either's place. Two operations are its own: `feed_rng` and `import_bundle`.

#![allow(clippy::expect_used, reason = "an example: without randomness or a clock there is nothing to do")]

#[path = "omemo/world.rs"]
mod omemo;
#[path = "peer.rs"]
mod peer;
#[path = "rose/world.rs"]
mod rose;

use std::io;

fn main() -> io::Result<()> {
    let (input, output) = (io::stdin().lock(), io::stdout().lock());
    match std::env::args().nth(1).as_deref() {
        Some("omemo") => omemo::serve(&mut omemo::World::default(), input, output),
        Some("rose") => rose::serve(&mut rose::World::default(), input, output),
        _ => peer::serve(&mut peer::Peer::default(), input, output),
    }
}
