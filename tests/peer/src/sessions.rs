// SPDX-License-Identifier: MIT OR Apache-2.0

//! Operations on sessions.

use serde_json::json;
use subrosa::keys::Signature;
use subrosa::prekey::{
    KemPreKeyId, KemPreKeyPublic, LastResortKemPreKey, OneTimePreKey, OneTimePreKeyId, OneTimePreKeyPublic,
    SignedPreKey, SignedPreKeyId, SignedPreKeyPublic,
};
use subrosa::session::manual::{Admission, KemKey, NeededPreKeys, PreKeys};
use subrosa::session::{Policy, Requirements};
use subrosa::{
    Address, DeviceId, IdentityKey, Message, MessageKind, Plaintext, PreKeyBundle, Session, Staged, Timestamp,
};

use super::party::Party;
use super::primitives::kem_public;
use super::rng::Source;
use super::{Answer, Failure, Operation, Peer, Request};

pub(super) const OPERATIONS: &[Operation] = &[
    ("process_bundle", process_bundle),
    ("encrypt", encrypt),
    ("decrypt", decrypt),
    ("session_export", session_export),
    ("session_import", session_import),
    ("session_archive", session_archive),
    ("session_delete", session_delete),
    ("session_info", session_info),
];

/// The time of the request: as it says, or the system's.
fn now(request: Request<'_>) -> Result<Timestamp, Failure> {
    Ok(match request.optional_u64("now_ms")? {
        Some(millis) => Timestamp::from_millis(millis),
        None => Timestamp::now(),
    })
}

impl Party {
    /// The session with `remote`, if there is a record of it.
    pub(crate) fn session(&self, remote: &Address) -> Result<Option<Session>, Failure> {
        let record = self.sessions.get(remote);
        let read = |bytes: &Vec<u8>| Session::from_record(bytes, self.address.clone(), remote.clone());
        let session = record.map(read).transpose().map_err(Failure::invalid_session)?;
        Ok(session.map(|session| session.with_policy(self.policy)))
    }

    pub(crate) fn session_or_new(&self, remote: &Address) -> Result<Session, Failure> {
        let session = self.session(remote)?;
        let new = || Session::new(self.address.clone(), remote.clone()).with_policy(self.policy);
        Ok(session.unwrap_or_else(new))
    }

    /// Works on the session with `remote` and stores what was staged. That the session is then what was
    /// stored is checked each time.
    pub(crate) fn update<T>(
        &mut self,
        session: &mut Session,
        work: impl for<'s> FnOnce(&Self, &'s mut Session) -> Result<Staged<'s, T>, Failure>,
    ) -> Result<T, Failure> {
        let staged = work(self, session)?;
        let writes = staged.writes();
        let output = staged.commit();
        let remote = session.remote().clone();
        self.store(&remote, writes);
        if self.sessions.get(&remote).is_none_or(|stored| stored != session.record().as_bytes()) {
            return Err(Failure::error("what was committed is not what was staged"));
        }
        Ok(output)
    }
}

fn process_bundle(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, rng) = peer.party(request)?;
    let (remote, now) = (request.address("remote")?, now(request)?);
    let bundle = read_bundle(request.object("bundle")?)?;
    // The official client reads devices 1 to 127, and does not compare a bundle's with the recipient's.
    if bundle.device_id != remote.device() && !(1..=127).contains(&bundle.device_id.get()) {
        return Err(Failure::generic("invalid argument: device ID is out of range"));
    }
    let bundle = PreKeyBundle { device_id: remote.device(), ..bundle };
    let bundle = bundle.verify(party.trust(&remote))?;
    let mut session = party.session_or_new(&remote)?;
    party
        .update(&mut session, |party, session| Ok(session.initiate(&party.config(), bundle, now, rng)?))?;
    Ok(json!({}))
}

fn read_bundle(bundle: Request<'_>) -> Result<PreKeyBundle, Failure> {
    let half = || Failure::generic("invalid argument: an id without its key, or the reverse");
    let one_time_pre_key =
        match (bundle.optional_u32("pre_key_id")?, bundle.optional_public("pre_key_public")?) {
            (Some(id), Some(key)) => Some(OneTimePreKeyPublic { id: OneTimePreKeyId(id), key }),
            (None, None) => None,
            _ => return Err(half()),
        };
    let kem_pre_key =
        match (bundle.optional_u32("kyber_pre_key_id")?, bundle.optional_bytes("kyber_pre_key_public")?) {
            (Some(id), Some(key)) => Some(KemPreKeyPublic {
                id: KemPreKeyId(id),
                key: kem_public(&key)?,
                signature: signature(&bundle.bytes("kyber_pre_key_signature")?)?,
            }),
            (None, None) => None,
            _ => return Err(half()),
        };
    Ok(PreKeyBundle {
        registration_id: bundle.u32("registration_id")?,
        device_id: DeviceId::new(bundle.u32("device_id")?),
        identity_key: IdentityKey::new(bundle.public("identity_key")?),
        signed_pre_key: SignedPreKeyPublic {
            id: SignedPreKeyId(bundle.u32("signed_pre_key_id")?),
            key: bundle.public("signed_pre_key_public")?,
            signature: signature(&bundle.bytes("signed_pre_key_signature")?)?,
        },
        one_time_pre_key,
        kem_pre_key,
    })
}

