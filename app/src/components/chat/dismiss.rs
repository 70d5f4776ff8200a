//! Closes what is open when Escape is pressed or something else is touched.

use crate::dom::{Listener, Slot};
use leptos::{html::Div, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, Node};

/// Follows `is_open` for as long as the current component is shown. `frame` is what may be touched.
pub(super) fn dismiss(frame: NodeRef<Div>, is_open: impl Fn() -> bool + 'static, close: impl Fn() + Copy + 'static) {
    let listeners = Slot::new();
    Effect::new(move || {
        let window = web_sys::window().filter(|_| is_open());
        listeners.set(window.map(|window| {
            [
                Listener::capturing(&window, "pointerdown", move |event| {
                    let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
                    if !frame.get_untracked().is_some_and(|frame| frame.contains(target.as_ref())) {
                        close();
                    }
                }),
                Listener::capturing(&window, "keydown", move |event| {
                    if event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == "Escape") {
                        close();
                    }
                }),
            ]
        }));
    });
    on_cleanup(move || listeners.set(None));
}
