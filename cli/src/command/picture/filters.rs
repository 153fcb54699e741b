//! The filters and colour matrices of the jobs. All of them leave a plain area as it is, or make it 0 where that is their purpose.

/// Weights of red, green and blue in luma (Rec. 709).
pub const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// One tap in the middle of `size×size`.
pub fn delta(size: usize) -> Vec<f32> {
    let mut kernel = vec![0.0; size * size];
    kernel[size * size / 2] = 1.0;
    kernel
}

/// A Gaussian of `sigma` pixels on `size×size` taps, which sum to 1.
pub fn gaussian(size: usize, sigma: f64) -> Vec<f32> {
    let middle = (size / 2) as f64;
    let line: Vec<f64> = (0..size).map(|i| (-(i as f64 - middle).powi(2) / (2.0 * sigma * sigma)).exp()).collect();
    outer(&line)
}

/// Binomial coefficients 1 4 6 4 1, both ways, which sum to 1.
pub fn binomial5() -> Vec<f32> {
    outer(&[1.0, 4.0, 6.0, 4.0, 1.0])
}

/// Slope along x as Sobel takes it, for a full step from 0 to 1 at most 1.
pub fn sobel_x() -> Vec<f32> {
    [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0].map(|w: f32| w / 4.0).to_vec()
}

/// Slope along y.
pub fn sobel_y() -> Vec<f32> {
    [-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0].map(|w: f32| w / 4.0).to_vec()
}

/// The original and `amount` times what a blur takes away from it.
pub fn unsharp(blur: &[f32], amount: f32) -> Vec<f32> {
    let size = blur.len().isqrt();
    delta(size).iter().zip(blur).map(|(one, blur)| (1.0 + amount) * one - amount * blur).collect()
}

/// Matrix `[out][in]` that moves colours away from grey by `factor`.
pub fn saturation(factor: f32) -> Vec<f32> {
    let row = |out: usize| (0..3).map(move |from| (1.0 - factor) * LUMA[from] + if from == out { factor } else { 0.0 });
    (0..3).flat_map(row).collect()
}

/// Matrix `[out][in]` from red, green and blue to luma and two colour differences around 0 (Rec. 709).
pub fn rgb_to_ycbcr() -> Vec<f32> {
    let [r, g, b] = LUMA;
    let (cb, cr) = (2.0 * (1.0 - b), 2.0 * (1.0 - r));
    vec![r, g, b, -r / cb, -g / cb, (1.0 - b) / cb, (1.0 - r) / cr, -g / cr, -b / cr]
}

/// The inverse of [`rgb_to_ycbcr`].
pub fn ycbcr_to_rgb() -> Vec<f32> {
    let [r, g, b] = LUMA;
    let (cb, cr) = (2.0 * (1.0 - b), 2.0 * (1.0 - r));
    vec![1.0, 0.0, cr, 1.0, -b * cb / g, -r * cr / g, 1.0, cb, 0.0]
}

/// The product of a line with itself, scaled to sum 1.
fn outer(line: &[f64]) -> Vec<f32> {
    let sum: f64 = line.iter().sum();
    line.iter().flat_map(|y| line.iter().map(move |x| (y * x / (sum * sum)) as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(kernel: &[f32]) -> f32 {
        kernel.iter().sum()
    }

    #[test]
    fn plain_areas_stay_or_vanish() {
        for kernel in [delta(5), gaussian(7, 1.6), binomial5(), unsharp(&gaussian(5, 1.0), 1.0)] {
            assert!((sum(&kernel) - 1.0).abs() < 1e-6);
        }
        for kernel in [sobel_x(), sobel_y()] {
            assert_eq!(sum(&kernel), 0.0);
        }
        for row in saturation(1.2).chunks(3) {
            assert!((sum(row) - 1.0).abs() < 1e-6, "grey stays grey");
        }
        assert_eq!(binomial5()[12], 36.0 / 256.0);
    }

    #[test]
    fn colours_come_back_from_ycbcr() {
        let (there, back) = (rgb_to_ycbcr(), ycbcr_to_rgb());
        for out in 0..3 {
            for from in 0..3 {
                let product: f32 = (0..3).map(|k| back[3 * out + k] * there[3 * k + from]).sum();
                let expected = if out == from { 1.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-6, "{out} {from}: {product}");
            }
        }
    }
}
