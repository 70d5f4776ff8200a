//! Nobody loses something by a slip: leaving the page is asked about while there is something to lose.

use crate::dom::{Listener, Slot, set_property};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, EventInit, MouseEvent};

/// Told before the router hears of `popstate`. The listeners of a window hear of that in the order in which they came, and
/// those of a page come late.
const BEFORE_POPSTATE: &str = "beforepopstate";

/// Begins to tell it, for as long as the document is open. Must come before the router.
#[expect(clippy::mem_forget, reason = "nothing but the document's end takes it away")]
pub fn announce_history() {
    let Some(window) = web_sys::window() else { return };
    let target = window.clone();
    let listener = Listener::new(&window, "popstate", move |event| {
        let options = EventInit::new();
        options.set_cancelable(true);
        let Ok(announced) = Event::new_with_event_init_dict(BEFORE_POPSTATE, &options) else { return };
        if matches!(target.dispatch_event(&announced), Ok(false)) {
            event.stop_immediate_propagation();
        }
    });
    std::mem::forget(listener);
}

/// Asks while `is_held`: before a page load, which the browser words itself, before a link that the application follows, and
/// when the history is walked within it.
pub fn hold_while(is_held: Signal<bool>, question: &'static str) {
    let listeners = Slot::new();
    Effect::new(move || {
        let window = web_sys::window().filter(|_| is_held.get());
        listeners.set(window.map(|window| {
            let here = page_address(&window);
            [
                Listener::new(&window, "beforeunload", move |event| {
                    event.prevent_default();
                    // Older browsers look at this one.
                    set_property(&event, "returnValue", question);
                }),
                // The browser is elsewhere already, so whoever stays is brought back.
                Listener::new(&window, BEFORE_POPSTATE, move |event| {
                    let is_elsewhere = web_sys::window().and_then(|window| page_address(&window)) != here;
                    if is_elsewhere && !is_confirmed(question) {
                        event.prevent_default();
                        return_to(here.as_deref());
                    }
                }),
                // Before the router, which listens on the way back up.
                Listener::capturing(&window, "click", move |event| {
                    if leaves(&event) && !is_confirmed(question) {
                        event.prevent_default();
                        event.stop_propagation();
                    }
                }),
            ]
        }));
    });
    on_cleanup(move || listeners.set(None));
}

/// Where the page is, whichever part of it is shown.
fn page_address(window: &web_sys::Window) -> Option<String> {
    let location = window.location();
    Some(location.pathname().ok()? + &location.search().ok()?)
}

fn return_to(address: Option<&str>) {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        let _is_back = history.push_state_with_url(&JsValue::NULL, "", address);
    }
}

/// Whether a click follows a link in this window. A page load among those is asked about by the browser.
fn leaves(event: &Event) -> bool {
    let is_plain = event.dyn_ref::<MouseEvent>().is_some_and(|click| {
        click.button() == 0 && !(click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key())
    });
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let link = target.and_then(|target| target.closest("a[href]").ok().flatten());
    let stays = |link: &Element| {
        link.has_attribute("target")
            || link.get_attribute("rel").is_some_and(|rel| rel.contains("external"))
            || link.get_attribute("href").is_some_and(|href| href.starts_with('#'))
    };
    is_plain && link.is_some_and(|link| !stays(&link))
}

fn is_confirmed(question: &str) -> bool {
    web_sys::window().is_some_and(|window| window.confirm_with_message(question).unwrap_or(true))
}
