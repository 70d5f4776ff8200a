use super::{Ledger, Outcome, Request};
use domain::{
    Category, UserId,
    event::{Event, Heartbeat, MAX_TOPICS, Position, Topic, TopicSequence, Update},
};

const OTHER: Topic = Topic::Category(Category::Study);

fn at(sequence: u64) -> Position {
    Position { epoch: 1, sequence }
}

fn sequences(topics: &[(Topic, u64)]) -> Vec<TopicSequence> {
    topics.iter().map(|(topic, sequence)| TopicSequence { topic: *topic, sequence: *sequence }).collect()
}

fn event(topics: &[(Topic, u64)]) -> Update {
    let ended = Event::StreamEnded {
        channel: "00000000-0000-0000-0000-000000000001".parse::<UserId>().unwrap(),
        category: Category::Study,
    };
    Update { topics: sequences(topics), event: ended }
}

fn heartbeat(position: Position, topics: &[(Topic, u64)]) -> Heartbeat {
    Heartbeat { position, topics: sequences(topics) }
}

fn open(ledger: &mut Ledger) -> Option<Request> {
    let request = ledger.request()?;
    ledger.open(&request);
    Some(request)
}

fn delivered(readers: &[u32]) -> Outcome {
    Outcome { deliver: readers.to_vec(), resync: Vec::new() }
}

fn resynced(readers: &[u32]) -> Outcome {
    Outcome { deliver: Vec::new(), resync: readers.to_vec() }
}

/// One reader of all streams, connected at its snapshot's position; the topic stands at 10.
fn connected() -> (Ledger, u32) {
    let mut ledger = Ledger::default();
    let reader = ledger.add(vec![Topic::Streams], at(100));
    assert_eq!(open(&mut ledger), Some(Request { topics: vec![Topic::Streams], after: at(100) }));
    assert_eq!(ledger.heartbeat(heartbeat(at(100), &[(Topic::Streams, 10)])), Outcome::default());
    (ledger, reader)
}

#[test]
fn the_first_connection_begins_at_the_page() {
    let (mut ledger, reader) = connected();
    assert!(!ledger.needs_opening());
    assert_eq!(ledger.update(at(103), &event(&[(Topic::Streams, 11), (Topic::All, 103)])), delivered(&[reader]));
    assert_eq!(ledger.update(at(110), &event(&[(Topic::Streams, 12)])), delivered(&[reader]));
}

#[test]
fn a_channel_that_was_left_is_not_read_for_long() {
    let channel = Topic::Channel("00000000-0000-0000-0000-000000000001".parse::<UserId>().unwrap());
    let (mut ledger, _) = connected();
    let reader = ledger.add(vec![channel], at(100));
    open(&mut ledger);
    assert!(!ledger.lingers());
    ledger.remove(reader);
    assert!(ledger.lingers());
    assert_eq!(open(&mut ledger), Some(Request { topics: vec![Topic::Streams], after: at(100) }));
    assert!(!ledger.lingers());
    let other = ledger.add(vec![OTHER], at(100));
    open(&mut ledger);
    ledger.remove(other);
    assert!(!ledger.lingers(), "of other topics nobody counts the readers");
    ledger.open(&Request { topics: vec![Topic::Streams, channel], after: at(100) });
    assert!(!ledger.lingers(), "another tab reads it");
    assert!(ledger.reads_a_channel_for_others());
    ledger.add(vec![channel], at(100));
    ledger.open(&Request { topics: vec![Topic::Streams, OTHER, channel], after: at(100) });
    assert!(!ledger.reads_a_channel_for_others(), "this one reads it, too");
}

#[test]
fn nothing_is_asked_for_when_nobody_reads() {
    let mut ledger = Ledger::default();
    assert!(!ledger.needs_opening());
    assert_eq!(open(&mut ledger), None);
}

#[test]
fn a_duplicate_is_dropped() {
    let (mut ledger, reader) = connected();
    let first = event(&[(Topic::Streams, 11)]);
    assert_eq!(ledger.update(at(101), &first), delivered(&[reader]));
    assert_eq!(ledger.update(at(101), &first), Outcome::default());
}

#[test]
fn a_gap_is_reported() {
    let (mut ledger, reader) = connected();
    assert_eq!(ledger.update(at(105), &event(&[(Topic::Streams, 13)])), resynced(&[reader]));
    assert_eq!(ledger.update(at(106), &event(&[(Topic::Streams, 14)])), delivered(&[reader]), "and then it goes on");
}

#[test]
fn a_gap_concerns_the_readers_of_its_topic_only() {
    let mut ledger = Ledger::default();
    let (streams, other) = (ledger.add(vec![Topic::Streams], at(0)), ledger.add(vec![OTHER], at(0)));
    open(&mut ledger);
    ledger.heartbeat(heartbeat(at(0), &[(Topic::Streams, 0), (OTHER, 0)]));
    let outcome = ledger.update(at(9), &event(&[(Topic::Streams, 1), (OTHER, 3)]));
    assert_eq!(outcome, Outcome { deliver: vec![streams], resync: vec![other] });
}

