//! What the rest of the server tells the reactor, and how it is woken.

use super::{Answer, Arrival};
use backend::events::{Frame, Sink, hub::QUEUE_LENGTH};
use mio::Waker;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// Something for one connection, which the number names, or for all.
pub(super) enum Message {
    /// A reader joins; its socket follows. The number is how many frames wait for it.
    Open(u64, Arc<AtomicUsize>),
    /// Here is the socket.
    Arrive(u64, Box<Arrival>),
    /// The same event for all of these.
    Frame(Arc<Frame>, Vec<u64>),
    /// The hub has let the reader go.
    LetGo(u64),
    Answer(u64, Answer),
    /// The server stops: everybody is asked to leave.
    Drain,
    /// The reactor ends, whoever is still there.
    Stop,
}

/// The way to the reactor's thread. What waits in it is bounded by what may wait for each reader.
pub(super) struct Inbox {
    messages: Mutex<Vec<Message>>,
    waker: Waker,
}

impl Inbox {
    pub(super) fn new(waker: Waker) -> Self {
        Self { messages: Mutex::default(), waker }
    }

    pub(super) fn push(&self, message: Message) {
        let mut messages = self.lock();
        let was_empty = messages.is_empty();
        messages.push(message);
        drop(messages);
        // Whoever finds something there knows that the thread is awake, or will be.
        if was_empty && let Err(error) = self.waker.wake() {
            tracing::error!(%error, "the event reactor cannot be woken");
        }
    }

    /// An event goes to many, one after the other: it is named once.
    fn push_frame(&self, key: u64, frame: &Arc<Frame>) {
        let mut messages = self.lock();
        if let Some(Message::Frame(last, keys)) = messages.last_mut()
            && Arc::ptr_eq(last, frame)
        {
            keys.push(key);
            return;
        }
        drop(messages);
        self.push(Message::Frame(Arc::clone(frame), vec![key]));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes everything, and leaves the room of `empty` in its place.
    pub(super) fn take(&self, empty: Vec<Message>) -> Vec<Message> {
        std::mem::replace(&mut *self.lock(), empty)
    }
}

/// Where the hub puts the frames of one connection.
pub(super) struct Outlet {
    key: u64,
    inbox: Arc<Inbox>,
    n_waiting: Arc<AtomicUsize>,
}

impl Outlet {
    pub(super) fn new(key: u64, inbox: Arc<Inbox>, n_waiting: Arc<AtomicUsize>) -> Self {
        Self { key, inbox, n_waiting }
    }
}

impl Sink for Outlet {
    fn offer(&self, frame: &Arc<Frame>) -> bool {
        if self.n_waiting.fetch_add(1, Ordering::AcqRel) >= QUEUE_LENGTH {
            self.n_waiting.fetch_sub(1, Ordering::AcqRel);
            return false;
        }
        self.inbox.push_frame(self.key, frame);
        true
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.inbox.push(Message::LetGo(self.key));
    }
}
