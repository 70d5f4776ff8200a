//! Listens for the player's keys, anywhere on the page.

use super::{
    deck::Deck,
    key_list,
    keys::{Command, Press, command},
};
use crate::dom::{Listener, Slot};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, Node};

/// Keys go to the player for as long as the current component is shown.
pub(super) fn listen(deck: Deck) {
    let listener = Slot::new();
    Effect::new(move || {
        let Some(window) = web_sys::window() else { return };
        listener.set(Some(Listener::new(&window, "keydown", move |event| {
            let Ok(event) = event.dyn_into::<KeyboardEvent>() else { return };
            let pressed = command(&read(deck, &event));
            // The list is where the keys are turned on again, so it opens in any case.
            if let Some(command) = pressed.filter(|command| *command == Command::ShowKeys || key_list::are_on()) {
                event.prevent_default();
                deck.perform(command);
            }
        })));
    });
    on_cleanup(move || listener.set(None));
}

fn read(deck: Deck, event: &KeyboardEvent) -> Press {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is_inside = |selector: &str| target.as_ref().is_some_and(|target| target.closest(selector).ok().flatten().is_some());
    let has_modifier = event.ctrl_key() || event.alt_key() || event.meta_key();
    let frame = deck.frame.get_untracked();
    let node = target.as_ref().map(AsRef::<Node>::as_ref);
    Press {
        key: event.key(),
        is_for_others: has_modifier || is_inside("input, textarea, select, [contenteditable], dialog"),
        is_on_control: is_inside("button, a, summary, label"),
        is_in_player: frame.is_some_and(|frame| frame.contains(node)),
    }
}
