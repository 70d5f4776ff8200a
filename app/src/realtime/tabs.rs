//! The tabs of one browser that share an event connection. Who holds the lock leads; all hear each other.
//!
//! A tab that hides or goes gives the lock up, and the browser does so for one that crashes.

use super::line::Input;
use crate::dom::{Listener, method, property};
use futures::channel::mpsc::UnboundedSender;
use js_sys::{Function, Promise};
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, BroadcastChannel, MessageEvent};

/// This tab's part among them, until dropped.
pub(super) struct Tabs {
    channel: BroadcastChannel,
    /// Stops waiting for the lock.
    waiting: AbortController,
    /// Gives the lock up.
    release: Option<Function>,
    _listener: Listener,
    _granted: Closure<dyn FnMut() -> Promise>,
}

impl Tabs {
    /// Joins the tabs of this name, and waits for the lead. `None` in browsers that lack what it takes, and on pages that
    /// came neither over https nor from this machine.
    pub(super) fn join(name: &str, inbox: &UnboundedSender<Input>) -> Option<Self> {
        let locks = property(&web_sys::window()?.navigator(), "locks")?;
        let request = method(&locks, "request")?;
        let (channel, waiting) = (BroadcastChannel::new(name).ok()?, AbortController::new().ok()?);
        let listener = Listener::new(&channel, "message", {
            let inbox = inbox.clone();
            move |event| {
                if let Some(text) = event.dyn_ref::<MessageEvent>().and_then(|event| event.data().as_string()) {
                    let _is_open = inbox.unbounded_send(Input::Heard(text));
                }
            }
        });
        let mut release = None;
        let held = Promise::new(&mut |resolve, _reject| release = Some(resolve));
        let granted = Closure::<dyn FnMut() -> Promise>::new({
            let inbox = inbox.clone();
            move || {
                let _is_open = inbox.unbounded_send(Input::Granted);
                held.clone()
            }
        });
        // The only option is a `signal`, which the controller has.
        let lock = request.call3(&locks, &name.into(), &waiting, granted.as_ref()).ok()?;
        let inbox = inbox.clone();
        spawn_local(async move {
            if JsFuture::from(lock.unchecked_into::<Promise>()).await.is_err() {
                let _is_open = inbox.unbounded_send(Input::Refused);
            }
        });
        Some(Self { channel, waiting, release, _listener: listener, _granted: granted })
    }

    /// Tells the others.
    pub(super) fn say(&self, text: &str) {
        // Fails only when closed, and strings can always be sent.
        let _is_sent = self.channel.post_message(&text.into());
    }
}

impl Drop for Tabs {
    fn drop(&mut self) {
        self.channel.close();
        self.waiting.abort();
        if let Some(release) = &self.release {
            let _is_released = release.call0(&wasm_bindgen::JsValue::NULL);
        }
    }
}
