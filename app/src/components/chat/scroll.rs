//! Where the reader is in the messages. Called from effects and event handlers only.
//!
//! The box grows from its foot: its place is counted from there, 0 at the newest message and negative further up.

use crate::{
    chat::Room,
    dom::{self, sleep},
};
use domain::chat::ChatLog;
use leptos::{html::Div, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Further than this from the newest message, in pixels, somebody reads and is not to be moved.
const READS_FROM: i32 = 120;
/// Closer than this to an end of what is shown, the window moves on.
const NEAR_THE_TOP: i32 = 300;
const AT_THE_FOOT: i32 = 8;
/// How long a message that was jumped to stands out.
const FOUND_MILLIS: u32 = 2500;

/// The reader scrolled.
pub(super) fn follow(room: Room, frame: NodeRef<Div>) {
    let Some(frame) = frame.get_untracked() else { return };
    let from_foot = -frame.scroll_top();
    let from_top = frame.scroll_height() - frame.client_height() - from_foot;
    let is_reading = room.log.with_untracked(ChatLog::is_reading);
    if !is_reading && from_foot > READS_FROM {
        room.log.update(ChatLog::read);
    } else if is_reading && from_foot <= AT_THE_FOOT {
        keep_place(&frame, || {
            room.log.update(|log| {
                log.later();
            });
        });
    }
    if from_foot > READS_FROM && from_top < NEAR_THE_TOP {
        keep_place(&frame, || room.earlier());
    }
}

/// Shows the newest messages.
pub(super) fn to_newest(room: Room, frame: NodeRef<Div>) {
    room.follow();
    if let Some(frame) = frame.get_untracked() {
        frame.set_scroll_top(0);
        // The button that was pressed goes; the focus does not go with it.
        let _is_focused = frame.focus();
    }
}

/// Moves the window while what is read stays where it is.
fn keep_place(frame: &HtmlElement, moves: impl FnOnce()) {
    let top = frame.get_bounding_client_rect().top();
    let anchor = rows(frame).into_iter().find(|row| row.get_bounding_client_rect().bottom() > top);
    let place = anchor.as_ref().map(|anchor| anchor.get_bounding_client_rect().top());
    moves();
    let frame = frame.clone();
    dom::next_frame(move || {
        let (Some(anchor), Some(place)) = (anchor.filter(|anchor| anchor.is_connected()), place) else { return };
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        let shift = (anchor.get_bounding_client_rect().top() - place).round() as i32;
        if shift != 0 {
            frame.set_scroll_top(frame.scroll_top() + shift);
        }
    });
}

/// The rows that are shown.
fn rows(frame: &HtmlElement) -> Vec<Element> {
    let mut rows = Vec::new();
    let mut next = frame.first_element_child().and_then(|rows| rows.first_element_child());
    while let Some(row) = next {
        next = row.next_element_sibling();
        rows.push(row);
    }
    rows
}

/// Moves the focus from row to row, beginning with the newest. False when there is none to go to.
pub(super) fn focus_neighbour(frame: NodeRef<Div>, is_down: bool) -> bool {
    let Some(frame) = frame.get_untracked() else { return false };
    let focused = web_sys::window().and_then(|window| window.document()).and_then(|document| document.active_element());
    let row = focused.and_then(|element| element.closest(".chat-row").ok().flatten());
    let neighbour = match row {
        Some(row) if is_down => row.next_element_sibling(),
        Some(row) => row.previous_element_sibling(),
        None => rows(&frame).pop(),
    };
    let Some(neighbour) = neighbour.and_then(|row| row.dyn_into::<HtmlElement>().ok()) else { return false };
    neighbour.focus().is_ok()
}

/// Scrolls to a message that was jumped to, and lets it stand out for a while.
pub(super) fn show_found(room: Room) {
    Effect::new(move || {
        let Some(id) = room.found.get() else { return };
        dom::next_frame(move || {
            let document = web_sys::window().and_then(|window| window.document());
            let row = document.and_then(|document| document.get_element_by_id(&super::row::id(id)));
            if let Some(row) = row.and_then(|row| row.dyn_into::<HtmlElement>().ok()) {
                row.scroll_into_view_with_bool(false);
                let _is_focused = row.focus();
            }
        });
        spawn_local(async move {
            sleep(FOUND_MILLIS).await;
            room.found.try_update(|found| {
                if *found == Some(id) {
                    *found = None;
                }
            });
        });
    });
}
