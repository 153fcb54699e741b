//! `sepconv run` end to end: results that can be computed by hand, a photograph, and pictures that are none.

use crate::program::sepconv;
use crate::run::Run;
use image::{DynamicImage, GrayImage, ImageReader, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use std::path::{Path, PathBuf};

const PHOTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/launch.png");
const JPEG_PHOTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/launch.jpg");

/// Runs a job with further options.
fn job(job: &str, input: impl AsRef<Path>, output: impl AsRef<Path>, options: &[&str]) -> Run {
    let (input, output) = (input.as_ref().to_str().unwrap(), output.as_ref().to_str().unwrap());
    sepconv(&[&["run", "--min-time", "0.001", "--job", job, input, output], options].concat())
}

fn read(path: impl AsRef<Path>) -> DynamicImage {
    ImageReader::open(path).unwrap().decode().unwrap()
}

/// Saves a picture in the directory and gives both the path to read and one to write.
fn saved(directory: &tempfile::TempDir, picture: impl Into<DynamicImage>) -> (PathBuf, PathBuf) {
    let input = directory.path().join("in.png");
    picture.into().save(&input).unwrap();
    (input, directory.path().join("out.png"))
}

#[test]
fn every_job_runs_on_a_photograph_in_both_layouts() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["unsharp", "edges", "dog", "chroma-denoise", "pyramid"] {
        let mut results = vec![];
        for layout in ["hwc", "chw"] {
            let output = directory.path().join(format!("{name}-{layout}.png"));
            let text = job(name, PHOTO, &output, &["--layout", layout, "--threads", "2"]).succeeded();
            for part in ["192×128", "naive", "times as fast", "within its error bound", layout] {
                assert!(text.contains(part), "{part} is not in {text}");
            }
            results.push(read(&output).to_rgb8());
        }
        let size = if name == "pyramid" { (96, 64) } else { (192, 128) };
        assert_eq!(results[0].dimensions(), size, "{name}");
        // Rounding to 8 bits may tip over where both layouts sum in another order.
        let most = results[0].as_raw().iter().zip(results[1].as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(most <= Some(1), "{name}: layouts differ by {most:?}");
        let (least, most) = results[0].as_raw().iter().fold((255, 0), |(l, m), &v| (v.min(l), v.max(m)));
        assert!(most - least > 20, "{name} shows nothing: {least} to {most}");
    }
}

#[test]
fn a_step_has_an_edge_of_its_height() {
    let directory = tempfile::tempdir().unwrap();
    let step = GrayImage::from_fn(6, 4, |x, _| Luma([if x < 3 { 40 } else { 140 }]));
    let (input, output) = saved(&directory, step);
    job("edges", &input, &output, &[]).succeeded();
    let edges = read(&output);
    assert!(!edges.color().has_color(), "edges are grey");
    for (x, _, Luma([value])) in edges.to_luma8().enumerate_pixels() {
        assert_eq!(*value, if x == 2 || x == 3 { 100 } else { 0 }, "column {x}");
    }
    // Beyond a black border there is a step of the picture's own height: on the left side the full 40, and more in the corners.
    job("edges", &input, &output, &["--border", "zero"]).succeeded();
    let edges = read(&output).to_luma8();
    assert_eq!(edges.get_pixel(0, 1).0, [40]);
    assert_eq!(edges.get_pixel(5, 1).0, [140]);
}

#[test]
fn the_pyramid_is_the_binomial_filter_at_every_second_pixel() {
    let directory = tempfile::tempdir().unwrap();
    let picture = RgbImage::from_fn(7, 5, |x, y| Rgb([(x * 30) as u8, (y * 50) as u8, ((x * 7 + y * 31) % 200) as u8]));
    let (input, output) = saved(&directory, picture.clone());
    for (border, options) in [("replicate", &[][..]), ("zero", &["--border", "zero", "--layout", "chw"])] {
        job("pyramid", &input, &output, options).succeeded();
        let half = read(&output).to_rgb8();
        assert_eq!(half.dimensions(), (4, 3));
        for (x, y, pixel) in half.enumerate_pixels() {
            for channel in 0..3 {
                let expected = binomial(&picture, 2 * x as i32, 2 * y as i32, channel, border == "zero");
                let error = (f64::from(pixel[channel]) - expected).abs();
                assert!(error <= 0.501, "({x}, {y}) is {}, expected {expected}, border {border}", pixel[channel]);
            }
        }
    }
}

/// The 5×5 binomial filter around a pixel, written as its definition says.
fn binomial(picture: &RgbImage, x: i32, y: i32, channel: usize, zero: bool) -> f64 {
    let weights = [1.0, 4.0, 6.0, 4.0, 1.0];
    let (w, h) = (picture.width() as i32, picture.height() as i32);
    let mut sum = 0.0;
    for (dy, wy) in (-2..).zip(weights) {
        for (dx, wx) in (-2..).zip(weights) {
            let inside = (0..w).contains(&(x + dx)) && (0..h).contains(&(y + dy));
            if inside || !zero {
                let (px, py) = ((x + dx).clamp(0, w - 1), (y + dy).clamp(0, h - 1));
                sum += wx * wy / 256.0 * f64::from(picture.get_pixel(px as u32, py as u32)[channel]);
            }
        }
    }
    sum
}

#[test]
fn plain_areas_stay_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let (input, output) = saved(&directory, RgbImage::from_pixel(9, 8, Rgb([100, 100, 100])));
    for (name, expected) in [("unsharp", 100), ("chroma-denoise", 100), ("pyramid", 100), ("dog", 128), ("edges", 0)] {
        job(name, &input, &output, &[]).succeeded();
        let result = read(&output).to_rgb8();
        assert!(result.as_raw().iter().all(|&v| v == expected), "{name}: {:?}", &result.as_raw()[..6]);
    }
}

