// SPDX-License-Identifier: MIT OR Apache-2.0

//! The leak ledger (rose 30 §8, §10): what each observer learns of a message, over more than 4,000 of varied sender,
//! device, peer, counter, phase of the braid, kind, flags and content. Each test has a twin in which a leak is planted,
//! and which must find it.

use std::collections::{BTreeMap, HashSet};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::hazmat::crypto::kdf::hkdf_into;
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::keys::{PrivateKey, PublicKey};
use subrosa::rose::group::{GroupKey, GroupKeys, GroupOutgoing};
use subrosa::rose::{
    Class, Kind, Outgoing, ReceiveError, Sender, Session, Upload, is_wire_length, seal_for_many, wire_length,
};

use crate::parties::{Device, NOW, Service, introduce, pair};

/// A message on the wire, and the secret facts about it.
#[derive(Clone)]
struct Output {
    bytes: Vec<u8>,
    /// Position in the conversation: tells counter and phase.
    at: usize,
    kind: u8,
    /// Room that the content needs: content, parts, prefix.
    needed: usize,
}

/// A leak that is planted.
type Leak = fn(&mut Output);

const CONVERSATIONS: u64 = 6;
const MESSAGES: usize = 720;

/// The outputs of conversations of several pairs of devices, some of them franked.
fn corpus() -> Vec<Output> {
    let mut outputs = Vec::new();
    for conversation in 0..CONVERSATIONS {
        let franked = conversation % 3 == 2;
        let [mut alice, mut bob] = pair(100 * conversation, franked);
        let mut dice = ChaCha20Rng::seed_from_u64(conversation);
        for at in 0..MESSAGES {
            let (from, to) =
                if dice.next_u32() % 3 == 0 { (&mut bob, &mut alice) } else { (&mut alice, &mut bob) };
            let output = say(from, to, &mut dice, (at, franked));
            outputs.push(output);
        }
    }
    assert!(outputs.len() >= 4_000);
    outputs
}

fn say(from: &mut Device, to: &mut Device, dice: &mut ChaCha20Rng, (at, franked): (usize, bool)) -> Output {
    let kind = [Kind::Dummy, Kind::Content, Kind::Content, Kind::Receipt, Kind::Other(99)]
        [usize::try_from(dice.next_u32() % 5).unwrap()];
    let longest = [20, 150, 190, 700, 3_000][usize::try_from(dice.next_u32() % 5).unwrap()];
    let len = if kind == Kind::Dummy { 0 } else { usize::try_from(dice.next_u32()).unwrap() % longest };
    // Content that is far from random.
    let content = vec![u8::try_from(dice.next_u32() % 3).unwrap(); len];
    let report = (franked && kind == Kind::Content).then_some(&[7; 68]);
    let message = Outgoing { kind, content: &content, at_least: 0, report };
    let bytes = from.send(to.name(), &message).unwrap();
    let (_, received) = to.receive(&bytes, false).unwrap();
    assert_eq!(&received.content[..], content);
    Output { bytes, at, kind: kind.to_u8(), needed: 190 + len + if report.is_some() { 68 } else { 0 } }
}

fn with(leak: Leak) -> Vec<Output> {
    let mut outputs = corpus();
    outputs.iter_mut().for_each(leak);
    outputs
}

