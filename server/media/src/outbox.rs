//! Events on their way out: bounded, and never in the way of the media.

use std::collections::HashMap;

use tokio::sync::mpsc;

use crate::event::Event;
use crate::ids::StreamId;

/// How many events may wait for the receiver before news of one stream replaces older news of it.
pub(crate) const CAPACITY: usize = 1_024;

/// The last word on a stream that could not be said yet.
#[derive(Debug, Default)]
struct Latest {
    live: Option<bool>,
    viewers: Option<u32>,
}

/// Sends events without waiting. What does not fit is kept as the latest state per stream, so that its size is
/// bounded by the number of streams and a slow receiver loses history but never the present.
#[derive(Debug)]
pub(crate) struct Outbox {
    sender: mpsc::Sender<Event>,
    waiting: HashMap<StreamId, Latest>,
}

impl Outbox {
    pub(crate) fn new(sender: mpsc::Sender<Event>) -> Self {
        Self { sender, waiting: HashMap::new() }
    }

    /// Sends the event, or keeps it for [`flush`](Self::flush).
    pub(crate) fn push(&mut self, event: Event) {
        if self.waiting.is_empty() {
            match self.sender.try_send(event) {
                // Without a receiver nobody wants to know.
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => return,
                Err(mpsc::error::TrySendError::Full(_)) => {}
            }
        }
        match event {
            Event::Started { stream } => self.waiting.entry(stream).or_default().live = Some(true),
            Event::Interrupted { stream } => self.waiting.entry(stream).or_default().live = Some(false),
            Event::Viewers { stream, viewers } => self.waiting.entry(stream).or_default().viewers = Some(viewers),
        }
    }

    /// Whether everything has been said.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Sends what is waiting, as far as there is room.
    pub(crate) fn flush(&mut self) {
        let sender = &self.sender;
        self.waiting.retain(|&stream, latest| {
            if let Some(live) = latest.live {
                let event = if live { Event::Started { stream } } else { Event::Interrupted { stream } };
                if full(sender, event) {
                    return true;
                }
                latest.live = None;
            }
            latest.viewers.is_some_and(|viewers| full(sender, Event::Viewers { stream, viewers }))
        });
    }
}

fn full(sender: &mpsc::Sender<Event>, event: Event) -> bool {
    matches!(sender.try_send(event), Err(mpsc::error::TrySendError::Full(_)))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_slow_receiver_gets_the_last_word() {
        let stream = StreamId(Uuid::from_u128(1));
        let (sender, mut receiver) = mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        outbox.push(Event::Started { stream });
        for viewers in 0..5_000 {
            outbox.push(Event::Viewers { stream, viewers });
            outbox.push(Event::Started { stream });
            outbox.push(Event::Interrupted { stream });
        }
        let mut heard = Vec::new();
        while let Ok(event) = receiver.try_recv() {
            heard.push(event);
            outbox.flush();
        }
        assert_eq!(heard, [Event::Started { stream }, Event::Interrupted { stream }, Event::Viewers { stream, viewers: 4_999 }]);
        assert!(outbox.waiting.is_empty());
    }

    #[test]
    fn without_a_receiver_nothing_is_kept() {
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        let mut outbox = Outbox::new(sender);
        outbox.push(Event::Started { stream: StreamId(Uuid::from_u128(1)) });
        assert!(outbox.waiting.is_empty());
    }
}
