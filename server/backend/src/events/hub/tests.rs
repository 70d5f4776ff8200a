//! What the hub promises, checked against a plain list of everything that was published.

mod resuming;

use super::{Crowd, Frame, Hub, Membership, QUEUE_LENGTH, Start, Subscription, spread_ms};
use domain::{
    Category, UserId,
    event::{Event, Position, Topic},
};
use proptest::prelude::*;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, Weak},
};
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

/// What waits in its queue.
fn sequences(reader: &mut Subscription) -> Vec<u64> {
    std::iter::from_fn(|| reader.frames.try_recv().ok()).map(|frame| frame.position.sequence).collect()
}

#[test]
fn a_reader_gets_its_topics_once_and_in_order() {
    let hub = Hub::new().unwrap();
    let mut both = hub.subscribe(vec![Topic::Streams, Topic::Category(Category::Study)], Some(hub.position()));
    let mut all = hub.subscribe(vec![Topic::All], Some(hub.position()));
    hub.publish(&[Topic::Streams, Topic::Category(Category::Study)], &event(1));
    hub.publish(&[Topic::Category(Category::Coding)], &event(2));
    hub.publish(&[Topic::Streams], &event(3));
    assert_eq!(sequences(&mut both), [1, 3]);
    assert_eq!(sequences(&mut all), [1, 2, 3]);
}

#[test]
fn who_reads_everything_hears_once_what_may_be_about_anything() {
    let hub = Hub::new().unwrap();
    let before = hub.position();
    let mut all = hub.subscribe(vec![Topic::All], Some(before));
    let mut some = hub.subscribe(vec![Topic::Streams], Some(before));
    hub.publish(&[Topic::Streams], &event(1));
    hub.publish(&[Topic::All], &Event::Hidden);
    hub.publish(&[Topic::Streams], &event(3));
    let told: Vec<u64> =
        std::iter::from_fn(|| all.frames.try_recv().ok()).filter_map(|frame| frame.sequence_in(Topic::All)).collect();
    assert_eq!(told, [1, 2, 3], "without a gap");
    assert_eq!(sequences(&mut some), [1, 3]);
    assert_eq!(missed(&hub.subscribe(vec![Topic::All], Some(before)).start), Some(vec![1, 2, 3]));
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
fn the_more_readers_the_longer_they_take_to_come_back() {
    let hub = Hub::new().unwrap();
    let readers: Vec<_> = (0..100).map(|_| hub.subscribe(vec![Topic::Streams], None)).collect();
    assert_eq!(readers[0].spread_ms(), 80);
    assert_eq!([1, 1250, 10_000, 1_000_000].map(spread_ms), [0, 1000, 8000, 30_000]);
}

#[test]
fn a_dropped_reader_leaves() {
    let hub = Hub::new().unwrap();
    drop(hub.subscribe(vec![Topic::Streams, Topic::All], None));
    assert_eq!(hub.n_readers(), 0);
}

/// What a crowd was told, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Joined(u64, Vec<Topic>),
    Frame(u64, Vec<Topic>),
    LostContinuity,
}

#[derive(Default)]
struct Listening(Mutex<Vec<Told>>);

impl Listening {
    fn note(&self, told: Told) {
        self.0.lock().unwrap().push(told);
    }

    fn told(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }

    /// The sequences that this reader hears of all that is told.
    fn heard_by(&self, reader: u64) -> Vec<u64> {
        let (mut topics, mut heard) = (Vec::new(), Vec::new());
        for told in self.told() {
            match told {
                Told::Joined(number, read) if number == reader => topics = read,
                Told::Frame(sequence, of) if of.iter().any(|topic| topics.contains(topic)) => heard.push(sequence),
                Told::LostContinuity => topics.clear(),
                _ => {}
            }
        }
        heard
    }
}

impl Crowd for Listening {
    fn tell(&self, frame: &Arc<Frame>) {
        self.note(Told::Frame(frame.position.sequence, frame.topics().collect()));
    }

    fn lose_continuity(&self) {
        self.note(Told::LostContinuity);
    }
}

