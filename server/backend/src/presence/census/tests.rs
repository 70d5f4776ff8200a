use super::{Census, Person, SAMPLE, Said, Validity};
use domain::UserId;
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use uuid::Uuid;

const VALIDITY: Validity = Validity { repeat: Duration::from_secs(12), lifetime: Duration::from_secs(40) };

fn channel(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

/// Names are hashes, so people in a row are nowhere near each other.
fn person(n: u64) -> Person {
    Person(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn census() -> Census {
    Census::new(VALIDITY)
}

#[test]
fn tabs_of_one_person_count_once_and_the_last_one_counts() {
    let (mut census, now) = (census(), Instant::now());
    for _tab in 0..5 {
        census.enter(channel(1), person(1), now);
    }
    census.enter(channel(1), person(2), now);
    assert_eq!((census.count(channel(1)), census.count(channel(2))), (2, 0));
    for _tab in 0..4 {
        census.leave(channel(1), person(1));
    }
    assert_eq!(census.count(channel(1)), 2);
    census.leave(channel(1), person(1));
    census.leave(channel(1), person(1));
    assert_eq!(census.count(channel(1)), 1, "leaving once more takes nobody else along");
    census.leave(channel(1), person(2));
    assert_eq!(census.count(channel(1)), 0);
    assert!(census.rooms.is_empty() && census.unshown.is_empty());
}

#[test]
fn only_what_changed_is_said_and_shown() {
    let (mut census, now) = (census(), Instant::now());
    census.enter(channel(1), person(1), now);
    census.enter(channel(1), person(2), now);
    census.enter(channel(2), person(1), now);
    assert_eq!(census.say(now).len(), 2);
    assert_eq!(census.show(), [(channel(1), 2), (channel(2), 1)]);
    census.enter(channel(1), person(1), now);
    census.leave(channel(2), person(1));
    census.enter(channel(2), person(1), now);
    assert_eq!(census.say(now).iter().map(Said::channel).collect::<Vec<_>>(), [channel(2)], "said, for it was empty between");
    assert_eq!(census.show(), [(channel(2), 1)], "the page is a new one");
    assert!(census.say(now).is_empty() && census.show().is_empty());
    let later = now + VALIDITY.repeat;
    assert_eq!(census.say(later).len(), 2, "repeated in time");
    census.leave(channel(1), person(2));
    assert_eq!(census.say(later), [Said { channel: channel(1), n: 1, people: vec![person(1)] }]);
}

#[test]
fn a_page_begins_with_what_the_others_were_told() {
    let (mut census, now) = (census(), Instant::now());
    assert_eq!(census.present(channel(1)), 0);
    census.enter(channel(1), person(1), now);
    assert_eq!(census.present(channel(1)), 1);
    census.show();
    census.enter(channel(1), person(2), now);
    assert_eq!(census.present(channel(1)), 1, "that there are two follows as an event");
    assert_eq!(census.show(), [(channel(1), 2)]);
}

#[test]
fn what_a_server_said_is_over_with_its_end() {
    let (mut ours, mut theirs, start) = (census(), census(), Instant::now());
    let (server, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    ours.enter(channel(1), person(1), start);
    theirs.enter(channel(1), person(1), start);
    theirs.enter(channel(1), person(2), start);
    theirs.enter(channel(2), person(3), start);
    ours.show();
    let said = theirs.say(start);
    ours.hear(server, 1, said.clone(), start);
    ours.hear(other, 1, said.clone(), start);
    assert_eq!((ours.count(channel(1)), ours.count(channel(2))), (2, 1), "the same people, wherever they are");
    assert_eq!(ours.show(), [(channel(1), 2)], "of the other channel nobody reads here");

    ours.hear_leaving(other, 2, start);
    ours.hear(other, 1, said, start);
    assert_eq!(ours.count(channel(1)), 2);
    let almost = start + VALIDITY.lifetime.mul_f64(0.99);
    ours.expire(almost);
    assert_eq!(ours.count(channel(2)), 1);
    ours.expire(start + VALIDITY.lifetime);
    assert_eq!((ours.count(channel(1)), ours.count(channel(2))), (1, 0));
    assert_eq!(ours.show(), [(channel(1), 1)]);
    assert!(ours.others.is_empty(), "nothing is left of them");
}

#[test]
fn who_is_many_is_estimated_and_who_is_few_is_not() {
    let (start, n) = (Instant::now(), 8 * u64::try_from(SAMPLE).unwrap());
    let (mut ours, mut theirs) = (census(), census());
    for n in 0..n {
        ours.enter(channel(1), person(n), start);
    }
    assert_eq!(u64::from(ours.count(channel(1))), n, "one server knows its own");
    for n in n..n + 10 {
        theirs.enter(channel(1), person(n), start);
    }
    let said = theirs.say(start);
    ours.hear(Uuid::from_u128(1), 1, said, start);
    assert_eq!(u64::from(ours.count(channel(1))), n + 10, "nobody is at both");
    // A half of the other server's people are here too.
    for n in n / 2..n * 3 / 2 {
        theirs.enter(channel(1), person(n), start);
    }
    let said = theirs.say(start);
    assert_eq!(said[0].n_named(), SAMPLE);
    ours.hear(Uuid::from_u128(1), 2, said, start);
    let (estimate, truth) = (f64::from(ours.count(channel(1))), f64::from(u32::try_from(n * 3 / 2).unwrap()));
    assert!((estimate / truth - 1.0).abs() < 0.05, "{estimate} of {truth}");
}

#[test]
fn what_waits_to_be_said_is_bounded() {
    let (mut census, now) = (census(), Instant::now());
    for n in 0..2 * u128::try_from(super::UNSAID).unwrap() {
        census.enter(channel(n), person(1), now);
        census.leave(channel(n), person(1));
    }
    assert_eq!(census.unsaid.len(), super::UNSAID);
}

/// What can happen at one of three servers.
#[derive(Debug, Clone)]
enum Act {
    Enter(usize, u128, u64),
    Leave(usize, u128, u64),
    /// Says what it has to say; the others hear it so often: not at all, once, or late a second time.
    Say(usize, [u8; 3]),
    Vanish(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let who = || (0..3_usize, 0..3_u128, 0..6_u64);
    prop_oneof![
        4 => who().prop_map(|(server, channel, person)| Act::Enter(server, channel, person)),
        4 => who().prop_map(|(server, channel, person)| Act::Leave(server, channel, person)),
        3 => (0..3_usize, any::<[u8; 3]>()).prop_map(|(server, copies)| Act::Say(server, copies)),
        1 => (0..3_usize).prop_map(Act::Vanish),
    ]
}

/// A server, the truth about its connections, and its last message.
struct Server {
    name: Uuid,
    census: Census,
    connections: Vec<(UserId, Person)>,
    sequence: u64,
    last: Vec<Said>,
}

impl Server {
    fn new(name: u128) -> Self {
        Self { name: Uuid::from_u128(name), census: census(), connections: Vec::new(), sequence: 0, last: Vec::new() }
    }
}

fn deliver(servers: &mut [Server], from: usize, copies: [u8; 3], now: Instant) {
    let Server { name, sequence, last, .. } = &servers[from];
    let (name, sequence, earlier) = (*name, *sequence, last.clone());
    let said = servers[from].census.say(now);
    for (to, copies) in copies.into_iter().enumerate().filter(|(to, _)| *to != from) {
        if copies % 3 > 0 {
            servers[to].census.hear(name, sequence + 1, said.clone(), now);
        }
        if copies % 3 > 1 {
            servers[to].census.hear(name, sequence, earlier.clone(), now);
        }
    }
    (servers[from].sequence, servers[from].last) = (sequence + 1, said);
}

proptest! {
    /// Whatever is lost, doubled or late, and whichever server vanishes: a round of repetitions later all servers know the
    /// truth, and never is more counted than there ever were.
    #[test]
    fn all_servers_come_to_know_the_truth(acts in proptest::collection::vec(act(), 0..150)) {
        let start = Instant::now();
        let mut servers: Vec<Server> = (0..3).map(Server::new).collect();
        let mut n_started = 3;
        for (now, act) in (1..).map(|seconds| start + Duration::from_secs(seconds)).zip(acts) {
            match act {
                Act::Enter(server, c, p) => {
                    servers[server].census.enter(channel(c), person(p), now);
                    servers[server].connections.push((channel(c), person(p)));
                }
                Act::Leave(server, c, p) => {
                    let place = (channel(c), person(p));
                    if let Some(index) = servers[server].connections.iter().position(|open| *open == place) {
                        servers[server].connections.swap_remove(index);
                        servers[server].census.leave(place.0, place.1);
                    }
                }
                Act::Say(server, copies) => deliver(&mut servers, server, copies, now),
                Act::Vanish(server) => {
                    servers[server] = Server::new(n_started);
                    n_started += 1;
                }
            }
            for server in &mut servers {
                server.census.expire(now);
                prop_assert!((0..3).all(|c| server.census.count(channel(c)) <= 6), "no more than there are people");
            }
        }
        let end = start + Duration::from_hours(1);
        for from in 0..3 {
            deliver(&mut servers, from, [1; 3], end);
        }
        for server in &mut servers {
            server.census.expire(end);
        }
        for channel in (0..3).map(channel) {
            let connections = servers.iter().flat_map(|server| &server.connections);
            let truth: BTreeSet<Person> = connections.filter(|open| open.0 == channel).map(|open| open.1).collect();
            let truth = u32::try_from(truth.len()).unwrap();
            prop_assert!(servers.iter().all(|server| server.census.count(channel) == truth));
        }
    }
}
