//! One page of people, and what can be done to each.

use super::Actions;
use crate::{
    components::{
        avatar::Avatar,
        empty_state::EmptyState,
        icons::{Icon, Shape},
        local_time::LocalTime,
    },
    format, paths,
};
use domain::{
    community::{Acquaintance, Circle, PeoplePage, PeopleQuery},
    person::Person,
};
use leptos::{form::ActionForm, prelude::*};

#[component]
pub(super) fn People(page: PeoplePage, query: PeopleQuery, actions: Actions) -> impl IntoView {
    let PeoplePage { people, total, page, n_pages } = page;
    if people.is_empty() {
        return view! { <Nobody query/> }.into_any();
    }
    let circle = query.circle;
    let step = |to: u32| paths::community(&PeopleQuery { page: to, ..query.clone() });
    view! {
        <section class="panel" aria-labelledby="people-count">
            <h2 class="panel-text" id="people-count">{count(circle, total)}</h2>
            <ul class="sessions">
                {people.into_iter().map(|acquaintance| view! { <Row acquaintance circle actions/> }).collect_view()}
            </ul>
        </section>
        <nav class="pager" aria-label="Pages" hidden=n_pages == 1>
            {(page > 1).then(|| view! { <a class="button" href=step(page - 1)><Icon shape=Shape::ChevronLeft/> "Previous"</a> })}
            <span>{format!("Page {page} of {n_pages}")}</span>
            {(page < n_pages).then(|| view! { <a class="button" href=step(page + 1)>"Next" <Icon shape=Shape::ChevronRight/></a> })}
        </nav>
    }
    .into_any()
}

fn count(circle: Circle, total: u32) -> String {
    let noun = match (circle, total) {
        (Circle::Followers, 1) => "follower",
        (Circle::Followers, _) => "followers",
        (Circle::Moderators, 1) => "moderator",
        (Circle::Moderators, _) => "moderators",
        (Circle::Blocked, 1) => "blocked person",
        (Circle::Blocked, _) => "blocked people",
    };
    format!("{} {noun}", format::count(total))
}

#[component]
fn Nobody(query: PeopleQuery) -> impl IntoView {
    if !query.search.is_empty() {
        let all = paths::community(&PeopleQuery { search: String::new(), page: 1, ..query });
        let text = "Nobody here has this in their name.";
        return view! { <EmptyState shape=Shape::SearchX title="Nobody found" text action=(all, "Show all")/> }.into_any();
    }
    let (title, text) = match query.circle {
        Circle::Followers => ("Nobody follows you yet", "Go live and share the address of your channel."),
        Circle::Moderators => ("You have no moderators", "They can remove messages and give people a pause in your chat."),
        Circle::Blocked => ("You have not blocked anybody", "Who is blocked and you do not see each other anywhere."),
    };
    view! { <EmptyState shape=Shape::Users title text action=("/".to_owned(), "To the home page")/> }.into_any()
}

#[component]
fn Row(acquaintance: Acquaintance, circle: Circle, actions: Actions) -> impl IntoView {
    let Acquaintance { person, since, is_moderator } = acquaintance;
    let Person { id, username, display_name, avatar } = person;
    let handle = username.to_string();
    let words = match circle {
        Circle::Followers => "Follows you since ",
        Circle::Moderators => "Moderates since ",
        Circle::Blocked => "Blocked since ",
    };
    // Across a block there is no page to lead to.
    let name = if circle == Circle::Blocked {
        view! { <span>{display_name.clone()}</span> }.into_any()
    } else {
        view! { <a class="link" href=paths::channel(&username)>{display_name.clone()}</a> }.into_any()
    };
    let buttons = match circle {
        Circle::Blocked => {
            let unblock = format!("Unblock {handle}");
            view! {
            <ActionForm action=actions.unblock>
                <input type="hidden" name="person" value=id.to_string()/>
                <button class="button" type="submit" aria-label=unblock>"Unblock"</button>
            </ActionForm>
            }
            .into_any()
        }
        Circle::Moderators => {
            let dismiss = format!("Dismiss {handle}");
            view! {
            <ActionForm action=actions.dismiss>
                <input type="hidden" name="member" value=id.to_string()/>
                <button class="button" type="submit" aria-label=dismiss>"Dismiss"</button>
            </ActionForm>
            }
            .into_any()
        }
        Circle::Followers => {
            let (appoint, block) = (format!("Make {handle} a moderator"), format!("Block {handle}"));
            let appointed = handle.clone();
            view! {
            {is_moderator.then(|| view! { <span class="chip chip-current">"Moderator"</span> })}
            {(!is_moderator).then(|| view! {
                <ActionForm action=actions.appoint>
                    <input type="hidden" name="username" value=appointed/>
                    <button class="button" type="submit" aria-label=appoint>"Appoint"</button>
                </ActionForm>
            })}
            <ActionForm action=actions.block>
                <input type="hidden" name="person" value=id.to_string()/>
                <button class="button button-quiet" type="submit" aria-label=block>"Block"</button>
            </ActionForm>
            }
            .into_any()
        }
    };
    view! {
        <li class="session">
            <Avatar username=handle.as_str() display_name picture=avatar/>
            <div class="session-text">
                <p class="session-browser">{name} " " <span class="person-handle">{format!("@{handle}")}</span></p>
                <p class="session-seen">{words} <LocalTime moment=since/></p>
            </div>
            <div class="person-actions">{buttons}</div>
        </li>
    }
}
