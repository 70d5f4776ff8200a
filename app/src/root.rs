//! The document, the application and the table of its pages.

pub use crate::components::leave_guard::announce_history;

use crate::{
    chrome::provide_chrome,
    components::{
        icons::{Icon, Shape},
        side_bar::SideBar,
        toast::ToastRegion,
        top_bar::TopBar,
    },
    document,
    pages::{
        self, admin::ADMIN, category::CATEGORY, claim::CLAIM, community::COMMUNITY, dashboard::DASHBOARD, following::FOLLOWING,
        home::HOME, not_found::NotFound, notifications::NOTIFICATIONS, search::SEARCH, settings::SETTINGS, sign_in::SIGN_IN,
        sign_up::SIGN_UP, watch::WATCH,
    },
    platform,
    realtime::provide_realtime,
    state::{provide_state, use_session},
    theme::Theme,
};
use leptos::{
    hydration::{AutoReload, HydrationScripts},
    prelude::*,
};
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    hooks::use_location,
    path,
};
use std::sync::Arc;

/// The HTML around the application, as the server sends it.
///
/// A page remembers the `build` of the site that it came from. The event connection is told when the site is of another,
/// and the page then offers to be loaded anew.
pub fn shell(options: LeptosOptions, build: Arc<str>) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=platform::page_start().theme.map(Theme::name)>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name=platform::BUILD_META content=build/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0c0e14"/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#ffffff"/>
                <link rel="preload" href="/fonts/figtree-latin.woff2" r#as="font" type="font/woff2" crossorigin="anonymous"/>
                <HashedStylesheet options=options.clone() id="style"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
                // Not part of the application, which has nothing to do with it but to show it.
                <div role="status">
                    <p class="new-version" id=platform::NEW_VERSION popover="manual">
                        "There is a new version of this page."
                        <a class="button button-quiet" href="" rel="external">"Load it"</a>
                        <button
                            class="button-icon"
                            type="button"
                            aria-label="Later"
                            popovertarget=platform::NEW_VERSION
                            popovertargetaction="hide"
                        >
                            <Icon shape=Shape::Close/>
                        </button>
                    </p>
                </div>
            </body>
        </html>
    }
}

/// The application: its contexts, the chrome, and the page of the address.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let chrome = provide_state();
    provide_realtime();
    provide_chrome(chrome);
    view! {
        <Title formatter=|title| format!("{title} · Learnify")/>
        <Router>
            <a class="skip-link" href="#main" rel="external">"Skip to content"</a>
            <TopBar/>
            <Frame/>
            <ToastRegion/>
        </Router>
    }
}

/// Loads the code of the page that the server rendered, so that `App` can take it over in one step.
///
/// Without that code the page can still be read, so this waits for as long as it takes.
pub async fn load_opened_page() {
    pages::lazy_page::load_opened_page(&pages::ALL).await;
}

/// The side bar and, beside it, the page.
#[component]
fn Frame() -> impl IntoView {
    let is_narrow = use_session().has_narrow_side_bar;
    focus_after_navigation();
    view! {
        <div class="frame" class:is-narrow=Signal::derive(move || is_narrow.get())>
            <SideBar/>
            <main id="main" tabindex="-1">
                <Pages/>
            </main>
        </div>
    }
}

/// Every page renders in one piece: it can then be read without script, and its status is known before it is sent.
///
/// The fixed addresses come before the channels, and usernames that would shadow them are reserved.
#[component]
fn Pages() -> impl IntoView {
    view! {
        <FlatRoutes fallback=|| view! { <NotFound/> }.into_any()>
            <Route path=path!("/") view=HOME ssr=SsrMode::Async/>
            <Route path=path!("/category/:slug") view=CATEGORY ssr=SsrMode::Async/>
            <Route path=path!("/search") view=SEARCH ssr=SsrMode::Async/>
            <Route path=path!("/sign-in") view=SIGN_IN ssr=SsrMode::Async/>
            <Route path=path!("/sign-up") view=SIGN_UP ssr=SsrMode::Async/>
            <Route path=path!("/claim/:token") view=CLAIM ssr=SsrMode::Async/>
            <Route path=path!("/following") view=FOLLOWING ssr=SsrMode::Async/>
            <Route path=path!("/notifications") view=NOTIFICATIONS ssr=SsrMode::Async/>
            <Route path=path!("/settings/:section?") view=SETTINGS ssr=SsrMode::Async/>
            <Route path=path!("/dashboard") view=DASHBOARD ssr=SsrMode::Async/>
            <Route path=path!("/dashboard/community") view=COMMUNITY ssr=SsrMode::Async/>
            <Route path=path!("/admin") view=ADMIN ssr=SsrMode::Async/>
            <Route path=path!("/:username") view=WATCH ssr=SsrMode::Async/>
        </FlatRoutes>
    }
}

/// Takes the focus to the new page, as a page load would, so that the next Tab and a screen reader start there.
fn focus_after_navigation() {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            document::focus("main", false);
        }
        path
    });
}
