//! Going live with OBS or another encoder.

use super::stream_key::StreamKey;
use crate::components::{
    clipboard::Clipboard,
    icons::{Icon, Shape},
};
use leptos::prelude::*;

#[component]
pub fn Encoder(whip_url: String) -> impl IntoView {
    let clipboard = Clipboard::new("The server address is copied.");
    let copied = whip_url.clone();
    view! {
        <section class="panel" aria-labelledby="encoder">
            <h2 class="panel-title" id="encoder">"Use OBS or another encoder"</h2>
            <ol class="encoder-steps">
                <li>"In OBS 30 or newer, open Settings, then Stream, and choose the service “WHIP”."</li>
                <li>"Enter the server and the stream key below. OBS calls the key “Bearer Token”."</li>
                <li>"Under Output, set the keyframe interval to 1 s and the number of B-frames to 0."</li>
                <li>"Start streaming. Your page goes live by itself."</li>
            </ol>
            <div class="field">
                <label class="field-label" for="whip-url">"Server"</label>
                <div class="secret">
                    <input class="field-input" id="whip-url" type="text" readonly=true value=whip_url/>
                    <button type="button" class="button-icon needs-script" aria-label="Copy server" on:click=move |_| clipboard.text(copied.clone())>
                        <Icon shape=Shape::Copy/>
                    </button>
                </div>
            </div>
            <StreamKey/>
        </section>
    }
}
