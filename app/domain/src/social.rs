//! Where else a member can be found: one link for each of six networks, and only to that network.

use crate::{Error, error::Problems};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A network that a profile may link to. The order of the variants is the order of an empty form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    Github,
    Youtube,
    Linkedin,
    Instagram,
    X,
    Facebook,
}

impl Network {
    pub const ALL: [Self; 6] = [Self::Github, Self::Youtube, Self::Linkedin, Self::Instagram, Self::X, Self::Facebook];

    /// The name of the form field, in the database and on the wire.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Youtube => "youtube",
            Self::Linkedin => "linkedin",
            Self::Instagram => "instagram",
            Self::X => "x",
            Self::Facebook => "facebook",
        }
    }

    /// The name that people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Youtube => "YouTube",
            Self::Linkedin => "LinkedIn",
            Self::Instagram => "Instagram",
            Self::X => "X",
            Self::Facebook => "Facebook",
        }
    }

    /// Its hosts, without `www`. The first is the one that people are told.
    pub const fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::Github => &["github.com"],
            Self::Youtube => &["youtube.com"],
            Self::Linkedin => &["linkedin.com"],
            Self::Instagram => &["instagram.com"],
            Self::X => &["x.com", "twitter.com"],
            Self::Facebook => &["facebook.com"],
        }
    }

    /// What a link looks like.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Github => "github.com/name",
            Self::Youtube => "youtube.com/@name",
            Self::Linkedin => "linkedin.com/in/name",
            Self::Instagram => "instagram.com/name",
            Self::X => "x.com/name",
            Self::Facebook => "facebook.com/name",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.slug())
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|network| network.slug() == text).ok_or_else(|| "This network is not known.".to_owned())
    }
}

/// A link to one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocialLink {
    pub network: Network,
    /// `https://host/path`, and nothing that a browser could read otherwise.
    pub address: String,
}

impl SocialLink {
    /// The longest address, in characters.
    pub const MAX: usize = 200;

    /// Reads what was typed, with or without `https://` and `www.`. Nothing typed is no link.
    pub fn parse(network: Network, text: &str) -> Result<Option<Self>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let refused = || format!("This is no link to {}, such as {}.", network.label(), network.example());
        let (host, rest) = split(text).ok_or_else(refused)?;
        let host = host.to_ascii_lowercase();
        let host = host.strip_prefix("www.").unwrap_or(&host);
        let host = network.hosts().iter().find(|known| **known == host).ok_or_else(refused)?;
        let path = rest.trim_end_matches('/');
        if path.trim_start_matches('/').is_empty() || !path.starts_with('/') || !path.bytes().all(is_plain) {
            return Err(refused());
        }
        let address = format!("https://{host}{path}");
        if address.len() > Self::MAX {
            return Err(format!("A link has at most {} characters.", Self::MAX));
        }
        Ok(Some(Self { network, address }))
    }

    /// The address as people read it.
    pub fn shown(&self) -> &str {
        self.address.strip_prefix("https://").unwrap_or(&self.address)
    }
}

/// The host and what follows it, for an address by https or one without a scheme.
fn split(text: &str) -> Option<(&str, &str)> {
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some(_) => return None,
        None => text,
    };
    let end = rest.find('/')?;
    // A name, a password or a port before the first slash makes it no host of ours.
    rest.split_at_checked(end)
}

/// Whether a byte of the path stands for itself in every browser.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~' | b'@' | b'%' | b'+' | b'?' | b'=' | b'&')
}

/// Reads a whole form: `order` names networks with commas between them, `typed` tells what stands in the field of each.
/// What `order` leaves out comes last. All problems are reported at once, under the slugs of their networks.
pub fn parse_links(order: &str, typed: impl Fn(Network) -> String) -> Result<Vec<SocialLink>, Error> {
    let mut problems = Problems::default();
    let mut links = Vec::new();
    let mut is_refused = false;
    for network in in_order(order) {
        match problems.check(network.slug(), SocialLink::parse(network, &typed(network))) {
            Some(link) => links.extend(link),
            None => is_refused = true,
        }
    }
    if is_refused { Err(problems.into_error()) } else { Ok(links) }
}

