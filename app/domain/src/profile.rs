//! What a member says about themselves.

use crate::{Error, error::Problems, social::SocialLink, user::string_conversions};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The name that others read: 1 to 50 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    pub const MAX: usize = 50;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DisplayName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if !(1..=Self::MAX).contains(&text.chars().count()) {
            return Err(format!("A name has 1 to {} characters.", Self::MAX));
        }
        if text.chars().any(|c| c.is_control() || is_invisible(c)) {
            return Err("A name is one line of plain text.".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

/// At most 500 characters in Markdown, on as many lines as they take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bio(String);

impl Bio {
    pub const MAX: usize = 500;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Bio {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A form sends two characters for the end of a line; people count one.
        let text = text.replace("\r\n", "\n");
        let text = text.trim();
        if text.chars().count() > Self::MAX {
            return Err(format!("This has at most {} characters.", Self::MAX));
        }
        if text.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || is_invisible(c)) {
            return Err("This holds characters that nobody could see. Please type it as plain text.".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

string_conversions!(DisplayName, Bio);

/// Characters without a shape of their own that turn the text around them or hide in it. The joiner of emoji is none of them.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A valid form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub display_name: DisplayName,
    pub bio: Bio,
}

impl Profile {
    pub fn parse(display_name: &str, bio: &str) -> Result<Self, Error> {
        let mut problems = Problems::default();
        let fields = (problems.check("display_name", display_name.parse()), problems.check("bio", bio.parse()));
        match fields {
            (Some(display_name), Some(bio)) => Ok(Self { display_name, bio }),
            _ => Err(problems.into_error()),
        }
    }
}

/// What a member sees of their own profile, as they typed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnProfile {
    pub display_name: String,
    pub bio: String,
    /// In the order that the member gave them.
    pub links: Vec<SocialLink>,
}

#[cfg(test)]
mod tests {
    use super::{Bio, DisplayName, Profile};
    use proptest::prelude::*;

    #[test]
    fn names_are_one_visible_line() {
        for text in
            ["A", "Ana Lovelace", " Ana ", "安娜", "👩\u{200d}🏫 Ana", "<script>alert(1)</script>", "x".repeat(50).as_str()]
        {
            assert!(text.parse::<DisplayName>().is_ok(), "{text:?}");
        }
        for text in ["", "  ", "a\nb", "a\u{0}", "\u{202e}ana", "a\u{200b}", "x".repeat(51).as_str()] {
            assert!(text.parse::<DisplayName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_bio_may_be_empty_and_has_500_characters() {
        for text in ["", "a\nb", "**b** \t <b>", "ä".repeat(500).as_str(), format!("a\r\n{}", "x".repeat(498)).as_str()] {
            assert!(text.parse::<Bio>().is_ok(), "{text:?}");
        }
        for text in ["a\u{7}", "a\u{2066}", "x".repeat(501).as_str()] {
            assert!(text.parse::<Bio>().is_err(), "{text:?}");
        }
        assert_eq!("a\r\nb".parse::<Bio>().map(|bio| bio.as_str().to_owned()), Ok("a\nb".to_owned()));
    }

    #[test]
    fn a_form_shows_all_its_problems() {
        let error = Profile::parse("", &"x".repeat(501)).expect_err("both are wrong");
        assert!(error.problem_with("display_name").is_some() && error.problem_with("bio").is_some());
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC*") {
            let _ = text.parse::<DisplayName>();
            let _ = text.parse::<Bio>();
        }
    }
}
