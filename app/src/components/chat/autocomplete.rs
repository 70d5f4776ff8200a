//! Completes the name of somebody who wrote recently behind an `@`.

use crate::{
    chat::{Room, mention_before},
    dom,
};
use domain::{chat::ChatLog, user::Username};
use leptos::{html::Textarea, prelude::*};
use web_sys::{KeyboardEvent, MouseEvent};

/// Names offered at once.
const MOST: usize = 6;

/// What is offered, and which of it is chosen.
#[derive(Clone, Copy)]
pub(super) struct Suggestions {
    room: StoredValue<Room>,
    field: NodeRef<Textarea>,
    names: RwSignal<Vec<Username>>,
    chosen: RwSignal<usize>,
}

impl Suggestions {
    pub(super) fn new(room: Room, field: NodeRef<Textarea>) -> Self {
        Self { room: StoredValue::new(room), field, names: RwSignal::new(Vec::new()), chosen: RwSignal::new(0) }
    }

    /// Looks at what stands before the caret.
    pub(super) fn look(self) {
        let names = self.typed().map(|(_, begun)| self.room.get_value().log.with_untracked(|log| matching(log, &begun)));
        self.chosen.set(0);
        self.names.set(names.unwrap_or_default());
    }

    pub(super) fn close(self) {
        if self.names.with_untracked(|names| !names.is_empty()) {
            self.names.set(Vec::new());
        }
    }

    /// Takes the keys that are meant for the list while it is open.
    pub(super) fn take_key(self, event: &KeyboardEvent) -> bool {
        let n = self.names.with_untracked(Vec::len);
        if n == 0 {
            return false;
        }
        match event.key().as_str() {
            "ArrowDown" => self.chosen.update(|chosen| *chosen = (*chosen + 1) % n),
            "ArrowUp" => self.chosen.update(|chosen| *chosen = (*chosen + n - 1) % n),
            "Enter" | "Tab" => self.complete(self.chosen.get_untracked()),
            "Escape" => self.close(),
            _ => return false,
        }
        true
    }

    fn typed(self) -> Option<(usize, String)> {
        let caret = self.field.get_untracked()?.selection_start().ok()??;
        self.room.get_value().composing.text.with_untracked(|text| mention_before(text, caret))
    }

    /// Writes a name out.
    fn complete(self, index: usize) {
        let name = self.names.with_untracked(|names| names.get(index).cloned());
        let (Some(name), Some((at, begun)), Some(field)) = (name, self.typed(), self.field.get_untracked()) else { return };
        let mut caret = 0;
        self.room.get_value().composing.text.update(|text| {
            let end = at + 1 + begun.len();
            let (Some(head), Some(tail)) = (text.get(..at), text.get(end..)) else { return };
            let head = format!("{head}@{name} ");
            caret = head.encode_utf16().count();
            *text = head + tail.trim_start_matches(' ');
        });
        self.close();
        // The field gets its new value after this.
        dom::next_frame(move || {
            let caret = u32::try_from(caret).unwrap_or(u32::MAX);
            let _is_focused = field.focus();
            let _is_set = field.set_selection_range(caret, caret);
        });
    }
}

/// Who wrote last and is called so, the reader left out.
fn matching(log: &ChatLog, begun: &str) -> Vec<Username> {
    let me = log.standing().author;
    let mut names: Vec<Username> = Vec::new();
    for message in log.messages().iter().rev().filter(|message| message.author.id != me) {
        let Some(name) = &message.author.username else { continue };
        let begins_so = name.as_str().get(..begun.len()).is_some_and(|head| head.eq_ignore_ascii_case(begun));
        if begins_so && !names.contains(name) {
            names.push(name.clone());
            if names.len() == MOST {
                break;
            }
        }
    }
    names
}

#[component]
pub(super) fn Autocomplete(suggestions: Suggestions) -> impl IntoView {
    let items = move || {
        let names = suggestions.names.get();
        let items = names.into_iter().enumerate().map(|(index, name)| {
            let complete = move |event: MouseEvent| {
                // The field keeps the focus, and with it its caret.
                event.prevent_default();
                suggestions.complete(index);
            };
            view! {
                <li
                    class="chat-suggestion"
                    role="option"
                    aria-selected=move || (suggestions.chosen.get() == index).to_string()
                    on:mousedown=complete
                >
                    {format!("@{name}")}
                </li>
            }
        });
        items.collect_view()
    };
    let heard =
        move || suggestions.names.with(|names| names.get(suggestions.chosen.get()).map(|name| format!("@{name}, press Enter")));
    view! {
        <ul class="chat-suggestions" role="listbox" aria-label="People" hidden=move || suggestions.names.with(Vec::is_empty)>{items}</ul>
        <span class="only-heard" role="status">{heard}</span>
    }
}
