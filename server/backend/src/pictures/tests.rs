//! The way from a file to what is kept, on small pictures made here.

use super::{UploadError, render};
use domain::{
    UserId,
    picture::{PictureFile, PictureFormat, PictureKind, Refusal},
};
use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use std::{io::Cursor, time::Instant};
use uuid::Uuid;

const OWNER: UserId = UserId(Uuid::nil());

/// Red on the left, blue on the right, and brighter downwards.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let light = u8::try_from(60 + y * 120 / height).unwrap();
        if x < width / 2 { Rgb([light + 60, 20, 20]) } else { Rgb([20, 20, light + 60]) }
    })
}

fn file(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn refusal(kind: PictureKind, file: &[u8]) -> Option<Refusal> {
    match render(OWNER, kind, file) {
        Ok(_) => None,
        Err(UploadError::Refused(refusal)) => Some(refusal),
        Err(UploadError::Failed(error)) => panic!("{error}"),
    }
}

fn shown(kind: PictureKind, file: &[u8]) -> Vec<(PictureFile, RgbImage)> {
    let files = render(OWNER, kind, file).map_err(|error| error.to_string()).unwrap().files;
    files.into_iter().map(|(name, bytes)| (name, image::load_from_memory(&bytes).unwrap().into_rgb8())).collect()
}

fn is_red(pixel: Rgb<u8>) -> bool {
    pixel[0] > 90 && pixel[2] < 70
}

#[test]
fn a_picture_is_kept_in_all_sizes_and_formats() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let found = shown(PictureKind::Thumbnail, &file(&picture(1920, 1080), format));
        let sizes: Vec<_> = found.iter().map(|(name, image)| (name.to_string(), image.dimensions())).collect();
        let expected = [
            ("320.jpg", (320, 180)),
            ("320.webp", (320, 180)),
            ("640.jpg", (640, 360)),
            ("640.webp", (640, 360)),
            ("1280.jpg", (1280, 720)),
            ("1280.webp", (1280, 720)),
        ];
        assert_eq!(sizes, expected.map(|(name, size)| (name.to_owned(), size)), "{format:?}");
        for (name, image) in &found {
            let (width, height) = image.dimensions();
            assert!(is_red(*image.get_pixel(width / 8, height / 2)), "{name}");
            assert!(!is_red(*image.get_pixel(width * 7 / 8, height / 2)), "{name}");
        }
    }
}

#[test]
fn a_picture_is_cut_to_its_ratio_and_never_made_larger() {
    let wide = shown(PictureKind::Avatar, &file(&picture(400, 200), ImageFormat::Png));
    assert_eq!(wide.last().map(|(name, image)| (name.width, image.dimensions())), Some((256, (200, 200))));
    let (_, image) = &wide[0];
    assert!(is_red(*image.get_pixel(8, 32)) && !is_red(*image.get_pixel(56, 32)), "it is the middle");
    let small = shown(PictureKind::Thumbnail, &file(&picture(330, 1000), ImageFormat::Png));
    assert_eq!(small.last().map(|(name, image)| (name.width, image.dimensions())), Some((640, (330, 185))));
    assert_eq!(refusal(PictureKind::Avatar, &file(&picture(200, 63), ImageFormat::Png)), Some(Refusal::TooSmall));
}

#[test]
fn the_same_picture_has_the_same_name_for_the_same_person_only() {
    let file = file(&picture(128, 128), ImageFormat::Png);
    let id = |owner: UserId, kind: PictureKind, file: &[u8]| {
        render(owner, kind, file).map(|rendered| rendered.id).map_err(|error| error.to_string()).unwrap()
    };
    let own = id(OWNER, PictureKind::Avatar, &file);
    assert_eq!(own, id(OWNER, PictureKind::Avatar, &file));
    assert_ne!(own, id(UserId(Uuid::from_u128(1)), PictureKind::Avatar, &file));
    let other = self::file(&picture(128, 300), ImageFormat::Png);
    assert_ne!(own, id(OWNER, PictureKind::Avatar, &other));
}

/// A JPEG with an Exif segment that turns it by a quarter and says where it was taken.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x03\0".to_vec();
    // Image description, 12 characters at 50; orientation; the place of the GPS directory, also there for the words in it.
    tiff.extend(b"\x0e\x01\x02\0\x0c\0\0\0\x32\0\0\0");
    tiff.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    tiff.extend(b"\x25\x88\x04\0\x01\0\0\0\x3e\0\0\0");
    tiff.extend(b"\0\0\0\0");
    tiff.extend(b"Kitchen 48N\0");
    tiff.extend(b"\x01\0\x01\0\x02\0\x02\0\0\0N\0\0\0\0\0\0\0");
    let mut segment = b"Exif\0\0".to_vec();
    segment.extend(tiff);
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &segment, &jpeg[2..]].concat()
}

