//! The button that follows a channel, and the question before it is unfollowed.

use super::icons::{Icon, Shape};
use crate::{
    api::follows::{Follow, Unfollow, follow, unfollow},
    document, format, paths,
    state::{use_toasts, use_viewer},
};
use domain::{UserId, follow::FollowState};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use web_sys::SubmitEvent;

/// Follows and unfollows at once, and takes it back if the server refuses; beside it the number of followers.
///
/// Without script both are plain forms that lead back to the channel's page. Guests are led to sign in.
#[component]
pub fn FollowButton(
    channel: UserId,
    #[prop(into)] username: String,
    /// What the page knows. It may change while the page is open.
    #[prop(into)]
    initial: Signal<FollowState>,
) -> impl IntoView {
    let told = Memo::new(move |_| initial.get());
    let (asked, answered) = (RwSignal::new(None::<bool>), RwSignal::new(None::<FollowState>));
    // What the page is told after the answer is newer than it.
    Effect::new(move |before: Option<()>| {
        told.track();
        if before.is_some() {
            answered.set(None);
        }
    });
    let shown = Memo::new(move |_| {
        let known = answered.get().unwrap_or_else(|| told.get());
        asked.get().map_or(known, |follows| known.with_following(follows))
    });
    let toasts = use_toasts();
    let ask = move |follows: bool| {
        if asked.get_untracked().is_some() {
            return;
        }
        asked.set(Some(follows));
        spawn_local(async move {
            let answer = if follows { follow(channel, None).await } else { unfollow(channel, None).await };
            // By now the page may be another.
            match answer {
                Ok(state) => {
                    answered.try_set(Some(state));
                }
                Err(error) => toasts.problem(error.to_string()),
            }
            asked.try_set(None);
        });
    };
    let is_own = told.get_untracked().is_own;
    let is_member = use_viewer().with_untracked(Option::is_some);
    let button = match (is_own, is_member) {
        (true, _) => ().into_any(),
        (false, false) => {
            let address = paths::sign_in(Some(&format!("/{username}")));
            view! { <a class="button button-primary" href=address><Icon shape=Shape::Heart/> "Follow"</a> }.into_any()
        }
        (false, true) => forms(channel, username, Memo::new(move |_| shown.get().is_following), ask).into_any(),
    };
    view! {
        <div class="follow">
            {button}
            <span class="follow-count">
                <strong>{move || format::count(shown.get().followers)}</strong>
                {move || if shown.get().followers == 1 { " follower" } else { " followers" }}
            </span>
        </div>
    }
}

/// One button for both, so that it keeps the focus when it changes. To unfollow it opens the question, also without script.
fn forms(
    channel: UserId,
    username: String,
    is_following: Memo<bool>,
    ask: impl Fn(bool) + Copy + Send + 'static,
) -> impl IntoView {
    let question = format!("unfollow-{channel}");
    let fields = || {
        view! {
            <input type="hidden" name="channel" value=channel.to_string()/>
            <input type="hidden" name="next" value=format!("/{username}")/>
        }
    };
    let follow = move |event: SubmitEvent| {
        event.prevent_default();
        ask(true);
    };
    let unfollow = {
        let question = question.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            document::close_popover(&question);
            ask(false);
        }
    };
    let opens = {
        let question = question.clone();
        move || is_following.get().then(|| question.clone())
    };
    view! {
        <form class="follow-form" method="post" action=Follow::PATH on:submit=follow>
            {fields()}
            <button
                class="button follow-button"
                class:button-primary=move || !is_following.get()
                type=move || if is_following.get() { "button" } else { "submit" }
                popovertarget=opens
            >
                <Icon shape=Shape::Heart/>
                {move || if is_following.get() { "Following" } else { "Follow" }}
            </button>
        </form>
        <div class="question" id=question popover="auto" role="dialog" aria-label="Stop following?">
            <p class="question-title">"Stop following " <strong>{format!("@{username}")}</strong> "?"</p>
            <p class="question-text">"You will no longer be told when a lesson begins here."</p>
            <form class="question-actions" method="post" action=Unfollow::PATH on:submit=unfollow>
                {fields()}
                <button class="button" type="button" popovertarget=question.clone() popovertargetaction="hide" autofocus=true>
                    "Keep following"
                </button>
                <button class="button button-danger" type="submit">"Unfollow"</button>
            </form>
        </div>
    }
}
