//! The account: how it is reached, its password, where it is signed in, what is stored about it, and its end.

use super::{
    delete_form::DeleteForm, email_form::EmailForm, password_form::PasswordForm, pictures::own_picture, session_list::SessionList,
};
use crate::components::{
    avatar::Avatar,
    page_icons::{PageIcon, PageShape},
};
use domain::account::{Role, Viewer};
use leptos::prelude::*;

#[component]
pub(super) fn AccountSection(viewer: Viewer) -> impl IntoView {
    let name = viewer.username.to_string();
    let role = match viewer.role {
        Role::Admin => "Owner of this site",
        Role::Member => "Member",
    };
    // The list is read anew when the password was changed, since that signs the other browsers out.
    let n_changes = RwSignal::new(0_u32);
    view! {
        <section class="panel" aria-labelledby="account">
            <h2 class="panel-title" id="account">"Account"</h2>
            <div class="person">
                <Avatar username=name.clone() display_name=name.clone() picture=own_picture() is_large=true/>
                <div>
                    <p class="person-name">{name.clone()}</p>
                    <p class="person-role">{role}</p>
                </div>
            </div>
        </section>
        <section class="panel" aria-labelledby="email">
            <h2 class="panel-title" id="email">"E-mail address"</h2>
            <p class="panel-text">"Nobody else sees it. You can sign in with it."</p>
            <EmailForm/>
        </section>
        <section class="panel" aria-labelledby="password">
            <h2 class="panel-title" id="password">"Password"</h2>
            <p class="panel-text">"Changing it signs out every other browser."</p>
            <PasswordForm on_changed=move |()| n_changes.update(|n| *n += 1)/>
        </section>
        <section class="panel" aria-labelledby="sessions">
            <h2 class="panel-title" id="sessions">"Where you are signed in"</h2>
            <p class="panel-text">"End what you do not recognize, then change your password."</p>
            <SessionList n_changes/>
        </section>
        <section class="panel" aria-labelledby="export">
            <h2 class="panel-title" id="export">"Your data"</h2>
            <p class="panel-text">"A file with everything that Learnify stores about you, as JSON. It holds no password and no stream key."</p>
            <p class="panel-action">
                <a class="button" href="/api/export" download rel="external"><PageIcon shape=PageShape::Download/> "Export my data"</a>
            </p>
        </section>
        <section class="panel panel-danger" aria-labelledby="delete">
            <h2 class="panel-title" id="delete">"Delete this account"</h2>
            <p class="panel-text">
                "Your channel, your broadcasts and everything else that belongs to you are removed at once. "
                <strong>"It cannot be undone."</strong>
            </p>
            <DeleteForm username=name/>
        </section>
    }
}
