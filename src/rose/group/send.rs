// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our key for a group.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use super::{BODY, DISTRIBUTION_LEN, GroupError, SIGNED, TAG, TAG_KEY};
use crate::crypto::curve::KeyPair;
use crate::crypto::kdf::HkdfSalt;
use crate::crypto::mac::MacKey;
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::crypto::xeddsa::Signer;
use crate::ids::DeviceName;
use crate::lease::Lease;
use crate::ratchet::chain::ChainKey;
use crate::ratchet::rose::HeaderKey;
use crate::rose::codec::{self, BodyKeys, SINGLE_OVERHEAD};
use crate::staged::{Staged, State};
use crate::wire::rose::Tag;
use crate::wire::rose::body::{self, Aux, FRANK_LEN, GROUP_CONTENT, PREFIX_LEN, SIGNED_LEN};
use crate::wire::rose::header::GroupHeader;
use crate::wire::rose::length::wire_length;
use crate::wire::rose::upload;
use crate::writes::{Key, RoseKey, Writes};

/// Our key for one group: what we send with. It is distributed over sessions, and rotated when a member leaves, after
/// 1,000 messages, and after 7 days.
pub struct GroupKey {
    pub(super) id: [u8; 16],
    pub(super) group: [u8; 32],
    pub(super) secrets: Secrets,
    /// Number of committed changes.
    pub(super) commits: u64,
    pub(super) lease: Lease,
}

/// What rotation makes anew.
#[derive(Debug)]
pub(crate) struct Secrets {
    pub(super) generation: u32,
    /// `CK`, with the iteration.
    pub(super) chain: ChainKey,
    /// `GHK`.
    pub(super) header_key: HeaderKey,
    /// `GTS`.
    pub(super) tag_secret: Secret<32>,
    pub(super) signing: KeyPair,
}

impl Secrets {
    fn generate(generation: u32, rng: &mut impl CryptoRng) -> Self {
        Self {
            generation,
            chain: ChainKey::new(Secret::random(rng), 0),
            header_key: HeaderKey::new(Secret::random(rng)),
            tag_secret: Secret::random(rng),
            signing: KeyPair::generate(rng),
        }
    }

    fn tag_key(&self, name: &DeviceName) -> Secret<32> {
        MacKey::new(self.tag_secret.as_bytes()).mac(&[TAG_KEY, name.as_bytes()])
    }
}

/// A message for a group, to be sent.
#[derive(Clone, Copy)]
pub struct GroupOutgoing<'a> {
    /// The content.
    pub content: &'a [u8],
    /// The least wire length of a delivery in bytes; 0 for the shortest that has room.
    pub at_least: usize,
    /// The report part, of a franked group.
    pub report: Option<&'a [u8; FRANK_LEN]>,
}

impl fmt::Debug for GroupOutgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content, at_least, report: _ } = self;
        write!(f, "GroupOutgoing({} bytes in at least {at_least})", content.len())
    }
}

/// A change of a group key.
pub(crate) enum GroupKeyChange {
    Sent(ChainKey),
    Rotated(Box<Secrets>),
}

