//! From a file to upright pixels without transparency, within limits.

use super::signature;
use domain::picture::Refusal;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, Rgb, RgbImage, imageops, metadata::Orientation};
use std::io::Cursor;

/// The longest side. Cameras in use make less.
const MAX_SIDE: u32 = 8192;
/// What decoding may take, in bytes; a file of some kilobytes can claim any size.
const MAX_MEMORY: u64 = 128 * 1024 * 1024;
/// The longest side that is worked on; twice the largest size that is served, so that nothing of it is lost.
const ENOUGH: u32 = 2560;

/// The picture in a file.
pub(super) fn decode(file: &[u8]) -> Result<RgbImage, Refusal> {
    let format = signature::format_of(file)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(|error| refusal(&error))?;
    limits.reserve(decoder.total_bytes()).map_err(|error| refusal(&error))?;
    if !signature::is_whole(format, file) {
        return Err(Refusal::Unreadable);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| refusal(&error))?;
    if image.width().max(image.height()) > ENOUGH {
        image = image.thumbnail(ENOUGH, ENOUGH);
    }
    image.apply_orientation(orientation);
    Ok(on_white(image))
}

fn refusal(error: &ImageError) -> Refusal {
    match error {
        ImageError::Limits(_) => Refusal::TooManyPixels,
        _ => Refusal::Unreadable,
    }
}

/// JPEG has no transparency, and pages are dark or light: what can be seen through becomes white everywhere.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let mut canvas = DynamicImage::ImageRgb8(RgbImage::from_pixel(image.width(), image.height(), Rgb([255; 3])));
    imageops::overlay(&mut canvas, &image.into_rgba8(), 0, 0);
    canvas.into_rgb8()
}
