//! Where a request comes from.

use std::net::IpAddr;

/// The other end of a request, as far as it can be told.
#[derive(Debug, Clone)]
pub struct Client {
    /// The address, proxies that are trusted taken off.
    pub address: IpAddr,
    /// The browser's name for the list of sessions; at most 100 characters.
    pub browser: String,
    /// Whether cookies can be `Secure`: over https, and on this machine.
    pub cookies_are_secure: bool,
}

impl Client {
    /// The address as limits count it: a whole /64 for IPv6, since one household has that many.
    pub fn limit_key(&self) -> IpAddr {
        match self.address.to_canonical() {
            IpAddr::V6(address) => {
                let prefix = address.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(prefix.into())
            }
            address @ IpAddr::V4(_) => address,
        }
    }
}

/// A short name for a browser from its `User-Agent`.
pub fn browser_name(user_agent: &str) -> String {
    let browsers = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name);
    match (find(&browsers), find(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "Another program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, browser_name};

    #[test]
    fn names_the_browser() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        assert_eq!(browser_name(chrome), "Chrome on Linux");
        assert_eq!(browser_name("curl/8"), "Another program");
    }

    #[test]
    fn one_household_is_one_key() {
        let key = |text: &str| {
            let address = text.parse().expect("an address");
            Client { address, browser: String::new(), cookies_are_secure: true }.limit_key()
        };
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:10.0.0.1"), key("10.0.0.1"));
        assert_ne!(key("10.0.0.1"), key("10.0.0.2"));
    }
}
