//! Takes new snapshots when something was missed: never two at a time, never one per event.

use crate::{backoff::Backoff, dom::sleep};
use domain::event::Position;
use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
};
use leptos::task::spawn_local_scoped_with_cancellation;

/// How long requests are gathered, in milliseconds. Spread at random, because what one page misses, all pages miss.
const GATHER_MILLIS: f64 = 200.0;
const SPREAD_MILLIS: f64 = 800.0;
/// How often a snapshot that is too old is asked for again, before it is taken as it is.
const TRIES: u32 = 4;

/// Takes new snapshots of something, until the owner in which it was made is cleaned up.
pub(crate) struct Refresh(UnboundedSender<Position>);

impl Refresh {
    /// With the way to read one, to see its position, and to show it.
    ///
    /// Call it inside an effect: on the server nothing is missed.
    pub(crate) fn new<T: 'static, Reading>(
        read: impl Fn() -> Reading + 'static,
        position_of: impl Fn(&T) -> Position + 'static,
        accept: impl Fn(T) + 'static,
    ) -> Self
    where
        Reading: Future<Output = Option<T>> + 'static,
    {
        let (ask, asked) = unbounded();
        spawn_local_scoped_with_cancellation(serve(asked, read, position_of, accept));
        Self(ask)
    }

    /// Asks for a snapshot that is at least as new as this.
    pub(crate) fn ask(&self, position: Position) {
        let _is_open = self.0.unbounded_send(position);
    }
}

async fn serve<T, Reading>(
    mut requests: UnboundedReceiver<Position>,
    read: impl Fn() -> Reading,
    position_of: impl Fn(&T) -> Position,
    accept: impl Fn(T),
) where
    Reading: Future<Output = Option<T>>,
{
    while let Some(mut needed) = requests.next().await {
        let mut backoff = Backoff::default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "less than two seconds")]
        let mut wait = (GATHER_MILLIS + SPREAD_MILLIS * js_sys::Math::random()) as u32;
        let mut tries = 0;
        loop {
            sleep(wait).await;
            while let Ok(also_needed) = requests.try_recv() {
                needed = also_needed;
            }
            match read().await {
                Some(snapshot) if tries >= TRIES || is_at_least(position_of(&snapshot), needed) => {
                    accept(snapshot);
                    break;
                }
                // A snapshot from a cache may be older than what was missed.
                Some(_too_old) => tries += 1,
                None => {}
            }
            wait = backoff.next(js_sys::Math::random()).max(200);
        }
    }
}

/// Whether a snapshot holds all that happened until `needed`. One of another epoch comes from another server, or from after
/// a restart, and is taken: positions cannot tell.
fn is_at_least(position: Position, needed: Position) -> bool {
    position.epoch != needed.epoch || position.sequence >= needed.sequence
}

#[cfg(test)]
mod tests {
    use super::is_at_least;
    use domain::event::Position;

    #[test]
    fn only_an_older_snapshot_of_the_same_epoch_is_refused() {
        let needed = Position { epoch: 1, sequence: 5 };
        for (epoch, sequence, expected) in [(1, 4, false), (1, 5, true), (1, 6, true), (2, 0, true)] {
            assert_eq!(is_at_least(Position { epoch, sequence }, needed), expected);
        }
    }
}
