//! Identifiers, one type per noun, so that no two of them can be mixed up.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A person with an account, and at the same time the one channel they own.
    UserId,
    /// One broadcast: from the first media to the end of the grace window. `UUIDv7`, so ids sort by time.
    BroadcastId,
    /// One message of a chat. `UUIDv7`, so messages stand in the order of their ids.
    MessageId,
    /// A message as its author's browser names it before the server does, so that sending it twice makes one.
    ClientId,
    /// Somebody without an account who writes on one channel: derived from where they come from, and useless elsewhere.
    GuestId,
    /// One line of a moderation log.
    LogEntryId,
    /// One uploaded picture, in all its sizes. It is made of what the picture shows, so another picture has another id.
    PictureId,
    /// One signed-in browser. It names the session in lists; it is not the secret token.
    SessionId,
    /// One thing a member was told. `UUIDv7`, so ids sort by time.
    NotificationId,
}

impl ClientId {
    /// From 16 random bytes, of which the version takes a few bits.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}
