// SPDX-License-Identifier: MIT OR Apache-2.0

//! Properties of the post-quantum ratchet under loss, reordering and damage.

use crate::spqr::{InFlight, Pair, read, record};
use proptest::prelude::*;
use subrosa::hazmat::ratchet::spqr::{Spqr, SpqrError};
use subrosa::hazmat::record::{RecordKind, RecordReader};

/// What happens in one moment: a party sends, and messages of a queue arrive or get lost.
#[derive(Clone, Debug)]
enum Event {
    Send(bool),
    /// The message at this position of the queue (modulo its length) arrives at a party.
    Arrive(bool, u16),
    Lose(bool, u16),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => any::<bool>().prop_map(Event::Send),
        3 => (any::<bool>(), prop_oneof![Just(0), any::<u16>()]).prop_map(|(a, at)| Event::Arrive(a, at)),
        1 => (any::<bool>(), any::<u16>()).prop_map(|(a, at)| Event::Lose(a, at)),
    ];
    prop::collection::vec(event, 0..600)
}

/// Bytes to be put somewhere.
fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
}

/// Plays the events; every key that arrives is the sender's.
fn play(pair: &mut Pair, events: &[Event]) -> Result<[Vec<InFlight>; 2], TestCaseError> {
    let mut queues: [Vec<InFlight>; 2] = [vec![], vec![]];
    for event in events {
        match *event {
            Event::Send(a) => {
                let message = pair.send(a);
                queues[usize::from(!a)].push(message);
            }
            Event::Arrive(a, at) | Event::Lose(a, at) => {
                let queue = &mut queues[usize::from(a)];
                if queue.is_empty() {
                    continue;
                }
                let message = queue.remove(usize::from(at) % queue.len());
                if matches!(event, Event::Arrive(..)) {
                    match pair.party(a).receive(&message.bytes) {
                        Ok(key) => prop_assert_eq!(key.map(|key| *key.as_bytes()), message.key),
                        Err(error) => prop_assert!(matches!(error, SpqrError::UnknownChainEpoch(_))),
                    }
                }
            }
        }
    }
    Ok(queues)
}

proptest! {
    #![proptest_config(crate::cases::config(40))]

    /// Whatever was lost, once messages get through both sides reach further epochs, with the same secrets:
    /// a key of a chain is right on the other side only if all epoch secrets before are.
    #[test]
    fn any_loss_is_overcome(events in events(), reload: bool) {
        let mut pair = Pair::new(1);
        (pair.a.reload, pair.b.reload) = (reload, reload);
        play(&mut pair, &events)?;
        let epoch = |pair: &Pair| pair.a.braid.state().unwrap().1;
        let before = epoch(&pair);
        for _ in 0..140 {
            pair.lockstep();
        }
        prop_assert!(epoch(&pair) >= before + 2);
        let difference = epoch(&pair).abs_diff(pair.b.braid.state().unwrap().1);
        prop_assert!(difference <= 1);
    }

    /// A flipped bit gives an error or another key; after an error the stored form is as before, and the true
    /// message is still received.
    #[test]
    fn a_flipped_bit_gives_an_error_or_another_key(events in events(), bit: prop::sample::Index, to_a: bool) {
        let mut pair = Pair::new(2);
        play(&mut pair, &events)?;
        let message = pair.send(!to_a);
        let mut damaged = message.bytes.clone();
        let bit = bit.index(8 * damaged.len());
        damaged[bit / 8] ^= 1 << (bit % 8);
        let receiver = pair.party(to_a);
        let before = record(&receiver.braid, None);
        // Bits of type, chunk index and chunk are not part of the key; an outer MAC covers them.
        let prefix = 1 + damaged[1..].iter().scan(2, |varints, byte| {
            (*varints > 0).then(|| *varints -= i32::from(*byte < 0x80))
        }).count();
        match receiver.braid.receive(&damaged) {
            Err(_) => prop_assert_eq!(&before, &record(&receiver.braid, None)),
            // While the version is not settled, the key of a later version is that of this one.
            Ok(_) if damaged[0] > 1 => prop_assert!(receiver.braid.is_negotiating()),
            Ok(received) if bit / 8 < prefix => {
                prop_assert!(received.key.map(|key| *key.as_bytes()) != message.key);
            }
            Ok(received) => prop_assert_eq!(received.key.map(|key| *key.as_bytes()), message.key),
        }
        prop_assert_eq!(&before, &record(&receiver.braid, None));
        pair.deliver(&message);
    }

    /// Arbitrary bytes never panic, in any state.
    #[test]
    fn arbitrary_bytes_are_received_or_refused(
        events in events(),
        version in 0..3u8,
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut pair = Pair::new(3);
        play(&mut pair, &events)?;
        let message = [&[version], bytes.as_slice()].concat();
        for a in [true, false] {
            let party = pair.party(a);
            let _: Result<_, _> = party.receive(&message);
            let _: Result<_, _> = party.receive(&bytes);
        }
    }

    /// A damaged record is refused or read as something that can be used and written again.
    #[test]
    fn a_damaged_record_never_panics(events in events(), at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut pair = Pair::new(4);
        play(&mut pair, &events)?;
        let written = record(&pair.b.braid, None);
        let mut damaged = written.clone();
        let at = 4 + at.index(damaged.len() - 4);
        damaged[at] = byte;
        let (mut reader, _) = RecordReader::open(RecordKind::Session, 1, &damaged).unwrap();
        if let Ok(braid) = Spqr::read(&mut reader) {
            let message = pair.send(true);
            let _: Result<_, _> = braid.receive(&message.bytes);
            let sent = braid.send(&mut pair.rng).unwrap();
            let mut braid = read(&record(&braid, Some(&sent.change)));
            let sent = braid.send(&mut pair.rng).unwrap();
            braid.apply(sent.change);
        }
        let cut = 4 + cut.index(written.len() - 4);
        let (mut reader, _) = RecordReader::open(RecordKind::Session, 1, &written[..cut]).unwrap();
        prop_assert!(Spqr::read(&mut reader).is_err());
    }

    /// The same for what libsignal stores.
    #[test]
    fn a_damaged_stored_state_never_panics(events in events(), damage in damage(), of_a: bool) {
        let mut pair = Pair::new(5);
        play(&mut pair, &events)?;
        let mut stored = pair.party(of_a).braid.to_stored().to_vec();
        for (at, byte) in damage {
            let at = at.index(stored.len());
            stored[at] = byte;
        }
        if let Some(mut braid) = Spqr::from_stored(&stored) {
            // Chunks that arrive lead from one state to the next.
            for _ in 0..40 {
                let message = pair.send(!of_a);
                if let Ok(received) = braid.receive(&message.bytes) {
                    braid.apply(received.change);
                }
                let sent = braid.send(&mut pair.rng).unwrap();
                braid.apply(sent.change);
            }
            prop_assert!(Spqr::from_stored(&braid.to_stored()).is_some());
        }
    }
}
