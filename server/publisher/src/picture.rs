//! The picture: a slow gradient in a colour of its own, a title and a running clock.
//!
//! Drawn in the encoder's own colour space (YUV 4:2:0), so that nothing is converted per pixel.

mod canvas;
mod color;
mod text;

use std::time::Duration;

pub use canvas::Canvas;
use color::Yuv;
use text::Text;

/// What the picture shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// The large text.
    pub title: String,
    /// Chooses the colours: the same number, the same colours.
    pub seed: u64,
    /// Vertical bars instead of the gradient.
    pub bars: bool,
    /// A row of blocks that a program can read the time from; see [`Painter::paint`].
    pub marks: bool,
}

/// The number of blocks that carry the time.
const MARKS: usize = 32;

/// How often the gradient moves. It is slow enough for that, and what does not change costs nothing to encode.
const BACKGROUND_EVERY: Duration = Duration::from_millis(250);

/// Paints the pictures of one stream.
pub struct Painter {
    style: Style,
    canvas: Canvas,
    background: Canvas,
    /// When the background was painted.
    background_at: Option<Duration>,
    colors: (Yuv, Yuv),
    title: Vec<Text>,
    digits: Vec<(char, Text)>,
}

impl Painter {
    /// A painter of pictures of this size in pixels. Odd sizes are made even: 4:2:0 knows no others.
    pub fn new(style: Style, width: usize, height: usize) -> Self {
        let canvas = Canvas::new(width, height);
        let background = canvas.clone();
        let (width, height) = (canvas.width(), canvas.height());
        let large = height * 2 / 9;
        let digits = "0123456789:.".chars().map(|c| (c, Text::new(&c.to_string(), large, true))).collect();
        let lines = text::wrap(&style.title, height / 8, width * 7 / 8);
        let title = lines.iter().map(|line| Text::new(line, height / 8, true)).collect();
        Self { colors: color::pair(style.seed), style, canvas, background, background_at: None, title, digits }
    }

    /// Paints the picture of a moment.
    ///
    /// `now` is the time since 1970 that the clock shows, as UTC; `elapsed` is how long the gradient has been moving.
    ///
    /// With [`Style::marks`] the lower edge carries 34 square blocks of a fortieth of the width each, centred: one
    /// white, one black, then the lower 32 bits of the milliseconds since 1970, the highest first, white for one.
    pub fn paint(&mut self, now: Duration, elapsed: Duration) -> &Canvas {
        self.paint_background(elapsed);
        self.canvas.copy_from(&self.background);
        let (width, height) = (self.canvas.width(), self.canvas.height());
        let left = width / 16;
        let mut top = height / 5;
        for line in &self.title {
            self.canvas.draw(line, left, top);
            top += height / 7;
        }
        let mut x = left;
        for c in clock(now).chars() {
            if let Some((_, digit)) = self.digits.iter().find(|(known, _)| *known == c) {
                self.canvas.draw(digit, x, height * 5 / 9);
                x += digit.width();
            }
        }
        // A line that fills once a second: a freeze of less than a second shows in it.
        let second = now.subsec_millis() as usize;
        self.canvas.line(left, height * 5 / 6, (width - 2 * left) * second / 1_000, (height / 120).max(2));
        if self.style.marks {
            self.mark(now);
        }
        &self.canvas
    }

    fn paint_background(&mut self, elapsed: Duration) {
        let is_fresh = |at: Duration| self.style.bars || elapsed.abs_diff(at) < BACKGROUND_EVERY;
        if self.background_at.is_some_and(is_fresh) {
            return;
        }
        self.background_at = Some(elapsed);
        if self.style.bars {
            self.background.bars();
        } else {
            self.background.gradient(self.colors, elapsed.as_secs_f32());
        }
    }

    fn mark(&mut self, now: Duration) {
        let size = self.canvas.width() / 40;
        let left = (self.canvas.width() - size * (MARKS + 2)) / 2;
        let top = self.canvas.height().saturating_sub(size);
        let milliseconds = now.as_millis();
        let bits = (0..MARKS).rev().map(|bit| milliseconds >> bit & 1 == 1);
        for (n, white) in [true, false].into_iter().chain(bits).enumerate() {
            self.canvas.block(left + n * size, top, size, white);
        }
    }
}

/// `HH:MM:SS.mmm`.
fn clock(now: Duration) -> String {
    let seconds = now.as_secs() % 86_400;
    format!("{:02}:{:02}:{:02}.{:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60, now.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style() -> Style {
        Style { title: "Algebra für alle".to_owned(), seed: 7, bars: false, marks: true }
    }

    #[test]
    fn the_clock_is_a_clock() {
        assert_eq!(clock(Duration::from_millis(86_400_000 + 3_723_004)), "01:02:03.004");
    }

    #[test]
    fn every_size_can_be_painted() {
        for (width, height) in [(0, 0), (1, 1), (64, 36), (641, 361), (1_280, 720)] {
            let mut painter = Painter::new(style(), width, height);
            let canvas = painter.paint(Duration::from_millis(123_456_789), Duration::from_secs(1));
            assert_eq!((canvas.width() % 2, canvas.height() % 2), (0, 0));
        }
    }

    #[test]
    fn the_blocks_are_the_time() {
        let mut painter = Painter::new(style(), 640, 360);
        let now = Duration::from_millis(0x1_dead_beef);
        let canvas = painter.paint(now, Duration::ZERO);
        let luma = |n: usize| canvas.planes().0[(360 - 8) * 640 + (640 - 34 * 16) / 2 + n * 16 + 8];
        assert!(luma(0) > 200 && luma(1) < 50);
        let read = (2..34).fold(0_u32, |bits, n| bits << 1 | u32::from(luma(n) > 128));
        assert_eq!(read, 0xdead_beef);
    }

    #[test]
    fn the_gradient_moves_and_bars_do_not() {
        let paint = |bars, seconds| {
            let mut painter = Painter::new(Style { bars, ..style() }, 320, 180);
            painter.paint(Duration::ZERO, Duration::from_secs(seconds)).planes().0.to_vec()
        };
        assert_ne!(paint(false, 0), paint(false, 5));
        assert_eq!(paint(true, 0), paint(true, 5));
    }
}
