// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which lanes this machine has, and which of them a batch is cut into.

#[cfg(any(all(target_arch = "aarch64", target_feature = "neon"), target_arch = "x86_64"))]
use crate::lane::Lane;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
use crate::neon;
use crate::{Agreement, BASE, portable, stack};
#[cfg(target_arch = "x86_64")]
use crate::{avx2, ifma4, ifma8};

#[cfg(target_arch = "x86_64")]
cpufeatures::new!(cpu_ifma, "avx2", "avx512f", "avx512vl", "avx512ifma");
#[cfg(target_arch = "x86_64")]
cpufeatures::new!(cpu_avx2, "avx2");

/// The most lanes that any backend has.
const MOST: usize = 8;

/// A way to compute agreements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// AVX-512 with IFMA: eight lanes, or four.
    Ifma,
    /// AVX2: four lanes.
    Avx2,
    /// NEON: four lanes.
    Neon,
    /// `curve25519-dalek`, one by one.
    Portable,
}

impl Kind {
    /// All, the best first.
    pub const ALL: [Self; 4] = [Self::Ifma, Self::Avx2, Self::Neon, Self::Portable];

    fn is_here(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Ifma => cpu_ifma::get(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => cpu_avx2::get(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Ifma | Self::Avx2 => false,
            Self::Neon => cfg!(all(target_arch = "aarch64", target_feature = "neon")),
            Self::Portable => true,
        }
    }
}

/// A way to compute agreements that this machine has: there is none but from [`of`](Self::of) and [`best`](Self::best).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backend(Kind);

impl Backend {
    /// The backend of a kind, if this machine has it.
    #[must_use]
    pub fn of(kind: Kind) -> Option<Self> {
        kind.is_here().then_some(Self(kind))
    }

    /// The one that is fastest here. NEON's is on Apple's processors, and on many others is not; see `README.md`.
    #[must_use]
    pub fn best() -> Self {
        let pays = |kind: &Kind| *kind != Kind::Neon || cfg!(target_vendor = "apple");
        Kind::ALL.into_iter().filter(pays).find_map(Self::of).unwrap_or(Self(Kind::Portable))
    }

    /// About how many microseconds so many agreements take in lanes, or so many public keys.
    #[must_use]
    pub fn microseconds(self, agreements: usize, public_keys: bool) -> Option<u32> {
        let mut left = agreements;
        let mut sum = 0_u32;
        while left > 0 {
            let run = self.widest_for(left, public_keys)?;
            left = left.saturating_sub(run.lanes());
            sum = sum.saturating_add(run.cost());
        }
        Some(sum)
    }

    /// Computes the agreements, as many at once as is cheapest.
    pub fn agree_many(self, agreements: &mut [Agreement<'_>]) {
        let mut rest = agreements;
        while !rest.is_empty() {
            let (run, len) = self.next_run(rest);
            let (now, later) = rest.split_at_mut(len);
            stack::wiped(|| run.agree(now));
            rest = later;
        }
    }

    /// How to compute the first ones of `rest`, and how many of them.
    fn next_run(self, rest: &[Agreement<'_>]) -> (Run, usize) {
        let public_keys = rest.iter().take(MOST).all(is_public_key);
        let run = self.widest_for(rest.len(), public_keys).unwrap_or(Run::OneByOne);
        let len = run.lanes().min(rest.len());
        let one_by_one: u32 = rest.iter().take(len).map(cost_of_one).sum();
        (if one_by_one <= run.cost() { Run::OneByOne } else { run }, len)
    }

    /// The lanes for the first of so many agreements, if there are any.
    const fn widest_for(self, left: usize, public_keys: bool) -> Option<Run> {
        match (self.0, left) {
            #[cfg(target_arch = "x86_64")]
            (Kind::Ifma, _) if public_keys => Some(Run::Ifma8Base),
            #[cfg(target_arch = "x86_64")]
            (Kind::Ifma, 1) => Some(Run::Ifma1),
            #[cfg(target_arch = "x86_64")]
            (Kind::Ifma, ..=ifma4::LANES) => Some(Run::Ifma4),
            #[cfg(target_arch = "x86_64")]
            (Kind::Ifma, _) => Some(Run::Ifma8),
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx2, _) => Some(Run::Avx2),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
            (Kind::Neon, _) => Some(Run::Neon),
            _ => None,
        }
    }
}

/// How some agreements are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    #[cfg(target_arch = "x86_64")]
    Ifma8,
    /// Of public keys.
    #[cfg(target_arch = "x86_64")]
    Ifma8Base,
    #[cfg(target_arch = "x86_64")]
    Ifma4,
    /// One, in four lanes.
    #[cfg(target_arch = "x86_64")]
    Ifma1,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    Neon,
    OneByOne,
}

impl Run {
    const fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Ifma8 | Self::Ifma8Base => ifma8::LANES,
            #[cfg(target_arch = "x86_64")]
            Self::Ifma4 => ifma4::LANES,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::LANES,
            #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
            Self::Neon => neon::LANES,
            #[cfg(target_arch = "x86_64")]
            Self::Ifma1 => 1,
            Self::OneByOne => 1,
        }
    }

    /// About how many microseconds it takes; see `README.md`.
    const fn cost(self) -> u32 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Ifma8 => 52,
            #[cfg(target_arch = "x86_64")]
            Self::Ifma8Base => 19,
            #[cfg(target_arch = "x86_64")]
            Self::Ifma4 => 35,
            #[cfg(target_arch = "x86_64")]
            Self::Ifma1 => 22,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 104,
            #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
            Self::Neon => 160,
            Self::OneByOne => 0,
        }
    }

    #[cfg_attr(
        any(all(target_arch = "aarch64", target_feature = "neon"), target_arch = "x86_64"),
        expect(unsafe_code, reason = "the machine has what the functions need")
    )]
    fn agree(self, agreements: &mut [Agreement<'_>]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: chosen by a `Backend` of kind `Ifma`, which exists only if this machine has AVX-512 F, VL and IFMA.
            Self::Ifma8 => in_lanes(agreements, |lanes| unsafe { ifma8::agree(lanes) }),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the same.
            Self::Ifma8Base => in_lanes(agreements, |lanes| unsafe { ifma8::public_keys(lanes) }),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the same.
            Self::Ifma4 => in_lanes(agreements, |lanes| unsafe { ifma4::agree(lanes) }),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the same.
            Self::Ifma1 => in_lanes(agreements, |[lane]| unsafe { ifma4::agree_alone(lane) }),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: chosen by a `Backend` of kind `Avx2`, which exists only if this machine has AVX2.
            Self::Avx2 => in_lanes(agreements, |lanes| unsafe { avx2::agree(lanes) }),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
            // SAFETY: chosen by a `Backend` of kind `Neon`, which exists only if the whole program is compiled for NEON.
            Self::Neon => in_lanes(agreements, |lanes| unsafe { neon::agree(lanes) }),
            Self::OneByOne => agreements.iter_mut().for_each(portable::agree),
        }
    }
}

