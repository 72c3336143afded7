// SPDX-License-Identifier: MIT OR Apache-2.0

//! Identifiers that Signal's clients do not have: no KEM prekeys at all, prekey ids of 31 bits, device ids of 32 bits, and
//! account names in capitals.

use crate::accounts::{DAY, Holder, LIMITS, Service, stranger};
use crate::device::{BOB, Device, Letter, Offer, START, Store};
use crate::repair::NotAnswered;
use crate::{put, sealed};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{Counts, IdSpace, Import, Limits, UpkeepError};
use subrosa::address::AccountName;
use subrosa::delivery::{Correction, Delivery, ServiceAnswer, encrypt_each};
use subrosa::group::{DistributionId, DistributionMessage, ReceiverKeys, SenderKey};
use subrosa::prekey::{KemPreKeyId, OneTimeKemPreKey, OneTimePreKeyId, SignedPreKeyId};
use subrosa::repair::{RepairPolicy, RepairRefused};
use subrosa::sealed::certificate::SenderDetails;
use subrosa::sealed::{Body, Content, OpenError, Recipient, SealError, Sender, UnverifiedContent};
use subrosa::session::Policy;
use subrosa::store::{Key, Memory};
use subrosa::{
    Account, Address, Ciphertext, DecryptError, DeviceId, IdentityKeyPair, Message, PreKeyBundle, Session,
    Staged, Trust,
};

const LOWER: &str = "796abedb-ca4e-4f18-8803-1fde5b921f9f";
const UPPER: &str = "796ABEDB-CA4E-4F18-8803-1FDE5B921F9F";
/// Devices beyond those of Signal's clients.
const DEVICES: [u32; 2] = [0, (1 << 31) + 5];

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn is_kem(key: &Key) -> bool {
    matches!(key, Key::OneTimeKemPreKey(_) | Key::LastResortKemPreKey(_) | Key::LastResortUses(_))
}

/// One message from `session`, which `reader` reads on `to`.
#[track_caller]
fn tell(session: &mut Session, reader: &mut Account, to: &mut Session, rng: &mut ChaCha20Rng) {
    let sent = session.encrypt(b"hello", Trust::Anyone, START, rng).unwrap().commit();
    let staged = reader.receive(to, &Message::try_from(&sent).unwrap(), Trust::Anyone, rng).unwrap();
    assert_eq!(&*staged.commit(), b"hello");
}

/// A holder that speaks version 3, too.
fn of_version_3(holder: Holder) -> Holder {
    Holder { account: holder.account.with_policy(Policy::AllowVersion3), ..holder }
}

const WITHOUT_KEM: Limits = Limits { kem_pre_keys: false, ..LIMITS };

