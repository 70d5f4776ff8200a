//! The side bar: a column on wide screens, a drawer on phones.

use super::{
    cover::category_shape,
    icons::{Icon, Shape},
    side_channels::SideChannels,
    theme_switch::ThemeSwitch,
};
use crate::{document, paths, state::use_viewer};
use domain::Category;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use web_sys::ToggleEvent;

/// The id that the buttons which open and close the drawer name.
pub const SIDE_BAR: &str = "side-bar";

/// The way around. As a popover it opens, closes and answers Escape without any script;
/// with it, the page behind the open drawer is out of reach.
#[component]
pub fn SideBar() -> impl IntoView {
    let is_member = use_viewer().with_untracked(Option::is_some);
    // Before it closes, not after: the browser then gives the focus back to the button, which must be in reach again.
    let before_toggle = move |event: ToggleEvent| document::set_inert_around_drawer(event.new_state() == "open");
    view! {
        <nav class="side-bar" id=SIDE_BAR popover="auto" aria-label="Main" on:beforetoggle=before_toggle>
            <div class="side-bar-head">
                <button
                    type="button"
                    class="button-icon"
                    popovertarget=SIDE_BAR
                    popovertargetaction="hide"
                    aria-label="Close menu"
                    autofocus=true
                >
                    <Icon shape=Shape::Close/>
                </button>
            </div>
            <ul class="menu">
                <MenuLink address="/".to_owned() shape=Shape::House label="Home"/>
                {is_member.then(|| view! {
                    <MenuLink address=paths::FOLLOWING.to_owned() shape=Shape::Heart label="Following"/>
                    <MenuLink address=paths::DASHBOARD.to_owned() shape=Shape::Dashboard label="Dashboard" rel="external"/>
                })}
            </ul>
            <SideChannels/>
            <h2 class="menu-heading">"Categories"</h2>
            <ul class="menu">
                {Category::ALL.map(|category| view! {
                    <MenuLink address=paths::category(category) shape=category_shape(category) label=category.label()/>
                }).collect_view()}
            </ul>
            <div class="side-bar-foot"><ThemeSwitch/></div>
        </nav>
    }
}

#[component]
fn MenuLink(address: String, shape: Shape, label: &'static str, #[prop(optional)] rel: Option<&'static str>) -> impl IntoView {
    let path = use_location().pathname;
    let target = address.clone();
    let current = Signal::derive(move || path.with(|path| *path == target).then_some("page"));
    view! {
        <li>
            <a
                class="menu-item"
                href=address
                rel=rel
                title=label
                aria-current=current
                on:click=|_| document::close_popover(SIDE_BAR)
            >
                <Icon shape/>
                <span class="menu-label">{label}</span>
            </a>
        </li>
    }
}
