//! The reactions under a message.

use crate::chat::Room;
use domain::chat::{ChatMessage, Reaction};
use leptos::prelude::*;
use std::sync::Arc;

/// What was said with one click, with how many said it. A click says it too, or takes it back.
#[component]
pub(super) fn Reactions(room: Room, message: Arc<ChatMessage>) -> impl IntoView {
    let id = message.id;
    let is_member = room.session.viewer.with_untracked(Option::is_some);
    (!message.reactions.is_empty()).then(|| {
        let reactions = message.reactions.iter().map(|reaction| {
            let Reaction { emoji, count, is_mine } = *reaction;
            view! {
                <li>
                    <button
                        type="button"
                        class="chat-reaction"
                        class:is-mine=is_mine
                        aria-pressed=is_mine.to_string()
                        aria-label=format!("{emoji}, {count}")
                        disabled=!is_member
                        tabindex="-1"
                        on:click=move |_| room.react(id, emoji)
                    >
                        <span aria-hidden="true">{emoji.glyph()}</span>
                        <span aria-hidden="true">{count}</span>
                    </button>
                </li>
            }
        });
        view! { <ul class="chat-reactions" aria-label="Reactions">{reactions.collect_view()}</ul> }
    })
}
