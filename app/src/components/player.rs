//! The player: one picture, what it is up to, and the means to work it.

mod controls;
mod deck;
mod key_list;
mod keyboard;
mod keys;
mod mini;
mod stall;
mod state;

use crate::{
    components::{
        cover::Cover,
        icons::{Icon, Shape},
    },
    dom::Slot,
    media::{viewing::Viewing, watch::Link},
};
use controls::Controls;
use deck::Deck;
use domain::{channel::ChannelPage, stream};
use key_list::KeyList;
use leptos::prelude::*;
use state::PlayerState;
use std::rc::Rc;

/// Plays the channel when it is live and says what is going on when it is not. Its box never changes its size.
#[component]
pub fn Player(
    #[prop(into)] channel: Signal<ChannelPage>,
    /// What stands under the words while nothing plays, such as the next lesson.
    children: Children,
) -> impl IntoView {
    let deck = Deck::new();
    let signal = Memo::new(move |_| channel.with(|channel| channel.live.as_ref().map(|live| live.signal)));
    let was_live = Memo::new(move |was: Option<&bool>| was.copied().unwrap_or(false) || signal.get().is_some());
    let state = Memo::new(move |_| deck.link.with(|link| PlayerState::of(signal.get(), was_live.get(), link)));
    let username = channel.with_untracked(|channel| channel.username.clone());
    let name = Memo::new(move |_| channel.with(|channel| channel.display_name.clone()));
    play_while_live(deck, signal, username.to_string(), Memo::new(move |_| channel.with(|channel| channel.title.clone())));
    stall::follow(deck, signal);
    keyboard::listen(deck);
    Effect::new(move || deck.prepare());
    Effect::new(move || deck.apply_sound());
    let cover = Signal::derive(move || channel.with(|channel| channel.cover));
    let category = Memo::new(move |_| channel.with(|channel| channel.category));
    view! {
        <div class="player" node_ref=deck.frame data-state=move || state.get().name() tabindex="-1" role="region" aria-label="Player">
            {move || {
                view! { <Cover category=category.get() username=username.as_str() display_name=name.get() picture=cover sizes="100vw"/> }
            }}
            <video
                class="player-video"
                node_ref=deck.video
                playsinline
                prop:muted=true
                on:pause=move |_| deck.is_paused.set(true)
                on:play=move |_| deck.is_paused.set(false)
                on:dblclick=move |_| deck.perform(keys::Command::ToggleFullScreen)
            ></video>
            <Overlay deck state>{children()}</Overlay>
            <Controls deck state/>
            <KeyList deck/>
        </div>
    }
}

/// The words over the picture, and the button that turns the sound on.
#[component]
fn Overlay(deck: Deck, state: Memo<PlayerState>, children: Children) -> impl IntoView {
    let is_live = move || state.get() == PlayerState::Live;
    let is_idle = move || matches!(state.get(), PlayerState::Ended | PlayerState::Offline);
    let refusal = move || deck.link.with(|link| if let Link::Refused(reason) = link { Some(reason.clone()) } else { None });
    let is_silent = move || deck.is_muted.get() && !is_idle();
    view! {
        <div class="player-overlay" class:player-overlay-clear=is_live>
            <p class="player-words" role="status">{move || state.get().words()}</p>
            <p class="player-reason">{refusal}</p>
            <div class="player-idle" hidden=move || !is_idle()>{children()}</div>
            <noscript>"Watching needs JavaScript. Everything else on this page works without it."</noscript>
        </div>
        <button type="button" class="button player-unmute" hidden=move || !is_silent() on:click=move |_| deck.set_sound(true)>
            <Icon shape=Shape::VolumeOff/>
            " Unmute"
        </button>
    }
}

/// Joins when the channel goes live and leaves when it ends. An interruption is neither: the connection stays.
/// A stream that still plays when its page is left goes on in the corner, and comes back from there.
fn play_while_live(deck: Deck, signal: Memo<Option<stream::Signal>>, username: String, title: Memo<String>) {
    let is_live = Memo::new(move |_| signal.get().is_some());
    let viewing = Slot::<Rc<Viewing>>::new();
    Effect::new(move || {
        let Some(video) = deck.video.get() else { return };
        if !is_live.get() {
            viewing.set(None);
            drop(mini::take(&username));
            video.set_src_object(None);
            return;
        }
        let tell = move |link| {
            deck.link.try_set(link);
        };
        let joined = if let Some((kept, sound)) = mini::take(&username) {
            deck.resume(sound.is_muted);
            kept.move_to(video, tell);
            kept
        } else {
            // Two streams at once are one too many.
            mini::close();
            deck.link.set(Link::Joining);
            Rc::new(Viewing::begin(&username, video, tell))
        };
        viewing.set(Some(joined));
    });
    on_cleanup(move || {
        let kept = viewing.get().filter(|_| deck.link.try_with_untracked(|link| *link == Link::Playing) == Some(true));
        viewing.set(None);
        if let Some(kept) = kept {
            let title = title.try_get_untracked().unwrap_or_default();
            mini::keep(mini::Kept { viewing: Rc::clone(&kept), title, sound: deck.sound() });
        }
    });
}
