//! Who may write, how often, and how soon others see it.

use crate::{
    Error,
    chat::{ChatRole, text::folded},
    error::Problems,
};
use serde::{Deserialize, Serialize};

/// The modes of a chat, which every reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatModes {
    /// Off: what was said can be read, and nobody writes.
    pub is_enabled: bool,
    pub allows_guests: bool,
    pub followers_only: bool,
    /// Seconds between two messages of one person; 0 is off.
    pub slow_seconds: u16,
    /// Seconds until others see a message; 0 is off.
    pub held_seconds: u16,
}

impl Default for ChatModes {
    fn default() -> Self {
        Self { is_enabled: true, allows_guests: false, followers_only: false, slow_seconds: 0, held_seconds: 0 }
    }
}

impl ChatModes {
    pub const MAX_SLOW: u16 = 300;
    pub const MAX_HELD: u16 = 60;

    /// Whether somebody may write at all. Slowness and time-outs are another matter.
    pub fn admit(self, role: ChatRole, is_following: bool) -> Result<(), Error> {
        let is_for_others = self.followers_only && !is_following;
        match role {
            _ if !self.is_enabled => Err(Error::invalid("chat", "The chat is turned off at the moment.")),
            ChatRole::Guest if !self.allows_guests || self.followers_only => Err(Error::Unauthenticated),
            ChatRole::Member if is_for_others => Err(Error::invalid("chat", "Only followers of this channel may write.")),
            _ => Ok(()),
        }
    }

    /// Seconds that somebody has to wait between two messages.
    pub fn pause(self, role: ChatRole) -> u16 {
        if role.moderates() { 0 } else { self.slow_seconds }
    }

    /// Seconds until others see what somebody writes.
    pub fn hold(self, role: ChatRole) -> u16 {
        if role.moderates() { 0 } else { self.held_seconds }
    }
}

/// Seconds as a form has them.
pub fn parse_seconds(text: &str, most: u16) -> Result<u16, String> {
    let refused = || format!("Choose 0 to {most} seconds.");
    let seconds: u16 = text.trim().parse().map_err(|_not_a_number| refused())?;
    if seconds <= most { Ok(seconds) } else { Err(refused()) }
}

/// Words that are not taken on a channel. Only its owner sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BannedWords(Vec<String>);

impl BannedWords {
    pub const MAX: usize = 100;
    pub const MAX_LENGTH: usize = 40;

    /// A word or a phrase on each line, or with commas between.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = Vec::new();
        for word in text.split(['\n', ',']).map(plain).filter(|word| !word.is_empty()) {
            if word.chars().count() > Self::MAX_LENGTH {
                return Err(format!("A banned word has at most {} characters.", Self::MAX_LENGTH));
            }
            if !words.contains(&word) {
                words.push(word);
            }
        }
        if words.len() > Self::MAX { Err(format!("At most {} words.", Self::MAX)) } else { Ok(Self(words)) }
    }

    /// One on each line, as the form and the database have them.
    pub fn to_lines(&self) -> String {
        self.0.join("\n")
    }

    /// Whether a text holds one of them as whole words, whatever their case and what stands between.
    pub fn forbid(&self, text: &str) -> bool {
        let text = format!(" {} ", plain(text));
        self.0.iter().any(|word| text.contains(&format!(" {word} ")))
    }
}

/// Letters and digits only, in lower case, with one space between words.
fn plain(text: &str) -> String {
    folded(&text.replace(|c: char| !c.is_alphanumeric(), " "))
}

/// Everything that an owner sets for their chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatSettings {
    pub modes: ChatModes,
    pub banned_words: BannedWords,
}

impl ChatSettings {
    /// Checks the fields of the form that are not mere switches, and reports every problem at once.
    pub fn parse(switches: [bool; 3], slow: &str, held: &str, banned_words: &str) -> Result<Self, Error> {
        let [is_enabled, allows_guests, followers_only] = switches;
        let mut problems = Problems::default();
        let fields = (
            problems.check("slow_seconds", parse_seconds(slow, ChatModes::MAX_SLOW)),
            problems.check("held_seconds", parse_seconds(held, ChatModes::MAX_HELD)),
            problems.check("banned_words", BannedWords::parse(banned_words)),
        );
        match fields {
            (Some(slow_seconds), Some(held_seconds), Some(banned_words)) => {
                let modes = ChatModes { is_enabled, allows_guests, followers_only, slow_seconds, held_seconds };
                Ok(Self { modes, banned_words })
            }
            _ => Err(problems.into_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BannedWords, ChatModes, ChatSettings};
    use crate::chat::ChatRole;

    #[test]
    fn the_modes_say_who_may_write() {
        let open = ChatModes::default();
        let guests = ChatModes { allows_guests: true, ..open };
        let followers = ChatModes { followers_only: true, ..guests };
        let off = ChatModes { is_enabled: false, ..guests };
        for (modes, role, is_following, expected) in [
            (open, ChatRole::Guest, false, false),
            (open, ChatRole::Member, false, true),
            (guests, ChatRole::Guest, false, true),
            (followers, ChatRole::Guest, false, false),
            (followers, ChatRole::Member, false, false),
            (followers, ChatRole::Member, true, true),
            (followers, ChatRole::Moderator, false, true),
            (followers, ChatRole::Streamer, false, true),
            (off, ChatRole::Streamer, true, false),
            (off, ChatRole::Guest, true, false),
        ] {
            assert_eq!(modes.admit(role, is_following).is_ok(), expected, "{modes:?} {role:?} {is_following}");
        }
        let slow = ChatModes { slow_seconds: 30, held_seconds: 5, ..open };
        assert_eq!((slow.pause(ChatRole::Member), slow.hold(ChatRole::Member)), (30, 5));
        assert_eq!((slow.pause(ChatRole::Moderator), slow.hold(ChatRole::Streamer)), (0, 0));
    }

    #[test]
    fn banned_words_are_whole_words() {
        let words = BannedWords::parse("Spam, buy followers\n\nspam\nüble").unwrap();
        assert_eq!(words.to_lines(), "spam\nbuy followers\nüble");
        for text in ["spam", "SPAM!", "no s.pam but Spam.", "Buy   FOLLOWERS now", "ÜBLE", "x-spam-y"] {
            assert!(words.forbid(text), "{text:?}");
        }
        for text in ["spammer", "buy my followers", ""] {
            assert!(!words.forbid(text), "{text:?}");
        }
        assert!(!BannedWords::default().forbid("anything"));
        assert!(BannedWords::parse(&"x".repeat(41)).is_err());
        assert!(BannedWords::parse(&(0..101).map(|n: u8| n.to_string()).collect::<Vec<_>>().join(",")).is_err());
    }

    #[test]
    fn a_form_shows_all_its_problems() {
        let error = ChatSettings::parse([true; 3], "301", "x", &"y".repeat(41)).expect_err("all three are wrong");
        for field in ["slow_seconds", "held_seconds", "banned_words"] {
            assert!(error.problem_with(field).is_some(), "{field}");
        }
        assert!(ChatSettings::parse([true; 3], "300", " 0 ", "").is_ok());
    }
}
