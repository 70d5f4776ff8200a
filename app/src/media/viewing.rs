//! One stream that is being watched. It can move from one element of the page to another without being joined again.

use super::watch::{Link, Screen, watch};
use futures::future::{AbortHandle, abortable};
use leptos::task::spawn_local;
use std::rc::Rc;
use web_sys::HtmlVideoElement;

/// Watching a channel, until dropped.
pub(crate) struct Viewing {
    username: String,
    screen: Rc<Screen>,
    task: AbortHandle,
}

impl Viewing {
    /// Joins a channel and shows it in `video`; rejoins whenever the connection is lost.
    pub(crate) fn begin(username: &str, video: HtmlVideoElement, tell: impl Fn(Link) + 'static) -> Self {
        let screen = Rc::new(Screen::new(video, tell));
        let (shown, name) = (Rc::clone(&screen), username.to_owned());
        let (watched, task) = abortable(async move { watch(&name, &shown).await });
        spawn_local(async move {
            let _is_over = watched.await;
        });
        Self { username: username.to_owned(), screen, task }
    }

    /// Whose stream it is.
    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    /// Goes on in another element, and tells somebody else how it stands.
    pub(crate) fn move_to(&self, video: HtmlVideoElement, tell: impl Fn(Link) + 'static) {
        self.screen.move_to(video, tell);
    }
}

impl Drop for Viewing {
    fn drop(&mut self) {
        self.task.abort();
    }
}
