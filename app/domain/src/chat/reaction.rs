//! Reactions: a small set of emoji under a message, counted.

use crate::MessageId;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What can be said about a message with one click.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emoji {
    Like,
    Love,
    Laugh,
    Wow,
    Celebrate,
    Thanks,
    Idea,
    Question,
}

impl Emoji {
    pub const ALL: [Self; 8] =
        [Self::Like, Self::Love, Self::Laugh, Self::Wow, Self::Celebrate, Self::Thanks, Self::Idea, Self::Question];

    /// The name on the wire and in the database.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Like => "like",
            Self::Love => "love",
            Self::Laugh => "laugh",
            Self::Wow => "wow",
            Self::Celebrate => "celebrate",
            Self::Thanks => "thanks",
            Self::Idea => "idea",
            Self::Question => "question",
        }
    }

    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Like => "👍",
            Self::Love => "❤️",
            Self::Laugh => "😂",
            Self::Wow => "😮",
            Self::Celebrate => "🎉",
            Self::Thanks => "🙏",
            Self::Idea => "💡",
            Self::Question => "❓",
        }
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.slug())
    }
}

impl FromStr for Emoji {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|emoji| emoji.slug() == text).ok_or_else(|| "There is no such reaction.".to_owned())
    }
}

/// How many said the same about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    pub emoji: Emoji,
    pub count: u32,
    /// Whether the reader is among them. Events, which go to everybody, do not know.
    #[serde(default)]
    pub is_mine: bool,
}

/// All reactions of one message, as they are now: whoever hears it twice is none the wiser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionCounts {
    pub message: MessageId,
    pub reactions: Vec<Reaction>,
}

#[cfg(test)]
mod tests {
    use super::Emoji;

    #[test]
    fn reactions_read_back_as_written() {
        for emoji in Emoji::ALL {
            assert_eq!(emoji.to_string().parse(), Ok(emoji));
            assert_eq!(serde_json::to_string(&emoji).unwrap(), format!("\"{emoji}\""));
        }
        assert!("hate".parse::<Emoji>().is_err());
    }
}
