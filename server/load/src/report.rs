//! What is printed at the end.

use crate::{
    histogram::{Summary, as_f64},
    process::Usage,
    tally::Tally,
};
use serde::Serialize;

/// One run, as JSON.
#[derive(Debug, Serialize)]
pub struct Report {
    pub mode: &'static str,
    pub connections: usize,
    /// Connections that were never open.
    pub not_connected: usize,
    pub connecting: Connecting,
    pub events: u64,
    pub seconds: f64,
    /// On average, with everything else that came.
    pub bytes_per_event: f64,
    pub delivered: u64,
    pub missing: u64,
    pub duplicates: u64,
    pub out_of_order: u64,
    pub delay_ms: Option<Summary>,
    pub dropped: u64,
    pub resyncs: u64,
    pub asked_to_leave: u64,
    pub ended_by_server: u64,
    pub dead: u64,
    pub dead_ended_by_server: u64,
    pub memory: Option<Memory>,
    /// Of the server, in microseconds, for each event that a connection got.
    pub cpu_us_per_event: Option<f64>,
    /// The share of one core that this program took. Above 0.7 for each thread the figures say more of it than of the server.
    pub own_cpu: Option<f64>,
}

/// How the connections were made.
#[derive(Debug, Serialize)]
pub struct Connecting {
    pub seconds: f64,
    pub per_second: f64,
    /// Attempts that came to nothing, and were repeated.
    pub failed_attempts: u64,
    pub delay_ms: Option<Summary>,
}

/// The server's memory in KiB: before, with idle connections, and the most that was seen.
#[derive(Debug, Serialize)]
pub struct Memory {
    pub before_kib: u64,
    pub connected_kib: u64,
    pub most_kib: u64,
    pub after_kib: u64,
    pub kib_per_connection: f64,
    /// Of the kernel, for both ends of a connection.
    pub kernel_kib_per_connection: Option<f64>,
}

/// What was measured from outside.
#[derive(Debug, Default)]
pub struct Measured {
    pub mode: &'static str,
    pub connections: usize,
    pub not_connected: usize,
    pub connecting_us: u64,
    pub events: u64,
    pub running_us: u64,
    pub before: Option<Usage>,
    pub connected: Option<Usage>,
    pub after: Option<Usage>,
    pub most_kib: u64,
    pub kernel_before_kib: Option<u64>,
    pub kernel_connected_kib: Option<u64>,
    pub own_before: Option<Usage>,
    pub own_after: Option<Usage>,
}

impl Report {
    /// The report of a run.
    pub fn new(measured: &Measured, tally: &Tally) -> Self {
        let n_open = measured.connections.saturating_sub(measured.not_connected);
        let seconds = |us: u64| rounded(as_f64(us) / 1e6);
        let cpu = |before: Option<Usage>, after: Option<Usage>| Some(after?.cpu_us.saturating_sub(before?.cpu_us));
        Self {
            mode: measured.mode,
            connections: measured.connections,
            not_connected: measured.not_connected,
            connecting: Connecting {
                seconds: seconds(measured.connecting_us),
                per_second: ratio(n_open as u64 * 1_000_000, measured.connecting_us),
                failed_attempts: tally.n_failed,
                delay_ms: tally.connecting.summary(),
            },
            events: measured.events,
            seconds: seconds(measured.running_us),
            bytes_per_event: ratio(tally.n_bytes, tally.n_delivered),
            delivered: tally.n_delivered,
            missing: tally.n_missing,
            duplicates: tally.n_duplicates,
            out_of_order: tally.n_out_of_order,
            delay_ms: tally.delay.summary(),
            dropped: tally.n_dropped,
            resyncs: tally.n_resyncs,
            asked_to_leave: tally.n_asked_to_leave,
            ended_by_server: tally.n_ended,
            dead: tally.n_dead,
            dead_ended_by_server: tally.n_dead_ended,
            memory: memory(measured, n_open),
            cpu_us_per_event: cpu(measured.connected, measured.after)
                .filter(|_| tally.n_delivered > 0)
                .map(|us| ratio(us, tally.n_delivered)),
            own_cpu: cpu(measured.own_before, measured.own_after)
                .filter(|_| measured.running_us > 0)
                .map(|us| ratio(us, measured.running_us)),
        }
    }
}

fn memory(measured: &Measured, n_open: usize) -> Option<Memory> {
    let (before, connected, after) = (measured.before?, measured.connected?, measured.after?);
    let per_connection = |before: u64, connected: u64| ratio(connected.saturating_sub(before), n_open as u64);
    Some(Memory {
        before_kib: before.resident_kib,
        connected_kib: connected.resident_kib,
        most_kib: measured.most_kib.max(connected.resident_kib).max(after.resident_kib),
        after_kib: after.resident_kib,
        kib_per_connection: per_connection(before.resident_kib, connected.resident_kib),
        kernel_kib_per_connection: measured
            .kernel_before_kib
            .zip(measured.kernel_connected_kib)
            .map(|(before, connected)| per_connection(before, connected)),
    })
}

/// To a hundredth; 0 of nothing.
pub(crate) fn ratio(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { rounded(as_f64(part) / as_f64(of)) }
}

/// To a hundredth.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::{Measured, Report};
    use crate::{process::Usage, tally::Tally};

    #[test]
    fn figures_are_per_connection_and_per_event() {
        let usage = |resident_kib, cpu_us| Some(Usage { resident_kib, cpu_us });
        let measured = Measured {
            connections: 100,
            before: usage(1000, 0),
            connected: usage(1150, 500),
            after: usage(1200, 4500),
            running_us: 1_000_000,
            own_before: usage(0, 0),
            own_after: usage(0, 250_000),
            ..Measured::default()
        };
        let tally = Tally { n_delivered: 1000, n_bytes: 300_000, ..Tally::default() };
        let json = serde_json::to_value(Report::new(&measured, &tally)).unwrap();
        assert_eq!(json["memory"]["kib_per_connection"], 1.5);
        assert_eq!(json["cpu_us_per_event"], 4.0);
        assert_eq!(json["bytes_per_event"], 300.0);
        assert_eq!(json["own_cpu"], 0.25);
        assert_eq!(json["delay_ms"], serde_json::Value::Null);
    }
}
