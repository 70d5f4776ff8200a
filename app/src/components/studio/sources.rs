//! Where picture and sound come from.

use super::desk::Desk;
use crate::{
    components::icons::{Icon, Shape},
    media::{capture::Source, devices::Device},
};
use leptos::prelude::*;

/// Camera or screen, and which of several devices.
#[component]
pub(super) fn Sources(desk: Desk) -> impl IntoView {
    let pick = move |chosen: RwSignal<Option<String>>, id: String| {
        chosen.set(Some(id));
        desk.choose(desk.source.get_untracked().unwrap_or(Source::Camera));
    };
    view! {
        <fieldset class="studio-sources needs-script">
            <legend class="field-label">"Picture"</legend>
            <SourceChoice desk source=Source::Camera label="Camera" shape=Shape::Video/>
            <SourceChoice desk source=Source::Screen label="Screen" shape=Shape::Monitor/>
        </fieldset>
        <div class="studio-devices">
            <DeviceChoice
                label="Picture from"
                devices=Signal::derive(move || desk.devices.with(|devices| devices.cameras.clone()))
                chosen=desk.camera
                is_hidden=Signal::derive(move || desk.source.get() == Some(Source::Screen))
                on_pick=move |id| pick(desk.camera, id)
            />
            <DeviceChoice
                label="Sound from"
                devices=Signal::derive(move || desk.devices.with(|devices| devices.microphones.clone()))
                chosen=desk.microphone
                is_hidden=Signal::derive(|| false)
                on_pick=move |id| pick(desk.microphone, id)
            />
        </div>
    }
}

#[component]
fn SourceChoice(desk: Desk, source: Source, label: &'static str, shape: Shape) -> impl IntoView {
    view! {
        <label class="studio-source">
            <input
                type="radio"
                name="picture-source"
                prop:checked=move || desk.source.get() == Some(source)
                on:change=move |_| desk.choose(source)
            />
            <Icon shape/>
            {label}
        </label>
    }
}

/// Shown once there is more than one device to choose from, which is known after the first permission.
#[component]
fn DeviceChoice(
    label: &'static str,
    devices: Signal<Vec<Device>>,
    chosen: RwSignal<Option<String>>,
    is_hidden: Signal<bool>,
    #[prop(into)] on_pick: Callback<String>,
) -> impl IntoView {
    let is_shown = move || devices.with(|devices| devices.len() > 1) && !is_hidden.get();
    view! {
        <label class="field" hidden=move || !is_shown()>
            <span class="field-label">{label}</span>
            <select class="field-input" on:change=move |event| on_pick.run(event_target_value(&event))>
                <For each=move || devices.get() key=|device| device.id.clone() let(device)>
                    <option value=device.id.clone() selected=move || chosen.get().as_ref() == Some(&device.id)>{device.name.clone()}</option>
                </For>
            </select>
        </label>
    }
}
