//! Where one writes. A plain form without script; with it, what is sent shows at once.

use super::icons::{ChatIcon, SEND};
use super::{
    autocomplete::{Autocomplete, Suggestions},
    emoji_picker::EmojiPicker,
};
use crate::{
    api::{
        chat::SendMessage,
        follows::{Follow, follow},
    },
    chat::{GUEST_NAME_KEY, Room},
    components::{
        form_state::{FormProblem, FormState},
        icons::{Icon, Shape},
    },
    dom::{self, Interval, Slot},
    paths,
};
use domain::chat::{ChatLog, ChatRole, GuestName, Standing};
use leptos::{
    html::{Div, Textarea},
    prelude::*,
    server_fn::ServerFn,
    task::spawn_local,
};
use leptos_router::hooks::use_location;
use web_sys::{KeyboardEvent, SubmitEvent};

/// Whether this reader may write now, and what stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Open,
    Off,
    NeedsAccount,
    NeedsFollow,
    TimedOut,
}

#[component]
pub(super) fn Composer(room: Room) -> impl IntoView {
    let entry = Memo::new(move |_| {
        room.log.with(|log| {
            let Standing { role, is_following, timed_out_until, .. } = *log.standing();
            match log.modes().admit(role, is_following) {
                Err(_) if !log.modes().is_enabled => Entry::Off,
                Err(_) if role == ChatRole::Guest => Entry::NeedsAccount,
                Err(_) => Entry::NeedsFollow,
                Ok(()) if timed_out_until.is_some() => Entry::TimedOut,
                Ok(()) => Entry::Open,
            }
        })
    });
    look_again_after_time_out(room);
    let hint = |words: &'static str| view! { <p class="chat-hint" role="status">{words}</p> }.into_any();
    view! {
        <div class="chat-foot">
            {move || match entry.get() {
                Entry::Open => view! { <Form room/> }.into_any(),
                Entry::Off => hint("The chat is turned off at the moment."),
                Entry::NeedsAccount => view! { <SignInHint/> }.into_any(),
                Entry::NeedsFollow => view! { <FollowHint room/> }.into_any(),
                Entry::TimedOut => view! { <TimedOut room/> }.into_any(),
            }}
        </div>
    }
}

/// For guests where they may only read: the way to an account, and back here.
#[component]
fn SignInHint() -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    view! {
        <p class="chat-hint">
            <a class="link" href=paths::sign_in(Some(&path))>"Sign in"</a>
            " or "
            <a class="link" href=paths::sign_up(Some(&path))>"create an account"</a>
            " to write."
        </p>
    }
}

/// For members where only followers write: the way to become one. Without script it leads back here.
#[component]
fn FollowHint(room: Room) -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    let is_asking = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if is_asking.get_untracked() {
            return;
        }
        is_asking.set(true);
        spawn_local(async move {
            match follow(room.channel, None).await {
                // The event that follows brings the field, and this the focus into it.
                Ok(_state) => {
                    room.composing.focus.try_update(|n| *n += 1);
                }
                Err(error) => room.toasts.problem(error.to_string()),
            }
            is_asking.try_set(false);
        });
    };
    view! {
        <form class="chat-follow" method="post" action=Follow::PATH on:submit=submit>
            <p class="chat-hint">"Only followers of this channel write here."</p>
            <input type="hidden" name="channel" value=room.channel.to_string()/>
            <input type="hidden" name="next" value=path/>
            <button type="submit" class="button button-primary" disabled=move || is_asking.get()>
                <Icon shape=Shape::Heart/>
                "Follow to write"
            </button>
        </form>
    }
}

#[component]
fn TimedOut(room: Room) -> impl IntoView {
    let until = move || room.log.with(|log| log.standing().timed_out_until);
    view! {
        <p class="chat-hint" role="status">
            "A moderator asked you to wait"
            {move || until().map(|until| view! { " until " <super::row::Time room sent_at=until/> })}
            "."
        </p>
    }
}

/// Lets the reader write again once their time-out is over.
fn look_again_after_time_out(room: Room) {
    let interval = Slot::new();
    let until = Memo::new(move |_| room.log.with(|log| log.standing().timed_out_until));
    Effect::new(move || {
        interval.set(until.get().and_then(|until| {
            Interval::new(1000, move || {
                #[expect(clippy::cast_precision_loss, reason = "a moment in milliseconds")]
                let is_over = dom::now() > until.0 as f64;
                if is_over {
                    room.log.update(ChatLog::end_time_out);
                }
            })
        }));
    });
    on_cleanup(move || interval.set(None));
}

