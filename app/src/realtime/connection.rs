//! Who reads, and the way to the task that serves them.

use super::{
    Notice, Status,
    few::Few,
    ledger::{Ledger, Outcome, ReaderId},
    line::{Input, Line},
};
use crate::dom::{Interval, Listener};
use domain::{
    SessionId,
    event::{Event, Position, Topic},
};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use leptos::{prelude::RwSignal, task::spawn_local};
use std::{cell::RefCell, rc::Rc};

/// How often silence is looked for, in milliseconds.
const TICK_MILLIS: i32 = 5000;

type Listening = Rc<dyn Fn(Notice<'_>)>;

/// The page's event connection, which may be that of another tab.
pub(super) struct Connection {
    desk: Rc<Desk>,
    inbox: UnboundedSender<Input>,
    _listeners: Vec<Listener>,
    _ticks: Option<Interval>,
}

/// What both sides of the way share.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) ledger: RefCell<Ledger>,
    readers: RefCell<Few<ReaderId, Listening>>,
}

impl Connection {
    pub(super) fn new(status: RwSignal<Status>, session: Option<SessionId>) -> Self {
        let (inbox, inputs) = unbounded();
        let desk = Rc::new(Desk::default());
        spawn_local(Line::new(Rc::clone(&desk), inbox.clone(), status, session).serve(inputs));
        let ticks = Interval::new(TICK_MILLIS, {
            let inbox = inbox.clone();
            move || send(&inbox, Input::Tick)
        });
        Self { desk, _listeners: page_listeners(&inbox), _ticks: ticks, inbox }
    }

    /// Begins to tell `listening` what happens in `topics` after `position`.
    pub(super) fn add(&self, topics: Vec<Topic>, position: Position, listening: impl Fn(Notice<'_>) + 'static) -> ReaderId {
        let reader = self.desk.ledger.borrow_mut().add(topics, position);
        self.desk.readers.borrow_mut().insert(reader, Rc::new(listening));
        // The task runs after the effects of this moment, so several new readers make one connection.
        send(&self.inbox, Input::Wanted);
        reader
    }

    pub(super) fn remove(&self, reader: ReaderId) {
        self.desk.ledger.borrow_mut().remove(reader);
        self.desk.readers.borrow_mut().remove(reader);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        send(&self.inbox, Input::Left);
    }
}

fn send(inbox: &UnboundedSender<Input>, input: Input) {
    let _is_open = inbox.unbounded_send(input);
}

fn page_listeners(inbox: &UnboundedSender<Input>) -> Vec<Listener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let on = |target: &web_sys::EventTarget, kind, input: fn() -> Input| {
        let inbox = inbox.clone();
        Listener::new(target, kind, move |_event| send(&inbox, input()))
    };
    let mut listeners = vec![
        on(&window, "online", || Input::Awake),
        on(&window, "offline", || Input::Offline),
        on(&window, "pagehide", || Input::Left),
        on(&window, "pageshow", || Input::Awake),
    ];
    if let Some(document) = window.document() {
        listeners.push(on(&document, "visibilitychange", || Input::Awake));
        listeners.push(on(&document, "freeze", || Input::Left));
        listeners.push(on(&document, "resume", || Input::Awake));
    }
    listeners
}

impl Desk {
    /// Tells the readers what came of something that arrived.
    pub(super) fn tell(&self, outcome: &Outcome, position: Position, event: Option<&Event>) {
        let listening = |reader: &ReaderId| self.readers.borrow().get(*reader).map(Rc::clone);
        if let Some(event) = event {
            // No borrow is held while a reader is told: it may begin or end to read.
            outcome.deliver.iter().filter_map(listening).for_each(|tell| tell(Notice::Event(position, event)));
        }
        outcome.resync.iter().filter_map(listening).for_each(|tell| tell(Notice::Resync(position)));
    }
}
