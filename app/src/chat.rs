//! A chat that a page shows, kept current by itself, and what its reader does in it.

mod composing;
mod sending;

pub(crate) use composing::{Composing, mention_before};
pub(crate) use sending::GUEST_NAME_KEY;

use crate::{
    ApiError,
    api::chat::{chat_history, chat_snapshot},
    components::toast::Toasts,
    realtime::{Notice, Refresh, use_realtime},
    state::{Session, use_session, use_toasts},
};
use domain::{
    Error, MessageId, UserId,
    chat::{ChatChange, ChatLog, ChatSnapshot, log::RowKey},
    event::{Event, Position, Topic},
    stream_list::Applied,
};
use leptos::{prelude::*, task::spawn_local};

/// How many pages are fetched to find a message that is jumped to.
const PAGES_BACK: usize = 10;

/// A chat with its reader.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    pub(crate) channel: UserId,
    pub(crate) log: RwSignal<ChatLog>,
    /// The rows that are shown, by their keys.
    pub(crate) rows: Memo<Vec<RowKey>>,
    pub(crate) composing: Composing,
    /// How many have the page open, and as of when.
    present: RwSignal<(Position, u32)>,
    /// The message whose menu is open.
    pub(crate) menu: RwSignal<Option<MessageId>>,
    /// The message that was jumped to.
    pub(crate) found: RwSignal<Option<MessageId>>,
    /// Messages of others since readers by ear were last told.
    pub(crate) unheard: StoredValue<u32>,
    /// How far this browser's clock is from UTC, in minutes; unknown until there is one.
    pub(crate) zone: RwSignal<Option<i32>>,
    /// Taken when the room is made: where a click is handled there are no contexts.
    pub(crate) toasts: Toasts,
    pub(crate) session: Session,
    is_fetching: StoredValue<bool>,
    refresh: StoredValue<Option<Refresh>>,
}

/// Seeded with the page's snapshot, then patched by events.
pub(crate) fn use_chat(initial: ChatSnapshot) -> Room {
    let (channel, position, present) = (initial.channel, initial.position, initial.present);
    let member = initial.standing.author.member();
    let log = RwSignal::new(ChatLog::new(initial));
    let room = Room {
        channel,
        log,
        rows: Memo::new(move |_| log.with(ChatLog::rows)),
        composing: Composing::new(),
        present: RwSignal::new((position, present)),
        menu: RwSignal::new(None),
        found: RwSignal::new(None),
        unheard: StoredValue::new(0),
        zone: RwSignal::new(None),
        toasts: use_toasts(),
        session: use_session(),
        is_fetching: StoredValue::new(false),
        refresh: StoredValue::new(None),
    };
    let realtime = use_realtime();
    Effect::new(move || {
        #[expect(clippy::cast_possible_truncation, reason = "less than a day in minutes")]
        room.zone.set(Some(-(js_sys::Date::new_0().get_timezone_offset() as i32)));
        room.refresh.set_value(Some(Refresh::new(
            move || room.read(),
            |snapshot: &ChatSnapshot| snapshot.position,
            move |snapshot| {
                room.count(snapshot.position, snapshot.present);
                room.log.try_update(|log| log.replace(snapshot));
            },
        )));
        let mut topics = vec![Topic::Chat(channel), Topic::Channel(channel)];
        topics.extend(member.map(Topic::Member));
        realtime.listen(topics, position, move |notice| match notice {
            Notice::Resync(position) => {
                room.log.try_update_untracked(ChatLog::lose);
                room.read_anew(position);
            }
            Notice::Event(position, event) => room.hear(position, event),
        });
    });
    room
}

impl Room {
    async fn read(self) -> Option<ChatSnapshot> {
        let read = chat_snapshot(self.channel).await;
        // The owner and the reader were hidden from each other.
        if matches!(read, Err(ApiError::Domain(Error::NotFound { .. }))) {
            self.log.try_update(ChatLog::clear);
        }
        read.ok()
    }

    fn hear(self, position: Position, event: &Event) {
        match event {
            Event::Chat { channel, change, .. } if *channel == self.channel => {
                // What cannot be read comes from a newer server; the page will be loaded anew sooner or later.
                let Ok(change) = serde_json::from_slice::<ChatChange>(change.as_bytes()) else { return };
                let applied = self.log.try_maybe_update(|log| {
                    let applied = log.apply(position, &change);
                    self.note_unheard(log, &change, applied);
                    (applied == Applied::Changed, applied)
                });
                if applied == Some(Applied::Incomplete) {
                    self.read_anew(position);
                }
            }
            Event::PresenceChanged { channel, present } if *channel == self.channel => self.count(position, *present),
            Event::FollowingChanged { channel, .. } if *channel == self.channel => self.read_anew(position),
            _ => {}
        }
    }

    /// How many have the page open.
    pub(crate) fn present(self) -> u32 {
        self.present.get().1
    }

    /// Takes a count, unless a later one is known.
    fn count(self, position: Position, present: u32) {
        self.present.try_update(|known| {
            if !position.is_before(known.0) {
                *known = (position, present);
            }
        });
    }

    fn note_unheard(self, log: &ChatLog, change: &ChatChange, applied: Applied) {
        let is_of_another = matches!(change, ChatChange::Added { message } if message.author.id != log.standing().author);
        if applied == Applied::Changed && is_of_another {
            self.unheard.try_update_value(|n| *n += 1);
        }
    }

    /// Asks for a snapshot that is at least as new as this.
    fn read_anew(self, position: Position) {
        self.refresh.try_with_value(|refresh| refresh.as_ref().map(|refresh| refresh.ask(position)));
    }

    /// Shows the newest messages.
    pub(crate) fn follow(self) {
        let mut is_cut_off = false;
        self.log.update(|log| is_cut_off = log.follow());
        if is_cut_off {
            spawn_local(async move {
                if let Ok(snapshot) = chat_snapshot(self.channel).await {
                    self.log.try_update(|log| log.replace(snapshot));
                }
            });
        }
    }

    /// Shows what was said before what is shown, from the server if need be.
    pub(crate) fn earlier(self) {
        if self.is_fetching.get_value() {
            return;
        }
        let mut wanted = None;
        self.log.update(|log| wanted = log.earlier());
        if let Some(before) = wanted {
            self.is_fetching.set_value(true);
            spawn_local(async move {
                self.fetch(before).await;
                self.is_fetching.try_set_value(false);
            });
        }
    }

    /// Fetches the page before a message. False when there is none.
    async fn fetch(self, before: MessageId) -> bool {
        match chat_history(self.channel, before).await {
            Ok(page) => {
                let is_empty = page.messages.is_empty();
                self.log.try_update(|log| log.prepend(before, page));
                !is_empty
            }
            Err(_unreachable) => false,
        }
    }

    /// Shows a message, wherever it is.
    pub(crate) fn jump(self, id: MessageId) {
        spawn_local(async move {
            for _ in 0..PAGES_BACK {
                let is_here = self.log.try_update(|log| log.reveal(id)).unwrap_or(false);
                if is_here {
                    self.found.try_set(Some(id));
                    return;
                }
                let first = self.log.try_with_untracked(|log| log.messages().first().map(|first| first.id));
                let Some(before) = first.flatten() else { break };
                if before <= id || !self.fetch(before).await {
                    break;
                }
            }
            self.toasts.problem("This message is not here any more.");
        });
    }
}