#[test]
fn an_account_without_kem_prekeys_makes_none_in_a_year() {
    let mut bob = of_version_3(Holder::with_limits("bob", WITHOUT_KEM, 1));
    let mut service = Service::default();
    let mut rotations = 0;
    for day in 0..365 {
        let plan = bob.account.plan(service.counts(), bob.now);
        assert_eq!((plan.one_time_kem, plan.rotate_last_resort), (0, false), "day {day}");
        let upload = bob.upkeep(service.counts());
        assert!(upload.one_time_kem_pre_keys.is_empty() && upload.last_resort_kem_pre_key.is_none());
        rotations += usize::from(upload.signed_pre_key.is_some());
        service.take(&upload);
        bob.confirm(&upload);
        assert!(!bob.rows().iter().any(is_kem), "day {day}");

        let bundle = service.bundle(&bob);
        assert!(bundle.kem_pre_key.is_none() && bundle.one_time_pre_key.is_some(), "day {day}");
        let mut alice = Account::generate(Address::new(format!("alice {day}"), 1), LIMITS, &mut bob.rng)
            .unwrap()
            .commit()
            .with_policy(Policy::AllowVersion3);
        let mut hers = alice.new_session(&bob.address);
        let bundle = bundle.verify(Trust::Anyone).unwrap();
        hers.initiate(&alice.config(), bundle, START, &mut bob.rng).unwrap().commit();
        let first = hers.encrypt(b"hello", Trust::Anyone, START, &mut bob.rng).unwrap().commit();
        assert_eq!(bob.receive(alice.address(), &first.into()).as_deref(), Ok(&b"hello"[..]));
        if day == 0 {
            let mut his = bob.session(alice.address());
            for _ in 0..3 {
                tell(&mut his, &mut alice, &mut hers, &mut bob.rng);
                tell(&mut hers, &mut bob.account, &mut his, &mut bob.rng);
            }
            assert_eq!((hers.version(), his.version()), (Some(3), Some(3)));
        }
        bob.store.sessions.clear();
        bob.advance(DAY);
    }
    assert!(rotations > 150, "{rotations}");
    assert_eq!(bob.account.next_id(IdSpace::Kem), Some(1), "no KEM id was given out");
    assert_eq!(bob.store.load(&bob.address, WITHOUT_KEM).next_id(IdSpace::Kem), Some(1));
    bob.recover(None);
    let upload = bob.account.upload();
    assert!(upload.one_time_kem_pre_keys.is_empty() && upload.last_resort_kem_pre_key.is_none());
    assert!(upload.signed_pre_key.is_some() && !upload.one_time_pre_keys.is_empty());
    assert!(!bob.rows().iter().any(is_kem));
}

#[test]
fn an_account_without_kem_prekeys_refuses_version_4() {
    let mut bob = of_version_3(Holder::with_limits("bob", WITHOUT_KEM, 2));
    let mut service = Service::default();
    bob.maintain(&mut service);
    let id = KemPreKeyId(1);
    let made_up = OneTimeKemPreKey::generate(id, bob.account.identity(), START, &mut bob.rng).public();
    let bundle = PreKeyBundle { kem_pre_key: Some(made_up), ..service.bundle(&bob) };
    let (from, message) = stranger(bundle, &bob.address, 1);
    let missing = DecryptError::MissingPreKey { key: Key::OneTimeKemPreKey(id), issued: false };
    assert_eq!(bob.receive(&from, &message), Err(missing));
}

/// An account that moved to the post-quantum agreement, and one that left it.
#[test]
fn kem_prekeys_can_be_switched_on_and_off() {
    let mut bob = of_version_3(Holder::with_limits("bob", WITHOUT_KEM, 3));
    let mut service = Service::default();
    bob.maintain(&mut service);
    bob.limits = LIMITS;
    bob.restart();
    assert!(bob.maintain(&mut service));
    assert_eq!(service.counts(), Counts { one_time: 4, one_time_kem: 4 });
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 1);
    assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));

    // What was given out before is still good.
    let late = stranger(service.bundle(&bob), &bob.address, 2);
    bob.limits = WITHOUT_KEM;
    bob.restart();
    let kept = bob.rows().into_iter().filter(is_kem).count();
    service.one_time_kem.clear();
    bob.advance(10 * DAY);
    assert!(bob.maintain(&mut service), "the signed prekey is replaced");
    assert_eq!(bob.rows().into_iter().filter(is_kem).count(), kept);
    assert_eq!(bob.receive(&late.0, &late.1).as_deref(), Ok(&b"hello"[..]));

    // After its grace nothing is left of it.
    bob.advance(91 * DAY);
    bob.maintain(&mut service);
    assert_eq!(bob.rows().into_iter().filter(is_kem).count(), 0);
}

/// A holder whose next prekeys get these ids.
fn importing(limits: Limits, next: [(IdSpace, u32); 3]) -> Result<Holder, UpkeepError> {
    let (mut rng, mut store, address) = (rng(4), Store::default(), Address::new("bob", 1));
    let mut import = Import::new(address.clone(), IdentityKeyPair::generate(&mut rng), 7, START);
    for (space, next) in next {
        import.next_id(space, next);
    }
    let staged = import.finish(limits, &mut rng)?;
    let account = staged.commit_with(|writes| store.apply(writes)).unwrap();
    Ok(Holder { address, account, store, limits, now: START, rng })
}

