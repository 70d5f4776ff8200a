//! Text as a mask of transparencies, scaled from a font of one size.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

const FONT: RasterHeight = RasterHeight::Size32;

/// A line of text of some height: how much of each pixel it covers.
#[derive(Clone, Debug)]
pub(super) struct Text {
    width: usize,
    mask: Vec<u8>,
}

impl Text {
    /// Renders a line. Characters that the font lacks become question marks.
    pub(super) fn new(text: &str, height: usize, bold: bool) -> Self {
        let weight = if bold { FontWeight::Bold } else { FontWeight::Regular };
        let glyphs: Vec<_> =
            text.chars().filter_map(|c| get_raster(c, weight, FONT).or_else(|| get_raster('?', weight, FONT))).collect();
        let advance = get_raster_width(weight, FONT);
        let source_width = advance * glyphs.len();
        let pixel = |x: usize, y: usize| -> u32 {
            let glyph = glyphs.get(x / advance.max(1));
            glyph.and_then(|glyph| glyph.pixel(x % advance.max(1), y)).unwrap_or(0).into()
        };

        let width = source_width * height / FONT.val();
        let mut mask = Vec::with_capacity(width * height);
        // Bilinear, in 256ths of a source pixel.
        for y in 0..height {
            let (top, down) = split(y, FONT.val(), height);
            for x in 0..width {
                let (left, right) = split(x, source_width, width);
                let upper = pixel(left, top) * (256 - right) + pixel(left + 1, top) * right;
                let lower = pixel(left, top + 1) * (256 - right) + pixel(left + 1, top + 1) * right;
                let value = (upper * (256 - down) + lower * down) >> 16;
                mask.push(u8::try_from(value).unwrap_or(u8::MAX));
            }
        }
        Self { width, mask }
    }

    /// In pixels.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The mask, from top to bottom.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.mask.chunks_exact(self.width.max(1))
    }
}

/// The source pixel of a target pixel, and how far beyond it in 256ths.
fn split(target: usize, source_length: usize, target_length: usize) -> (usize, u32) {
    let position = target * source_length * 256 / target_length.max(1);
    (position / 256, u32::try_from(position % 256).unwrap_or(0))
}

/// Breaks a title into at most two lines of some height that fit a width. What does not fit is left out.
pub(super) fn wrap(text: &str, height: usize, width: usize) -> Vec<String> {
    let letter = (get_raster_width(FontWeight::Bold, FONT) * height / FONT.val()).max(1);
    let room = (width / letter).max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let is_cut = lines.len() > 2;
    lines.truncate(2);
    for line in &mut lines {
        *line = line.chars().take(room).collect();
    }
    if let Some(last) = lines.last_mut().filter(|_| is_cut) {
        *last = last.chars().take(room.saturating_sub(3)).chain("...".chars()).collect();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_height_that_was_asked_for() {
        for height in [0, 1, 16, 32, 80] {
            let text = Text::new("Äpfel ☃", height, true);
            assert_eq!(text.rows().count(), if text.width() == 0 { 0 } else { height });
        }
        assert!(Text::new("A", 32, true).mask.iter().any(|alpha| *alpha > 200));
    }

    #[test]
    fn long_titles_are_broken_and_cut() {
        let letter = get_raster_width(FontWeight::Bold, FONT);
        let lines = |text| wrap(text, 32, letter * 10);
        assert_eq!(lines("Algebra"), ["Algebra"]);
        assert_eq!(lines("Algebra for all"), ["Algebra", "for all"]);
        assert_eq!(lines("one two three four five six"), ["one two", "three f..."]);
        assert_eq!(lines("Donaudampfschifffahrt"), ["Donaudampf"]);
        assert_eq!(lines(""), [""; 0]);
    }
}
