//! From pixels to the files that are served.

use domain::picture::{PictureFile, PictureFormat, PictureKind, Refusal};
use fast_image_resize::{
    PixelType, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::{ExtendedColorType, RgbImage, codecs::jpeg::JpegEncoder};

/// Of a hundred. Photographs show no difference from here on.
const WEBP_QUALITY: f32 = 80.0;
const JPEG_QUALITY: u8 = 82;

/// A size of a picture that is not encoded yet, under the width it is kept as.
pub(super) type Pixels = (u32, Image<'static>);

/// Every size of the picture, the smallest first: cut from its middle, and never larger than it was.
pub(super) fn sizes(kind: PictureKind, image: &RgbImage) -> Result<Vec<Pixels>, Refusal> {
    let available = width_of_cut(kind, image);
    let mut sizes = Vec::new();
    for width in kind.widths() {
        let is_last = width >= available;
        let shown = width.min(available);
        if shown < width && sizes.is_empty() {
            return Err(Refusal::TooSmall);
        }
        sizes.push((width, resize(image, shown, kind.height(shown))?));
        if is_last {
            break;
        }
    }
    Ok(sizes)
}

/// Each size as JPEG and as WebP, in this order.
pub(super) fn encode(sizes: &[Pixels]) -> Result<Vec<(PictureFile, Vec<u8>)>, Refusal> {
    let mut files = Vec::new();
    for (width, pixels) in sizes {
        files.push((PictureFile { width: *width, format: PictureFormat::Jpeg }, jpeg(pixels)?));
        files.push((PictureFile { width: *width, format: PictureFormat::Webp }, webp(pixels)?));
    }
    Ok(files)
}

/// How wide the largest cut of the right ratio is.
fn width_of_cut(kind: PictureKind, image: &RgbImage) -> u32 {
    let (width, height) = image.dimensions();
    match kind {
        PictureKind::Avatar => width.min(height),
        PictureKind::Thumbnail | PictureKind::Preview => width.min(height * 16 / 9),
    }
}

fn resize(image: &RgbImage, width: u32, height: u32) -> Result<Image<'static>, Refusal> {
    let source = ImageRef::new(image.width(), image.height(), image.as_raw(), PixelType::U8x3);
    let source = source.map_err(|_wrong_length| Refusal::Unreadable)?;
    let mut resized = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().fit_into_destination(Some((0.5, 0.5)));
    Resizer::new().resize(&source, &mut resized, &options).map_err(|_empty| Refusal::TooSmall)?;
    Ok(resized)
}

fn webp(pixels: &Image<'_>) -> Result<Vec<u8>, Refusal> {
    let source = webp::Encoder::from_rgb(pixels.buffer(), pixels.width(), pixels.height());
    source.encode_simple(false, WEBP_QUALITY).map(|bytes| bytes.to_vec()).map_err(|_out_of_memory| Refusal::Unreadable)
}

fn jpeg(pixels: &Image<'_>) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
        .encode(pixels.buffer(), pixels.width(), pixels.height(), ExtendedColorType::Rgb8)
        .map_err(|_out_of_memory| Refusal::Unreadable)?;
    Ok(bytes)
}