#[test]
fn ids_may_have_31_bits() {
    const MAX: u32 = 0x7FFF_FFFF;
    let limits = Limits { max_id: MAX, ..LIMITS };
    let next = [(IdSpace::OneTime, MAX - 3), (IdSpace::Signed, MAX), (IdSpace::Kem, MAX - 4)];
    let (mut bob, mut service) = (importing(limits, next).unwrap(), Service::default());
    bob.maintain(&mut service);
    bob.restart();
    for space in [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem] {
        assert_eq!(bob.account.next_id(space), Some(1), "{space:?}: from the beginning");
    }
    for key in [
        Key::OneTimePreKey(OneTimePreKeyId(MAX)),
        Key::SignedPreKey(SignedPreKeyId(MAX)),
        Key::LastResortKemPreKey(KemPreKeyId(MAX)),
        Key::LastResortUses(KemPreKeyId(MAX)),
    ] {
        assert!(bob.store.rows.contains_key(&key), "{key:?}");
        assert_eq!(Key::from_bytes(&key.to_bytes()), Ok(key));
    }
    // All of them are read in messages, those of one-time prekeys and those of last resort.
    for seed in 0..5 {
        let bundle = service.bundle(&bob);
        assert_eq!(bundle.signed_pre_key.id, SignedPreKeyId(MAX));
        let (from, message) = stranger(bundle, &bob.address, seed);
        assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));
    }
    assert_eq!(bob.account.last_resort_uses().count(), 1);
    bob.restart();
    // After the last id they begin again.
    bob.advance(2 * DAY);
    let upload = bob.upkeep(service.counts());
    assert_eq!(upload.signed_pre_key.map(|key| key.id), Some(SignedPreKeyId(1)));
    assert!(upload.one_time_pre_keys.iter().map(|key| key.id.0).eq(1..=LIMITS.batch));
    assert!(upload.replace_one_time, "a service passes over lower ids");
}

#[test]
fn ids_have_24_bits_unless_more_are_asked_for() {
    const MAX: u32 = 0xFF_FFFF;
    let with = |limits, next| {
        importing(limits, [(IdSpace::OneTime, 1), (IdSpace::Signed, next), (IdSpace::Kem, 1)])
            .map(|bob| bob.account.next_id(IdSpace::Signed))
    };
    assert_eq!(with(Limits::default(), MAX), Ok(Some(MAX)));
    assert_eq!(with(Limits::default(), MAX + 1), Ok(Some(1)), "above the highest stands for the first");
    let most = Limits { max_id: u32::MAX, ..LIMITS };
    assert_eq!(with(most, (1 << 31) - 1), Ok(Some((1 << 31) - 1)));
    assert_eq!(with(most, 1 << 31), Ok(Some(1)), "never more than 31 bits");
    // Looked at when an account is made, not when it is read.
    let mut rng = rng(5);
    let mut account = Account::generate(Address::new("bob", 1), Limits { max_id: 142, ..LIMITS }, &mut rng)
        .unwrap()
        .commit();
    account.maintain(Counts::default(), START, &mut rng).unwrap().commit();
    let rows = account.rows();
    let rows = rows.iter().map(|(_, record)| record);
    let account =
        Account::from_records(account.address().clone(), account.record().as_bytes(), rows, LIMITS).unwrap();
    assert_eq!(account.next_id(IdSpace::OneTime), Some(5));
    assert_eq!(account.next_id(IdSpace::Kem), Some(6));
}

/// Alice's device, and bob's devices, which have talked.
fn odd_devices() -> (Device, [Device; 2]) {
    let mut alice = Device::new(LOWER, 1).sibling(DEVICES[1], 2);
    let bob = Device::new(BOB, 3);
    let mut bobs = DEVICES.map(|device| bob.sibling(device, 4 + u64::from(device)));
    for bob in &mut bobs {
        alice.greet(bob, Offer::FULL);
    }
    (alice, bobs)
}

