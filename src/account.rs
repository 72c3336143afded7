// SPDX-License-Identifier: MIT OR Apache-2.0

//! The account that a device acts for: its identity, and the prekeys that others begin sessions with.
//!
//! [`Account::generate`] makes one, once. Every day, and when the service says that prekeys run low,
//! [`Account::maintain`] does all the upkeep - it deletes expired keys, replaces old ones, generates new ones where few
//! are left - and gives the [`Upload`] for the service; [`Account::confirm_uploaded`] notes that the service has it.
//! [`Account::receive`] decrypts messages. After a start, [`Account::from_records`] reads the account back, and
//! [`Account::check`] tells whether its store was restored from a backup.
//!
//! ```
//! # #[cfg(feature = "os-rng")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use subrosa::account::{BackupCheck, Counts, Limits};
//! use subrosa::session::InitialSecrecy;
//! use subrosa::store::Memory;
//! use subrosa::{Account, Address, Message, Timestamp, Trust, os_rng};
//!
//! let (mut rng, now) = (os_rng(), Timestamp::from_secs(1_700_000_000)); // Your clock.
//! let limits = Limits { batch: 10, low: 5, ..Limits::default() };
//! let mut store = Memory::new();
//!
//! // Once: a new account.
//! let staged = Account::generate(Address::new("bob", 1), limits, &mut rng)?;
//! let mut bob = staged.commit_with(|writes| store.apply(writes))?;
//!
//! // Every day: upkeep. The counts are the service's.
//! let counts = Counts { one_time: 0, one_time_kem: 0 };
//! let mut upload = bob.maintain(counts, now, &mut rng)?.commit_with(|writes| store.apply(writes))?;
//! if !upload.is_empty() {
//!     // Send it to the service. If that fails, the same keys are offered again; if it succeeds:
//!     bob.confirm_uploaded(&upload, now)?.commit_with(|writes| store.apply(writes))?;
//! }
//! assert!(bob.upload().is_empty());
//!
//! // The service hands out a bundle, from which Alice writes to Bob.
//! let bundle = upload.next_bundle().ok_or("no prekeys")?;
//! let alice = Account::generate(Address::new("alice", 1), limits, &mut rng)?.commit();
//! let mut with_bob = alice.new_session(bob.address());
//! with_bob.initiate(&alice.config(), bundle.verify(Trust::Anyone)?, now, &mut rng)?.commit();
//! let hello = with_bob.encrypt(b"hello", Trust::Anyone, now, &mut rng)?.commit();
//!
//! // Bob receives it: session and account are stored together, and the used prekeys are deleted.
//! let mut with_alice = bob.new_session(alice.address());
//! let message = Message::try_from(&hello)?;
//! let staged = bob.receive(&mut with_alice, &message, Trust::Anyone, &mut rng)?;
//! let text = staged.commit_with(|writes| store.apply(writes))?;
//! assert_eq!(&*text, b"hello");
//! assert_eq!(with_alice.initial_secrecy(), Some(InitialSecrecy::OneTime));
//!
//! // After a restart the account is read back.
//! let bob = store.account(bob.address(), limits)?.ok_or("stored above")?;
//! assert_eq!(bob.plan(Counts { one_time: 9, one_time_kem: 9 }, now).one_time, 0);
//!
//! // Was the store restored from a backup? The token is kept elsewhere, such as at the service.
//! assert_eq!(bob.check(&upload.token), BackupCheck::Fresh);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "os-rng"))]
//! # fn main() {}
//! ```

mod backup;
mod change;
mod export;
mod ids;
mod import;
mod inventory;
mod keys;
mod limits;
mod load;
mod plan;
mod receive;
mod recover;
mod row;
mod states;
mod upload;
mod uses;

use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

pub use backup::{BackupCheck, BackupToken};
pub use ids::{IdSpace, UpkeepError};
pub use import::{Import, ImportError};
pub use limits::{Limits, LimitsError};
pub use load::LoadError;
pub use plan::{Counts, Plan};
pub use upload::Upload;

use crate::address::Address;
use crate::identity::{IdentityKey, IdentityKeyPair};
use crate::lease::{Busy, Lease};
use crate::record::Record;
use crate::session::{Config, Policy, ReceiveLimits, Session};
use crate::staged::Staged;
use crate::writes::{Key, Writes};
use inventory::Inventory;
use keys::Keys;

/// The identity key pair, registration id, and all prekeys of a device.
///
/// Prekey ids come from here and nowhere else. They grow up to [`Limits::max_id`] and begin again then where most are
/// free. None is given out twice before that: not after a crash, a failed upload, or a restored backup that was
/// [recovered](Self::recover).
///
/// Each change is a [`Staged`] value. The account's own record is small; each prekey has a record of its own. An
/// example of its life is in the [module](crate::account).
pub struct Account {
    address: Address,
    identity: IdentityKeyPair,
    inventory: Inventory,
    keys: Keys,
    limits: Limits,
    policy: Policy,
    require_one_time: bool,
    receive_limits: ReceiveLimits,
    lease: Lease,
}