/// Every network once: those that `order` names first, in its order.
pub fn in_order(order: &str) -> Vec<Network> {
    let mut networks: Vec<Network> = Vec::with_capacity(Network::ALL.len());
    let named = order.split(',').filter_map(|slug| slug.trim().parse().ok());
    for network in named.chain(Network::ALL) {
        if !networks.contains(&network) {
            networks.push(network);
        }
    }
    networks
}

#[cfg(test)]
mod tests {
    use super::{Network, SocialLink, in_order, parse_links};
    use proptest::prelude::*;

    #[test]
    fn links_lead_to_their_network_by_https() {
        for (network, text, address) in [
            (Network::Github, "github.com/x", "https://github.com/x"),
            (Network::Github, "https://www.github.com/x/", "https://github.com/x"),
            (Network::Github, " HTTPS://GitHub.com/Some-One ", "https://github.com/Some-One"),
            (Network::Youtube, "youtube.com/@name", "https://youtube.com/@name"),
            (
                Network::Youtube,
                "www.youtube.com/channel/UC_1?sub_confirmation=1",
                "https://youtube.com/channel/UC_1?sub_confirmation=1",
            ),
            (Network::Linkedin, "https://www.linkedin.com/in/j%C3%BCrgen", "https://linkedin.com/in/j%C3%BCrgen"),
            (Network::Instagram, "instagram.com/a.b_c/", "https://instagram.com/a.b_c"),
            (Network::X, "twitter.com/x", "https://twitter.com/x"),
            (Network::X, "https://x.com/x", "https://x.com/x"),
            (Network::Facebook, "facebook.com/profile.php?id=1", "https://facebook.com/profile.php?id=1"),
        ] {
            let link = SocialLink::parse(network, text).expect(text).expect(text);
            assert_eq!(link.address, address);
        }
        assert_eq!(SocialLink::parse(Network::X, "  "), Ok(None));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "x",
            "github.com",
            "github.com/",
            "https://github.com//",
            "http://github.com/x",
            "ftp://github.com/x",
            "javascript://github.com/%0aalert(1)",
            "javascript:alert(1)",
            "data:text/html,github.com/x",
            "https://github.com.evil.example/x",
            "https://evil.example/github.com/x",
            "https://evil.example?github.com/x",
            "https://github.com@evil.example/x",
            "https://user:word@github.com/x",
            "https://github.com:8443/x",
            "https://github.com./x",
            "https://gist.github.com/x",
            "https://www.www.github.com/x",
            "https://github.com\\@evil.example/x",
            "https://github.com/x\\y",
            "https://github.com/x\"onclick=\"alert(1)",
            "https://github.com/<script>",
            "https://github.com/x y",
            "https://github.com/x\ny",
            "https://github.com/x#y",
            "https://github.com/\u{202e}x",
            "https://g\u{131}thub.com/x",
            "//github.com/x",
            "https:///github.com/x",
            "gitlab.com/x",
        ] {
            assert!(SocialLink::parse(Network::Github, text).is_err(), "{text:?}");
        }
        assert!(SocialLink::parse(Network::Github, &format!("github.com/{}", "x".repeat(200))).is_err());
        assert!(SocialLink::parse(Network::Youtube, "github.com/x").is_err());
    }

    #[test]
    fn a_form_keeps_its_order_and_reports_every_problem() {
        let typed = |network: Network| match network {
            Network::Github => "github.com/a".to_owned(),
            Network::X => "x.com/b".to_owned(),
            _ => String::new(),
        };
        let links = parse_links("x,nonsense,x", typed).expect("both are links");
        assert_eq!(links.iter().map(|link| link.network).collect::<Vec<_>>(), [Network::X, Network::Github]);
        let error = parse_links("", |_| "nowhere".to_owned()).expect_err("none is a link");
        assert!(Network::ALL.iter().all(|network| error.problem_with(network.slug()).is_some()));
        assert_eq!(in_order("").as_slice(), Network::ALL);
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_never_leaves_the_network(text in "(https://)?(www\\.)?(github\\.com)?\\PC*") {
            if let Ok(Some(link)) = SocialLink::parse(Network::Github, &text) {
                prop_assert!(link.address.starts_with("https://github.com/"));
                prop_assert!(link.address.is_ascii() && link.address.len() <= SocialLink::MAX);
                prop_assert_eq!(SocialLink::parse(Network::Github, &link.address), Ok(Some(link.clone())));
            }
        }
    }
}
