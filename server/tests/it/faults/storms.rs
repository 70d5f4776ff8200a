//! Storms: everybody comes at once, and everybody comes back when their server is gone.

use crate::{
    crowd::{Attempt, Crowd, Heard, Manner},
    harness::EventReader,
    process::{Remote, Shared, free_address, saw},
};
use axum::http::StatusCode;
use backend::{
    database,
    testing::{is_full_size, postgres::Postgres},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Until when everybody is let in who comes at once. Every day other tests have the processors meanwhile.
const ALL_IN: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(10)];
/// Until when all know what is there, their first snapshot included.
const ALL_KNOW: Duration = Duration::from_mins(1);
/// Until when everybody is back: nobody waits for longer than 30 seconds, and then has an answer.
const ALL_BACK: Duration = Duration::from_secs(45);
/// Fewer than this come back within any second.
const PEAK: usize = 1500;
/// Who loses a server waits about as long as it has been away already; half of them are back that long after it is, and this.
const SLACK: Duration = Duration::from_secs(5);

/// More than may come back within a second, where there is the time.
fn size() -> usize {
    if is_full_size() { 2000 } else { 150 }
}

/// F26: a crowd that comes at once is let in, and asks nothing of the database, which hangs.
#[tokio::test(flavor = "multi_thread")]
async fn f26_a_crowd_of_guests_is_let_in_without_the_database() {
    let (n_guests, limit) = (size(), ALL_IN[usize::from(is_full_size())]);
    let postgres = Postgres::running();
    database::migrate(&postgres.settings()).await.unwrap();
    let shared = Shared::on(postgres.settings(), None);
    let server = shared.server().await;
    postgres.signal("STOP");
    let (guest, at, began) = (Remote::guest(), server.address, Instant::now());
    let mut coming: JoinSet<(Duration, EventReader)> = JoinSet::new();
    for _ in 0..n_guests {
        let guest = guest.clone();
        coming.spawn(async move {
            let mut events = guest.get(at, "/api/stream-updates?topics=streams").await.unwrap().events();
            assert_eq!(events.next().await.unwrap().name, "resync");
            (began.elapsed(), events)
        });
    }
    let came = tokio::time::timeout(limit, coming.join_all()).await;
    postgres.signal("CONT");
    let came = came.expect("everybody is let in");
    let mut times: Vec<Duration> = came.iter().map(|(time, _)| *time).collect();
    times.sort_unstable();
    saw(&format!(
        "F26: while the database hung, {n_guests} guests came at once, half of them were let in after {:?}, all after {:?}",
        times[n_guests / 2],
        times[n_guests - 1]
    ));
}

/// The most of these moments, in their order, that lie within so short a time.
fn most_within(window: Duration, moments: &[Instant]) -> usize {
    let from =
        |(first, begin): (usize, &Instant)| moments[first..].partition_point(|moment| moment.duration_since(*begin) < window);
    moments.iter().enumerate().map(from).max().unwrap_or(0)
}

/// How everybody came back.
#[derive(Default)]
struct Return {
    /// When those attempts began that a server answered, in their order.
    came: Vec<Instant>,
    /// How long after the server was ready each reader heard something, in their order.
    back: Vec<Duration>,
    /// Attempts that nobody answered because there was no server.
    n_in_vain: usize,
    /// Attempts after it was ready that came to nothing.
    n_failed: usize,
    /// What else than a stream of events was answered.
    refusals: BTreeMap<u16, usize>,
    /// How many were asked to come back again for which reason, and how long after the server was ready at the earliest and
    /// at the latest.
    sent_away: BTreeMap<String, (usize, Duration, Duration)>,
    n_put_off: usize,
}

