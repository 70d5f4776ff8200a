//! Presence: how many people have a channel's page open, over all servers.
//!
//! Contract. Somebody is present while at least one event connection is open that reads the topic of the channel, at
//! whichever server. A member counts once, however many tabs and devices there are; a guest once per browser, which a cookie
//! names. Every server counts what it and the others know, and tells its own readers, at most once per [`Times::interval`]
//! and channel. So whoever comes or goes is seen everywhere within two intervals; a server that vanishes is out of the count
//! after [`Times::lifetime`] and one interval.
//! While Redis is away, the others leave the count as if they had vanished, and come back into it as the same people.
//! Servers without Redis count their own connections only. Nobody can ask who is present, and no server could say it.
//!
//! `census` is the arithmetic, and says why it cannot be wrong for long; `link` is the way between servers.

mod census;
mod link;

use crate::{
    Result,
    events::{BusSettings, Events},
    key_ring::KeyRing,
};
use census::{Census, Person, Said, Validity};
use domain::{
    UserId,
    event::{Event, Topic},
};
use link::{Input, Link, Message, Word};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Messages of other servers that may wait. When they are more, reading them from Redis waits.
const QUEUE_LENGTH: usize = 256;
/// People who are named in one message, give or take those of one channel: some 50 kB.
const MESSAGE_PEOPLE: usize = 2 * census::SAMPLE;

/// The pace of presence.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// How often changes are told, to the other servers and to readers.
    pub interval: Duration,
    /// How often the other servers are told what did not change, at the least; each channel a little more often in its own way.
    pub repeat: Duration,
    /// How long what a server said counts. Two repetitions may be lost.
    pub lifetime: Duration,
}

impl Default for Times {
    /// A change is seen within 5 s, the end of a server within 45 s.
    fn default() -> Self {
        Self { interval: Duration::from_secs(2), repeat: Duration::from_secs(12), lifetime: Duration::from_secs(40) }
    }
}

/// Who has an event connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    Member(UserId),
    /// A guest's browser.
    Guest(Uuid),
}

/// Presence at this server. Cheap to clone.
#[derive(Clone)]
pub struct Presence {
    server: Uuid,
    events: Events,
    key_ring: Arc<KeyRing>,
    times: Times,
    link: Option<Link>,
    census: Arc<Mutex<Census>>,
}

/// A visitor who is present in some channels, until this is dropped.
#[must_use = "whoever is dropped has left"]
pub struct Visit {
    census: Arc<Mutex<Census>>,
    places: Vec<(UserId, Person)>,
}

impl Presence {
    /// `server` is the id of this server's node. The key ring must be that of the other servers, by which they name people.
    pub fn new(server: Uuid, events: Events, key_ring: Arc<KeyRing>, redis: Option<&BusSettings>, times: Times) -> Result<Self> {
        let link = redis.map(Link::new).transpose()?;
        let census = Census::new(Validity { repeat: times.repeat, lifetime: times.lifetime });
        Ok(Self { server, events, key_ring, times, link, census: Arc::new(Mutex::new(census)) })
    }

    /// Counts a visitor in, in the channels among these topics.
    pub fn enter(&self, topics: &[Topic], visitor: Visitor) -> Visit {
        let channels = topics.iter().filter_map(|topic| if let Topic::Channel(channel) = topic { Some(*channel) } else { None });
        let places: Vec<(UserId, Person)> = channels.map(|channel| (channel, self.person(channel, visitor))).collect();
        let (mut census, now) = (lock(&self.census), Instant::now());
        for (channel, person) in &places {
            census.enter(*channel, *person, now);
        }
        drop(census);
        Visit { census: Arc::clone(&self.census), places }
    }

    /// How many are present in a channel, as its readers were told last.
    pub fn present(&self, channel: UserId) -> u32 {
        lock(&self.census).present(channel)
    }

