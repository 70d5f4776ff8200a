//! Events: published once, delivered to every reader on every server.
//!
//! [`hub`] holds the readers of this process, `delivery` is the way to them, and `bus` the way between processes. Publishing
//! waits for none of them. What changes faster than anybody can see is merged by `pace`.
//! What must not be lost by a crash is a [`Letter`], which the outbox keeps until all servers can hear of it.

mod bus;
mod changes;
mod delivery;
pub mod hub;
mod letter;
mod pace;

pub use bus::BusSettings;
pub(crate) use bus::{channel, redis_builder};
pub(crate) use changes::Changes;
pub use hub::{Crowd, Frame, Hub, Membership, Start, Subscription};
pub use letter::Letter;

use crate::database::Database;
use delivery::Delivery;
use domain::event::{Event, Position, Topic};
use letter::Settled;
use uuid::Uuid;

/// Where events are published and read. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    delivery: Delivery,
    bus: Option<bus::Bus>,
    settled: Settled,
}

impl Events {
    /// Events within this process only.
    pub fn local() -> crate::Result<Self> {
        Ok(Self { delivery: Delivery::new(Hub::new()?), bus: None, settled: Settled::default() })
    }

    /// Events shared with the other servers on this database, by Redis where it is set. `node` is the id of this server.
    pub fn shared(node: Uuid, database: &Database, redis: Option<&BusSettings>) -> crate::Result<Self> {
        let (delivery, settled) = (Delivery::new(Hub::new()?), Settled::default());
        let bus = bus::Bus::connect(node, database.clone(), redis, delivery.clone(), settled.clone())?;
        Ok(Self { delivery, bus: Some(bus), settled })
    }

    /// Delivers an event to all who read one of the topics, here and on the other servers. Changes of one stream that follow
    /// each other within 250 ms reach readers as one, and so do viewer counts.
    pub fn publish(&self, topics: &[Topic], event: &Event) {
        self.tell_here(topics, event);
        if let Some(bus) = &self.bus {
            bus.publish(topics, event, None);
        }
    }

    /// The same for several, in their order, which the other servers are told together.
    pub fn publish_all(&self, events: &[(Vec<Topic>, Event)]) {
        for (topics, event) in events {
            self.tell_here(topics, event);
        }
        if let Some(bus) = &self.bus {
            bus.publish_all(events);
        }
    }

    /// Delivers an event to who reads one of the topics at this server, and to nobody else: each server tells its own.
    pub(crate) fn tell_here(&self, topics: &[Topic], event: &Event) {
        self.delivery.deliver(topics, event, None);
    }

    /// Delivers what was put into the outbox and is committed now. What was delivered here before is only passed on.
    pub(crate) fn send(&self, letter: Letter) {
        let Letter { id, topics, event } = letter;
        self.delivery.deliver(&topics, &event, Some(id));
        match &self.bus {
            Some(bus) => bus.publish(&topics, &event, Some(id)),
            None => self.settled.add([id]),
        }
    }

    /// The same for several, in their order.
    pub(crate) fn send_all(&self, letters: Vec<Letter>) {
        for letter in letters {
            self.send(letter);
        }
    }

    /// Letters that every server can hear of by now, each once.
    pub(crate) fn take_settled(&self) -> Vec<Uuid> {
        self.settled.take()
    }

    /// The position of the last event. Read it before the data of a snapshot, never after.
    pub fn position(&self) -> Position {
        self.hub().position()
    }

    /// The position of the last change of these topics that this server knows of, or one after it. What was read after it
    /// was known contains the change, unless changes are merged just now: of several that wait the last may be missing.
    pub fn changed_at(&self, topics: &[Topic]) -> Position {
        self.hub().changes().changed_at(topics)
    }

    pub(crate) fn changes(&self) -> &Changes {
        self.hub().changes()
    }

    pub fn hub(&self) -> &Hub {
        self.delivery.hub()
    }

    /// Whether events reach the other servers without a detour; true as well where none was set up.
    pub fn is_connected(&self) -> bool {
        self.bus.as_ref().is_none_or(bus::Bus::is_connected)
    }

    /// Whether it is settled which other servers there are; for tests that must not begin before.
    #[cfg(feature = "testing")]
    pub fn knows_the_others(&self) -> bool {
        self.bus.as_ref().is_none_or(bus::Bus::is_settled)
    }
}
