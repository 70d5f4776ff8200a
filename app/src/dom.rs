//! Holds on the browser that let go of themselves when they are dropped.
//!
//! Nothing here may be called while rendering on the server: only from effects and event handlers, which never run there.

mod listener;
mod slot;
mod timer;

pub(crate) use listener::Listener;
pub(crate) use slot::Slot;
pub(crate) use timer::{Interval, sleep};

use wasm_bindgen::{JsCast, JsValue};

/// A property that the bindings do not know, or that some browsers lack.
pub(crate) fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    js_sys::Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

/// A method that the bindings do not know, or that some browsers lack.
pub(crate) fn method(object: &JsValue, name: &str) -> Option<js_sys::Function> {
    property(object, name)?.dyn_into().ok()
}

/// Sets a property that the bindings do not know. A browser without it is left as it is.
pub(crate) fn set_property(object: &JsValue, name: &str, value: impl Into<JsValue>) {
    let _is_set = js_sys::Reflect::set(object, &name.into(), &value.into());
}

/// Milliseconds since 1970, by the browser's clock.
pub(crate) fn now() -> f64 {
    js_sys::Date::now()
}

/// Does something before the next frame is drawn, when the page is as it will be.
pub(crate) fn next_frame(act: impl FnOnce() + 'static) {
    // Fails only where there is no window.
    let _is_due = leptos::prelude::request_animation_frame(act);
}

/// Waits for a promise in the background, only so that its failure is not reported as unhandled.
pub(crate) fn let_run(promise: js_sys::Promise) {
    leptos::task::spawn_local(async move {
        let _result = wasm_bindgen_futures::JsFuture::from(promise).await;
    });
}

/// A setting that this browser remembers. Private windows may refuse; then there is none.
pub(crate) fn remembered(key: &str) -> Option<String> {
    web_sys::window()?.local_storage().ok()??.get_item(key).ok()?
}

/// Makes this browser remember a setting, if it lets us.
pub(crate) fn remember(key: &str, value: &str) {
    if let Some(storage) = web_sys::window().and_then(|window| window.local_storage().ok().flatten()) {
        let _is_kept = storage.set_item(key, value);
    }
}

/// Puts text on the clipboard. The browser may refuse, and always does on an insecure page.
pub(crate) async fn copy(text: &str) -> bool {
    let clipboard = web_sys::window().and_then(|window| property(&window.navigator(), "clipboard"));
    let write = clipboard.as_ref().and_then(|clipboard| method(clipboard, "writeText"));
    let (Some(clipboard), Some(write)) = (clipboard, write) else { return false };
    let Ok(promise) = write.call1(&clipboard, &text.into()) else { return false };
    wasm_bindgen_futures::JsFuture::from(promise.unchecked_into::<js_sys::Promise>()).await.is_ok()
}
