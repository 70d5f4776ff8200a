//! The task that keeps the event connection open: opens it for what is read, notices when it is dead, and comes back
//! with patience.

use super::{
    Status,
    connection::Desk,
    ledger::Request,
    source::{Message, Source},
};
use crate::{
    backoff::Backoff,
    dom::{now, sleep},
};
use domain::event::{Event, SILENCE_SECONDS, Topic};
use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender},
};
use leptos::{
    prelude::{GetUntracked, RwSignal, Set},
    task::spawn_local,
};
use std::rc::Rc;

/// A connection that held so long proves that the server is well, so that the next failure is again a first one.
const PROVEN_MILLIS: f64 = 10_000.0;
/// How long a tab that signed out itself has for going where it means to go, before it is loaded anew.
const RELOAD_MILLIS: u32 = 1000;

/// Everything that can make the connection change.
#[allow(clippy::large_enum_variant, reason = "few are ever queued, and a box would be code in every browser")]
pub(super) enum Input {
    /// Somebody began to read.
    Wanted,
    /// The connection of this number said something; `None` if it was not understood.
    Heard(u32, Option<Message>),
    Failed(u32),
    /// The wait that began when there had been this many connections is over.
    Due(u32),
    Tick,
    /// The page is looked at again, or the network is back.
    Awake,
    Offline,
    /// The page is left, perhaps to be shown again later.
    Left,
}

/// The state of the task that holds the connection.
pub(super) struct Line {
    desk: Rc<Desk>,
    inbox: UnboundedSender<Input>,
    status: RwSignal<Status>,
    source: Option<Source>,
    /// Counts the connections.
    number: u32,
    /// When the connection was asked for, and when it was last heard.
    opened: f64,
    heard: f64,
    backoff: Backoff,
}

impl Line {
    pub(super) fn new(desk: Rc<Desk>, inbox: UnboundedSender<Input>, status: RwSignal<Status>) -> Self {
        Self { desk, inbox, status, source: None, number: 0, opened: 0.0, heard: 0.0, backoff: Backoff::default() }
    }

    pub(super) async fn serve(mut self, mut inputs: UnboundedReceiver<Input>) {
        while let Some(input) = inputs.next().await {
            self.take(input);
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Wanted if self.desk.ledger.borrow().needs_opening() => self.open(),
            Input::Heard(number, message) if self.is_current(number) => self.hear(message),
            Input::Failed(number) if self.is_current(number) => self.fail(),
            Input::Due(number) if self.source.is_none() && number == self.number => self.open(),
            Input::Tick if self.is_silent() => self.fail(),
            Input::Tick if self.desk.ledger.borrow().lingers() => self.open(),
            Input::Awake if is_looked_at() && self.may_be_dead() => self.open(),
            Input::Offline => self.show(Status::Offline),
            Input::Left => self.close(),
            _ => {}
        }
    }

    fn is_current(&self, number: u32) -> bool {
        self.source.is_some() && number == self.number
    }

    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    fn is_silent(&self) -> bool {
        self.source.is_some() && now() - self.heard > (SILENCE_SECONDS * 1000) as f64
    }

    /// After the network was away nothing that was open before can be trusted.
    fn may_be_dead(&self) -> bool {
        self.source.is_none() || self.is_silent() || self.status.get_untracked() == Status::Offline
    }

    /// Sets the status only when it changes, so that nothing is announced twice.
    fn show(&self, status: Status) {
        if self.status.get_untracked() != status {
            self.status.set(status);
        }
    }

    fn open(&mut self) {
        self.close();
        let Some(request) = self.desk.ledger.borrow_mut().open() else { return };
        self.number += 1;
        self.opened = now();
        self.heard = self.opened;
        self.source = Source::open(&address(&request), self.number, &self.inbox);
        if self.source.is_none() {
            self.fail();
        }
    }

    fn close(&mut self) {
        self.source = None;
        self.desk.ledger.borrow_mut().close();
    }

    fn fail(&mut self) {
        if now() - self.opened > PROVEN_MILLIS && self.heard > self.opened {
            self.backoff.reset();
        }
        let wait = self.backoff.next(js_sys::Math::random());
        self.retry_after(wait);
    }

    fn retry_after(&mut self, millis: u32) {
        self.close();
        let is_online = web_sys::window().is_none_or(|window| window.navigator().on_line());
        self.show(if is_online { Status::Reconnecting } else { Status::Offline });
        let (inbox, number) = (self.inbox.clone(), self.number);
        spawn_local(async move {
            sleep(millis).await;
            let _is_open = inbox.unbounded_send(Input::Due(number));
        });
    }

    fn hear(&mut self, message: Option<Message>) {
        self.heard = now();
        let is_answer = message.is_some();
        match message {
            Some(Message::Update(position, update)) => {
                if update.event == Event::SessionEnded {
                    // Coming back as nobody would only be refused.
                    self.close();
                    return reload();
                }
                let outcome = self.desk.ledger.borrow_mut().update(position, &update);
                self.desk.tell(&outcome, position, Some(&update.event));
            }
            Some(Message::Heartbeat(heartbeat)) => {
                let position = heartbeat.position;
                let outcome = self.desk.ledger.borrow_mut().heartbeat(heartbeat);
                self.desk.tell(&outcome, position, None);
            }
            Some(Message::Resync(heartbeat)) => {
                let position = heartbeat.position;
                let outcome = self.desk.ledger.borrow_mut().resync(heartbeat);
                self.desk.tell(&outcome, position, None);
            }
            Some(Message::Reconnect { retry_millis }) => return self.retry_after(retry_millis),
            None => {}
        }
        if is_answer {
            self.show(Status::Live);
        }
    }
}

fn is_looked_at() -> bool {
    web_sys::window().and_then(|window| window.document()).is_some_and(|document| !document.hidden())
}

fn address(request: &Request) -> String {
    let topics: Vec<String> = request.topics.iter().map(Topic::to_string).collect();
    format!("/api/stream-updates?topics={}&after={}", topics.join(","), request.after)
}

fn reload() {
    spawn_local(async {
        sleep(RELOAD_MILLIS).await;
        if let Some(window) = web_sys::window() {
            let _is_loading = window.location().reload();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::address;
    use crate::realtime::ledger::Request;
    use domain::{
        Category,
        event::{Position, Topic},
    };

    #[test]
    fn the_address_names_topics_and_position() {
        let request = Request {
            topics: vec![Topic::Streams, Topic::Category(Category::Study)],
            after: Position { epoch: 0xab, sequence: 42 },
        };
        assert_eq!(address(&request), "/api/stream-updates?topics=streams,category:study&after=00000000000000ab:42");
    }
}
