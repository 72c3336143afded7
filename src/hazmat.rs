// SPDX-License-Identifier: MIT OR Apache-2.0

//! The parts below the paved path, for protocol research.
//!
//! **Hazardous material.** Nothing here keeps you from using a key twice, releasing a message before its
//! state is stored, or skipping a check. Messengers use the types at the crate's root. No stability is
//! promised between releases.

/// L0: primitives.
pub mod crypto {
    pub use crate::crypto::{
        cbc, ctr, curve, erasure, gcm, gcm_siv, gf16, hpke, kdf, kem, kem768, secret, xeddsa,
    };
    #[cfg(feature = "omemo")]
    pub use crate::crypto::{ed25519, gcm128};
    #[cfg(feature = "rose")]
    pub use crate::crypto::{ml_kem, xwing};
}

/// L1: messages as bytes. Parsing verifies nothing.
pub mod wire {
    pub use crate::wire::{
        braid_message, decryption_error, distribution_id, message, plaintext_content, prekey_message,
        protobuf, sealed_content, sealed_message, sender_key_distribution, sender_key_message,
        signal_message, stored,
    };
}

/// L1: the bytes of the rose profile.
#[cfg(feature = "rose")]
pub mod rose {
    pub use crate::rose::codec::header_opens;
    pub use crate::wire::rose::{body, header, length, upload};
}

/// L1: the stored form of our own state.
pub mod record {
    pub use crate::record::{
        HEADER_LEN, Record, RecordError, RecordKey, RecordKind, RecordReader, RecordWriter, SEALED_OVERHEAD,
    };
}

/// L3: key agreement.
pub mod agreement {
    pub use crate::agreement::{AgreementError, Agreements, Initiator, Responder, pqxdh, x3dh};
}

/// L4: ratchets.
pub mod ratchet {
    pub use crate::ratchet::{chain, double, message_keys, receiving, root, skipped, spqr, triple, turns};
}

/// L6: sealed sender, without the checks of the paved path.
pub mod sealed {
    pub use crate::sealed::envelope::Envelope;
    pub use crate::sealed::many::{Entry, MAX_REGISTRATION_ID, seal_for_many};

    /// Version 1.
    pub mod v1 {
        pub use crate::sealed::v1::{seal, seal_with};
    }

    /// Version 2.
    pub mod v2 {
        pub use crate::sealed::v2::{KEY_MATERIAL_LEN, KeyMaterial, Shared};
    }
}
