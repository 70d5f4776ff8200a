//! One `EventSource`, closed when dropped.
//!
//! The browser's own reconnection is not used: it neither jitters nor backs off, and does not notice silence.

use super::{line::Input, words::Words};
use crate::dom::Listener;
use futures::channel::mpsc::UnboundedSender;
use wasm_bindgen::JsCast;
use web_sys::{EventSource, MessageEvent};

/// The names of what comes in.
const KINDS: [&str; 7] = ["message", "heartbeat", "resync", "outdated", "spread", "reconnect", "error"];

pub(super) struct Source {
    source: EventSource,
    _listeners: [Listener; 7],
}

impl Source {
    /// Connects. What comes in goes to `inbox`, marked with `number`, so that the last words of a connection that was
    /// given up are not taken for those of its successor.
    pub(super) fn open(url: &str, number: u32, inbox: &UnboundedSender<Input>) -> Option<Self> {
        let source = EventSource::new(url).ok()?;
        let listeners = KINDS.map(|kind| {
            let inbox = inbox.clone();
            Listener::new(&source, kind, move |event| {
                // An error says nothing.
                let (id, data) = event
                    .dyn_ref::<MessageEvent>()
                    .map_or_else(Default::default, |event| (event.last_event_id(), event.data().as_string().unwrap_or_default()));
                let words = Words { number, kind, id: &id, data: &data };
                let _is_open = inbox.unbounded_send(Input::Heard(words.to_text()));
            })
        });
        Some(Self { source, _listeners: listeners })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.close();
    }
}
