//! What the rest of the server tells the reactor, and how it is woken.

use super::{Answer, arrival::Newcomer};
use backend::events::{Crowd, Frame};
use domain::event::Topic;
use mio::Waker;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Frames that may wait here while the thread tells others to their readers, which takes a tenth of a second for ten thousand.
const MAX_FRAMES: usize = 1024;

/// Something for one reader, which the number names, or for all.
pub(super) enum Message {
    /// A reader joins; its socket follows.
    Join(u64, Arc<[Topic]>),
    /// Here is the socket.
    Arrive(u64, Box<Newcomer>),
    /// The socket does not come.
    Leave(u64),
    /// For everybody who reads one of its topics.
    Frame(Arc<Frame>),
    /// Everybody who has joined has missed something.
    LoseContinuity,
    Answer(u64, Answer),
    /// The server stops: everybody is asked to leave.
    Drain,
    /// The reactor ends, whoever is still there.
    Stop,
}

/// The way to the reactor's thread. Frames in it are bounded by a number, all else by the connections there may be.
pub(super) struct Inbox {
    messages: Mutex<Messages>,
    waker: Waker,
}

#[derive(Default)]
struct Messages {
    all: Vec<Message>,
    n_frames: usize,
}

impl Inbox {
    pub(super) fn new(waker: Waker) -> Self {
        Self { messages: Mutex::default(), waker }
    }

    pub(super) fn push(&self, message: Message) {
        self.add(self.lock(), message);
    }

    /// Takes everything, and leaves the room of `empty` in its place.
    pub(super) fn take(&self, empty: Vec<Message>) -> Vec<Message> {
        let mut messages = self.lock();
        messages.n_frames = 0;
        std::mem::replace(&mut messages.all, empty)
    }

    fn add(&self, mut messages: MutexGuard<'_, Messages>, message: Message) {
        let was_empty = messages.all.is_empty();
        messages.all.push(message);
        drop(messages);
        // Whoever finds something there knows that the thread is awake, or will be.
        if was_empty && let Err(error) = self.waker.wake() {
            tracing::error!(%error, "the event reactor cannot be woken");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Messages> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Crowd for Inbox {
    fn tell(&self, frame: &Arc<Frame>) {
        let mut messages = self.lock();
        if messages.n_frames < MAX_FRAMES {
            messages.n_frames += 1;
            self.add(messages, Message::Frame(Arc::clone(frame)));
        } else if !matches!(messages.all.last(), Some(Message::LoseContinuity)) {
            // The thread is far behind: better anew than late. Whoever joins after this message misses nothing by it.
            self.add(messages, Message::LoseContinuity);
        }
    }

    fn lose_continuity(&self) {
        self.push(Message::LoseContinuity);
    }
}

#[cfg(test)]
mod tests {
    use super::{Inbox, MAX_FRAMES, Message};
    use crate::http::events::reactor::INBOX;
    use backend::events::Hub;
    use domain::{
        Category, UserId,
        event::{Event, Topic},
    };
    use mio::{Poll, Waker};
    use std::sync::{Arc, Weak};
    use uuid::Uuid;

    #[test]
    fn who_joins_a_flooded_reactor_loses_nothing_unnoticed() {
        let poll = Poll::new().unwrap();
        let inbox = Arc::new(Inbox::new(Waker::new(poll.registry(), INBOX).unwrap()));
        let hub = Hub::new().unwrap();
        let crowd: Weak<Inbox> = Arc::downgrade(&inbox);
        hub.gather(crowd);
        let join =
            || hub.join(vec![Topic::Streams], None, |reader, topics| inbox.push(Message::Join(reader, Arc::clone(topics))));
        let publish = || {
            let event = Event::StreamEnded { channel: UserId(Uuid::nil()), category: Category::Study };
            hub.publish(&[Topic::Streams], &event);
        };

        let first = join();
        for _ in 0..MAX_FRAMES + 5 {
            publish();
        }
        let second = join();
        publish();
        let messages: Vec<&str> = inbox
            .take(Vec::new())
            .iter()
            .map(|message| match message {
                Message::Join(..) => "join",
                Message::Frame(_) => "frame",
                Message::LoseContinuity => "lose continuity",
                _ => "other",
            })
            .collect();
        let mut expected = vec!["join"];
        expected.resize(1 + MAX_FRAMES, "frame");
        expected.extend(["lose continuity", "join", "lose continuity"]);
        assert_eq!(messages, expected);

        publish();
        assert!(matches!(inbox.take(Vec::new()).as_slice(), [Message::Frame(_)]), "it is emptied, and goes on");
        drop((first, second));
    }
}
