//! What is said over the browser's one event connection, for whoever shows it.
//!
//! A part of the page names its topics and the position of its snapshot, and from then on is told every event after it,
//! each once and in order, or to take a new snapshot. Both sides of a navigation share the connection, and so do the tabs of
//! one browser: one of them leads, and repeats to the others what the server says, word for word. Each tab keeps its own
//! ledger of it, so that what one tab proves does not depend on another.

mod connection;
mod few;
mod ledger;
mod line;
mod refresh;
mod source;
mod tabs;
mod words;

pub(crate) use refresh::Refresh;

use crate::{dom::Slot, state::Session};
use connection::Connection;
use domain::{
    SessionId,
    event::{Event, Position, Topic},
};
use leptos::prelude::*;

/// How current the page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing has been asked for yet, as on the server and before the first connection.
    Waiting,
    Live,
    Reconnecting,
    /// The browser says that it has no network.
    Offline,
}

/// What a reader is told.
#[derive(Debug, Clone, Copy)]
pub enum Notice<'a> {
    Event(Position, &'a Event),
    /// Something was missed: only a snapshot at this position or later is complete.
    Resync(Position),
}

/// The page's event connection.
#[derive(Clone, Copy)]
pub struct Realtime {
    status: RwSignal<Status>,
    connection: Slot<Connection>,
    /// Only tabs of one session share a connection.
    session: Option<SessionId>,
}

/// Makes the event connection known to everything inside. Called once, by the application's root, after the session is
/// provided.
pub fn provide_realtime() {
    provide_context(Realtime::new());
}

/// The page's event connection. Call it while the component is made, not later.
///
/// Where none was provided, as in a test of one component, this is one that never connects.
pub fn use_realtime() -> Realtime {
    use_context().unwrap_or_else(Realtime::new)
}

impl Realtime {
    fn new() -> Self {
        let viewer = use_context::<Session>().and_then(|session| session.viewer.get_untracked());
        let session = viewer.map(|viewer| viewer.session);
        Self { status: RwSignal::new(Status::Waiting), connection: Slot::new(), session }
    }

    pub fn status(self) -> Signal<Status> {
        self.status.into()
    }

    /// Tells `notice` whatever happens in `topics` after `position`, until the current owner is cleaned up.
    ///
    /// Call it inside an effect: the server has no event connection.
    pub(crate) fn listen(self, topics: Vec<Topic>, position: Position, notice: impl Fn(Notice<'_>) + 'static) {
        let connection = self.connection.get().or_else(|| {
            self.connection.set(Some(Connection::new(self.status, self.session)));
            self.connection.get()
        });
        let Some(connection) = connection else { return };
        let reader = connection.add(topics, position, notice);
        on_cleanup(move || {
            if let Some(connection) = self.connection.get() {
                connection.remove(reader);
            }
        });
    }
}
