// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender: who wrote, to whom, in which group, and what, is as secret as the keys are, until it is
//! verified.

use rand_chacha::ChaCha20Rng;
use subrosa::Trust;
use subrosa::hazmat::sealed::Envelope;
use subrosa::hazmat::sealed::v2::Shared;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::Secret;
use subrosa::sealed;
use subrosa::sealed::UnverifiedContent;
use subrosa::session;
use subrosa::session::manual::Admission;

use super::device::{Device, FoundKeys, Offer};
use super::sealed::{Seal, Service};
use super::{Shown, TEXT};

const GROUP_ID: &[u8] = b"\xB1which group it is for\xB2";

pub(super) fn show(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let [mut alice, mut bob] = Device::pair(5);
    alice.begin_with(&mut bob, Offer::FULL);
    let mut service = Service::new(5);
    let certificate = service.certify(&alice);
    shown.secret("group id", GROUP_ID);
    shown.secret("sealing identity", alice.identity.private().as_bytes());
    let seal = Seal { group_id: Some(GROUP_ID), ..Seal::with(&certificate) };
    let sender = seal.of(&alice.identity);
    shown.show("sealed::Sender", &sender);

    let mut session = alice.session(&bob.address).unwrap();
    let staged = sender.encrypt(&mut session, TEXT, Trust::Anyone, alice.now, rng).unwrap();
    shown.show("Staged", &staged);
    let sealed = staged.commit();
    let later = sender.encrypt(&mut session, TEXT, Trust::Anyone, alice.now, rng).unwrap().commit();
    show_opened(shown, &sealed, &bob, &service);

    let mut session = bob.session(&alice.address).unwrap();
    for sealed in [sealed, later] {
        let content = bob.verify(&sealed, &service).unwrap();
        shown.show("Content", &content);
        let message = content.body().unwrap();
        shown.show("sealed::Body", &message);
        let sealed::Body::Session(message) = message else { panic!("a message of a session") };
        shown.show("Message", &message);
        let local = session::Config::new(&bob.identity, 1);
        let admission = session.receive(&local, &message, Trust::Anyone, rng).unwrap();
        shown.show("Admission", &admission);
        let staged = match admission {
            Admission::Decrypted(staged) => staged,
            Admission::New(new) => {
                shown.show("NewSession", &new);
                let keys = FoundKeys::find(&bob.store, &bob.faults, new.needed()).unwrap();
                new.accept(&keys.lend(), rng).unwrap()
            }
        };
        shown.show("Staged", &staged);
        shown.show("Plaintext", &staged.commit());
    }

    let seed = Secret::random(rng);
    shown.secret("m", seed.as_bytes());
    shown.show("Shared", &Shared::derive(seed));
}

/// What is inside must not even show whom it claims to be from.
fn show_opened(shown: &mut Shown, sealed: &[u8], bob: &Device, service: &Service) {
    let envelope = Envelope::open(sealed, &bob.identity).unwrap();
    shown.show("Envelope", &envelope);
    let content = UnverifiedContent::open(sealed, &bob.identity).unwrap();
    shown.show("UnverifiedContent", &content);
    let certificate = bob.verify(sealed, service).unwrap().sender().certificate().as_bytes().to_vec();
    let parsed = SealedContent::parse(envelope.content()).unwrap();
    let message = PreKeySignalMessage::parse(parsed.message).unwrap();
    shown.secret("message under seal", message.message().body());
    shown.secret("signature of a certificate", certificate.last_chunk::<64>().unwrap());
    shown.show("SealedContent", &parsed);
}
