//! H.264 for WebRTC: constrained baseline, no B-frames, a keyframe when asked for.

use std::time::Duration;

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, IntraFramePeriod, Profile, RateControlMode, UsageType,
};
use openh264::formats::YUVSlices;

use crate::picture::Canvas;

/// The longest time between two keyframes. Servers that record or segment a stream cut at keyframes.
const KEYFRAME_EVERY: Duration = Duration::from_secs(2);

/// Encodes one stream.
pub struct VideoEncoder {
    encoder: Encoder,
    frame: Vec<u8>,
}

/// The encoder failed.
#[derive(Debug, thiserror::Error)]
#[error("the encoder: {0}")]
pub struct EncodeError(#[from] openh264::Error);

impl VideoEncoder {
    /// An encoder for so many pictures per second and about so many bits per second.
    pub fn new(frames_per_second: u32, bits_per_second: u32) -> Result<Self, EncodeError> {
        let seconds = u32::try_from(KEYFRAME_EVERY.as_secs()).unwrap_or(1);
        #[expect(clippy::cast_precision_loss, reason = "frame rates are small")]
        let rate = frames_per_second as f32;
        let config = EncoderConfig::new()
            .bitrate(BitRate::from_bps(bits_per_second))
            .max_frame_rate(FrameRate::from_hz(rate))
            .rate_control_mode(RateControlMode::Quality)
            .usage_type(UsageType::CameraVideoRealTime)
            .profile(Profile::Baseline)
            .complexity(Complexity::Low)
            .intra_frame_period(IntraFramePeriod::from_num_frames(frames_per_second.saturating_mul(seconds)))
            .scene_change_detect(false)
            .background_detection(false)
            .adaptive_quantization(false)
            // Several streams share a small machine; one thread each is enough.
            .num_threads(1);
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config)?;
        Ok(Self { encoder, frame: Vec::new() })
    }

    /// Makes the next picture a keyframe.
    pub fn force_keyframe(&mut self) {
        self.encoder.force_intra_frame();
    }

    /// Encodes a picture: NAL units with start codes (ITU-T H.264, Annex B). Empty if the encoder left it out.
    pub fn encode(&mut self, canvas: &Canvas) -> Result<&[u8], EncodeError> {
        let (width, height) = (canvas.width(), canvas.height());
        let picture = YUVSlices::new(canvas.planes(), (width, height), (width, width / 2, width / 2));
        self.frame.clear();
        self.encoder.encode(&picture)?.write_vec(&mut self.frame);
        Ok(&self.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Painter, Style};

    /// The types of the NAL units in a frame.
    fn units(frame: &[u8]) -> Vec<u8> {
        frame.windows(4).filter(|bytes| bytes.starts_with(&[0, 0, 1])).map(|bytes| bytes[3] & 0x1f).collect()
    }

    #[test]
    fn keyframes_come_first_when_asked_and_every_two_seconds() {
        let style = Style { title: "Test".to_owned(), seed: 1, bars: false, marks: false };
        let mut painter = Painter::new(style, 320, 180);
        let mut encoder = VideoEncoder::new(10, 200_000).unwrap();
        let mut keyframes = Vec::new();
        for n in 0..60_u32 {
            let time = Duration::from_millis(u64::from(n) * 100);
            if n == 5 {
                encoder.force_keyframe();
            }
            let units = units(encoder.encode(painter.paint(time, time)).unwrap());
            if units.contains(&5) {
                assert!(units.starts_with(&[7, 8]), "parameter sets precede it: {units:?}");
                keyframes.push(n);
            }
        }
        assert!(keyframes.starts_with(&[0, 5]), "{keyframes:?}");
        assert!(keyframes.windows(2).all(|pair| pair[1] - pair[0] <= 20), "{keyframes:?}");
        assert!(keyframes.len() <= 6, "{keyframes:?}");
    }
}