/// `N/256 + 6σ`: as often as chance has it.
fn chance(count: usize) -> f64 {
    let count = f64::from(u32::try_from(count).unwrap());
    count / 256.0 + 6.0 * (count * (1.0 / 256.0) * (255.0 / 256.0)).sqrt()
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// T1: no byte offset has any value too often.
fn shape(outputs: &[Output]) -> Result<(), String> {
    for offset in 0..6_144 {
        let mut counts = [0; 256];
        let values: Vec<u8> = outputs.iter().filter_map(|output| output.bytes.get(offset).copied()).collect();
        for value in &values {
            counts[usize::from(*value)] += 1;
        }
        let most = counts.into_iter().max().unwrap_or(0);
        if float(most) > chance(values.len()) + 6.0 {
            return Err(format!(
                "T1, text, service: offset {offset} has one value {most} of {} times",
                values.len()
            ));
        }
    }
    Ok(())
}

#[test]
fn t1_no_offset_prefers_a_value() {
    assert_eq!(shape(&corpus()), Ok(()));
}

#[test]
fn t1_finds_a_counter_in_the_clear() {
    assert!(shape(&with(|output| output.bytes[40] = u8::try_from(output.at >> 8).unwrap())).is_err());
    assert!(shape(&with(|output| output.bytes[16] &= 0x7F)).is_err());
}

/// T2: lengths are of the list, and tell the bucket alone.
fn lengths(outputs: &[Output]) -> Result<(), String> {
    for output in outputs {
        let len = output.bytes.len();
        if !is_wire_length(len) || wire_length(output.needed) != Ok(len) {
            return Err(format!(
                "T2, text, network: {len} bytes for {}, kind {}",
                output.needed, output.kind
            ));
        }
    }
    Ok(())
}

#[test]
fn t2_lengths_tell_the_bucket_alone() {
    assert_eq!(lengths(&corpus()), Ok(()));
}

#[test]
fn t2_finds_a_length_that_depends_on_content() {
    let by_content: Leak = |output| output.bytes.extend(std::iter::repeat_n(0, output.needed % 2));
    let by_kind: Leak =
        |output| output.bytes.extend(std::iter::repeat_n(0, if output.kind == 0 { 384 } else { 0 }));
    assert!(lengths(&with(by_content)).is_err());
    assert!(lengths(&with(by_kind)).is_err());
}

/// T3: no 8-byte window twice; byte values and bit pairs as chance has them, by offset class and in all.
fn windows(outputs: &[Output]) -> Result<(), String> {
    let mut seen = HashSet::new();
    for output in outputs {
        for window in output.bytes.windows(8) {
            if !seen.insert(<[u8; 8]>::try_from(window).unwrap()) {
                return Err("T3, text, service: a window occurs twice".to_owned());
            }
        }
    }
    let classes = [
        ("tag", 0, 16),
        ("R", 16, 32),
        ("header", 32, 136),
        ("F", 136, 168),
        ("body", 168, 1 << 20),
        ("all", 0, 1 << 20),
    ];
    for (class, from, to) in classes {
        let (mut bytes, mut pairs) = ([0_usize; 256], [0_usize; 4]);
        for output in outputs {
            for byte in output.bytes.iter().take(to).skip(from) {
                bytes[usize::from(*byte)] += 1;
                for shift in [0, 2, 4, 6] {
                    pairs[usize::from(byte >> shift & 3)] += 1;
                }
            }
        }
        for z in [z_of(&bytes), z_of(&pairs)] {
            // p in [10^-6, 1 − 10^-6].
            if z.abs() > 4.76 {
                return Err(format!("T3, text, service: {class} is not uniform, z = {z}"));
            }
        }
    }
    Ok(())
}

/// Chi-square of counts against uniform ones, as a standard normal (Wilson and Hilferty).
fn z_of(counts: &[usize]) -> f64 {
    let expected = float(counts.iter().sum()) / float(counts.len());
    let chi: f64 = counts.iter().map(|count| (float(*count) - expected).powi(2) / expected).sum();
    let degrees = float(counts.len() - 1);
    let spread = 2.0 / (9.0 * degrees);
    ((chi / degrees).cbrt() - (1.0 - spread)) / spread.sqrt()
}

#[test]
fn t3_no_window_twice_and_all_bytes_uniform() {
    assert_eq!(windows(&corpus()), Ok(()));
}

#[test]
fn t3_finds_repeated_and_skewed_bytes() {
    assert!(windows(&with(|output| output.bytes[200..208].fill(9))).is_err());
    assert!(windows(&with(|output| output.bytes[50] = 0)).is_err());
}

/// A session's state to encrypt from, over and over.
struct Frozen {
    device: Device,
    peer: subrosa::rose::DeviceName,
    record: Vec<u8>,
}

impl Frozen {
    fn new(seed: u64, turns: usize) -> Self {
        let [mut alice, mut bob] = pair(seed, false);
        for _ in 0..turns {
            let message = alice.send(bob.name(), &Outgoing::content(b"x")).unwrap();
            bob.receive(&message, false).unwrap();
        }
        let record = alice.sessions[&bob.name()].record().as_bytes().to_vec();
        Self { device: alice, peer: bob.name(), record }
    }

    /// Encrypts with a random tape, from the frozen state.
    fn encrypt(&self, tape: u64, message: &Outgoing<'_>) -> Vec<u8> {
        let mut session = Session::from_record(&self.record, self.peer).unwrap();
        let sender = Sender { certificate: &self.device.certificate, contact: None, now: NOW };
        session.encrypt(message, &sender, &mut ChaCha20Rng::seed_from_u64(tape)).unwrap().commit()
    }
}

/// How many bytes from 16 on are equal.
fn equal(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).skip(16).filter(|(a, b)| a == b).count()
}

