//! Which kind of picture a file is, by its first bytes, and whether it goes on to its own end.
//!
//! Names and media types are what somebody says; decoders show half a file as if it were whole.

use domain::picture::Refusal;
use image::ImageFormat;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The format of a file, if it is one that is taken.
pub(super) fn format_of(file: &[u8]) -> Result<ImageFormat, Refusal> {
    if file.is_empty() {
        Err(Refusal::Missing)
    } else if file.starts_with(b"\xff\xd8\xff") {
        Ok(ImageFormat::Jpeg)
    } else if file.starts_with(PNG) {
        Ok(ImageFormat::Png)
    } else if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
        Ok(ImageFormat::WebP)
    } else {
        Err(Refusal::WrongType)
    }
}

/// Whether the end of the file is there.
pub(super) fn is_whole(format: ImageFormat, file: &[u8]) -> bool {
    match format {
        ImageFormat::Jpeg => jpeg_ends(file).unwrap_or(false),
        ImageFormat::Png => png_ends(file).unwrap_or(false),
        ImageFormat::WebP => webp_ends(file).unwrap_or(false),
        _ => false,
    }
}

/// Passes over the segments before the picture itself, which may hold a whole small JPEG, and looks for the end after them.
/// Within the picture the marker can stand for nothing else. What phones append behind it does no harm.
fn jpeg_ends(file: &[u8]) -> Option<bool> {
    const START_OF_SCAN: u8 = 0xda;
    let mut at = 2;
    loop {
        let marker = file.get(at..)?.iter().position(|byte| *byte != 0xff).map(|n_fill| at + n_fill)?;
        let length = usize::from(u16::from_be_bytes(file.get(marker + 1..marker + 3)?.try_into().ok()?));
        at = marker + 1 + length;
        if file.get(marker) == Some(&START_OF_SCAN) {
            return Some(file.get(at..)?.windows(2).any(|pair| pair == b"\xff\xd9"));
        }
    }
}

/// Goes from chunk to chunk until the one that ends the file.
fn png_ends(file: &[u8]) -> Option<bool> {
    let mut at = PNG.len();
    loop {
        let length = usize::try_from(u32::from_be_bytes(file.get(at..at + 4)?.try_into().ok()?)).ok()?;
        if file.get(at + 4..at + 8)? == b"IEND" {
            return Some(file.len() >= at + 12);
        }
        at = at.checked_add(length)?.checked_add(12)?;
    }
}

/// The head says how long the file is.
fn webp_ends(file: &[u8]) -> Option<bool> {
    let length = usize::try_from(u32::from_le_bytes(file.get(4..8)?.try_into().ok()?)).ok()?;
    Some(file.len() >= length.checked_add(8)?)
}
