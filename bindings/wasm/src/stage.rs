// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stages: one class for each type of output.

use subrosa_binding as core;
use wasm_bindgen::prelude::*;

use crate::account::Account;
use crate::bundle::Upload;
use crate::delivery::DeviceMessage;
use crate::error::{Fallible, thrown};
use crate::plain::Message;
use crate::repair::Resend;
use crate::store::{Store, Write};

macro_rules! stages {
    ($($(#[$doc:meta])* $name:ident: $core:ty => $output:ty, $view:expr;)*) => {
        $(
            $(#[$doc])*
            ///
            /// Store `writes()` in one transaction, then `commit()`, or `rollBack()`: until then the states that it
            /// changes are `Busy`, and the output can't be had but for that transaction.
            #[wasm_bindgen]
            pub struct $name(pub(crate) core::Stage<$core>);

            #[wasm_bindgen]
            impl $name {
                /// The writes, all of one transaction.
                pub fn writes(&self) -> Fallible<Vec<Write>> {
                    Ok(self.0.writes().map_err(thrown)?.into_iter().map(Write).collect())
                }

                /// The writes in bytes, for a store that takes them so. They hold secrets.
                #[wasm_bindgen(js_name = writesBytes)]
                pub fn writes_bytes(&self) -> Fallible<Vec<u8>> {
                    Ok(self.0.writes_bytes().map_err(thrown)?.to_vec())
                }

                /// The output, to be stored in the transaction of the writes and for nothing else.
                #[wasm_bindgen(js_name = outputForTheSameTransaction)]
                pub fn output_for_the_same_transaction(&self) -> Fallible<$output> {
                    self.0.output_for_the_same_transaction().map($view).map_err(thrown)
                }

                /// Makes the change and gives the output. The writes must be stored durably.
                pub fn commit(&self) -> Fallible<$output> {
                    self.0.commit().map($view).map_err(thrown)
                }

                /// Stores the writes in `store` and commits.
                #[wasm_bindgen(js_name = commitTo)]
                pub fn commit_to(&self, store: &Store) -> Fallible<$output> {
                    store.0.commit(&self.0).map($view).map_err(thrown)
                }

                /// Drops the change.
                #[wasm_bindgen(js_name = rollBack)]
                pub fn roll_back(&self) {
                    self.0.roll_back();
                }

                /// Whether the stage was neither committed nor rolled back.
                #[wasm_bindgen(getter, js_name = isOpen)]
                pub fn is_open(&self) -> bool {
                    self.0.is_open()
                }
            }
        )*
    };
}

stages! {
    /// A change without an output.
    StagedChange: () => (), |()| ();
    /// A new account. There is no output for the transaction.
    StagedAccount: core::Account => Account, Account;
    /// A message to send.
    StagedMessage: core::Outgoing => Message, Message;
    /// An envelope to send.
    StagedEnvelope: Vec<u8> => Vec<u8>, |envelope| envelope;
    /// A text that was received. Store it in the transaction of the writes: its message can't be decrypted again.
    StagedText: Secret => Vec<u8>, |text: Secret| text.to_vec();
    /// An upload for the service.
    StagedUpload: core::Upload => Upload, Upload;
    /// Messages for many devices.
    StagedMessages: Vec<core::DeviceMessage> => Vec<DeviceMessage>, |all| all.into_iter().map(DeviceMessage).collect();
    /// What to do about a peer's request.
    StagedResend: core::Resend => Resend, Resend;
}

/// A text, wiped when it is dropped.
type Secret = zeroize::Zeroizing<Vec<u8>>;