#[test]
fn a_delivery_reaches_devices_of_any_number() {
    let (mut alice, mut bobs) = odd_devices();
    let [none, high] = DEVICES.map(DeviceId::new);
    let [at_none, at_high] = [0, 1].map(|at: usize| bobs[at].address.clone());
    let mut delivery = Delivery::new(alice.address.clone(), Delivery::ATTEMPTS).to(BOB, [none]).to(LOWER, []);
    let bob = AccountName::new(BOB);
    let answer = ServiceAnswer::Mismatched { missing: vec![high], extra: vec![none] };
    let correction = delivery.answered(&bob, &answer).unwrap();
    assert_eq!((correction.begin, correction.forget), (vec![at_high.clone()], vec![at_none.clone()]));
    let correction = delivery.answered(&bob, &ServiceAnswer::Stale(vec![none])).unwrap();
    assert_eq!(correction.archive, std::slice::from_ref(&at_none));
    assert!(delivery.addresses().eq([at_none, at_high]));
    // This device is left out, whatever its number.
    let own = delivery.answered(alice.address.name(), &ServiceAnswer::Stale(vec![alice.address.device()]));
    assert_eq!(own, Ok(Correction::default()));

    let mut sessions: Vec<Session> =
        delivery.addresses().map(|address| alice.session(&address).unwrap()).collect();
    let each = sessions.iter_mut().map(|session| (session, Trust::Anyone, b"to both".as_slice()));
    let (staged, failures) = encrypt_each(each, alice.now, &mut alice.rng);
    assert_eq!(failures, []);
    assert!(put(&staged.writes()).keys().all(|key| Key::from_bytes(&key.to_bytes()).as_ref() == Ok(key)));
    for (message, bob) in staged.commit().into_iter().zip(&mut bobs) {
        assert_eq!(message.address, bob.address);
        bob.hear(&alice, &message.ciphertext.into(), b"to both");
    }
    delivery.answered(&bob, &ServiceAnswer::Accepted).unwrap();
}

#[test]
fn repair_is_between_devices_of_any_number() {
    let policy = RepairPolicy::default();
    let (mut alice, mut bobs) = odd_devices();
    for bob in &mut bobs {
        // Both ways: a device of number 0 asks and is asked, too.
        for swap in [false, true] {
            let (to, from) = if swap { (&mut alice, &mut *bob) } else { (&mut *bob, &mut alice) };
            to.store.sessions.remove(&from.address);
            let failed: Letter = from.send(&to.address, b"can't be read");
            let request = to.miss(&from.address, &failed, from.now).unwrap();
            assert_eq!(request.device, from.address.device());
            let request = to.ask(&from.address, request, &policy).unwrap();
            assert_eq!(request.device(), from.address.device());
            let mut other = from.sibling(1, 9);
            let refused = Err(NotAnswered::Refused(RepairRefused::OtherDevice(from.address.device())));
            assert_eq!(other.answer(&to.address, &request, &policy), refused);
            assert!(from.answer(&to.address, &request, &policy).unwrap().reset);
            from.begin_with(to, Offer::FULL);
            from.tell(to, b"can't be read");
            to.tell(from, b"answer");
            assert!(from.agrees_with(to));
        }
    }
}

/// Certificates and uploads for many have room for the numbers 1 to 127.
#[test]
fn sealing_leaves_out_devices_that_do_not_fit() {
    let (alice, bobs) = odd_devices();
    let mut service = sealed::Service::new(1);
    let refused = sealed::details(&alice).issue(&service.server, &service.server_key, &mut service.rng);
    assert!(refused.is_err(), "{refused:?}");
    for bob in bobs {
        let session = alice.session(&bob.address).unwrap();
        let unfit = Recipient::of_sessions(std::slice::from_ref(&session)).unwrap().unfit();
        assert_eq!(unfit, Some(SealError::DeviceOutOfRange(bob.address.device())));
    }
}

