//! The chat of a channel, to be placed beside its player.

mod announcer;
mod autocomplete;
mod body;
mod composer;
mod dismiss;
mod emoji_picker;
mod header;
mod icons;
mod list;
mod menu;
mod moderation;
mod modes_form;
mod pin;
mod reactions;
mod row;
mod scroll;

pub use modes_form::ChatModesForm;

use crate::chat::use_chat;
use announcer::Announcer;
use composer::Composer;
use domain::chat::ChatSnapshot;
use header::Header;
use leptos::prelude::*;
use list::MessageList;
use pin::Pin;

/// The chat of a channel: what was said, what is said, and a place to say something.
///
/// It can be read and written without script; everything else comes with it.
#[component]
pub fn Chat(initial: ChatSnapshot) -> impl IntoView {
    let room = use_chat(initial);
    let is_collapsed = RwSignal::new(false);
    view! {
        <section class="chat" id="chat" class:is-collapsed=move || is_collapsed.get() aria-labelledby="chat-title">
            <Header room is_collapsed/>
            <div class="chat-content" hidden=move || is_collapsed.get()>
                <Pin room/>
                <MessageList room/>
                <Composer room/>
                <Announcer room/>
            </div>
        </section>
    }
}
