//! Pictures that people upload: what is taken, in which sizes it is kept, and under which address it is served.

use crate::PictureId;
use std::{fmt, str::FromStr};

/// The largest file that is taken, in bytes.
pub const MAX_BYTES: u32 = 4 * 1024 * 1024;

/// The media types that are taken, as the `accept` of a file field lists them.
pub const MEDIA_TYPES: &str = "image/jpeg,image/png,image/webp";

/// The widths of a person's picture, which is as high as it is wide.
pub const AVATAR_WIDTHS: [u32; 3] = [64, 128, 256];

/// The widths of a stream's picture, which is 16 by 9.
pub const COVER_WIDTHS: [u32; 3] = [320, 640, 1280];

/// How often a publisher's browser sends a frame of what is live, in seconds.
pub const PREVIEW_SECONDS: u32 = 20;

/// What a picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureKind {
    /// A person.
    Avatar,
    /// A stream, chosen by its streamer.
    Thumbnail,
    /// A stream, as it looks at the moment.
    Preview,
}

impl PictureKind {
    /// The name in addresses and forms.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::Thumbnail => "thumbnail",
            Self::Preview => "preview",
        }
    }

    /// The widths it is kept in, the smallest first.
    pub const fn widths(self) -> [u32; 3] {
        match self {
            Self::Avatar => AVATAR_WIDTHS,
            Self::Thumbnail | Self::Preview => COVER_WIDTHS,
        }
    }

    /// The height that belongs to a width.
    pub const fn height(self, width: u32) -> u32 {
        match self {
            Self::Avatar => width,
            Self::Thumbnail | Self::Preview => width * 9 / 16,
        }
    }
}

impl FromStr for PictureKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Avatar, Self::Thumbnail, Self::Preview];
        all.into_iter().find(|kind| kind.slug() == text).ok_or_else(|| "There is no such kind of picture.".to_owned())
    }
}

/// How a picture is encoded when it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureFormat {
    /// The smallest. It takes long to make, so it is there only a while after the others, if at all.
    Avif,
    /// What every browser in use shows.
    Webp,
    /// For whatever else reads the address, such as the previews of other sites.
    Jpeg,
}

impl PictureFormat {
    pub const ALL: [Self; 3] = [Self::Avif, Self::Webp, Self::Jpeg];

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Avif => "avif",
            Self::Webp => "webp",
            Self::Jpeg => "jpg",
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Avif => "image/avif",
            Self::Webp => "image/webp",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// One size of a picture: `640.webp`, as the last part of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureFile {
    pub width: u32,
    pub format: PictureFormat,
}

impl fmt::Display for PictureFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.width, self.format.extension())
    }
}

/// The text names no size of any picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a size of a picture")]
pub struct UnknownFile;

impl FromStr for PictureFile {
    type Err = UnknownFile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (width, extension) = text.split_once('.').ok_or(UnknownFile)?;
        let format = PictureFormat::ALL.into_iter().find(|format| format.extension() == extension).ok_or(UnknownFile)?;
        // Compared as text, so that a picture has one address and not also 0640.webp.
        let widths = AVATAR_WIDTHS.into_iter().chain(COVER_WIDTHS);
        let width = widths.into_iter().find(|known| known.to_string() == width).ok_or(UnknownFile)?;
        Ok(Self { width, format })
    }
}

/// Where one size of a picture is served. What stands there never changes.
pub fn address(id: PictureId, file: PictureFile) -> String {
    format!("/pictures/{id}/{file}")
}

/// Why a picture is not taken. The text is for the person who chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Choose a picture first.")]
    Missing,
    #[error("This file is too large. A picture may have up to 4 MB.")]
    TooLarge,
    #[error("This is not a picture that we can use. Choose a JPEG, PNG or WebP file.")]
    WrongType,
    #[error("This picture is damaged or not complete. Open it in another program and save it again.")]
    Unreadable,
    #[error("This picture has too many pixels. Make it smaller, 8192 by 8192 at most, and try again.")]
    TooManyPixels,
    #[error("This picture is too small. It must be at least as large as it is shown.")]
    TooSmall,
}

impl Refusal {
    const ALL: [Self; 6] =
        [Self::Missing, Self::TooLarge, Self::WrongType, Self::Unreadable, Self::TooManyPixels, Self::TooSmall];

    /// A word for the address of the page that a form without script is answered with.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::TooLarge => "too-large",
            Self::WrongType => "wrong-type",
            Self::Unreadable => "unreadable",
            Self::TooManyPixels => "too-many-pixels",
            Self::TooSmall => "too-small",
        }
    }

    /// The refusal that such a word stands for.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }
}

/// Whether a file is worth sending, by what a browser knows of it. Only the server looks inside.
pub fn check_file(media_type: &str, bytes: f64) -> Result<(), Refusal> {
    if !is_taken(media_type) {
        Err(Refusal::WrongType)
    } else if bytes > f64::from(MAX_BYTES) {
        Err(Refusal::TooLarge)
    } else {
        Ok(())
    }
}

/// Whether pictures of a media type are taken.
pub fn is_taken(media_type: &str) -> bool {
    MEDIA_TYPES.split(',').any(|taken| taken.eq_ignore_ascii_case(media_type))
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, PictureFile, PictureFormat, PictureKind, Refusal, address, check_file};
    use crate::PictureId;
    use uuid::Uuid;

    #[test]
    fn a_size_has_one_address() {
        let file = PictureFile { width: 640, format: PictureFormat::Webp };
        assert_eq!("640.webp".parse(), Ok(file));
        assert_eq!(address(PictureId(Uuid::from_u128(7)), file), "/pictures/00000000-0000-0000-0000-000000000007/640.webp");
        for text in
            ["", "640", ".webp", "640.png", "0640.webp", "+640.webp", "641.webp", "640.webp.webp", "640.WEBP", "../640.webp"]
        {
            assert!(text.parse::<PictureFile>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn heights_follow_the_ratio() {
        assert_eq!(PictureKind::Avatar.widths().map(|width| PictureKind::Avatar.height(width)), [64, 128, 256]);
        assert_eq!(PictureKind::Preview.widths().map(|width| PictureKind::Preview.height(width)), [180, 360, 720]);
    }

    #[test]
    fn the_browser_refuses_early() {
        assert_eq!(check_file("image/png", 1.0), Ok(()));
        assert_eq!(check_file("image/webp", f64::from(MAX_BYTES)), Ok(()));
        assert_eq!(check_file("image/jpeg", f64::from(MAX_BYTES) + 1.0), Err(Refusal::TooLarge));
        for media_type in ["", "image/gif", "image/svg+xml", "text/html"] {
            assert_eq!(check_file(media_type, 1.0), Err(Refusal::WrongType), "{media_type}");
        }
    }

    #[test]
    fn refusals_survive_the_address() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_code(refusal.code()), Some(refusal));
        }
        assert_eq!(Refusal::from_code("saved"), None);
    }
}
