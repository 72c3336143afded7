// SPDX-License-Identifier: MIT OR Apache-2.0

//! The official client and wacore, behind their pipes: a batch of requests in one line. What that costs by itself is
//! measured by a batch of requests that carry as many bytes and do nothing, and taken off. What is left holds
//! JavaScript's stores, which read and write each record.

mod groups;
mod pipe;
mod sealed;
mod sessions;

use std::path::Path;
use std::rc::Rc;

pub use groups::{group_decrypt, group_encrypt};
pub use pipe::Peer;
pub use sealed::{certificate, fingerprint, open_v1, seal_v1, seal_v2};
pub use sessions::{decrypt, encrypt, initiate, jump, respond, turn, wire_len};

use crate::harness::Batch;

/// The programs that are there.
pub struct Peers {
    official: Option<Rc<Peer>>,
    wacore: Option<Rc<Peer>>,
}

impl Peers {
    /// Starts what a prepared folder has. wacore is left out if it was not built there.
    pub fn start(folder: Option<&Path>) -> Self {
        let official = folder.map(|folder| Rc::new(Peer::official(folder)));
        Self { official, wacore: folder.and_then(Peer::wacore).map(Rc::new) }
    }

    /// The official client does it, if it is there.
    pub fn official<T>(&self, make: impl FnOnce(Rc<Peer>) -> T) -> Option<T> {
        self.official.clone().map(make)
    }

    /// wacore does it, if it is there.
    pub fn wacore(&self, make: impl FnOnce(Rc<Peer>) -> Batch) -> Option<Batch> {
        self.wacore.clone().map(make)
    }
}
