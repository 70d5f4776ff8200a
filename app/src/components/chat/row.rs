//! One message.

use super::icons::{ChatIcon, ELLIPSIS};
use super::{
    body::{body, names},
    reactions::Reactions,
};
use crate::{chat::Room, components::avatar::Avatar};
use domain::{
    MessageId, Timestamp,
    chat::{
        ChatMessage, ChatRole, Quote,
        log::{Delivery, RowKey},
        text::excerpt,
    },
};
use leptos::prelude::*;
use std::sync::Arc;
use web_sys::{KeyboardEvent, MouseEvent};

/// The id of a message in the page, to which links lead.
pub(super) fn id(message: MessageId) -> String {
    format!("m-{message}")
}

/// A message as it is now: sent or on its way, corrected, answered to.
#[component]
pub(super) fn MessageRow(room: Room, key: RowKey) -> impl IntoView {
    // Between its end and its row's a message stays as it was.
    type Shown = Option<(Arc<ChatMessage>, Delivery)>;
    let row = Memo::new(move |last: Option<&Shown>| room.log.with(|log| log.row(key)).or_else(|| last.cloned().flatten()));
    let message_id = Memo::new(move |_| row.with(|row| row.as_ref().map(|(message, _)| message.id)));
    let is_sent = Memo::new(move |_| row.with(|row| matches!(row, Some((_, Delivery::Sent)))));
    let is_failed = move || row.with(|row| matches!(row, Some((_, Delivery::Failed(_)))));
    let is_held = move || row.with(|row| row.as_ref().is_some_and(|(message, _)| message.held_until.is_some()));
    let me = StoredValue::new(room.session.viewer.get_untracked().map(|viewer| viewer.username));
    let names_me = move || {
        me.with_value(|me| {
            row.with(|row| me.as_ref().zip(row.as_ref()).is_some_and(|(me, (message, _))| names(&message.text, me)))
        })
    };
    let open = move || room.menu.set(message_id.get_untracked().filter(|_| is_sent.get_untracked()));
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && event.target() == event.current_target() {
            event.prevent_default();
            open();
        }
    };
    view! {
        <article
            class="chat-row"
            class:is-sending=move || !is_sent.get()
            class:is-failed=is_failed
            class:is-held=is_held
            class:is-for-me=names_me
            class:is-found=move || room.found.get().is_some_and(|found| Some(found) == message_id.get())
            id=move || message_id.get().filter(|_| is_sent.get()).map(id)
            tabindex="-1"
            on:keydown=on_key
        >
            {move || row.get().map(|(message, delivery)| view! { <Content room message delivery key/> })}
            <button
                type="button"
                class="button-icon chat-more needs-script"
                tabindex="-1"
                aria-label="What to do with this message"
                hidden=move || !is_sent.get()
                on:click=move |_| open()
            >
                <ChatIcon path=ELLIPSIS/>
            </button>
        </article>
    }
}

#[component]
fn Content(room: Room, message: Arc<ChatMessage>, delivery: Delivery, key: RowKey) -> impl IntoView {
    let author = message.author.clone();
    let username = author.username.as_ref().map_or_else(|| author.name.clone(), ToString::to_string);
    let role = author.role;
    let viewer = room.session.viewer.get_untracked();
    let is_delivered = delivery == Delivery::Sent;
    let words = body(&message.text, viewer.as_ref().map(|viewer| &viewer.username));
    view! {
        <Avatar username display_name=author.name.clone() picture=author.avatar/>
        <div class="chat-said">
            {message.reply_to.clone().map(|quote| view! { <Quoted room quote/> })}
            <p class="chat-by">
                <span class="chat-name" class:is-streamer=role == ChatRole::Streamer>{author.name}</span>
                {role.badge().map(|badge| view! { <span class=format!("chat-badge is-{}", badge.to_lowercase())>{badge}</span> })}
                {is_delivered.then(|| view! { <Time room sent_at=message.sent_at/> })}
                {message.is_edited.then(|| view! { <span class="chat-note">"edited"</span> })}
                {message.held_until.map(|_| view! { <span class="chat-note">"held: only you and the moderators see it yet"</span> })}
            </p>
            <p class="chat-text">{words}</p>
            {is_delivered.then(|| view! { <Reactions room message=Arc::clone(&message)/> })}
            {match delivery {
                Delivery::Failed(reason) => Some(view! { <Failed room key reason/> }),
                Delivery::Sent | Delivery::Sending => None,
            }}
        </div>
    }
}

/// What a message answers: a real link to it.
#[component]
fn Quoted(room: Room, quote: Quote) -> impl IntoView {
    let Quote { message, name, text } = quote;
    let jump = move |event: MouseEvent| {
        event.prevent_default();
        room.jump(message);
    };
    view! {
        <a class="chat-quote" href=format!("#{}", id(message)) rel="external" on:click=jump>
            <span class="only-heard">"In reply to "</span>
            <strong>{name}</strong>
            " "
            {text.map_or_else(|| "a message that is not here".to_owned(), |text| excerpt(&text))}
        </a>
    }
}

/// When it was said: in UTC until the browser says in which zone it is.
#[component]
pub(super) fn Time(room: Room, sent_at: Timestamp) -> impl IntoView {
    let clock = move || {
        let minutes = sent_at.0.div_euclid(60_000) + i64::from(room.zone.get().unwrap_or(0));
        let in_day = minutes.rem_euclid(24 * 60);
        format!("{:02}:{:02}", in_day / 60, in_day % 60)
    };
    view! { <time class="chat-time" datetime=sent_at.to_rfc3339()>{clock}</time> }
}

/// A message that was not taken, and what to do about it.
#[component]
fn Failed(room: Room, key: RowKey, reason: String) -> impl IntoView {
    view! {
        <p class="chat-failed" role="alert">
            <span>{reason}</span>
            <button type="button" class="chat-action" on:click=move |_| room.deliver(key)>"Send again"</button>
            <button type="button" class="chat-action" on:click=move |_| room.log.update(|log| log.discard(key))>"Discard"</button>
        </p>
    }
}