#[test]
fn a_name_in_capitals_is_the_same_account_in_a_delivery() {
    let [one, two, three] = [1, 2, 3].map(DeviceId::new);
    let alice = Address::new("alice", 1);
    let mut delivery = Delivery::new(alice, Delivery::ATTEMPTS).to(LOWER, [one]).to(UPPER, [two]);
    assert_eq!(delivery.accounts().count(), 1);
    assert!(delivery.addresses().eq([Address::new(UPPER, 1), Address::new(LOWER, 2)]));
    let answer = ServiceAnswer::Mismatched { missing: vec![three], extra: vec![one] };
    let correction = delivery.answered(&AccountName::new(UPPER), &answer).unwrap();
    assert_eq!(correction.begin, [Address::new(LOWER, 3)]);
    assert_eq!(correction.forget, [Address::new(LOWER, 1)]);
    delivery.give_up(&AccountName::new(UPPER));
    assert!(delivery.is_done());

    for (local, account) in [(LOWER, UPPER), (UPPER, LOWER)] {
        let mut own = Delivery::new(Address::new(local, 1), Delivery::ATTEMPTS).to(account, [one, two]);
        assert!(own.addresses().eq([Address::new(LOWER, 2)]), "this device is left out");
        let answer = own.answered(&AccountName::new(account), &ServiceAnswer::Stale(vec![one, two])).unwrap();
        assert_eq!(answer.archive, [Address::new(LOWER, 2)]);
    }
}

/// An account with its store, and a bundle that the service gives out.
struct Party {
    account: Account,
    store: Memory,
    bundle: PreKeyBundle,
    rng: ChaCha20Rng,
}

impl Party {
    fn new(address: Address, seed: u64) -> Self {
        let (mut rng, mut store) = (rng(seed), Memory::new());
        let limits = Limits { batch: 1, low: 1, ..LIMITS };
        let staged = Account::generate(address, limits, &mut rng).unwrap();
        let mut account = staged.commit_with(|writes| store.apply(writes)).unwrap();
        let staged = account.maintain(Counts::default(), START, &mut rng).unwrap();
        let mut upload = staged.commit_with(|writes| store.apply(writes)).unwrap();
        Self { account, store, bundle: upload.next_bundle().unwrap(), rng }
    }

    /// The first message to `peer`.
    fn first(&self, peer: &Self, rng: &mut ChaCha20Rng) -> (Session, Ciphertext) {
        let mut session = self.account.new_session(peer.account.address());
        let bundle = peer.bundle.clone().verify(Trust::Anyone).unwrap();
        session.initiate(&self.account.config(), bundle, START, rng).unwrap().commit();
        let first = session.encrypt(b"hello", Trust::Anyone, START, rng).unwrap().commit();
        (session, first)
    }
}

