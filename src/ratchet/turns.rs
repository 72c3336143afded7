// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where the agreements of a DH ratchet step come from: computed when it is taken, or before, for many sessions at once.

use alloc::vec::Vec;

use rand_core::CryptoRng;

use crate::crypto::curve::{
    Agreed, KeyPair, NonContributory, PreparedKey, PrivateKey, PublicKey, refuse_zero,
};
use crate::crypto::secret::Secret;

/// What a DH ratchet step takes from outside. Each generator is one.
pub trait Turns {
    /// Writes the agreements of `ours` and of a fresh key with `theirs` to `agreed`, and gives the fresh key pair. Draws
    /// 32 bytes.
    ///
    /// # Errors
    /// [`NonContributory`] if their key is of low order.
    fn turn(
        &mut self,
        ours: &KeyPair,
        theirs: &PublicKey,
        agreed: &mut [Secret<32>; 2],
    ) -> Result<KeyPair, NonContributory>;

    /// Draws what a step would, in its place: deployed clients take the step before they refuse, and the generator goes
    /// on as theirs does.
    fn pass_over(&mut self);
}

impl<R: CryptoRng> Turns for R {
    fn turn(
        &mut self,
        ours: &KeyPair,
        theirs: &PublicKey,
        agreed: &mut [Secret<32>; 2],
    ) -> Result<KeyPair, NonContributory> {
        ours.private().turn(theirs, self, agreed)
    }

    fn pass_over(&mut self) {
        self.fill_bytes(&mut [0; 32]);
    }
}

/// Steps that are likely to be taken, computed together.
pub(crate) struct Prepared {
    keys: Vec<(PublicKey, PublicKey)>,
    fresh: Vec<PrivateKey>,
    /// Three for each: with our key, with the fresh one, and the fresh public key.
    products: Agreed,
}

impl Prepared {
    /// Computes the steps of ours with theirs, at once where the processor has lanes for it. Draws 32 bytes for each.
    pub(crate) fn of(keys: &[(&KeyPair, &PublicKey)], rng: &mut impl CryptoRng) -> Self {
        let fresh: Vec<PrivateKey> = keys.iter().map(|_| PrivateKey::generate(rng)).collect();
        let theirs: Vec<PreparedKey> = keys.iter().map(|(_, theirs)| theirs.prepare()).collect();
        let each = keys.iter().zip(&theirs).zip(&fresh);
        let pairs: Vec<_> = each
            .flat_map(|(((ours, _), theirs), fresh)| {
                [(ours.private(), theirs), (fresh, theirs), (fresh, &PreparedKey::BASE)]
            })
            .collect();
        let products = Agreed::of(&pairs);
        let keys = keys.iter().map(|(ours, theirs)| (*ours.public(), **theirs)).collect();
        Self { keys, fresh, products }
    }

    /// The step at a place, for one message; any other step is computed when it is taken.
    pub(crate) fn step<'p, R>(&'p self, at: Option<usize>, rng: &'p mut R) -> Step<'p, R> {
        Step { prepared: self, at, rng }
    }
}

/// One prepared step, to be taken once.
pub(crate) struct Step<'p, R> {
    prepared: &'p Prepared,
    at: Option<usize>,
    rng: &'p mut R,
}

impl<R: CryptoRng> Turns for Step<'_, R> {
    fn turn(
        &mut self,
        ours: &KeyPair,
        theirs: &PublicKey,
        agreed: &mut [Secret<32>; 2],
    ) -> Result<KeyPair, NonContributory> {
        let Prepared { keys, fresh, products } = self.prepared;
        let is_it = |at: &usize| keys.get(*at) == Some(&(*ours.public(), *theirs));
        let mut steps = fresh.iter().zip(products.as_slice().chunks_exact(3));
        let step = self.at.take_if(|at| is_it(at)).and_then(|at| steps.nth(at));
        let Some((private, [before, after, public])) = step else {
            return self.rng.turn(ours, theirs, agreed);
        };
        for (to, from) in agreed.iter_mut().zip([before, after]) {
            to.as_bytes_mut().copy_from_slice(from.as_bytes());
            refuse_zero(to)?;
        }
        Ok(KeyPair::from_parts(private.duplicate(), PublicKey::from_bytes(*public.as_bytes())))
    }

    fn pass_over(&mut self) {
        self.rng.pass_over();
    }
}
