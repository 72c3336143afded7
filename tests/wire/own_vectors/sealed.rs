// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender: certificates, both envelopes, and what the service makes of one for many. The values on the way are
//! put together from the primitives (`tests/support/by_hand.rs`).

use serde_json::{Value, json};
use subrosa::group::SenderKey;
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::PrivateKey;
use subrosa::sealed;
use subrosa::sealed::certificate::{SenderCertificate, SenderDetails, ServerCertificate, TrustStore};
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{ContentHint, UnverifiedContent};
use subrosa::{Ciphertext, DeviceId, IdentityKeyPair, ServiceId, Timestamp};

use crate::own_vectors::parties::{NOW, alice, bob, identity, pair, text};
use crate::own_vectors::stream::Stream;

use crate::by_hand;

const EXPIRES: Timestamp = Timestamp::from_millis(NOW.as_millis() + 86_400_000);

/// All that a case needs.
struct Cast {
    root: PrivateKey,
    sender: IdentityKeyPair,
    recipients: [IdentityKeyPair; 2],
    certificate: SenderCertificate,
    message: Ciphertext,
    stream: Stream,
}

pub fn cases() -> Vec<Value> {
    let seed = "subrosa vectors 1: sealed sender";
    let mut stream = Stream::new(seed);
    let [root, server_key] = [PrivateKey::generate(&mut stream), PrivateKey::generate(&mut stream)];
    let sender = IdentityKeyPair::generate(&mut stream);
    let recipients = [IdentityKeyPair::generate(&mut stream), IdentityKeyPair::generate(&mut stream)];
    stream.drawn();
    let server = ServerCertificate::issue(7, &server_key.public_key(), &root, &mut stream);
    let server_random = stream.drawn();
    let details = SenderDetails {
        address: alice(),
        e164: Some("+15550100".to_owned()),
        identity_key: *sender.public(),
        expires: EXPIRES,
    };
    let certificate = details.issue(&server, &server_key, &mut stream).unwrap();
    let certificates = json!({
        "name": "certificates",
        "seed": seed,
        "trust_root": pair(root.as_bytes(), &root.public_key().encode()),
        "server": {
            "id": 7,
            "key": pair(server_key.as_bytes(), &server_key.public_key().encode()),
            "random": server_random,
            "certificate": hex::encode(server.as_bytes()),
        },
        "sender": {
            "uuid": alice().name().as_str(),
            "e164": "+15550100",
            "device": 1,
            "expires": EXPIRES.as_millis(),
            "IK": identity(&sender),
            "random": stream.drawn(),
            "certificate": hex::encode(certificate.as_bytes()),
        },
    });
    let message = SenderKey::generate(subrosa::group::Format::WithoutId, &mut stream)
        .encrypt(b"sealed", &mut stream)
        .unwrap()
        .commit();
    stream.drawn();
    let mut cast = Cast { root, sender, recipients, certificate, message, stream };
    vec![certificates, version_1(&mut cast), version_2(&mut cast)]
}

/// What goes inside of an envelope.
fn content(cast: &Cast, hint: ContentHint, group_id: Option<&[u8]>) -> Vec<u8> {
    let (certificate, message) = (cast.certificate.as_bytes(), cast.message.as_bytes());
    SealedContent { kind: cast.message.kind(), certificate, message, hint, group_id }.encode()
}

