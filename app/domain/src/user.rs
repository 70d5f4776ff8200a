//! What identifies a person: username, e-mail address, password, and their rules.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Names that are routes today, or that would let somebody pose as the platform.
const RESERVED: &[&str] = &[
    "about",
    "account",
    "admin",
    "administrator",
    "api",
    "assets",
    "blog",
    "calendar",
    "category",
    "channel",
    "channels",
    "chat",
    "claim",
    "contact",
    "dashboard",
    "embed",
    "events",
    "explore",
    "favicon",
    "feed",
    "following",
    "health",
    "help",
    "home",
    "images",
    "leaderboard",
    "learnify",
    "legal",
    "live",
    "livez",
    "login",
    "logout",
    "media",
    "metrics",
    "moderator",
    "notifications",
    "null",
    "official",
    "owner",
    "pictures",
    "pkg",
    "pricing",
    "privacy",
    "public",
    "readyz",
    "robots",
    "root",
    "search",
    "security",
    "settings",
    "sign_in",
    "sign_out",
    "sign_up",
    "signin",
    "signout",
    "signup",
    "sitemap",
    "staff",
    "static",
    "status",
    "stream",
    "streams",
    "support",
    "system",
    "team",
    "terms",
    "undefined",
    "uploads",
    "user",
    "users",
    "whep",
    "whip",
    "www",
];

/// 3 to 20 letters, digits or underscores; unique without regard to case; never a reserved word.
///
/// Only what a person types is parsed. A name from the database or from the server is taken as it is: it was valid
/// when it was chosen, and the list of reserved words may have grown since.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(String);

impl Username {
    pub const MIN: usize = 3;
    pub const MAX: usize = 20;

    /// A name that was parsed when it was chosen.
    pub fn from_stored(name: String) -> Self {
        Self(name)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if !(Self::MIN..=Self::MAX).contains(&text.chars().count()) {
            return Err(format!("A username has {} to {} characters.", Self::MIN, Self::MAX));
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err("A username may contain letters, digits and _ only.".to_owned());
        }
        if RESERVED.contains(&text.to_ascii_lowercase().as_str()) {
            return Err("This username is reserved. Please choose another one.".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

/// An address that mail can be tried at. Only delivery proves more, so only the shape is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// RFC 5321 section 4.5.3.1.3 with the angle brackets taken off.
    pub const MAX: usize = 254;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let refused = || "This does not look like an e-mail address.".to_owned();
        let (local, host) = text.rsplit_once('@').ok_or_else(refused)?;
        let is_plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
        let labels_are_filled = host.contains('.') && host.split('.').all(|label| !label.is_empty());
        if text.len() > Self::MAX || local.len() > 64 || !is_plain(local) || !is_plain(host) || !labels_are_filled {
            return Err(refused());
        }
        Ok(Self(text.to_owned()))
    }
}

macro_rules! string_conversions {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )+};
}
pub(crate) use string_conversions;

string_conversions!(Username, Email);

/// A password as typed. Neither printed nor serialised; length is its only rule that both sides know,
/// the server also refuses the ones everybody uses.
pub struct Password(String);

impl Password {
    pub const MIN: usize = 10;
    /// In bytes; bounds what the hash has to read.
    pub const MAX: usize = 1024;

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

impl FromStr for Password {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.chars().count() < Self::MIN {
            return Err(format!("A password has at least {} characters.", Self::MIN));
        }
        if text.len() > Self::MAX {
            return Err(format!("A password has at most {} bytes.", Self::MAX));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Email, Password, Username};
    use proptest::prelude::*;

    fn check_username(text: &str, expected: bool) {
        assert_eq!(text.parse::<Username>().is_ok(), expected, "{text:?}");
    }

    #[test]
    fn usernames_are_short_plain_and_not_reserved() {
        for text in ["ana", "Ada_Lovelace", "a1_", "x".repeat(20).as_str(), " ana "] {
            check_username(text, true);
        }
        for text in ["", "ab", "x".repeat(21).as_str(), "with space", "é_acute", "dash-ed", "Admin", "WHIP", "sign_in"] {
            check_username(text, false);
        }
    }

    #[test]
    fn email_addresses_have_two_sides_and_a_domain() {
        for text in ["a@b.co", "first.last+tag@sub.example.org", "ünï@exämple.org"] {
            assert!(text.parse::<Email>().is_ok(), "{text:?}");
        }
        for text in ["", "a", "a@", "@b.co", "a@b", "a@b..co", "a b@c.de", "a@b@c.de", "a@.de", "a\u{0}@b.co"] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn passwords_are_counted_in_characters_and_bounded_in_bytes() {
        assert!("ten chars!".parse::<Password>().is_ok());
        assert!("ünïcödé äö".parse::<Password>().is_ok());
        assert!("nine char".parse::<Password>().is_err());
        assert!("x".repeat(1024).parse::<Password>().is_ok());
        assert!("x".repeat(1025).parse::<Password>().is_err());
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC*") {
            let _ = text.parse::<Username>();
            let _ = text.parse::<Email>();
            let _ = text.parse::<Password>();
        }
    }
}
