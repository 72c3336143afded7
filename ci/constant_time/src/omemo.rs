// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO in both versions: messages of a session by both sides, and payloads.

#[path = "../../../tests/support/omemo.rs"]
mod party;

use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::omemo::inspect::{self, Parts};
use subrosa::omemo::{Message, Outgoing, Session, Trust, UsedPreKey, Version, payload};

use party::Party;

use crate::marking::{Marked, plain, writes};
use crate::memcheck::{declassify_value, mark};
use crate::report::Report;

/// Turns, each with a Diffie-Hellman step of both sides.
const TURNS: usize = 10;

pub fn run(report: &mut Report) {
    for (version, name) in [(Version::Two, "OMEMO 2"), (Version::Legacy, "OMEMO 0.3")] {
        conversation(report, version, name);
    }
    payloads(report);
}

fn receive(party: &mut Party, sent: &Outgoing) {
    let message = Message::parse(party.account.version(), sent.kind(), sent.as_bytes()).unwrap();
    drop(party.receive(&message, UsedPreKey::Delete).unwrap());
}

/// The session with all its secrets marked.
fn marked(version: Version, session: &Session) -> Session {
    let shown = inspect::session(session).unwrap();
    let secret = |key: &[u8; 32]| {
        let mut key = *key;
        mark(&mut key);
        key
    };
    let chain = |key: &ChainKey| (secret(key.as_bytes()), key.index());
    let parts = Parts {
        began: shown.began,
        answered: shown.answered,
        associated_data: &shown.associated_data,
        base_key: shown.base_key,
        signed_pre_key_id: shown.signed_pre_key_id,
        pre_key_id: shown.pre_key_id,
        root: secret(shown.root.as_bytes()),
        own_private: secret(shown.own_private),
        remote: *shown.remote,
        sending: chain(shown.sending),
        receiving: shown.receiving.map(chain),
        previous: shown.previous,
        skipped: shown
            .skipped
            .iter()
            .map(|(ratchet, counter, key)| (*ratchet, *counter, secret(key)))
            .collect(),
    };
    inspect::restore(version, session.remote().clone(), &parts).unwrap()
}

fn conversation(report: &mut Report, version: Version, name: &str) {
    let [mut alice, mut bob] = Party::pair(version);
    let mut said = [0x5A; 48];
    let greeting = alice.session.encrypt(&said).unwrap().commit();
    receive(&mut bob, &greeting);
    let mut rounds = Vec::new();
    for turn in 0..2 * TURNS {
        let (from, to) = if turn % 2 == 0 { (&mut bob, &mut alice) } else { (&mut alice, &mut bob) };
        let before = [&from.session, &to.session].map(|session| marked(version, session));
        let sent = from.session.encrypt(&said).unwrap().commit();
        receive(to, &sent);
        rounds.push((before, sent));
    }
    mark(&mut said);
    report.clean(&format!("{name}, encrypt"), || {
        let mut out = Vec::new();
        for ([from, _], _) in &mut rounds {
            let staged = from.encrypt(&said).unwrap();
            out.extend(writes(&staged));
            out.extend_from_slice(staged.commit().as_bytes());
        }
        Some(out)
    });
    report.clean(&format!("{name}, decrypt"), || {
        let mut out = Vec::new();
        for ([_, to], sent) in &mut rounds {
            let message = Message::parse(version, sent.kind(), sent.as_bytes()).unwrap();
            let account = &mut alice.account;
            let staged = to
                .receive(account, &message, Trust::Anyone, UsedPreKey::Delete, &mut Marked::new(4))
                .unwrap();
            out.extend(writes(&staged));
            let mut received = staged.commit();
            // Its length, which comes from the padding, is public from here on.
            declassify_value(&mut received);
            out.extend_from_slice(received.plaintext());
        }
        Some(out)
    });
}

fn payloads(report: &mut Report) {
    let mut text = [0x3C; 100];
    let two = payload::Two::seal(&text, &mut plain(5));
    let legacy = payload::Legacy::seal(&text, &mut plain(6));
    mark(&mut text);
    report.clean("OMEMO, seal payloads", || {
        let two = payload::Two::seal(&text, &mut Marked::new(5));
        let legacy = payload::Legacy::seal(&text, &mut Marked::new(6));
        Some([&two.payload[..], &two.key_material, &legacy.payload, &legacy.key_material].concat())
    });
    report.clean("OMEMO, open payloads", || {
        let [mut of_two, mut of_legacy] = [&two, &legacy].map(|sealed| sealed.key_material.to_vec());
        mark(&mut of_two);
        mark(&mut of_legacy);
        let mut of_two = payload::Two::open(&two.payload, &of_two).unwrap();
        let mut of_legacy = payload::Legacy::open(&legacy.payload, &legacy.iv.unwrap(), &of_legacy).unwrap();
        declassify_value(&mut of_two);
        declassify_value(&mut of_legacy);
        Some([&of_two[..], &of_legacy].concat())
    });
}
