//! Who was away is told all that was missed, or to begin anew.

use super::{
    super::{
        Hub, MOST_UNREAD_TOPICS, Start,
        topic::{HISTORY_AGE, HISTORY_LENGTH},
    },
    TOPICS, event, missed,
};
use domain::{
    Category, UserId,
    event::{Position, Topic},
};
use proptest::prelude::*;
use std::time::{Duration, Instant};
use uuid::Uuid;

#[test]
fn what_cannot_be_proved_is_a_resync() {
    let hub = Hub::new().unwrap();
    let before = hub.position();
    hub.publish(&[Topic::Streams], &event(1));
    let start = |after: Option<Position>| missed(&hub.subscribe(vec![Topic::Streams], after).start);
    assert_eq!(start(None), None);
    assert_eq!(start(Some(Position { epoch: before.epoch ^ 1, ..before })), None);
    assert_eq!(start(Some(Position { sequence: 1_000_000, ..before })), None);
    assert_eq!(start(Some(before)), Some(vec![1]));
    assert_eq!(start(Some(hub.position())), Some(vec![]));

    for n in 0..HISTORY_LENGTH {
        hub.publish(&[Topic::Streams], &event(n as u128));
    }
    assert_eq!(start(Some(before)), None, "the first event is forgotten");
    assert_eq!(start(Some(Position { sequence: 1, ..before })).map(|missed| missed.len()), Some(HISTORY_LENGTH));
    let quiet = missed(&hub.subscribe(vec![Topic::Category(Category::Coding)], Some(before)).start);
    assert_eq!(quiet, Some(vec![]), "another topic forgot nothing");
}

#[test]
fn what_nobody_reads_is_remembered_only_so_far() {
    const N: u64 = MOST_UNREAD_TOPICS as u64 + 1;
    let hub = Hub::new().unwrap();
    let member = |n: u64| Topic::Member(UserId(Uuid::from_u128(n.into())));
    let _reader = hub.subscribe(vec![Topic::Streams], None);
    hub.publish(&[Topic::Streams], &event(0));
    let before = hub.position();
    // How long this takes is of no account.
    let began = Instant::now() + Duration::from_mins(1);
    hub.lock().swept = began;
    for n in 0..N {
        hub.publish(&[member(n)], &event(n.into()));
        // It is read no more, and nothing was said in it.
        drop(hub.subscribe(vec![member(N + n)], None));
    }
    hub.publish(&[Topic::Streams], &event(1));
    hub.lock().sweep(began + Duration::from_secs(2));
    let n_topics = hub.lock().topics.len();
    assert!((MOST_UNREAD_TOPICS / 2..=MOST_UNREAD_TOPICS / 2 + 3).contains(&n_topics), "about half are left: {n_topics}");
    let start = |topic: Topic, after: Position| missed(&hub.subscribe(vec![topic], Some(after)).start).map(|missed| missed.len());
    assert_eq!(start(member(7), before), None, "nobody can prove what was missed");
    assert_eq!(start(member(7), hub.position()), Some(0));
    assert_eq!(start(member(N - 1), before), Some(1), "what was said last is remembered");
    assert_eq!(start(Topic::Streams, before), Some(1), "as is what somebody reads");
    assert_eq!(start(Topic::All, hub.position()), Some(0));
}

/// What somebody who left at this position and reads these topics is to be told, of everything that was published.
fn since(published: &[Vec<Topic>], left_at: u64, wanted: &[Topic]) -> Vec<u64> {
    let is_wanted = |topics: &[Topic]| topics.iter().any(|topic| wanted.contains(topic));
    let numbered = published.iter().zip(1u64..);
    numbered.filter(|(topics, n)| *n > left_at && is_wanted(topics)).map(|(_, n)| n).collect()
}

proptest! {
    /// Wherever a reader left off, it continues with exactly what its topics had since, and its heartbeat fits.
    #[test]
    fn resuming_misses_nothing_and_repeats_nothing(
        published in proptest::collection::vec(proptest::sample::subsequence(&TOPICS[..], 1..=3), 0..60),
        wanted in proptest::sample::subsequence(&TOPICS[..], 1..=3),
        left_at in 0usize..60,
    ) {
        let hub = Hub::new().unwrap();
        let epoch = hub.position().epoch;
        for (n, topics) in published.iter().enumerate() {
            hub.publish(topics, &event(n as u128));
        }
        let left_at = left_at.min(published.len()) as u64;
        let expected = since(&published, left_at, &wanted);
        let subscription = hub.subscribe(wanted.clone(), Some(Position { epoch, sequence: left_at }));
        prop_assert_eq!(missed(&subscription.start), Some(expected));
        let Start::Continues { from, missed } = &subscription.start else { unreachable!() };
        for known in &from.topics {
            let first = missed.iter().find_map(|frame| frame.sequence_in(known.topic));
            let now = subscription.heartbeat().topics.into_iter().find(|now| now.topic == known.topic).unwrap();
            prop_assert_eq!(known.sequence, first.map_or(now.sequence, |first| first - 1));
        }
    }
}

/// What happens while a reader is away.
#[derive(Debug, Clone)]
enum Meanwhile {
    Publish(Vec<Topic>),
    /// Everything that was published so far becomes too old to be kept.
    Age,
}

fn meanwhile() -> impl Strategy<Value = Vec<Meanwhile>> {
    let publish = proptest::sample::subsequence(&TOPICS[..], 1..=3).prop_map(Meanwhile::Publish);
    proptest::collection::vec(prop_oneof![6 => publish, 1 => Just(Meanwhile::Age)], 0..60)
}

proptest! {
    /// However much is forgotten, who resumes gets all that its topics had, or is told to begin anew; and the latter only
    /// when something is forgotten that it may have missed.
    #[test]
    fn what_is_too_old_is_never_a_part_of_the_story(
        meanwhile in meanwhile(),
        wanted in proptest::sample::subsequence(&TOPICS[..], 1..=3),
        left_at in 0usize..60,
        somebody_reads in proptest::sample::subsequence(&TOPICS[..], 0..=3),
    ) {
        let hub = Hub::new().unwrap();
        let epoch = hub.position().epoch;
        let _reader = hub.subscribe(somebody_reads, None);
        let (mut published, mut n_ages, mut forgotten_through) = (Vec::new(), 0, 0);
        for step in meanwhile {
            match step {
                Meanwhile::Publish(topics) => {
                    hub.publish(&topics, &event(published.len() as u128));
                    published.push(topics);
                }
                Meanwhile::Age => {
                    n_ages += 1;
                    hub.lock().sweep(Instant::now() + HISTORY_AGE * (n_ages + 1));
                    forgotten_through = published.len() as u64;
                }
            }
        }
        let left_at = left_at.min(published.len()) as u64;
        let expected = since(&published, left_at, &wanted);
        let is_lost = expected.first().is_some_and(|first| *first <= forgotten_through);
        match missed(&hub.subscribe(wanted, Some(Position { epoch, sequence: left_at })).start) {
            Some(missed) => prop_assert!(!is_lost && missed == expected, "{missed:?} instead of {expected:?}"),
            None => prop_assert!(left_at < forgotten_through, "all that was missed is there: {expected:?}"),
        }
    }
}
