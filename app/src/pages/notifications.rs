//! `/notifications`: what the member was told, newest first, and what they want to be told.

use crate::{
    api::notifications::{MarkNotificationsRead, mark_notifications_read, notifications},
    chrome::use_chrome,
    components::{
        avatar::Avatar,
        empty_state::EmptyState,
        icons::{Icon, Shape},
        load_failed::LoadFailed,
        local_time::LocalTime,
        notification_form::NotificationForm,
        page_meta::PageMeta,
    },
    page_data::page_data,
    pages::lazy_page::lazy_page,
    paths,
    state::viewer_or_sign_in,
};
use domain::{
    NotificationId,
    notification::{Notification, NotificationKind, NotificationPage},
    person::Person,
};
use leptos::{form::ActionForm, prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;

lazy_page!(NOTIFICATIONS = notifications_page in member);

fn notifications_page() -> AnyView {
    let content = viewer_or_sign_in(paths::NOTIFICATIONS).map(|_viewer| {
        view! {
            <List/>
            <section class="panel" aria-labelledby="notification-settings">
                <h2 class="panel-title" id="notification-settings">"What you are told"</h2>
                <NotificationForm next="/notifications?saved=settings"/>
            </section>
        }
    });
    view! {
        <PageMeta title="Notifications" description="What happened on Learnify that concerns you."/>
        <div class="page-narrow">
            <h1 class="page-title">"Notifications"</h1>
            {content}
        </div>
    }
    .into_any()
}

#[component]
fn List() -> impl IntoView {
    let query = use_query_map();
    let before = Memo::new(move |_| query.with(|query| query.get_str("before")?.parse::<NotificationId>().ok()));
    let was_saved = query.with_untracked(|query| query.get_str("saved").is_some());
    let mark = ServerAction::<MarkNotificationsRead>::new();
    // The list is read anew when there is more of it, and stays as it is while it is only being read.
    let chrome = use_chrome();
    let arrivals = Memo::new(move |known: Option<&(u32, u32)>| {
        let unread = chrome.with(|chrome| chrome.unread);
        let (last, n_arrivals) = known.copied().unwrap_or((unread, 0));
        (unread, if unread > last { n_arrivals + 1 } else { n_arrivals })
    });
    let n_arrivals = Memo::new(move |_| arrivals.get().1);
    let page = page_data(move || (before.get(), n_arrivals.get(), mark.version().get()), |(before, ..)| notifications(before));
    view! {
        {was_saved.then(|| view! { <p class="notice notice-done">"Saved."</p> })}
        <Transition fallback=|| view! { <div class="skeleton session-skeleton" aria-hidden="true"></div> }>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => view! { <Page page mark is_first=before.get_untracked().is_none()/> }.into_any(),
                    Err(error) => view! { <LoadFailed error retry=move |()| page.refetch()/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Page(page: NotificationPage, mark: ServerAction<MarkNotificationsRead>, is_first: bool) -> impl IntoView {
    let NotificationPage { notifications, unread, older } = page;
    if notifications.is_empty() {
        let text = "When a channel that you follow goes live, or somebody follows yours, it stands here.";
        return view! { <EmptyState shape=Shape::Bell title="Nothing yet" text action=("/".to_owned(), "See what is live")/> }
            .into_any();
    }
    // Whoever looks at the newest has read them. Without script there is a button.
    let newest = notifications.first().filter(|_| is_first && unread > 0).map(|newest| newest.id);
    Effect::new(move || {
        if let Some(newest) = newest {
            spawn_local(async move {
                // Not worth a word: the number on the bell stays, and the next visit tries again.
                let _is_noted = mark_notifications_read(Some(newest)).await;
            });
        }
    });
    view! {
        <section class="panel" aria-label="The newest first">
            {(unread > 0).then(|| view! {
                <ActionForm action=mark>
                    <button class="button" type="submit">"Mark all as read"</button>
                </ActionForm>
            })}
            <ul class="notifications">{notifications.into_iter().map(|notification| view! { <Item notification/> }).collect_view()}</ul>
            {older.map(|older| view! {
                <a class="button notifications-older" href=format!("{}?before={older}", paths::NOTIFICATIONS)>
                    "Older" <Icon shape=Shape::ChevronRight/>
                </a>
            })}
        </section>
    }
    .into_any()
}

#[component]
fn Item(notification: Notification) -> impl IntoView {
    let address = notification.leads_to().map_or_else(|| paths::NOTIFICATIONS.to_owned(), paths::channel);
    let (sentence, quote) = (sentence(&notification), notification.words.clone());
    let Notification { actor, channel, created_at, is_read, .. } = notification;
    let face = actor.or(channel).map(|Person { username, display_name, avatar, .. }| {
        view! { <Avatar username=username.as_str() display_name picture=avatar/> }
    });
    view! {
        <li class="notification" class:notification-new=!is_read>
            {face}
            <div class="notification-text">
                <p>
                    {(!is_read).then(|| view! { <span class="only-heard">"New: "</span> })}
                    <a class="card-link" href=address>{sentence}</a>
                </p>
                {(!quote.is_empty()).then(|| view! { <p class="notification-words">{quote}</p> })}
                <p class="notification-time"><LocalTime moment=created_at/></p>
            </div>
        </li>
    }
}

/// What happened, in a sentence.
fn sentence(notification: &Notification) -> String {
    let name = |person: &Option<Person>| person.as_ref().map_or("Somebody", |person| person.display_name.as_str()).to_owned();
    let (actor, place) = (name(&notification.actor), name(&notification.channel));
    match (notification.kind, &notification.channel) {
        (NotificationKind::Live, _) => format!("{actor} is live"),
        (NotificationKind::Follower, _) => format!("{actor} follows you"),
        (NotificationKind::Mention, Some(_)) => format!("{actor} mentioned you in the chat of {place}"),
        (NotificationKind::Mention, None) => format!("{actor} mentioned you in a chat"),
        (NotificationKind::Moderation, Some(_)) => format!("A moderator of {place} dealt with a message of yours"),
        (NotificationKind::Moderation, None) => "A moderator dealt with a message of yours".to_owned(),
        (NotificationKind::Appointed, _) => format!("{actor} made you a moderator"),
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;
    use domain::{
        NotificationId, Timestamp, UserId,
        notification::{Notification, NotificationKind},
        person::Person,
    };

    #[test]
    fn sentences_name_who_and_where() {
        let person = |name: &str| Person {
            id: "00000000-0000-0000-0000-000000000001".parse::<UserId>().unwrap(),
            username: name.to_lowercase().parse().unwrap(),
            display_name: name.to_owned(),
            avatar: None,
        };
        let told = |kind, channel: Option<&str>| Notification {
            id: "00000000-0000-0000-0000-000000000002".parse::<NotificationId>().unwrap(),
            kind,
            actor: Some(person("Ana")),
            channel: channel.map(person),
            words: String::new(),
            created_at: Timestamp(0),
            is_read: false,
        };
        for (kind, channel, text) in [
            (NotificationKind::Live, None, "Ana is live"),
            (NotificationKind::Follower, None, "Ana follows you"),
            (NotificationKind::Mention, Some("Ben"), "Ana mentioned you in the chat of Ben"),
            (NotificationKind::Moderation, Some("Ben"), "A moderator of Ben dealt with a message of yours"),
            (NotificationKind::Appointed, None, "Ana made you a moderator"),
        ] {
            assert_eq!(sentence(&told(kind, channel)), text);
        }
    }
}