#[test]
fn chroma_denoise_leaves_the_luma_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (_, output) = saved(&directory, RgbImage::new(1, 1));
    job("chroma-denoise", PHOTO, &output, &[]).succeeded();
    let luma =
        |pixel: &Rgb<u8>| 0.2126 * f64::from(pixel[0]) + 0.7152 * f64::from(pixel[1]) + 0.0722 * f64::from(pixel[2]);
    let (before, after) = (read(PHOTO).to_rgb8(), read(&output).to_rgb8());
    let in_range = |pixel: &Rgb<u8>| pixel.0.iter().all(|value| (1..=254).contains(value));
    let mut compared = 0;
    for (a, b) in before.pixels().zip(after.pixels()).filter(|(_, b)| in_range(b)) {
        assert!((luma(a) - luma(b)).abs() <= 1.0, "{a:?} became {b:?}");
        compared += 1;
    }
    assert!(compared > 10_000, "only {compared} pixels were not clamped");
}

#[test]
fn opacity_is_kept_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let picture = RgbaImage::from_fn(6, 6, |x, y| Rgba([200, 30, (10 * y) as u8, (40 * x) as u8]));
    let (input, output) = saved(&directory, picture.clone());
    job("unsharp", &input, &output, &[]).succeeded();
    let result = read(&output).to_rgba8();
    assert!(result.pixels().zip(picture.pixels()).all(|(a, b)| a[3] == b[3]));
    job("pyramid", &input, &output, &[]).succeeded();
    let half = read(&output);
    assert!(half.color().has_alpha() && half.width() == 3);
    let error = job("unsharp", &input, directory.path().join("out.jpg"), &[]).refused();
    assert!(error.contains("transparent"), "{error}");
}

#[test]
fn jpeg_is_read_and_written() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out.jpeg");
    let text = job("unsharp", JPEG_PHOTO, &output, &["--isa", "portable"]).succeeded();
    assert!(text.contains("96×64") && text.contains("portable"), "{text}");
    assert_eq!(read(&output).to_rgb8().dimensions(), (96, 64));
    assert_eq!(std::fs::read(&output).unwrap()[..2], [0xff, 0xd8], "a JPEG file");
}

#[test]
fn the_smallest_pictures_work() {
    let directory = tempfile::tempdir().unwrap();
    for size in [(1, 1), (1, 7), (2, 1)] {
        let (input, output) = saved(&directory, RgbImage::from_pixel(size.0, size.1, Rgb([9, 99, 199])));
        for name in ["unsharp", "edges", "dog", "chroma-denoise", "pyramid"] {
            for border in ["zero", "replicate"] {
                job(name, &input, &output, &["--border", border]).succeeded();
                let expected = if name == "pyramid" { (size.0.div_ceil(2), size.1.div_ceil(2)) } else { size };
                assert_eq!(read(&output).to_rgb8().dimensions(), expected, "{name} {border}");
            }
        }
    }
}

#[test]
fn what_is_no_picture_is_refused_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out.png");
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("empty.png"), []).unwrap();
    std::fs::write(path("text.png"), "not a picture\n").unwrap();
    let photo = std::fs::read(PHOTO).unwrap();
    std::fs::write(path("half.png"), &photo[..photo.len() / 2]).unwrap();
    std::fs::write(path("head.png"), &photo[..20]).unwrap();
    for (name, reason) in [
        ("missing.png", "missing.png"),
        ("empty.png", "empty"),
        ("text.png", "neither"),
        ("half.png", "half.png"),
        ("head.png", "head.png"),
        ("", "cannot read"),
    ] {
        let error = job("edges", path(name), &output, &[]).refused();
        assert!(error.contains(reason), "{name:?} gives {error:?}");
        assert!(!output.exists(), "{name:?} gave a picture");
    }
    assert!(job("edges", PHOTO, path("out.gif"), &[]).refused().contains(".png"));
    assert!(job("edges", PHOTO, path("no/such/directory/out.png"), &[]).refused().contains("cannot write"));
}
