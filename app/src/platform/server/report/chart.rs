//! Lines as the path data of SVG.

use crate::performance::{CHART_HEIGHT, CHART_WIDTH};
use backend::performance::KEPT;
use std::fmt::Write;

/// The smallest of 1, 2 and 5 times a power of ten that is not below a number, and not below 1.
pub(super) fn round_up(most: f64) -> f64 {
    let mut power = 1.0;
    while power * 10.0 < most {
        power *= 10.0;
    }
    [1.0, 2.0, 5.0].into_iter().map(|step| step * power).find(|top| *top >= most).unwrap_or(power * 10.0)
}

/// A line through the values, of which the last is at the right edge. Where one is missing it is broken, and what stands alone
/// is a dot.
pub(super) fn path(values: &[Option<f64>], top: f64) -> String {
    let step = CHART_WIDTH / u32::try_from(KEPT - 1).unwrap_or(u32::MAX);
    let n = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let mut path = String::new();
    let mut is_drawing = false;
    for (index, value) in (1..).zip(values) {
        if let Some(value) = value {
            let (x, y) = (CHART_WIDTH.saturating_sub((n - index) * step), height(*value, top));
            // A point that the line only begins with is drawn as a dot.
            let point = if is_drawing { format!("L{x} {y}") } else { format!("M{x} {y}h0") };
            // Memory takes everything.
            let _written = path.write_str(&point);
        }
        is_drawing = value.is_some();
    }
    path
}

/// Counted from above, as SVG does.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between nothing and the height")]
fn height(value: f64, top: f64) -> u32 {
    let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
    CHART_HEIGHT - (share * f64::from(CHART_HEIGHT)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::{KEPT, path, round_up};

    #[test]
    fn the_top_is_a_round_number() {
        for (most, top) in [(0.0, 1.0), (0.2, 1.0), (1.0, 1.0), (1.1, 2.0), (4.0, 5.0), (7.0, 10.0), (10.0, 10.0), (201.0, 500.0)]
        {
            assert!((round_up(most) - top).abs() < f64::EPSILON, "{most}");
        }
    }

    #[test]
    fn the_newest_value_is_at_the_right() {
        assert_eq!(path(&[], 1.0), "");
        assert_eq!(path(&[Some(1.0)], 1.0), "M595 0h0");
        assert_eq!(path(&[Some(0.0), Some(5.0), Some(10.0)], 10.0), "M585 160h0L590 80L595 0");
        let full = path(&[Some(0.0); KEPT], 1.0);
        assert!(full.starts_with("M0 160h0L5 160") && full.ends_with("L595 160"), "{full}");
    }

    #[test]
    fn a_line_is_broken_where_nothing_is_known() {
        assert_eq!(path(&[Some(1.0), None, Some(1.0), None], 1.0), "M580 0h0M590 0h0");
        assert_eq!(path(&[Some(9.0), Some(f64::NAN)], 1.0), "M590 0h0L595 160", "no value leaves the chart");
    }
}
