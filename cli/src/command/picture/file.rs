//! Pictures as files: PNG and JPEG, grey or colour, 8 or 16 bits, with or without opacity.

use anyhow::{Result, bail};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageFormat, ImageReader, Pixel};
use std::io::Cursor;
use std::path::Path;

/// A picture in memory. Values are as stored in the file, scaled to 0..=1.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue of every pixel; equal to each other if `grey`.
    pub colours: Vec<f32>,
    /// Opacity of every pixel.
    pub alpha: Option<Vec<f32>>,
    /// One channel in the file stands for all three colours.
    pub grey: bool,
    /// 16 bits a channel in the file.
    pub deep: bool,
}

impl Picture {
    /// Reads a file; the format is told by its first bytes, not by its name.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)?;
        if bytes.is_empty() {
            bail!("the file is empty");
        }
        let reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format()?;
        if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
            bail!("this is neither a PNG nor a JPEG picture");
        }
        let mut decoder = reader.into_decoder()?;
        let orientation = decoder.orientation()?;
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        if image.width() == 0 || image.height() == 0 {
            bail!("the picture has no pixels");
        }
        Ok(Self::from_image(&image))
    }

    fn from_image(image: &DynamicImage) -> Self {
        let colour = image.color();
        // 16 bits hold every 8-bit value exactly (v·257), and grey becomes three equal colours.
        let samples = image.to_rgba16();
        let scaled = |value: u16| f32::from(value) / 65535.0;
        let alpha = colour.has_alpha().then(|| samples.pixels().map(|pixel| scaled(pixel[3])).collect());
        let colours = samples.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).map(scaled).collect();
        let deep = colour.bytes_per_pixel() / colour.channel_count() > 1;
        let (width, height) = (image.width() as usize, image.height() as usize);
        Self { width, height, colours, alpha, grey: !colour.has_color(), deep }
    }

    /// For people: `RGB`, `grey with opacity, 16 bits`, …
    pub fn kind(&self) -> String {
        let colours = if self.grey { "grey" } else { "RGB" };
        let alpha = if self.alpha.is_some() { " with opacity" } else { "" };
        let depth = if self.deep { ", 16 bits" } else { "" };
        format!("{colours}{alpha}{depth}")
    }

    /// Writes a file of this format.
    pub fn write(&self, path: &Path, format: OutputFormat) -> Result<()> {
        let mut bytes = Cursor::new(vec![]);
        match format {
            OutputFormat::Png => self.to_image(true)?.write_to(&mut bytes, ImageFormat::Png)?,
            OutputFormat::Jpeg => {
                self.to_image(false)?.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 92))?;
            }
        }
        std::fs::write(path, bytes.into_inner())?;
        Ok(())
    }

    /// As the image library holds it; with `full`, opacity and 16 bits are kept.
    fn to_image(&self, full: bool) -> Result<DynamicImage> {
        let size = [u32::try_from(self.width)?, u32::try_from(self.height)?];
        let kind = (self.grey, full && self.alpha.is_some());
        use DynamicImage as D;
        let image = if full && self.deep {
            let samples = self.samples(full).map(|value| (value * 65535.0).round() as u16).collect();
            match kind {
                (true, false) => image_of(size, samples, D::ImageLuma16),
                (true, true) => image_of(size, samples, D::ImageLumaA16),
                (false, false) => image_of(size, samples, D::ImageRgb16),
                (false, true) => image_of(size, samples, D::ImageRgba16),
            }
        } else {
            let samples = self.samples(full).map(|value| (value * 255.0).round() as u8).collect();
            match kind {
                (true, false) => image_of(size, samples, D::ImageLuma8),
                (true, true) => image_of(size, samples, D::ImageLumaA8),
                (false, false) => image_of(size, samples, D::ImageRgb8),
                (false, true) => image_of(size, samples, D::ImageRgba8),
            }
        };
        match image {
            Some(image) => Ok(image),
            None => bail!("{}×{} pixels do not fit a picture", self.width, self.height),
        }
    }

    /// Values 0..=1 in the order in which files hold them.
    fn samples(&self, with_alpha: bool) -> impl Iterator<Item = f32> {
        let colours = if self.grey { 1 } else { 3 };
        let alpha = self.alpha.as_ref().filter(|_| with_alpha);
        (0..self.width * self.height).flat_map(move |pixel| {
            let of_pixel = self.colours[3 * pixel..3 * pixel + colours].iter().copied();
            of_pixel.chain(alpha.map(|alpha| alpha[pixel])).map(|value| value.clamp(0.0, 1.0))
        })
    }
}

/// An image of these samples; `None` if there are too few of them.
fn image_of<P: Pixel>(
    [width, height]: [u32; 2],
    samples: Vec<P::Subpixel>,
    kind: fn(ImageBuffer<P, Vec<P::Subpixel>>) -> DynamicImage,
) -> Option<DynamicImage> {
    ImageBuffer::from_raw(width, height, samples).map(kind)
}

/// Formats that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// Keeps everything.
    Png,
    /// 8 bits, no opacity.
    Jpeg,
}

impl OutputFormat {
    /// By the extension of a file's name.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("jpg" | "jpeg") => Ok(Self::Jpeg),
            _ => bail!("the output {path:?} must end in .png, .jpg or .jpeg"),
        }
    }

    /// An error if the picture has what this format cannot hold.
    pub fn check(self, picture: &Picture) -> Result<()> {
        let transparent = picture.alpha.as_ref().is_some_and(|alpha| alpha.iter().any(|&alpha| alpha < 1.0));
        if self == Self::Jpeg && transparent {
            bail!("the picture is partly transparent, which JPEG cannot hold; write a .png");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_picture_comes_back_from_a_png() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("picture.png");
        for (grey, deep, has_alpha) in
            [(false, false, false), (false, false, true), (true, false, false), (true, true, true), (false, true, true)]
        {
            let steps = if deep { 65535.0 } else { 255.0 };
            let colour = |i: usize| (if grey { i / 3 * 9 } else { i * 3 }) as f32 / steps;
            let colours = (0..18).map(colour).collect();
            let alpha = has_alpha.then(|| (0..6).map(|i| (i * 40) as f32 / steps).collect());
            let picture = Picture { width: 3, height: 2, colours, alpha, grey, deep };
            picture.write(&path, OutputFormat::Png).unwrap();
            assert_eq!(Picture::read(&path).unwrap(), picture);
        }
    }

    #[test]
    fn values_outside_the_range_are_clamped_and_nan_is_black() {
        let colours = vec![-1.0, 2.0, f32::NAN];
        let picture = Picture { width: 1, height: 1, colours, alpha: None, grey: false, deep: false };
        assert_eq!(picture.to_image(true).unwrap().to_rgb8().into_raw(), [0, 255, 0]);
    }

    #[test]
    fn jpeg_refuses_transparency_only() {
        let picture = |alpha| Picture {
            width: 1,
            height: 1,
            colours: vec![0.0; 3],
            alpha: Some(vec![alpha]),
            grey: false,
            deep: false,
        };
        assert!(OutputFormat::Jpeg.check(&picture(1.0)).is_ok());
        assert!(OutputFormat::Png.check(&picture(0.5)).is_ok());
        assert!(OutputFormat::Jpeg.check(&picture(0.5)).unwrap_err().to_string().contains("png"));
        assert!(OutputFormat::of(Path::new("a.JPG")).is_ok());
        assert!(OutputFormat::of(Path::new("a.gif")).is_err() && OutputFormat::of(Path::new("a")).is_err());
    }
}
