//! The way to the readers of this server: a letter once, and changes of a stream at their pace.

use super::{
    Hub,
    letter::Delivered,
    pace::{Pace, Told},
};
use domain::event::{Event, Topic};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;
use uuid::Uuid;

/// Delivers to the hub. Cheap to clone.
#[derive(Clone)]
pub(super) struct Delivery {
    hub: Hub,
    delivered: Delivered,
    paced: Arc<Mutex<Paced>>,
}

#[derive(Default)]
struct Paced {
    pace: Pace,
    /// Whether a task waits for what is due.
    is_followed: bool,
}

impl Delivery {
    pub(super) fn new(hub: Hub) -> Self {
        Self { hub, delivered: Delivered::default(), paced: Arc::default() }
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Delivers an event, at the latest an interval later and then as part of what is newest. A letter that was delivered
    /// before is not delivered again. Needs a runtime of tokio around it.
    pub(super) fn deliver(&self, topics: &[Topic], event: &Event, letter: Option<Uuid>) {
        if letter.is_some_and(|letter| !self.delivered.note(letter)) {
            return;
        }
        // Held until the hub has it, so that nothing overtakes it.
        let mut paced = self.paced();
        if let Some(earlier) = paced.pace.overtaken_by(event) {
            self.publish(&earlier);
        }
        if paced.pace.admit(topics, event, Instant::now().into_std()) {
            self.hub.publish(topics, event);
            return;
        }
        self.hub.announce(topics, event);
        if !paced.is_followed {
            paced.is_followed = true;
            tokio::spawn(self.clone().follow());
        }
    }

    /// Makes every reader start anew. What waits is older than the snapshots that they take.
    pub(super) fn lose_continuity(&self) {
        let mut paced = self.paced();
        paced.pace = Pace::default();
        self.hub.lose_continuity();
    }

    /// Tells what waits when it is due, until nothing waits.
    async fn follow(self) {
        while let Some(next) = self.next_due() {
            tokio::time::sleep_until(next).await;
            let mut paced = self.paced();
            for told in paced.pace.due(Instant::now().into_std()) {
                self.publish(&told);
            }
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let mut paced = self.paced();
        let next = paced.pace.next_due();
        paced.is_followed = next.is_some();
        next.map(Instant::from_std)
    }

    fn publish(&self, Told { topics, event }: &Told) {
        self.hub.publish(topics, event);
    }

    fn paced(&self) -> MutexGuard<'_, Paced> {
        self.paced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Delivery;
    use crate::events::{Frame, Hub};
    use domain::{
        BroadcastId, Category, Timestamp, UserId,
        event::{Event, Topic, Update},
        stream::{Live, Signal, StreamCard},
    };
    use uuid::Uuid;

    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

    fn renamed(title: &str) -> Event {
        let stream = StreamCard {
            channel: UserId(Uuid::nil()),
            username: "ana".parse().unwrap(),
            display_name: "Ana".to_owned(),
            title: title.to_owned(),
            category: Category::Study,
            avatar: None,
            cover: None,
            live: Live { broadcast: BroadcastId(Uuid::nil()), started_at: Timestamp(0), signal: Signal::Live, viewers: 0 },
        };
        Event::StreamUpdated { stream, previous_category: Category::Study }
    }

    fn read(frame: &Frame) -> Event {
        let text = std::str::from_utf8(&frame.bytes).unwrap();
        let json = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        serde_json::from_str::<Update>(json).unwrap().event
    }

    #[tokio::test]
    async fn what_waits_is_told_in_the_end() {
        let delivery = Delivery::new(Hub::new().unwrap());
        let mut reader = delivery.hub().subscribe(vec![Topic::Streams], None);
        let titles = ["One", "Two", "Three"].map(renamed);
        for event in &titles {
            delivery.deliver(&[Topic::Streams], event, None);
        }
        let mut told = Vec::new();
        while told.last() != titles.last() {
            let frame = tokio::time::timeout(PATIENCE, reader.frames.recv()).await.expect("in time").unwrap();
            told.push(read(&frame));
        }
        assert_eq!(told.first(), titles.first(), "the first goes out at once");
        assert!(told.len() <= titles.len());
    }

    #[tokio::test]
    async fn a_letter_is_delivered_once_also_while_it_waits() {
        let delivery = Delivery::new(Hub::new().unwrap());
        let mut reader = delivery.hub().subscribe(vec![Topic::Streams], None);
        let ended = Event::StreamEnded { channel: UserId(Uuid::nil()), category: Category::Study };
        for (event, letter) in [(renamed("One"), 1), (renamed("Two"), 2), (renamed("Two"), 2), (ended.clone(), 3), (ended, 3)] {
            delivery.deliver(&[Topic::Streams], &event, Some(Uuid::from_u128(letter)));
        }
        let told: Vec<Event> = std::iter::from_fn(|| reader.frames.try_recv().ok()).map(|frame| read(&frame)).collect();
        assert_eq!(told.len(), 3, "{told:?}");
    }

    #[tokio::test]
    async fn what_waits_is_not_told_to_who_started_anew() {
        let delivery = Delivery::new(Hub::new().unwrap());
        for title in ["One", "Two"] {
            delivery.deliver(&[Topic::Streams], &renamed(title), None);
        }
        delivery.lose_continuity();
        let mut reader = delivery.hub().subscribe(vec![Topic::Streams], None);
        delivery.deliver(&[Topic::Streams], &renamed("Three"), None);
        assert_eq!(read(&reader.frames.try_recv().unwrap()), renamed("Three"), "a new pace began too");
    }
}