/// T4: runs that differ in one secret input, with the same random tape, are as different as chance has it.
fn inputs(leak: fn(&[u8], &mut Vec<u8>)) -> Result<(), String> {
    let (one, later, other) = (Frozen::new(1, 4), Frozen::new(1, 5), Frozen::new(50, 4));
    let mut differences: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for tape in 0..1_000 {
        let content = u32::try_from(tape).unwrap().to_be_bytes();
        let base = one.encrypt(tape, &Outgoing::content(&content));
        if base != one.encrypt(tape, &Outgoing::content(&content)) {
            return Err("T4: nothing differs, yet the messages do".to_owned());
        }
        let runs = [
            ("content", one.encrypt(tape, &Outgoing::content(b"else"))),
            ("length", one.encrypt(tape, &Outgoing::content(b"longer content"))),
            ("kind", one.encrypt(tape, &Outgoing::of(Kind::Receipt, &content))),
            ("counter", later.encrypt(tape, &Outgoing::content(&content))),
            ("session", other.encrypt(tape, &Outgoing::content(&content))),
        ];
        for (what, mut run) in runs {
            leak(&base, &mut run);
            if ["counter", "session"].contains(&what) == (base[..16] == run[..16]) {
                return Err(format!("T4: the tag, {what}"));
            }
            let (same, all) = differences.entry(what).or_default();
            *same += equal(&base, &run);
            *all += base.len() - 16;
        }
    }
    for (what, (same, all)) in differences {
        if float(same) > chance(all) {
            return Err(format!("T4, text, service: {what} shows, {same} of {all} bytes are equal"));
        }
    }
    Ok(())
}

#[test]
fn t4_each_secret_input_changes_every_byte() {
    assert_eq!(inputs(|_, _| {}), Ok(()));
}

#[test]
fn t4_finds_a_reused_header_key() {
    // `R` drawn alone: the same draw gives the same header key, and the same encrypted header but for what differs.
    assert!(inputs(|base, run| run[16..136].copy_from_slice(&base[16..136])).is_err());
}

/// T5: the same plaintexts to many peers, with one random tape for all.
fn peers(leak: fn(&mut Vec<u8>)) -> Result<(), String> {
    let frozen: Vec<Frozen> = (0..8).map(|peer| Frozen::new(1_000 + 10 * peer, 2)).collect();
    let mut outputs = Vec::new();
    for tape in 0..520 {
        for frozen in &frozen {
            let mut bytes = frozen.encrypt(tape % 65, &Outgoing::content(&tape.to_be_bytes()));
            leak(&mut bytes);
            outputs.push(Output { bytes, at: 0, kind: 1, needed: 198 });
        }
    }
    // One state encrypts many times here, so its tag repeats: a rollback, which T8 is about.
    for (count, output) in (0_u64..).zip(&mut outputs) {
        output.bytes.splice(..16, ChaCha20Rng::seed_from_u64(count).next_u64().to_be_bytes());
    }
    windows(&outputs)
}

