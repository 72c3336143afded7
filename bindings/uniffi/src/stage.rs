// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stages: one class for each type of output.

use std::sync::Arc;

use subrosa_binding as core;
use zeroize::Zeroizing;

use crate::account::Account;
use crate::bundle::Upload;
use crate::delivery::DeviceMessage;
use crate::error::SubrosaError;
use crate::omemo::{OmemoMessage, OmemoReceived};
use crate::plain::Message;
use crate::repair::Resend;
use crate::store::{Store, Write};

macro_rules! stages {
    ($($(#[$doc:meta])* $name:ident: $core:ty => $output:ty, $view:expr;)*) => {
        $(
            $(#[$doc])*
            ///
            /// Store the writes in one transaction, then commit, or roll back: until then the states that it changes
            /// are `Busy`, and the output can't be had but for that transaction.
            #[derive(uniffi::Object)]
            pub struct $name(pub(crate) core::Stage<$core>);

            #[uniffi::export]
            impl $name {
                /// The writes, all of one transaction.
                pub fn writes(&self) -> Result<Vec<Arc<Write>>, SubrosaError> {
                    Ok(self.0.writes()?.into_iter().map(|write| Arc::new(Write(write))).collect())
                }

                /// The writes in bytes, for a store that takes them so. They hold secrets.
                pub fn writes_bytes(&self) -> Result<Vec<u8>, SubrosaError> {
                    Ok(self.0.writes_bytes()?.to_vec())
                }

                /// The output, to be stored in the transaction of the writes and for nothing else.
                pub fn output_for_the_same_transaction(&self) -> Result<$output, SubrosaError> {
                    Ok(($view)(self.0.output_for_the_same_transaction()?))
                }

                /// Makes the change and gives the output. The writes must be stored durably.
                pub fn commit(&self) -> Result<$output, SubrosaError> {
                    Ok(($view)(self.0.commit()?))
                }

                /// Stores the writes in a store in memory and commits.
                pub fn commit_to(&self, store: &Store) -> Result<$output, SubrosaError> {
                    Ok(($view)(store.0.commit(&self.0)?))
                }

                /// Drops the change.
                pub fn roll_back(&self) {
                    self.0.roll_back();
                }

                /// Whether the stage was neither committed nor rolled back.
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
    StagedAccount: core::Account => Arc<Account>, |account| Arc::new(Account(account));
    /// A message to send.
    StagedMessage: core::Outgoing => Arc<Message>, |message| Arc::new(Message(message));
    /// An envelope to send.
    StagedEnvelope: Vec<u8> => Vec<u8>, |envelope| envelope;
    /// A text that was received. Store it in the transaction of the writes: its message can't be decrypted again.
    StagedText: Zeroizing<Vec<u8>> => Vec<u8>, |text: Zeroizing<Vec<u8>>| text.to_vec();
    /// An upload for the service.
    StagedUpload: core::Upload => Arc<Upload>, |upload| Arc::new(Upload(upload));
    /// Messages for many devices.
    StagedMessages: Vec<core::DeviceMessage> => Vec<DeviceMessage>,
        |all: Vec<core::DeviceMessage>| all.into_iter().map(Into::into).collect::<Vec<_>>();
    /// Messages of OMEMO for many devices.
    StagedOmemoMessages: Vec<core::OmemoMessage> => Vec<OmemoMessage>,
        |all: Vec<core::OmemoMessage>| all.into_iter().map(Into::into).collect::<Vec<_>>();
    /// What a message of OMEMO said. Store it, or the text that it opens, in the transaction of the writes: its message
    /// can't be decrypted again.
    StagedOmemoText: core::OmemoReceived => Arc<OmemoReceived>, |received| Arc::new(OmemoReceived(received));
    /// What to do about a peer's request.
    StagedResend: core::Resend => Resend, Resend::from;
}
