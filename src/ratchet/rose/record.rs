// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored form of the ratchet (rose 36 §3), and its digest (37 §11).

use alloc::boxed::Box;
use alloc::vec::Vec;

#[cfg(feature = "hazmat")]
use sha2::{Digest, Sha256};

use super::{
    Change, Expected, HeaderKey, MAX_AGE, MAX_OLD, MAX_SKIPPED, NextChain, Old, Receiving, RoseRatchet,
    SeedChain, SeedChange, Sending, Step, window,
};
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::secret::Secret;
use crate::ratchet::chain::ChainKey;
use crate::ratchet::skipped::SkippedKeys;
use crate::ratchet::spqr::{Direction, Spqr, SpqrChange};
use crate::record::{RecordError, RecordReader, RecordWriter};

/// Skipped seeds by number.
type Seeds<'a> = Vec<(u32, &'a [u8; 32])>;

/// The ratchet as it will be after a change.
struct View<'a> {
    root: &'a Secret<32>,
    pair: &'a KeyPair,
    remote: Option<&'a PublicKey>,
    sending: Option<(&'a ChainKey, &'a Sending)>,
    previous: u32,
    next_sending: &'a Secret<32>,
    receiving: Option<(&'a ChainKey, &'a Receiving)>,
    skipped: Seeds<'a>,
    next_receiving: &'a HeaderKey,
    counts: [u8; 2],
    /// With the age and the seeds of each.
    old: Vec<(&'a HeaderKey, bool, u8, Seeds<'a>)>,
    braid: (&'a Spqr, Option<&'a SpqrChange>),
}

impl RoseRatchet {
    fn view<'a>(&'a self, change: Option<&'a Change>) -> View<'a> {
        let step = change.map(|change| &change.step);
        let braid = (&self.braid, change.map(|change| &change.braid));
        if let Some(Step::Next(next)) = step {
            return self.view_next(next, braid);
        }
        let received: Option<&SeedChange> =
            if let Some(Step::Current(change, _)) = step { Some(change) } else { None };
        let (receiving, skipped) = match &self.receiving {
            None => (None, Vec::new()),
            Some(receiving) => {
                let (chain, skipped) = receiving.chain.after(received);
                (Some((chain, &**receiving)), skipped.collect())
            }
        };
        let taken = if let Some(Step::Old { at, number }) = step { Some((*at, *number)) } else { None };
        View {
            root: &self.root,
            pair: &self.pair,
            remote: self.remote.as_ref(),
            sending: self.sending.as_ref().map(|sending| match step {
                Some(Step::Sent(chain)) => (chain, &**sending),
                _ => (&sending.chain, &**sending),
            }),
            previous: self.previous,
            next_sending: &self.next_sending,
            receiving,
            skipped,
            next_receiving: &self.next_receiving.key,
            counts: [self.sent_chains, self.received_chains],
            old: self.view_old(taken, 0, 0),
            braid,
        }
    }

    fn view_next<'a>(&'a self, next: &'a NextChain, braid: (&'a Spqr, Option<&'a SpqrChange>)) -> View<'a> {
        let keeps = !next.old_tags.is_empty();
        let mut old = self.view_old(None, self.dropped_before(keeps), 1);
        if let Some(before) = self.receiving.as_ref().filter(|_| keeps) {
            let seeds = before.chain.skipped_with(&next.rest).collect();
            old.push((&before.expected.key, before.first, 0, seeds));
        }
        let (chain, skipped) = next.receiving.chain.after(None);
        View {
            root: &next.root,
            pair: &next.pair,
            remote: Some(&next.remote),
            sending: Some((&next.sending.chain, &next.sending)),
            previous: next.previous,
            next_sending: &next.next_sending,
            receiving: Some((chain, &next.receiving)),
            skipped: skipped.collect(),
            next_receiving: &next.next_receiving.key,
            counts: [self.sent_chains, self.received_chains].map(|count| (count + 1).min(2)),
            old,
            braid,
        }
    }

