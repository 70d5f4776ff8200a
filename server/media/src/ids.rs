//! The three names this crate knows, each a type of its own so that they cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::random::{self, NoRandomness};

/// What is published and watched. Opaque here; the caller gives it its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub Uuid);

/// One person who watches. Several sessions of one viewer count once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewerId(pub Uuid);

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ViewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One WHIP or WHEP session: what the `Location` header of the answer names (RFC 9725, section 4.2).
///
/// 128 random bits, written as 32 hexadecimal digits: knowing it is the permission to end the session, so
/// it must not be guessable. `Debug` hides it, because logs are read by more people than sessions belong to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(u128);

impl SessionId {
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        Ok(Self(u128::from_le_bytes(random::bytes()?)))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// The text is not the name of a session: not exactly 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a session id")]
pub struct ParseSessionIdError;

impl FromStr for SessionId {
    type Err = ParseSessionIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let canonical = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !canonical {
            return Err(ParseSessionIdError);
        }
        u128::from_str_radix(text, 16).map(Self).or(Err(ParseSessionIdError))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_survives_text() {
        let id = SessionId::new().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 32);
    }

    #[test]
    fn only_the_canonical_text_is_read() {
        let text = SessionId(0xabc).to_string();
        assert!(text.parse::<SessionId>().is_ok());
        for wrong in ["", "abc", "+0000000000000000000000000000abc", &text.to_uppercase(), &format!("{text}0")] {
            assert_eq!(wrong.parse::<SessionId>(), Err(ParseSessionIdError), "{wrong:?}");
        }
    }

    #[test]
    fn logs_do_not_show_it() {
        let id = SessionId(0xdead_beef);
        assert_eq!(format!("{id:?}"), "SessionId(..)");
    }
}
