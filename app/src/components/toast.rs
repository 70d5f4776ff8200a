//! Short notices of what just happened, in a corner of the page.

use super::icons::{Icon, Shape};
use crate::dom::sleep;
use leptos::{prelude::*, task::spawn_local};

/// How long a notice stays: long enough to read two short sentences twice.
const SHOWN_MILLIS: u32 = 6_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    Done,
    Problem,
}

#[derive(Clone)]
struct Toast {
    id: u32,
    tone: Tone,
    text: String,
}

/// The notices that are shown. Get it with [`crate::state::use_toasts`] and use it in event handlers and effects.
#[derive(Clone, Copy, Default)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    last_id: RwSignal<u32>,
}

impl Toasts {
    /// Says that something worked.
    pub fn done(self, text: impl Into<String>) {
        self.show(Tone::Done, text.into());
    }

    /// Says that something did not work.
    pub fn problem(self, text: impl Into<String>) {
        self.show(Tone::Problem, text.into());
    }

    fn show(self, tone: Tone, text: String) {
        let id = self.last_id.get_untracked() + 1;
        self.last_id.set(id);
        self.shown.update(|shown| shown.push(Toast { id, tone, text }));
        spawn_local(async move {
            sleep(SHOWN_MILLIS).await;
            self.dismiss(id);
        });
    }

    fn dismiss(self, id: u32) {
        // The page may be gone by the time a notice ends.
        let _is_dismissed = self.shown.try_update(|shown| shown.retain(|toast| toast.id != id));
    }
}

/// Where the notices appear. It is in the page from the start, so that screen readers announce what enters it.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = crate::state::use_toasts();
    view! {
        <div class="toasts" role="status">
            {move || toasts.shown.get().into_iter().map(|toast| view! { <ToastView toast toasts/> }).collect_view()}
        </div>
    }
}

#[component]
fn ToastView(toast: Toast, toasts: Toasts) -> impl IntoView {
    let Toast { id, tone, text } = toast;
    let (class, shape) = match tone {
        Tone::Done => ("toast", Shape::CircleCheck),
        Tone::Problem => ("toast toast-problem", Shape::CircleAlert),
    };
    view! {
        <div class=class>
            <Icon shape/>
            <p>{text}</p>
            <button type="button" class="button-icon" aria-label="Dismiss" on:click=move |_| toasts.dismiss(id)>
                <Icon shape=Shape::Close/>
            </button>
        </div>
    }
}
