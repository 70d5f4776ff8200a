//! What can be done with a message: one menu for all of them, over the foot of the list.

use super::dismiss::dismiss;
use super::icons::{CLOCK, ChatIcon, PENCIL, PIN, REPLY, TRASH};
use crate::{
    api::chat::{clear_messages, pin_message, time_out},
    chat::Room,
    components::icons::{Icon, Shape},
    dom,
};
use domain::{
    chat::Standing,
    chat::{AuthorId, ChatMessage, ChatRole, EDIT_SECONDS, Emoji, Quote, TIMEOUT_MINUTES, text::excerpt},
};
use leptos::{html::Div, prelude::*, task::spawn_local};
use std::sync::Arc;

#[component]
pub(super) fn MessageMenu(room: Room) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let message = Memo::new(move |_| {
        let id = room.menu.get()?;
        room.log.with(|log| log.message(id).map(|message| (Arc::clone(message), log.standing().clone())))
    });
    let close = move || {
        if let Some(id) = room.menu.get_untracked() {
            room.menu.set(None);
            crate::document::focus(&super::row::id(id), false);
        }
    };
    dismiss(frame, move || room.menu.get().is_some(), close);
    // The first thing to do takes the focus once it is there; the row gives it back.
    Effect::new(move || {
        if room.menu.get().is_some() {
            dom::next_frame(move || {
                let first = frame.get_untracked().and_then(|frame| frame.query_selector("button").ok().flatten());
                if let Some(first) = first {
                    focus(&first);
                }
            });
        }
    });
    view! {
        <div class="chat-menu" node_ref=frame role="group" aria-label="What to do with this message" hidden=move || message.with(Option::is_none)>
            {move || message.get().map(|(message, standing)| view! { <Items room message standing/> })}
        </div>
    }
}

fn focus(element: &web_sys::Element) {
    use wasm_bindgen::JsCast;
    if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
        let _is_focused = element.focus();
    }
}

/// What this reader may do with this message. The server decides; here is only what it would allow.
#[component]
fn Items(room: Room, message: Arc<ChatMessage>, standing: Standing) -> impl IntoView {
    let (id, author) = (message.id, message.author.id);
    let is_own = author == standing.author;
    let is_member = standing.author.member().is_some();
    let moderates = standing.role.moderates();
    let may_act_against =
        moderates && !is_own && (standing.role == ChatRole::Streamer || message.author.role < ChatRole::Moderator);
    #[expect(clippy::cast_precision_loss, reason = "a moment in milliseconds")]
    let is_fresh = dom::now() - (message.sent_at.0 as f64) < (EDIT_SECONDS * 1000) as f64;
    let quote = Quote { message: id, name: message.author.name.clone(), text: Some(excerpt(&message.text)) };
    let (text, copied) = (message.text.clone(), message.text.clone());
    let close = move || {
        room.menu.set(None);
        crate::document::focus(&super::row::id(id), false);
    };
    let choose = move |act: fn(Room, domain::MessageId)| {
        move |_| {
            close();
            act(room, id);
        }
    };
    view! {
        <p class="chat-menu-of"><strong>{message.author.name.clone()}</strong> " " {excerpt(&message.text)}</p>
        {is_member.then(|| view! { <Choices room id/> })}
        <div class="chat-menu-items">
            <button type="button" class="menu-item" on:click=move |_| { close(); room.composing.answer(quote.clone()); }>
                <ChatIcon path=REPLY/> "Reply"
            </button>
            <button type="button" class="menu-item" on:click=move |_| { close(); copy(copied.clone()); }>
                <Icon shape=Shape::Copy/> "Copy text"
            </button>
            {(is_own && is_member && is_fresh).then(|| view! {
                <button type="button" class="menu-item" on:click=move |_| { close(); room.composing.correct(id, text.clone()); }>
                    <ChatIcon path=PENCIL/> "Edit"
                </button>
            })}
            {moderates.then(|| view! {
                <button type="button" class="menu-item" on:click=choose(pin)><ChatIcon path=PIN/> "Pin"</button>
            })}
            {(is_own && is_member || moderates).then(|| view! {
                <button type="button" class="menu-item" on:click=choose(Room::delete)><ChatIcon path=TRASH/> "Delete"</button>
            })}
            {may_act_against.then(|| view! { <Sanctions room author close=Callback::new(move |()| close())/> })}
        </div>
    }
}

/// The reactions to choose from.
#[component]
fn Choices(room: Room, id: domain::MessageId) -> impl IntoView {
    let choices = Emoji::ALL.map(|emoji| {
        let react = move |_| {
            room.menu.set(None);
            crate::document::focus(&super::row::id(id), false);
            room.react(id, emoji);
        };
        view! {
            <button type="button" class="button-icon chat-choice" aria-label=format!("React: {emoji}") on:click=react>{emoji.glyph()}</button>
        }
    });
    view! { <div class="chat-choices">{choices.collect_view()}</div> }
}

/// What moderators may do to the author.
#[component]
fn Sanctions(room: Room, author: AuthorId, close: Callback<()>) -> impl IntoView {
    let time_outs = TIMEOUT_MINUTES.map(|minutes| {
        let act = move |_| {
            close.run(());
            attempt(room, "Timed out.", async move { time_out(room.channel, author.to_string(), minutes).await });
        };
        view! { <button type="button" class="menu-item" on:click=act><ChatIcon path=CLOCK/> {format!("Time out for {minutes} min")}</button> }
    });
    let clear = move |_| {
        close.run(());
        attempt(room, "Their messages are removed.", async move { clear_messages(room.channel, author.to_string()).await });
    };
    view! {
        {time_outs.collect_view()}
        <button type="button" class="menu-item" on:click=clear><ChatIcon path=TRASH/> "Remove all their messages"</button>
    }
}

fn pin(room: Room, id: domain::MessageId) {
    attempt(room, "Pinned.", pin_message(id));
}

fn copy(text: String) {
    spawn_local(async move {
        dom::copy(&text).await;
    });
}

/// Does what a moderator chose, and says what came of it.
pub(super) fn attempt(room: Room, done: &'static str, act: impl Future<Output = Result<(), crate::ApiError>> + 'static) {
    spawn_local(async move {
        match act.await {
            Ok(()) => room.toasts.done(done),
            Err(error) => room.toasts.problem(error.to_string()),
        }
    });
}
