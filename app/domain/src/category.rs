//! The four subjects that every stream belongs to one of.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A subject. The order of the variants is the order in which empty ones are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Category {
    Coding,
    Creativity,
    Study,
    Innovation,
}

impl Category {
    pub const ALL: [Self; 4] = [Self::Coding, Self::Creativity, Self::Study, Self::Innovation];

    /// The name in addresses, in the database and on the wire.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Coding => "coding",
            Self::Creativity => "creativity",
            Self::Study => "study",
            Self::Innovation => "innovation",
        }
    }

    /// The name that people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Coding => "Coding & Technology",
            Self::Creativity => "Creativity & Arts",
            Self::Study => "Study & Focus",
            Self::Innovation => "Innovation & Business",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.slug())
    }
}

impl TryFrom<String> for Category {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Category {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|category| category.slug() == text).ok_or_else(|| "Choose one of the categories.".to_owned())
    }
}
