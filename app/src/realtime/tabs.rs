//! The tabs of one browser that share an event connection. Who holds the lock leads; all hear each other.
//!
//! A tab that hides or goes gives the lock up, and the browser does so for one that crashes. All others wait for it, so that
//! the leader can count them: those that crash wait no more.

use super::line::Input;
use crate::dom::{Listener, method, property};
use futures::channel::mpsc::UnboundedSender;
use js_sys::{Array, Function, Promise};
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, BroadcastChannel, MessageEvent};

/// This tab's part among them, until dropped.
pub(super) struct Tabs {
    /// Of the lock, and of the channel.
    name: JsValue,
    locks: JsValue,
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
        let name = name.into();
        let lock = request.call3(&locks, &name, &waiting, granted.as_ref()).ok()?;
        let inbox = inbox.clone();
        spawn_local(async move {
            if JsFuture::from(lock.unchecked_into::<Promise>()).await.is_err() {
                let _is_open = inbox.unbounded_send(Input::Refused);
            }
        });
        Some(Self { name, locks, channel, waiting, release, _listener: listener, _granted: granted })
    }

    /// Counts the tabs that wait for the lead, and puts the number into the inbox.
    pub(super) fn count(&self, inbox: &UnboundedSender<Input>) {
        let Some(Ok(locks)) = method(&self.locks, "query").map(|query| query.call0(&self.locks)) else { return };
        let (name, inbox) = (self.name.clone(), inbox.clone());
        spawn_local(async move {
            let locks = JsFuture::from(locks.unchecked_into::<Promise>()).await;
            if let Some(waiting) = locks.ok().and_then(|locks| property(&locks, "pending")) {
                let waits = |lock: &JsValue| property(lock, "name").is_some_and(|waited_for| waited_for == name);
                let n_waiting = waiting.unchecked_into::<Array>().iter().filter(waits).count();
                let _is_open = inbox.unbounded_send(Input::Counted(n_waiting));
            }
        });
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
            let _is_released = release.call0(&JsValue::NULL);
        }
    }
}
