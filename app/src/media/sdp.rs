//! The little that has to be changed in session descriptions.

/// Asks for stereo wherever Opus is offered. Without it a browser decodes Opus to one channel, and a lesson's music is flat.
pub(super) fn with_stereo_opus(sdp: &str) -> String {
    let payload_types: Vec<&str> = sdp
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '))
        .filter(|(_, codec)| codec.to_ascii_lowercase().starts_with("opus/48000/2"))
        .map(|(payload_type, _)| payload_type)
        .collect();
    let mut changed = String::with_capacity(sdp.len() + 16);
    for line in sdp.lines() {
        changed.push_str(line);
        let settings = line.strip_prefix("a=fmtp:").and_then(|rest| rest.split_once(' '));
        if let Some((payload_type, settings)) = settings
            && payload_types.contains(&payload_type)
            && !settings.split(';').any(|setting| setting.trim().starts_with("stereo="))
        {
            changed.push_str(";stereo=1");
        }
        changed.push_str("\r\n");
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::with_stereo_opus;

    #[test]
    fn only_opus_is_made_stereo() {
        let offer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=rtpmap:111 opus/48000/2\r\n\
                     a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n";
        let expected = offer.replace("useinbandfec=1", "useinbandfec=1;stereo=1");
        assert_eq!(with_stereo_opus(offer), expected);
        assert_eq!(with_stereo_opus(&expected), expected, "doing it twice changes nothing more");
    }

    #[test]
    fn a_description_without_opus_stays_as_it_is() {
        let offer = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=fmtp:96 x=1\r\n";
        assert_eq!(with_stereo_opus(offer), offer);
    }
}
