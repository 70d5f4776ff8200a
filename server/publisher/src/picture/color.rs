//! Colours, as video has them.

/// A colour in BT.601, limited range: what browsers take small pictures to be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Yuv {
    pub(super) y: u8,
    pub(super) u: u8,
    pub(super) v: u8,
}

impl Yuv {
    /// From red, green and blue between 0 and 1.
    fn from_rgb([r, g, b]: [f32; 3]) -> Self {
        let byte = |value: f32| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
            let byte = value.round().clamp(0.0, 255.0) as u8;
            byte
        };
        Self {
            y: byte(16.0 + 65.481 * r + 128.553 * g + 24.966 * b),
            u: byte(128.0 - 37.797 * r - 74.203 * g + 112.0 * b),
            v: byte(128.0 + 112.0 * r - 93.786 * g - 18.214 * b),
        }
    }
}

/// The two ends of a gradient: neighbours on the colour wheel, both dark enough for white text.
pub(super) fn pair(seed: u64) -> (Yuv, Yuv) {
    // The golden ratio keeps the hues of neighbouring seeds far apart.
    #[expect(clippy::cast_precision_loss, reason = "the remainder is small")]
    let hue = ((seed % 10_000) as f32 * 0.618_034).fract();
    (Yuv::from_rgb(hsl(hue, 0.65, 0.42)), Yuv::from_rgb(hsl((hue + 0.16).fract(), 0.70, 0.16)))
}

/// The bars of a test picture: white, yellow, cyan, green, magenta, red, blue, at three quarters.
pub(super) fn bars() -> [Yuv; 7] {
    let on = 0.75;
    [[on, on, on], [on, on, 0.0], [0.0, on, on], [0.0, on, 0.0], [on, 0.0, on], [on, 0.0, 0.0], [0.0, 0.0, on]].map(Yuv::from_rgb)
}

/// Hue, saturation and lightness between 0 and 1, to red, green and blue.
fn hsl(hue: f32, saturation: f32, lightness: f32) -> [f32; 3] {
    let reach = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|n: f32| {
        let k = (n + hue * 12.0) % 12.0;
        lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_white_and_red() {
        assert_eq!(Yuv::from_rgb([0.0; 3]), Yuv { y: 16, u: 128, v: 128 });
        assert_eq!(Yuv::from_rgb([1.0; 3]), Yuv { y: 235, u: 128, v: 128 });
        assert_eq!(Yuv::from_rgb(hsl(0.0, 1.0, 0.5)), Yuv { y: 81, u: 90, v: 240 });
    }

    #[test]
    fn white_text_can_be_read_on_every_colour() {
        for seed in 0..1_000 {
            let (light, dark) = pair(seed);
            assert!(light.y < 170 && dark.y < light.y, "{seed}");
        }
    }
}
