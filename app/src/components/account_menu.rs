//! The menu of the signed-in person.

use super::{
    avatar::Avatar,
    icons::{Icon, Shape},
    theme_switch::ThemeSwitch,
};
use crate::{api::accounts::SignOut, document, paths, state::use_viewer};
use domain::account::{Role, Viewer};
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
                <Item path=paths::channel(&viewer.username) shape=Shape::Monitor label="Your channel"/>
                <li><a class="menu-item" href=paths::DASHBOARD rel="external"><Icon shape=Shape::Dashboard/> "Dashboard"</a></li>
                <Item path=paths::COMMUNITY.to_owned() shape=Shape::Users label="Community"/>
                <Item path="/settings".to_owned() shape=Shape::Settings label="Settings"/>
                {(viewer.role == Role::Admin)
                    .then(|| view! { <Item path=paths::ADMIN.to_owned() shape=Shape::Eye label="Performance"/> })}
                <li><ThemeSwitch/></li>
                <li><SignOutForm/></li>
            </ul>
        </div>
    }
}

/// One page that the menu leads to.
#[component]
fn Item(path: String, shape: Shape, label: &'static str) -> impl IntoView {
    view! { <li><a class="menu-item" href=path><Icon shape/> {label}</a></li> }
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
