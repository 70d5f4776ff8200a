//! What is kept in Redis, for all servers.

use super::pair::{Pair, numbers};
use crate::{listener::PATIENCE, servers::meet};
use backend::{Backend, cache::Namespace, testing::redis::Redis};
use domain::{
    Error as Domain,
    account::{Role, Viewer},
};
use std::time::{Duration, Instant};

/// What one server has read, another need not: it takes it from Redis.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_read_is_there_for_the_other() {
    let redis = Redis::running();
    let (pair, ana, _) = Box::pin(Pair::new(Some(&redis))).await;
    let found = async {
        let mut n = 0;
        while numbers(&pair.there, Namespace::Channel).shared == 0 {
            n += 1;
            pair.here.channels.update_stream(&ana, &format!("Title {n}"), "study").await.unwrap();
            pair.here.channels.page("ana", None).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            let there = pair.there.channels.page("ana", None).await.unwrap();
            assert_eq!(there.position.epoch, pair.there.events.position().epoch, "the position is one of this server");
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the other server to find what this one read");
}

/// Redis that goes away costs time at most.
#[tokio::test(flavor = "multi_thread")]
async fn redis_may_hang_crash_and_forget() {
    let mut redis = Redis::running();
    let (mut pair, ana, _) = Box::pin(Pair::new(Some(&redis))).await;
    let change = async |here: &Backend, title: &str| here.channels.update_stream(&ana, title, "study").await.unwrap();
    redis.signal("STOP");
    change(&pair.here, "While it hangs").await;
    let began = Instant::now();
    assert_eq!(pair.here.channels.page("ana", None).await.unwrap().title, "While it hangs");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    pair.show_the_new_state("Redis hangs").await;
    redis.signal("CONT");
    change(&pair.here, "It goes on").await;
    pair.show_the_new_state("Redis goes on").await;
    redis.kill();
    change(&pair.here, "While it is gone").await;
    pair.show_the_new_state("Redis is gone").await;
    redis.start();
    meet(&pair.here.events, &pair.there.events).await;
    change(&pair.here, "It is back").await;
    pair.show_the_new_state("Redis is back").await;
    redis.command(&["FLUSHALL"]);
    change(&pair.here, "It has forgotten").await;
    pair.show_the_new_state("Redis was emptied").await;
}

/// What no event told of is seen after an administrator had everything forgotten, at both servers and in Redis.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_may_empty_it() {
    let redis = Redis::running();
    let (mut pair, ana, ben) = Box::pin(Pair::new(Some(&redis))).await;
    let counted = async {
        while pair.here.cache.share_numbers().await.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.expect("Redis answers");
    // More than are looked through at once, and some that only look like what is kept.
    let others = ["test:other", "other:cache:home:1", "testXcache:home:1"];
    let names: Vec<String> = (0..5000).map(|n| format!("test:cache:channel:1:nobody{n}")).collect();
    for names in names.iter().map(String::as_str).chain(others).collect::<Vec<_>>().chunks(1000) {
        let words: Vec<&str> = ["MSET"].into_iter().chain(names.iter().flat_map(|name| [*name, "{}"])).collect();
        redis.command(&words);
    }
    pair.truth.sql("UPDATE users SET display_name = 'Ana, by hand' WHERE username = 'ana'").await;
    pair.show_the_same("nobody was told").await;

    let refused = pair.here.performance.empty_cache(&ben).map_err(backend::Error::into_domain);
    assert_eq!(refused, Err(Domain::Forbidden));
    pair.show_the_same("a member may not").await;
    let admin = Viewer { role: Role::Admin, ..ana };
    pair.here.performance.empty_cache(&admin).unwrap();
    let names = [&["EXISTS"], &names.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat();
    let removed = async {
        while redis.number(&names) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, removed).await.expect("all are removed");
    assert_eq!(redis.number(&[&["EXISTS", "test:cache:sums:1"], &others[..]].concat()), 4, "what else is there stays");
    pair.show_the_new_state("everything is forgotten").await;
}

/// It is as good as done without Redis.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_emptied_without_redis_too() {
    let mut redis = Redis::running();
    let (mut pair, ana, _) = Box::pin(Pair::new(Some(&redis))).await;
    redis.kill();
    pair.truth.sql("UPDATE users SET display_name = 'Ana, by hand' WHERE username = 'ana'").await;
    let admin = Viewer { role: Role::Admin, ..ana };
    pair.here.performance.empty_cache(&admin).unwrap();
    pair.show_the_new_state("everything is forgotten").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_all_servers_counted_is_added_up_in_redis() {
    let mut redis = Redis::running();
    let (pair, ..) = Box::pin(Pair::new(Some(&redis))).await;
    let told = async |backend: &Backend| {
        let told = async {
            loop {
                if let Some(sums) = backend.cache.share_numbers().await {
                    break sums;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, told).await.expect("Redis answers")
    };
    told(&pair.here).await;
    let sums = told(&pair.there).await;
    for ((namespace, here), sum) in pair.here.cache.numbers().into_iter().zip(sums) {
        let there = numbers(&pair.there, namespace);
        assert_eq!(sum, here.plus(there), "{namespace:?}");
        assert!(sum.questions() > 0, "{namespace:?}");
    }
    assert_eq!(told(&pair.here).await, sums, "nothing is added twice");
    assert_eq!(pair.here.cache.numbers_everywhere(), Some(Namespace::ALL.into_iter().zip(sums).collect()));
    redis.signal("STOP");
    let began = Instant::now();
    assert_eq!(pair.here.cache.share_numbers().await, None);
    assert!(began.elapsed() < Duration::from_secs(1), "a Redis that hangs is not waited for: {:?}", began.elapsed());
    redis.kill();
    assert_eq!(pair.here.cache.share_numbers().await, None);
    assert_eq!(pair.here.cache.numbers_everywhere(), None, "what is not known is not told");
}
