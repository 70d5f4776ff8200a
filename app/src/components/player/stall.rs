//! Notices a picture that stands still, before anybody says that something is wrong.

use super::deck::Deck;
use crate::{
    dom::{Interval, Slot, sleep},
    media::watch::{Link, next_frame},
};
use domain::stream;
use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation};
use web_sys::HtmlVideoElement;

/// Between looks at the picture, in milliseconds.
const LOOK_MILLIS: i32 = 1000;
/// So many looks without a new frame are a standstill. A shared screen on which nothing moves still sends one a second.
const STILL_LOOKS: u32 = 4;
/// Frames that were on their way when the publisher left arrive within this time, in milliseconds.
const SETTLE_MILLIS: u32 = 1000;

/// Counts how long the number of frames has stayed the same.
#[derive(Debug, Default)]
struct Stillness {
    frames: u32,
    looks: u32,
}

impl Stillness {
    /// Takes a look; answers whether the picture stands still. What nobody looks at may well stand still.
    fn look(&mut self, frames: u32, is_watched: bool) -> bool {
        self.looks = if is_watched && frames == self.frames { self.looks + 1 } else { 0 };
        self.frames = frames;
        self.looks >= STILL_LOOKS
    }
}

/// Keeps [`Deck::link`] true to the picture: stalled when the server says so or when it stands still, playing when it moves.
/// Meanwhile the last frame stays under the words, and the connection is kept: the picture may go on over it.
pub(super) fn follow(deck: Deck, signal: Memo<Option<stream::Signal>>) {
    let looks = Slot::new();
    Effect::new(move || {
        if signal.get() == Some(stream::Signal::Interrupted) {
            stall(deck);
        }
    });
    Effect::new(move || {
        let is_playing = deck.link.with(|link| *link == Link::Playing);
        let video = deck.video.get_untracked().filter(|_| is_playing);
        looks.set(video.and_then(|video| {
            let mut stillness = Stillness::default();
            Interval::new(LOOK_MILLIS, move || {
                if stillness.look(frames(&video), is_watched(&video)) {
                    stall(deck);
                }
            })
        }));
    });
    Effect::new(move || {
        let is_stalled = deck.link.with(|link| *link == Link::Stalled);
        let Some(video) = deck.video.get_untracked().filter(|_| is_stalled) else { return };
        spawn_local_scoped_with_cancellation(async move {
            sleep(SETTLE_MILLIS).await;
            next_frame(&video).await;
            change(deck, &Link::Stalled, Link::Playing);
        });
    });
    on_cleanup(move || looks.set(None));
}

fn stall(deck: Deck) {
    change(deck, &Link::Playing, Link::Stalled);
}

fn change(deck: Deck, from: &Link, to: Link) {
    if deck.link.try_with_untracked(|link| link == from) == Some(true) {
        deck.link.set(to);
    }
}

fn frames(video: &HtmlVideoElement) -> u32 {
    video.get_video_playback_quality().total_video_frames()
}

/// Sound alone has no frames, and neither has a picture that is paused or in a tab that nobody sees.
fn is_watched(video: &HtmlVideoElement) -> bool {
    let is_seen = web_sys::window().and_then(|window| window.document()).is_some_and(|document| !document.hidden());
    is_seen && !video.paused() && video.video_width() > 0
}

#[cfg(test)]
mod tests {
    use super::Stillness;

    #[test]
    fn a_picture_stands_still_after_four_looks() {
        let mut stillness = Stillness::default();
        assert!(!stillness.look(7, true));
        let looks: Vec<bool> = (0..5).map(|_| stillness.look(7, true)).collect();
        assert_eq!(looks, [false, false, false, true, true]);
        assert!(!stillness.look(8, true));
    }

    #[test]
    fn what_nobody_sees_does_not_stand_still() {
        let mut stillness = Stillness::default();
        for _ in 0..10 {
            assert!(!stillness.look(7, false));
        }
        assert!(!stillness.look(7, true), "the count begins when it is seen");
    }
}
