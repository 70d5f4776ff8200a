//! The list of keys, and the switch that turns them off for people whose speech or switch software would press them.

use super::{deck::Deck, keys::KEYS};
use crate::dom;
use leptos::prelude::*;

/// Where this browser keeps that the keys are off.
const OFF_KEY: &str = "player-keys-off";

/// Whether single keys work the player, as this browser remembers it. For effects and event handlers.
pub(super) fn are_on() -> bool {
    dom::remembered(OFF_KEY).as_deref() != Some("yes")
}

#[component]
pub(super) fn KeyList(deck: Deck) -> impl IntoView {
    let is_on = RwSignal::new(true);
    Effect::new(move || is_on.set(are_on()));
    let close = move |_| {
        if let Some(dialog) = deck.key_list.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <dialog class="dialog" node_ref=deck.key_list aria-labelledby="player-keys-title">
            <h2 class="dialog-title" id="player-keys-title">"Keyboard shortcuts"</h2>
            <dl class="player-key-list">
                {KEYS.map(|(key, meaning)| view! { <div><dt><kbd>{key}</kbd></dt><dd>{meaning}</dd></div> }).collect_view()}
            </dl>
            <label class="player-keys-switch">
                <input
                    type="checkbox"
                    prop:checked=move || is_on.get()
                    on:change=move |event| {
                        is_on.set(event_target_checked(&event));
                        dom::remember(OFF_KEY, if is_on.get_untracked() { "no" } else { "yes" });
                    }
                />
                "Use keyboard shortcuts"
            </label>
            <button type="button" class="button" on:click=close>"Close"</button>
        </dialog>
    }
}