#[test]
fn a_name_in_capitals_is_the_same_account_in_a_session_and_in_the_store() {
    let mut alice = Party::new(Address::new(LOWER, 1), 1);
    let mut bob = Party::new(Address::new(BOB, 1), 2);
    let (mut hers, first) = alice.first(&bob, &mut rng(3));
    let mut his = bob.account.new_session(&Address::new(UPPER, 1));
    let message = Message::try_from(&first).unwrap();
    let staged = bob.account.receive(&mut his, &message, Trust::Anyone, &mut bob.rng).unwrap();
    assert_eq!(&*staged.commit_with(|writes| bob.store.apply(writes)).unwrap(), b"hello");
    tell(&mut his, &mut alice.account, &mut hers, &mut alice.rng);
    tell(&mut hers, &mut bob.account, &mut his, &mut bob.rng);
    for name in [LOWER, UPPER] {
        let address = Address::new(name, 1);
        let session = bob.store.session(bob.account.address(), &address).unwrap();
        assert!(session.has_current(), "{name}");
        let pinned = bob.store.identity(address.name()).unwrap();
        assert_eq!(pinned.as_ref(), Some(alice.account.identity_key()), "{name}");
        assert!(bob.store.get(&Key::Session(address)).is_some());
    }
    let keys = [LOWER, UPPER].map(|name| Key::Session(Address::new(name, 1)).to_bytes());
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn a_name_in_capitals_is_the_same_account_under_seal() {
    let mut service = sealed::Service::new(1);
    for (certified, known) in [(UPPER, LOWER), (LOWER, UPPER)] {
        let alice = Party::new(Address::new(known, 1), 1);
        let mut bob = Party::new(Address::new(BOB, 1), 2);
        let certificate = service.issue(SenderDetails {
            address: Address::new(certified, 1),
            e164: None,
            identity_key: *alice.account.identity_key(),
            expires: sealed::EXPIRES,
        });
        let sender = Sender::new(alice.account.identity(), &certificate).unwrap();
        let (mut hers, first) = alice.first(&bob, &mut rng(3));
        let envelope = sender.seal(&first, bob.account.identity_key(), &mut rng(4)).unwrap();
        let open = |envelope: &[u8], local: &Address| -> Result<Content, OpenError> {
            let content = UnverifiedContent::open(envelope, bob.account.identity())?;
            content.verify(&service.trust(), local, None, START)
        };
        // Not from this device itself, in whatever letters its name is written.
        for name in [LOWER, UPPER] {
            assert_eq!(open(&envelope, &Address::new(name, 1)).unwrap_err(), OpenError::SelfSend);
            assert!(open(&envelope, &Address::new(name, 2)).is_ok());
        }
        let content = open(&envelope, bob.account.address()).unwrap();
        let later = sender.encrypt(&mut hers, b"later", Trust::Anyone, START, &mut rng(5)).unwrap().commit();
        let later = open(&later, bob.account.address()).unwrap();
        let mut group = SenderKey::generate(DistributionId::from_bytes([7; 16]), &mut rng(6));
        let distribution = group.distribution();
        let of_group = group.encrypt(b"to all", &mut rng(7)).unwrap().commit();
        let of_group = sender.seal(&of_group, bob.account.identity_key(), &mut rng(8)).unwrap();
        let of_group = open(&of_group, bob.account.address()).unwrap();

        let mut his = bob.account.new_session(&Address::new(known, 1));
        for (content, text) in [(&content, &b"hello"[..]), (&later, b"later")] {
            let Body::Session(message) = content.body().unwrap() else { panic!("of a session") };
            let staged = bob.account.receive(&mut his, &message, Trust::Anyone, &mut bob.rng).unwrap();
            assert_eq!(&*staged.commit(), text);
        }
        let mut keys = ReceiverKeys::new(Address::new(known, 1), group.format());
        keys.process(
            &DistributionMessage::parse(&distribution).unwrap(),
            &subrosa::IdentityKey::decode(&[5; 33]).unwrap(),
        )
        .unwrap()
        .commit();
        let Body::Group(message) = of_group.body().unwrap() else { panic!("of a group") };
        assert_eq!(keys.decrypt(&message, Trust::Anyone).map(Staged::commit).as_deref(), Ok(&b"to all"[..]));
    }
}

/// Between devices of one account any number of messages may be skipped.
#[test]
fn a_name_in_capitals_is_the_same_account_between_own_devices() {
    let mut phone = Device::new(LOWER, 1);
    let identity = IdentityKeyPair::from_record(phone.identity.record().as_bytes()).unwrap();
    let mut desktop = Device::with_identity(Address::new(UPPER, 2), identity, rng(2));
    phone.greet(&mut desktop, Offer::FULL);
    let mut session = phone.session(&desktop.address).unwrap();
    for _ in 0..25_002 {
        session.encrypt(b"lost", Trust::Anyone, START, &mut phone.rng).unwrap().commit();
    }
    let far: Letter = session.encrypt(b"far", Trust::Anyone, START, &mut phone.rng).unwrap().commit().into();
    desktop.hear(&phone, &far, b"far");
}
