//! Presence over several servers, through a real Redis that comes and goes.

use crate::listener::{PATIENCE, read, saw};
use backend::{
    events::{Events, Subscription},
    key_ring::KeyRing,
    presence::{Presence, Times, Visit, Visitor},
    testing::redis::Redis,
};
use domain::{
    UserId,
    event::{Event, Topic},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc::error::TryRecvError, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// As in production, forty times as fast.
const TIMES: Times =
    Times { interval: Duration::from_millis(50), repeat: Duration::from_millis(300), lifetime: Duration::from_secs(1) };

const CHANNEL: UserId = UserId(Uuid::from_u128(7));

/// A server, and the connections that are open there.
struct Server {
    events: Events,
    presence: Presence,
    running: JoinHandle<()>,
    stopped: CancellationToken,
    /// By a number, with whose they are.
    open: BTreeMap<usize, (u128, Visit)>,
    /// A page that is told of the channel.
    page: Subscription,
    told: Vec<u32>,
}

impl Server {
    fn start(redis: Option<&Redis>) -> Self {
        Self::start_at(TIMES, redis)
    }

    fn start_at(times: Times, redis: Option<&Redis>) -> Self {
        let key_ring = Arc::new(KeyRing::new(&[(1, [1; 32])], &[9; 32]).unwrap());
        let (events, settings) = (Events::local().unwrap(), redis.map(Redis::settings));
        let presence = Presence::new(Uuid::new_v4(), events.clone(), key_ring, settings.as_ref(), times).unwrap();
        let stopped = CancellationToken::new();
        let running = tokio::spawn({
            let (presence, stopped) = (presence.clone(), stopped.clone());
            async move { presence.run(stopped).await }
        });
        let page = events.hub().subscribe(vec![Topic::Channel(CHANNEL)], None);
        Self { events, presence, running, stopped, open: BTreeMap::new(), page, told: Vec::new() }
    }

    fn open(&mut self, tab: usize, member: u128) {
        let visit =
            self.presence.enter(&[Topic::Streams, Topic::Channel(CHANNEL)], Visitor::Member(UserId(Uuid::from_u128(member))));
        self.open.insert(tab, (member, visit));
    }

    /// Ends it as a crash does: nothing is said any more, and the connections are gone.
    async fn kill(mut self) {
        self.running.abort();
        let _cancelled = (&mut self.running).await;
    }

    /// Ends it as it should.
    async fn stop(self) {
        self.stopped.cancel();
        self.running.await.unwrap();
    }

    /// Reads what the page was told.
    fn hear(&mut self) {
        loop {
            match self.page.frames.try_recv() {
                Ok(frame) => match read(&frame) {
                    Event::PresenceChanged { channel: CHANNEL, present } => self.told.push(present),
                    other => panic!("{other:?}"),
                },
                // It was too slow, and begins anew as pages do.
                Err(TryRecvError::Disconnected) => {
                    self.page = self.events.hub().subscribe(vec![Topic::Channel(CHANNEL)], None);
                    self.told.push(self.count());
                }
                Err(TryRecvError::Empty) => return,
            }
        }
    }

    fn count(&self) -> u32 {
        self.presence.present(CHANNEL)
    }

    /// Where nobody is, nobody is told.
    fn has_settled(&self, expected: u32) -> bool {
        self.count() == expected && (self.open.is_empty() || self.told.last() == Some(&expected))
    }
}

/// How many different people have a connection.
fn people(servers: &[Server]) -> u32 {
    let people: BTreeSet<u128> = servers.iter().flat_map(|server| server.open.values()).map(|(member, _)| *member).collect();
    u32::try_from(people.len()).unwrap()
}

/// Waits until every server knows this count and has told it to its page, and watches that none ever says more than `most`.
async fn settle(servers: &mut [Server], expected: impl Fn(&Server) -> u32, most: u32, what: &str) {
    let settled = async {
        loop {
            servers.iter_mut().for_each(Server::hear);
            let said = servers.iter().flat_map(|server| server.told.iter().copied().chain([server.count()]));
            assert!(said.max() <= Some(most), "{what}: more than {most}");
            if servers.iter().all(|server| server.has_settled(expected(server))) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, settled).await.is_err() {
        let found = servers.iter().map(|server| (server.count(), server.told.last(), expected(server)));
        panic!("{what}: {:?}", found.collect::<Vec<_>>());
    }
}

/// Numbers without an order, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// F41: a thousand people with three tabs each come and go, and servers with them.
#[tokio::test(flavor = "multi_thread")]
async fn f41_presence_is_the_truth_whoever_comes_goes_or_vanishes() {
    const PEOPLE: usize = 1000;
    const TABS: usize = 3 * PEOPLE;
    let redis = Redis::running();
    let mut servers: Vec<Server> = (0..3).map(|_| Server::start(Some(&redis))).collect();
    let mut dice = Dice(41);
    let most = u32::try_from(PEOPLE).unwrap();
    let member = |tab: usize| u128::try_from(tab / 3).unwrap();
    for tab in 0..TABS {
        servers[dice.below(3)].open(tab, member(tab));
    }
    settle(&mut servers, |_| most, most, "all are there").await;
    for round in 0..12 {
        for _ in 0..TABS / 4 {
            let tab = dice.below(TABS);
            // A tab is closed, and opened again in the next round or later, wherever.
            let was_open = servers.iter_mut().any(|server| server.open.remove(&tab).is_some());
            if !was_open || dice.below(4) == 0 {
                let n_servers = servers.len();
                servers[dice.below(n_servers)].open(tab, member(tab));
            }
        }
        match round % 4 {
            1 => servers.remove(0).kill().await,
            2 => servers.push(Server::start(Some(&redis))),
            3 => {
                servers.remove(0).stop().await;
                servers.push(Server::start(Some(&redis)));
            }
            _ => {}
        }
        let truth = people(&servers);
        assert!(truth > 0 && truth < most, "{truth} are there");
        settle(&mut servers, |_| truth, most, &format!("round {round}")).await;
    }
    for server in &mut servers {
        server.open.clear();
    }
    settle(&mut servers, |_| 0, most, "all have left").await;
    saw(&format!(
        "F41: {PEOPLE} people with {TABS} tabs came and went over twelve changes of servers; no count was wrong or too high"
    ));
}

/// F41 at the pace of production: when the other server knows that somebody left, and that a server was killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for as long as a server may be silent; `make faults` runs it"]
async fn f41_who_left_is_gone_in_time() {
    let redis = Redis::running();
    let [mut here, mut there] = [(); 2].map(|()| Server::start_at(Times::default(), Some(&redis)));
    here.open(0, 1);
    there.open(1, 2);
    there.open(2, 3);
    let became = async |expected: u32| {
        let began = Instant::now();
        let became = async {
            while here.presence.present(CHANNEL) != expected {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), became).await.expect("it becomes known");
        began.elapsed()
    };
    became(3).await;
    there.open.remove(&1);
    let left = became(2).await;
    there.kill().await;
    let vanished = became(1).await;
    saw(&format!("F41: another server knew after {left:?} who had left, and after {vanished:?} that a server was killed"));
    assert!(left <= Duration::from_secs(5) && vanished <= Duration::from_secs(45));
}

/// F42: two servers are cut off from Redis, and so from each other, and come back.
#[tokio::test(flavor = "multi_thread")]
async fn f42_servers_that_are_cut_off_count_their_own_and_merge_without_counting_twice() {
    let mut redis = Redis::running();
    let mut servers: Vec<Server> = (0..2).map(|_| Server::start(Some(&redis))).collect();
    // Of 30 people 10 are at both.
    for (server, people) in [(0, 0..20), (1, 10..30)] {
        for n in people {
            servers[server].open(n, u128::try_from(n).unwrap());
        }
    }
    settle(&mut servers, |_| 30, 30, "before").await;
    for outage in ["killed", "hanging"] {
        if outage == "killed" {
            redis.kill();
        } else {
            redis.signal("STOP");
        }
        let own = |server: &Server| u32::try_from(server.open.len()).unwrap();
        settle(&mut servers, own, 30, outage).await;
        // Meanwhile people leave one server for the other, and one goes for good.
        let gone = if outage == "killed" { 0..5 } else { 5..10 };
        for n in gone.clone() {
            servers[0].open.remove(&n);
        }
        for n in gone.skip(1) {
            servers[1].open(n, u128::try_from(n).unwrap());
        }
        settle(&mut servers, own, 30, outage).await;
        if outage == "killed" {
            redis.start();
        } else {
            redis.signal("CONT");
        }
        let truth = people(&servers);
        settle(&mut servers, |_| truth, 30, "together again").await;
    }
    assert_eq!(people(&servers), 28);
    saw("F42: two servers without Redis counted their own, and together again all 28 people once");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_a_server_counts_its_own() {
    let mut servers = vec![Server::start(None)];
    servers[0].open(1, 1);
    servers[0].open(2, 1);
    let guest = servers[0].presence.enter(&[Topic::Channel(CHANNEL)], Visitor::Guest(Uuid::from_u128(1)));
    settle(&mut servers, |_| 2, 2, "a member and a guest, although of the same number").await;
    drop(guest);
    settle(&mut servers, |_| 1, 2, "the guest left").await;
    servers[0].open.clear();
    settle(&mut servers, |_| 0, 2, "all left").await;
}
