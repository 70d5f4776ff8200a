//! The bar under the picture.

use super::{deck::Deck, keys::Command, state::PlayerState};
use crate::components::{
    icons::{Icon, Shape},
    page_icons::{PageIcon, PageShape},
};
use leptos::prelude::*;

/// Play, sound, what is going on, picture in picture and full screen.
#[component]
pub(super) fn Controls(deck: Deck, state: Memo<PlayerState>) -> impl IntoView {
    let has_picture = move || matches!(state.get(), PlayerState::Live | PlayerState::Reconnecting | PlayerState::Connecting);
    view! {
        <div class="player-bar" hidden=move || !has_picture()>
            <button
                type="button"
                class="button-icon"
                aria-label=move || if deck.is_paused.get() { "Play" } else { "Pause" }
                on:click=move |_| deck.perform(Command::TogglePlay)
            >
                {move || if deck.is_paused.get() { view! { <Icon shape=Shape::Play/> } } else { view! { <Icon shape=Shape::Pause/> } }}
            </button>
            <Sound deck/>
            <span class="player-state">{move || state.get().words()}</span>
            <span class="player-space"></span>
            <button type="button" class="button-icon player-keys" aria-label="Keyboard shortcuts" on:click=move |_| deck.perform(Command::ShowKeys)>
                <Icon shape=Shape::Keyboard/>
            </button>
            <button
                type="button"
                class="button-icon"
                aria-label="Picture in picture"
                hidden=move || !deck.can_float.get()
                on:click=move |_| deck.perform(Command::TogglePictureInPicture)
            >
                <Icon shape=Shape::PictureInPicture/>
            </button>
            <button
                type="button"
                class="button-icon player-theatre"
                aria-label="Theatre mode"
                aria-pressed=move || deck.is_theatre.get().to_string()
                on:click=move |_| deck.perform(Command::ToggleTheatre)
            >
                <PageIcon shape=PageShape::Theatre/>
            </button>
            <button type="button" class="button-icon" aria-label="Full screen" on:click=move |_| deck.perform(Command::ToggleFullScreen)>
                <Icon shape=Shape::Maximize/>
            </button>
        </div>
    }
}

/// The sound switch and the volume.
#[component]
fn Sound(deck: Deck) -> impl IntoView {
    let volume = move || if deck.is_muted.get() { 0 } else { deck.volume.get() };
    view! {
        <button
            type="button"
            class="button-icon"
            aria-label="Sound"
            aria-pressed=move || (!deck.is_muted.get()).to_string()
            on:click=move |_| deck.perform(Command::ToggleSound)
        >
            {move || if deck.is_muted.get() { view! { <Icon shape=Shape::VolumeOff/> } } else { view! { <Icon shape=Shape::Volume/> } }}
        </button>
        <input
            class="player-volume"
            type="range"
            min="0"
            max="100"
            step="5"
            aria-label="Volume"
            prop:value=move || volume().to_string()
            on:input=move |event| {
                if let Ok(volume) = event_target_value(&event).parse() {
                    deck.set_volume(volume);
                }
            }
        />
    }
}
