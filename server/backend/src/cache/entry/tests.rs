//! What is given away of one key, whatever happens to it.

use super::{Entry, Kept, Lifetime, Verdict};
use crate::events::Hub;
use domain::{
    Category, Error, UserId,
    event::{Event, Position, Topic},
};
use proptest::prelude::*;
use std::time::{Duration, Instant};
use uuid::Uuid;

const LIFETIME: Lifetime =
    Lifetime { fresh: Duration::from_secs(2), stale: Duration::from_secs(30), keep: Duration::from_mins(10) };
const CHANNEL: UserId = UserId(Uuid::nil());

struct Bench {
    hub: Hub,
    entry: Entry<u32>,
    start: Instant,
}

impl Bench {
    fn new() -> Self {
        Self { hub: Hub::new().unwrap(), entry: Entry::default(), start: Instant::now() }
    }

    /// A value that was read just now, at the start.
    fn kept(&self, value: u32) -> Kept<u32> {
        Kept {
            value,
            topics: vec![Topic::Streams],
            read_at: self.hub.position(),
            since: self.start,
            cost: Duration::from_millis(1),
        }
    }

    fn keep(&mut self, kept: Kept<u32>) {
        let _kept = self.entry.end(Ok(kept), self.hub.position(), self.start).unwrap();
    }

    fn fail(&mut self, error: Error) {
        let _error = self.entry.end(Err(error), self.hub.position(), self.start).unwrap_err();
    }

    fn change(&self) {
        self.hub.publish(&[Topic::Streams], &Event::StreamEnded { channel: CHANNEL, category: Category::Study });
    }

    /// What happens to who asks so many seconds after the start.
    fn ask(&self, seconds: u64) -> (&'static str, Option<u32>) {
        let now = self.start + Duration::from_secs(seconds);
        match self.entry.judge(LIFETIME, self.hub.changes(), now) {
            Verdict::Fresh(kept) => ("fresh", Some(kept.value)),
            Verdict::Stale(kept) => ("stale", Some(kept.value)),
            Verdict::Wait(kept) => ("wait", kept.map(|kept| kept.value)),
        }
    }
}

#[test]
fn a_value_ages() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(0), ("wait", None));
    let kept = bench.kept(1);
    bench.keep(kept);
    for (seconds, expected) in [
        (0, ("fresh", Some(1))),
        (1, ("fresh", Some(1))),
        (2, ("stale", Some(1))),
        (29, ("stale", Some(1))),
        (30, ("wait", Some(1))),
        (599, ("wait", Some(1))),
        (600, ("wait", None)),
    ] {
        assert_eq!(bench.ask(seconds), expected, "after {seconds} s");
    }
}

#[test]
fn after_a_change_nobody_gets_what_was_read_before() {
    let mut bench = Bench::new();
    let before = bench.kept(1);
    bench.keep(before);
    bench.change();
    assert_eq!(bench.ask(0), ("wait", Some(1)));
    // A read that the change overtook comes late.
    let overtaken = bench.kept(2);
    bench.change();
    bench.keep(overtaken);
    assert_eq!(bench.ask(0), ("wait", Some(2)));
    let after = bench.kept(3);
    bench.keep(after);
    assert_eq!(bench.ask(0), ("fresh", Some(3)));
    bench.hub.publish(&[Topic::Chat(CHANNEL)], &Event::Hidden);
    assert_eq!(bench.ask(0), ("fresh", Some(3)), "that was about something else");
    bench.hub.lose_continuity();
    assert_eq!(bench.ask(0), ("wait", Some(3)), "what was missed is unknown");
}

#[test]
fn while_the_database_is_away_the_old_is_given_away_at_once() {
    let mut bench = Bench::new();
    let kept = bench.kept(1);
    bench.keep(kept);
    bench.change();
    bench.fail(Error::Unavailable);
    assert_eq!(bench.ask(40), ("stale", Some(1)));
    assert_eq!(bench.ask(600), ("wait", None), "but not for ever");
    bench.change();
    assert_eq!(bench.ask(40), ("wait", Some(1)), "somebody has reached the database");
    let kept = bench.kept(2);
    bench.keep(kept);
    assert_eq!(bench.ask(40), ("wait", Some(2)), "the failure is forgotten");
}

