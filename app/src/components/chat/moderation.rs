//! For those who keep order: how slow the chat is, and the log of what was done.

use super::menu::attempt;
use crate::{
    api::chat::{moderation_log, set_slow_mode},
    chat::Room,
    components::local_time::LocalTime,
};
use domain::chat::{LogEntry, ModerationPage};
use leptos::{html::Dialog, prelude::*, task::spawn_local};

/// The choices of slowness, in seconds.
const SLOW: [u16; 7] = [0, 5, 10, 30, 60, 120, 300];

#[component]
pub(super) fn ModerationDialog(
    room: Room,
    dialog: NodeRef<Dialog>,
    /// Counts how often it was opened: each time it is read anew.
    n_opened: RwSignal<u32>,
) -> impl IntoView {
    let entries = RwSignal::new(Vec::<LogEntry>::new());
    let has_older = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let fetch = move |is_first: bool| {
        spawn_local(async move {
            let before = entries.with_untracked(|entries| entries.last().map(|entry| entry.id)).filter(|_| !is_first);
            match moderation_log(room.channel, before).await {
                Ok(ModerationPage { entries: page, has_older: more }) => {
                    entries.try_update(|entries| {
                        if is_first {
                            entries.clear();
                        }
                        entries.extend(page);
                    });
                    has_older.try_set(more);
                    problem.try_set(None);
                }
                Err(error) => {
                    problem.try_set(Some(error.to_string()));
                }
            }
        });
    };
    Effect::new(move || {
        if n_opened.get() > 0 {
            fetch(true);
        }
    });
    view! {
        <dialog class="dialog chat-moderation" node_ref=dialog aria-labelledby="chat-moderation-title">
            <h2 class="dialog-title" id="chat-moderation-title">"Moderation"</h2>
            <SlowMode room/>
            <h3 class="chat-log-title">"What was done"</h3>
            <p class="notice notice-problem" role="alert" hidden=move || problem.with(Option::is_none)>{move || problem.get()}</p>
            <ol class="chat-log-list">
                <For each=move || entries.get() key=|entry| entry.id let(entry)><Line entry/></For>
            </ol>
            <p class="dialog-text" hidden=move || entries.with(|entries| !entries.is_empty())>"Nothing yet."</p>
            <div class="chat-log-foot">
                <button type="button" class="button" hidden=move || !has_older.get() on:click=move |_| fetch(false)>"Show more"</button>
                <button
                    type="button"
                    class="button"
                    on:click=move |_| {
                        if let Some(dialog) = dialog.get_untracked() {
                            dialog.close();
                        }
                    }
                >
                    "Close"
                </button>
            </div>
        </dialog>
    }
}

#[component]
fn SlowMode(room: Room) -> impl IntoView {
    let seconds = Memo::new(move |_| room.log.with(|log| log.modes().slow_seconds));
    let set = move |event| {
        let seconds = event_target_value(&event);
        attempt(room, "Slow mode is set.", async move { set_slow_mode(room.channel, seconds).await });
    };
    view! {
        <div class="field">
            <label class="field-label" for="chat-slow">"Slow mode"</label>
            <select class="field-input" id="chat-slow" on:change=set prop:value=move || seconds.get().to_string()>
                {SLOW
                    .map(|choice| {
                        let label = if choice == 0 { "Off".to_owned() } else { format!("One message every {choice} s") };
                        view! { <option value=choice.to_string() selected=move || seconds.get() == choice>{label}</option> }
                    })
                    .collect_view()}
            </select>
        </div>
    }
}

#[component]
fn Line(entry: LogEntry) -> impl IntoView {
    let LogEntry { at, actor, action, target, detail, .. } = entry;
    view! {
        <li class="chat-log-entry">
            <p>
                <strong>{actor.unwrap_or_else(|| "Somebody who left".to_owned())}</strong>
                " "
                {action.words()}
                {target.map(|target| view! { " " <strong>{target}</strong> })}
            </p>
            {(!detail.is_empty()).then(|| view! { <p class="chat-log-detail">{detail}</p> })}
            <p class="chat-log-time"><LocalTime moment=at/></p>
        </li>
    }
}