#[test]
fn a_heartbeat_may_overtake_an_event() {
    let (mut ledger, reader) = connected();
    assert_eq!(ledger.heartbeat(heartbeat(at(101), &[(Topic::Streams, 11)])), Outcome::default());
    assert_eq!(ledger.update(at(101), &event(&[(Topic::Streams, 11)])), delivered(&[reader]));
    assert_eq!(ledger.heartbeat(heartbeat(at(101), &[(Topic::Streams, 11)])), Outcome::default());
}

#[test]
fn a_silent_loss_shows_by_the_second_heartbeat() {
    let (mut ledger, reader) = connected();
    assert_eq!(ledger.heartbeat(heartbeat(at(101), &[(Topic::Streams, 11)])), Outcome::default());
    assert_eq!(ledger.heartbeat(heartbeat(at(101), &[(Topic::Streams, 11)])), resynced(&[reader]));
    assert_eq!(ledger.heartbeat(heartbeat(at(101), &[(Topic::Streams, 11)])), Outcome::default());
}

#[test]
fn a_quiet_reader_does_not_ask_for_old_history() {
    let (mut ledger, _reader) = connected();
    ledger.heartbeat(heartbeat(at(500), &[(Topic::Streams, 10)]));
    ledger.heartbeat(heartbeat(at(900), &[(Topic::Streams, 10)]));
    ledger.close();
    assert!(ledger.needs_opening());
    assert_eq!(open(&mut ledger).map(|request| request.after), Some(at(500)), "the last one may have overtaken an event");
}

#[test]
fn a_reconnection_goes_on_after_the_last_event() {
    let (mut ledger, reader) = connected();
    ledger.update(at(120), &event(&[(Topic::Streams, 11)]));
    ledger.close();
    assert_eq!(open(&mut ledger), Some(Request { topics: vec![Topic::Streams], after: at(120) }));
    ledger.heartbeat(heartbeat(at(120), &[(Topic::Streams, 11)]));
    assert_eq!(ledger.update(at(130), &event(&[(Topic::Streams, 12)])), delivered(&[reader]));
}

#[test]
fn a_topic_that_was_idle_may_count_on_from_elsewhere() {
    let (mut ledger, reader) = connected();
    ledger.close();
    open(&mut ledger);
    ledger.heartbeat(heartbeat(at(100), &[(Topic::Streams, 400)]));
    assert_eq!(ledger.update(at(401), &event(&[(Topic::Streams, 401)])), delivered(&[reader]));
}

#[test]
fn another_reader_of_an_open_topic_needs_no_new_connection() {
    let (mut ledger, _first) = connected();
    ledger.update(at(101), &event(&[(Topic::Streams, 11)]));
    let second = ledger.add(vec![Topic::Streams], at(104));
    assert!(!ledger.needs_opening());
    let outcome = ledger.update(at(105), &event(&[(Topic::Streams, 12)]));
    assert!(outcome.deliver.contains(&second));
}

#[test]
fn a_snapshot_older_than_the_last_event_is_brought_up_to_date() {
    let (mut ledger, first) = connected();
    ledger.update(at(101), &event(&[(Topic::Streams, 11)]));
    let second = ledger.add(vec![Topic::Streams], at(100));
    assert!(ledger.needs_opening());
    assert_eq!(open(&mut ledger).map(|request| request.after), Some(at(100)));
    ledger.heartbeat(heartbeat(at(100), &[(Topic::Streams, 10)]));
    let replayed = ledger.update(at(101), &event(&[(Topic::Streams, 11)]));
    assert_eq!(replayed, delivered(&[second]), "the first has had it");
    assert_eq!(ledger.update(at(102), &event(&[(Topic::Streams, 12)])), delivered(&[first, second]));
}

#[test]
fn a_new_topic_reopens_and_an_abandoned_one_is_left_out() {
    let (mut ledger, home) = connected();
    ledger.remove(home);
    assert!(!ledger.needs_opening(), "nobody waits, so the connection stays");
    let watch = ledger.add(vec![OTHER], at(150));
    assert!(ledger.needs_opening());
    assert_eq!(open(&mut ledger), Some(Request { topics: vec![OTHER], after: at(150) }));
    ledger.heartbeat(heartbeat(at(150), &[(OTHER, 0)]));
    assert_eq!(ledger.update(at(151), &event(&[(OTHER, 1)])), delivered(&[watch]));
}

#[test]
fn a_connection_lost_during_replay_asks_again_for_the_rest() {
    let (mut ledger, _first) = connected();
    ledger.update(at(140), &event(&[(Topic::Streams, 11)]));
    ledger.add(vec![OTHER], at(120));
    assert_eq!(open(&mut ledger).map(|request| request.after), Some(at(120)));
    ledger.heartbeat(heartbeat(at(120), &[(Topic::Streams, 10), (OTHER, 4)]));
    ledger.close();
    assert_eq!(open(&mut ledger).map(|request| request.after), Some(at(120)));
}