fn version_1(cast: &mut Cast) -> Value {
    let recipient = &cast.recipients[0];
    let sender =
        sealed::Sender::new(&cast.sender, &cast.certificate).unwrap().with_hint(ContentHint::Resendable);
    let sealed = sender.seal(&cast.message, recipient.public(), &mut cast.stream).unwrap();
    let random = cast.stream.drawn();
    verify(cast, &sealed, recipient);
    let content = content(cast, ContentHint::Resendable, None);

    let mut drawn = [0; 32];
    hex::decode_to_slice(&random[0], &mut drawn).unwrap();
    let ephemeral = PrivateKey::from_secret(&Secret::new(drawn));
    let outer = by_hand::Outer::new(&ephemeral, recipient.public());
    let encrypted_static = outer.encrypted_static(&cast.sender.public().encode());
    let inner = by_hand::Inner::new(&outer, &encrypted_static, &cast.sender, recipient.public());
    let encrypted_message = inner.encrypted_message(&content);
    assert_eq!(
        by_hand::envelope(&ephemeral.public_key().encode(), &encrypted_static, &encrypted_message),
        sealed
    );
    json!({
        "name": "version 1",
        "sender": identity(&cast.sender),
        "recipient": identity(recipient),
        "random": random,
        "e": pair(ephemeral.as_bytes(), &ephemeral.public_key().encode()),
        "content": text(content),
        "kind": 7,
        "hint": 1,
        "message": text(cast.message.as_bytes()),
        "outer": { "DH": text(outer.shared), "salt": text(&outer.salt), "chain": text(outer.chain), "cipher": text(outer.cipher), "mac": text(outer.mac) },
        "inner": { "DH": text(inner.shared), "cipher": text(inner.cipher), "mac": text(inner.mac) },
        "encrypted_static": text(encrypted_static),
        "encrypted_message": text(encrypted_message),
        "envelope": text(sealed),
    })
}

fn version_2(cast: &mut Cast) -> Value {
    let [bob_id, carol_id, excluded_id] = [
        bob().service_id().unwrap(),
        "PNI:a1b2c3d4-0001-4002-8003-00000000000c".parse::<ServiceId>().unwrap(),
        "a1b2c3d4-0001-4002-8003-00000000000d".parse::<ServiceId>().unwrap(),
    ];
    let ids = [bob_id, carol_id];
    let device = |id| DeviceId::new(id);
    let [bob, carol] = &cast.recipients;
    let recipients = [
        sealed::Recipient::new(bob_id, bob.public(), [(device(1), 2_222), (device(3), 16_383)]).unwrap(),
        sealed::Recipient::new(carol_id, carol.public(), [(device(127), 0)]).unwrap(),
    ];
    let sender = sealed::Sender::new(&cast.sender, &cast.certificate).unwrap().with_group_id(b"a group");
    let sent =
        sender.seal_for_many(&cast.message, &recipients, &[excluded_id], &mut cast.stream).unwrap().bytes;
    let random = cast.stream.drawn();

    let parsed = SentMessage::parse(&sent).unwrap();
    let received: Vec<Vec<u8>> = parsed.recipients().map(|recipient| recipient.received().to_vec()).collect();
    let content = content(cast, ContentHint::Default, Some(b"a group"));
    let mut seed = [0; 32];
    hex::decode_to_slice(&random[0], &mut seed).unwrap();
    let many = by_hand::Many::new(seed, &content);
    let devices = [json!([[1, 2_222], [3, 16_383]]), json!([[127, 0]])];
    let mut shown = Vec::new();
    for (at, recipient) in cast.recipients.iter().enumerate() {
        verify(cast, &received[at], recipient);
        let material = many.material(&cast.sender, recipient.public());
        assert_eq!(many.received(&material), received[at]);
        shown.push(json!({
            "service_id": ids[at].to_string(),
            "devices": devices[at],
            "IK": identity(recipient),
            "DH": text(material.shared),
            "pad": text(material.pad),
            "C": text(material.encrypted_seed),
            "DH.sender": text(material.sender_shared),
            "AT": text(material.tag),
            "received": text(&received[at]),
        }));
    }
    json!({
        "name": "version 2",
        "sender": identity(&cast.sender),
        "recipients": shown,
        "excluded": [excluded_id.to_string()],
        "random": random,
        "content": text(content),
        "kind": 7,
        "hint": 0,
        "group_id": text(b"a group"),
        "message": text(cast.message.as_bytes()),
        "m": text(seed),
        "e": pair(many.ephemeral.as_bytes(), &many.ephemeral_public().encode()),
        "K": text(many.key),
        "ciphertext": text(&many.ciphertext),
        "sent": text(&sent),
    })
}

/// The recipient opens it and finds out who it is from.
fn verify(cast: &Cast, envelope: &[u8], recipient: &IdentityKeyPair) {
    let roots = [cast.root.public_key()];
    let trust = TrustStore { trust_roots: &roots, revoked: &[], known: &[] };
    let opened = UnverifiedContent::open(envelope, recipient).unwrap();
    let content = opened.verify(&trust, &bob(), None, NOW).unwrap();
    assert_eq!(*content.sender().address(), alice());
}