impl GroupKey {
    /// A new key for a group. Draws its id (16), `CK`, `GHK`, `GTS` and the signing key (32 each).
    pub fn generate(group: [u8; 32], rng: &mut impl CryptoRng) -> Staged<'static, Self> {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let secrets = Secrets::generate(1, rng);
        let key = Self { id, group, secrets, commits: 1, lease: Lease::new() };
        let mut writes = Writes::default();
        writes.put_state(Key::Rose(RoseKey::GroupKey(id)), key.record(), 1);
        Staged::new_state(writes, key)
    }

    /// Rotates the key: a new generation, which who has left cannot read. Draws `CK`, `GHK`, `GTS` and the signing key.
    ///
    /// # Errors
    /// [`GroupError`]: `Busy`, `Exhausted`.
    pub fn rotate(&mut self, rng: &mut impl CryptoRng) -> Result<Staged<'_, ()>, GroupError> {
        self.lease.free()?;
        let generation = self.secrets.generation.checked_add(1).ok_or(GroupError::Exhausted)?;
        let change = GroupKeyChange::Rotated(Box::new(Secrets::generate(generation, rng)));
        Ok(Staged::of(self, change, ()))
    }

    /// The distribution id.
    #[must_use]
    pub const fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// The generation, from 1.
    #[must_use]
    pub const fn key_generation(&self) -> u32 {
        self.secrets.generation
    }

    /// The iteration of the next message. Rotate at 1,000.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        self.secrets.chain.index()
    }

    /// The distribution for a member's device, 184 bytes, from the next message on. It goes over a session as
    /// [`Kind::SenderKey`](crate::rose::Kind::SenderKey).
    #[must_use]
    pub fn distribution(&self, to: &DeviceName) -> Secret<DISTRIBUTION_LEN> {
        let Self { id, group, secrets, commits: _, lease: _ } = self;
        let (generation, iteration) = (secrets.generation.to_be_bytes(), secrets.chain.index().to_be_bytes());
        let tag_key = secrets.tag_key(to);
        let parts: [&[u8]; 8] = [
            id,
            &generation,
            &iteration,
            secrets.chain.as_bytes(),
            secrets.header_key.as_bytes(),
            tag_key.as_bytes(),
            secrets.signing.public().as_bytes(),
            group,
        ];
        let mut out = Secret::zero();
        out.as_bytes_mut().iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        out
    }

    /// Encrypts a message for members, each a mailbox and the device that reads it. Gives the upload. Draws `D` (16) and
    /// `Z` (64).
    ///
    /// # Errors
    /// [`GroupError`]: `Busy`, `TooLong`, `Exhausted`, `BadUpload`.
    pub fn encrypt(
        &mut self,
        message: &GroupOutgoing<'_>,
        us: &DeviceName,
        to: impl IntoIterator<Item = (impl AsRef<[u8]>, DeviceName)>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Vec<u8>>, GroupError> {
        stack::wiped(stack::ROSE, move || {
            self.lease.free()?;
            let iteration = self.secrets.chain.index();
            let (seed, next) = self.secrets.chain.step().map_err(|_| GroupError::Exhausted)?;
            let shared = self.seal(message, us, seed.as_bytes(), rng)?;
            let stub = |name: DeviceName| -> Tag {
                MacKey::new(self.secrets.tag_key(&name).as_bytes()).tag(&[TAG, &iteration.to_be_bytes()])
            };
            let stubs: Vec<_> = to.into_iter().map(|(mailbox, name)| (mailbox, stub(name))).collect();
            let entries = stubs.iter().map(|(mailbox, stub)| (mailbox.as_ref(), &stub[..]));
            let bytes = upload::encode(entries, &shared).map_err(|_| GroupError::BadUpload)?;
            Ok(Staged::of(self, GroupKeyChange::Sent(next), bytes))
        })
    }

    /// The shared part: `EH || F || C || t`.
    fn seal(
        &self,
        message: &GroupOutgoing<'_>,
        us: &DeviceName,
        seed: &[u8; 32],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, GroupError> {
        let &GroupOutgoing { content, at_least, report } = message;
        let aux = |signed| Aux { auth: None, frank: report, signed: Some(signed) };
        let unsigned = [0; SIGNED_LEN];
        let aux_len = aux(&unsigned).len();
        let len = wire_length((SINGLE_OVERHEAD + PREFIX_LEN + aux_len + content.len()).max(at_least))?;
        let len = len - SINGLE_OVERHEAD;
        let padded = body::encode(GROUP_CONTENT, &aux(&unsigned), content, len);
        let (draw, z) = (codec::draw(rng), Secret::<64>::random(rng));
        let Secrets { generation, chain, header_key, tag_secret: _, signing } = &self.secrets;
        let header = GroupHeader { iteration: chain.index(), generation: *generation }.encode();
        let eh = codec::encrypt_header(header_key, seed, (&header, [&padded, z.as_bytes()]), &draw);
        let keys = BodyKeys::with_label(&HkdfSalt::ZERO, seed, BODY, &eh);
        let (of_header, of_body) = (Sha256::digest(eh), Sha256::digest(&*padded));
        let message: [&[u8]; 5] = [SIGNED, &self.id, us.as_bytes(), &of_header, &of_body];
        let signature = Signer::new(signing.private()).sign_with(&message, &z);
        let padded = body::encode(GROUP_CONTENT, &aux(&signature), content, len);
        let mut out = Vec::with_capacity(len + SINGLE_OVERHEAD);
        out.extend_from_slice(&eh);
        keys.seal_body(&padded, &mut out);
        Ok(out)
    }
}

impl State for GroupKey {
    type Change = GroupKeyChange;

    fn write_after(&self, change: &GroupKeyChange, writes: &mut Writes) {
        let commits = self.commits.wrapping_add(1);
        let record = match change {
            GroupKeyChange::Sent(chain) => self.write(commits, (&self.secrets, chain)),
            GroupKeyChange::Rotated(secrets) => self.write(commits, (secrets, &secrets.chain)),
        };
        writes.put_state(Key::Rose(RoseKey::GroupKey(self.id)), record, commits);
    }

    fn apply(&mut self, change: GroupKeyChange) {
        self.commits = self.commits.wrapping_add(1);
        match change {
            GroupKeyChange::Sent(chain) => self.secrets.chain = chain,
            GroupKeyChange::Rotated(secrets) => self.secrets = *secrets,
        }
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl fmt::Debug for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id: _, group: _, secrets, commits, lease: _ } = self;
        write!(f, "GroupKey(generation {}, {} commits)", secrets.generation, commits)
    }
}
