//! The pages, one file per route.

pub mod admin;
pub mod category;
pub mod claim;
pub mod community;
pub mod dashboard;
pub mod following;
pub mod home;
pub mod lazy_page;
pub mod not_found;
pub mod notifications;
pub mod search;
pub mod settings;
pub mod sign_in;
pub mod sign_up;
pub mod watch;

/// All of them.
pub(crate) const ALL: [lazy_page::Page; 13] = [
    home::HOME,
    category::CATEGORY,
    search::SEARCH,
    sign_in::SIGN_IN,
    sign_up::SIGN_UP,
    claim::CLAIM,
    following::FOLLOWING,
    notifications::NOTIFICATIONS,
    settings::SETTINGS,
    dashboard::DASHBOARD,
    community::COMMUNITY,
    admin::ADMIN,
    watch::WATCH,
];
