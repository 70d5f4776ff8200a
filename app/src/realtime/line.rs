//! The task that keeps the event connection open: opens it for what is read, notices when it is dead, and comes back
//! with patience.
//!
//! Of the tabs that share a connection one leads. It connects for what all of them read, after the earliest position that
//! any needs, and repeats what the server says. The others take that for what their own connection says. Whoever is not
//! served so, because the leader hangs or there are too many topics, connects for itself.

use super::{
    Status,
    connection::Desk,
    ledger::Request,
    source::Source,
    tabs::Tabs,
    words::{CALL, HAVE, OPEN, WANT, Words, list},
};
use crate::{
    backoff::{Backoff, part},
    document::{self, meta},
    dom::{now, sleep},
    platform::{BUILD_META, NEW_VERSION},
};
use domain::{
    SessionId,
    event::{Event, HEARTBEAT_SECONDS, Heartbeat, SILENCE_SECONDS, Update},
};
use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender},
};
use leptos::{
    prelude::{GetUntracked, RwSignal, Set},
    task::spawn_local,
};
use serde::{Deserialize, de::DeserializeOwned};
use std::rc::Rc;

/// A connection that held so long proves that the server is well, so that the next failure is again a first one.
const PROVEN_MILLIS: f64 = 10_000.0;
/// How long a tab that signed out itself has for going where it means to go, before it is loaded anew.
const RELOAD_MILLIS: u32 = 1000;
/// How long the leader gathers what the other tabs read. Who answers later asks for another connection.
const GATHER_MILLIS: u32 = 50;
/// How often, between two ticks, a tab asks again for what the leader does not connect for, before it connects for itself.
const PATIENCE: u32 = 2;
/// After how long without a word a page that wakes up has slept: heartbeats come more often, and what came in time is read first.
const SLEEP_SECONDS: u64 = HEARTBEAT_SECONDS + 5;
/// How long the leader has for an answer. One that can answer does so at once, and another is asleep.
const ANSWER_MILLIS: f64 = 2000.0;

/// Everything that can make the connection change.
pub(super) enum Input {
    /// Somebody began to read.
    Wanted,
    /// The server or another tab said something, in the form of [`Words`].
    Heard(String),
    /// This tab leads.
    Granted,
    /// So many other tabs wait for the lead.
    Counted(usize),
    /// This tab can never lead, as where the browser lets the site store nothing.
    Refused,
    /// The wait that began when there had been this many connections is over.
    Due(u32),
    Tick,
    /// The page is looked at again or no longer put to sleep, or the network is back.
    Awake,
    Offline,
    /// The page is left, perhaps to be shown again later.
    Left,
}

#[derive(Deserialize)]
struct Reconnect {
    retry_ms: u32,
}

/// The state of the task that holds the connection.
pub(super) struct Line {
    desk: Rc<Desk>,
    inbox: UnboundedSender<Input>,
    status: RwSignal<Status>,
    session: Option<SessionId>,
    /// The build of the site that this page came from; empty if the page does not say so.
    build: String,
    /// None where tabs cannot share, and while this one connects for itself.
    tabs: Option<Tabs>,
    leads: bool,
    /// Whether this tab gave up to share until its own connection ends.
    is_alone: bool,
    /// How often it asked again since the last tick.
    n_asked: u32,
    /// Since when it waits for the leader's answer.
    asked: Option<f64>,
    /// What the other tabs read, as far as they said so since the last connection was opened.
    others: Option<Request>,
    /// How many they were when they were last counted; none before that, in the time of this connection.
    n_others: usize,
    source: Option<Source>,
    /// Whether the leader's connection is this tab's, too.
    is_joined: bool,
    /// Counts the connections, from a number that no other tab began with.
    number: u32,
    /// When the connection was asked for, and when it was last heard.
    opened: f64,
    heard: f64,
    backoff: Backoff,
    /// Over how many milliseconds those are to come back at least who read from this server.
    spread: u32,
}

