//! The message that a moderator pinned above the chat.

use super::icons::{ChatIcon, PIN};
use super::{body::body, menu::attempt};
use crate::{
    api::chat::unpin_message,
    chat::Room,
    components::icons::{Icon, Shape},
};
use domain::chat::ChatLog;
use leptos::prelude::*;
use web_sys::MouseEvent;

#[component]
pub(super) fn Pin(room: Room) -> impl IntoView {
    let pin = Memo::new(move |_| room.log.with(ChatLog::pin));
    let moderates = Memo::new(move |_| room.log.with(|log| log.standing().role.moderates()));
    let unpin = move |_| attempt(room, "Unpinned.", unpin_message(room.channel));
    move || {
        pin.get().map(|message| {
            let id = message.id;
            let jump = move |event: MouseEvent| {
                event.prevent_default();
                room.jump(id);
            };
            view! {
                <aside class="chat-pin" aria-label="Pinned message">
                    <ChatIcon path=PIN/>
                    <div class="chat-pin-text">
                        <a class="chat-pin-by" href=format!("#{}", super::row::id(id)) rel="external" on:click=jump>
                            "Pinned, by " {message.author.name.clone()}
                        </a>
                        <p class="chat-text">{body(&message.text, None)}</p>
                    </div>
                    {move || moderates.get().then(|| view! {
                        <button type="button" class="button-icon needs-script" aria-label="Unpin" on:click=unpin><Icon shape=Shape::Close/></button>
                    })}
                </aside>
            }
        })
    }
}
