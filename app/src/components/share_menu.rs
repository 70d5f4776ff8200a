//! Giving the address of a channel away.
//!
//! The menu is a `details` element, so that it opens without script; script adds what only it can do.

use super::{
    clipboard::Clipboard,
    icons::{Icon, Shape},
    page_icons::{PageIcon, PageShape},
};
use crate::{
    dom::{self, Listener, Slot},
    paths::encode,
};
use js_sys::{Object, Promise};
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, Node};

/// A button that opens the ways to share `address`. `title` says what is there, and may change.
#[component]
pub fn ShareMenu(address: String, #[prop(into)] title: Signal<String>) -> impl IntoView {
    let menu = NodeRef::<html::Details>::new();
    let can_share = RwSignal::new(false);
    Effect::new(move || can_share.set(share_function().is_some()));
    close_from_outside(menu);
    let clipboard = Clipboard::new("The link is copied.");
    let (copied, shared) = (address.clone(), address.clone());
    let places = Place::ALL.map(|place| {
        let address = address.clone();
        view! {
            <li>
                <a
                    class="menu-item"
                    href=move || title.with(|title| place.address(&address, title))
                    target="_blank"
                    rel="noopener noreferrer"
                >
                    <PageIcon shape=place.shape()/>
                    {place.label()}
                </a>
            </li>
        }
    });
    view! {
        <details class="share-menu" node_ref=menu>
            <summary class="button"><PageIcon shape=PageShape::Share/> <span class="watch-action">"Share"</span></summary>
            <ul class="menu share-list">
                <li>
                    <button
                        type="button"
                        class="menu-item needs-script"
                        on:click=move |_| {
                            clipboard.text(copied.clone());
                            close(menu);
                        }
                    >
                        <Icon shape=Shape::Copy/>
                        "Copy link"
                    </button>
                </li>
                <li hidden=move || !can_share.get()>
                    <button
                        type="button"
                        class="menu-item needs-script"
                        on:click=move |_| {
                            share(&shared, &title.get_untracked());
                            close(menu);
                        }
                    >
                        <Icon shape=Shape::ExternalLink/>
                        "More…"
                    </button>
                </li>
                {places.collect_view()}
            </ul>
        </details>
    }
}

/// Where a link can be put.
#[derive(Debug, Clone, Copy)]
enum Place {
    X,
    Facebook,
    Linkedin,
    Whatsapp,
    Mail,
}

impl Place {
    const ALL: [Self; 5] = [Self::X, Self::Facebook, Self::Linkedin, Self::Whatsapp, Self::Mail];

    const fn label(self) -> &'static str {
        match self {
            Self::X => "X",
            Self::Facebook => "Facebook",
            Self::Linkedin => "LinkedIn",
            Self::Whatsapp => "WhatsApp",
            Self::Mail => "E-mail",
        }
    }

    const fn shape(self) -> PageShape {
        match self {
            Self::X => PageShape::X,
            Self::Facebook => PageShape::Facebook,
            Self::Linkedin => PageShape::Linkedin,
            Self::Whatsapp => PageShape::Message,
            Self::Mail => PageShape::Mail,
        }
    }

    fn address(self, address: &str, title: &str) -> String {
        let (address, title) = (encode(address), encode(title));
        match self {
            Self::X => format!("https://x.com/intent/tweet?url={address}&text={title}"),
            Self::Facebook => format!("https://www.facebook.com/sharer/sharer.php?u={address}"),
            Self::Linkedin => format!("https://www.linkedin.com/sharing/share-offsite/?url={address}"),
            Self::Whatsapp => format!("https://wa.me/?text={title}%20{address}"),
            Self::Mail => format!("mailto:?subject={title}&body={address}"),
        }
    }
}

fn close(menu: NodeRef<html::Details>) {
    if let Some(menu) = menu.get_untracked() {
        menu.set_open(false);
    }
}

/// A click elsewhere and Escape close the menu, as they close others.
fn close_from_outside(menu: NodeRef<html::Details>) {
    let listeners = Slot::new();
    Effect::new(move || {
        let window = web_sys::window().filter(|_| menu.get().is_some());
        listeners.set(window.map(|window| {
            [
                Listener::new(&window, "click", move |event| {
                    let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
                    let is_inside = menu.get_untracked().is_some_and(|menu| menu.contains(target.as_ref()));
                    if !is_inside {
                        close(menu);
                    }
                }),
                Listener::new(&window, "keydown", move |event| {
                    let is_escape = event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == "Escape");
                    let Some(open) = menu.get_untracked().filter(|menu| is_escape && menu.open()) else { return };
                    open.set_open(false);
                    if let Some(summary) =
                        open.first_element_child().and_then(|first| first.dyn_into::<web_sys::HtmlElement>().ok())
                    {
                        let _is_focused = summary.focus();
                    }
                }),
            ]
        }));
    });
    on_cleanup(move || listeners.set(None));
}

/// The browser's own way to share, where it has one.
fn share_function() -> Option<(web_sys::Navigator, js_sys::Function)> {
    let navigator = web_sys::window()?.navigator();
    let share = dom::method(&navigator, "share")?;
    Some((navigator, share))
}

fn share(address: &str, title: &str) {
    let Some((navigator, share)) = share_function() else { return };
    let what = Object::new();
    dom::set_property(&what, "title", title);
    dom::set_property(&what, "url", address);
    if let Some(promise) = share.call1(&navigator, &what).ok().and_then(|promise| promise.dyn_into::<Promise>().ok()) {
        // Closing the dialogue without sharing is a refusal too.
        dom::let_run(promise);
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn addresses_are_encoded_for_their_place() {
        let (address, title) = ("https://learnify.test/ana", "A & B?");
        for (place, expected) in [
            (Place::X, "https://x.com/intent/tweet?url=https%3A//learnify.test/ana&text=A%20%26%20B%3F"),
            (Place::Whatsapp, "https://wa.me/?text=A%20%26%20B%3F%20https%3A//learnify.test/ana"),
            (Place::Mail, "mailto:?subject=A%20%26%20B%3F&body=https%3A//learnify.test/ana"),
        ] {
            assert_eq!(place.address(address, title), expected);
        }
    }
}
