//! The head of the chat: its name, its modes, and what can be done to all of it.

use super::icons::{ChatIcon, SHIELD};
use super::moderation::ModerationDialog;
use crate::{
    chat::Room,
    components::icons::{Icon, Shape},
    format,
};
use domain::chat::ChatLog;
use leptos::{html::Dialog, prelude::*};

#[component]
pub(super) fn Header(room: Room, is_collapsed: RwSignal<bool>) -> impl IntoView {
    let (dialog, n_opened) = (NodeRef::<Dialog>::new(), RwSignal::new(0_u32));
    let moderates = Memo::new(move |_| room.log.with(|log| log.standing().role.moderates()));
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            // Fails only when it is open already.
            let _is_open = dialog.show_modal();
            n_opened.update(|n| *n += 1);
        }
    };
    view! {
        <header class="chat-head">
            <h2 class="chat-title" id="chat-title">"Chat"</h2>
            <Present room/>
            <Modes room/>
            {move || {
                moderates.get().then(|| {
                    view! {
                        <button type="button" class="button-icon needs-script" aria-label="Moderation" title="Moderation" on:click=open>
                            <ChatIcon path=SHIELD/>
                        </button>
                    }
                })
            }}
            <button
                type="button"
                class="button-icon needs-script chat-collapse"
                aria-expanded=move || (!is_collapsed.get()).to_string()
                aria-controls="chat"
                aria-label=move || if is_collapsed.get() { "Show the chat" } else { "Hide the chat" }
                on:click=move |_| is_collapsed.update(|is_collapsed| *is_collapsed = !*is_collapsed)
            >
                <Icon shape=Shape::ChevronRight/>
            </button>
        </header>
        {move || moderates.get().then(|| view! { <ModerationDialog room dialog n_opened/> })}
    }
}

/// How many have the page open. A screen reader hears "12 people here".
#[component]
fn Present(room: Room) -> impl IntoView {
    view! {
        <span class="chat-present">
            {move || format::count(room.present())}
            <span class="only-heard">{move || if room.present() == 1 { " person" } else { " people" }}</span>
            " here"
        </span>
    }
}

/// The modes that are not as usual, each with a word.
#[component]
fn Modes(room: Room) -> impl IntoView {
    let modes = Memo::new(move |_| room.log.with(ChatLog::modes));
    let words = move || {
        let modes = modes.get();
        let mut words = Vec::new();
        if !modes.is_enabled {
            words.push("Off".to_owned());
        }
        if modes.followers_only {
            words.push("Followers only".to_owned());
        } else if modes.allows_guests {
            words.push("Open to guests".to_owned());
        }
        if modes.slow_seconds > 0 {
            words.push(format!("Slow {} s", modes.slow_seconds));
        }
        if modes.held_seconds > 0 {
            words.push(format!("Held {} s", modes.held_seconds));
        }
        words.into_iter().map(|word| view! { <li class="chat-mode">{word}</li> }).collect_view()
    };
    view! { <ul class="chat-modes" aria-label="Modes of the chat">{words}</ul> }
}
