//! What a server says on an event stream besides events.

use backend::events::{Membership, Start};
use bytes::Bytes;
use domain::event::{Heartbeat, Position};
use std::time::Duration;

/// Within how many milliseconds pages come back by themselves.
const FIRST_WAIT_MS: u32 = 500;

/// Tells a page that the site is of another build than it is.
const OUTDATED: &str = "event: outdated\ndata: {}\n\n";

/// Why a reader is asked to come back, which it is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason {
    /// The server stops.
    Stopping,
    /// The connection is as old as one gets.
    Lifetime,
    /// It read too slowly, or what it missed cannot be told.
    Behind,
    /// Its session is over.
    Session,
    /// What must not be told to it cannot be looked up.
    Unavailable,
}

impl Reason {
    fn word(self) -> &'static str {
        match self {
            Self::Stopping => "stopping",
            Self::Lifetime => "lifetime",
            Self::Behind => "behind",
            Self::Session => "session",
            Self::Unavailable => "unavailable",
        }
    }

    /// Over how long all to whom it happens come back, in milliseconds.
    fn spread(self) -> u64 {
        match self {
            Self::Stopping => 5000,
            Self::Session => 0,
            Self::Lifetime | Self::Behind | Self::Unavailable => 1000,
        }
    }
}

/// The first words to a reader: whether it continues, where its topics stood there, and whether its page is outdated.
pub(super) fn first(start: &Start, spread_ms: u32, is_of_another_build: bool) -> Bytes {
    let (name, from) = match start {
        Start::Continues { from, .. } => ("heartbeat", from),
        Start::Resync { from } => ("resync", from),
    };
    let words = named(name, Some(from.position), from, spread_ms);
    if is_of_another_build { [&words, OUTDATED.as_bytes()].concat().into() } else { words }
}

/// Where the reader's topics stand. It may overtake events on their way to the reader, so it is no position to come back to.
pub(super) fn heartbeat(membership: &Membership) -> Bytes {
    named("heartbeat", None, &membership.heartbeat(), membership.spread_ms())
}

/// Makes a reader take new snapshots from now on.
pub(super) fn anew(membership: &Membership) -> Bytes {
    let heartbeat = membership.heartbeat();
    named("resync", Some(heartbeat.position), &heartbeat, membership.spread_ms())
}

/// With a word on how slowly to come back, where so many read that they would do so too quickly by themselves.
fn named(name: &str, id: Option<Position>, heartbeat: &Heartbeat, spread_ms: u32) -> Bytes {
    let id = id.map(|position| format!("id: {position}\n")).unwrap_or_default();
    let json = serde_json::to_string(heartbeat).unwrap_or_default();
    let spread = match spread_ms {
        ..=FIRST_WAIT_MS => String::new(),
        spread_ms => format!("event: spread\ndata: {spread_ms}\n\n"),
    };
    format!("event: {name}\n{id}data: {json}\n\n{spread}").into()
}

/// Asks the reader to come back, after how many milliseconds and why.
pub(super) fn reconnect(reason: Reason) -> Bytes {
    let (retry_ms, word) = (random_millis(reason.spread()), reason.word());
    format!("event: reconnect\nretry: {}\ndata: {{\"retry_ms\":{retry_ms},\"reason\":\"{word}\"}}\n\n", retry_ms.max(500)).into()
}

/// So long, give or take a tenth, so that what began together does not end together.
pub(super) fn about(time: Duration) -> Duration {
    time.mul_f64(0.9 + 0.2 * random_fraction())
}

/// Between 0 and 1, for spreading: not a secret.
fn random_fraction() -> f64 {
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    f64::from(u32::try_from(low & 0xffff_ffff).unwrap_or(0)) / f64::from(u32::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a small positive number"
)]
fn random_millis(most: u64) -> u64 {
    (random_fraction() * most as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::{FIRST_WAIT_MS, about, named};
    use app::backoff::Backoff;
    use domain::event::{Heartbeat, Position};
    use std::time::Duration;

    #[test]
    fn many_are_told_to_come_back_slowly() {
        assert_eq!(Backoff::default().next(1.0), FIRST_WAIT_MS, "so long few take by themselves");
        let heartbeat = Heartbeat { position: Position { epoch: 1, sequence: 2 }, topics: Vec::new() };
        let said = |id, spread_ms| String::from_utf8(named("heartbeat", id, &heartbeat, spread_ms).to_vec()).unwrap();
        let few = said(None, FIRST_WAIT_MS);
        assert!(few.starts_with("event: heartbeat\ndata: {") && few.ends_with("}\n\n"), "{few}");
        let many = said(Some(heartbeat.position), 8000);
        assert!(many.contains(&format!("\nid: {}\n", heartbeat.position)), "{many}");
        assert!(many.ends_with("}\n\nevent: spread\ndata: 8000\n\n"), "{many}");
    }

    #[test]
    fn lifetimes_differ_by_a_tenth_each_way() {
        let hour = Duration::from_hours(1);
        let lifetimes: Vec<f64> = (0..1000).map(|_| about(hour).div_duration_f64(hour)).collect();
        assert!(lifetimes.iter().all(|part| (0.9..=1.1).contains(part)), "{lifetimes:?}");
        // Of a thousand equally likely ones, none in an outer quarter is less likely than one in 10^124.
        assert!(lifetimes.iter().any(|part| *part < 0.95) && lifetimes.iter().any(|part| *part > 1.05), "{lifetimes:?}");
    }
}