#[test]
fn what_is_to_be_forgotten_is_given_to_nobody() {
    let mut bench = Bench::new();
    let kept = bench.kept(1);
    bench.keep(kept);
    bench.hub.publish(&[Topic::All], &Event::Hidden);
    bench.fail(Error::Unavailable);
    assert_eq!(bench.ask(0), ("wait", None), "not even while the database is away");
    bench.hub.lose_continuity();
    assert_eq!(bench.ask(0), ("wait", None), "nor after that");
    let kept = Kept { since: Instant::now(), ..bench.kept(2) };
    bench.keep(kept);
    assert_eq!(bench.ask(0), ("fresh", Some(2)));
}

#[test]
fn what_is_not_there_is_not_kept() {
    let mut bench = Bench::new();
    let kept = bench.kept(1);
    bench.keep(kept);
    bench.fail(Error::not_found("channel"));
    assert_eq!(bench.ask(0), ("wait", None));
}

/// What can happen to a key.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The database changes; nobody is told yet.
    Commit,
    /// Everybody is told of the changes until now.
    Tell,
    Begin,
    Read,
    Land,
    Fail,
    Panic,
    Forget,
    Pass(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Commit),
        Just(Step::Tell),
        Just(Step::Begin),
        Just(Step::Begin),
        Just(Step::Read),
        Just(Step::Read),
        Just(Step::Land),
        Just(Step::Land),
        Just(Step::Fail),
        Just(Step::Panic),
        Just(Step::Forget),
        (0_u8..20).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 0..80)
}

proptest! {
    /// Against a database of one number: what is given away is never older than what everybody was told, but while the
    /// database is away; never older than allowed; and what is known to be right is given away at once.
    #[test]
    fn whatever_happens_nothing_old_is_fresh(steps in steps()) {
        let (mut bench, mut now) = (Bench::new(), 0_u64);
        let (mut stored, mut told, mut changed_at) = (0_u32, 0_u32, bench.hub.position());
        // A read under way, and what it found.
        let mut reading = None;
        // The value that is kept, and the last that was told when the database was away.
        let (mut known, mut away) = (None::<(u32, Position, u64)>, None);
        for step in steps {
            match step {
                Step::Commit => stored += 1,
                Step::Tell => {
                    told = stored;
                    bench.change();
                    changed_at = bench.hub.position();
                }
                Step::Forget => {
                    told = stored;
                    bench.hub.lose_continuity();
                    changed_at = bench.hub.position();
                }
                Step::Pass(seconds) => now += u64::from(seconds),
                Step::Begin if bench.entry.flight().is_none() => {
                    let (sender, flight) = tokio::sync::watch::channel(None);
                    bench.entry.begin(flight);
                    reading = Some((sender, bench.hub.position(), now, None));
                }
                Step::Read => {
                    if let Some((_, _, _, found)) = &mut reading {
                        found.get_or_insert(stored);
                    }
                }
                Step::Land => {
                    if let Some((sender, read_at, since, Some(found))) = reading.take() {
                        let kept = Kept { read_at, since: bench.start + Duration::from_secs(since), ..bench.kept(found) };
                        bench.keep(kept);
                        drop(sender);
                        known = Some((found, read_at, since));
                        away = None;
                    }
                }
                Step::Fail => {
                    if reading.take().is_some() {
                        bench.fail(Error::Unavailable);
                        away = Some(changed_at);
                    }
                }
                Step::Panic => reading = None,
                Step::Begin => {}
            }
            prop_assert_eq!(bench.entry.flight().is_some(), reading.is_some(), "one reads at a time");
            let is_right = known.is_some_and(|(_, read_at, _)| read_at.epoch == changed_at.epoch && read_at.sequence >= changed_at.sequence);
            let age = known.map_or(0, |(_, _, since)| now - since);
            match bench.ask(now) {
                ("fresh", Some(value)) => prop_assert!(value >= told && age < 2),
                ("stale", Some(value)) => {
                    prop_assert!(age < 600);
                    prop_assert!((value >= told && age < 30) || away == Some(changed_at), "{} of {}, {} s old", value, told, age);
                }
                (_, kept) => {
                    prop_assert!(!is_right || age >= 30, "what is right is not waited for");
                    prop_assert_eq!(kept.is_some(), known.is_some() && age < 600);
                }
            }
        }
    }
}

#[test]
fn a_read_that_panicked_is_not_waited_for() {
    let mut bench = Bench::new();
    let (sender, flight) = tokio::sync::watch::channel(None);
    bench.entry.begin(flight);
    assert!(bench.entry.flight().is_some());
    drop(sender);
    assert!(bench.entry.flight().is_none());
}
