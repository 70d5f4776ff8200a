//! While the stream is live, a small frame of it goes to the server now and then, for the cards that others see.

use super::desk::Desk;
use crate::{
    dom::{Interval, Slot},
    media::publish::Progress,
};
use domain::{
    picture::{PREVIEW_SECONDS, PictureKind},
    stream::Signal as StreamSignal,
};
use gloo_net::http::Request;
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement};

/// How wide a frame is sent. On a card it is half of that.
const WIDTH: u32 = 640;
const QUALITY: f64 = 0.8;

/// Sends a frame as soon as the server has the stream, and then every so often, for as long as this page sends it.
pub(super) fn send_while_live(desk: Desk, video: NodeRef<html::Video>, signal: Memo<Option<StreamSignal>>) {
    let is_live = Memo::new(move |_| desk.progress.get() == Some(Progress::Sending) && signal.get() == Some(StreamSignal::Live));
    let interval = Slot::new();
    Effect::new(move || {
        if !is_live.get() {
            interval.set(None);
            return;
        }
        let send = move || {
            if let Some(video) = video.get_untracked() {
                send_frame(&video);
            }
        };
        send();
        interval.set(Interval::new(i32::try_from(PREVIEW_SECONDS * 1000).unwrap_or(i32::MAX), send));
    });
    on_cleanup(move || interval.set(None));
}

/// Nothing is drawn while nobody looks at the page, and nothing lost: the next frame comes soon.
fn send_frame(video: &HtmlVideoElement) {
    let Some(document) = web_sys::window().and_then(|window| window.document()).filter(|document| !document.hidden()) else {
        return;
    };
    let canvas = document.create_element("canvas").ok().and_then(|canvas| canvas.dyn_into::<HtmlCanvasElement>().ok());
    let Some(canvas) = canvas.filter(|canvas| draw(video, canvas).is_some()) else { return };
    let encoded = Closure::once_into_js(|blob: JsValue| {
        // Nothing, where the picture could not be encoded.
        if blob.is_object() {
            spawn_local(send(blob));
        }
    });
    let _is_encoding = canvas.to_blob_with_type_and_encoder_options(encoded.unchecked_ref(), "image/jpeg", &QUALITY.into());
}

fn draw(video: &HtmlVideoElement, canvas: &HtmlCanvasElement) -> Option<()> {
    let (width, height) = (video.video_width(), video.video_height());
    if width == 0 || height == 0 {
        return None;
    }
    canvas.set_width(WIDTH);
    canvas.set_height((WIDTH * height / width).max(1));
    let context = canvas.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, width, height).ok()
}

/// A frame that does not arrive is not missed.
async fn send(frame: JsValue) {
    let address = format!("/api/pictures/{}", PictureKind::Preview.slug());
    if let Ok(request) = Request::post(&address).header("Content-Type", "image/jpeg").body(frame) {
        let _is_taken = request.send().await;
    }
}
