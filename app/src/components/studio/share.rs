//! The way to the public page, and its address to give away.

use crate::{
    components::{
        clipboard::Clipboard,
        icons::{Icon, Shape},
    },
    paths,
};
use domain::user::Username;
use leptos::prelude::*;

#[component]
pub fn Share(username: Username) -> impl IntoView {
    let path = paths::channel(&username);
    let address = {
        let path = path.clone();
        move || web_sys::window().and_then(|window| window.location().origin().ok()).map(|origin| format!("{origin}{path}"))
    };
    let clipboard = Clipboard::new("The address is copied.");
    view! {
        <section class="panel" aria-labelledby="share">
            <h2 class="panel-title" id="share">"Your page"</h2>
            <p class="panel-text">"Anyone can watch at this address, without an account."</p>
            <div class="share">
                // In a tab of its own: in this one it would end a stream that is live.
                <a class="button" href=path target="_blank" rel="noopener"><Icon shape=Shape::ExternalLink/> "Open your page"</a>
                <button type="button" class="button needs-script" on:click=move |_| clipboard.text(address().unwrap_or_default())>
                    <Icon shape=Shape::Copy/>
                    " Copy link"
                </button>
            </div>
        </section>
    }
}
