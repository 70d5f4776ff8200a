//! An event listener.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventTarget};

/// Listens to one kind of event of one target, until dropped.
pub(crate) struct Listener {
    target: EventTarget,
    kind: &'static str,
    is_capturing: bool,
    callback: Closure<dyn FnMut(Event)>,
}

impl Listener {
    pub(crate) fn new(target: &EventTarget, kind: &'static str, callback: impl FnMut(Event) + 'static) -> Self {
        Self::add(target, kind, false, Closure::new(callback))
    }

    /// Hears the event on its way down, before any listener that waits for it on its way up.
    pub(crate) fn capturing(target: &EventTarget, kind: &'static str, callback: impl FnMut(Event) + 'static) -> Self {
        Self::add(target, kind, true, Closure::new(callback))
    }

    fn add(target: &EventTarget, kind: &'static str, is_capturing: bool, callback: Closure<dyn FnMut(Event)>) -> Self {
        let function = callback.as_ref().unchecked_ref();
        // Fails only for a detached target, which then has no events to miss.
        let _is_added = target.add_event_listener_with_callback_and_bool(kind, function, is_capturing);
        Self { target: target.clone(), kind, is_capturing, callback }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.callback.as_ref().unchecked_ref();
        let _is_removed = self.target.remove_event_listener_with_callback_and_bool(self.kind, function, self.is_capturing);
    }
}
