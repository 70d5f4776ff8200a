//! What needs attention now, as the samples tell.

use super::sample::Sample;
use crate::cache::Numbers;
use std::fmt;

/// A minute of samples.
const MINUTE: usize = 12;
/// With fewer questions in a minute, a cache that has just been filled looks bad.
const ENOUGH_QUESTIONS: u64 = 100;
/// In per cent of what was asked.
const GOOD_HIT_RATE: f64 = 80.0;

/// Something that is true now and should not be. As text it is a sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Alert {
    /// Somebody has been waiting for a connection for a minute.
    DatabaseWaiting {
        waiting: usize,
        size: usize,
    },
    RedisAway,
    /// In the last minute; the percentage of questions that did not wait for the database.
    CacheHitRate {
        percent: f64,
    },
    /// Nine of ten places are taken, or more.
    EventConnections {
        open: usize,
        most: usize,
    },
}

impl fmt::Display for Alert {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DatabaseWaiting { waiting, size } => write!(
                formatter,
                "For a minute requests have been waiting for one of the {size} database connections, {waiting} just now."
            ),
            Self::RedisAway => formatter
                .write_str("Redis is away: events reach the other servers up to two seconds later, and nothing is shared."),
            Self::CacheHitRate { percent } => {
                write!(formatter, "Only {percent:.0} % of what was asked of the cache in the last minute was there.")
            }
            Self::EventConnections { open, most } => {
                write!(formatter, "{open} of {most} event connections are open; further visitors will be refused.")
            }
        }
    }
}

/// What needs attention, the most pressing first. The newest sample is the last.
pub fn alerts(samples: &[Sample]) -> Vec<Alert> {
    let Some(Sample { database, event_connections, is_bus_connected, .. }) = samples.last() else { return Vec::new() };
    let minute = samples.get(samples.len().saturating_sub(MINUTE)..).unwrap_or_default();
    let mut alerts = Vec::new();
    if minute.len() == MINUTE && minute.iter().all(|sample| sample.database.waiting > 0) {
        alerts.push(Alert::DatabaseWaiting { waiting: database.waiting, size: database.size });
    }
    if !is_bus_connected {
        alerts.push(Alert::RedisAway);
    }
    if event_connections.most > 0 && event_connections.open.saturating_mul(10) >= event_connections.most.saturating_mul(9) {
        alerts.push(Alert::EventConnections { open: event_connections.open, most: event_connections.most });
    }
    let asked = minute.iter().flat_map(|sample| sample.cache).fold(Numbers::default(), Numbers::plus);
    if asked.questions() >= ENOUGH_QUESTIONS
        && let Some(percent) = asked.hit_rate().filter(|percent| *percent < GOOD_HIT_RATE)
    {
        alerts.push(Alert::CacheHitRate { percent });
    }
    alerts
}

#[cfg(test)]
mod tests {
    use super::{Alert, MINUTE, alerts};
    use crate::{
        cache::Numbers,
        database::PoolUse,
        services::performance::{EventConnections, Sample},
    };

    fn well() -> Sample {
        Sample {
            database: PoolUse { size: 16, open: 4, idle: 4, waiting: 0 },
            event_connections: EventConnections { open: 10, most: 100 },
            is_bus_connected: true,
            ..Sample::default()
        }
    }

    fn asked(hits: u64, misses: u64) -> Sample {
        let mut sample = well();
        sample.cache[0] = Numbers { hits, misses, ..Numbers::default() };
        sample
    }

    #[test]
    fn nothing_is_said_of_a_server_that_is_well() {
        assert_eq!(alerts(&[]), []);
        assert_eq!(alerts(&[well()]), []);
    }

    #[test]
    fn a_database_must_be_waited_for_a_whole_minute() {
        let busy = Sample { database: PoolUse { size: 16, open: 16, idle: 0, waiting: 3 }, ..well() };
        let mut samples = vec![busy; MINUTE];
        assert_eq!(alerts(&samples), [Alert::DatabaseWaiting { waiting: 3, size: 16 }]);
        assert_eq!(alerts(&samples[1..]), [], "not yet");
        samples[3] = well();
        assert_eq!(alerts(&samples), [], "there was a pause");
    }

    #[test]
    fn only_the_newest_sample_says_what_is_away_or_full() {
        let away = Sample { is_bus_connected: false, ..well() };
        assert_eq!(alerts(&[well(), away.clone()]), [Alert::RedisAway]);
        assert_eq!(alerts(&[away, well()]), []);
        for (open, expected) in [(89, vec![]), (90, vec![Alert::EventConnections { open: 90, most: 100 }])] {
            let sample = Sample { event_connections: EventConnections { open, most: 100 }, ..well() };
            assert_eq!(alerts(&[sample]), expected);
        }
    }

    #[test]
    fn a_cache_must_be_asked_enough_to_be_judged() {
        assert_eq!(alerts(&[asked(0, 99)]), []);
        assert_eq!(alerts(&[asked(50, 50)]), [Alert::CacheHitRate { percent: 50.0 }]);
        assert_eq!(alerts(&[asked(80, 20)]), []);
        let mut samples = vec![asked(0, 1000)];
        samples.extend(vec![asked(10, 0); MINUTE]);
        assert_eq!(alerts(&samples), [], "that was more than a minute ago");
    }

    #[test]
    fn an_alert_is_a_sentence() {
        for alert in [
            Alert::DatabaseWaiting { waiting: 3, size: 16 },
            Alert::RedisAway,
            Alert::CacheHitRate { percent: 49.7 },
            Alert::EventConnections { open: 95, most: 100 },
        ] {
            let text = alert.to_string();
            assert!(text.starts_with(|c: char| c.is_uppercase() || c.is_numeric()) && text.ends_with('.'), "{text}");
        }
    }
}
