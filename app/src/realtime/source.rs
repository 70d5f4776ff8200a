//! One `EventSource`, closed when dropped.
//!
//! The browser's own reconnection is not used: it neither jitters nor backs off, and does not notice silence.

use super::line::Input;
use crate::dom::Listener;
use domain::event::{Heartbeat, Position, Update};
use futures::channel::mpsc::UnboundedSender;
use serde::{Deserialize, de::DeserializeOwned};
use wasm_bindgen::JsCast;
use web_sys::{EventSource, MessageEvent};

/// What the server says on the connection.
#[derive(Debug)]
pub(super) enum Message {
    Update(Position, Update),
    Heartbeat(Heartbeat),
    Resync(Heartbeat),
    Reconnect { retry_millis: u32 },
}

#[derive(Deserialize)]
struct Reconnect {
    retry_ms: u32,
}

pub(super) struct Source {
    source: EventSource,
    _listeners: [Listener; 5],
}

impl Source {
    /// Connects. What comes in goes to `inbox`, marked with `number`, so that the last words of a connection that was
    /// given up are not taken for those of its successor.
    pub(super) fn open(url: &str, number: u32, inbox: &UnboundedSender<Input>) -> Option<Self> {
        let source = EventSource::new(url).ok()?;
        let on = |kind: &'static str, read: fn(&MessageEvent) -> Option<Message>| {
            let inbox = inbox.clone();
            Listener::new(&source, kind, move |event| {
                // What cannot be read comes from a newer server. Passing over it leaves a gap, which leads to a resync.
                let message = event.dyn_ref().and_then(read);
                let _is_open = inbox.unbounded_send(Input::Heard(number, message));
            })
        };
        let listeners = [
            on("message", |event| Some(Message::Update(event.last_event_id().parse().ok()?, json(event)?))),
            on("heartbeat", |event| json(event).map(Message::Heartbeat)),
            on("resync", |event| json(event).map(Message::Resync)),
            on("reconnect", |event| json(event).map(|Reconnect { retry_ms }| Message::Reconnect { retry_millis: retry_ms })),
            {
                let inbox = inbox.clone();
                Listener::new(&source, "error", move |_event| {
                    let _is_open = inbox.unbounded_send(Input::Failed(number));
                })
            },
        ];
        Some(Self { source, _listeners: listeners })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.close();
    }
}

fn json<T: DeserializeOwned>(event: &MessageEvent) -> Option<T> {
    serde_json::from_slice(event.data().as_string()?.as_bytes()).ok()
}
