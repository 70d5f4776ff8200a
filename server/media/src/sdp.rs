//! The few places where an offer or an answer is changed as text, before and after the WebRTC library sees it.

use crate::error::Error;

/// Browsers offer 3 to 8 KB. Longer ones are refused before anything parses them.
const MAX_OFFER: usize = 64 * 1024;

/// Which way the media of a session flow, from the peer's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// WHIP: the peer sends.
    Publish,
    /// WHEP: the peer receives; `video` is whether there is any to receive.
    Watch { video: bool },
}

impl Role {
    /// The direction that replaces `a=sendrecv`, which is also what no direction means (RFC 8866, section 6.7).
    fn direction(self, video_section: bool) -> &'static str {
        match self {
            Self::Publish => "a=sendonly",
            Self::Watch { video: false } if video_section => "a=inactive",
            Self::Watch { .. } => "a=recvonly",
        }
    }
}

/// Makes an offer one that can be answered as WHIP and WHEP are meant (RFC 9725, section 4.3).
///
/// * Media flow one way: a browser whose page only added a track offers both ways.
/// * No simulcast: layers are not chosen between, so only one may come.
/// * At most one audio and one video section, and nothing else.
pub(crate) fn prepare(offer: &str, role: Role) -> Result<String, Error> {
    if offer.len() > MAX_OFFER || !offer.starts_with("v=0") {
        return Err(Error::MalformedOffer);
    }
    let mut prepared = String::with_capacity(offer.len() + 64);
    let (mut audio, mut video) = (0, 0);
    // The direction to add at the end of a section that gives none.
    let mut missing: Option<&str> = None;
    for line in offer.lines() {
        let line = line.trim_end();
        if let Some(media) = line.strip_prefix("m=") {
            push_all(&mut prepared, missing.take());
            let is_video = media.starts_with("video ");
            if is_video {
                video += 1;
            } else if media.starts_with("audio ") {
                audio += 1;
            } else {
                return Err(Error::MalformedOffer);
            }
            missing = Some(role.direction(is_video));
            push(&mut prepared, line);
        } else if line == "a=simulcast" || line.starts_with("a=simulcast:") || line.starts_with("a=rid:") || line.is_empty() {
            // Dropped.
        } else if let ("a=sendrecv" | "a=sendonly" | "a=recvonly" | "a=inactive", Some(wanted)) = (line, missing) {
            missing = None;
            push(&mut prepared, if line == "a=sendrecv" || wanted == "a=inactive" { wanted } else { line });
        } else {
            push(&mut prepared, line);
        }
    }
    push_all(&mut prepared, missing);
    match (audio, video) {
        (0, 0) => Err(Error::MalformedOffer),
        (0..=1, 0..=1) => Ok(prepared),
        _ => Err(Error::MalformedOffer),
    }
}

/// The identifiers of the media sections (RFC 5888), in their order.
pub(crate) fn mids(offer: &str) -> impl Iterator<Item = &str> {
    offer.lines().filter_map(|line| line.strip_prefix("a=mid:")).map(str::trim)
}

/// Tells a publisher how fast to begin and how fast it may become.
///
/// Chromium reads `x-google-start-bitrate`; all browsers read `b=TIAS` (bit/s, RFC 3890). `b=AS` besides would say
/// the same, and some parsers want one such line at most.
pub(crate) fn shape_publisher_answer(answer: &str, start_kbps: u32, max_bits_per_second: u64) -> String {
    let mut shaped = String::with_capacity(answer.len() + 128);
    // The payload type of the video, while inside its section and not yet done.
    let mut payload: Option<&str> = None;
    let has_format = |payload: &str| answer.lines().any(|line| format_of(line, "a=fmtp:") == Some(payload));
    for line in answer.lines() {
        if line.starts_with("m=") {
            payload = line.strip_prefix("m=video ").and_then(|rest| rest.split(' ').nth(2));
        }
        push(&mut shaped, line);
        let Some(format) = payload else { continue };
        if line.starts_with("c=") {
            push(&mut shaped, &format!("b=TIAS:{max_bits_per_second}"));
        } else if format_of(line, "a=fmtp:") == Some(format) {
            // Behind the line just written, before its end.
            shaped.truncate(shaped.trim_end().len());
            push(&mut shaped, &format!(";x-google-start-bitrate={start_kbps}"));
            payload = None;
        } else if format_of(line, "a=rtpmap:") == Some(format) && !has_format(format) {
            push(&mut shaped, &format!("a=fmtp:{format} x-google-start-bitrate={start_kbps}"));
            payload = None;
        }
    }
    shaped
}