#[test]
fn a_resync_concerns_everybody_and_sets_the_position() {
    let (mut ledger, reader) = connected();
    let restarted = Position { epoch: 2, sequence: 3 };
    assert_eq!(ledger.resync(heartbeat(restarted, &[(Topic::Streams, 1)])), resynced(&[reader]));
    let next = Position { epoch: 2, sequence: 4 };
    assert_eq!(ledger.update(next, &event(&[(Topic::Streams, 2)])), delivered(&[reader]));
    ledger.close();
    assert_eq!(open(&mut ledger).map(|request| request.after), Some(next));
}

#[test]
fn an_unannounced_epoch_is_a_resync() {
    let (mut ledger, reader) = connected();
    let elsewhere = Position { epoch: 9, sequence: 5 };
    assert_eq!(ledger.heartbeat(heartbeat(elsewhere, &[(Topic::Streams, 11)])), resynced(&[reader]));
    let (mut ledger, reader) = connected();
    let outcome = ledger.update(elsewhere, &event(&[(Topic::Streams, 11)]));
    assert_eq!(outcome.resync, [reader]);
}

#[test]
fn readers_of_two_epochs_agree_on_the_newest() {
    let (mut ledger, old) = connected();
    let position = Position { epoch: 2, sequence: 7 };
    let new = ledger.add(vec![OTHER], position);
    let request = open(&mut ledger).unwrap();
    assert_eq!(request.after, position);
    let outcome = ledger.heartbeat(heartbeat(position, &[(Topic::Streams, 0), (OTHER, 0)]));
    assert_eq!(outcome, resynced(&[old]));
    let next = Position { epoch: 2, sequence: 8 };
    assert_eq!(ledger.update(next, &event(&[(Topic::Streams, 1), (OTHER, 1)])), delivered(&[old, new]));
}

#[test]
fn tabs_that_share_a_connection_are_each_told_what_they_lack() {
    let (mut first, mut second) = (Ledger::default(), Ledger::default());
    let (streams, other) = (first.add(vec![Topic::Streams], at(104)), second.add(vec![OTHER], at(101)));
    let mut request = first.request().unwrap();
    request.include(second.request().unwrap());
    assert_eq!(request, Request { topics: vec![Topic::Streams, OTHER], after: at(101) });
    first.open(&request);
    second.open(&request);
    assert!(!first.needs_opening() && !second.needs_opening());
    let greeting = heartbeat(at(101), &[(Topic::Streams, 10), (OTHER, 4)]);
    assert_eq!((first.heartbeat(greeting.clone()), second.heartbeat(greeting)), Default::default());
    let (nobody, expected) = (Outcome::default, [delivered(&[streams]), delivered(&[other])]);
    for (position, topics, of_first, of_second) in [
        (102, (Topic::Streams, 11), nobody(), nobody()),
        (103, (OTHER, 5), nobody(), delivered(&[other])),
        (105, (OTHER, 6), nobody(), delivered(&[other])),
        (106, (Topic::Streams, 12), delivered(&[streams]), nobody()),
    ] {
        let update = event(&[topics]);
        assert_eq!((first.update(at(position), &update), second.update(at(position), &update)), (of_first, of_second));
    }
    let both = event(&[(Topic::Streams, 13), (OTHER, 7)]);
    assert_eq!([first.update(at(107), &both), second.update(at(107), &both)], expected);
    assert_eq!(second.update(at(109), &event(&[(OTHER, 9)])), resynced(&[other]), "each proves it for itself");
}

#[test]
fn a_tab_that_was_not_asked_for_notices() {
    let mut ledger = Ledger::default();
    ledger.add(vec![Topic::Streams, OTHER], at(100));
    for (topics, after, expected) in [
        (vec![Topic::Streams, OTHER, Topic::All], at(99), false),
        (vec![Topic::Streams, OTHER], at(101), true),
        (vec![Topic::Streams], at(100), true),
        // The first answer tells it to start anew.
        (vec![Topic::Streams, OTHER], Position { epoch: 2, sequence: 900 }, false),
    ] {
        ledger.open(&Request { topics, after });
        assert_eq!(ledger.needs_opening(), expected, "{after}");
    }
}

#[test]
fn no_more_is_asked_for_than_the_server_takes() {
    let channel = |n: u32| Topic::Channel(format!("00000000-0000-0000-0000-{n:012}").parse().unwrap());
    let channels = |first: u32| (first..first + 20).map(channel).collect();
    let mut request = Request { topics: channels(0), after: at(9) };
    request.include(Request { topics: channels(0), after: at(9) });
    assert_eq!(request.topics.len(), 20);
    request.include(Request { topics: channels(20), after: Position { epoch: 2, sequence: 1 } });
    assert_eq!((request.topics.len(), request.after), (MAX_TOPICS, at(9)));
}