#[test]
fn t5_two_recipients_share_nothing() {
    assert_eq!(peers(|_| {}), Ok(()));
}

#[test]
fn t5_finds_what_recipients_share() {
    assert!(peers(|bytes| bytes[150..158].fill(3)).is_err());
}

/// T6: 200 recorded messages, and every 32-byte string of a stolen record tried as header key. Which messages open is
/// counted from the course of the conversation.
fn theft(plant: bool) -> Result<(), String> {
    let [mut alice, mut bob] = pair(6_000, false);
    let (to_alice, to_bob) = (alice.name(), bob.name());
    let mut recorded: Vec<(bool, usize, Vec<u8>)> = Vec::new();
    let (mut chains, mut last, mut early) = ([0, 0], true, Vec::new());
    let mut dice = ChaCha20Rng::seed_from_u64(6);
    let (mut withheld, mut again) = (None, false);
    for at in 0..200 {
        if at == 40 {
            early = bob.sessions[&to_alice].record().as_bytes().to_vec();
        }
        let by_alice = std::mem::take(&mut again) || dice.next_u32() % 2 == 0;
        chains[usize::from(by_alice)] += usize::from(by_alice != last);
        last = by_alice;
        let (from, to) = if by_alice { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
        let message = from.send(if by_alice { to_bob } else { to_alice }, &Outgoing::content(b"m")).unwrap();
        recorded.push((by_alice, chains[usize::from(by_alice)], message.clone()));
        // One message of Alice's never comes, but the next of its chain: that is kept for it, until it is too old.
        if by_alice && at > 185 && withheld.is_none() {
            (withheld, again) = (Some(chains[1]), true);
            continue;
        }
        to.receive(&message, false).map_err(|error| error.to_string())?;
    }
    let mut record = bob.sessions[&to_alice].record().as_bytes().to_vec();
    if plant {
        record.extend(early);
    }
    let kept = |by_alice: bool, chain: usize| {
        // Alice's and Bob's present chains. If Bob has not answered Alice's last chain, his sending chain is new and
        // empty, and the one before it is gone.
        let present = if by_alice { chain == chains[1] } else { chain == chains[0] && !last };
        present || (by_alice && Some(chain) == withheld)
    };
    let keys: Vec<[u8; 32]> = record.windows(32).map(|key| key.try_into().unwrap()).collect();
    for (by_alice, chain, message) in &recorded {
        let opens = keys.iter().any(|key| subrosa::hazmat::rose::header_opens(key, message));
        if opens != kept(*by_alice, *chain) {
            return Err(format!("T6, text, thief: chain {chain} of {by_alice}: {opens}"));
        }
    }
    Ok(())
}

#[test]
fn t6_a_thief_links_the_present_chains_alone() {
    assert_eq!(theft(false), Ok(()));
}

#[test]
fn t6_finds_an_old_chain_that_is_kept() {
    assert!(theft(true).is_err());
}

/// What a thief reads in Alice's record, which has these fields at fixed places once both sides have sent.
struct Stolen {
    root: [u8; 32],
    private: [u8; 32],
    remote: [u8; 32],
    mix_s: u32,
    next_sending: [u8; 32],
    mix_r: u32,
}

impl Stolen {
    fn of(session: &Session) -> Self {
        let record = session.record();
        // Header, generation, what is known, count; the state's fixed part and three flags that are 0.
        let ratchet = &record.as_bytes()[4 + 8 + 1 + 127 + 1 + 69 + 3..];
        let key = |at: usize| ratchet[at..at + 32].try_into().unwrap();
        let number = |at: usize| u32::from_le_bytes(ratchet[at..at + 4].try_into().unwrap());
        assert_eq!([ratchet[96], ratchet[129], ratchet[238]], [1; 3], "there is a key and a chain each way");
        Self {
            root: key(0),
            private: key(64),
            remote: key(97),
            mix_s: number(130 + 68),
            next_sending: key(206),
            mix_r: number(239 + 72),
        }
    }
}

/// `RK'` and `NHK` of a root step.
fn root_step(root: &[u8; 32], dh: &[u8], hx: &[u8; 32]) -> [[u8; 32]; 2] {
    let mut out = [0; 96];
    hkdf_into(root, &[dh, hx].concat(), b"rose1.root\0", &mut out).unwrap();
    [out[..32].try_into().unwrap(), out[64..].try_into().unwrap()]
}

fn agree(private: &[u8; 32], public: &[u8; 32]) -> Vec<u8> {
    let private = PrivateKey::from_secret(&Secret::new(*private));
    private.diffie_hellman(&PublicKey::from_bytes(*public)).unwrap().as_bytes().to_vec()
}

/// T7: a thief of Alice's state is given every X25519 key made later. The turn at which it loses the header keys, if it
/// does within 130. It knows `hx` of all epochs up to the one under way at the theft, or of all.
fn quantum_thief(knows_all: bool) -> Option<usize> {
    let [mut alice, mut bob] = pair(7_000, false);
    let names = [alice.name(), bob.name()];
    let mut thief = Stolen::of(&alice.sessions[&names[1]]);
    let newest =
        (0..1_000).take_while(|epoch| alice.sessions[&names[1]].hx(*epoch).is_some()).last().unwrap();
    for turn in 1..=130 {
        let message = alice.send(names[1], &Outgoing::dummy()).unwrap();
        bob.receive(&message, false).unwrap();
        let message = bob.send(names[0], &Outgoing::dummy()).unwrap();
        alice.receive(&message, false).unwrap();
        let session = &alice.sessions[&names[1]];
        let now = Stolen::of(session);
        // The quantum computer computes both agreements of the step.
        let hx = |mix: u32| {
            let known = knows_all || u64::from(mix) <= newest + 1;
            if known { *session.hx(mix.into()).unwrap() } else { [0; 32] }
        };
        let [root, _] = root_step(&thief.root, &agree(&thief.private, &now.remote), &hx(now.mix_r));
        let [root, next] = root_step(&root, &agree(&now.private, &now.remote), &hx(now.mix_s));
        if next != now.next_sending {
            return Some(turn);
        }
        thief = Stolen { root, ..now };
    }
    None
}

#[test]
fn t7_a_quantum_thief_loses_the_headers_with_an_epoch() {
    let lost = quantum_thief(false);
    assert!(lost.is_some_and(|turn| (40..=120).contains(&turn)), "{lost:?}");
}

#[test]
fn t7_without_hx_it_never_does() {
    assert_eq!(quantum_thief(true), None);
}

/// T8: a sender that was put back repeats its tag, and nothing else; the receiver takes one of the two.
#[test]
fn t8_a_rolled_back_sender_repeats_its_tag_alone() {
    let [mut alice, mut bob] = pair(8_000, false);
    let peer = bob.name();
    let (mut same, mut all, mut keystreams) = (0, 0, HashSet::new());
    for at in 0..2_000_u32 {
        let frozen = alice.sessions[&peer].record().as_bytes().to_vec();
        let tape = alice.rng.clone();
        let first = alice.send(peer, &Outgoing::content(&at.to_be_bytes())).unwrap();
        let kept = alice.sessions.insert(peer, Session::from_record(&frozen, peer).unwrap()).unwrap();
        // Every other time even the generator is put back.
        let went_on = if at % 2 == 0 { std::mem::replace(&mut alice.rng, tape) } else { alice.rng.clone() };
        let second = alice.send(peer, &Outgoing::content(&(at ^ 0xFFFF).to_be_bytes())).unwrap();
        assert_eq!(first[..16], second[..16], "the same number under the same key");
        same += equal(&first, &second);
        all += first.len() - 16;
        // Key and nonce of header and body are functions of `R`, which never repeats.
        assert!(keystreams.insert(first[16..32].to_vec()) && keystreams.insert(second[16..32].to_vec()));
        let us = alice.name();
        let before = bob.sessions[&us].record().as_bytes().to_vec();
        for (taken, other) in [(&second, &first), (&first, &second)] {
            bob.put_back(us, &before);
            bob.receive(taken, false).unwrap();
            assert!(bob.receive(other, false).is_err());
        }
        (alice.rng, _) = (went_on, alice.sessions.insert(peer, kept));
        if at % 5 == 0 {
            let answer = bob.send(alice.name(), &Outgoing::dummy()).unwrap();
            alice.receive(&answer, false).unwrap();
        }
    }
    assert!(float(same) <= chance(all), "{same} of {all}");
}

/// T9: envelopes of one session share no window; their length is 6,144; what is inside does not show.
#[test]
fn t9_first_contacts_show_that_they_are_ones() {
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, 9_000);
    let mut bob = Device::new(&service, "bob", 1, 9_001);
    let bundle = bob.bundle(Class::OneTime);
    let peer = alice.begin(&bundle, false);
    let secrets = [&alice.account.keys().card().as_bytes()[..], &alice.certificate].concat();
    let hidden: HashSet<&[u8]> = secrets.windows(8).collect();
    let mut seen: HashSet<[u8; 8]> = HashSet::new();
    let mut small = 0;
    for at in 0..250_u32 {
        let message = alice.send(peer, &Outgoing::content(&at.to_be_bytes())).unwrap();
        assert_eq!(message.len(), 6_144);
        for window in message.windows(8) {
            assert!(seen.insert(window.try_into().unwrap()), "a window occurs twice");
            assert!(!hidden.contains(window), "card or certificate shows");
        }
        small += message[..960].iter().map(|byte| byte.count_ones()).sum::<u32>();
    }
    // The known positive: ML-KEM's compression to 1,024 of 3,329 values is a bias that so many envelopes show.
    let (bits, ones) = (250.0 * 960.0 * 8.0, f64::from(small));
    assert!((ones - bits / 2.0).abs() < bits, "counted");
    assert!(compressed_bias(&mut alice, peer) > 8.0);
}

