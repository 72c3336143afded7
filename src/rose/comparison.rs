// SPDX-License-Identifier: MIT OR Apache-2.0

//! The runs of a session's comparison (rose 35 part B).

use alloc::boxed::Box;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

use super::change::Change;
#[cfg(feature = "hazmat")]
use super::sas::Sas;
use super::sas::{NOT_THE_SAME, Run, Runs, STEP_LEN, SasError, SasStep, commitment, decode, encode};
use super::session::Session;
use crate::crypto::secret::Secret;
use crate::lease::Busy;
use crate::staged::Staged;
use crate::timestamp::Timestamp;

impl Session {
    /// Starts a run on the current state, and counts it; one that goes on is over. Draws `run` (16) and `N0` (32).
    ///
    /// # Errors
    /// [`SasError`]: `Busy`, `TooEarly`, `TooManyRuns`.
    pub fn start_sas(
        &mut self,
        runs: &mut Runs,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, [u8; STEP_LEN]>, SasError> {
        self.lease.free()?;
        let state = self.states.first().filter(|state| state.is_hybrid()).ok_or(SasError::TooEarly)?;
        runs.begin(now)?;
        let mut run = [0; 16];
        rng.fill_bytes(&mut run);
        let first = Secret::random(rng);
        let step = encode(1, &run, &commitment(state.binding(), &run, first.as_bytes()));
        let run = Run { step: 1, role: 0, id: run, first, second: Secret::zero() };
        Ok(Staged::of(self, Change::Run(Some(Box::new(run))), step))
    }

    /// Takes a step of the peer: the content of a message of [`Kind::Sas`](super::Kind::Sas). Draws `N1` (32) in answer
    /// to a commitment, which counts as a run, but for the one that takes the place of ours where both have started.
    ///
    /// # Errors
    /// [`SasError`]. After `BadConfirm` cancel the run.
    pub fn take_sas(
        &mut self,
        content: &[u8],
        runs: &mut Runs,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, SasStep>, SasError> {
        self.lease.free()?;
        let (step, id, value) = decode(content)?;
        let state = self.states.first().filter(|state| state.is_hybrid()).ok_or(SasError::TooEarly)?;
        let run = state.run.as_deref().filter(|_| !runs.is_over(now));
        let (run, outcome) = match (step, run) {
            (1, None) => {
                runs.begin(now)?;
                answer(id, value, rng)
            }
            // Both have started: the smaller id goes on.
            (1, Some(run)) if run.role == 0 && run.step == 1 && id < run.id => answer(id, value, rng),
            // The same side begins a second time.
            (1, Some(run)) if run.role == 1 => (None, SasStep::Cancelled { differ: false }),
            (2, Some(run)) if run.id == id && run.role == 0 && run.step == 1 => {
                let run = Run { second: Secret::new(value), ..run.at(3) };
                let (reveal, sas) = (encode(3, &id, run.first.as_bytes()), run.sas(state.binding()));
                (Some(run), SasStep::SendAndShow(reveal, sas))
            }
            (3, Some(run)) if run.id == id && run.role == 1 && run.step == 2 => {
                if bool::from(commitment(state.binding(), &id, &value).ct_eq(run.first.as_bytes())) {
                    let run = Run { first: Secret::new(value), ..run.at(3) };
                    let sas = run.sas(state.binding());
                    (Some(run), SasStep::Show(sas))
                } else {
                    (None, SasStep::WrongCommitment)
                }
            }
            (4, Some(run)) if run.id == id && run.step >= 3 => {
                let expected = run.sas(state.binding()).confirm(state.binding(), &id, 1 - run.role);
                if !bool::from(expected.ct_eq(&value)) {
                    return Err(SasError::BadConfirm);
                }
                (Some(run.at(run.step)), SasStep::Confirmed)
            }
            (5, Some(run)) if run.id == id => (None, SasStep::Cancelled { differ: value == NOT_THE_SAME }),
            _ => return Err(SasError::WrongStep),
        };
        Ok(Staged::of(self, Change::Run(run.map(Box::new)), outcome))
    }

    /// Confirms: the user said that the strings are the same. The step goes to the peer; the account is compared only
    /// once the peer's confirmation came too.
    ///
    /// # Errors
    /// [`SasError`]: `Busy`, `NoRun`.
    pub fn confirm_sas(
        &mut self,
        runs: &Runs,
        now: Timestamp,
    ) -> Result<Staged<'_, [u8; STEP_LEN]>, SasError> {
        self.lease.free()?;
        let state = self.states.first().filter(|_| !runs.is_over(now)).ok_or(SasError::NoRun)?;
        let run = state.run.as_deref().filter(|run| run.step >= 3).ok_or(SasError::NoRun)?;
        let step = encode(4, &run.id, &run.sas(state.binding()).confirm(state.binding(), &run.id, run.role));
        let run = run.at(4);
        Ok(Staged::of(self, Change::Run(Some(Box::new(run))), step))
    }

    /// Ends the run; `differ` if the user said that the strings are not the same. The step goes to the peer.
    ///
    /// # Errors
    /// [`SasError`]: `Busy`, `NoRun`.
    pub fn cancel_sas(&mut self, differ: bool) -> Result<Staged<'_, [u8; STEP_LEN]>, SasError> {
        self.lease.free()?;
        let run = self.states.first().and_then(|state| state.run.as_deref()).ok_or(SasError::NoRun)?;
        let value = if differ { NOT_THE_SAME } else { [0; 32] };
        let step = encode(5, &run.id, &value);
        Ok(Staged::of(self, Change::Run(None), step))
    }

    /// Marks the session as distrusted, or not: nothing is sent on it until the user decided.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn distrust(&mut self, distrusted: bool) -> Result<Staged<'_, ()>, Busy> {
        self.lease.free()?;
        Ok(Staged::of(self, Change::Distrust(distrusted), ()))
    }

    /// Commitment, string and both confirmations of given values.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn sas_of(
        &self,
        run: &[u8; 16],
        n0: &[u8; 32],
        n1: &[u8; 32],
    ) -> Option<([u8; 32], Sas, [[u8; 32]; 2])> {
        let state = self.states.first().filter(|state| state.is_hybrid())?;
        let sas = Sas::derive(state.binding(), run, n0, n1);
        let confirms = [0, 1].map(|role| sas.confirm(state.binding(), run, role));
        Some((commitment(state.binding(), run, n0), sas, confirms))
    }
}

/// Role 1's run after a commitment.
fn answer(id: [u8; 16], commitment: [u8; 32], rng: &mut impl CryptoRng) -> (Option<Run>, SasStep) {
    let second = Secret::random(rng);
    let step = encode(2, &id, second.as_bytes());
    (Some(Run { step: 2, role: 1, id, first: Secret::new(commitment), second }), SasStep::Send(step))
}
