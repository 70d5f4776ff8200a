//! The menu of the signed-in person.

use super::{
    avatar::Avatar,
    icons::{Icon, Shape},
    theme_switch::ThemeSwitch,
};
use crate::{api::accounts::SignOut, document, paths, state::use_viewer};
use domain::account::Viewer;
use leptos::{prelude::*, server_fn::ServerFn};

const ACCOUNT_MENU: &str = "account-menu";

/// A button that opens the menu. A popover, so it opens, closes and answers Escape without any script.
#[component]
pub fn AccountMenu(viewer: Viewer) -> impl IntoView {
    let name = viewer.username.to_string();
    // Changes while the page is open, when the member uploads another one.
    let shown = use_viewer();
    let picture = Signal::derive(move || shown.with(|viewer| viewer.as_ref().and_then(|viewer| viewer.avatar)));
    let close = |_| document::close_popover(ACCOUNT_MENU);
    view! {
        <a class="button button-primary go-live" href=paths::DASHBOARD rel="external">
            <Icon shape=Shape::Radio/>
            <span>"Go live"</span>
        </a>
        <button type="button" class="account-button" popovertarget=ACCOUNT_MENU>
            <span class="only-heard">{format!("Account of {name}")}</span>
            <Avatar username=name.clone() display_name=name.clone() picture/>
        </button>
        <div class="account-menu" id=ACCOUNT_MENU popover="auto" on:click=close>
            <p class="account-name">"Signed in as " <strong>{name}</strong></p>
            <ul class="menu">
                <li><a class="menu-item" href=paths::channel(&viewer.username)><Icon shape=Shape::Monitor/> "Your channel"</a></li>
                <li><a class="menu-item" href=paths::DASHBOARD rel="external"><Icon shape=Shape::Dashboard/> "Dashboard"</a></li>
                <li><a class="menu-item" href=paths::COMMUNITY><Icon shape=Shape::Users/> "Community"</a></li>
                <li><a class="menu-item" href="/settings"><Icon shape=Shape::Settings/> "Settings"</a></li>
                <li><ThemeSwitch/></li>
                <li><SignOutForm/></li>
            </ul>
        </div>
    }
}

/// Ends the session. A plain form even with script: all it does is load another page, and the code that sends forms
/// from script is left to the pages that need it.
#[component]
fn SignOutForm() -> impl IntoView {
    view! {
        <form method="post" action=SignOut::PATH>
            <button type="submit" class="menu-item"><Icon shape=Shape::LogOut/> "Sign out"</button>
        </form>
    }
}
