// SPDX-License-Identifier: MIT OR Apache-2.0

//! Properties of each of the eleven states.

use alloc::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::record::RecordKind;
use crate::wire::braid_message::BraidPayload;

/// Both sides of a new ratchet.
fn pair() -> [Spqr; 2] {
    let key = Secret::new([7; 32]);
    [Direction::A2B, Direction::B2A].map(|direction| Spqr::new(direction, &key, Limits::default()))
}

/// A ratchet in each state of the braid, by its name.
fn in_all_states() -> BTreeMap<&'static str, Spqr> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut states = BTreeMap::new();
    while states.len() < 11 {
        let mut pair = pair();
        for _ in 0..600 {
            let from = usize::from(rng.next_u32() % 3 == 0);
            let sent = pair[from].send(&mut rng).unwrap();
            pair[from].apply(sent.change);
            if rng.next_u32() % 4 > 0 {
                let received = pair[1 - from].receive(&sent.message).unwrap();
                pair[1 - from].apply(received.change);
            }
            for braid in &pair {
                states.entry(braid.state().unwrap().0).or_insert_with(|| copy(braid));
            }
        }
    }
    states
}

fn copy(braid: &Spqr) -> Spqr {
    let mut out = RecordWriter::new(RecordKind::Session, 1, 0);
    braid.write(None, &mut out);
    let record = out.finish();
    Spqr::read(&mut RecordReader::open(RecordKind::Session, 1, record.as_bytes()).unwrap().0).unwrap()
}

#[test]
fn only_the_last_state_goes_on_with_a_message_of_the_next_epoch() {
    for (name, braid) in in_all_states() {
        let state = &braid.0.as_ref().unwrap().state;
        let ours = state.epoch().number;
        for epoch in 0..ours {
            assert!(matches!(state.receive(epoch, &BraidPayload::None).unwrap().step, Step::Same), "{name}");
        }
        let next = state.receive(ours + 1, &BraidPayload::None).map(|received| received.step);
        match name {
            "Ct2Sampled" => assert!(matches!(next, Ok(Step::Next(State::KeysUnsampled(_))))),
            _ => assert_eq!(next.unwrap_err(), SpqrError::EpochAhead(ours + 1), "{name}"),
        }
        let refused = state.receive(ours + 2, &BraidPayload::None).map(drop);
        assert_eq!(refused, Err(SpqrError::EpochAhead(ours + 2)), "{name}");
    }
}

/// Records that are refused, because they lead to no key.
#[test]
fn a_chain_belongs_to_its_state() {
    for (name, mut braid) in in_all_states() {
        braid.0.as_mut().unwrap().auth_key = Some(Box::new(Secret::new([7; 32])));
        braid.0.as_mut().unwrap().chain = None;
        let first = braid.state().unwrap().1 == 1 && braid.0.as_ref().unwrap().state.newest_secret() == 0;
        assert_eq!(braid.0.unwrap().checked().is_some(), first, "{name}");
    }
    let mut states = in_all_states();
    let later = states.remove("EkSentCt1Received").unwrap().0.unwrap();
    let Ratchet { chain, state, .. } = *states.remove("Ct2Sampled").unwrap().0.unwrap();
    assert_ne!(later.state.newest_secret(), state.newest_secret(), "the two are of the same epoch");
    assert!(Ratchet { chain, ..*later }.checked().is_none());
}
