//! The level of the microphone: proof, before going live, that one can be heard.

use super::desk::Desk;
use crate::{
    components::icons::{Icon, Shape},
    dom::{Interval, Slot},
    media::level::Meter,
};
use leptos::prelude::*;
use std::rc::Rc;

/// Between readings, in milliseconds: smooth to the eye, nothing to the processor.
const READING_MILLIS: i32 = 60;

#[component]
pub(super) fn MicrophoneLevel(desk: Desk) -> impl IntoView {
    let level = RwSignal::new(0.0);
    let has_sound = RwSignal::new(None);
    let readings = Slot::new();
    Effect::new(move || {
        desk.n_takes.track();
        let picture = desk.picture();
        has_sound.set(picture.is_some().then(|| desk.has_sound()));
        let meter = picture.filter(|_| desk.has_sound()).and_then(|picture| Meter::new(&picture)).map(Rc::new);
        level.set(0.0);
        readings.set(meter.and_then(|meter| {
            Interval::new(READING_MILLIS, move || {
                level.try_set(meter.read());
            })
        }));
    });
    on_cleanup(move || readings.set(None));
    view! {
        <div class="studio-level" hidden=move || has_sound.get().is_none()>
            <Icon shape=Shape::Mic/>
            <meter min="0" max="1" aria-label="Microphone level" prop:value=move || level.get()></meter>
            <span class="studio-hint" role="status">
                {move || (has_sound.get() == Some(false)).then_some("No microphone: nobody will hear you.")}
            </span>
        </div>
    }
}
