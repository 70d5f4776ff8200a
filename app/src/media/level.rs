//! How loud a microphone is.

use crate::dom;
use web_sys::{AnalyserNode, AudioContext, MediaStream, MediaStreamAudioSourceNode};

/// Samples looked at for one reading: 43 ms at 48 kHz, longer than a period of the deepest voice.
const WINDOW: usize = 2048;
/// What counts as silence, in decibels below the loudest possible.
const FLOOR_DECIBELS: f32 = -60.0;

/// Measures until dropped.
pub(crate) struct Meter {
    context: AudioContext,
    analyser: AnalyserNode,
    // Kept, because a source that nothing holds may be collected and fall silent.
    _source: MediaStreamAudioSourceNode,
}

impl Meter {
    /// `None` if the stream has no sound, or the browser no means to measure it.
    pub(crate) fn new(stream: &MediaStream) -> Option<Self> {
        let context = AudioContext::new().ok()?;
        let analyser = context.create_analyser().ok()?;
        analyser.set_fft_size(u32::try_from(WINDOW).ok()?);
        let source = context.create_media_stream_source(stream).ok()?;
        source.connect_with_audio_node(&analyser).ok()?;
        if let Ok(resumed) = context.resume() {
            dom::let_run(resumed);
        }
        Some(Self { context, analyser, _source: source })
    }

    /// From 0, silence, to 1, as loud as it gets.
    pub(crate) fn read(&self) -> f64 {
        let mut samples = [0.0; WINDOW];
        self.analyser.get_float_time_domain_data(&mut samples);
        loudness(&samples)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Ok(closed) = self.context.close() {
            dom::let_run(closed);
        }
    }
}

/// The power of the samples on a scale of decibels, which is how ears hear it.
fn loudness(samples: &[f32]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let power = samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32;
    let decibels = 10.0 * power.max(f32::MIN_POSITIVE).log10();
    f64::from((1.0 - decibels / FLOOR_DECIBELS).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::loudness;

    #[test]
    fn loudness_follows_decibels() {
        let check = |samples: &[f32], expected: f64| {
            let heard = loudness(samples);
            assert!((heard - expected).abs() < 0.001, "{heard} instead of {expected}");
        };
        check(&[], 0.0);
        check(&[0.0; 64], 0.0);
        check(&[1.0; 64], 1.0);
        check(&[0.001; 64], 0.0);
        check(&[0.031_622_78; 64], 0.5);
    }
}
