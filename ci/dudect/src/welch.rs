// SPDX-License-Identifier: MIT OR Apache-2.0

//! Welch's t-test.

/// Samples above these percentiles of all are left out, one after the other: what an interrupt made slow says nothing,
/// and a leak may show in the fast ones alone. 100 is all.
pub const CROPS: [f64; 8] = [20.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0];

/// The statistic of the crop in which it is largest, with its sign, and that crop. Each sample has its class.
pub fn largest(samples: &[(bool, u64)]) -> (f64, f64) {
    let mut sorted: Vec<u64> = samples.iter().map(|(_, time)| *time).collect();
    sorted.sort_unstable();
    let mut largest = (0.0_f64, 100.0);
    for crop in CROPS {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside of the list")]
        let at = (sorted.len() as f64 * crop / 100.0) as usize;
        let limit = sorted.get(at).copied().unwrap_or(u64::MAX);
        let t = t(samples.iter().filter(|(_, time)| *time < limit).copied());
        if t.abs() > largest.0.abs() {
            largest = (t, crop);
        }
    }
    largest
}

/// The middle one.
pub fn median(samples: &[(bool, u64)]) -> u64 {
    let mut sorted: Vec<u64> = samples.iter().map(|(_, time)| *time).collect();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// `t = (mean 0 - mean 1) / sqrt(variance 0 / n 0 + variance 1 / n 1)`.
fn t(samples: impl Iterator<Item = (bool, u64)>) -> f64 {
    let mut classes = [Moments::default(), Moments::default()];
    for (class, time) in samples {
        classes[usize::from(class)].add(time as f64);
    }
    let [a, b] = classes;
    // With fewer there is no variance to speak of.
    if a.count < 100.0 || b.count < 100.0 {
        return 0.0;
    }
    let spread = (a.variance() / a.count + b.variance() / b.count).sqrt();
    let difference = a.mean - b.mean;
    if spread > 0.0 {
        difference / spread
    } else if difference == 0.0 {
        0.0
    } else {
        f64::INFINITY.copysign(difference)
    }
}

/// Mean and variance, taken in one by one (Welford).
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
    }

    fn variance(&self) -> f64 {
        self.squares / (self.count - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two classes, alternating.
    fn samples(time: impl Fn(bool, u64) -> u64) -> Vec<(bool, u64)> {
        (0..4_000).map(|at| (at % 2 == 1, time(at % 2 == 1, at / 2))).collect()
    }

    #[test]
    fn a_known_statistic() {
        // Means 4 and 5, variances 2 · 2000/1999: t = -1 / sqrt(4 / 1999).
        let t = t(samples(|class, at| 2 + u64::from(class) + [0, 2, 2, 4][(at % 4) as usize]).into_iter());
        assert!((t + (1999.0_f64 / 4.0).sqrt()).abs() < 1e-9, "{t}");
    }

    #[test]
    fn classes_that_are_alike_have_none() {
        assert!(largest(&samples(|_, at| 1_000 + at % 7)).0.abs() < 1e-9);
    }

    #[test]
    fn a_leak_under_noise_is_found_by_a_crop() {
        // One of fifty takes a thousand times as long, in either class.
        let (t, crop) = largest(&samples(|class, at| {
            if at % 50 == 0 { 1_000_000 + at * 997 } else { 1_000 + at % 7 + u64::from(class) }
        }));
        assert!(t < -10.0 && crop < 99.0, "{t} {crop}");
    }

    #[test]
    fn the_middle() {
        assert_eq!(median(&[(true, 5), (false, 1), (true, 3)]), 3);
    }
}
