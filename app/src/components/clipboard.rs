//! The clipboard.

use super::toast::Toasts;
use crate::{dom, state::use_toasts};
use leptos::task::spawn_local;

/// Puts text on the clipboard and says so.
#[derive(Clone, Copy)]
pub struct Clipboard {
    toasts: Toasts,
    done: &'static str,
}

impl Clipboard {
    pub fn new(done: &'static str) -> Self {
        Self { toasts: use_toasts(), done }
    }

    pub fn text(self, text: String) {
        spawn_local(async move {
            if dom::copy(&text).await {
                self.toasts.done(self.done);
            } else {
                self.toasts.problem("This browser does not let us copy. Select the text and copy it yourself.");
            }
        });
    }
}
