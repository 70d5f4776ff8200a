//! A small grid of emoji beside the field.

use super::dismiss::dismiss;
use super::icons::{ChatIcon, SMILE};
use crate::chat::Room;
use domain::chat::emoji::SHORT_CODES;
use leptos::{
    html::{Div, Textarea},
    prelude::*,
};

#[component]
pub(super) fn EmojiPicker(room: Room, field: NodeRef<Textarea>) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let frame = NodeRef::<Div>::new();
    dismiss(frame, move || is_open.get(), move || is_open.set(false));
    view! {
        <div class="chat-emoji needs-script" node_ref=frame>
            <button
                type="button"
                class="button-icon"
                aria-label="Emoji"
                aria-expanded=move || is_open.get().to_string()
                on:click=move |_| is_open.update(|is_open| *is_open = !*is_open)
            >
                <ChatIcon path=SMILE/>
            </button>
            {move || is_open.get().then(|| view! { <Grid room field is_open/> })}
        </div>
    }
}

/// All of them; made only when they are asked for.
#[component]
fn Grid(room: Room, field: NodeRef<Textarea>, is_open: RwSignal<bool>) -> impl IntoView {
    let buttons = SHORT_CODES.map(|(code, glyph)| {
        let insert = move |_| {
            room.composing.text.update(|text| insert(text, glyph, field));
            is_open.set(false);
            room.composing.focus.update(|n| *n += 1);
        };
        let name = format!(":{code}:");
        view! { <button type="button" class="chat-glyph" aria-label=name.clone() title=name on:click=insert>{glyph}</button> }
    });
    view! { <div class="chat-emoji-grid" role="group" aria-label="Emoji">{buttons.collect_view()}</div> }
}

/// Writes an emoji where the caret stands, or at the end.
fn insert(text: &mut String, glyph: &str, field: NodeRef<Textarea>) {
    let caret =
        field.get_untracked().and_then(|field| field.selection_start().ok().flatten()).map_or(usize::MAX, |at| at as usize);
    let mut units = 0;
    let at = text.char_indices().find_map(|(at, c)| {
        let is_there = units >= caret;
        units += c.len_utf16();
        is_there.then_some(at)
    });
    text.insert_str(at.unwrap_or(text.len()), glyph);
}
