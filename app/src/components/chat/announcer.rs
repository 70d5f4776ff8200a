//! Tells readers by ear how much was said, now and then: a summary, not a ticker.

use crate::{
    chat::Room,
    dom::{Interval, Slot},
};
use leptos::prelude::*;

/// How often a summary is given, in milliseconds.
const INTERVAL_MILLIS: i32 = 15_000;

#[component]
pub(super) fn Announcer(room: Room) -> impl IntoView {
    let words = RwSignal::new(String::new());
    let interval = Slot::new();
    Effect::new(move || {
        interval.set(Interval::new(INTERVAL_MILLIS, move || {
            let n = room.unheard.try_update_value(std::mem::take).unwrap_or(0);
            words.try_set(match n {
                0 => String::new(),
                1 => "1 new message in the chat".to_owned(),
                n => format!("{n} new messages in the chat"),
            });
        }));
    });
    on_cleanup(move || interval.set(None));
    view! { <p class="only-heard" role="status">{move || words.get()}</p> }
}