    /// The old chains without the first `dropped`, `older` by so many chains, and without a seed that is taken.
    fn view_old(
        &self,
        taken: Option<(usize, u32)>,
        dropped: usize,
        older: u8,
    ) -> Vec<(&HeaderKey, bool, u8, Seeds<'_>)> {
        let chains = self.old.iter().enumerate().skip(dropped);
        let chains = chains.map(|(at, old)| {
            let seeds = old.skipped.iter().filter(|(number, _)| Some((at, *number)) != taken).collect();
            (&old.expected.key, old.first, old.age + older, seeds)
        });
        chains.filter(|(_, _, _, seeds): &(_, _, _, Seeds<'_>)| !seeds.is_empty()).collect()
    }

    /// Writes the ratchet as it will be after a change.
    pub(crate) fn write(&self, change: Option<&Change>, writer: &mut RecordWriter) {
        let view = self.view(change);
        writer.put_array(view.root.as_bytes());
        writer.put_array(view.pair.public().as_bytes());
        writer.put_array(view.pair.private().as_bytes());
        writer.put_flag(view.remote.is_some());
        if let Some(remote) = view.remote {
            writer.put_array(remote.as_bytes());
        }
        writer.put_flag(view.sending.is_some());
        if let Some((chain, sending)) = view.sending {
            writer.put_array(chain.as_bytes());
            writer.put_u32(chain.index());
            writer.put_array(sending.header_key.as_bytes());
            writer.put_u32(sending.mix);
        }
        writer.put_u32(view.previous);
        writer.put_array(view.next_sending.as_bytes());
        writer.put_flag(view.receiving.is_some());
        if let Some((chain, receiving)) = view.receiving {
            writer.put_array(chain.as_bytes());
            writer.put_u32(chain.index());
            writer.put_array(receiving.expected.key.as_bytes());
            writer.put_u32(receiving.previous);
            writer.put_u32(receiving.mix);
            writer.put_flag(receiving.first);
        }
        writer.put_array(view.next_receiving.as_bytes());
        writer.put_array(&view.counts);
        write_seeds(&view.skipped, writer);
        writer.put_u8(u8::try_from(view.old.len()).unwrap_or(u8::MAX));
        for (key, first, age, seeds) in &view.old {
            writer.put_array(key.as_bytes());
            writer.put_flag(*first);
            writer.put_u8(*age);
            write_seeds(seeds, writer);
        }
        view.braid.0.write_fixed(view.braid.1, writer);
    }

    /// Reads what [`Self::write`] wrote.
    pub(crate) fn read(direction: Direction, reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let root = reader.secret()?;
        let public = PublicKey::from_bytes(reader.array()?);
        let pair = KeyPair::from_parts(PrivateKey::from_secret(&reader.secret()?), public);
        let remote = if reader.flag()? { Some(PublicKey::from_bytes(reader.array()?)) } else { None };
        let sending = if reader.flag()? { Some(Box::new(read_sending(reader)?)) } else { None };
        let (previous, next_sending) = (reader.u32()?, reader.secret()?);
        let receiving = if reader.flag()? { Some(read_receiving(reader)?) } else { None };
        let next_receiving = Expected::new(HeaderKey::new(reader.secret()?), window(0));
        let [sent_chains, received_chains] = reader.array()?;
        let receiving = with_seeds(receiving, read_seeds(reader)?)?;
        let mut old = Vec::new();
        for _ in 0..reader.u8()? {
            old.push(Box::new(read_old(reader)?));
        }
        let braid = Spqr::read_fixed(direction, reader)?;
        let ratchet = Self {
            root,
            pair,
            remote,
            sending,
            previous,
            next_sending,
            receiving,
            next_receiving,
            old,
            braid,
            sent_chains,
            received_chains,
        };
        if ratchet.is_sound() { Ok(ratchet) } else { Err(RecordError::Damaged) }
    }

    fn is_sound(&self) -> bool {
        let newest = self.braid.newest_chain_epoch();
        let mixes = [
            self.sending.as_ref().map(|sending| sending.mix),
            self.receiving.as_ref().map(|receiving| receiving.mix),
        ];
        let ages = self.old.iter().map(|old| old.age);
        self.old.len() <= MAX_OLD
            && ages.clone().all(|age| age <= MAX_AGE)
            && ages.clone().zip(ages.skip(1)).all(|(older, younger)| older > younger)
            && self.old.iter().all(|old| !old.skipped.is_empty())
            && mixes.into_iter().flatten().all(|mix| u64::from(mix) <= newest)
            && self.sent_chains <= 2
            && self.received_chains <= 2
            && self.sending.is_some() == (self.sent_chains > 0)
            && self.receiving.is_some() == (self.received_chains > 0)
            && (self.remote.is_some() || self.sending.is_none())
    }

    /// Hashes the state in the form of the digest. `hybrid` is the session's.
    #[cfg(feature = "hazmat")]
    pub(crate) fn digest(&self, hybrid: bool) -> [u8; 32] {
        let view = self.view(None);
        let mut hash = Sha256::new();
        hash.update(view.root.as_bytes());
        hash.update(view.pair.public().as_bytes());
        hash.update([u8::from(view.remote.is_some())]);
        hash.update(view.remote.map_or(&[][..], |remote| remote.as_bytes()));
        hash.update([u8::from(view.sending.is_some())]);
        if let Some((chain, sending)) = view.sending {
            hash.update(chain.as_bytes());
            hash.update(chain.index().to_be_bytes());
            hash.update(sending.header_key.as_bytes());
            hash.update(sending.mix.to_be_bytes());
        }
        hash.update(view.previous.to_be_bytes());
        hash.update(view.next_sending.as_bytes());
        hash.update([u8::from(view.receiving.is_some())]);
        if let Some((chain, receiving)) = view.receiving {
            hash.update(chain.as_bytes());
            hash.update(chain.index().to_be_bytes());
            hash.update(receiving.expected.key.as_bytes());
            hash.update(receiving.previous.to_be_bytes());
            hash.update(receiving.mix.to_be_bytes());
            hash.update([u8::from(receiving.first)]);
        }
        hash.update(view.next_receiving.as_bytes());
        hash.update(view.counts);
        hash.update([u8::from(hybrid)]);
        digest_seeds(&view.skipped, &mut hash);
        hash.update([u8::try_from(view.old.len()).unwrap_or(u8::MAX)]);
        for (key, first, age, seeds) in &view.old {
            hash.update(key.as_bytes());
            hash.update([u8::from(*first), *age]);
            digest_seeds(seeds, &mut hash);
        }
        self.braid.digest(&mut hash);
        hash.finalize().into()
    }
}

fn write_seeds(seeds: &[(u32, &[u8; 32])], writer: &mut RecordWriter) {
    writer.put_u16(u16::try_from(seeds.len()).unwrap_or(u16::MAX));
    for (number, seed) in seeds {
        writer.put_u32(*number);
        writer.put_array(*seed);
    }
}

#[cfg(feature = "hazmat")]
fn digest_seeds(seeds: &[(u32, &[u8; 32])], hash: &mut Sha256) {
    hash.update(u16::try_from(seeds.len()).unwrap_or(u16::MAX).to_be_bytes());
    for (number, seed) in seeds {
        hash.update(number.to_be_bytes());
        hash.update(seed);
    }
}

fn read_seeds(reader: &mut RecordReader<'_>) -> Result<SkippedKeys, RecordError> {
    let count = usize::from(reader.u16()?);
    SkippedKeys::read_counted(reader, count, MAX_SKIPPED)
}

fn read_sending(reader: &mut RecordReader<'_>) -> Result<Sending, RecordError> {
    let (key, index) = (reader.secret()?, reader.u32()?);
    let (header_key, mix) = (HeaderKey::new(reader.secret()?), reader.u32()?);
    Ok(Sending { chain: ChainKey::new(key, index), header_key, mix })
}

/// A receiving chain without its skipped seeds, which are stored further behind.
type Bare = (ChainKey, HeaderKey, (u32, u32), bool);

fn read_receiving(reader: &mut RecordReader<'_>) -> Result<Bare, RecordError> {
    let (key, index) = (reader.secret()?, reader.u32()?);
    let header_key = HeaderKey::new(reader.secret()?);
    Ok((ChainKey::new(key, index), header_key, (reader.u32()?, reader.u32()?), reader.flag()?))
}

fn with_seeds(bare: Option<Bare>, skipped: SkippedKeys) -> Result<Option<Box<Receiving>>, RecordError> {
    let Some((next, key, (previous, mix), first)) = bare else {
        return if skipped.is_empty() { Ok(None) } else { Err(RecordError::Damaged) };
    };
    let numbers: Vec<u32> = skipped.iter().map(|(number, _)| number).chain(window(next.index())).collect();
    let chain = SeedChain::from_parts(next, skipped).ok_or(RecordError::Damaged)?;
    let expected = Expected::new(key, numbers.into_iter());
    Ok(Some(Box::new(Receiving { chain, expected, previous, mix, first })))
}

fn read_old(reader: &mut RecordReader<'_>) -> Result<Old, RecordError> {
    let (key, first, age) = (HeaderKey::new(reader.secret()?), reader.flag()?, reader.u8()?);
    let skipped = read_seeds(reader)?;
    let numbers: Vec<u32> = skipped.iter().map(|(number, _)| number).collect();
    Ok(Old { expected: Expected::new(key, numbers.into_iter()), first, age, skipped })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::agreement::rose::Agreed;
    use crate::ratchet::rose::{Place, ReceiveError};
    use crate::record::{RecordKind, RoseKind};
    use crate::wire::rose::header::{Form, Header};

    type Fault = fn(&mut RoseRatchet);

    const KIND: RecordKind = RecordKind::Rose(RoseKind::Session);

    /// Both sides after the agreement.
    fn pair(rng: &mut ChaCha20Rng) -> [RoseRatchet; 2] {
        let agreed = || {
            let [root, header_a, header_b, braid] = [1, 2, 3, 4].map(|byte| Secret::new([byte; 32]));
            Agreed { root, header_a, header_b, braid }
        };
        let [ours, prekey] = [(); 2].map(|()| KeyPair::generate(rng));
        let (public, dh) = (*prekey.public(), ours.private().diffie_hellman(prekey.public()).unwrap());
        [RoseRatchet::initiator(agreed(), ours, &dh, &public), RoseRatchet::responder(agreed(), prekey)]
    }

    /// So many messages, of which the last one arrives.
    fn pass(from: &mut RoseRatchet, to: &mut RoseRatchet, messages: u32, rng: &mut ChaCha20Rng) {
        for left in (0..messages).rev() {
            let sent = from.send(Form::Single, rng).unwrap();
            if left == 0 {
                let tag = from.sending_header_key().unwrap().tag(sent.header.number);
                let opening = to.receive(to.find(&tag).unwrap(), &sent.header, None).unwrap();
                let change = to.accept(opening, None, rng).unwrap();
                to.apply(change);
            }
            from.apply(sent.change);
        }
    }

    /// Bob with both chains and three old ones.
    fn bob() -> RoseRatchet {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let [mut alice, mut bob] = pair(&mut rng);
        for _ in 0..4 {
            pass(&mut alice, &mut bob, 3, &mut rng);
            pass(&mut bob, &mut alice, 1, &mut rng);
        }
        assert_eq!(bob.old.iter().map(|old| old.age).collect::<Vec<_>>(), [2, 1, 0]);
        bob
    }

    fn written(ratchet: &RoseRatchet) -> Vec<u8> {
        let mut writer = RecordWriter::new(KIND, 1, 4096);
        ratchet.write(None, &mut writer);
        writer.finish().as_bytes().to_vec()
    }

    fn read(bytes: &[u8]) -> Result<RoseRatchet, RecordError> {
        let (mut reader, _) = RecordReader::open(KIND, 1, bytes)?;
        let ratchet = RoseRatchet::read(Direction::B2A, &mut reader)?;
        reader.finish()?;
        Ok(ratchet)
    }

    #[test]
    fn a_chain_ends_and_begins_25_000_messages_ahead_at_most() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let [mut alice, mut bob] = pair(&mut rng);
        pass(&mut alice, &mut bob, 3, &mut rng);
        pass(&mut bob, &mut alice, 1, &mut rng);
        let header = alice.send(Form::Single, &mut rng).unwrap().header;
        for (ahead, number, is_far) in [(25_000, 25_000, false), (25_001, 0, true), (0, 25_001, true)] {
            let header = Header { previous: header.previous + ahead, number, ..header };
            let opened = bob.receive(Place::Next, &header, None);
            assert_eq!(matches!(opened, Err(ReceiveError::TooFarAhead)), is_far, "{ahead} {number}");
        }
    }

    #[test]
    fn what_is_at_its_limit_is_read() {
        let mut ratchet = bob();
        ratchet.old[0].age = MAX_AGE;
        let bytes = written(&ratchet);
        assert_eq!(written(&read(&bytes).unwrap()), bytes);
        ratchet.sending.as_mut().unwrap().mix = u32::try_from(ratchet.braid.newest_chain_epoch()).unwrap();
        assert!(read(&written(&ratchet)).is_ok());
        ratchet.old.clear();
        assert!(read(&written(&ratchet)).is_ok());
    }

    #[test]
    fn what_no_conversation_leads_to_is_damaged() {
        let unsound: [(&str, Fault); 13] = [
            ("an old chain that is too old", |bob| bob.old[0].age = MAX_AGE + 1),
            ("old chains of one age", |bob| bob.old[1].age = 2),
            ("a younger one before an older one", |bob| bob.old[0].age = 0),
            ("more than two sending chains", |bob| bob.sent_chains = 3),
            ("more than two receiving chains", |bob| bob.received_chains = 3),
            ("a sending chain that none was", |bob| bob.sent_chains = 0),
            ("a receiving chain that none was", |bob| bob.received_chains = 0),
            ("no sending chain where there was one", |bob| bob.sending = None),
            ("no receiving chain where there was one", |bob| bob.receiving = None),
            ("a sending chain to nobody", |bob| bob.remote = None),
            ("a sending chain of an epoch to come", |bob| bob.sending.as_mut().unwrap().mix += 9),
            ("a receiving chain of an epoch to come", |bob| bob.receiving.as_mut().unwrap().mix += 9),
            ("too many old chains", |ratchet| {
                ratchet.old.iter_mut().for_each(|old| old.age += 3);
                ratchet.old.append(&mut bob().old);
            }),
        ];
        for (what, change) in unsound {
            let mut ratchet = bob();
            change(&mut ratchet);
            assert_eq!(read(&written(&ratchet)).map(drop), Err(RecordError::Damaged), "{what}");
        }
    }
}
