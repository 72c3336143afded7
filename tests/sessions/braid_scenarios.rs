// SPDX-License-Identifier: MIT OR Apache-2.0

//! Scenarios of the post-quantum ratchet, by their numbers in the specification of its tests. Those that are
//! missing here are in `braid_vectors.rs`, `braid_properties.rs` or beside the code.

use std::collections::{BTreeMap, BTreeSet};

use crate::spqr::{Draws, InFlight, Pair, Party, record};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use subrosa::hazmat::crypto::erasure::{ByteString, Chunk, Decoder, Encoder};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::spqr::{
    Chain, ChainChange, Direction, Limits, MinimumVersion, Spqr, SpqrError,
};
use subrosa::hazmat::wire::braid_message::{BraidMessage, BraidPayload};

const KEY: Secret<32> = Secret::new([0x42; 32]);

fn party(direction: Direction) -> Party {
    Party { braid: Spqr::new(direction, &KEY, Limits::default()), reload: false, through_libsignal: false }
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

/// `message` with something changed.
fn altered(message: &InFlight, change: impl FnOnce(&mut BraidMessage)) -> Vec<u8> {
    let mut parsed = BraidMessage::parse(&message.bytes).unwrap();
    change(&mut parsed);
    parsed.encode().to_vec()
}

fn chunk_of(payload: &mut BraidPayload) -> &mut Chunk {
    match payload {
        BraidPayload::Hdr(chunk)
        | BraidPayload::Ek(chunk)
        | BraidPayload::EkCt1Ack(chunk)
        | BraidPayload::Ct1(chunk)
        | BraidPayload::Ct2(chunk) => chunk,
        other => panic!("{other:?} has no chunk"),
    }
}

#[test]
fn first_messages() {
    let mut pair = Pair::new(1);
    let first = pair.send(true);
    assert_eq!((&first.bytes[..5], first.bytes.len()), (&[1, 1, 1, 1, 0][..], 37));
    assert!(first.key.is_some());
    let reply = pair.send(false);
    assert_eq!(reply.bytes, [1, 1, 1, 0]);
    assert!(reply.key.is_some());
    pair.deliver(&first);
    pair.deliver(&reply);
}

#[test]
fn direction_matters() {
    let (mut one, mut other) = (party(Direction::A2B), party(Direction::A2B));
    let (message, key) = one.send(&mut rng());
    assert_ne!(other.receive(&message).unwrap(), key);
}

#[test]
fn different_auth_keys() {
    let mut a = party(Direction::A2B);
    let mut b = Party {
        braid: Spqr::new(Direction::B2A, &Secret::new([1; 32]), Limits::default()),
        reload: false,
        through_libsignal: false,
    };
    for round in 0..3 {
        let (message, key) = a.send(&mut rng());
        match b.receive(&message) {
            Ok(received) if round < 2 => assert_ne!(received, key),
            outcome => assert_eq!((outcome, round), (Err(SpqrError::HeaderMac), 2)),
        }
    }
}

#[test]
fn no_keys_until_something_was_received() {
    let mut pair = Pair::with([MinimumVersion::V0; 2], Limits::default(), 4);
    let early: Vec<_> = [true, false].into_iter().cycle().take(6).map(|from_a| pair.send(from_a)).collect();
    assert!(early.iter().all(|message| message.key.is_none() && message.bytes[2] == 0));
    pair.deliver(&early[0]);
    pair.deliver(&early[1]);
    let mut rest = early[2..].to_vec();
    rest.extend([true, false, true].map(|from_a| pair.send(from_a)));
    assert!(rest[4..].iter().all(|message| message.key.is_some()));
    for position in [6, 2, 4, 0, 3, 5, 1] {
        pair.deliver(&rest[position]);
    }
}

#[test]
fn minimum_on_one_side_only() {
    for minima in [[MinimumVersion::V1, MinimumVersion::V0], [MinimumVersion::V0, MinimumVersion::V1]] {
        let mut pair = Pair::with(minima, Limits::default(), 5);
        let strict = minima[0] == MinimumVersion::V1;
        let (first, other) = (pair.send(strict), pair.send(!strict));
        assert!(first.key.is_some() && other.key.is_none());
        pair.deliver(&first);
        assert!(pair.send(!strict).key.is_some());
    }
}

#[test]
fn the_ratchet_is_off() {
    let mut off = Party { braid: Spqr::off(), reload: false, through_libsignal: false };
    assert_eq!(off.send(&mut Draws::default()), (vec![], None));
    for message in [&[][..], &[1, 1, 1, 0]] {
        assert_eq!(off.receive(message), Ok(None));
        assert!(off.braid.is_off() && !off.braid.is_negotiating());
    }
}

#[test]
fn the_peer_is_off_and_we_may_go_down() {
    for direction in [Direction::A2B, Direction::B2A] {
        let braid = Spqr::with_minimum(MinimumVersion::V0, direction, &KEY, Limits::default());
        let mut party = Party { braid, reload: false, through_libsignal: false };
        party.send(&mut rng());
        assert!(party.braid.is_negotiating());
        assert_eq!(party.receive(&[]), Ok(None));
        assert!(party.braid.is_off());
        assert_eq!(party.send(&mut Draws::default()), (vec![], None));
    }
}

#[test]
fn the_peer_is_off_and_we_may_not_go_down() {
    let mut pair = Pair::new(8);
    pair.send(true);
    let before = record(&pair.a.braid, None);
    assert_eq!(pair.a.receive(&[]), Err(SpqrError::MinimumVersion(0)));
    assert_eq!(record(&pair.a.braid, None), before);
    pair.lockstep();
}

#[test]
fn after_a_message_was_received_nobody_goes_down() {
    let mut pair = Pair::with([MinimumVersion::V0; 2], Limits::default(), 4);
    pair.lockstep();
    assert_eq!(pair.a.receive(&[]), Err(SpqrError::VersionMismatch(0)));
    assert_eq!(pair.a.receive(&[0, 1, 1]), Err(SpqrError::VersionMismatch(0)));
}

#[test]
fn index_0() {
    let mut pair = Pair::new(10);
    assert_eq!(pair.b.receive(&[1, 1, 0, 0]), Ok(None));
    pair.lockstep_until(false, "KeysUnsampled", 2);
    assert_eq!(pair.a.receive(&[1, 2, 0, 0]), Err(SpqrError::KeyAlreadyRequested(0)));
}

/// Scenario 14, and the counts of §4.1: what each side sends in an epoch when nothing is lost.
#[test]
fn roles_and_counts_in_lockstep() {
    let mut pair = Pair::new(14);
    let mut counts: BTreeMap<(u64, bool, &str), u32> = BTreeMap::new();
    for _ in 0..15_000 / 43 {
        for from_a in [true, false] {
            let message = pair.send(from_a);
            let BraidMessage { epoch, payload, .. } = BraidMessage::parse(&message.bytes).unwrap();
            let name = match payload {
                BraidPayload::None => "None",
                BraidPayload::Hdr(_) => "Hdr",
                BraidPayload::Ek(_) => "Ek",
                BraidPayload::EkCt1Ack(_) => "EkCt1Ack",
                BraidPayload::Ct1Ack => "Ct1Ack",
                BraidPayload::Ct1(_) => "Ct1",
                BraidPayload::Ct2(_) => "Ct2",
            };
            *counts.entry((epoch, from_a, name)).or_default() += 1;
            pair.deliver(&message);
        }
    }
    for epoch in 1..8 {
        let owner_is_a = epoch % 2 == 1;
        let count = |a, name| counts.get(&(epoch, a, name)).copied().unwrap_or_default();
        let owner = ["Hdr", "Ek", "EkCt1Ack", "Ct1Ack"].map(|name| count(owner_is_a, name));
        assert_eq!(owner, [3, 29, 7, 4], "epoch {epoch}");
        let other = ["None", "Ct1", "Ct2"].map(|name| count(!owner_is_a, name));
        assert_eq!(other, [if epoch == 1 { 8 } else { 9 }, 30, 5], "epoch {epoch}");
    }
}

/// Scenarios 16 to 18: whatever is lost or late, what arrives has the sender's key.
fn lossy(seed: u64, ticks: u32, lost: impl Fn(&mut ChaCha20Rng, &[u8]) -> bool, max_delay: u32) -> u64 {
    let mut pair = Pair::new(seed);
    let mut random = ChaCha20Rng::seed_from_u64(seed ^ 0xFFFF);
    let mut on_the_way: Vec<(u32, InFlight)> = Vec::new();
    for tick in 0..ticks {
        let message = pair.send(random.next_u32().is_multiple_of(2));
        if !lost(&mut random, &message.bytes) {
            on_the_way.push((tick + random.next_u32() % (max_delay + 1), message));
        }
        on_the_way.retain(|(due, message)| {
            if *due > tick {
                return true;
            }
            // A late message may be of an epoch that is no longer kept.
            match pair.party(!message.from_a).receive(&message.bytes) {
                Ok(key) => assert_eq!(key.map(|key| *key.as_bytes()), message.key),
                Err(error) => assert!(matches!(error, SpqrError::UnknownChainEpoch(_)), "{error}"),
            }
            false
        });
    }
    pair.a.braid.state().unwrap().1
}

#[test]
fn loss_and_reordering() {
    assert!(lossy(16, 1_500, |random, _| random.next_u32() % 100 < 30, 12) > 8);
    assert!(lossy(17, 1_500, |random, _| random.next_u32() % 100 < 10, 90) > 5);
}

#[test]
fn long_bursts_whose_first_half_is_lost() {
    let mut pair = Pair::new(17);
    let mut highest = 0;
    for burst in 0..12 {
        let length = 40 + burst * 37 % 260;
        for k in 0..length {
            let message = pair.send(burst % 2 == 0);
            if let Ok(BraidMessage { payload: BraidPayload::Ct1(chunk) | BraidPayload::Ek(chunk), .. }) =
                BraidMessage::parse(&message.bytes)
            {
                highest = highest.max(chunk.index);
            }
            if k >= length / 2 {
                pair.deliver(&message);
            }
        }
    }
    assert!(highest > 127, "{highest}");
    assert!(pair.a.braid.state().unwrap().1 > 1);
}

#[test]
fn most_systematic_chunks_are_lost() {
    let lost = |random: &mut ChaCha20Rng, bytes: &[u8]| {
        let size = match BraidMessage::parse(bytes).unwrap().payload {
            BraidPayload::Hdr(chunk) => (chunk.index, 3),
            BraidPayload::Ek(chunk) | BraidPayload::EkCt1Ack(chunk) => (chunk.index, 36),
            BraidPayload::Ct1(chunk) => (chunk.index, 30),
            BraidPayload::Ct2(chunk) => (chunk.index, 5),
            _ => (1, 0),
        };
        size.0 < size.1 && random.next_u32() % 100 < 80
    };
    assert!(lossy(18, 1_500, lost, 0) > 6);
}

/// B in `Ct1Sampled` with all of the key but one chunk, before A has all of ct1; and A's next message.
fn b_lacks_one_chunk() -> (Pair, InFlight) {
    let mut pair = Pair::new(19);
    pair.lockstep_until(false, "Ct1Sampled", 1);
    let first = pair.send(false);
    pair.deliver(&first);
    for _ in 0..35 {
        let message = pair.send(true);
        pair.deliver(&message);
    }
    assert_eq!(pair.b.braid.state(), Some(("Ct1Sampled", 1)));
    let last = pair.send(true);
    (pair, last)
}

#[test]
fn the_key_is_complete_before_any_acknowledgement() {
    for bare in [false, true] {
        let (mut pair, last) = b_lacks_one_chunk();
        pair.deliver(&last);
        assert_eq!(pair.b.braid.state(), Some(("EkReceivedCt1Sampled", 1)));
        let another = pair.send(true);
        pair.deliver(&another);
        assert_eq!(pair.b.braid.state(), Some(("EkReceivedCt1Sampled", 1)), "an Ek chunk is ignored");
        if bare {
            let message = pair.send(true);
            let forged = altered(&message, |message| message.payload = BraidPayload::Ct1Ack);
            pair.b.receive(&forged).unwrap();
        } else {
            pair.lockstep_until(true, "Ct1Received", 1);
            let message = pair.send(true);
            pair.deliver(&message);
        }
        assert_eq!(pair.b.braid.state(), Some(("Ct2Sampled", 1)));
        if !bare {
            pair.lockstep_until(true, "NoHeaderReceived", 2);
            (0..60).for_each(|_| pair.lockstep());
        }
    }
}

#[test]
fn the_last_chunk_comes_with_the_acknowledgement() {
    let (mut pair, last) = b_lacks_one_chunk();
    let acknowledging = altered(&last, |message| {
        message.payload = BraidPayload::EkCt1Ack(*chunk_of(&mut message.payload));
    });
    pair.b.receive(&acknowledging).unwrap();
    assert_eq!(pair.b.braid.state(), Some(("Ct2Sampled", 1)));
}

#[test]
fn late_chunks_of_the_key_count_after_the_acknowledgement() {
    let mut pair = Pair::new(21);
    pair.lockstep_until(true, "HeaderSent", 1);
    let late: Vec<_> = (0..20).map(|_| pair.send(true)).collect();
    while pair.a.braid.state() != Some(("Ct1Received", 1)) {
        let message = pair.send(false);
        pair.deliver(&message);
    }
    let acknowledging: Vec<_> = (0..16).map(|_| pair.send(true)).collect();
    pair.deliver(&acknowledging[0]);
    assert_eq!(pair.b.braid.state(), Some(("Ct1Acknowledged", 1)));
    for message in late.iter().chain(&acknowledging[1..15]) {
        pair.deliver(message);
    }
    assert_eq!(pair.b.braid.state(), Some(("Ct1Acknowledged", 1)));
    pair.deliver(&acknowledging[15]);
    assert_eq!(pair.b.braid.state(), Some(("Ct2Sampled", 1)));
}

#[test]
fn old_epochs_and_payloads_that_do_not_fit() {
    let mut pair = Pair::new(22);
    pair.lockstep_until(true, "EkSentCt1Received", 1);
    let old = pair.send(true);
    pair.lockstep_until(false, "KeysUnsampled", 2);
    let state = pair.b.braid.state();
    pair.deliver(&old);
    assert_eq!(pair.b.braid.state(), state);
    let unfit = pair.send(true);
    let chunk = Chunk { index: 1, data: [1; 32] };
    let forged = altered(&unfit, |message| message.payload = BraidPayload::Ct2(chunk));
    assert_eq!(pair.b.receive(&forged).unwrap().map(|key| *key.as_bytes()), unfit.key);
    assert_eq!(pair.b.braid.state(), state);
}

/// Scenario 23, in every state that lockstep passes through.
#[test]
fn epochs_ahead() {
    let mut pair = Pair::new(23);
    let mut seen = BTreeSet::new();
    for _ in 0..100 {
        for a in [true, false] {
            let party = pair.party(a);
            let (state, epoch) = party.braid.state().unwrap();
            seen.insert(state);
            let ahead = if state == "Ct2Sampled" { epoch + 2 } else { epoch + 1 };
            for ahead in [ahead, u64::MAX] {
                let message = BraidMessage { epoch: ahead, index: 1, payload: BraidPayload::None };
                assert_eq!(party.receive(&message.encode()), Err(SpqrError::EpochAhead(ahead)), "{state}");
            }
        }
        let message = pair.send(true);
        pair.deliver(&message);
        let message = pair.send(false);
        pair.deliver(&message);
    }
    assert!(seen.len() >= 9, "{seen:?}");
}

#[test]
fn any_payload_of_the_next_epoch_ends_an_epoch() {
    let mut pair = Pair::new(24);
    pair.lockstep_until(true, "NoHeaderReceived", 2);
    let message = pair.send(true);
    assert_eq!(message.bytes, [1, 2, 1, 0]);
    assert_eq!(pair.b.braid.state(), Some(("Ct2Sampled", 1)));
    pair.deliver(&message);
    assert_eq!(pair.b.braid.state(), Some(("KeysUnsampled", 2)));
}

#[test]
fn altered_last_chunks() {
    let mut pair = Pair::new(25);
    for _ in 0..2 {
        let message = pair.send(true);
        pair.deliver(&message);
    }
    let third = pair.send(true);
    let forged = altered(&third, |message| chunk_of(&mut message.payload).data[31] ^= 1);
    assert_eq!(pair.b.receive(&forged), Err(SpqrError::HeaderMac));
    pair.deliver(&third);
    assert_eq!(pair.b.braid.state(), Some(("HeaderReceived", 1)));

    pair.lockstep_until(true, "EkSentCt1Received", 1);
    for _ in 0..3 {
        pair.lockstep();
    }
    let fifth = pair.send(false);
    let forged = altered(&fifth, |message| chunk_of(&mut message.payload).data[0] ^= 1);
    assert_eq!(pair.a.receive(&forged), Err(SpqrError::CiphertextMac));
    pair.deliver(&fifth);
    assert_eq!(pair.a.braid.state(), Some(("NoHeaderReceived", 2)));
    pair.lockstep_until(true, "KeysUnsampled", 3);
}

#[test]
fn altered_last_chunk_of_the_key() {
    let (mut pair, last) = b_lacks_one_chunk();
    let forged = altered(&last, |message| chunk_of(&mut message.payload).data[5] ^= 1);
    assert!(matches!(pair.b.receive(&forged), Err(SpqrError::EncapsulationKey(_))));
    pair.deliver(&last);
    assert_eq!(pair.b.braid.state(), Some(("EkReceivedCt1Sampled", 1)));
}

#[test]
fn duplicates() {
    let mut pair = Pair::new(27);
    let first = pair.send(true);
    pair.deliver(&first);
    assert_eq!(pair.b.receive(&first.bytes), Err(SpqrError::KeyAlreadyRequested(1)));
    let mut again = first.clone();
    for index in 2..10 {
        again.bytes[2] = index;
        pair.b.receive(&again.bytes).unwrap();
    }
    assert_eq!(pair.b.braid.state(), Some(("NoHeaderReceived", 1)), "one chunk is not three");
}

/// Scenario 28: a talk bias that changes every 50 ticks, 70 % out of order, 10 % dropped, bursts up to 9.
#[test]
fn random_scheduling() {
    let mut pair = Pair::new(28);
    let mut random = ChaCha20Rng::seed_from_u64(2_828);
    let mut on_the_way: [Vec<InFlight>; 2] = [vec![], vec![]];
    let mut a_talks = 25;
    for tick in 0..10_000 {
        if tick % 50 == 0 {
            a_talks = if random.next_u32().is_multiple_of(2) { 25 } else { 75 };
        }
        let from_a = random.next_u32() % 100 < a_talks;
        for _ in 0..=random.next_u32() % 9 {
            let message = pair.send(from_a);
            if random.next_u32() % 100 >= 10 {
                on_the_way[usize::from(from_a)].push(message);
            }
        }
        let queue = &mut on_the_way[usize::from(!from_a)];
        for _ in 0..=random.next_u32() % 9 {
            if queue.is_empty() {
                break;
            }
            let out_of_order = random.next_u32() % 100 < 70;
            let position = if out_of_order { random.next_u32() as usize % queue.len() } else { 0 };
            let message = queue.remove(position);
            match pair.party(!message.from_a).receive(&message.bytes) {
                Ok(key) => assert_eq!(key.map(|key| *key.as_bytes()), message.key),
                Err(error) => assert!(
                    matches!(error, SpqrError::UnknownChainEpoch(_) | SpqrError::KeyTrimmed(_)),
                    "{error}"
                ),
            }
        }
    }
    assert!(pair.a.braid.state().unwrap().1 > 20, "{:?}", pair.a.braid);
}

/// Scenario 29: a side goes offline with 4 % and comes back with 5 % per tick, and sends in half of its online
/// ticks. What waits is delivered when the other side comes back.
#[test]
fn online_and_offline() {
    let mut pair = Pair::new(29);
    let mut random = ChaCha20Rng::seed_from_u64(2_929);
    let mut online = [true, true];
    let mut waiting: [Vec<InFlight>; 2] = [vec![], vec![]];
    for _ in 0..100_000 {
        for a in [true, false] {
            let side = usize::from(a);
            let flip = if online[side] { 4 } else { 5 };
            online[side] ^= random.next_u32() % 100 < flip;
            if !online[side] {
                continue;
            }
            for message in std::mem::take(&mut waiting[side]) {
                pair.deliver(&message);
            }
            if random.next_u32().is_multiple_of(2) {
                let message = pair.send(a);
                waiting[usize::from(!a)].push(message);
            }
        }
    }
    assert!(pair.a.braid.state().unwrap().1 > 20, "{:?}", pair.a.braid);
}

#[test]
fn draws() {
    let mut pair = Pair::new(32);
    let mut drawn = BTreeMap::new();
    for _ in 0..200 {
        for a in [true, false] {
            let (state, epoch) = pair.party(a).braid.state().unwrap();
            let mut rng = match state {
                "KeysUnsampled" => Draws(vec![vec![3; 64]].into()),
                "HeaderReceived" => Draws(vec![vec![4; 32]].into()),
                _ => Draws::default(),
            };
            *drawn.entry((epoch, rng.0.front().map(Vec::len))).or_insert(0) += 1;
            let (bytes, key) = pair.party(a).send(&mut rng);
            assert!(rng.0.is_empty());
            pair.deliver(&InFlight { from_a: a, bytes, key: key.map(|key| *key.as_bytes()) });
        }
    }
    assert!((1..5).all(|epoch| drawn[&(epoch, Some(64))] == 1 && drawn[&(epoch, Some(32))] == 1));
}

struct Chains {
    a: Chain,
    b: Chain,
}

impl Chains {
    fn new(limits: Limits) -> Self {
        Self {
            a: Chain::start(&[7; 32], Direction::A2B, limits),
            b: Chain::start(&[7; 32], Direction::B2A, limits),
        }
    }

    fn add_epoch(&mut self, secret: u8) {
        for chain in [&mut self.a, &mut self.b] {
            let added = Some(chain.next_epoch(&[secret; 32]));
            chain.apply(ChainChange { added, step: None });
        }
    }

    fn send(&mut self, epoch: u64) -> Result<(u32, Secret<32>), SpqrError> {
        let (step, index, key) = self.a.send_key(epoch)?;
        self.a.apply(ChainChange { added: None, step: Some(step) });
        Ok((index, key))
    }

    fn receive(&mut self, epoch: u64, index: u32) -> Result<Secret<32>, SpqrError> {
        let (step, key) = self.b.receive_key(epoch, index)?;
        self.b.apply(ChainChange { added: None, step: Some(step) });
        Ok(key)
    }
}

#[test]
fn both_sides_get_the_same_keys() {
    let mut chains = Chains::new(Limits::default());
    for epoch in 0..2 {
        let keys: Vec<_> = (0..10).map(|_| chains.send(epoch).unwrap()).collect();
        for position in [0, 9, 3] {
            let (index, key) = &keys[position];
            assert_eq!(chains.receive(epoch, *index).as_ref(), Ok(key));
        }
        chains.add_epoch(1);
    }
}

#[test]
fn two_thousand_keys_in_random_order() {
    let mut chains = Chains::new(Limits::default());
    let mut keys: Vec<_> = (0..2_000).map(|_| chains.send(0).unwrap()).collect();
    let mut random = rng();
    while !keys.is_empty() {
        let (index, key) = keys.swap_remove(random.next_u32() as usize % keys.len());
        assert_eq!(chains.receive(0, index), Ok(key));
        assert_eq!(chains.receive(0, index), Err(SpqrError::KeyAlreadyRequested(index)));
    }
}

#[test]
fn the_longest_jump() {
    for limits in [Limits::default(), Limits::new(7, 3)] {
        let mut chains = Chains::new(limits);
        let max = limits.max_jump();
        assert_eq!(chains.receive(0, max + 1), Err(SpqrError::KeyJump { counter: 0, index: max + 1 }));
        chains.receive(0, max).unwrap();
        let error = SpqrError::KeyJump { counter: max, index: 2 * max + 1 };
        assert_eq!(chains.receive(0, 2 * max + 1), Err(error));
        chains.receive(0, 2 * max).unwrap();
    }
    Chains::new(Limits::own_account()).receive(0, 30_000).unwrap();
}

#[test]
fn the_window_of_old_keys() {
    let mut chains = Chains::new(Limits::new(0, 10));
    chains.receive(0, 12).unwrap();
    assert_eq!(chains.receive(0, 1), Err(SpqrError::KeyTrimmed(1)));
    chains.receive(0, 2).unwrap();
    assert_eq!(chains.receive(0, 0), Err(SpqrError::KeyTrimmed(0)));
}

#[test]
fn a_long_jump_forgets_all() {
    let mut chains = Chains::new(Limits::new(0, 10));
    chains.receive(0, 5).unwrap();
    chains.receive(0, 16).unwrap();
    for index in 1..6 {
        assert_eq!(chains.receive(0, index), Err(SpqrError::KeyTrimmed(index)));
    }
    chains.receive(0, 6).unwrap();
}

#[test]
fn old_epochs() {
    let mut chains = Chains::new(Limits::default());
    chains.add_epoch(1);
    chains.add_epoch(2);
    let a = &mut chains;
    a.send(2).unwrap();
    assert_eq!(a.send(1).unwrap_err(), SpqrError::SendEpochDecreased { newest: 2, asked: 1 });
    assert!(a.a.receive_key(1, 1).is_ok());
    assert_eq!(a.a.receive_key(0, 1).unwrap_err(), SpqrError::UnknownChainEpoch(0));
    assert_eq!(a.send(3).unwrap_err(), SpqrError::UnknownChainEpoch(3));
}

#[test]
fn who_only_receives_keeps_old_epochs() {
    let mut chains = Chains::new(Limits::default());
    for secret in 1..4 {
        chains.add_epoch(secret);
    }
    for epoch in (0..4).rev() {
        chains.receive(epoch, 2).unwrap();
    }
}

/// Scenario 40: random operations against a model that keeps every key there ever was.
#[test]
fn against_a_model() {
    let limits = Limits::new(60, 25);
    let mut random = rng();
    for _ in 0..20 {
        let mut chains = Chains::new(limits);
        let keys: Vec<_> = (0..2_000).map(|_| chains.send(0).unwrap().1).collect();
        let (mut newest, mut given) = (0u32, Vec::new());
        for _ in 0..500 {
            let index = (newest + random.next_u32() % 70).saturating_sub(30).min(1_999);
            let expected = match index.checked_sub(newest) {
                Some(0) => Err(SpqrError::KeyAlreadyRequested(index)),
                Some(jump) if jump > 60 => Err(SpqrError::KeyJump { counter: newest, index }),
                None if index + 25 < newest => Err(SpqrError::KeyTrimmed(index)),
                None if index == 0 || given.contains(&index) => Err(SpqrError::KeyAlreadyRequested(index)),
                _ => Ok(()),
            };
            let outcome = chains.receive(0, index);
            assert_eq!(outcome.as_ref().map(|_| ()).map_err(|error| *error), expected);
            if let Ok(key) = outcome {
                assert_eq!(key, keys[index as usize - 1]);
                given.push(index);
                newest = newest.max(index);
            }
        }
        assert!(newest > 500);
    }
}

#[test]
fn shuffled_chunks_of_every_length() {
    fn check<const N: usize>(random: &mut ChaCha20Rng) {
        let mut rows = Box::new([[0; 32]; N]);
        random.fill_bytes(rows.as_flattened_mut());
        let data = ByteString::from_rows(rows);
        let encoder = Encoder::new(data.clone());
        for range in [3 * N, 2_000, 65_536] {
            let mut decoder = Decoder::<N>::new();
            while decoder.decode().is_none() {
                assert!(decoder.chunks().len() < N);
                decoder.add(encoder.chunk(u16::try_from(random.next_u32() as usize % range).unwrap()));
            }
            assert_eq!(decoder.chunks().len(), N);
            assert_eq!(decoder.decode(), Some(data.clone()));
        }
    }
    let mut random = rng();
    check::<3>(&mut random);
    check::<5>(&mut random);
    check::<30>(&mut random);
    check::<36>(&mut random);
}

/// What a session without skipped keys stores for the ratchet, in every state.
#[test]
fn the_stored_form_is_small_in_every_state() {
    let mut largest: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut pair, last) = b_lacks_one_chunk();
    pair.deliver(&last);
    let mut pairs = [pair, Pair::new(99)];
    for pair in &mut pairs {
        for _ in 0..200 {
            pair.lockstep();
            for a in [true, false] {
                let braid = &pair.party(a).braid;
                let entry = largest.entry(braid.state().unwrap().0).or_default();
                *entry = record(braid, None).len().max(*entry);
            }
        }
    }
    assert_eq!(largest.len(), 11, "{largest:?}");
    assert!(largest.values().all(|size| *size < 2_900), "{largest:?}");
}

#[test]
fn debug_shows_no_secret() {
    let mut pair = Pair::new(50);
    let sent = pair.a.braid.send(&mut rng()).unwrap();
    let shown = format!("{:?} {sent:?} {:?}", pair.a.braid, Chains::new(Limits::default()).a);
    let key = hex::encode(sent.key.as_ref().unwrap().as_bytes());
    assert!(!shown.contains("42, 42") && !shown.contains("66, 66") && !shown.contains(&key), "{shown}");
    pair.lockstep();
}
