//! The field of the search page, with suggestions while somebody types.
//!
//! The combobox pattern of the ARIA Authoring Practices Guide: the focus stays in the field, and the arrow keys move
//! through the list. Without script it is a form like that of the top bar.

use crate::{
    api::search::search_suggestions,
    components::{
        avatar::Avatar,
        icons::{Icon, Shape},
    },
    dom::sleep,
    paths,
};
use domain::search::{SearchTerm, Suggestion};
use leptos::{html, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use web_sys::{KeyboardEvent, SubmitEvent};

/// How long nothing is typed before suggestions are asked for, in milliseconds.
const PAUSE_MILLIS: u32 = 200;
/// Answers that are remembered; going back over what was typed then asks nothing.
const REMEMBERED: usize = 20;

const LIST: &str = "search-suggestions";

#[derive(Clone, Copy)]
struct Suggesting {
    input: NodeRef<html::Input>,
    /// Counts what was typed, so that only the last of it is answered.
    n_typed: StoredValue<u32>,
    known: StoredValue<Vec<(String, Vec<Suggestion>)>>,
    list: RwSignal<Vec<Suggestion>>,
    active: RwSignal<Option<usize>>,
}

impl Suggesting {
    fn typed(self, text: String) {
        self.active.set(None);
        self.n_typed.update_value(|n| *n += 1);
        let (mine, text) = (self.n_typed.get_value(), text.trim().to_owned());
        if text.parse::<SearchTerm>().is_err() {
            self.list.set(Vec::new());
            return;
        }
        if let Some(known) = self.known.with_value(|known| known.iter().find(|(term, _)| *term == text).cloned()) {
            self.list.set(known.1);
            return;
        }
        spawn_local(async move {
            sleep(PAUSE_MILLIS).await;
            if self.n_typed.try_get_value() != Some(mine) {
                return;
            }
            // Suggestions that do not come are not missed.
            let Ok(found) = search_suggestions(text.clone()).await else { return };
            self.known.try_update_value(|known| {
                if known.len() >= REMEMBERED {
                    known.remove(0);
                }
                known.push((text, found.clone()));
            });
            if self.n_typed.try_get_value() == Some(mine) {
                self.list.try_set(found);
            }
        });
    }

    fn close(self) {
        self.n_typed.update_value(|n| *n += 1);
        self.list.set(Vec::new());
        self.active.set(None);
    }

    /// Moves through the list, and from either end of it back into the field.
    fn step(self, forward: bool) {
        let length = self.list.with(Vec::len);
        self.active.update(|active| {
            *active = match (*active, forward) {
                _ if length == 0 => None,
                (None, true) => Some(0),
                (None, false) => Some(length - 1),
                (Some(at), true) => Some(at + 1).filter(|at| *at < length),
                (Some(at), false) => at.checked_sub(1),
            };
        });
    }

    fn chosen(self) -> Option<String> {
        let at = self.active.get_untracked()?;
        self.list.with_untracked(|list| list.get(at).map(|suggestion| paths::channel(&suggestion.username)))
    }
}

#[component]
pub(super) fn SearchBox(term: Memo<String>) -> impl IntoView {
    let state = Suggesting {
        input: NodeRef::new(),
        n_typed: StoredValue::new(0),
        known: StoredValue::new(Vec::new()),
        list: RwSignal::new(Vec::new()),
        active: RwSignal::new(None),
    };
    let navigate = StoredValue::new(use_navigate());
    let go = move |address: String| {
        state.close();
        navigate.with_value(|navigate| navigate(&address, NavigateOptions::default()));
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = state.input.get_untracked().map(|input| input.value()).unwrap_or_default();
        match typed.trim() {
            "" => go("/".to_owned()),
            typed => go(paths::search(typed, None, 1)),
        }
    };
    let key = move |event: KeyboardEvent| match event.key().as_str() {
        name @ ("ArrowDown" | "ArrowUp") => {
            event.prevent_default();
            state.step(name == "ArrowDown");
        }
        "Escape" if state.list.with(|list| !list.is_empty()) => {
            event.prevent_default();
            state.close();
        }
        "Enter" => {
            if let Some(address) = state.chosen() {
                event.prevent_default();
                go(address);
            }
        }
        _ => {}
    };
    let is_open = move || state.list.with(|list| !list.is_empty());
    view! {
        <form class="search-box" action="/search" method="get" on:submit=submit>
            <Icon shape=Shape::Search/>
            <input
                class="field-input"
                type="search"
                name="term"
                node_ref=state.input
                value=move || term.get()
                prop:value=move || term.get()
                maxlength=SearchTerm::MAX.to_string()
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-label="Search for"
                role="combobox"
                aria-autocomplete="list"
                aria-controls=LIST
                aria-expanded=move || is_open().to_string()
                aria-activedescendant=move || state.active.get().map(option_id)
                on:input=move |event| state.typed(event_target_value(&event))
                on:keydown=key
                on:blur=move |_| state.close()
            />
            <button type="submit" class="button button-primary">"Search"</button>
            <ul class="suggestions" id=LIST role="listbox" aria-label="Channels" hidden=move || !is_open()>
                {move || {
                    let list = state.list.get().into_iter().enumerate();
                    list.map(|(at, suggestion)| view! { <Choice state at suggestion on_choose=go/> }).collect_view()
                }}
            </ul>
        </form>
    }
}

fn option_id(at: usize) -> String {
    format!("suggestion-{at}")
}

#[component]
fn Choice(state: Suggesting, at: usize, suggestion: Suggestion, #[prop(into)] on_choose: Callback<String>) -> impl IntoView {
    let Suggestion { username, display_name, avatar, is_live } = suggestion;
    let address = paths::channel(&username);
    let choose = move |event: web_sys::MouseEvent| {
        // Before the field loses the focus, which closes the list.
        event.prevent_default();
        on_choose.run(address.clone());
    };
    view! {
        <li
            class="suggestion"
            id=option_id(at)
            role="option"
            aria-selected=move || (state.active.get() == Some(at)).to_string()
            on:mousedown=choose
        >
            <Avatar username=username.as_str() display_name=display_name.clone() picture=avatar/>
            <span class="suggestion-name">{display_name}</span>
            <span class="hit-handle">{format!("@{username}")}</span>
            {is_live.then(|| view! { <span class="badge badge-live">"LIVE"</span> })}
        </li>
    }
}
