//! The bar at the top of every page.

use super::{
    account_menu::AccountMenu,
    bell::Bell,
    connection::ConnectionIndicator,
    icons::{Icon, Shape},
    search_form::SearchForm,
    side_bar::SIDE_BAR,
};
use crate::{
    document, paths,
    state::{SIDE_BAR_COOKIE, use_session, use_viewer},
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The logo, the search, the state of the event connection, and the account.
#[component]
pub fn TopBar() -> impl IntoView {
    // Another viewer means another page load, so this is decided once.
    let account = match use_viewer().get_untracked() {
        Some(viewer) => view! { <Bell/><AccountMenu viewer/> }.into_any(),
        None => view! { <SignInLinks/> }.into_any(),
    };
    view! {
        <header class="top-bar" id="top-bar">
            <button type="button" class="button-icon drawer-button" popovertarget=SIDE_BAR aria-label="Menu">
                <Icon shape=Shape::Menu/>
            </button>
            <SideBarButton/>
            <a class="logo" href="/" aria-label="Learnify, home">
                <svg class="logo-mark" viewBox="0 0 32 32" aria-hidden="true">
                    <path class="logo-book" d="M4 8c4-2 8-2 12 1v17c-4-3-8-3-12-1zM28 8c-4-2-8-2-12 1v17c4-3 8-3 12-1z"/>
                    <circle class="logo-dot" cx="25" cy="7" r="4"/>
                </svg>
                <span class="logo-name">"Learnify"</span>
            </a>
            <SearchForm/>
            <div class="top-bar-end">
                <ConnectionIndicator/>
                {account}
            </div>
        </header>
    }
}

/// Makes the side bar narrow or wide, and remembers it.
#[component]
fn SideBarButton() -> impl IntoView {
    let is_narrow = use_session().has_narrow_side_bar;
    let toggle = move |_| {
        is_narrow.update(|is_narrow| *is_narrow = !*is_narrow);
        document::keep_setting(SIDE_BAR_COOKIE, if is_narrow.get_untracked() { "narrow" } else { "wide" });
    };
    view! {
        <button
            type="button"
            class="button-icon column-button needs-script"
            aria-label="Side bar"
            aria-expanded=Signal::derive(move || if is_narrow.get() { "false" } else { "true" })
            aria-controls=SIDE_BAR
            on:click=toggle
        >
            <Icon shape=Shape::PanelLeft/>
        </button>
    }
}

/// For guests. Signing in leads back to the page they are on.
#[component]
fn SignInLinks() -> impl IntoView {
    let path = use_location().pathname;
    let next = move || {
        path.with(|path| match path.as_str() {
            "/" | "/sign-in" | "/sign-up" => None,
            path => Some(path.to_owned()),
        })
    };
    view! {
        <a class="button button-quiet" href=Signal::derive(move || paths::sign_in(next().as_deref()))>"Sign in"</a>
        <a class="button button-primary" href=Signal::derive(move || paths::sign_up(next().as_deref()))>"Sign up"</a>
    }
}
