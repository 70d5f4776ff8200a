//! Name, bio and links.

use super::{
    links_form::{LinksDraft, LinksForm},
    pictures::{Pictures, own_picture},
    profile_form::{ProfileDraft, ProfileForm},
    saved::QUESTION,
};
use crate::{
    api::profiles::own_profile,
    components::{avatar::Avatar, leave_guard::hold_while, load_failed::LoadFailed},
    page_data::page_data,
};
use domain::{account::Viewer, profile::OwnProfile};
use leptos::prelude::*;

#[component]
pub(super) fn ProfileSection(viewer: Viewer) -> impl IntoView {
    let profile = page_data(|| (), |()| own_profile());
    let viewer = StoredValue::new(viewer);
    view! {
        <Transition fallback=|| view! { <div class="panel skeleton settings-skeleton" aria-hidden="true"></div> }>
            {move || Suspend::new(async move {
                match profile.await {
                    Ok(profile) => view! { <Forms profile viewer=viewer.get_value()/> }.into_any(),
                    Err(error) => view! { <LoadFailed error retry=move |()| profile.refetch()/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Forms(profile: OwnProfile, viewer: Viewer) -> impl IntoView {
    let OwnProfile { display_name, bio, links } = profile;
    let picture = own_picture();
    let handle = format!("@{}", viewer.username);
    let (profile, links) = (ProfileDraft::new(display_name, bio), LinksDraft::new(&links));
    hold_while(Signal::derive(move || profile.is_dirty().get() || links.is_dirty().get()), QUESTION);
    view! {
        <section class="panel" aria-labelledby="profile">
            <h2 class="panel-title" id="profile">"Profile"</h2>
            <div class="person">
                {move || {
                    let name = profile.name();
                    view! { <Avatar username=viewer.username.as_str() display_name=name picture is_large=true/> }
                }}
                <div>
                    <p class="person-name">{move || profile.name()}</p>
                    <p class="person-role">{handle}</p>
                </div>
            </div>
            <ProfileForm draft=profile/>
        </section>
        <section class="panel" aria-labelledby="pictures">
            <h2 class="panel-title" id="pictures">"Pictures"</h2>
            <Pictures/>
        </section>
        <section class="panel" aria-labelledby="links">
            <h2 class="panel-title" id="links">"Links"</h2>
            <p class="panel-text">"Shown on your channel in this order. Drag them by their handles, or use the arrows."</p>
            <LinksForm draft=links/>
        </section>
    }
}
