//! What the hub promises, checked against a plain list of everything that was published.

use super::{HISTORY_LENGTH, Hub, QUEUE_LENGTH, Start};
use domain::{
    Category, UserId,
    event::{Event, Position, Topic},
};
use proptest::prelude::*;
use uuid::Uuid;

fn event(n: u128) -> Event {
    Event::StreamEnded { channel: UserId(Uuid::from_u128(n)), category: Category::Study }
}

fn missed(start: &Start) -> Option<Vec<u64>> {
    match start {
        Start::Continues { missed, .. } => Some(missed.iter().map(|frame| frame.position.sequence).collect()),
        Start::Resync { .. } => None,
    }
}

#[test]
fn a_reader_gets_its_topics_once_and_in_order() {
    let hub = Hub::new().unwrap();
    let mut both = hub.subscribe(vec![Topic::Streams, Topic::Category(Category::Study)], Some(hub.position()));
    let mut all = hub.subscribe(vec![Topic::All], Some(hub.position()));
    hub.publish(&[Topic::Streams, Topic::Category(Category::Study)], &event(1));
    hub.publish(&[Topic::Category(Category::Coding)], &event(2));
    hub.publish(&[Topic::Streams], &event(3));
    let sequences = |frames: &mut tokio::sync::mpsc::Receiver<std::sync::Arc<super::Frame>>| {
        std::iter::from_fn(|| frames.try_recv().ok()).map(|frame| frame.position.sequence).collect::<Vec<_>>()
    };
    assert_eq!(sequences(&mut both.frames), [1, 3]);
    assert_eq!(sequences(&mut all.frames), [1, 2, 3]);
}

#[test]
fn a_frame_is_one_server_sent_event() {
    let hub = Hub::new().unwrap();
    let mut reader = hub.subscribe(vec![Topic::Streams], None);
    hub.publish(&[Topic::Streams], &event(1));
    let frame = reader.frames.try_recv().unwrap();
    let text = std::str::from_utf8(&frame.bytes).unwrap();
    let (id, rest) = text.strip_prefix("id: ").unwrap().split_once('\n').unwrap();
    assert_eq!(id.parse(), Ok(frame.position));
    let json = rest.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap();
    assert_eq!(serde_json::from_str::<domain::event::Update>(json).unwrap().event, event(1));
}

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
fn a_slow_reader_is_let_go_and_others_are_not() {
    let hub = Hub::new().unwrap();
    let mut slow = hub.subscribe(vec![Topic::Streams, Topic::Category(Category::Study)], None);
    let mut quick = hub.subscribe(vec![Topic::Streams], None);
    for n in 0..=QUEUE_LENGTH {
        hub.publish(&[Topic::Streams], &event(n as u128));
        assert!(quick.frames.try_recv().is_ok());
    }
    assert_eq!(hub.n_readers(), 1);
    hub.publish(&[Topic::Category(Category::Study)], &event(0));
    let received = std::iter::from_fn(|| slow.frames.try_recv().ok()).count();
    assert_eq!(received, QUEUE_LENGTH, "what was queued, and nothing after the gap");
    assert!(slow.frames.is_closed());
}

#[test]
fn losing_continuity_lets_everybody_go() {
    let hub = Hub::new().unwrap();
    let mut reader = hub.subscribe(vec![Topic::Streams], None);
    let before = hub.position();
    hub.lose_continuity();
    assert!(matches!(reader.frames.try_recv(), Err(tokio::sync::mpsc::error::TryRecvError::Disconnected)));
    assert_eq!(missed(&hub.subscribe(vec![Topic::Streams], Some(before)).start), None);
}

#[test]
fn a_dropped_reader_leaves() {
    let hub = Hub::new().unwrap();
    drop(hub.subscribe(vec![Topic::Streams, Topic::All], None));
    assert_eq!(hub.n_readers(), 0);
}

