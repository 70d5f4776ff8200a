//! The stream key: not in the page before it is asked for, and gone from it when hidden.

use crate::{
    api::channels::{RevealStreamKey, RotateStreamKey},
    components::{
        clipboard::Clipboard,
        icons::{Icon, Shape},
    },
    state::use_toasts,
};
use leptos::{html, prelude::*};

#[component]
pub(super) fn StreamKey() -> impl IntoView {
    let key = RwSignal::new(None::<String>);
    let (reveal, rotate) = (ServerAction::<RevealStreamKey>::new(), ServerAction::<RotateStreamKey>::new());
    let (toasts, clipboard) = (use_toasts(), Clipboard::new("The stream key is copied."));
    let question = NodeRef::<html::Dialog>::new();
    Effect::new(move || match reveal.value().get() {
        Some(Ok(revealed)) => key.set(Some(revealed)),
        Some(Err(error)) => toasts.problem(error.to_string()),
        None => {}
    });
    Effect::new(move || match rotate.value().get() {
        Some(Ok(replaced)) => {
            key.set(Some(replaced));
            toasts.done("This is your new stream key. The old one no longer works.");
        }
        Some(Err(error)) => toasts.problem(error.to_string()),
        None => {}
    });
    let hide = move |_| {
        key.set(None);
        reveal.clear();
        rotate.clear();
    };
    let is_shown = move || key.with(Option::is_some);
    view! {
        <div class="field needs-script">
            <label class="field-label" for="stream-key">"Stream key"</label>
            <input
                class="field-input"
                id="stream-key"
                type="text"
                readonly=true
                autocomplete="off"
                spellcheck="false"
                aria-describedby="stream-key-hint"
                prop:value=move || key.get().unwrap_or_else(|| "••••••••••••••••".to_owned())
            />
            <p class="field-hint" id="stream-key-hint">"Whoever has it can go live as you. Never show it on stream."</p>
            <div class="share">
                <button
                    type="button"
                    class="button"
                    hidden=is_shown
                    disabled=move || reveal.pending().get()
                    on:click=move |_| {
                        reveal.dispatch(RevealStreamKey {});
                    }
                >
                    "Show stream key"
                </button>
                <button type="button" class="button" hidden=move || !is_shown() on:click=move |_| clipboard.text(key.get_untracked().unwrap_or_default())>
                    <Icon shape=Shape::Copy/>
                    " Copy"
                </button>
                <button type="button" class="button" hidden=move || !is_shown() on:click=hide>"Hide"</button>
                <button
                    type="button"
                    class="button"
                    disabled=move || rotate.pending().get()
                    on:click=move |_| {
                        if let Some(question) = question.get_untracked() {
                            let _is_shown = question.show_modal();
                        }
                    }
                >
                    "Rotate key"
                </button>
            </div>
            <RotateQuestion question on_confirm=move |()| {
                rotate.dispatch(RotateStreamKey {});
            }/>
        </div>
    }
}

#[component]
fn RotateQuestion(question: NodeRef<html::Dialog>, #[prop(into)] on_confirm: Callback<()>) -> impl IntoView {
    let close = move || {
        if let Some(question) = question.get_untracked() {
            question.close();
        }
    };
    let confirm = move |_| {
        close();
        on_confirm.run(());
    };
    view! {
        <dialog class="dialog" node_ref=question aria-labelledby="rotate-title">
            <h2 class="dialog-title" id="rotate-title">"Replace the stream key?"</h2>
            <p class="dialog-text">
                "The present key stops working at once, and so does a stream that is live with it. Your encoder needs the new one."
            </p>
            <div class="share">
                <button type="button" class="button" on:click=move |_| close()>"Keep it"</button>
                <button type="button" class="button button-danger" on:click=confirm>"Replace it"</button>
            </div>
        </dialog>
    }
}
