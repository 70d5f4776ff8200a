//! What the connections of a run saw, in sum.

use crate::histogram::Histogram;

/// Counts of one thread, or of all.
#[derive(Debug, Default)]
pub struct Tally {
    /// From the first packet to the head of the answer.
    pub connecting: Histogram,
    /// From sending an event to reading it, of connections that were open when it was sent.
    pub delay: Histogram,
    /// Different events, over all connections.
    pub n_delivered: u64,
    pub n_bytes: u64,
    pub n_missing: u64,
    pub n_duplicates: u64,
    pub n_out_of_order: u64,
    /// How often a connection that had a position was told to start anew.
    pub n_resyncs: u64,
    /// How often a connection was asked to come back later.
    pub n_asked_to_leave: u64,
    /// How often a connection was dropped here on purpose.
    pub n_dropped: u64,
    /// How often the server ended a connection.
    pub n_ended: u64,
    /// Attempts to connect that came to nothing.
    pub n_failed: u64,
    /// Connections that never read, and those of them that the server has ended.
    pub n_dead: u64,
    pub n_dead_ended: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.connecting.merge(&other.connecting);
        self.delay.merge(&other.delay);
        self.n_delivered += other.n_delivered;
        self.n_bytes += other.n_bytes;
        self.n_missing += other.n_missing;
        self.n_duplicates += other.n_duplicates;
        self.n_out_of_order += other.n_out_of_order;
        self.n_resyncs += other.n_resyncs;
        self.n_asked_to_leave += other.n_asked_to_leave;
        self.n_dropped += other.n_dropped;
        self.n_ended += other.n_ended;
        self.n_failed += other.n_failed;
        self.n_dead += other.n_dead;
        self.n_dead_ended += other.n_dead_ended;
    }
}
