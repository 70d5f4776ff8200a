//! `/settings` and below: what members say about themselves, what their channel shows, and their account.

mod account;
mod channel;
mod chat;
mod delete_form;
mod email_form;
mod links_form;
mod notifications;
mod password_form;
mod pictures;
mod profile;
mod profile_form;
mod saved;
mod session_list;

use crate::{
    components::page_meta::PageMeta, pages::lazy_page::lazy_page, pages::not_found::NotFound, paths, state::viewer_or_sign_in,
};
use account::AccountSection;
use channel::ChannelSection;
use chat::ChatSection;
use domain::account::Viewer;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use notifications::NotificationsSection;
use profile::ProfileSection;

/// The parts of the settings, each at an address of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Profile,
    Channel,
    Chat,
    Notifications,
    Account,
}

impl Section {
    const ALL: [Self; 5] = [Self::Profile, Self::Channel, Self::Chat, Self::Notifications, Self::Account];

    const fn path(self) -> &'static str {
        match self {
            Self::Profile => "/settings",
            Self::Channel => "/settings/channel",
            Self::Chat => "/settings/chat",
            Self::Notifications => "/settings/notifications",
            Self::Account => "/settings/account",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Profile => "Profile",
            Self::Channel => "Channel",
            Self::Chat => "Chat",
            Self::Notifications => "Notifications",
            Self::Account => "Account",
        }
    }

    /// The part of this name in the address; the first has none.
    fn of_name(name: Option<&str>) -> Option<Self> {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Some(Self::Profile) };
        Self::ALL.into_iter().find(|section| section.path().strip_prefix("/settings/") == Some(name))
    }
}

lazy_page!(SETTINGS = settings_page in member);

fn settings_page() -> AnyView {
    let params = use_params_map();
    let section = Memo::new(move |_| params.with(|params| Section::of_name(params.get_str("section"))));
    let path = section.get_untracked().unwrap_or(Section::Profile).path();
    let viewer = StoredValue::new(viewer_or_sign_in(path));
    let content = move || match (section.get(), viewer.get_value()) {
        (Some(section), Some(viewer)) => view! { <Page section viewer/> }.into_any(),
        (Some(_), None) => view! { <PageMeta title="Settings" description=DESCRIPTION/> }.into_any(),
        (None, _) => view! { <NotFound/> }.into_any(),
    };
    view! { {content} }.into_any()
}

const DESCRIPTION: &str = "Your profile, your channel and your account on Learnify.";

#[component]
fn Page(section: Section, viewer: Viewer) -> impl IntoView {
    let content = match section {
        Section::Profile => view! { <ProfileSection viewer=viewer.clone()/> }.into_any(),
        Section::Channel => view! { <ChannelSection/> }.into_any(),
        Section::Chat => view! { <ChatSection/> }.into_any(),
        Section::Notifications => view! { <NotificationsSection/> }.into_any(),
        Section::Account => view! { <AccountSection viewer=viewer.clone()/> }.into_any(),
    };
    view! {
        <PageMeta title=format!("{} · Settings", section.label()) description=DESCRIPTION/>
        <div class="settings">
            <header class="settings-head">
                <h1 class="page-title">"Settings"</h1>
                <a class="button" href=paths::channel(&viewer.username)>"Your channel"</a>
            </header>
            <nav class="settings-nav" aria-label="Settings">
                {Section::ALL
                    .map(|other| {
                        view! {
                            <a class="settings-tab" href=other.path() aria-current=(other == section).then_some("page")>
                                {other.label()}
                            </a>
                        }
                    })
                    .collect_view()}
            </nav>
            <div class="settings-body">{content}</div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::Section;

    #[test]
    fn every_part_is_found_at_its_address() {
        for section in Section::ALL {
            let name = section.path().strip_prefix("/settings").and_then(|rest| rest.strip_prefix('/'));
            assert_eq!(Section::of_name(name), Some(section));
        }
        assert_eq!(Section::of_name(Some("")), Some(Section::Profile));
        assert_eq!(Section::of_name(Some("nothing")), None);
    }
}