    /// Tells readers and the other servers of changes, and hears of theirs, until `stopped`.
    pub async fn run(&self, stopped: CancellationToken) {
        let (inputs, heard) = mpsc::channel(QUEUE_LENGTH);
        let listening = async {
            if let Some(link) = self.link.clone() {
                link.listen(inputs).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = listening => {}
            () = self.serve(heard, stopped) => {}
        }
    }

    async fn serve(&self, mut heard: mpsc::Receiver<Input>, stopped: CancellationToken) {
        let mut interval = tokio::time::interval(self.times.interval);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut voice = Voice { sequence: 0, is_heard: false };
        loop {
            tokio::select! {
                () = stopped.cancelled() => break,
                Some(input) = heard.recv() => match input {
                    Input::Said(message) if message.server == self.server => voice.is_heard |= matches!(message.word, Word::Hello),
                    Input::Said(message) => self.hear(message),
                    Input::Interrupted => voice.is_heard = false,
                },
                _ = interval.tick() => {
                    self.show();
                    self.say(&mut voice).await;
                }
            }
        }
        if let Some(link) = &self.link {
            // Whoever does not hear it finds out a little later.
            let _is_said = link.say(&[self.message(&mut voice, Word::Leaving)]).await;
        }
    }

    fn hear(&self, message: Message) {
        let Message { server, sequence, word } = message;
        let (mut census, now) = (lock(&self.census), Instant::now());
        match word {
            Word::Hello => census.repeat(),
            Word::Here(said) => census.hear(server, sequence, said, now),
            Word::Leaving => census.hear_leaving(server, sequence, now),
        }
    }

    /// Tells readers here of the counts that changed.
    fn show(&self) {
        let mut census = lock(&self.census);
        census.expire(Instant::now());
        let changed = census.show();
        drop(census);
        for (channel, present) in changed {
            self.events.tell_here(&[Topic::Channel(channel)], &Event::PresenceChanged { channel, present });
        }
    }

    /// Tells the other servers what changed here, and asks what they know until it is certain that the answers can be heard.
    async fn say(&self, voice: &mut Voice) {
        let said = lock(&self.census).say(Instant::now());
        let Some(link) = &self.link else { return };
        let channels: Vec<UserId> = said.iter().map(Said::channel).collect();
        let hello = (!voice.is_heard).then_some(Word::Hello);
        let words = hello.into_iter().chain(in_messages(said).into_iter().map(Word::Here));
        let messages: Vec<Message> = words.map(|word| self.message(voice, word)).collect();
        if let Err(error) = link.say(&messages).await {
            tracing::debug!(%error, "other servers cannot be told who is present; it is tried again");
            lock(&self.census).owe(channels);
        }
    }

    fn message(&self, voice: &mut Voice, word: Word) -> Message {
        voice.sequence += 1;
        Message { server: self.server, sequence: voice.sequence, word }
    }

    /// Somebody's name on one channel, which leads nobody to them.
    fn person(&self, channel: UserId, visitor: Visitor) -> Person {
        let name = match visitor {
            Visitor::Member(member) => format!("present|{channel}|member|{member}"),
            Visitor::Guest(guest) => format!("present|{channel}|guest|{guest}"),
        };
        let hash = self.key_ring.blind_index(&name);
        Person(hash.first_chunk().copied().map_or(0, u64::from_be_bytes))
    }
}

/// What this server says.
struct Voice {
    /// The number of the last message.
    sequence: u64,
    /// Whether this server heard its own words since it began to listen, and so hears the others too.
    is_heard: bool,
}

/// Divides what is to be said into messages of moderate size.
fn in_messages(said: Vec<Said>) -> Vec<Vec<Said>> {
    let mut messages: Vec<Vec<Said>> = Vec::new();
    let mut n_people = MESSAGE_PEOPLE;
    for said in said {
        // A channel costs as much as a few people.
        let size = said.n_named() + 4;
        if let Some(message) = messages.last_mut().filter(|_| n_people + size <= MESSAGE_PEOPLE) {
            message.push(said);
        } else {
            n_people = 0;
            messages.push(vec![said]);
        }
        n_people += size;
    }
    messages
}

fn lock(census: &Mutex<Census>) -> MutexGuard<'_, Census> {
    census.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut census = lock(&self.census);
        for (channel, person) in &self.places {
            census.leave(*channel, *person);
        }
    }
}
