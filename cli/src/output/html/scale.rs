//! A logarithmic axis: where a value stands, and which values get a tick.

/// Maps `lo..=hi` to pixels, logarithmically.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogScale {
    lo: f64,
    hi: f64,
    from: f64,
    to: f64,
}

impl LogScale {
    /// `lo` stands at pixel `from`, `hi` at pixel `to`. Both values are positive and differ.
    pub fn new([lo, hi]: [f64; 2], [from, to]: [f64; 2]) -> Self {
        Self { lo, hi, from, to }
    }

    /// The smallest value on the axis.
    pub fn lo(&self) -> f64 {
        self.lo
    }

    /// Where a value stands; values beyond the ends stand at the ends.
    pub fn at(&self, value: f64) -> f64 {
        let value = value.clamp(self.lo, self.hi);
        self.from + (value / self.lo).ln() * self.per_e()
    }

    /// Pixels for a factor of e; negative where values grow towards smaller pixels.
    pub fn per_e(&self) -> f64 {
        (self.to - self.from) / (self.hi / self.lo).ln()
    }

    /// Powers of two inside, or of four, eight, …, so that there are at most `most`.
    pub fn powers_of_two(&self, most: usize) -> Vec<f64> {
        let first = (self.lo.log2() - 1e-9).ceil() as i32;
        let last = (self.hi.log2() + 1e-9).floor() as i32;
        let count = usize::try_from(last - first + 1).unwrap_or(0);
        (first..=last).step_by(count.div_ceil(most).max(1)).map(|power| 2f64.powi(power)).collect()
    }

    /// 1, 2 and 5 times powers of ten inside; over many decades only the powers.
    pub fn one_two_five(&self) -> Vec<f64> {
        let decades = (self.hi / self.lo).log10();
        let steps: &[f64] = if decades > 4.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let powers = self.lo.log10().floor() as i32..=self.hi.log10().ceil() as i32;
        let ticks = powers.flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
        ticks.filter(|tick| (self.lo * 0.999..=self.hi * 1.001).contains(tick)).collect()
    }
}

/// `1/8`, `4`: a power of two as people write it.
pub(super) fn power_of_two(value: f64) -> String {
    if value < 1.0 { format!("1/{}", (1.0 / value).round()) } else { format!("{}", value.round()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_factors_are_equally_far_apart() {
        let scale = LogScale::new([1.0, 100.0], [10.0, 210.0]);
        assert_eq!((scale.at(1.0), scale.at(10.0).round(), scale.at(100.0).round()), (10.0, 110.0, 210.0));
        assert_eq!(scale.at(0.001), 10.0, "what lies outside stands at the end");
        let upwards = LogScale::new([1.0, 100.0], [210.0, 10.0]);
        assert!(upwards.at(50.0) < upwards.at(5.0) && upwards.per_e() < 0.0);
    }

    #[test]
    fn ticks_are_round_and_not_too_many() {
        let scale = LogScale::new([0.25, 64.0], [0.0, 1.0]);
        assert_eq!(scale.powers_of_two(9), [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
        assert_eq!(scale.powers_of_two(5), [0.25, 1.0, 4.0, 16.0, 64.0]);
        assert_eq!(LogScale::new([1.0, 30.0], [0.0, 1.0]).one_two_five(), [1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(LogScale::new([0.01, 1000.0], [0.0, 1.0]).one_two_five().len(), 6);
        assert_eq!([0.125, 1.0, 16.0].map(power_of_two), ["1/8", "1", "16"]);
    }
}
