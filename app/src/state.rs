//! The contexts of the application and their typed getters: the session and the toasts. The third, the event
//! connection, is in [`crate::realtime`].

use crate::{components::toast::Toasts, page_data::Json, platform, theme::Theme};
use domain::{account::Viewer, chrome::Chrome};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// The cookie that keeps the side bar "narrow" or "wide".
pub const SIDE_BAR_COOKIE: &str = "side_bar";
/// The cookie that keeps the player as wide as the page, "on" or "off".
pub const THEATRE_COOKIE: &str = "theatre";
/// The cookie that keeps the column beside the player "open" or "closed".
pub const WATCH_SIDE_COOKIE: &str = "watch_side";

/// What the server knows about a request before it renders anything, handed to the browser inside the page,
/// so that both render the same chrome first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PageStart {
    pub viewer: Option<Viewer>,
    pub theme: Option<Theme>,
    pub has_narrow_side_bar: bool,
    /// Nothing when it could not be read; the page then asks for it.
    pub chrome: Chrome,
    pub is_theatre: bool,
    pub is_side_closed: bool,
}

/// Who looks at the page, and how they like it. A change of the viewer always comes with a new page load.
#[derive(Clone, Copy)]
pub struct Session {
    pub viewer: RwSignal<Option<Viewer>>,
    /// `None` follows the system.
    pub theme: RwSignal<Option<Theme>>,
    pub has_narrow_side_bar: RwSignal<bool>,
    /// Whether the player is as wide as the page.
    pub is_theatre: RwSignal<bool>,
    /// Whether the column beside the player is closed.
    pub is_side_closed: RwSignal<bool>,
}

/// Provides the contexts of this module. To be called once, in `App`. Answers what stands around the page at first.
pub fn provide_state() -> Chrome {
    let start = SharedValue::<PageStart, Json>::new_with_encoding(platform::page_start).into_inner();
    provide_context(Session {
        viewer: RwSignal::new(start.viewer),
        theme: RwSignal::new(start.theme),
        has_narrow_side_bar: RwSignal::new(start.has_narrow_side_bar),
        is_theatre: RwSignal::new(start.is_theatre),
        is_side_closed: RwSignal::new(start.is_side_closed),
    });
    provide_context(Toasts::default());
    start.chrome
}

/// The session. `App` provides it before anything is drawn.
pub fn use_session() -> Session {
    use_context::<Session>().expect("App provides the session")
}

/// The signed-in person. The server knows them from the request, so the first render already does.
pub fn use_viewer() -> Signal<Option<Viewer>> {
    use_session().viewer.into()
}

/// Where a component says what just happened.
pub fn use_toasts() -> Toasts {
    use_context::<Toasts>().unwrap_or_default()
}

/// The viewer, for pages that need one. Without one, sends the visitor to sign in and back to `path` afterwards.
pub fn viewer_or_sign_in(path: &str) -> Option<Viewer> {
    let viewer = use_session().viewer.get_untracked();
    if viewer.is_none() {
        platform::redirect(&crate::paths::sign_in(Some(path)));
    }
    viewer
}

/// Where the address of this page says to go after signing in. Somebody who is signed in already is sent there at once.
pub fn next_or_leave() -> Option<String> {
    let next = use_query_map().with_untracked(|query| query.get("next"));
    if use_session().viewer.with_untracked(Option::is_some) {
        platform::redirect(next.as_deref().unwrap_or("/"));
    }
    next
}
