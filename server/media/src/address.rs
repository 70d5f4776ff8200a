//! Whose packet is this? One socket serves everybody, so every datagram must name its peer.
//!
//! STUN requests carry the user fragment that the answer gave to exactly one session. Everything else comes from
//! an address that such a request, with its integrity verified, came from before. What is neither is dropped
//! without an answer.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use str0m::ice::StunMessage;

/// The addresses of one peer that are kept. A phone that changes networks has two for a moment.
const MAX_PATHS: usize = 8;

/// The addresses that one session may ever have. An honest peer needs a handful; each costs the ICE agent a pair.
const MAX_PATHS_EVER: u32 = 64;

/// Names one peer inside the engine; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PeerKey(pub(crate) u64);

/// From datagrams to peers.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    by_fragment: HashMap<String, PeerKey>,
    by_source: HashMap<SocketAddr, PeerKey>,
}

impl Directory {
    /// Makes a peer known by the user fragment in its answer.
    pub(crate) fn add(&mut self, fragment: String, key: PeerKey) {
        self.by_fragment.insert(fragment, key);
    }

    /// Forgets a peer.
    pub(crate) fn remove(&mut self, fragment: &str, paths: &Paths, key: PeerKey) {
        self.by_fragment.remove(fragment);
        for (remote, _) in &paths.known {
            self.forget(*remote, key);
        }
    }

    /// Lets packets from this address go to this peer. The newest peer wins an address: a port is used again
    /// only when its previous user is gone.
    pub(crate) fn learn(&mut self, source: SocketAddr, key: PeerKey) {
        self.by_source.insert(source, key);
    }

    /// Takes an address from a peer, unless another has it by now.
    pub(crate) fn forget(&mut self, source: SocketAddr, key: PeerKey) {
        if self.by_source.get(&source) == Some(&key) {
            self.by_source.remove(&source);
        }
    }

    /// The peer a datagram is for.
    pub(crate) fn find(&self, source: SocketAddr, bytes: &[u8]) -> Option<PeerKey> {
        if is_stun(bytes)
            && let Ok(message) = StunMessage::parse(bytes)
            && let Some((fragment, _)) = message.split_username()
        {
            return self.by_fragment.get(fragment).copied();
        }
        self.by_source.get(&source).copied()
    }
}

/// RFC 7983, section 7: the first byte of STUN is 0 to 3.
pub(crate) fn is_stun(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first < 4)
}

/// The addresses of one peer, each with our own address that it sends to: answers must come from there.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    known: Vec<(SocketAddr, Option<IpAddr>)>,
    ever: u32,
}

/// What became of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Learned {
    /// It was known.
    Known,
    /// It is new; the other one, if any, made room for it.
    New(Option<SocketAddr>),
    /// This session had too many already.
    Refused,
}

impl Paths {
    /// Our own address to send from.
    pub(crate) fn local(&self, remote: SocketAddr) -> Option<IpAddr> {
        self.known.iter().find(|(known, _)| *known == remote).and_then(|(_, local)| *local)
    }

    /// Takes note of an address whose STUN request was genuine.
    pub(crate) fn learn(&mut self, remote: SocketAddr, local: Option<IpAddr>) -> Learned {
        if let Some(path) = self.known.iter_mut().find(|(known, _)| *known == remote) {
            path.1 = local;
            return Learned::Known;
        }
        if self.ever >= MAX_PATHS_EVER {
            return Learned::Refused;
        }
        self.ever += 1;
        let oldest = (self.known.len() >= MAX_PATHS).then(|| self.known.remove(0).0);
        self.known.push((remote, local));
        Learned::New(oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn a_peer_keeps_a_few_addresses_and_may_not_use_many() {
        let mut paths = Paths::default();
        for port in 1..=8 {
            assert_eq!(paths.learn(address(port), None), Learned::New(None));
        }
        assert_eq!(paths.learn(address(8), None), Learned::Known);
        for port in 9..=64 {
            assert_eq!(paths.learn(address(port), None), Learned::New(Some(address(port - 8))));
        }
        assert_eq!(paths.learn(address(65), None), Learned::Refused);
        assert_eq!(paths.learn(address(64), None), Learned::Known);
    }

    #[test]
    fn an_address_goes_to_its_newest_peer() {
        let mut directory = Directory::default();
        let (old, new) = (PeerKey(1), PeerKey(2));
        let mut paths = Paths::default();
        paths.learn(address(1), None);
        directory.learn(address(1), old);
        directory.learn(address(1), new);
        directory.remove("old", &paths, old);
        assert_eq!(directory.find(address(1), &[0x80]), Some(new));
        assert_eq!(directory.find(address(2), &[0x80]), None);
    }

    #[test]
    fn garbage_is_nobodys() {
        let directory = Directory::default();
        for bytes in [&[][..], &[0], &[0; 19], &[1; 20], &[0xff; 100]] {
            assert_eq!(directory.find(address(1), bytes), None);
        }
    }
}
