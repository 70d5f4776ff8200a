//! Ends an event stream that nobody reads.
//!
//! A body over HTTP/2 is asked for more only while the reader's window is open (RFC 9113, section 5.2). Behind one that stays
//! shut nobody would look at the lifetime, the session or the heartbeats, and somebody would count as present who hears
//! nothing. The stream itself is closed with its connection, and has its seat among those that are counted until then.

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use std::{convert::Infallible, pin::pin, time::Duration};
use tokio::sync::mpsc;

/// How long a word may wait behind the one before it: with a heartbeat every 15 seconds a shut window is noticed within 50.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Follows the stream by itself, and drops it when a word waits for longer than that, or when nobody wants more. The seat is
/// kept until the reader's end is gone.
pub(super) fn patiently(
    words: impl Stream<Item = Bytes> + Send + 'static,
    patience: Duration,
    seat: impl Send + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut words = pin!(words);
        loop {
            let said = tokio::select! {
                () = sender.closed() => return,
                said = words.next() => said,
            };
            let Some(said) = said else { return };
            if !matches!(tokio::time::timeout(patience, sender.send(said)).await, Ok(Ok(()))) {
                return;
            }
        }
    });
    stream::unfold((receiver, seat), async |(mut receiver, seat)| {
        receiver.recv().await.map(|bytes| (Ok(bytes), (receiver, seat)))
    })
}

#[cfg(test)]
mod tests {
    use super::patiently;
    use bytes::Bytes;
    use futures::{Stream, StreamExt as _, stream};
    use std::{
        pin::pin,
        sync::{Arc, Weak},
        time::{Duration, Instant},
    };

    /// Says so many words and then nothing. Holds a place meanwhile.
    fn words(n: u32) -> (impl Stream<Item = Bytes>, Weak<()>) {
        let place = Arc::new(());
        let held = Arc::downgrade(&place);
        let words = stream::unfold((n, place), async |(left, place)| {
            if left == 0 {
                std::future::pending::<()>().await;
            }
            Some((Bytes::from_static(b"word"), (left - 1, place)))
        });
        (words, held)
    }

    async fn is_given_back(place: &Weak<()>) {
        let given_back = async {
            while place.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), given_back).await.expect("the place is given back");
    }

    #[tokio::test]
    async fn who_does_not_read_is_given_up() {
        let ((words, place), patience) = (words(10), Duration::from_millis(50));
        let (began, read) = (Instant::now(), patiently(words, patience, ()));
        is_given_back(&place).await;
        assert!(began.elapsed() >= patience);
        assert_eq!(pin!(read).count().await, 1, "what was said before, and the end");
    }

    #[tokio::test]
    async fn who_waits_is_not_given_up_and_who_leaves_is_gone_at_once() {
        let (words, place) = words(3);
        let mut read = Box::pin(patiently(words, Duration::from_millis(10), ()));
        for _ in 0..3 {
            assert!(read.next().await.is_some());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(place.strong_count(), 1, "it has read everything there was");
        drop(read);
        is_given_back(&place).await;
    }
}
