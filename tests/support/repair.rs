// SPDX-License-Identifier: MIT OR Apache-2.0

//! The test kit for repair: devices that ask for what they can't read and answer who asks them, in transactions
//! as the [device] does everything.

#![allow(
    dead_code,
    clippy::unwrap_used,
    missing_docs,
    missing_debug_implementations,
    reason = "a test kit, of which each test uses a part"
)]

use subrosa::repair::{
    Advice, DecryptionErrorMessage, Failure, PlaintextContent, RepairLog, RepairPolicy, RepairRefused,
    Resend, ResendRequest,
};
use subrosa::sealed::ContentHint;
use subrosa::{Address, Timestamp};

use super::device::{self, Device, Letter};

/// Why a request was not answered.
#[derive(Debug, PartialEq, Eq)]
pub enum NotAnswered {
    Refused(RepairRefused),
    /// The store failed.
    Store(device::Failure),
}

/// What a failure of a device means for repair. A prekey that is not there is what accounts call gone.
pub fn failure(failure: &device::Failure) -> Failure {
    match failure {
        device::Failure::Decrypt(error) => error.failure(),
        _ => Failure::Undecryptable,
    }
}

/// What to do about a message that came at `sent` from a device without an envelope, and failed.
pub fn advice(failed: &device::Failure, letter: &Letter, sent: Timestamp, from: &Address) -> Advice {
    let Letter { kind, bytes } = letter;
    Advice::about(failure(failed), ContentHint::Default, *kind, bytes, sent, from.device())
}

/// The request as its receiver reads it.
pub fn delivered(request: &ResendRequest) -> DecryptionErrorMessage {
    let content = request.content();
    PlaintextContent::parse(content.as_bytes()).unwrap().decryption_error_message().unwrap()
}

impl Device {
    pub fn log(&self, peer: &Address) -> RepairLog {
        let record = self.store.repair_logs.get(peer);
        let peer = peer.clone();
        match record {
            Some(record) => RepairLog::from_record(record, peer).unwrap(),
            None => RepairLog::new(peer),
        }
    }

    /// Tries to read a message that must fail, and says what to ask for. Nothing has changed then.
    #[track_caller]
    pub fn miss(&mut self, from: &Address, letter: &Letter, sent: Timestamp) -> Option<ResendRequest> {
        let failed = self.refuse(from, letter);
        advice(&failed, letter, sent, from).ask
    }

    /// Asks for a message to be sent again, if the policy allows. Gives what its sender reads.
    pub fn ask(
        &mut self,
        from: &Address,
        request: ResendRequest,
        policy: &RepairPolicy,
    ) -> Result<DecryptionErrorMessage, RepairRefused> {
        let mut log = self.log(from);
        let staged = log.ask(request, policy, self.now)?;
        let request = device::store_and_commit(staged, &mut self.store, &self.faults).unwrap();
        self.check_log(from, &log);
        Ok(delivered(&request))
    }

    /// Answers a request: session and log change together, or not at all.
    pub fn answer(
        &mut self,
        from: &Address,
        request: &DecryptionErrorMessage,
        policy: &RepairPolicy,
    ) -> Result<Resend, NotAnswered> {
        let (mut log, mut session) = (self.log(from), self.session(from).map_err(NotAnswered::Store)?);
        let before = (log.record(), session.record());
        let answer = log.answer(&mut session, request, policy, self.now).map_err(NotAnswered::Refused)?;
        match device::store_and_commit(answer, &mut self.store, &self.faults) {
            Ok(resend) => {
                self.check_log(from, &log);
                self.check_session(from, &session);
                Ok(resend)
            }
            Err(failure) => {
                assert!(log.record().as_bytes() == before.0.as_bytes(), "the log has changed");
                assert!(session.record().as_bytes() == before.1.as_bytes(), "the session has changed");
                Err(NotAnswered::Store(failure))
            }
        }
    }

    /// Asserts that what was stored is what the log in memory would store.
    #[track_caller]
    fn check_log(&self, peer: &Address, log: &RepairLog) {
        let stored = self.log(peer).record();
        assert_eq!(stored.as_bytes(), log.record().as_bytes(), "a staged record is the one after the commit");
    }

    #[track_caller]
    fn check_session(&self, peer: &Address, session: &subrosa::Session) {
        let stored = self.session(peer).unwrap().record();
        assert_eq!(stored.as_bytes(), session.record().as_bytes(), "memory and store differ");
    }
}
