//! Every key there is, and how long what is kept under it is good for.

use domain::Category;
use std::time::Duration;

/// How long values are kept; the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Keys of each kind at most, in this process.
    pub entries: u64,
    /// How long the lists of live streams are fresh: the home page and the pages of categories.
    pub streams: Duration,
    /// How long the page of a channel is fresh.
    pub channel: Duration,
    /// How long the channels are fresh from which some are recommended.
    pub recommended: Duration,
    /// For how long it is remembered whose session a request has. At the server where it ends it is forgotten at once.
    pub sessions: Duration,
    /// Until when a value is given away while it is read anew, counted from when it was read.
    pub stale: Duration,
    /// Until when a value is given away while the database is away, counted from when it was read.
    pub keep: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            entries: 10_000,
            streams: Duration::from_secs(2),
            channel: Duration::from_secs(5),
            recommended: Duration::from_secs(10),
            sessions: Duration::from_secs(3),
            stale: Duration::from_secs(30),
            keep: Duration::from_mins(10),
        }
    }
}

impl Settings {
    /// Nothing is kept but whose session a request has: who asks at the same time shares a read, and that is all.
    pub const NONE: Self = Self {
        entries: 1000,
        streams: Duration::ZERO,
        channel: Duration::ZERO,
        recommended: Duration::ZERO,
        sessions: Duration::from_secs(3),
        stale: Duration::ZERO,
        keep: Duration::ZERO,
    };

    pub(super) fn of(&self, namespace: Namespace) -> Lifetime {
        let fresh = match namespace {
            Namespace::Home | Namespace::Category => self.streams,
            Namespace::Channel => self.channel,
            Namespace::Recommended => self.recommended,
        };
        // Without any freshness a value is not given away stale either.
        let stale = if fresh.is_zero() { Duration::ZERO } else { self.stale.max(fresh) };
        Lifetime { fresh, stale, keep: self.keep }
    }
}

/// How long a value is good for, counted from when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime {
    /// It is given away as it is.
    pub(super) fresh: Duration,
    /// It is given away while it is read anew.
    pub(super) stale: Duration,
    /// It is given away when it cannot be read anew.
    pub(super) keep: Duration,
}

/// A group of keys that is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namespace {
    Home,
    Category,
    Channel,
    Recommended,
}

impl Namespace {
    pub const ALL: [Self; 4] = [Self::Home, Self::Category, Self::Channel, Self::Recommended];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Category => "category",
            Self::Channel => "channel",
            Self::Recommended => "recommended",
        }
    }

    /// To be raised with every change of what the values hold, so that servers of different versions do not read each
    /// other's.
    const fn version(self) -> u32 {
        match self {
            Self::Home | Self::Category | Self::Channel => 1,
            Self::Recommended => 2,
        }
    }
}

/// What a value is kept under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// The home page.
    Home,
    /// One page of a category, counted from 1.
    Category(Category, u32),
    /// The page of the channel with this username, in lower case.
    Channel(String),
    /// The channels from which those are taken that somebody does not know yet.
    Recommended,
}

impl Key {
    pub(super) const fn namespace(&self) -> Namespace {
        match self {
            Self::Home => Namespace::Home,
            Self::Category(..) => Namespace::Category,
            Self::Channel(_) => Namespace::Channel,
            Self::Recommended => Namespace::Recommended,
        }
    }

    /// The name in Redis, after the installation's own.
    pub(super) fn name(&self) -> String {
        let namespace = self.namespace();
        let prefix = format!("cache:{}:{}", namespace.name(), namespace.version());
        match self {
            Self::Home | Self::Recommended => prefix,
            Self::Category(category, page) => format!("{prefix}:{category}:{page}"),
            Self::Channel(username) => format!("{prefix}:{username}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Namespace, Settings};
    use domain::Category;
    use std::{collections::BTreeSet, time::Duration};

    #[test]
    fn no_two_keys_have_one_name() {
        let keys = [
            Key::Home,
            Key::Recommended,
            Key::Category(Category::Study, 1),
            Key::Category(Category::Study, 11),
            Key::Category(Category::Coding, 1),
            Key::Channel("study".to_owned()),
            Key::Channel("home".to_owned()),
        ];
        let names: BTreeSet<String> = keys.iter().map(Key::name).collect();
        assert_eq!(names.len(), keys.len(), "{names:?}");
    }

    #[test]
    fn a_value_is_not_stale_before_it_was_fresh() {
        let settings = Settings { stale: Duration::from_secs(1), ..Settings::default() };
        for namespace in Namespace::ALL {
            let lifetime = settings.of(namespace);
            assert!(lifetime.stale >= lifetime.fresh, "{namespace:?}");
            assert!(Settings::NONE.of(namespace).stale.is_zero());
        }
    }
}
