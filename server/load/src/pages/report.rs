//! What is printed at the end.

use super::{args::Settings, browser::Answer, plan::Pace};
use crate::{
    histogram::{Histogram, Summary, as_f64},
    report::{ratio, rounded},
};
use serde::Serialize;

/// Durations that are told one by one, at most.
const TOLD: usize = 1000;

/// One run, as JSON.
#[derive(Debug, Serialize)]
pub struct Report {
    pub pace: &'static str,
    pub connections: usize,
    /// That were to begin in a second.
    pub wanted_per_second: Option<u32>,
    /// Right ones: status 200, compressed, whole.
    pub answers: u64,
    /// With another status.
    pub refused: u64,
    pub not_compressed: u64,
    /// Less than half as long as the first.
    pub too_short: u64,
    /// Broken connections.
    pub broken: u64,
    /// What did not come in time.
    pub unanswered: u64,
    pub bytes_per_answer: f64,
    pub seconds: f64,
    pub per_second: f64,
    /// From the moment at which the page was to be asked for.
    pub latency_ms: Option<Summary>,
    /// Each of them, when everybody asked once.
    pub each_ms: Vec<f64>,
    /// Of the server, in microseconds.
    pub cpu_us_per_answer: Option<f64>,
    /// Answers in a second of the server's time.
    pub per_core_second: Option<f64>,
    /// Shares of one core: the server, its database, and this program. Above 0.7 the figures say more of it than of the server.
    pub server_cpu: Option<f64>,
    pub database_cpu: Option<f64>,
    pub own_cpu: Option<f64>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Measured {
    latency: Histogram,
    each_us: Vec<u64>,
    n_answers: u64,
    n_bytes: u64,
    first_length: Option<usize>,
    n_refused: u64,
    n_not_compressed: u64,
    n_too_short: u64,
    pub n_broken: u64,
    pub n_unanswered: u64,
    pub took_us: u64,
    pub server_us: Option<u64>,
    pub database_us: Option<u64>,
    pub own_us: Option<u64>,
}

impl Measured {
    /// Looks at an answer that took so long.
    pub fn add(&mut self, answer: Answer, us: u64) {
        let Answer { status, is_compressed, length } = answer;
        if status != 200 {
            self.n_refused += 1;
        } else if !is_compressed {
            self.n_not_compressed += 1;
        } else if length * 2 < *self.first_length.get_or_insert(length) {
            self.n_too_short += 1;
        } else {
            self.n_answers += 1;
            self.n_bytes += length as u64;
            self.latency.add(us);
            if self.each_us.len() < TOLD {
                self.each_us.push(us);
            }
        }
    }

    /// Answers that were wrong.
    pub fn n_faults(&self) -> u64 {
        self.n_refused + self.n_not_compressed + self.n_too_short + self.n_broken
    }
}

impl Report {
    pub fn new(settings: &Settings, measured: &Measured) -> Self {
        let (pace, wanted_per_second) = match settings.pace {
            Pace::Closed => ("closed", None),
            Pace::PerSecond(rate) => ("even", Some(rate)),
            Pace::Once => ("once", None),
        };
        let n = measured.n_answers;
        let share = |us: Option<u64>| us.filter(|_| measured.took_us > 0).map(|us| ratio(us, measured.took_us));
        let is_each_told = settings.pace == Pace::Once;
        Self {
            pace,
            connections: settings.connections,
            wanted_per_second,
            answers: n,
            refused: measured.n_refused,
            not_compressed: measured.n_not_compressed,
            too_short: measured.n_too_short,
            broken: measured.n_broken,
            unanswered: measured.n_unanswered,
            bytes_per_answer: ratio(measured.n_bytes, n),
            seconds: ratio(measured.took_us, 1_000_000),
            per_second: ratio(n * 1_000_000, measured.took_us),
            latency_ms: measured.latency.summary(),
            each_ms: measured.each_us.iter().filter(|_| is_each_told).map(|us| rounded(as_f64(*us) / 1000.0)).collect(),
            cpu_us_per_answer: measured.server_us.filter(|_| n > 0).map(|us| ratio(us, n)),
            per_core_second: measured.server_us.filter(|us| *us > 0).map(|us| ratio(n * 1_000_000, us)),
            server_cpu: share(measured.server_us),
            database_cpu: share(measured.database_us),
            own_cpu: share(measured.own_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Measured, Report};
    use crate::pages::{args, browser::Answer};

    #[test]
    fn only_right_answers_count() {
        let args::Command::Run(settings) = args::parse(["--url", "http://127.0.0.1:1/", "--once"].map(Into::into), None).unwrap()
        else {
            panic!("it is no run")
        };
        let mut measured = Measured { took_us: 2_000_000, server_us: Some(500_000), ..Measured::default() };
        let right = Answer { status: 200, is_compressed: true, length: 100 };
        for answer in [
            right,
            Answer { length: 60, ..right },
            Answer { length: 40, ..right },
            Answer { status: 503, ..right },
            Answer { is_compressed: false, ..right },
        ] {
            measured.add(answer, 1500);
        }
        let report = Report::new(&settings, &measured);
        assert_eq!((report.answers, report.refused, report.not_compressed, report.too_short), (2, 1, 1, 1));
        let json = serde_json::to_value(report).unwrap();
        assert_eq!(json["per_second"], 1.0);
        assert_eq!(json["per_core_second"], 4.0);
        assert_eq!(json["server_cpu"], 0.25);
        assert_eq!(json["bytes_per_answer"], 80.0);
        assert_eq!(json["each_ms"], serde_json::json!([1.5, 1.5]));
        assert_eq!(json["database_cpu"], serde_json::Value::Null);
    }
}
