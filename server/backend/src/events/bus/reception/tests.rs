//! A small world around one receiver: other servers, a Redis that comes and goes, and a table that stays.

use super::{Audience, BEAT_INTERVAL, Ledger, Reception, Remembered};
use crate::{
    events::bus::message::{Message, Word},
    testing::is_full_size,
};
use domain::event::Event;
use proptest::{prelude::*, test_runner::RngSeed};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Messages that a short stream keeps.
const SHORT: usize = 6;
/// For how long a server says again what Redis took, should Redis fail.
const DOUBT: Duration = Duration::from_secs(3);
const SERVERS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Event { server: usize, sequence: u64 },
    StartAnew,
}

#[derive(Default)]
struct Log(Vec<Told>);

impl Audience for Log {
    fn deliver(&mut self, message: &Message) {
        if !message.word.is_beat() {
            let server = usize::try_from(message.origin.as_u128()).unwrap();
            self.0.push(Told::Event { server, sequence: message.sequence });
        }
    }

    fn lose_continuity(&mut self) {
        self.0.push(Told::StartAnew);
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Say(usize),
    /// A second passes, in which each server tells where it stands.
    Second,
    /// The receiver alone no longer hears the channel, or hears it again.
    Cut,
    Mend,
    /// Redis is gone, perhaps with all that it knew, or comes back.
    Crash {
        forgets: bool,
    },
    Return,
    /// A server is killed.
    Kill(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..SERVERS).prop_map(Step::Say),
        4 => Just(Step::Second),
        2 => Just(Step::Cut),
        2 => Just(Step::Mend),
        1 => any::<bool>().prop_map(|forgets| Step::Crash { forgets }),
        2 => Just(Step::Return),
        1 => (0..SERVERS).prop_map(Step::Kill),
    ]
}

fn event(server: usize, sequence: u64) -> Message {
    let word = Word::Event { topics: Vec::new(), event: Event::Hidden, letter: None };
    Message { origin: Uuid::from_u128(u128::try_from(server).unwrap()), sequence, word }
}

/// Another server.
struct Server {
    is_alive: bool,
    sequence: u64,
    /// What Redis took of it lately.
    doubtful: VecDeque<(Instant, Message)>,
}

struct World {
    stream_length: usize,
    now: Instant,
    servers: Vec<Server>,
    is_redis_up: bool,
    is_heard: bool,
    stream: VecDeque<Message>,
    epoch: u32,
    table: Vec<Message>,
    reception: Reception<Log>,
    ledger: Arc<Mutex<Ledger>>,
    /// What was said, and how much the readers had been told by then.
    said: Vec<(usize, u64, usize)>,
}

impl World {
    /// A world whose stream keeps so many messages. What it keeps at first is of servers that are gone.
    fn new(stream_length: usize) -> Self {
        let (now, ledger) = (Instant::now(), Arc::new(Mutex::new(Ledger::open())));
        let servers = (0..SERVERS).map(|_| Server { is_alive: true, sequence: 0, doubtful: VecDeque::new() }).collect();
        let reception = Reception::new(Uuid::max(), Log::default(), Arc::clone(&ledger), now);
        let former = [(SERVERS, 1), (SERVERS, 2), (SERVERS + 1, 7), (SERVERS + 1, 8)];
        let mut world = Self {
            stream_length,
            now,
            servers,
            is_redis_up: true,
            is_heard: true,
            stream: former.map(|(server, sequence)| event(server, sequence)).into(),
            epoch: 0,
            table: Vec::new(),
            reception,
            ledger,
            said: Vec::new(),
        };
        world.reception.begin(&[], true, now);
        world.reception.subscribed(Some(world.remembered()), now);
        // Who begins, speaks and dies while the receiver hears nothing, and then Redis with it, is known to nobody.
        world.second();
        world
    }

