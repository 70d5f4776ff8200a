//! A picture in memory and what can be drawn on it. Drawing outside of it is cut off.

use super::color::{self, Yuv};
use super::text::Text;

const WHITE: u8 = 235;
const BLACK: u8 = 16;
/// No colour.
const GREY: u8 = 128;

/// A picture in YUV 4:2:0, each plane without padding.
#[derive(Clone, Debug)]
pub struct Canvas {
    width: usize,
    height: usize,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        // The encoder wants 16 pixels at least.
        let (width, height) = (width.next_multiple_of(2).max(16), height.next_multiple_of(2).max(16));
        let chroma = width * height / 4;
        Self { width, height, y: vec![BLACK; width * height], u: vec![GREY; chroma], v: vec![GREY; chroma] }
    }

    /// In pixels; even.
    pub fn width(&self) -> usize {
        self.width
    }

    /// In pixels; even.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Y, U and V; the last two have half the width and height.
    pub fn planes(&self) -> (&[u8], &[u8], &[u8]) {
        (&self.y, &self.u, &self.v)
    }

    /// Takes over another picture of the same size.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.y.clone_from(&other.y);
        self.u.clone_from(&other.u);
        self.v.clone_from(&other.v);
    }

    /// Fills the picture with two colours that flow into each other.
    pub(super) fn gradient(&mut self, (one, other): (Yuv, Yuv), seconds: f32) {
        let columns = wave(self.width, 1.1, seconds * 0.23);
        let rows = wave(self.height, 0.8, 2.0 - seconds * 0.17);
        for (line, row) in self.y.chunks_exact_mut(self.width).zip(&rows) {
            for (pixel, column) in line.iter_mut().zip(&columns) {
                *pixel = mix(one.y, other.y, row + column);
            }
        }
        let planes = [(&mut self.u, one.u, other.u), (&mut self.v, one.v, other.v)];
        for (plane, one, other) in planes {
            for (line, row) in plane.chunks_exact_mut(self.width / 2).zip(rows.iter().step_by(2)) {
                for (pixel, column) in line.iter_mut().zip(columns.iter().step_by(2)) {
                    *pixel = mix(one, other, row + column);
                }
            }
        }
    }

    /// Fills the picture with seven vertical bars.
    pub(super) fn bars(&mut self) {
        let bars = color::bars();
        let color = |x: usize, width: usize| bars.get(x * bars.len() / width);
        for line in self.y.chunks_exact_mut(self.width) {
            for (x, pixel) in line.iter_mut().enumerate() {
                *pixel = color(x, self.width).map_or(BLACK, |color| color.y);
            }
        }
        let half = self.width / 2;
        for (u, v) in self.u.chunks_exact_mut(half).zip(self.v.chunks_exact_mut(half)) {
            for (x, (u, v)) in u.iter_mut().zip(v).enumerate() {
                (*u, *v) = color(x, half).map_or((GREY, GREY), |color| (color.u, color.v));
            }
        }
    }

    /// Writes in white, with its upper left corner there.
    pub(super) fn draw(&mut self, text: &Text, left: usize, top: usize) {
        for (line, alphas) in self.y.chunks_exact_mut(self.width).skip(top).zip(text.rows()) {
            for (pixel, alpha) in line.iter_mut().skip(left).zip(alphas) {
                *pixel = mix(*pixel, WHITE, u16::from(*alpha));
            }
        }
        let half = self.width / 2;
        let planes = self.u.chunks_exact_mut(half).zip(self.v.chunks_exact_mut(half));
        for ((u, v), alphas) in planes.skip(top / 2).zip(text.rows().step_by(2)) {
            for ((u, v), alpha) in u.iter_mut().zip(v).skip(left / 2).zip(alphas.iter().step_by(2)) {
                *u = mix(*u, GREY, u16::from(*alpha));
                *v = mix(*v, GREY, u16::from(*alpha));
            }
        }
    }

    /// A light bar.
    pub(super) fn line(&mut self, left: usize, top: usize, width: usize, height: usize) {
        for line in self.y.chunks_exact_mut(self.width).skip(top).take(height) {
            for pixel in line.iter_mut().skip(left).take(width) {
                *pixel = mix(*pixel, WHITE, 160);
            }
        }
    }

    /// A square, black or white, whatever was below it.
    pub(super) fn block(&mut self, left: usize, top: usize, size: usize, white: bool) {
        for line in self.y.chunks_exact_mut(self.width).skip(top).take(size) {
            for pixel in line.iter_mut().skip(left).take(size) {
                *pixel = if white { WHITE } else { BLACK };
            }
        }
        let half = self.width / 2;
        for plane in [&mut self.u, &mut self.v] {
            for line in plane.chunks_exact_mut(half).skip(top / 2).take(size / 2) {
                for pixel in line.iter_mut().skip(left / 2).take(size / 2) {
                    *pixel = GREY;
                }
            }
        }
    }
}

/// Between the two, by a part of 256.
fn mix(one: u8, other: u8, part: u16) -> u8 {
    let part = u32::from(part.min(256));
    let mixed = (u32::from(one) * (256 - part) + u32::from(other) * part) / 256;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

/// A soft wave over a length, between 0 and 128.
fn wave(length: usize, waves: f32, phase: f32) -> Vec<u16> {
    #[expect(clippy::cast_precision_loss, reason = "pictures are not millions of pixels wide")]
    let step = waves * std::f32::consts::TAU / length.max(1) as f32;
    (0_u16..)
        .take(length)
        .map(|n| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 128")]
            let height = (64.0 + 64.0 * (f32::from(n) * step + phase).sin()).clamp(0.0, 128.0) as u16;
            height
        })
        .collect()
}
