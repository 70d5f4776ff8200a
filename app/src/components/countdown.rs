//! How long until something begins.

use crate::{
    dom::{self, Interval, Slot},
    format,
};
use domain::Timestamp;
use leptos::prelude::*;

/// The time left, counted down in the browser. The page brings nothing but the room for it: only the browser knows now.
///
/// Screen readers are told the moment itself beside it, not every second.
#[component]
pub fn Countdown(until: Timestamp) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let interval = Slot::new();
    Effect::new(move |_| {
        let tick = move || {
            #[expect(clippy::cast_possible_truncation, reason = "a browser's clock is far from either end")]
            let now = Timestamp(dom::now() as i64);
            text.set(format::time_until(until, now).map_or_else(|| "any moment now".to_owned(), |left| format!("in {left}")));
        };
        tick();
        interval.set(Interval::new(1000, tick));
    });
    view! { <span class="countdown" aria-hidden="true">{Signal::derive(move || text.get())}</span> }
}
