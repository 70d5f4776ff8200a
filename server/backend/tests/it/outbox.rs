//! What is committed is told, whatever crashes in between, and told once.

use crate::{
    listener::{Listener, PATIENCE, event, saw},
    servers::Servers,
};
use backend::{
    Backend,
    chat::Visitor,
    testing::{client, is_full_size, redis::Redis},
};
use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use domain::event::Topic;
use std::time::Duration;
use uuid::Uuid;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn n_letters(backend: &Backend) -> i64 {
    let mut connection = backend.database.connection().await.unwrap();
    let count: Count = diesel::sql_query("SELECT count(*) AS n FROM outbox").get_result(&mut connection).await.unwrap();
    count.n
}

/// A letter as a server leaves it behind that crashes between commit and delivery.
async fn leave_behind(backend: &Backend, number: u128) -> Uuid {
    let id = Uuid::now_v7();
    let (topics, event) = (serde_json::to_string(&[Topic::Streams]).unwrap(), serde_json::to_string(&event(number)).unwrap());
    let statement = format!("INSERT INTO outbox VALUES ('{id}', '{topics}', '{event}', now() - interval '10 seconds')");
    backend.sql(&statement).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_leaves_nothing_in_the_outbox() {
    let backend = backend::testing::test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let (ben, _) = backend.member("ben").await;
    backend.follows.follow(&ben, ana.id).await.unwrap();
    let visitor = Visitor { viewer: Some(ben.clone()), former: None, client: client() };
    let draft = backend::chat::Draft { text: "Hello @ana", ..backend::chat::Draft::default() };
    backend.chat.send(&visitor, ana.id, draft).await.unwrap();
    backend.channels.update_stream(&ana, "A title", "study").await.unwrap();
    backend.blocks.block(&ana, ben.id).await.unwrap();
    let left = n_letters(&backend).await;
    assert!(left >= 7, "everything was put in: {left}");
    backend.outbox.clear().await.unwrap();
    assert_eq!(n_letters(&backend).await, 0);
    assert_eq!(backend.outbox.relay().await.unwrap(), 0);
}

/// F19, and the relay tells it once however many servers look.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_behind_is_told_once_everywhere() {
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let (here, there) = (servers.backend(ours.clone()), servers.backend(theirs.clone()));
    let mut listeners = [Listener::new(&ours), Listener::new(&theirs)];
    for n in 1..=20 {
        leave_behind(&here, n).await;
    }
    let relayed = async {
        let (a, b) = tokio::join!(here.outbox.relay(), there.outbox.relay());
        a.unwrap() + b.unwrap()
    };
    assert_eq!(relayed.await, 20, "each by one server");
    leave_behind(&here, 21).await;
    assert_eq!(here.outbox.relay().await.unwrap(), 1);
    for listener in &mut listeners {
        listener.hear(21).await;
        for n in 1..=20 {
            listener.hear(n).await;
        }
        assert_eq!((listener.heard.len(), listener.n_resyncs), (21, 0), "{:?}", listener.heard);
    }
    let emptied = async {
        while n_letters(&here).await > 0 {
            here.outbox.clear().await.unwrap();
            there.outbox.clear().await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, emptied).await.expect("the outbox empties");
    saw("F19: 21 events that a crash left behind were told once at both servers");
}

/// F20: told, and then crashed before the row was gone.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_before_the_crash_is_not_told_again() {
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let (here, there) = (servers.backend(ours.clone()), servers.backend(theirs.clone()));
    let mut listeners = [Listener::new(&ours), Listener::new(&theirs)];
    leave_behind(&here, 1).await;
    assert_eq!(here.outbox.relay().await.unwrap(), 1);
    listeners[1].hear(1).await;
    // Nobody cleared it away, and its time is up once more.
    here.sql("UPDATE outbox SET written_at = now() - interval '10 seconds'").await;
    assert_eq!(there.outbox.relay().await.unwrap(), 1);
    ours.publish(&[Topic::Streams], &event(2));
    theirs.publish(&[Topic::Streams], &event(3));
    for listener in &mut listeners {
        listener.hear(2).await;
        listener.hear(3).await;
        assert_eq!(listener.heard.iter().filter(|n| **n == 1).count(), 1);
        assert_eq!(listener.n_resyncs, 0);
    }
    saw("F20: an event that was told before the crash was relayed again, and told nobody twice");
}

/// F19 and F20, again and again: servers commit and crash at every step from there on, and others find what they left.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_crashes_at_which_step_everything_is_told_once() {
    let n_letters_in_all = if is_full_size() { 400 } else { 40 };
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let there = servers.backend(theirs.clone());
    let mut listener = Listener::new(&theirs);
    let mut here = servers.backend(ours);
    let mut n_crashes = 0;
    for n in 1..=n_letters_in_all {
        // Committed, by somebody who may be gone by now.
        leave_behind(&here, n).await;
        let step = n * 7 % 11;
        if step > 0 {
            here.outbox.relay().await.unwrap();
        }
        if step > 4 {
            // Some of it is out by then.
            tokio::time::sleep(Duration::from_millis(u64::try_from(n * 13 % 40).unwrap())).await;
        }
        if step > 7 {
            here.outbox.clear().await.unwrap();
        }
        if n * 5 % 3 == 0 {
            n_crashes += 1;
            here = servers.backend(servers.events(Some(&redis)).await);
        }
        if n % 4 == 0 {
            // Time passes; whatever is left is found by whoever looks first.
            there.sql("UPDATE outbox SET written_at = now() - interval '10 seconds'").await;
            let (a, b) = tokio::join!(here.outbox.relay(), there.outbox.relay());
            a.unwrap();
            b.unwrap();
        }
    }
    drop(here);
    there.sql("UPDATE outbox SET written_at = now() - interval '10 seconds'").await;
    let emptied = async {
        while n_letters(&there).await > 0 {
            there.outbox.relay().await.unwrap();
            there.outbox.clear().await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, emptied).await.expect("the outbox empties");
    for n in 1..=n_letters_in_all {
        listener.hear(n).await;
    }
    listener.heard.sort_unstable();
    listener.assert_heard(1..=n_letters_in_all);
    assert!(listener.n_resyncs == 0 && n_crashes > 10, "{} times anew, {n_crashes} crashes", listener.n_resyncs);
    saw(&format!("F19 and F20: {n_letters_in_all} events over {n_crashes} crashes were told once each"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_understands_is_thrown_away() {
    let backend = backend::testing::test_backend().await;
    backend
        .sql("INSERT INTO outbox VALUES (gen_random_uuid(), '[\"streams\"]', '{\"from\":\"the future\"}', '2020-01-01')")
        .await;
    backend.outbox.relay().await.unwrap();
    assert_eq!(n_letters(&backend).await, 0);
}

/// While a change is not committed nobody hears of it, and of one that is taken back nobody ever does.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_not_told() {
    let backend = backend::testing::test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let before = backend.events.position();
    assert!(backend.channels.update_stream(&ana, "A title", "no such category").await.is_err());
    let own = Visitor { viewer: Some(ana.clone()), former: None, client: client() };
    assert!(backend.chat.delete(&own, domain::MessageId(Uuid::nil())).await.is_err());
    assert_eq!(n_letters(&backend).await, 0);
    assert_eq!(backend.events.position(), before);
}