#[component]
fn Form(room: Room) -> impl IntoView {
    let composing = room.composing;
    // What a form that was sent without script was answered.
    let state = FormState::new("chat", &[], ServerAction::<SendMessage>::new());
    let (field, frame) = (NodeRef::<Textarea>::new(), NodeRef::<Div>::new());
    let suggestions = Suggestions::new(room, field);
    let is_guest = room.log.with_untracked(|log| log.standing().role == ChatRole::Guest);
    Effect::new(move || {
        if composing.focus.get() > 0
            && let Some(field) = field.get_untracked()
        {
            let _is_focused = field.focus();
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        suggestions.close();
        room.submit();
    };
    let on_key = move |event: KeyboardEvent| {
        if suggestions.take_key(&event) {
            event.prevent_default();
        } else if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            room.submit();
        } else if event.key() == "Escape"
            && (composing.reply.get_untracked().is_some() || composing.edit.get_untracked().is_some())
        {
            composing.cancel();
        }
    };
    view! {
        <form class="chat-form" method="post" action=SendMessage::PATH on:submit=submit>
            <FormProblem state/>
            <p class="chat-problem" role="alert">{move || composing.problem.get()}</p>
            <Context room/>
            {is_guest.then(|| view! { <GuestNameField room/> })}
            <input type="hidden" name="channel" value=room.channel.to_string()/>
            <div class="chat-field" node_ref=frame>
                <Autocomplete suggestions/>
                <EmojiPicker room field/>
                <label class="only-heard" for="chat-text">"Message"</label>
                <textarea
                    class="chat-input"
                    id="chat-text"
                    name="text"
                    node_ref=field
                    rows="1"
                    required=true
                    autocomplete="off"
                    placeholder="Say something"
                    aria-describedby="chat-left"
                    prop:value=move || composing.text.get()
                    on:input=move |event| {
                        composing.text.set(event_target_value(&event));
                        composing.problem.set(None);
                        suggestions.look();
                    }
                    on:click=move |_| suggestions.look()
                    on:keydown=on_key
                ></textarea>
                <SendButton room/>
            </div>
            <p class="chat-left" id="chat-left" class:is-over=move || composing.left().is_some_and(|left| left < 0)>
                {move || composing.left().map(|left| match left {
                    0.. => format!("{left} characters left"),
                    _ => format!("{} too many", -left),
                })}
            </p>
        </form>
    }
}

/// The button. While the chat is slow it says how long it takes.
#[component]
fn SendButton(room: Room) -> impl IntoView {
    let composing = room.composing;
    let wait = RwSignal::new(0_u32);
    let interval = Slot::new();
    Effect::new(move || {
        let until = composing.waits_until.get();
        let tick = move || {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a wait, at least none")]
            let left = ((until - dom::now()) / 1000.0).ceil().max(0.0) as u32;
            wait.try_set(left);
            if left == 0 {
                interval.set(None);
            }
        };
        interval.set(Interval::new(250, tick));
        tick();
    });
    on_cleanup(move || interval.set(None));
    let is_waiting = move || wait.get() > 0 && composing.edit.get().is_none();
    view! {
        <button type="submit" class="button button-primary chat-send" disabled=is_waiting aria-label=move || {
            if is_waiting() { format!("Send, possible in {} seconds", wait.get()) } else { "Send".to_owned() }
        }>
            {move || if is_waiting() {
                view! { <span class="chat-wait">{move || wait.get()} " s"</span> }.into_any()
            } else {
                view! { <ChatIcon path=SEND/> }.into_any()
            }}
        </button>
    }
}

/// What is answered or corrected, and the way out of that.
#[component]
fn Context(room: Room) -> impl IntoView {
    let composing = room.composing;
    let words = move || {
        let reply = composing.reply.get().map(|quote| format!("Reply to {}: {}", quote.name, quote.text.unwrap_or_default()));
        reply.or_else(|| composing.edit.get().map(|_| "Edit your message".to_owned()))
    };
    move || {
        words().map(|words| {
            view! {
                <div class="chat-context">
                    <span>{words}</span>
                    <button type="button" class="button-icon" aria-label="Cancel" on:click=move |_| composing.cancel()>
                        <Icon shape=Shape::Close/>
                    </button>
                </div>
            }
        })
    }
}

/// How a guest signs; this browser remembers it.
#[component]
fn GuestNameField(room: Room) -> impl IntoView {
    let name = room.composing.guest_name;
    Effect::new(move || {
        if let Some(remembered) = dom::remembered(GUEST_NAME_KEY) {
            name.set(remembered);
        }
    });
    view! {
        <input
            class="field-input chat-guest"
            name="guest_name"
            aria-label="Your name"
            placeholder="Your name"
            autocomplete="nickname"
            required=true
            minlength=GuestName::MIN.to_string()
            maxlength=GuestName::MAX.to_string()
            prop:value=move || name.get()
            on:input=move |event| name.set(event_target_value(&event))
        />
    }
}
