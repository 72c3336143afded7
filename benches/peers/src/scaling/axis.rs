// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where a number lies on an axis, and which numbers are written beside it.

/// What the numbers are.
#[derive(Clone, Copy)]
pub enum Unit {
    Bytes,
    Count,
    Nanoseconds,
}

#[derive(Clone, Copy)]
pub enum Scale {
    /// From 0.
    Linear,
    /// Whole decades.
    Logarithmic,
}

pub struct Axis {
    unit: Unit,
    scale: Scale,
    from: f64,
    to: f64,
}

impl Axis {
    /// One that has room for all of `numbers`.
    pub fn new(unit: Unit, scale: Scale, numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let most = numbers.clone().fold(f64::MIN_POSITIVE, f64::max);
        let (from, to) = match scale {
            Scale::Linear => (0.0, (most / step(unit, most)).ceil() * step(unit, most)),
            Scale::Logarithmic => {
                let least = numbers.fold(most, f64::min);
                (least.log10().floor(), most.log10().ceil())
            }
        };
        Self { unit, scale, from, to }
    }

    /// 0 at the beginning, 1 at the end.
    pub fn place(&self, number: f64) -> f64 {
        let number = match self.scale {
            Scale::Linear => number,
            Scale::Logarithmic => number.log10(),
        };
        (number - self.from) / (self.to - self.from)
    }

    /// The numbers that are written, and how.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let step = match self.scale {
            Scale::Linear => step(self.unit, self.to),
            Scale::Logarithmic => 1.0,
        };
        let mut ticks = Vec::new();
        let mut at = self.from;
        while at <= self.to + step / 2.0 {
            let number = match self.scale {
                Scale::Linear => at,
                Scale::Logarithmic => 10_f64.powf(at),
            };
            ticks.push((number, self.unit.show(number)));
            at += step;
        }
        ticks
    }
}

/// Between 4 and 10 of these make the axis: 1, 2 or 5 times a power of ten; of bytes a quarter.
fn step(unit: Unit, most: f64) -> f64 {
    if matches!(unit, Unit::Bytes) {
        return most / 4.0;
    }
    let decade = 10_f64.powf((most / 4.0).log10().floor());
    let steps = [5.0, 2.0, 1.0].map(|factor| factor * decade);
    steps.into_iter().find(|step| most / step >= 4.0).unwrap_or(decade)
}

impl Unit {
    fn show(self, number: f64) -> String {
        let in_units = |units: &[(f64, &str)]| {
            let of = |(size, _): &&(f64, &str)| number >= *size * 0.999;
            units
                .iter()
                .find(of)
                .map_or("0".to_owned(), |(size, name)| format!("{}{name}", rounded(number / size)))
        };
        match self {
            Self::Bytes => in_units(&[(1_048_576.0, " MiB"), (1_024.0, " KiB"), (1.0, " B")]),
            Self::Count => in_units(&[(1_000_000.0, ",000,000"), (1_000.0, ",000"), (1.0, "")]),
            Self::Nanoseconds => in_units(&[(1e9, " s"), (1e6, " ms"), (1e3, " µs"), (1.0, " ns")]),
        }
    }
}

/// One digit after the point at most.
fn rounded(number: f64) -> String {
    let whole = (number - number.round()).abs() < 0.05;
    if whole { format!("{number:.0}") } else { format!("{number:.1}") }
}
