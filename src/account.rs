// SPDX-License-Identifier: MIT OR Apache-2.0

//! L5: the account that a device acts for: its identity, and the prekeys that others begin sessions with.

mod backup;
mod book;
mod change;
mod effects;
mod export;
mod ids;
mod import;
mod keys;
mod limits;
mod load;
mod new;
mod plan;
mod receive;
mod shelf;
mod upload;
mod uses;

use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

pub use backup::{StoreCheck, StoreToken};
pub use change::AccountChange;
pub use effects::{AccountEffects, AccountRow};
pub use ids::{IdSpace, IdsExhausted};
pub use import::{AccountImport, ImportError};
pub use limits::AccountLimits;
pub use load::AccountError;
pub use new::NewAccount;
pub use plan::{RefillPlan, ServiceCounts};
pub use receive::{FirstMessage, FirstMessageError, NamedPreKey};
pub use upload::PreKeyUpload;

use crate::identity::{IdentityKey, IdentityKeyPair};
use crate::record::Record;
use crate::session::{Local, Policy};
use book::Book;
use keys::Keys;

/// What a device has of its own: identity key pair, registration id, and all its prekeys.
///
/// Prekey ids come from here and nowhere else. They only grow, within 24 bits, and none is given out twice: not
/// after a crash, a failed upload, or a restored backup that was [recovered](Self::recover).
///
/// Each change is a [`Staged`](crate::Staged) value. The account's own record is small; each prekey has a
/// record of its own, and effects say which are to be written and deleted.
///
/// # Example
///
/// The life of an account. The store is the messenger's; here it is a map of rows, written in transactions.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::convert::Infallible;
///
/// use getrandom::SysRng;
/// use subrosa::rand_core::UnwrapErr;
/// use subrosa::{
///     Account, AccountEffects, AccountLimits, AccountRow, Address, DeviceId, InitialSecrecy, PreKeyBundle,
///     PreKeySignalMessage, Record, ServiceCounts, Session, StoreCheck, StoreToken, Timestamp, Trust,
/// };
///
/// #[derive(Default)]
/// struct Store {
///     account: Vec<u8>,
///     rows: BTreeMap<AccountRow, Vec<u8>>,
///     session: Vec<u8>,
/// }
///
/// impl Store {
///     /// One transaction.
///     fn write(&mut self, record: &Record, effects: &AccountEffects) -> Result<(), Infallible> {
///         self.account = record.as_bytes().to_vec();
///         self.rows.extend(effects.put.iter().map(|(row, record)| (*row, record.as_bytes().to_vec())));
///         self.rows.retain(|row, _| !effects.delete.contains(row));
///         Ok(())
///     }
/// }
///
/// let mut rng = UnwrapErr(SysRng);
/// let now = Timestamp::from_secs(1_700_000_000); // Your clock.
/// let mut store = Store::default();
/// let limits = AccountLimits { batch: 10, low: 5, ..AccountLimits::default() };
///
/// // Once: a new account.
/// let account = Account::generate(limits, &mut rng);
/// let mut bob = account.commit_with(|record, effects| store.write(record, effects))?;
///
/// // Every day, and when the service says that prekeys run low: delete what has had its time, generate what is
/// // needed, upload it, and note that the service has it.
/// let counts = ServiceCounts { one_time: 0, one_time_kem: 0 }; // As the service says.
/// assert_eq!(bob.plan(now, counts).one_time, 10);
/// if let Some(staged) = bob.delete_expired(now) {
///     staged.commit_with(|record, effects| store.write(record, effects))?;
/// }
/// if let Some(staged) = bob.refill(now, counts, &mut rng)? {
///     staged.commit_with(|record, effects| store.write(record, effects))?;
/// }
/// let mut upload = bob.upload();
/// if !upload.is_empty() {
///     // Send it to the service. If that fails, the same keys are offered again; if it succeeds:
///     bob.confirm_uploaded(&upload, now).commit_with(|record, effects| store.write(record, effects))?;
/// }
/// assert!(bob.upload().is_empty());
///
/// // The service hands out a bundle, from which Alice writes to Bob.
/// let bundle = PreKeyBundle {
///     registration_id: upload.registration_id,
///     device_id: DeviceId::PRIMARY,
///     identity_key: upload.identity_key,
///     signed_pre_key: upload.signed_pre_key.clone().ok_or("none yet")?,
///     one_time_pre_key: upload.one_time_pre_keys.pop(),
///     kem_pre_key: upload.one_time_kem_pre_keys.pop().or(upload.last_resort_kem_pre_key.clone()),
/// };
/// let [alice_address, bob_address] = ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
/// let alice = Account::generate(AccountLimits::default(), &mut rng).commit();
/// let mut with_bob = Session::new(alice_address.clone(), bob_address.clone());
/// with_bob.initiate(&alice.local(), bundle.verify(Trust::Anyone)?, now, &mut rng)?.commit();
/// let hello = with_bob.encrypt(b"hello", Trust::Anyone, now, &mut rng)?.commit();
///
/// // Bob receives it: session and account are stored together, and the used prekeys are deleted.
/// let mut with_alice = Session::new(bob_address, alice_address);
/// let message = PreKeySignalMessage::parse(hello.as_bytes())?;
/// let staged = bob.receive(&mut with_alice, &message, Trust::Anyone, &mut rng)?;
/// let text = staged.commit_with(|first| {
///     // One transaction; the text, first.received(), belongs into it, too.
///     store.session = first.session().record().as_bytes().to_vec();
///     match first.account() {
///         Some(account) => store.write(&account.record(), account.effects()),
///         None => Ok(()),
///     }
/// })?;
/// assert_eq!(&*text, b"hello");
/// assert_eq!(with_alice.initial_secrecy(), Some(InitialSecrecy::OneTime));
///
/// // After a restart the account is read back.
/// let bob = Account::from_records(&store.account, store.rows.values(), limits)?;
/// assert_eq!(bob.plan(now, ServiceCounts { one_time: 9, one_time_kem: 9 }).one_time, 0);
///
/// // Was the store restored from a backup? The token is kept elsewhere, such as at the service.
/// let token: StoreToken = bob.token();
/// assert_eq!(bob.check(&token), StoreCheck::Fresh);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Account {
    identity: IdentityKeyPair,
    book: Book,
    keys: Keys,
    limits: AccountLimits,
    policy: Policy,
    require_one_time: bool,
}

