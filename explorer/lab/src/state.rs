// SPDX-License-Identifier: MIT OR Apache-2.0

//! The inside of a session, to be shown.

use serde_json::{Value, json};
use subrosa::Session;
use subrosa::hazmat::ratchet::spqr::Spqr;
use subrosa::hazmat::wire::stored::{StoredBraid, StoredSessionRecord};

use super::layers::hex;

/// The post-quantum ratchet of a session.
pub fn post_quantum(session: &Session) -> Option<Spqr> {
    let record = session.to_libsignal_record();
    let record = StoredSessionRecord::parse(&record).ok()?;
    Spqr::from_stored(record.current?.pq_ratchet)
}

/// Root, chains, skipped keys and post-quantum ratchet.
pub fn view(session: &Session) -> Value {
    let record = session.to_libsignal_record();
    let Ok(record) = StoredSessionRecord::parse(&record) else { return Value::Null };
    let Some(current) = record.current else { return Value::Null };
    let short = |key: &[u8]| hex(key.get(..key.len().min(8)).unwrap_or_default());
    // An encoded public key begins with its type.
    let public = |key: &[u8]| short(key.get(1..).unwrap_or_default());
    let sending = current.sender_chain.as_ref().map(|chain| {
        let key = chain.chain_key.as_ref();
        json!({
            "ratchetKey": public(chain.ratchet_key),
            "index": key.map(|key| key.index),
            "chainKey": key.map(|key| short(key.key)),
        })
    });
    let receiving: Vec<Value> = current
        .receiver_chains
        .iter()
        .map(|chain| {
            let skipped: Vec<u32> = chain.message_keys.iter().map(|key| key.index).collect();
            let key = chain.chain_key.as_ref();
            json!({
                "ratchetKey": public(chain.ratchet_key),
                "index": key.map(|key| key.index),
                "chainKey": key.map(|key| short(key.key)),
                "skipped": skipped,
            })
        })
        .collect();
    let braid = StoredBraid::parse(current.pq_ratchet).unwrap_or_default();
    let spqr = Spqr::from_stored(current.pq_ratchet);
    let state = spqr.as_ref().and_then(Spqr::state);
    let coders = braid
        .state
        .as_ref()
        .map(|state| state.coders.iter().flatten().map(|coder| coder.len()).collect::<Vec<_>>());
    json!({
        "root": short(current.root_key),
        "previousCounter": current.previous_counter,
        "sending": sending,
        "receiving": receiving,
        "unacknowledged": current.pending_pre_key.is_some(),
        "pq": {
            "state": state.map(|(name, _)| name),
            "epoch": state.map(|(_, epoch)| epoch),
            "chainEpoch": braid.chain.as_ref().map(|chain| chain.current_epoch),
            "sendEpoch": braid.chain.as_ref().map(|chain| chain.send_epoch),
            "root": braid.chain.as_ref().map(|chain| short(chain.next_root)),
            "epochsKept": braid.chain.as_ref().map(|chain| chain.links.len()),
            "coderBytes": coders,
        },
    })
}