/// How far the compressed coefficients of envelopes are from uniform, in standard deviations. Of 3,329 values three
/// or four go to each of 1,024, so that some come up a third more often than others.
fn compressed_bias(alice: &mut Device, peer: subrosa::rose::DeviceName) -> f64 {
    let (mut heavy, mut total) = (0_u32, 0_u32);
    let is_heavy: Vec<bool> = {
        let mut counts = [0_u32; 1_024];
        for value in 0..3_329_u32 {
            counts[usize::try_from((value * 1_024 + 1_664) / 3_329 % 1_024).unwrap()] += 1;
        }
        counts.iter().map(|count| *count == 4).collect()
    };
    let expected = is_heavy.iter().filter(|heavy| **heavy).count();
    for _ in 0..250 {
        let message = alice.send(peer, &Outgoing::dummy()).unwrap();
        for group in message[..960].chunks_exact(5) {
            let bits = group.iter().rev().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for at in 0..4 {
                heavy += u32::from(is_heavy[usize::try_from(bits >> (10 * at) & 1_023).unwrap()]);
                total += 1;
            }
        }
    }
    let p = float(expected) / 1_024.0;
    (f64::from(heavy) - f64::from(total) * p).abs() / (f64::from(total) * p * (1.0 - p)).sqrt()
}

