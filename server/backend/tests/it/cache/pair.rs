//! Two servers that keep what they read, and what a visitor sees at them.

use crate::{listener::PATIENCE, servers::Servers};
use backend::{
    Backend,
    cache::{Namespace, Numbers, Settings},
    events::Events,
    testing::{backend_on, backend_that_keeps, redis::Redis},
};
use domain::{
    Category, Error as Domain,
    account::Viewer,
    channel::ChannelPage,
    chrome::Chrome,
    event::Position,
    stream::{StreamScope, StreamSnapshot},
};
use std::time::Duration;

/// Only an event makes anything new.
pub(super) const FOR_LONG: Settings = {
    let hour = Duration::from_hours(1);
    Settings {
        entries: 100,
        streams: hour,
        channel: hour,
        recommended: hour,
        sessions: Duration::from_secs(3),
        stale: hour,
        keep: hour,
    }
};
const NOWHERE: Position = Position { epoch: 0, sequence: 0 };

/// Everything that is kept, as a visitor sees it, without positions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    home: StreamSnapshot,
    categories: Vec<StreamSnapshot>,
    channels: Vec<Option<ChannelPage>>,
    chrome: Chrome,
}

pub(super) async fn see(backend: &Backend) -> Seen {
    let list = async |scope| StreamSnapshot { position: NOWHERE, ..backend.streams.snapshot(scope, None).await.unwrap() };
    let page = async |name| match backend.channels.page(name, None).await {
        Ok(page) => Some(ChannelPage { position: NOWHERE, ..page }),
        Err(error) => {
            assert_eq!(error.into_domain(), Domain::not_found("channel"));
            None
        }
    };
    let mut categories = Vec::new();
    for category in Category::ALL {
        categories.push(list(StreamScope::Category { category, page: 1 }).await);
    }
    Seen {
        home: list(StreamScope::Home).await,
        categories,
        channels: vec![page("ana").await, page("ben").await],
        chrome: Chrome { position: NOWHERE, ..backend.surroundings.of(None).await.unwrap() },
    }
}

pub(super) fn numbers(backend: &Backend, of: Namespace) -> Numbers {
    backend.cache.numbers().into_iter().find(|(namespace, _)| *namespace == of).unwrap().1
}

fn reads(backend: &Backend) -> u64 {
    backend.cache.numbers().into_iter().map(|(_, numbers)| numbers.reads).sum()
}

/// Two servers that keep what they read, and one that keeps nothing.
pub(super) struct Pair {
    pub(super) here: Backend,
    pub(super) there: Backend,
    pub(super) truth: Backend,
    pub(super) seen: Seen,
}

impl Pair {
    pub(super) async fn new(redis: Option<&Redis>) -> (Self, Viewer, Viewer) {
        let servers = Servers::new().await;
        let (ours, theirs) = servers.pair(redis).await;
        let settings = redis.map(Redis::settings);
        let keeps = |events| backend_that_keeps(servers.settings(), events, FOR_LONG, settings.as_ref());
        let (here, there) = (keeps(ours), keeps(theirs));
        let truth = backend_on(servers.settings(), Events::local().unwrap());
        let ((ana, _), (ben, _)) = (here.member("ana").await, here.member("ben").await);
        let seen = see(&truth).await;
        let pair = Self { here, there, truth, seen };
        assert_eq!((see(&pair.here).await, see(&pair.there).await), (pair.seen.clone(), pair.seen.clone()));
        (pair, ana, ben)
    }

    /// After something changed at this server: what is kept was of use before, and is not shown any more.
    pub(super) async fn show_the_new_state(&mut self, what: &str) {
        let new = see(&self.truth).await;
        assert_ne!(new, self.seen, "{what}: nothing changed");
        self.seen = new;
        self.show_the_same(what).await;
    }

    pub(super) async fn show_the_same(&self, what: &str) {
        assert_eq!(see(&self.here).await, self.seen, "{what}: this server");
        let told = async {
            while see(&self.there).await != self.seen {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let told = tokio::time::timeout(PATIENCE, told).await;
        assert!(told.is_ok(), "{what}: another server shows {:#?}\ninstead of {:#?}", see(&self.there).await, self.seen);
        // Nothing old comes back, and once all events are here nothing needs to be read.
        let missing = self.seen.channels.iter().filter(|page| page.is_none()).count();
        let needed = u64::try_from(missing).unwrap();
        let settled = async {
            loop {
                let before = (reads(&self.here), reads(&self.there));
                for backend in [&self.here, &self.there] {
                    assert_eq!(see(backend).await, self.seen, "{what}: again");
                }
                if (reads(&self.here), reads(&self.there)) == (before.0 + needed, before.1 + needed) {
                    break;
                }
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.expect("what was read is kept");
    }
}