    fn told(&self) -> &[Told] {
        &self.reception.audience.0
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Say(server) if self.servers[server].is_alive => self.say(server),
            Step::Second => self.second(),
            Step::Cut => self.is_heard = false,
            Step::Mend => self.mend(),
            Step::Crash { forgets } if self.is_redis_up => {
                (self.is_redis_up, self.is_heard) = (false, false);
                if forgets {
                    self.stream.clear();
                    self.epoch += 1;
                }
            }
            Step::Return => {
                self.is_redis_up = true;
                self.mend();
            }
            Step::Kill(server) => self.servers[server].is_alive = false,
            Step::Say(_) | Step::Crash { .. } => {}
        }
    }

    fn say(&mut self, server: usize) {
        self.servers[server].sequence += 1;
        let message = event(server, self.servers[server].sequence);
        self.said.push((server, message.sequence, self.told().len()));
        if !self.is_redis_up {
            self.say_by_table(server);
            self.table.push(message);
            return;
        }
        self.servers[server].doubtful.push_back((self.now, message.clone()));
        self.stream.push_back(message.clone());
        if self.stream.len() > self.stream_length {
            self.stream.pop_front();
        }
        if self.is_heard {
            self.channel_says(&message);
        }
    }

    /// What Redis may have lost goes to the table.
    fn say_by_table(&mut self, server: usize) {
        let since = self.now.checked_sub(DOUBT).unwrap();
        let doubtful = self.servers[server].doubtful.drain(..);
        self.table.extend(doubtful.filter(|(at, _)| *at >= since).map(|(_, message)| message));
    }

    fn channel_says(&mut self, message: &Message) {
        self.hear(message);
        self.reception.channel_spoke(message, self.now);
    }

    fn hear(&mut self, message: &Message) {
        if let Some(after) = self.reception.hear(message, self.now) {
            let stream = self.stream.iter().filter(|_| self.is_redis_up);
            let kept = stream.chain(&self.table).filter(|kept| kept.origin == message.origin && kept.sequence > after);
            let kept: BTreeMap<u64, Message> = kept.map(|kept| (kept.sequence, kept.clone())).collect();
            self.reception.complete(&kept, message, self.now);
        }
    }

    fn second(&mut self) {
        self.now += BEAT_INTERVAL;
        if self.is_redis_up && self.is_heard {
            self.channel_says(&Message { origin: Uuid::max(), sequence: 0, word: Word::Beat });
        }
        for server in 0..SERVERS {
            if !self.servers[server].is_alive {
                continue;
            }
            if !self.is_redis_up {
                self.say_by_table(server);
            } else if self.is_heard {
                let beat = Message { word: Word::Beat, ..event(server, self.servers[server].sequence) };
                self.channel_says(&beat);
            }
        }
        let known: BTreeMap<Uuid, u64> = self.ledger.lock().unwrap().positions().into_iter().collect();
        let mut found: Vec<Message> = self.table.clone();
        found.retain(|message| message.sequence > known.get(&message.origin).copied().unwrap_or(0));
        found.sort_by_key(|message| (message.origin, message.sequence));
        for message in found {
            self.hear(&message);
        }
        self.reception.check(self.is_redis_up, true, self.now);
    }

    /// The receiver hears the channel again, if there is one.
    fn mend(&mut self) {
        if !self.is_redis_up || self.is_heard {
            return;
        }
        self.is_heard = true;
        let remembered = Some(self.remembered());
        if self.reception.is_beginning() {
            self.reception.subscribed(remembered, self.now);
        } else {
            self.reception.reconnected(remembered, self.now);
        }
    }

    fn remembered(&self) -> Remembered {
        let (epoch, is_whole) = (Some(self.epoch.to_string()), self.stream.len() < self.stream_length);
        Remembered { epoch, kept: self.stream.iter().cloned().collect(), is_whole }
    }

    /// Everything works again, for long enough.
    fn heal(&mut self) {
        self.take(Step::Return);
        for _ in 0..10 {
            self.second();
        }
    }
}

/// The same cases each time, or in full size many others.
fn config() -> ProptestConfig {
    let (cases, rng_seed) = if is_full_size() { (300_000, RngSeed::Random) } else { (10_000, RngSeed::Fixed(1)) };
    ProptestConfig { cases, rng_seed, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// Whatever breaks: every word is delivered once and in order, or readers start anew after it was said.
    #[test]
    fn nothing_is_lost_in_silence(steps in proptest::collection::vec(step(), 0..60)) {
        let mut world = World::new(SHORT);
        for step in steps {
            world.take(step);
        }
        world.heal();
        let told = world.told();
        let is_of_former = |told: &Told| matches!(told, Told::Event { server, .. } if *server >= SERVERS);
        prop_assert!(!told.iter().any(is_of_former), "they spoke before this server began: {told:?}");
        for (server, sequence, before) in &world.said {
            let is_it = |told: &Told| matches!(told, Told::Event { server: s, sequence: n } if (s, n) == (server, sequence));
            let n_told = told.iter().filter(|told| is_it(told)).count();
            let starts_anew = told[*before..].contains(&Told::StartAnew);
            prop_assert!(n_told == 1 || (n_told == 0 && starts_anew), "{server}:{sequence} of {:?}, {n_told} times in {told:?}", world.said);
        }
        // What follows a gap comes after the new beginning that it calls for.
        for server in 0..SERVERS {
            let (mut last, mut is_new) = (0, true);
            for told in told {
                match told {
                    Told::StartAnew => is_new = true,
                    Told::Event { server: s, sequence } if *s == server => {
                        prop_assert!(*sequence == last + 1 || (*sequence > last && is_new), "{server}:{sequence} after {last} in {told:?}");
                        (last, is_new) = (*sequence, false);
                    }
                    Told::Event { .. } => {}
                }
            }
        }
    }

    /// While nothing is forgotten and nobody is killed, nobody starts anew either, whatever is cut off for however long.
    #[test]
    fn nobody_starts_anew_in_vain(steps in proptest::collection::vec(step(), 0..60)) {
        let mut world = World::new(1000);
        // Who comes while it begins is told to start anew.
        for _ in 0..5 {
            world.second();
        }
        for step in steps {
            match step {
                Step::Kill(_) => {}
                // What the receiver alone missed before is out of reach then.
                Step::Crash { .. } if !world.is_heard => {}
                Step::Crash { .. } => world.take(Step::Crash { forgets: false }),
                step => world.take(step),
            }
        }
        world.heal();
        let told = world.told();
        prop_assert_eq!(told.iter().filter(|told| **told == Told::StartAnew).count(), 1, "{:?}", told);
        prop_assert_eq!(told.len() - 1, world.said.len());
    }
}
