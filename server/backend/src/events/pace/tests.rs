//! What the pace promises, checked against lists that hear everything at once.

use super::{INTERVAL, Pace, Told};
use crate::stream_topics;
use domain::{
    BroadcastId, Category, Timestamp, UserId,
    event::{Event, Position, Topic, ViewerCount},
    stream::{CategoryRow, Live, Signal, StreamCard, StreamScope, StreamSnapshot},
    stream_list::StreamList,
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use uuid::Uuid;

fn card(n: u8, category: Category, revision: u32, viewers: u32) -> StreamCard {
    StreamCard {
        channel: UserId(Uuid::from_u128(n.into())),
        username: "ana".parse().unwrap(),
        display_name: "Ana".to_owned(),
        title: format!("Revision {revision}"),
        category,
        avatar: None,
        cover: None,
        live: Live { broadcast: BroadcastId(Uuid::nil()), started_at: Timestamp(0), signal: Signal::Live, viewers },
    }
}

fn updated(stream: StreamCard, previous_category: Category) -> Told {
    let mut topics = stream_topics(&stream).to_vec();
    if previous_category != stream.category {
        topics.push(Topic::Category(previous_category));
    }
    Told { topics, event: Event::StreamUpdated { stream, previous_category } }
}

fn viewers(topic: Topic, stream: &StreamCard) -> Told {
    let count = ViewerCount { channel: stream.channel, category: stream.category, viewers: stream.live.viewers };
    Told { topics: vec![topic], event: Event::Viewers { counts: vec![count] } }
}

/// The pace with a clock, and everything that it told.
struct Run {
    pace: Pace,
    now: Instant,
    told: Vec<(Instant, Told)>,
    /// What was told out of turn, since something about the same stream followed.
    n_overtaken: usize,
}

impl Run {
    fn new() -> Self {
        Self { pace: Pace::default(), now: Instant::now(), told: Vec::new(), n_overtaken: 0 }
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(next) = self.pace.next_due().filter(|next| *next <= until) {
            let due = self.pace.due(next);
            assert!(!due.is_empty(), "what is due is told, so that time goes on");
            self.told.extend(due.into_iter().map(|told| (next, told)));
        }
        self.now = until;
    }

    /// Whether it was told at once.
    fn offer(&mut self, offered: Told) -> bool {
        if let Some(earlier) = self.pace.overtaken_by(&offered.event) {
            self.n_overtaken += 1;
            self.told.push((self.now, earlier));
        }
        let is_admitted = self.pace.admit(&offered.topics, &offered.event, self.now);
        if is_admitted {
            self.told.push((self.now, offered));
        }
        is_admitted
    }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn the_first_change_goes_out_at_once_and_the_last_of_an_interval_at_its_end() {
    let mut run = Run::new();
    let begin = run.now;
    let change = |revision, category, previous| updated(card(1, category, revision, 0), previous);
    assert!(run.offer(change(1, Category::Study, Category::Coding)));
    run.pass(ms(100));
    assert!(!run.offer(change(2, Category::Innovation, Category::Study)));
    run.pass(ms(100));
    assert!(!run.offer(change(3, Category::Creativity, Category::Innovation)));
    run.pass(ms(49));
    assert_eq!(run.told.len(), 1);
    run.pass(ms(1));
    let (at, Told { topics, event }) = run.told.pop().unwrap();
    assert_eq!(at, begin + INTERVAL);
    let stream = card(1, Category::Creativity, 3, 0);
    assert_eq!(event, Event::StreamUpdated { stream, previous_category: Category::Study }, "it stood in Study before");
    assert!([Category::Study, Category::Creativity].iter().all(|category| topics.contains(&Topic::Category(*category))));
    assert!(!run.offer(change(4, Category::Study, Category::Creativity)), "a new interval began");
    run.pass(INTERVAL);
    run.pass(INTERVAL);
    assert!(run.offer(change(5, Category::Coding, Category::Study)), "it was quiet");
}

#[test]
fn other_streams_do_not_wait() {
    let mut run = Run::new();
    for n in 1..=9 {
        assert!(run.offer(updated(card(n, Category::Study, 1, 0), Category::Study)), "{n}");
    }
}

#[test]
fn viewers_are_one_event_per_topic_and_interval() {
    let mut run = Run::new();
    assert!(run.offer(viewers(Topic::Streams, &card(1, Category::Study, 0, 1))));
    for (n, count) in [(2, 5), (3, 7), (2, 6)] {
        assert!(!run.offer(viewers(Topic::Streams, &card(n, Category::Study, 0, count))));
    }
    let study = Topic::Category(Category::Study);
    assert!(run.offer(viewers(study, &card(2, Category::Study, 0, 6))), "another topic has a pace of its own");
    run.pass(INTERVAL);
    let counts = |told: &Told| match &told.event {
        Event::Viewers { counts } => counts.iter().map(|count| (count.channel.0.as_u128(), count.viewers)).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let of_all: Vec<_> =
        run.told.iter().filter(|(_, told)| told.topics == [Topic::Streams]).map(|(_, told)| counts(told)).collect();
    assert_eq!(of_all, [vec![(1, 1)], vec![(2, 6), (3, 7)]]);
}

#[test]
fn a_card_that_waits_does_not_bring_back_an_older_count() {
    let mut run = Run::new();
    run.offer(updated(card(1, Category::Study, 1, 5), Category::Study));
    run.offer(updated(card(1, Category::Study, 2, 5), Category::Study));
    assert!(run.offer(viewers(Topic::Streams, &card(1, Category::Study, 2, 9))));
    run.pass(INTERVAL);
    let expected = updated(card(1, Category::Study, 2, 9), Category::Study).event;
    assert_eq!(run.told.pop().unwrap().1.event, expected);
}

#[test]
fn an_end_is_told_at_once_and_last() {
    let mut run = Run::new();
    run.offer(updated(card(1, Category::Study, 1, 0), Category::Study));
    run.offer(updated(card(1, Category::Study, 2, 0), Category::Study));
    let end = Event::StreamEnded { channel: card(1, Category::Study, 0, 0).channel, category: Category::Study };
    assert!(run.offer(Told { topics: vec![Topic::Streams], event: end.clone() }));
    let told: Vec<&Event> = run.told.iter().map(|(_, told)| &told.event).collect();
    assert!(matches!(told[1], Event::StreamUpdated { stream, .. } if stream.title == "Revision 2"));
    assert_eq!(told[2], &end);
    assert_eq!(run.pace.next_due(), None);
}

#[test]
fn what_is_over_is_forgotten() {
    let mut run = Run::new();
    for n in 0..=200 {
        run.offer(updated(card(n, Category::Study, 1, 0), Category::Study));
        run.pass(ms(10));
        assert!(run.pace.windows.len() <= 26, "{}", run.pace.windows.len());
    }
}

/// Everything that happens to a few streams, as the services tell it.
#[derive(Debug, Clone, Copy)]
enum Step {
    Start(usize),
    Move(usize),
    Rename,
    Count(u32),
    End,
}

fn steps() -> impl Strategy<Value = Vec<(u64, u8, Step)>> {
    let step = prop_oneof![
        2 => (0usize..4).prop_map(Step::Start),
        3 => (0usize..4).prop_map(Step::Move),
        3 => Just(Step::Rename),
        4 => (0u32..50).prop_map(Step::Count),
        1 => Just(Step::End),
    ];
    let pause = prop_oneof![3 => Just(0u64), 5 => 1u64..80, 1 => 200u64..300];
    proptest::collection::vec((pause, 0u8..3, step), 0..80)
}

/// The events of a step, and what is live after it.
fn perform(live: &mut BTreeMap<u8, StreamCard>, n: u8, step: Step, revision: u32) -> Vec<Told> {
    match (step, live.get_mut(&n)) {
        (Step::Start(category), None) => {
            let stream = card(n, Category::ALL[category], revision, 0);
            live.insert(n, stream.clone());
            vec![Told { topics: stream_topics(&stream).to_vec(), event: Event::StreamStarted { stream } }]
        }
        (Step::End, Some(_)) => {
            let stream = live.remove(&n).unwrap();
            let topics = stream_topics(&stream).to_vec();
            vec![Told { topics, event: Event::StreamEnded { channel: stream.channel, category: stream.category } }]
        }
        (Step::Move(category), Some(stream)) => {
            let previous = stream.category;
            *stream = card(n, Category::ALL[category], revision, stream.live.viewers);
            vec![updated(stream.clone(), previous)]
        }
        (Step::Rename, Some(stream)) => {
            *stream = card(n, stream.category, revision, stream.live.viewers);
            vec![updated(stream.clone(), stream.category)]
        }
        (Step::Count(count), Some(stream)) => {
            stream.live.viewers = count;
            let topics = [Topic::Channel(stream.channel), Topic::Category(stream.category), Topic::Streams];
            topics.map(|topic| viewers(topic, stream)).to_vec()
        }
        _ => Vec::new(),
    }
}

/// A page that reads one topic from the beginning.
fn read(scope: StreamScope, topic: Topic, told: &[Told]) -> Vec<(Category, u32, BTreeMap<UserId, StreamCard>)> {
    let categories: Vec<Category> = match scope {
        StreamScope::Home => Category::ALL.to_vec(),
        StreamScope::Category { category, .. } => vec![category],
    };
    let rows = categories.into_iter().map(|category| CategoryRow { category, total: 0, streams: Vec::new() }).collect();
    let position = Position { epoch: 1, sequence: 0 };
    let mut list = StreamList::new(scope, StreamSnapshot { position, rows, hero: None, upcoming: Vec::new() });
    for (sequence, told) in (1..).zip(told.iter().filter(|told| told.topics.contains(&topic))) {
        list.apply(Position { sequence, ..position }, &told.event);
    }
    let shown = |row: &CategoryRow| row.streams.iter().map(|card| (card.channel, card.clone())).collect();
    list.snapshot().rows.iter().map(|row| (row.category, row.total, shown(row))).collect()
}

fn subject(told: &Told) -> Option<super::Subject> {
    super::Subject::of(&told.topics, &told.event)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// Whatever happens and when: every page shows in the end what it would show had it heard everything at once; nothing
    /// waits longer than an interval; and nothing is told more often than once an interval, unless it was overtaken.
    #[test]
    fn pages_end_up_right_and_hear_less(steps in steps()) {
        let (mut run, mut live, mut direct) = (Run::new(), BTreeMap::new(), Vec::new());
        let mut offered_last: BTreeMap<super::Subject, Instant> = BTreeMap::new();
        for (revision, (pause, n, step)) in (0..).zip(steps) {
            run.pass(Duration::from_millis(pause));
            for told in perform(&mut live, n, step, revision) {
                direct.push(told.clone());
                let subject = subject(&told);
                let was_quiet = subject.as_ref().is_none_or(|subject| {
                    offered_last.get(subject).is_none_or(|last| run.now.duration_since(*last) >= 2 * INTERVAL)
                });
                let is_told = run.offer(told);
                prop_assert!(is_told || !was_quiet, "after a quiet time the first goes out at once");
                if let Some(subject) = subject {
                    offered_last.insert(subject, run.now);
                }
            }
            if let Some(next) = run.pace.next_due() {
                prop_assert!(run.now < next && next <= run.now + INTERVAL, "nothing waits longer than an interval");
            }
        }
        run.pass(INTERVAL);
        prop_assert_eq!(run.pace.next_due(), None, "everything was told");

        let mut n_early = 0;
        let mut told_last: BTreeMap<super::Subject, Instant> = BTreeMap::new();
        for (at, told) in &run.told {
            let Some(subject) = subject(told) else { continue };
            if let super::Subject::Viewers(_) = subject
                && let Some(last) = told_last.get(&subject)
            {
                prop_assert!(at.duration_since(*last) >= INTERVAL);
            }
            n_early += usize::from(told_last.insert(subject, *at).is_some_and(|last| at.duration_since(last) < INTERVAL));
        }
        let n_ends = direct.iter().filter(|told| subject(told).is_none()).count();
        prop_assert!(n_early <= run.n_overtaken + n_ends, "{} told early, {} overtaken", n_early, run.n_overtaken);

        let told: Vec<Told> = run.told.into_iter().map(|(_, told)| told).collect();
        prop_assert!(told.len() <= direct.len());
        prop_assert_eq!(read(StreamScope::Home, Topic::Streams, &told), read(StreamScope::Home, Topic::Streams, &direct));
        for category in Category::ALL {
            let (scope, topic) = (StreamScope::Category { category, page: 1 }, Topic::Category(category));
            prop_assert_eq!(read(scope, topic, &told), read(scope, topic, &direct));
        }
    }
}
