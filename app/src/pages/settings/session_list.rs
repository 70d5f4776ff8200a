//! The browsers that are signed in.

use crate::{
    api::accounts::{EndSession, sessions},
    components::{
        icons::{Icon, Shape},
        load_failed::LoadFailed,
        local_time::LocalTime,
    },
    page_data::page_data,
    state::use_toasts,
};
use domain::account::SessionInfo;
use leptos::{form::ActionForm, prelude::*};

#[component]
pub(super) fn SessionList(#[prop(into)] n_changes: Signal<u32>) -> impl IntoView {
    let end = ServerAction::<EndSession>::new();
    let list = page_data(move || (n_changes.get(), end.version().get()), |_| sessions());
    let toasts = use_toasts();
    Effect::new(move |_| {
        if let Some(Err(error)) = end.value().get() {
            toasts.problem(error.to_string());
        }
    });
    view! {
        <Transition fallback=|| view! { <div class="skeleton session-skeleton" aria-hidden="true"></div> }>
            {move || Suspend::new(async move {
                match list.await {
                    Ok(sessions) => {
                        let items = sessions.into_iter().map(|session| view! { <Session session end/> }).collect_view();
                        view! { <ul class="sessions">{items}</ul> }.into_any()
                    }
                    Err(error) => view! { <LoadFailed error retry=move |()| list.refetch()/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Session(session: SessionInfo, end: ServerAction<EndSession>) -> impl IntoView {
    let SessionInfo { id, browser, last_seen_at, is_current, .. } = session;
    let action = if is_current {
        view! { <span class="chip chip-current">"This browser"</span> }.into_any()
    } else {
        let label = format!("End the session of {browser}");
        view! {
            <ActionForm action=end>
                <input type="hidden" name="session" value=id.to_string()/>
                <button type="submit" class="button" aria-label=label>"End"</button>
            </ActionForm>
        }
        .into_any()
    };
    view! {
        <li class="session">
            <Icon shape=Shape::Monitor/>
            <div class="session-text">
                <p class="session-browser">{browser}</p>
                <p class="session-seen">"Last seen " <LocalTime moment=last_seen_at/></p>
            </div>
            {action}
        </li>
    }
}