impl Account {
    /// A new account: an identity and a registration id of 14 bits, 1 to 16,383, without prekeys yet. Draws 32
    /// bytes for the identity key, 4 for the registration id, 16 that name the store.
    pub fn generate(limits: AccountLimits, rng: &mut impl CryptoRng) -> NewAccount {
        let identity = IdentityKeyPair::generate(rng);
        let (mut number, mut store) = ([0; 4], [0; 16]);
        rng.fill_bytes(&mut number);
        rng.fill_bytes(&mut store);
        let registration_id = 1 + u32::from_le_bytes(number) % 0x3FFF;
        let book = Book::new(registration_id, store);
        NewAccount::new(Self::of(identity, book, Keys::default(), limits))
    }

    const fn of(identity: IdentityKeyPair, book: Book, keys: Keys, limits: AccountLimits) -> Self {
        Self { identity, book, keys, limits, policy: Policy::PostQuantum, require_one_time: false }
    }

    /// The same account with another policy for new sessions. Not stored.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// The same account, which [begins no session without one-time prekeys](Local::requiring_one_time). Not
    /// stored.
    #[must_use]
    pub fn requiring_one_time(self) -> Self {
        Self { require_one_time: true, ..self }
    }

    /// The device, as sessions want it.
    #[must_use]
    pub const fn local(&self) -> Local<'_> {
        let Self { identity, policy, require_one_time, .. } = self;
        Local {
            identity,
            registration_id: self.book.registration_id,
            policy: *policy,
            require_one_time: *require_one_time,
        }
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
        self.book.registration_id
    }

    /// The limits that were given when the account was made or read.
    #[must_use]
    pub const fn limits(&self) -> &AccountLimits {
        &self.limits
    }

    /// How many changes were committed to this value and to the records that it was read from. A store
    /// that is shared between processes compares it before it replaces a record.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.book.generation
    }

    /// The account's own record, as it is. It holds the identity's private key.
    #[must_use]
    pub fn record(&self) -> Record {
        self.book.record(&self.identity, self.book.generation)
    }

    /// All other records that the account consists of, as they are: for moving it to another store.
    #[must_use]
    pub fn rows(&self) -> Vec<(AccountRow, Record)> {
        self.keys.rows()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identity: _, book, keys: _, limits: _, policy: _, require_one_time: _ } = self;
        let Book { generation, store: _, registration_id, ids: _, replace: _, .. } = book;
        let (one_time, kem) = (book.one_time.len(), book.one_time_kem.len());
        write!(
            f,
            "Account({registration_id}, {one_time} one-time and {kem} one-time KEM prekeys, generation {generation})"
        )
    }
}
