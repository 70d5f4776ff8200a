//! The bell: how much the member has not read yet.

use super::icons::{Icon, Shape};
use crate::{chrome::use_chrome, paths};
use domain::notification::MOST_UNREAD;
use leptos::prelude::*;

/// A link to the notifications with the number of those that are unread, as it is at every moment.
#[component]
pub fn Bell() -> impl IntoView {
    let chrome = use_chrome();
    let unread = Memo::new(move |_| chrome.with(|chrome| chrome.unread));
    let words = Signal::derive(move || match unread.get() {
        0 => "Notifications".to_owned(),
        unread => format!("Notifications, {} unread", number(unread)),
    });
    view! {
        <a class="button-icon bell" href=paths::NOTIFICATIONS aria-label=words>
            <Icon shape=Shape::Bell/>
            <span class="bell-count" hidden=Signal::derive(move || unread.get() == 0) aria-hidden="true">{Signal::derive(move || number(unread.get()))}</span>
        </a>
    }
}

fn number(unread: u32) -> String {
    if unread < MOST_UNREAD { unread.to_string() } else { "99+".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn nobody_reads_a_hundred() {
        for (unread, text) in [(1, "1"), (99, "99"), (100, "99+")] {
            assert_eq!(number(unread), text);
        }
    }
}