/// T10: what was recorded opens no more once its keys are deleted; before, it does.
#[test]
fn t10_recorded_first_contacts_are_dead_after_deletion() {
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, 10_000);
    let mut bob = Device::new(&service, "bob", 1, 10_001);
    let bundle = bob.bundle(Class::LastResort);
    let peer = alice.begin(&bundle, false);
    let message = alice.send(peer, &Outgoing::content(b"hello")).unwrap();
    let id = u32::from_be_bytes(bundle[2_604..2_608].try_into().unwrap());
    assert!(bob.account.open(&message).is_ok(), "the known positive");
    let staged = bob.account.delete_prekey(id).unwrap();
    staged.commit_with(|writes| bob.store.apply(writes)).unwrap();
    assert_eq!(bob.receive(&message, false).unwrap_err(), ReceiveError::UnknownPrekey);
    let staged = bob.account.new_sealing_prekey(bob.now, &mut bob.rng).unwrap();
    staged.commit_with(|writes| bob.store.apply(writes)).unwrap();
    assert!(bob.account.open(&message).is_ok(), "replaced keys are kept for 30 days");
    let later = subrosa::Timestamp::from_secs(NOW.as_secs() + 31 * 86_400);
    let staged = bob.account.maintain(later).unwrap();
    staged.commit_with(|writes| bob.store.apply(writes)).unwrap();
    assert_eq!(bob.receive(&message, false).unwrap_err(), ReceiveError::NotFound);
}