/// A signature of another length is as good as a wrong one.
fn signature(bytes: &[u8]) -> Result<Signature, Failure> {
    bytes.try_into().map_err(|_| Failure::generic("signature validation failed"))
}

fn encrypt(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, rng) = peer.party(request)?;
    let (remote, now, plaintext) = (request.address("remote")?, now(request)?, request.bytes("plaintext")?);
    let mut session = party.session_or_new(&remote)?;
    let message = party.update(&mut session, |party, session| {
        Ok(session.encrypt(&plaintext, party.trust(&remote), now, rng)?)
    })?;
    Ok(json!({ "type": message.kind().to_u8(), "message": hex::encode(message.as_bytes()) }))
}

fn decrypt(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, rng) = peer.party(request)?;
    let (remote, bytes) = (request.address("remote")?, request.bytes("message")?);
    let kind = match request.u32("type")? {
        2 => MessageKind::Whisper,
        3 => MessageKind::PreKey,
        other => return Err(Failure::error(format!("decrypt takes type 2 or 3, not {other}"))),
    };
    let plaintext = receive(party, &remote, &Message::parse(kind, &bytes)?, rng)?;
    Ok(json!({ "plaintext": hex::encode(&*plaintext) }))
}

/// Decrypts a message, sealed or not, and begins the session that it asks for.
pub(crate) fn receive(
    party: &mut Party,
    remote: &Address,
    message: &Message<'_>,
    rng: &mut Source,
) -> Result<Plaintext, Failure> {
    let mut session = party.session_or_new(remote)?;
    party.update(&mut session, |party, session| {
        match session.receive(&party.config(), message, party.trust(remote), rng)? {
            Admission::Decrypted(staged) => Ok(staged),
            Admission::New(new) => {
                let taken = TakenKeys::off_the_shelves(party, new.needed())?;
                Ok(new.accept(&taken.keys(), rng)?)
            }
        }
    })
}

/// Prekeys that were looked up for a message.
struct TakenKeys {
    signed: SignedPreKey,
    one_time: Option<OneTimePreKey>,
    kyber: Option<LastResortKemPreKey>,
    used_before: bool,
}

impl TakenKeys {
    fn off_the_shelves(party: &Party, needed: NeededPreKeys) -> Result<Self, Failure> {
        let shelves = &party.shelves;
        Ok(Self {
            signed: shelves.signed_pre_key(needed.signed)?,
            kyber: needed.kem.map(|usage| shelves.kyber_pre_key(usage.kem)).transpose()?,
            one_time: needed.one_time.map(|id| shelves.one_time_pre_key(id)).transpose()?,
            used_before: needed.kem.is_some_and(|usage| shelves.kyber_used.contains(&usage)),
        })
    }

    fn keys(&self) -> PreKeys<'_> {
        let used_before = self.used_before;
        let kem = self.kyber.as_ref().map(|key| KemKey::LastResort { key, used_before });
        PreKeys { signed: &self.signed, one_time: self.one_time.as_ref(), kem }
    }
}

fn session_export(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let session = party.session(&request.address("remote")?)?;
    Ok(json!({ "record": session.map(|session| hex::encode(&*session.to_libsignal_record())) }))
}

fn session_import(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let (remote, record) = (request.address("remote")?, request.bytes("record")?);
    let session = Session::from_libsignal_record(&record, party.address.clone(), remote.clone());
    let session = session.map_err(|error| Failure::invalid_session(format!("invalid session: {error}")))?;
    party.sessions.insert(remote, session.record().as_bytes().to_vec());
    Ok(json!({}))
}

fn session_archive(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let mut session =
        party.session(&request.address("remote")?)?.ok_or_else(|| Failure::error("no session"))?;
    party.update(&mut session, |_, session| Ok(session.archive()?))?;
    Ok(json!({}))
}

fn session_delete(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    Ok(json!({ "deleted": party.sessions.remove(&request.address("remote")?).is_some() }))
}

fn session_info(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let (now, ratchet_key) = (now(request)?, request.optional_public("ratchet_key")?);
    let Some(session) = party.session(&request.address("remote")?)? else {
        return Ok(json!({ "exists": false }));
    };
    let requirements = match party.policy {
        Policy::AllowVersion3 => {
            Requirements { pqxdh: false, post_quantum_ratchet: false, ..Requirements::default() }
        }
        _ => Requirements::default(),
    };
    let usable = session.is_usable(now, requirements);
    Ok(json!({
        "exists": true,
        "usable": usable,
        "local_registration_id": session.local_registration_id().filter(|_| usable),
        "remote_registration_id": session.remote_registration_id().filter(|_| usable),
        "ratchet_key_matches": ratchet_key.map(|key| session.current_ratchet_key_matches(&key)),
    }))
}
