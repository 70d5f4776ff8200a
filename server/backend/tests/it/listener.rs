//! A page as the events see it, with the invariants that hold whatever breaks: it hears every event once and in order, or
//! it is told to start anew.

use backend::events::{Events, Frame, Start, Subscription};
use domain::{
    Category, UserId,
    event::{Event, Position, Topic, Update},
};
use std::time::Duration;
use uuid::Uuid;

/// How long a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Says what was seen; `make faults` shows it.
pub(crate) fn saw(line: &str) {
    std::io::Write::write_all(&mut std::io::stdout(), format!("{line}\n").as_bytes()).unwrap();
}

/// An event that says a number.
pub(crate) fn event(n: u128) -> Event {
    Event::StreamEnded { channel: UserId(Uuid::from_u128(n)), category: Category::Study }
}

pub(crate) fn read(frame: &Frame) -> Event {
    let text = std::str::from_utf8(&frame.bytes).unwrap();
    let json = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str::<Update>(json).unwrap().event
}

/// The number that an event says.
pub(crate) fn number(frame: &Frame) -> Option<u128> {
    match read(frame) {
        Event::StreamEnded { channel, .. } => Some(channel.0.as_u128()),
        _ => None,
    }
}

/// Reads a topic at one server, and comes back when it is let go, as a browser does.
pub(crate) struct Listener {
    events: Events,
    subscription: Subscription,
    last: Position,
    /// The numbers since the last time it had to start anew.
    pub(crate) heard: Vec<u128>,
    /// How often it had to start anew.
    pub(crate) n_resyncs: usize,
}

impl Listener {
    pub(crate) fn new(events: &Events) -> Self {
        let last = events.position();
        let subscription = events.hub().subscribe(vec![Topic::Streams], Some(last));
        let mut listener = Self { events: events.clone(), subscription, last, heard: Vec::new(), n_resyncs: 0 };
        listener.begin();
        listener.n_resyncs = 0;
        listener
    }

    /// Listens until the number comes.
    pub(crate) async fn hear(&mut self, until: u128) {
        let heard = async {
            while !self.heard.contains(&until) {
                self.step().await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, heard).await;
        assert!(came.is_ok(), "{until} came; heard {:?} and started anew {} times", self.heard, self.n_resyncs);
    }

    /// Listens until it is told to start anew.
    pub(crate) async fn start_anew(&mut self) {
        let before = self.n_resyncs;
        let told = async {
            while self.n_resyncs == before {
                self.step().await;
            }
        };
        tokio::time::timeout(PATIENCE, told).await.expect("to be told to start anew");
    }

    /// Checks that exactly these numbers came, in this order.
    pub(crate) fn assert_heard(&self, expected: impl IntoIterator<Item = u128>) {
        assert_eq!(self.heard, expected.into_iter().collect::<Vec<_>>());
    }

    pub(crate) async fn step(&mut self) {
        if let Some(frame) = self.subscription.frames.recv().await {
            self.note(&frame);
        } else {
            self.subscription = self.events.hub().subscribe(vec![Topic::Streams], Some(self.last));
            self.begin();
        }
    }

    fn begin(&mut self) {
        let beginning = Start::Resync { from: self.subscription.heartbeat() };
        match std::mem::replace(&mut self.subscription.start, beginning) {
            Start::Continues { missed, .. } => missed.iter().for_each(|frame| self.note(frame)),
            Start::Resync { from } => {
                self.last = from.position;
                self.heard.clear();
                self.n_resyncs += 1;
            }
        }
    }

    fn note(&mut self, frame: &Frame) {
        assert_eq!(frame.position.epoch, self.last.epoch, "a new epoch is only begun by starting anew");
        assert!(frame.position.sequence > self.last.sequence, "positions only grow");
        self.last = frame.position;
        // 0 is for finding each other.
        self.heard.extend(number(frame).filter(|n| *n != 0));
    }
}