/// T11: an upload gives mailboxes, sorted, and stubs that look random; a delivery is an ordinary message.
#[test]
fn t11_an_upload_tells_mailboxes_alone() {
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, 11_000);
    let mut members: Vec<Device> =
        (0..6).map(|at| Device::new(&service, &format!("member{at}"), 1, 11_001 + at)).collect();
    for member in &mut members {
        introduce(&mut alice, member, false);
    }
    let mut key = GroupKey::generate([5; 32], &mut alice.rng).commit();
    let mut keys: Vec<GroupKeys> = members
        .iter()
        .map(|member| {
            let mut keys = GroupKeys::new(alice.name(), *key.id(), false);
            keys.learn(key.distribution(&member.name()).as_bytes(), 0).unwrap().commit();
            keys
        })
        .collect();
    let mut outputs = Vec::new();
    let mut stubs = Vec::new();
    for at in 0..700_u32 {
        let content = at.to_be_bytes();
        let bytes = if at % 2 == 0 {
            let message = GroupOutgoing { content: &content, at_least: 0, report: None };
            let to: Vec<_> =
                members.iter().map(|member| (*member.name().as_bytes(), member.name())).collect();
            key.encrypt(&message, &alice.name(), to, &mut alice.rng).unwrap().commit()
        } else {
            let sender = Sender { certificate: &alice.certificate, contact: None, now: NOW };
            let sessions = alice.sessions.iter_mut().map(|(name, session)| (*name.as_bytes(), session));
            let staged = seal_for_many(sessions, (&content, 0), &sender, &mut alice.rng).unwrap();
            staged.commit().bytes
        };
        let upload = Upload::parse(&bytes).unwrap();
        let mut deliveries: Vec<(&[u8], Vec<u8>)> = upload.deliveries().collect();
        assert!(deliveries.is_sorted_by(|a, b| a.0 < b.0) && deliveries.len() == members.len());
        for ((mailbox, message), (member, keys)) in deliveries.iter().zip(members.iter_mut().zip(&mut keys)) {
            assert_eq!(*mailbox, member.name().as_bytes());
            if at % 2 == 0 {
                assert_eq!(&keys.decrypt(message).unwrap().commit().content[..], content);
            } else {
                assert_eq!(&member.receive(message, false).unwrap().1.content[..], content);
            }
            stubs.push(message[..16].to_vec());
        }
        // All deliveries of an upload have the shared part: one of them is looked at as a message.
        let (_, bytes) = deliveries.remove(0);
        outputs.push(Output { bytes, at: 0, kind: 1, needed: 0 });
    }
    assert_eq!(stubs.iter().collect::<HashSet<_>>().len(), stubs.len(), "no stub twice");
    assert!(stubs.len() >= 4_000);
    assert_eq!(windows(&outputs), Ok(()));
}
