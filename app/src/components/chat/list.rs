//! The messages: a window of them, which follows the newest or stands still while somebody reads.

use super::icons::{CHEVRON_DOWN, ChatIcon};
use super::{menu::MessageMenu, row::MessageRow, scroll};
use crate::chat::Room;
use domain::chat::ChatLog;
use leptos::{html::Div, prelude::*};
use web_sys::KeyboardEvent;

#[component]
pub(super) fn MessageList(room: Room) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let is_empty = Memo::new(move |_| room.rows.with(Vec::is_empty));
    let n_new = Memo::new(move |_| room.log.with(ChatLog::n_new));
    let is_reading = Memo::new(move |_| room.log.with(ChatLog::is_reading));
    scroll::show_found(room);
    let on_key = move |event: KeyboardEvent| {
        let is_moved = match event.key().as_str() {
            "ArrowUp" => scroll::focus_neighbour(frame, false),
            "ArrowDown" => scroll::focus_neighbour(frame, true),
            _ => false,
        };
        if is_moved {
            event.prevent_default();
        }
    };
    view! {
        <div class="chat-window">
            // It grows from its foot, so that the newest messages are there before any script, and older ones move nothing.
            <div
                class="chat-scroll"
                node_ref=frame
                role="log"
                aria-label="Messages"
                aria-live="off"
                tabindex="0"
                on:scroll=move |_| scroll::follow(room, frame)
                on:keydown=on_key
            >
                <div class="chat-rows">
                    <For each=move || room.rows.get() key=|key| *key let(key)>
                        <MessageRow room key/>
                    </For>
                    {move || is_empty.get().then(|| view! { <p class="chat-empty">"Nothing has been said yet. Say hello!"</p> })}
                </div>
            </div>
            {move || {
                is_reading.get().then(|| {
                    view! {
                        <button type="button" class="button chat-new" on:click=move |_| scroll::to_newest(room, frame)>
                            <ChatIcon path=CHEVRON_DOWN/>
                            {move || match n_new.get() {
                                0 => "To the newest".to_owned(),
                                n => format!("{n} new"),
                            }}
                        </button>
                    }
                })
            }}
            <MessageMenu room/>
        </div>
    }
}