impl Account {
    /// A new account for the device at `address`: an identity and a registration id of 14 bits, 1 to 16,383, without
    /// prekeys yet. Draws 32 bytes for the identity key, 4 for the registration id, 16 that name the store.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub fn generate(
        address: Address,
        limits: Limits,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'static, Self>, LimitsError> {
        limits.check()?;
        let identity = IdentityKeyPair::generate(rng);
        let (mut number, mut store) = ([0; 4], [0; 16]);
        rng.fill_bytes(&mut number);
        rng.fill_bytes(&mut store);
        let registration_id = 1 + u32::from_le_bytes(number) % 0x3FFF;
        let inventory = Inventory::new(registration_id, store, limits.max_id);
        Ok(Self::of(address, identity, inventory, Keys::default(), limits).stage_new())
    }

    fn of(
        address: Address,
        identity: IdentityKeyPair,
        inventory: Inventory,
        keys: Keys,
        limits: Limits,
    ) -> Self {
        let (policy, receive_limits, lease) = (Policy::PostQuantum, ReceiveLimits::default(), Lease::new());
        let require_one_time = false;
        Self { address, identity, inventory, keys, limits, policy, require_one_time, receive_limits, lease }
    }

    /// Stages all records of an account that is not stored yet.
    fn stage_new(self) -> Staged<'static, Self> {
        let mut writes = Writes::default();
        writes.put_state(Key::Account, self.record(), self.generation());
        for (key, record) in self.rows() {
            writes.put(key, record);
        }
        Staged::new_state(writes, self)
    }

    /// Moves the account to another address of this device: from a telephone number to an opaque id, say. Its sessions
    /// move by [`Session::move_to`], in the same transaction.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn move_to(mut self, address: Address) -> Result<Staged<'static, Self>, Busy> {
        self.lease.free()?;
        self.address = address;
        self.inventory.generation = self.inventory.generation.wrapping_add(1);
        let mut writes = Writes::default();
        writes.put_state(Key::Account, self.record(), self.generation());
        Ok(Staged::new_state(writes, self))
    }

    /// The same account with another policy for new sessions. Not stored.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// The same account, which [begins no session without one-time prekeys](Config::require_one_time). Not
    /// stored.
    #[must_use]
    pub fn requiring_one_time(self) -> Self {
        Self { require_one_time: true, ..self }
    }

    /// The same account with other limits on what a received message may cost. Not stored.
    #[must_use]
    pub fn with_receive_limits(self, receive_limits: ReceiveLimits) -> Self {
        Self { receive_limits, ..self }
    }

    /// The identity and settings for new sessions.
    #[must_use]
    pub const fn config(&self) -> Config<'_> {
        Config {
            identity: &self.identity,
            registration_id: self.inventory.registration_id,
            policy: self.policy,
            require_one_time: self.require_one_time,
            limits: self.receive_limits,
        }
    }

    /// An empty session of this device with another one. One that is stored is read back with
    /// [`Session::from_record`], or [`Memory::session`](crate::store::Memory::session), which does either.
    #[must_use]
    pub fn new_session(&self, peer: &Address) -> Session {
        Session::new(self.address.clone(), peer.clone()).with_policy(self.policy)
    }

    /// The address of this device.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The identity.
    #[must_use]
    pub const fn identity(&self) -> &IdentityKeyPair {
        &self.identity
    }

    /// The public identity key.
    #[must_use]
    pub const fn identity_key(&self) -> &IdentityKey {
        self.identity.public()
    }

    /// The registration id.
    #[must_use]
    pub const fn registration_id(&self) -> u32 {
        self.inventory.registration_id
    }

    /// The limits that were given when the account was made or read.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Number of changes that were committed to this value and to the records that it was read from. A store that is
    /// shared between processes compares it before it replaces a record.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.inventory.generation
    }

    /// The account's own record, as it is. It holds the identity's private key.
    #[must_use]
    pub fn record(&self) -> Record {
        self.inventory.record(&self.address, &self.identity, self.inventory.generation)
    }

    /// All other records of the account, as they are: for moving it to another store.
    #[must_use]
    pub fn rows(&self) -> Vec<(Key, Record)> {
        self.keys.rows().into_iter().map(|(row, record)| (row.key(), record)).collect()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            identity: _,
            inventory,
            keys: _,
            limits: _,
            policy: _,
            require_one_time: _,
            receive_limits: _,
            lease: _,
        } = self;
        let Inventory { generation, store: _, registration_id, ids: _, replace: _, .. } = inventory;
        let (one_time, kem) = (inventory.one_time.len(), inventory.one_time_kem.len());
        write!(
            f,
            "Account({address}, {registration_id}, {one_time} one-time and {kem} one-time KEM prekeys, generation {generation})"
        )
    }
}