const TOPICS: [Topic; 3] = [Topic::Streams, Topic::Category(Category::Study), Topic::Category(Category::Coding)];

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
        let expected: Vec<u64> = published
            .iter()
            .zip(1u64..)
            .filter(|(topics, sequence)| *sequence > left_at && topics.iter().any(|topic| wanted.contains(topic)))
            .map(|(_, sequence)| sequence)
            .collect();
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

/// What is written for a reader, without the position.
fn words(subscription: &super::Subscription, frame: &super::Frame) -> domain::event::Update {
    let bytes = subscription.bytes(frame);
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(text.starts_with(&format!("id: {}\n", frame.position)), "{text}");
    serde_json::from_str(text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap()).unwrap()
}

#[test]
fn a_hidden_person_leaves_a_place_but_no_word() {
    let hub = Hub::new().unwrap();
    let (ana, ben) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
    let study = Topic::Category(Category::Study);
    let mut reader = hub.subscribe(vec![Topic::Streams, Topic::Channel(ana)], None);
    reader.hide([ana]);
    hub.publish(&[Topic::Streams, study, Topic::Channel(ana)], &event(1));
    hub.publish(&[Topic::Streams, study, Topic::Channel(ben)], &event(2));
    let count = |channel| domain::event::ViewerCount { channel, category: Category::Study, viewers: 3 };
    hub.publish(&[Topic::Streams], &Event::Viewers { counts: vec![count(ana), count(ben)] });
    // About somebody else, but said in the hidden person's own room.
    hub.publish(&[Topic::Channel(ana)], &Event::FollowersChanged { channel: ben, followers: 1 });

    let mut next = || reader.frames.try_recv().unwrap();
    let frames = [next(), next(), next(), next()];
    let told: Vec<_> = frames.iter().map(|frame| words(&reader, frame)).collect();
    assert_eq!(told[0].event, Event::Hidden);
    assert!(told[0].topics.iter().all(|known| known.topic != study), "only the reader's own topics: {:?}", told[0].topics);
    assert_eq!(told[1].event, event(2));
    assert_eq!(told[2].event, Event::Viewers { counts: vec![count(ben)] });
    assert_eq!(told[3].event, Event::Hidden);
    let in_streams = |update: &domain::event::Update| {
        update.topics.iter().find(|known| known.topic == Topic::Streams).map(|known| known.sequence)
    };
    assert_eq!(told.iter().filter_map(in_streams).collect::<Vec<_>>(), [1, 2, 3], "no gap");

    reader.hide([]);
    assert_eq!(words(&reader, &frames[0]).event, event(1));
}

#[test]
fn after_a_block_its_two_sides_begin_anew_and_nobody_else() {
    let hub = Hub::new().unwrap();
    let (ana, ben, cleo) = (1, 2, 3);
    let member = |n: u128| Topic::Member(UserId(Uuid::from_u128(n)));
    let before = hub.position();
    let mut readers = [ana, ben, cleo].map(|n| hub.subscribe(vec![Topic::Streams, member(n)], Some(before)));
    let mut all = hub.subscribe(vec![Topic::All], Some(before));
    hub.publish(&[member(ana), member(ben)], &Event::BlocksChanged);
    for reader in &mut readers[..2] {
        let frame = reader.frames.try_recv().unwrap();
        assert!(reader.is_outdated_by(&frame));
    }
    assert!(readers[2].frames.try_recv().is_err(), "it does not concern her");
    let frame = all.frames.try_recv().unwrap();
    assert!(!all.is_outdated_by(&frame));
    let start = |n: u128, after: Position| missed(&hub.subscribe(vec![Topic::Streams, member(n)], Some(after)).start);
    assert_eq!(start(ana, before), None, "what is on the page may be about somebody hidden");
    assert_eq!(start(cleo, before), Some(vec![]));
    assert_eq!(start(ana, hub.position()), Some(vec![]), "a page read after the block");
}
