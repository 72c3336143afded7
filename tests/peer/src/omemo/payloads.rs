// SPDX-License-Identifier: MIT OR Apache-2.0

//! The payload layer.

use serde_json::json;
use subrosa::omemo::Version;
use subrosa::omemo::payload::{Legacy, PayloadError, Two};

use super::{Answer, Failure, Fields, Operation, World};

pub(super) const OPERATIONS: &[Operation] = &[
    ("payload_encrypt", payload_encrypt),
    ("payload_empty", payload_empty),
    ("payload_decrypt", payload_decrypt),
];

fn refused(error: PayloadError) -> Failure {
    Failure::new("DecryptionFailed", error.to_string())
}

fn payload_encrypt(world: &mut World, fields: Fields<'_>) -> Answer {
    let (version, plaintext) = (fields.version()?, fields.bytes("plaintext")?);
    let random = world.random(fields);
    let sealed = match version {
        Version::Legacy => Legacy::seal(&plaintext, random),
        _ => Two::seal(&plaintext, random),
    };
    let mut out =
        json!({ "payload": hex::encode(&sealed.payload), "key_material": hex::encode(&sealed.key_material) });
    if let (Some(iv), Some(out)) = (sealed.iv, out.as_object_mut()) {
        out.insert("iv".to_owned(), hex::encode(iv).into());
    }
    Ok(out)
}

fn payload_empty(world: &mut World, fields: Fields<'_>) -> Answer {
    Ok(match fields.version()? {
        Version::Legacy => {
            let (iv, key_material) = Legacy::empty(world.random(fields));
            json!({ "key_material": hex::encode(&key_material), "iv": hex::encode(iv) })
        }
        _ => json!({ "key_material": hex::encode(Two::EMPTY) }),
    })
}

fn payload_decrypt(_: &mut World, fields: Fields<'_>) -> Answer {
    let (payload, key_material) = (fields.bytes("payload")?, fields.bytes("key_material")?);
    let plaintext = match fields.version()? {
        Version::Legacy => Legacy::open(&payload, &fields.bytes("iv")?, &key_material),
        _ => Two::open(&payload, &key_material),
    };
    Ok(json!({ "plaintext": hex::encode(&plaintext.map_err(refused)?) }))
}