/// Whether a point is the base, which may show.
fn is_public_key(agreement: &Agreement<'_>) -> bool {
    *agreement.point == BASE
}

/// About how many microseconds `curve25519-dalek` takes.
fn cost_of_one(agreement: &Agreement<'_>) -> u32 {
    match (is_public_key(agreement), cfg!(feature = "precomputed-tables")) {
        (true, true) => 16,
        (true, false) => 35,
        (false, _) => 53,
    }
}

/// Runs some agreements as lanes, with nothing in those that are left over.
#[cfg(any(all(target_arch = "aarch64", target_feature = "neon"), target_arch = "x86_64"))]
fn in_lanes<const N: usize>(agreements: &mut [Agreement<'_>], run: impl FnOnce(&mut [Lane; N])) {
    let mut lanes: [Lane; N] = core::array::from_fn(|_| Lane::default());
    for (lane, agreement) in lanes.iter_mut().zip(&*agreements) {
        lane.read(agreement.scalar, agreement.point);
    }
    run(&mut lanes);
    for (lane, agreement) in lanes.iter().zip(agreements) {
        lane.write_u(agreement.shared);
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// What a batch is cut into, of so many agreements and then so many public keys. Nothing is computed.
    fn runs(kind: Kind, agreements: usize, public_keys: usize) -> Vec<(Run, usize)> {
        let (scalar, mut shared) = ([1; 32], [[0; 32]; 32]);
        let points =
            core::iter::repeat_n(&[2; 32], agreements).chain(core::iter::repeat_n(&BASE, public_keys));
        let batch: Vec<_> = points
            .zip(&mut shared)
            .map(|(point, shared)| Agreement { scalar: &scalar, point, shared })
            .collect();
        let (mut runs, mut rest) = (Vec::new(), &batch[..]);
        while !rest.is_empty() {
            let (run, len) = Backend(kind).next_run(rest);
            runs.push((run, len));
            rest = rest.split_at(len).1;
        }
        runs
    }

    #[test]
    fn without_lanes_each_is_computed_by_itself() {
        assert_eq!(runs(Kind::Portable, 2, 0), [(Run::OneByOne, 1); 2]);
        assert_eq!(runs(Kind::Portable, 0, 0), []);
    }

    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    #[test]
    fn four_lanes_of_neon_are_for_four_agreements() {
        assert_eq!(runs(Kind::Neon, 5, 0), [(Run::Neon, 4), (Run::OneByOne, 1)]);
        assert_eq!(runs(Kind::Neon, 3, 0), [(Run::OneByOne, 3)]);
        assert_eq!(runs(Kind::Neon, 0, 4), [(Run::OneByOne, 4)]);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_batch_is_cut_into_what_is_cheapest() {
        assert_eq!(runs(Kind::Ifma, 1, 0), [(Run::Ifma1, 1)]);
        let one_key = if cfg!(feature = "precomputed-tables") { Run::OneByOne } else { Run::Ifma8Base };
        assert_eq!(runs(Kind::Ifma, 0, 1), [(one_key, 1)]);
        assert_eq!(runs(Kind::Ifma, 4, 0), [(Run::Ifma4, 4)]);
        assert_eq!(runs(Kind::Ifma, 3, 2), [(Run::Ifma8, 5)]);
        assert_eq!(runs(Kind::Ifma, 19, 0), [(Run::Ifma8, 8), (Run::Ifma8, 8), (Run::Ifma4, 3)]);
        assert_eq!(runs(Kind::Avx2, 1, 0), [(Run::OneByOne, 1)]);
        assert_eq!(runs(Kind::Avx2, 2, 1), [(Run::Avx2, 3)]);
        assert_eq!(runs(Kind::Avx2, 5, 0), [(Run::Avx2, 4), (Run::OneByOne, 1)]);
        assert_eq!(runs(Kind::Avx2, 0, 2), [(Run::OneByOne, 2)]);
        assert_eq!(runs(Kind::Ifma, 0, 3), [(Run::Ifma8Base, 3)]);
        assert_eq!(runs(Kind::Ifma, 0, 17), [(Run::Ifma8Base, 8), (Run::Ifma8Base, 8), (one_key, 1)]);
        assert_eq!(runs(Kind::Ifma, 0, 0), []);
    }
}