#[test]
fn a_picture_is_turned_upright_and_tells_no_place() {
    let lying = file(&picture(640, 400), ImageFormat::Jpeg);
    let photo = with_exif(&lying, 6);
    assert!(photo.windows(7).any(|words| words == b"Kitchen"));
    let rendered = render(OWNER, PictureKind::Avatar, &photo).map_err(|error| error.to_string()).unwrap();
    for (name, bytes) in &rendered.files {
        assert!(!bytes.windows(7).any(|words| words == b"Kitchen"), "{name}");
        assert!(!bytes.windows(4).any(|words| words == b"Exif" || words == b"EXIF"), "{name}");
        let image = image::load_from_memory(bytes).unwrap().into_rgb8();
        // Turned clockwise: what was on the left is on top.
        let (width, height) = image.dimensions();
        assert!(is_red(*image.get_pixel(width / 2, height / 8)), "{name}");
        assert!(!is_red(*image.get_pixel(width / 2, height * 7 / 8)), "{name}");
    }
}

#[test]
fn what_can_be_seen_through_becomes_white() {
    let glass = RgbaImage::from_pixel(128, 128, Rgba([0, 0, 0, 0]));
    let mut bytes = Cursor::new(Vec::new());
    glass.write_to(&mut bytes, ImageFormat::Png).unwrap();
    for (name, image) in shown(PictureKind::Avatar, bytes.get_ref()) {
        assert!(image.pixels().all(|pixel| pixel.0.iter().all(|light| *light > 250)), "{name}");
    }
}

/// The check sum of PNG.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// A file of some bytes that claims to be of any size.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut png = file(&picture(1, 1), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&sum);
    png
}

#[test]
fn a_bomb_is_refused_before_it_unfolds() {
    let start = Instant::now();
    for (width, height) in [(20_000, 20_000), (8193, 1), (1, 8193), (8192, 8192), (u32::MAX >> 1, 1)] {
        let refused = refusal(PictureKind::Thumbnail, &bomb(width, height));
        assert!(matches!(refused, Some(Refusal::TooManyPixels | Refusal::Unreadable)), "{width} {height}: {refused:?}");
    }
    assert_eq!(refusal(PictureKind::Thumbnail, &bomb(20_000, 20_000)), Some(Refusal::TooManyPixels));
    assert!(start.elapsed().as_secs() < 2, "it took {:?}", start.elapsed());
}

#[test]
fn half_a_file_is_none() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = file(&picture(400, 400), format);
        assert_eq!(refusal(PictureKind::Avatar, &whole), None, "{format:?}");
        for part in [whole.len() / 2, whole.len() * 9 / 10, whole.len() - 3, 30] {
            assert_eq!(refusal(PictureKind::Avatar, &whole[..part]), Some(Refusal::Unreadable), "{format:?} {part}");
        }
    }
    // The small picture within a photo has an end of its own.
    let whole = file(&picture(400, 400), ImageFormat::Jpeg);
    let mut segment = vec![0xff, 0xe1, 0, 8, 1, 2, 0xff, 0xd9, 3, 4];
    segment.extend(&whole[2..whole.len() / 2]);
    let photo = [&whole[..2], segment.as_slice()].concat();
    assert_eq!(refusal(PictureKind::Avatar, &photo), Some(Refusal::Unreadable));
}

#[test]
fn nothing_else_is_taken_for_a_picture() {
    assert_eq!(refusal(PictureKind::Avatar, b""), Some(Refusal::Missing));
    let others: [&[u8]; 6] = [
        b"GIF89a\x01\0\x01\0",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"\x89PN",
    ];
    for other in others {
        assert_eq!(refusal(PictureKind::Avatar, other), Some(Refusal::WrongType), "{other:?}");
    }
    for head in [b"\xff\xd8\xff".as_slice(), b"\x89PNG\r\n\x1a\n", b"RIFF\x04\0\0\0WEBP"] {
        assert_eq!(refusal(PictureKind::Avatar, head), Some(Refusal::Unreadable), "{head:?}");
    }
}

#[test]
fn what_hides_in_a_picture_does_not_come_through() {
    let hidden = b"<script>alert(1)</script>";
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let mut polyglot = file(&picture(100, 100), format);
        polyglot.extend(hidden);
        let rendered = render(OWNER, PictureKind::Avatar, &polyglot).map_err(|error| error.to_string()).unwrap();
        for (name, bytes) in rendered.files {
            assert!(!bytes.windows(hidden.len()).any(|words| words == hidden), "{name}");
            let expected: &[u8] = if name.format == PictureFormat::Webp { b"RIFF" } else { b"\xff\xd8\xff" };
            assert!(bytes.starts_with(expected), "{name}");
        }
    }
}
