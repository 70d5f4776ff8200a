//! `/{username}`: one channel, live or not. It goes from one to the other by itself.

mod about;
mod header;
mod offline;
mod side;

use super::not_found::NotFound;
use crate::{
    ApiError,
    api::{channels::channel_page, chat::chat_snapshot},
    channel::use_channel,
    components::{chat::Chat, load_failed::LoadFailed, page_meta::Description, player::Player},
    page_data::page_data,
    pages::lazy_page::lazy_page,
    platform,
    state::use_session,
};
use about::AboutCard;
use domain::{Error, channel::ChannelPage, chat::ChatSnapshot};
use header::StreamHeader;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use offline::Meanwhile;
use side::{NoChat, Side};

lazy_page!(WATCH = watch_page in watch);

fn watch_page() -> AnyView {
    let params = use_params_map();
    let username = move || params.with(|params| params.get("username").unwrap_or_default());
    let page = page_data(username, load);
    view! {
        <Transition fallback=WatchSkeleton>
            {move || Suspend::new(async move {
                match page.await {
                    Ok((initial, chat)) => view! { <Channel initial chat/> }.into_any(),
                    Err(ApiError::Domain(Error::NotFound { .. } | Error::Invalid { .. })) => view! { <NotFound/> }.into_any(),
                    Err(error) => view! { <LoadFailed error retry=move |()| page.refetch()/> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

/// The channel, and its chat if that can be read: a page without a chat is better than none.
async fn load(username: String) -> Result<(ChannelPage, Option<ChatSnapshot>), ApiError> {
    let page = channel_page(username).await?;
    let chat = chat_snapshot(page.channel).await.ok();
    Ok((page, chat))
}

/// The player's box, while another channel is being fetched.
#[component]
fn WatchSkeleton() -> impl IntoView {
    view! {
        <div class="watch">
            <div class="only-heard" role="status">"Loading"</div>
            <div class="player skeleton" aria-hidden="true"></div>
        </div>
    }
}

/// The player, what is said about it, and the column beside it. What changes while the page is open changes in place.
#[component]
fn Channel(initial: ChannelPage, chat: Option<ChatSnapshot>) -> impl IntoView {
    let session = use_session();
    platform::describe(&preview(&initial));
    let channel = use_channel(initial);
    let title_of = |channel: &ChannelPage| platform::title_text(&format!("{} · {}", channel.title, channel.display_name));
    // The server writes the head when the page is done, and its signals with it.
    let first = channel.with_untracked(title_of);
    let title = move || channel.try_with(title_of).unwrap_or_else(|| first.clone());
    view! {
        <Title text=title/>
        <article
            class="watch"
            class:is-theatre=move || session.is_theatre.get()
            class:has-no-side=move || session.is_side_closed.get()
        >
            <Player channel><Meanwhile channel/></Player>
            <StreamHeader channel/>
            <Side>
                {match chat {
                    Some(initial) => view! { <Chat initial/> }.into_any(),
                    None => view! { <NoChat/> }.into_any(),
                }}
            </Side>
            <AboutCard channel/>
        </article>
    }
}

/// What other sites show of the channel.
fn preview(page: &ChannelPage) -> Description {
    let ChannelPage { display_name, title, category, live, about, address, cover, .. } = page;
    let state = if live.is_some() { "is live" } else { "teaches" };
    let words = about.bio.first_line();
    let text =
        if words.is_empty() { format!("{display_name} {state} on Learnify: {title}, in {}.", category.label()) } else { words };
    Description {
        title: format!("{title} · {display_name}"),
        text,
        kind: "video.other",
        address: Some(address.clone()),
        picture: *cover,
    }
}

#[cfg(test)]
mod tests {
    use super::preview;
    use domain::{
        Category, Timestamp, UserId,
        channel::{About, ChannelPage},
        event::Position,
        level::Level,
        rich_text::{Block, RichText, Span},
    };

    #[test]
    fn the_preview_names_the_streamer_and_the_lesson() {
        let mut page = ChannelPage {
            position: Position { epoch: 1, sequence: 1 },
            channel: "00000000-0000-0000-0000-000000000001".parse::<UserId>().unwrap(),
            username: "ana".parse().unwrap(),
            display_name: "Ana".to_owned(),
            address: "https://learnify.test/ana".to_owned(),
            title: "Lifetimes".to_owned(),
            category: Category::Coding,
            avatar: None,
            cover: None,
            live: None,
            follow: domain::follow::FollowState::default(),
            last_broadcast: None,
            upcoming: Vec::new(),
            about: About { level: Level::of_xp(0), member_since: Timestamp(0), bio: RichText::default(), links: Vec::new() },
        };
        let before = preview(&page);
        assert_eq!(before.title, "Lifetimes · Ana");
        assert_eq!(before.text, "Ana teaches on Learnify: Lifetimes, in Coding & Technology.");
        assert_eq!(before.address.as_deref(), Some("https://learnify.test/ana"));
        let span = Span { text: "I explain things.\nMore.".to_owned(), ..Span::default() };
        page.about.bio = RichText(vec![Block::Paragraph(vec![span])]);
        assert_eq!(preview(&page).text, "I explain things.");
    }
}
