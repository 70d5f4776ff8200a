//! The button that blocks a person, and the question before it does.

use super::icons::{Icon, Shape};
use crate::{
    api::blocks::{Block, block},
    document,
    state::{use_toasts, use_viewer},
};
use domain::UserId;
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use web_sys::SubmitEvent;

/// Blocks somebody, after a question. Not there for guests and for oneself.
///
/// Without script the form leads to the list of those who are blocked.
#[component]
pub fn BlockButton(
    person: UserId,
    #[prop(into)] username: String,
    /// What follows, instead of a word that it is done: perhaps the page has nothing to show any more.
    #[prop(optional, into)]
    on_blocked: Option<Callback<()>>,
) -> impl IntoView {
    let viewer = use_viewer().with_untracked(|viewer| viewer.as_ref().map(|viewer| viewer.id));
    if viewer.is_none_or(|viewer| viewer == person) {
        return ().into_any();
    }
    let (name, question) = (format!("@{username}"), format!("block-{person}"));
    let toasts = use_toasts();
    let submit = {
        let (name, question) = (name.clone(), question.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            document::close_popover(&question);
            let name = name.clone();
            spawn_local(async move {
                match (block(person).await, on_blocked) {
                    (Ok(()), Some(on_blocked)) => on_blocked.run(()),
                    (Ok(()), None) => toasts.done(format!("{name} is blocked.")),
                    (Err(error), _) => toasts.problem(error.to_string()),
                }
            });
        }
    };
    view! {
        <button class="button-icon" type="button" popovertarget=question.clone() aria-label=format!("Block {name}") title="Block">
            <Icon shape=Shape::Ban/>
        </button>
        <div class="question" id=question popover="auto" role="dialog" aria-label="Block this person?">
            <p class="question-title">"Block " <strong>{name}</strong> "?"</p>
            <p class="question-text">
                "You will not see each other any more: no lessons, no messages, no following. You can undo this under Community."
            </p>
            <form class="question-actions" method="post" action=Block::PATH on:submit=submit>
                <input type="hidden" name="person" value=person.to_string()/>
                <button class="button" type="button" popovertarget=question.clone() popovertargetaction="hide" autofocus=true>"Cancel"</button>
                <button class="button button-danger" type="submit">"Block"</button>
            </form>
        </div>
    }
    .into_any()
}
