//! One stream: who publishes it, who watches it, and whether somebody waits for a keyframe.

use std::time::{Duration, Instant};

use crate::address::PeerKey;
use crate::audience::Audience;

/// A keyframe request may be lost or ignored, and a keyframe costs everybody: so it is asked for again, but not
/// more often than this.
const ASK_AGAIN: Duration = Duration::from_millis(300);

/// The state of one stream. It exists while somebody publishes or watches it.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(crate) publisher: Option<PeerKey>,
    /// Viewer sessions, the oldest first.
    pub(crate) viewers: Vec<PeerKey>,
    pub(crate) audience: Audience,
    /// Whether [`Event::Started`](crate::Event::Started) was said and not taken back.
    pub(crate) announced: bool,
    pub(crate) keyframe_requests: u64,
    waiting: bool,
    asked: Option<Instant>,
}

impl Stream {
    /// Somebody needs a keyframe. Never forgotten before one came.
    pub(crate) fn want_keyframe(&mut self) {
        self.waiting = true;
    }

    /// A keyframe began: whoever was connected has it.
    pub(crate) fn keyframe_came(&mut self) {
        self.waiting = false;
    }

    /// Whether the publisher is to be asked for a keyframe now.
    pub(crate) fn should_ask(&self, now: Instant) -> bool {
        self.waiting && self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= ASK_AGAIN)
    }

    /// The publisher was asked.
    pub(crate) fn asked(&mut self, now: Instant) {
        self.asked = Some(now);
        self.keyframe_requests += 1;
    }

    /// A new publisher: it has not been asked for anything yet.
    pub(crate) fn published_by(&mut self, key: PeerKey) {
        self.publisher = Some(key);
        self.asked = None;
        self.waiting = !self.viewers.is_empty();
    }

    /// Whether there is nothing left to remember.
    pub(crate) fn is_over(&self) -> bool {
        self.publisher.is_none() && self.viewers.is_empty() && self.audience.is_settled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_is_asked_for_at_once_and_until_it_comes() {
        let now = Instant::now();
        let mut stream = Stream::default();
        assert!(!stream.should_ask(now));
        stream.want_keyframe();
        assert!(stream.should_ask(now));
        stream.asked(now);
        stream.want_keyframe();
        assert!(!stream.should_ask(now + Duration::from_millis(299)), "many who join together are one request");
        assert!(stream.should_ask(now + ASK_AGAIN));
        stream.keyframe_came();
        assert!(!stream.should_ask(now + ASK_AGAIN));
    }

    #[test]
    fn a_new_publisher_is_asked_at_once_for_those_who_wait() {
        let now = Instant::now();
        let mut stream = Stream { viewers: vec![PeerKey(1)], ..Stream::default() };
        stream.want_keyframe();
        stream.asked(now);
        stream.published_by(PeerKey(2));
        assert!(stream.should_ask(now));
    }
}
