//! Events between servers, through a real Redis that comes and goes, and through PostgreSQL while it is away.

use crate::{
    listener::{Listener, PATIENCE, event, saw},
    servers::{Servers, meet},
    way::Way,
};
use backend::{
    events::Events,
    testing::{is_full_size, redis::Redis},
};
use domain::event::Topic;
use std::time::{Duration, Instant};
use uuid::Uuid;

fn publish(events: &Events, numbers: impl IntoIterator<Item = u128>) {
    for n in numbers {
        events.publish(&[Topic::Streams], &event(n));
    }
}

/// How late an event may come to another server without Redis.
const DETOUR: Duration = Duration::from_secs(2);
/// How long after its return Redis may be used again.
const RECOVERY: Duration = Duration::from_secs(3);

/// Says how long it took. What is promised holds where one test runs at a time.
fn promised(what: &str, began: Instant, most: Duration) -> String {
    let took = began.elapsed();
    assert!(took < most || !is_full_size(), "{what} after {took:?}, at most {most:?} are promised");
    format!("{what} after {took:?}")
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_delivers_what_any_of_them_publishes_once() {
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let (mut here, mut there) = (Listener::new(&ours), Listener::new(&theirs));
    publish(&ours, 1..=50);
    publish(&theirs, [99]);
    for listener in [&mut here, &mut there] {
        listener.hear(99).await;
        listener.hear(50).await;
        let own_order: Vec<u128> = listener.heard.iter().copied().filter(|n| *n != 99).collect();
        assert_eq!(own_order, (1..=50).collect::<Vec<_>>());
        assert_eq!((listener.heard.len(), listener.n_resyncs), (51, 0));
    }
}

/// A channel goes live to thousands of followers: the others hear each of their events, and of few messages.
#[tokio::test(flavor = "multi_thread")]
async fn many_events_at_once_are_few_messages() {
    for redis in [Some(Redis::running()), None] {
        let servers = Servers::new().await;
        let (ours, theirs) = servers.pair(redis.as_ref()).await;
        let (mut here, mut there) = (Listener::new(&ours), Listener::new(&theirs));
        let length = || redis.as_ref().map(|redis| redis.number(&["XLEN", "test:events:log"]));
        let before = length();
        let events: Vec<_> = (1..=450).map(|n| (vec![Topic::Streams], event(n))).collect();
        ours.publish_all(&events);
        publish(&ours, [451]);
        for listener in [&mut here, &mut there] {
            listener.hear(451).await;
            listener.assert_heard(1..=451);
            assert_eq!(listener.n_resyncs, 0);
        }
        assert_eq!(length(), before.map(|before| before + 6), "messages in the stream");
    }
}

/// F07: nothing is lost, doubled or out of order, and no page has to start anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_crashes_and_comes_back_is_not_noticed_by_readers() {
    let (mut redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let (mut here, mut there) = (Listener::new(&ours), Listener::new(&theirs));
    publish(&ours, 1..=20);
    redis.kill();
    let killed_at = Instant::now();
    publish(&ours, 21..=40);
    there.hear(40).await;
    let detour = promised("F07: without Redis another server heard", killed_at, DETOUR);
    assert!(!ours.is_connected(), "it came by PostgreSQL");
    redis.start();
    let started_at = Instant::now();
    publish(&ours, 41..=60);
    until("Redis is used again", || ours.is_connected() && theirs.is_connected()).await;
    let recovery = promised("Redis was used again", started_at, RECOVERY);
    saw(&format!("{detour}; {recovery}"));
    publish(&ours, 61..=80);
    for listener in [&mut here, &mut there] {
        listener.hear(80).await;
        listener.assert_heard(1..=80);
        assert_eq!(listener.n_resyncs, 0);
    }
}

/// F08: Redis takes connections and says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_is_gone_around() {
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let mut there = Listener::new(&theirs);
    redis.signal("STOP");
    let stopped_at = Instant::now();
    publish(&ours, 1..=20);
    there.hear(20).await;
    let detour = promised("F08: while Redis hung another server heard", stopped_at, DETOUR);
    redis.signal("CONT");
    let went_on_at = Instant::now();
    until("Redis is used again", || ours.is_connected()).await;
    let recovery = promised("Redis was used again", went_on_at, RECOVERY);
    saw(&format!("{detour}; {recovery}"));
    publish(&ours, 21..=40);
    there.hear(40).await;
    there.assert_heard(1..=40);
    assert_eq!(there.n_resyncs, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_at_the_start_is_not_missed_and_found_later() {
    let (mut redis, servers) = (Redis::absent(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    assert!(!ours.is_connected());
    redis.start();
    until("Redis is found", || ours.is_connected() && theirs.is_connected()).await;
    meet(&ours, &theirs).await;
    meet(&theirs, &ours).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_without_redis_hear_each_other() {
    let servers = Servers::new().await;
    let (ours, theirs) = servers.pair(None).await;
    let mut there = Listener::new(&theirs);
    publish(&ours, 1..=500);
    there.hear(500).await;
    there.assert_heard(1..=500);
}

/// Who was alive before may have told nobody what happened until it noticed the new one. A server that died before has not.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_without_redis_begins_anew_for_the_living_alone() {
    let servers = Servers::new().await;
    let dead = Uuid::new_v4();
    servers.sql(format!("INSERT INTO nodes VALUES ('{dead}', 'http://127.0.0.1:1', now() - interval '1 second')")).await;
    let ours = servers.events(None).await;
    let epoch = ours.position().epoch;
    until("it is known who is there", || ours.knows_the_others()).await;
    assert_eq!(ours.position().epoch, epoch);
    servers.sql(format!("UPDATE nodes SET seen_at = now() WHERE id = '{dead}'")).await;
    until("readers start anew", || ours.position().epoch != epoch).await;
}

/// A subscription that breaks while others publish: what it missed is in the stream.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_broken_subscription_missed_is_read_from_the_stream() {
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let mut there = Listener::new(&theirs);
    for n in 1..=100 {
        if n % 20 == 0 {
            redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        }
        publish(&ours, [n]);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    there.hear(100).await;
    there.assert_heard(1..=100);
    assert_eq!(there.n_resyncs, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_to_redis_that_is_dead_and_does_not_say_so_is_given_up() {
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let way = Way::to(&redis).await;
    let (ours, theirs) = (servers.events(Some(&redis)).await, servers.events_by(Some(way.settings(&redis))).await);
    meet(&ours, &theirs).await;
    meet(&theirs, &ours).await;
    let mut there = Listener::new(&theirs);
    publish(&ours, [1]);
    there.hear(1).await;
    way.cut();
    let cut_at = Instant::now();
    publish(&ours, 2..=10);
    let told = async {
        // Whether Redis can be asked already when the channel is heard again is up to chance.
        while there.n_resyncs == 0 && there.heard.last() != Some(&10) {
            there.step().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("what was said meanwhile, or to start anew");
    saw(&format!("F07: over a dead connection another server was told after {:?}", cut_at.elapsed()));
    // The channel itself is heard again, and so is what this server says.
    publish(&ours, [11]);
    there.hear(11).await;
    until("Redis is used again", || theirs.is_connected()).await;
    saw(&format!("F07: and used Redis again after {:?}", cut_at.elapsed()));
}

/// A server of the test's making, so that it can leave things out.
fn word(origin: u128, sequence: u64, number: Option<u128>) -> String {
    let word = number.map_or_else(
        || serde_json::json!("beat"),
        |n| serde_json::json!({ "event": { "topics": ["streams"], "event": event(n) } }),
    );
    serde_json::json!({ "origin": Uuid::from_u128(origin), "sequence": sequence, "word": word }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_looked_for_and_what_is_nowhere_makes_readers_start_anew() {
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (_ours, theirs) = servers.pair(Some(&redis)).await;
    let mut there = Listener::new(&theirs);
    let say = |sequence, number| redis.command(&["PUBLISH", "test:events", &word(7, sequence, number)]);
    let keep = |sequence: u64, number| redis.command(&["XADD", "test:events:log", "*", "m", &word(7, sequence, Some(number))]);
    say(1, Some(1));
    keep(2, 2);
    say(3, Some(3));
    there.hear(3).await;
    there.assert_heard([1, 2, 3]);
    say(3, Some(3));
    servers
        .sql(format!(
            "INSERT INTO bus_messages (origin, sequence, message) VALUES ('{}', 4, '{}')",
            Uuid::from_u128(7),
            word(7, 4, Some(4))
        ))
        .await;
    say(5, Some(5));
    there.hear(5).await;
    there.assert_heard([1, 2, 3, 4, 5]);
    assert_eq!(there.n_resyncs, 0);

    say(7, Some(7));
    there.start_anew().await;
    say(8, Some(8));
    there.hear(8).await;
    say(9, None);
    there.start_anew().await;
    say(10, Some(10));
    there.hear(10).await;
    redis.command(&["PUBLISH", "test:events", &word(8, 2, Some(11))]);
    there.start_anew().await;
}

/// F09: everything in Redis is deleted while it runs.
#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_redis_loses_nothing() {
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let mut there = Listener::new(&theirs);
    publish(&ours, 1..=10);
    redis.command(&["FLUSHALL"]);
    publish(&ours, 11..=20);
    redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    publish(&ours, 21..=30);
    there.hear(30).await;
    there.assert_heard(1..=30);
    assert_eq!(there.n_resyncs, 0);
    saw("F09: Redis was emptied, and another server heard all 30 events once");
}

/// F10: Redis refuses what would take memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_redis_is_gone_around() {
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let mut there = Listener::new(&theirs);
    publish(&ours, 1..=10);
    there.hear(10).await;
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    redis.command(&["CONFIG", "SET", "maxmemory", "1mb"]);
    publish(&ours, 11..=30);
    there.hear(30).await;
    there.assert_heard(1..=30);
    assert_eq!(there.n_resyncs, 0);
    saw("F10: Redis was full, and another server heard all 30 events once");
}

/// Redis and a server go down together: what they alone knew is lost, and readers must not go on as if nothing were.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_with_redis_makes_readers_start_anew() {
    let (mut redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let mut there = Listener::new(&theirs);
    publish(&ours, [1]);
    there.hear(1).await;
    redis.kill();
    drop(ours);
    redis.start();
    there.start_anew().await;
}

/// F11: more at once than any queue holds. What is lost is not lost silently.
#[tokio::test(flavor = "multi_thread")]
async fn f11_a_burst_that_no_queue_holds_makes_readers_start_anew() {
    let burst = if is_full_size() { 100_000 } else { 30_000 };
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let mut there = Listener::new(&theirs);
    redis.signal("STOP");
    publish(&ours, 1..=burst);
    redis.signal("CONT");
    let mut marks = burst;
    let came = async {
        while there.heard.last().is_none_or(|last| *last <= burst) {
            marks += 1;
            publish(&ours, [marks]);
            drop(tokio::time::timeout(Duration::from_millis(300), there.step()).await);
        }
    };
    tokio::time::timeout(PATIENCE * 3, came).await.expect("what is said after the burst");
    let is_whole = there.n_resyncs == 0 && there.heard.iter().copied().zip(1..).all(|(heard, n)| heard == n);
    assert!(there.n_resyncs > 0 || is_whole);
    saw(&format!(
        "F11: of {burst} events at once a server heard {}, and began anew {} times",
        there.heard.len(),
        there.n_resyncs
    ));
}

/// Listens for a moment.
async fn listen(listener: &mut Listener) {
    let listening = async {
        loop {
            listener.step().await;
        }
    };
    drop(tokio::time::timeout(Duration::from_millis(50), listening).await);
}

/// F07 to F10, one after the other and into each other, while both servers publish: one of them even numbers, the other odd.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_redis_nothing_is_missing_or_doubled_unnoticed() {
    let n_steps = if is_full_size() { 120 } else { 12 };
    let (mut redis, servers) = (Redis::running(), Servers::new().await);
    let pair = servers.pair(Some(&redis)).await;
    let mut listeners = [Listener::new(&pair.0), Listener::new(&pair.1)];
    let mut last = [0_u128, 1];
    let mut say = |n_each: usize| {
        for _ in 0..n_each {
            for (events, last) in [&pair.0, &pair.1].into_iter().zip(&mut last) {
                *last += 2;
                publish(events, [*last]);
            }
        }
        last
    };
    let moment = || tokio::time::sleep(Duration::from_millis(100));
    for step in 0..n_steps {
        say(5);
        match step * 7 % 12 {
            0 | 5 => redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]),
            2 => redis.command(&["FLUSHALL"]),
            4 | 9 => {
                redis.signal("STOP");
                say(5);
                moment().await;
                redis.signal("CONT");
            }
            7 => {
                redis.kill();
                say(5);
                moment().await;
                redis.start();
            }
            11 => {
                redis.kill();
                redis.start();
            }
            _ => moment().await,
        }
        say(5);
        for listener in &mut listeners {
            listen(listener).await;
        }
    }
    let came = async {
        loop {
            let last = say(1);
            moment().await;
            for listener in &mut listeners {
                listen(listener).await;
            }
            if listeners.iter().all(|listener| last.iter().all(|last| listener.heard.contains(last))) {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE * 3, came).await.expect("both hear both again");
    for listener in &listeners {
        for parity in [0, 1] {
            let heard: Vec<u128> = listener.heard.iter().copied().filter(|n| n % 2 == parity).collect();
            assert!(heard.windows(2).all(|two| two[1] == two[0] + 2), "{} times anew, then {heard:?}", listener.n_resyncs);
        }
    }
    let n_resyncs = listeners.each_ref().map(|listener| listener.n_resyncs);
    saw(&format!("F07 to F10: after {n_steps} of them both servers heard both; they began anew {n_resyncs:?} times"));
}