/// The payload type that an attribute line is about.
fn format_of<'a>(line: &'a str, attribute: &str) -> Option<&'a str> {
    line.strip_prefix(attribute)?.split(' ').next()
}

fn push(sdp: &mut String, line: &str) {
    sdp.push_str(line);
    sdp.push_str("\r\n");
}

fn push_all(sdp: &mut String, line: Option<&str>) {
    if let Some(line) = line {
        push(sdp, line);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sdp(lines: &[&str]) -> String {
        lines.iter().fold(String::new(), |sdp, line| sdp + line + "\r\n")
    }

    #[test]
    fn both_ways_becomes_one_way() {
        let offer = sdp(&["v=0", "m=audio 9 x 1", "a=sendrecv", "m=video 9 x 2", "a=mid:1"]);
        let publish = sdp(&["v=0", "m=audio 9 x 1", "a=sendonly", "m=video 9 x 2", "a=mid:1", "a=sendonly"]);
        assert_eq!(prepare(&offer, Role::Publish), Ok(publish));
        let watch = sdp(&["v=0", "m=audio 9 x 1", "a=recvonly", "m=video 9 x 2", "a=mid:1", "a=inactive"]);
        assert_eq!(prepare(&offer, Role::Watch { video: false }), Ok(watch));
    }

    #[test]
    fn simulcast_is_not_negotiated() {
        let offer = "v=0\nm=video 9 x 2\na=sendonly\na=rid:h send\na=simulcast:send h;l\na=mid:0\n";
        let prepared = sdp(&["v=0", "m=video 9 x 2", "a=sendonly", "a=mid:0"]);
        assert_eq!(prepare(offer, Role::Publish), Ok(prepared));
    }

    #[test]
    fn other_sections_are_refused() {
        let long = format!("v=0\nm=audio 9 x 1\na={}", "x".repeat(MAX_OFFER));
        let two = "v=0\nm=video 9 x 1\nm=video 9 x 1";
        for wrong in ["", "hello", "v=0", "v=0\nm=application 9 x y", two, &long] {
            assert_eq!(prepare(wrong, Role::Publish), Err(Error::MalformedOffer));
        }
    }

    #[test]
    fn a_format_line_is_added_or_extended() {
        let answer = sdp(&["v=0", "m=video 9 x 96 97", "c=IN", "a=rtpmap:96 VP8/90000", "a=fmtp:97 apt=96"]);
        let shaped = shape_publisher_answer(&answer, 2_000, 8_000_000);
        assert!(shaped.contains("c=IN\r\nb=TIAS:8000000\r\n"), "{shaped}");
        assert!(shaped.contains("a=rtpmap:96 VP8/90000\r\na=fmtp:96 x-google-start-bitrate=2000\r\na=fmtp:97 apt=96\r\n"));

        let answer = sdp(&["v=0", "m=video 9 x 127", "c=IN", "a=rtpmap:127 H264/90000", "a=fmtp:127 packetization-mode=1"]);
        let shaped = shape_publisher_answer(&answer, 2_000, 8_000_000);
        assert!(shaped.contains("\r\na=fmtp:127 packetization-mode=1;x-google-start-bitrate=2000\r\n"), "{shaped}");
    }

    #[test]
    fn audio_alone_is_left_as_it_is() {
        let answer = sdp(&["v=0", "m=audio 9 x 111", "c=IN", "a=rtpmap:111 opus/48000/2"]);
        assert_eq!(shape_publisher_answer(&answer, 2_000, 8_000_000), answer);
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer(text in "\\PC{0,200}", lines in "(v=0|m=audio 1|m=video 9 a 96|a=sendrecv|a=fmtp:96 |c=|\n|\r\n){0,20}") {
            let _ = prepare(&text, Role::Publish);
            let _ = prepare(&format!("v=0\n{lines}"), Role::Watch { video: true });
            let _ = shape_publisher_answer(&lines, 1, 1);
        }
    }
}
