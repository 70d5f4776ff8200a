//! A moment in the reader's own time.

use crate::format;
use domain::Timestamp;
use js_sys::{Date, Object};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// A moment. The page brings it in UTC; the browser then writes it in its own zone and language.
#[component]
pub fn LocalTime(moment: Timestamp) -> impl IntoView {
    let text = RwSignal::new(format::utc(moment));
    Effect::new(move |_| {
        if let Some(local) = in_this_zone(moment) {
            text.set(local);
        }
    });
    view! { <time class="time" datetime=moment.to_rfc3339()>{Signal::derive(move || text.get())}</time> }
}

/// Weekday, date and time as the browser's language has them.
fn in_this_zone(moment: Timestamp) -> Option<String> {
    let options = Object::new();
    for (name, value) in
        [("weekday", "short"), ("day", "numeric"), ("month", "short"), ("hour", "numeric"), ("minute", "2-digit")]
    {
        js_sys::Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds fit a double for the next 285,000 years")]
    let date = Date::new(&JsValue::from_f64(moment.0 as f64));
    date.to_locale_string("default", &options).as_string()
}