impl Line {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "any number will do")]
    pub(super) fn new(
        desk: Rc<Desk>,
        inbox: UnboundedSender<Input>,
        status: RwSignal<Status>,
        session: Option<SessionId>,
    ) -> Self {
        Self {
            desk,
            inbox,
            status,
            session,
            build: meta(BUILD_META).unwrap_or_default(),
            tabs: None,
            leads: false,
            is_alone: false,
            n_asked: 0,
            asked: None,
            others: None,
            n_others: 0,
            source: None,
            is_joined: false,
            number: (js_sys::Math::random() * f64::from(u32::MAX)) as u32,
            opened: 0.0,
            heard: 0.0,
            backoff: Backoff::default(),
            spread: 0,
        }
    }

    pub(super) async fn serve(mut self, mut inputs: UnboundedReceiver<Input>) {
        while let Some(input) = inputs.next().await {
            self.take(input);
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Wanted if self.desk.ledger.borrow().needs_opening() => self.open(),
            Input::Heard(text) => self.hear(&text),
            Input::Granted if self.tabs.is_some() => {
                self.leads = true;
                self.asked = None;
                self.open();
            }
            Input::Counted(n_others) if self.leads => self.compare(n_others),
            Input::Refused if self.tabs.is_some() => self.go_alone(),
            Input::Due(number) if self.source.is_some() || number != self.number => {}
            Input::Due(_) if self.leads => self.connect(),
            Input::Due(_) => self.open(),
            Input::Tick => self.tick(),
            Input::Awake if is_looked_at() && self.may_be_dead() => self.open(),
            Input::Offline => self.show(Status::Offline),
            Input::Left => {
                if self.desk.ledger.borrow().reads_a_channel() {
                    // The leader is to connect without it, since who reads it counts as present there.
                    self.say(WANT, "", "");
                }
                self.close();
                self.part();
            }
            _ => {}
        }
    }

    fn tick(&mut self) {
        self.n_asked = 0;
        if self.follows() && self.asked.is_some_and(|asked| now() - asked > ANSWER_MILLIS) {
            self.go_alone();
        } else if self.is_silent(SILENCE_SECONDS) && self.follows() {
            self.ask();
        } else if self.is_silent(SILENCE_SECONDS) {
            self.fail();
        } else if self.desk.ledger.borrow().lingers() {
            self.open();
        } else {
            self.count();
        }
    }

    /// Counts the tabs that this one leads, while one of them is to be missed.
    fn count(&self) {
        if self.leads
            && self.desk.ledger.borrow().reads_a_channel_for_others()
            && let Some(tabs) = &self.tabs
        {
            tabs.count(&self.inbox);
        }
    }

    /// Connects anew when there are fewer tabs: one that crashes says nothing, and the others are asked what they read. One
    /// that came just now may not be counted at first, so that none are fewer than there were.
    fn compare(&mut self, n_others: usize) {
        let n_before = std::mem::replace(&mut self.n_others, n_others);
        if n_others < n_before || n_others == 0 && now() - self.opened > ANSWER_MILLIS {
            self.open();
        }
    }

    /// Whether it depends on another tab.
    fn follows(&self) -> bool {
        self.tabs.is_some() && !self.leads
    }

    fn is_open(&self) -> bool {
        self.source.is_some() || self.is_joined
    }

    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    fn is_silent(&self, seconds: u64) -> bool {
        (self.is_open() || self.follows()) && now() - self.heard > (seconds * 1000) as f64
    }

    /// After the network was away, or the machine asleep, nothing that was open before can be trusted.
    fn may_be_dead(&self) -> bool {
        !self.is_open() || self.is_silent(SLEEP_SECONDS) || self.status.try_get_untracked() == Some(Status::Offline)
    }

    /// Sets the status only when it changes, so that nothing is announced twice.
    fn show(&self, status: Status) {
        // What came last may be read when the page is gone, and its status with it.
        if self.status.try_get_untracked().is_some_and(|shown| shown != status) {
            self.status.set(status);
        }
    }

    fn show_loss(&self) {
        let is_online = web_sys::window().is_none_or(|window| window.navigator().on_line());
        self.show(if is_online { Status::Reconnecting } else { Status::Offline });
    }

    fn say(&self, kind: &str, id: &str, data: &str) {
        if let Some(tabs) = &self.tabs {
            tabs.say(&Words { number: self.number, kind, id, data }.to_text());
        }
    }

    /// Gets what is read a connection that delivers it.
    fn open(&mut self) {
        if self.tabs.is_none() && !self.is_alone {
            // Tabs of another build, or of another session, are others.
            let session = self.session.map(|session| session.to_string()).unwrap_or_default();
            self.tabs = Tabs::join(&["events ", &self.build, " ", &session].concat(), &self.inbox);
            self.heard = now();
        }
        if self.leads {
            self.connect_after(GATHER_MILLIS);
        } else if self.tabs.is_some() {
            self.ask();
        } else {
            self.connect();
        }
    }

    /// Asks the leader for what this tab reads.
    fn ask(&mut self) {
        self.asked.get_or_insert_with(now);
        self.tell(WANT);
    }

    /// Tells the leader what this tab reads.
    fn tell(&self, kind: &str) {
        let request = self.desk.ledger.borrow().request();
        if let Some(Request { topics, after }) = request {
            self.say(kind, &after.to_string(), &list(&topics));
        }
    }

    fn go_alone(&mut self) {
        self.part();
        self.is_alone = true;
        self.connect();
    }

    /// Leaves the other tabs; if this one leads, another will.
    fn part(&mut self) {
        self.tabs = None;
        self.others = None;
        self.leads = false;
        self.is_alone = false;
        self.n_asked = 0;
        self.asked = None;
        // Whatever was due, was due to the part that this tab had.
        self.number = self.number.wrapping_add(1);
    }

    /// Connects this tab, and those that it leads.
    fn connect(&mut self) {
        self.close();
        let own = self.desk.ledger.borrow().request();
        let Some(mut request) = own.or_else(|| self.others.take()) else { return };
        if let Some(others) = self.others.take() {
            request.include(others);
        }
        self.desk.ledger.borrow_mut().open(&request);
        self.number = self.number.wrapping_add(1);
        self.opened = now();
        self.heard = self.opened;
        let (topics, after) = (list(&request.topics), request.after.to_string());
        self.say(OPEN, &after, &topics);
        let address = ["/api/stream-updates?topics=", &topics, "&after=", &after, "&build=", &self.build].concat();
        self.source = Source::open(&address, self.number, &self.inbox);
        if self.source.is_none() {
            self.fail();
        }
        self.n_others = 0;
        self.count();
    }

    fn close(&mut self) {
        self.source = None;
        self.is_joined = false;
        self.desk.ledger.borrow_mut().close();
    }

    fn fail(&mut self) {
        if now() - self.opened > PROVEN_MILLIS && self.heard > self.opened {
            self.backoff.reset();
        }
        let random = js_sys::Math::random();
        let wait = self.backoff.next(random).max(part(self.spread, random));
        self.retry_after(wait);
    }

    fn retry_after(&mut self, millis: u32) {
        self.is_alone = false;
        self.show_loss();
        self.say("error", "", "");
        self.connect_after(millis.max(GATHER_MILLIS));
    }

    fn connect_after(&mut self, millis: u32) {
        self.close();
        self.say(CALL, "", "");
        let (inbox, number) = (self.inbox.clone(), self.number);
        spawn_local(async move {
            sleep(millis).await;
            let _is_open = inbox.unbounded_send(Input::Due(number));
        });
    }

    fn hear(&mut self, text: &str) {
        let Some(words) = Words::parse(text) else { return };
        match words.kind {
            // Who answers late and is left out says so when the connection opens.
            HAVE if self.source.is_some() => {}
            WANT | HAVE if self.leads => {
                if let Some(request) = words.request() {
                    match &mut self.others {
                        Some(others) => others.include(request),
                        others => *others = Some(request),
                    }
                }
                if words.kind == WANT {
                    self.open();
                }
            }
            WANT | HAVE => {}
            // The last words of the former leader may come after this tab began to lead.
            CALL | OPEN if !self.follows() => {}
            CALL => {
                self.heard = now();
                self.asked = None;
                self.tell(HAVE);
            }
            OPEN => self.join(words),
            _ if !self.is_open() || words.number != self.number => {}
            "error" if self.is_joined => {
                self.close();
                self.show_loss();
            }
            "error" => self.fail(),
            "spread" => self.spread = words.data.parse().unwrap_or(0),
            "reconnect" => {
                self.spread = 0;
                if let Some(Reconnect { retry_ms }) = json(words.data) {
                    self.retry_after(retry_ms);
                }
            }
            _ => {
                if let (Some(tabs), Some(_)) = (&self.tabs, &self.source) {
                    tabs.say(text);
                }
                self.hear_server(words);
            }
        }
    }

    /// Takes the connection that the leader opens for that of this tab.
    fn join(&mut self, words: Words<'_>) {
        let Some(request) = words.request() else { return };
        self.number = words.number;
        self.heard = now();
        self.is_joined = true;
        self.asked = None;
        self.desk.ledger.borrow_mut().open(&request);
        if self.desk.ledger.borrow().needs_opening() {
            self.n_asked += 1;
            if self.n_asked > PATIENCE { self.go_alone() } else { self.ask() }
        }
    }

    /// What cannot be read comes from a newer server. Passing over it leaves a gap, which leads to a resync.
    fn hear_server(&mut self, words: Words<'_>) {
        self.heard = now();
        if words.kind == "outdated" {
            return document::open_popover(NEW_VERSION);
        }
        let (outcome, position, event) = if words.kind == "message" {
            let (Ok(position), Some(update)) = (words.id.parse(), json::<Update>(words.data)) else { return };
            if update.event == Event::SessionEnded {
                // Coming back as nobody would only be refused.
                self.close();
                return reload();
            }
            (self.desk.ledger.borrow_mut().update(position, &update), position, Some(update.event))
        } else {
            let Some(heartbeat) = json::<Heartbeat>(words.data) else { return };
            // If they are many, that comes next.
            self.spread = 0;
            let (mut ledger, position) = (self.desk.ledger.borrow_mut(), heartbeat.position);
            (if words.kind == "resync" { ledger.resync(heartbeat) } else { ledger.heartbeat(heartbeat) }, position, None)
        };
        self.desk.tell(&outcome, position, event.as_ref());
        self.show(Status::Live);
    }
}

fn is_looked_at() -> bool {
    web_sys::window().and_then(|window| window.document()).is_some_and(|document| !document.hidden())
}

fn json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(text.as_bytes()).ok()
}

fn reload() {
    spawn_local(async {
        sleep(RELOAD_MILLIS).await;
        document::reload();
    });
}