/// A hub with a crowd.
fn gathered() -> (Hub, Arc<Listening>) {
    let (hub, crowd) = (Hub::new().unwrap(), Arc::new(Listening::default()));
    let weak: Weak<Listening> = Arc::downgrade(&crowd);
    hub.gather(weak);
    (hub, crowd)
}

/// Adds a reader to the crowd, and answers its number too.
fn join(hub: &Hub, crowd: &Listening, topics: &[Topic], after: Option<Position>) -> (u64, Start, Membership) {
    let mut number = 0;
    let (start, membership) = hub.join(topics.to_vec(), after, |reader, topics| {
        number = reader;
        crowd.note(Told::Joined(reader, topics.to_vec()));
    });
    (number, start, membership)
}

#[test]
fn a_crowd_is_told_only_what_somebody_in_it_reads() {
    let (hub, crowd) = gathered();
    hub.publish(&[Topic::Streams], &event(1));
    let (reader, _, membership) = join(&hub, &crowd, &[Topic::Streams, Topic::Streams], None);
    hub.publish(&[Topic::Category(Category::Study)], &event(2));
    hub.publish(&[Topic::Streams], &event(3));
    drop(membership);
    hub.publish(&[Topic::Streams], &event(4));
    let expected = [Told::Joined(reader, vec![Topic::Streams]), Told::Frame(3, vec![Topic::Streams, Topic::All])];
    assert_eq!(crowd.told(), expected);
    assert_eq!(hub.n_readers(), 0);
    drop(crowd);
    hub.publish(&[Topic::Streams], &event(5));
}

#[test]
fn who_leaves_after_continuity_was_lost_takes_nobody_along() {
    let (hub, crowd) = gathered();
    let (_, _, old) = join(&hub, &crowd, &[Topic::Streams], None);
    hub.lose_continuity();
    let (new, _, _membership) = join(&hub, &crowd, &[Topic::Streams], None);
    drop(old);
    hub.publish(&[Topic::Streams], &event(1));
    assert_eq!(crowd.heard_by(new), [1]);
    assert!(crowd.told().contains(&Told::LostContinuity));
}

const TOPICS: [Topic; 3] = [Topic::Streams, Topic::Category(Category::Study), Topic::Category(Category::Coding)];

/// What happens to a hub with readers of both kinds.
#[derive(Debug, Clone)]
enum Step {
    Publish(Vec<Topic>),
    /// Somebody comes in both ways, with what was seen up to here.
    Come(Vec<Topic>),
    /// The one who came first goes.
    Go,
    LoseContinuity,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let topics = || proptest::sample::subsequence(&TOPICS[..], 1..=3);
    let step = prop_oneof![
        8 => topics().prop_map(Step::Publish),
        3 => topics().prop_map(Step::Come),
        2 => Just(Step::Go),
        1 => Just(Step::LoseContinuity),
    ];
    proptest::collection::vec(step, 0..80)
}

proptest! {
    /// Whoever comes, goes or starts anew, and when: a reader in a crowd hears what it would hear by a queue of its own.
    #[test]
    fn a_crowd_hears_what_readers_with_queues_hear(steps in steps()) {
        let (hub, crowd) = gathered();
        let (mut here, mut gone) = (VecDeque::new(), Vec::new());
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Publish(topics) => hub.publish(&topics, &event(n as u128)),
                Step::Come(topics) => {
                    let after = Some(hub.position());
                    here.push_back((join(&hub, &crowd, &topics, after), hub.subscribe(topics, after)));
                }
                Step::Go => {
                    if let Some(((reader, _, membership), mut queue)) = here.pop_front() {
                        drop(membership);
                        let heard: Vec<u64> = sequences(&mut queue);
                        crowd.note(Told::Joined(reader, Vec::new()));
                        gone.push((reader, heard));
                    }
                }
                Step::LoseContinuity => hub.lose_continuity(),
            }
        }
        for ((reader, ..), mut queue) in here {
            gone.push((reader, sequences(&mut queue)));
        }
        for (reader, heard) in gone {
            prop_assert_eq!(crowd.heard_by(reader), heard);
        }
    }
}

/// What is written for a reader, without the position.
fn words(subscription: &Subscription, frame: &Frame) -> domain::event::Update {
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