impl Return {
    fn of(heard: &[Heard], died: Instant, ready: Instant) -> Self {
        let mut all = Self::default();
        for heard in heard {
            for Attempt { began, status, .. } in heard.attempts.iter().filter(|attempt| attempt.began > died) {
                match *status {
                    Some(StatusCode::OK) => all.came.push(*began),
                    Some(status) => *all.refusals.entry(status.as_u16()).or_default() += 1,
                    None if *began > ready => all.n_failed += 1,
                    None => all.n_in_vain += 1,
                }
            }
            all.back.extend(back_at(heard, died).map(|back| back.saturating_duration_since(ready)));
            for (moment, reason) in heard.sent_away.iter().filter(|(moment, _)| *moment > died) {
                let after = moment.saturating_duration_since(ready);
                let (n, first, last) = all.sent_away.entry(reason.clone()).or_insert((0, after, after));
                (*n, *first, *last) = (*n + 1, after.min(*first), after.max(*last));
            }
            all.n_put_off += heard.n_put_off;
        }
        all.came.sort_unstable();
        all.back.sort_unstable();
        all
    }

    /// After which time this share of a hundred was back.
    fn percentile(&self, share: usize) -> Duration {
        self.back[(self.back.len() * share / 100).min(self.back.len() - 1)]
    }
}

/// When a reader heard something again whose server died then.
fn back_at(heard: &Heard, died: Instant) -> Option<Instant> {
    heard.attempts.iter().filter(|attempt| attempt.began > died).find_map(|attempt| attempt.heard)
}

/// F27: a server is killed to which a crowd listens, and started again. They come back by themselves, not all at once, none
/// in vain, and know everything.
#[tokio::test(flavor = "multi_thread")]
async fn f27_a_crowd_that_lost_its_server_comes_back_by_itself_and_knows_all() {
    let (n_readers, address) = (size(), free_address());
    let shared = Shared::new(None).await;
    let server = shared.server_at(address).await;
    let crowd = Crowd::begin_with(&shared, &[address], n_readers, Manner::Patient).await;
    crowd.waits_for("everybody reads", ALL_KNOW, |heard| heard.n_resyncs > 0).await;
    crowd.does(20).await;
    if is_full_size() {
        // With the next heartbeat everybody knows how many they are.
        let nearly = u32::try_from(n_readers * 9 / 10 * 1000 / 1250).unwrap();
        crowd.waits_for("everybody knows how many they are", ALL_KNOW, |heard| heard.spread_ms >= nearly).await;
    }

    let died = Instant::now();
    server.kill().await;
    let server = shared.server_at(address).await;
    let (ready, outage) = (Instant::now(), died.elapsed());
    crowd.waits_for("everybody is back", ALL_BACK, |heard| back_at(heard, died).is_some()).await;
    // For some seconds, in which a new server finds out whether it hears everything.
    crowd.does(200).await;
    let all = Return::of(&crowd.heard(), died, ready);
    let (in_second, in_tenth) =
        (most_within(Duration::from_secs(1), &all.came), most_within(Duration::from_millis(100), &all.came));
    saw(&format!(
        "F03 and F27: {n_readers} readers were without a server for {outage:?}, and tried {} times in vain; after it was ready half of \
         them were back in {:?}, 99 % in {:?}, all in {:?}; {in_second} came in the fullest second, {in_tenth} in the fullest \
         tenth of one; of the others {} failed and {:?} were refused; snapshots were put off {} times",
        all.n_in_vain,
        all.percentile(50),
        all.percentile(99),
        all.percentile(100),
        all.n_failed,
        all.refusals,
        all.n_put_off
    ));
    for (reason, (n, first, last)) in &all.sent_away {
        saw(&format!("F27: {n} were asked to come back again, {first:?} to {last:?} after the server was ready: {reason}"));
    }
    let report = crowd.end(&shared.backend).await;
    saw(&format!("F27: {report}"));
    drop(server);

    assert_eq!((all.n_failed, &all.refusals), (0, &BTreeMap::new()), "whoever comes to a server that is ready is let in");
    assert!(all.sent_away.is_empty(), "nobody else was there who could have told them something: {:?}", all.sent_away);
    if is_full_size() {
        // Few do not reach it whatever they do.
        assert!(in_second < PEAK, "{in_second} within a second");
        assert!(all.percentile(50) < outage + SLACK, "half of them were back after {:?}", all.percentile(50));
    }
}
