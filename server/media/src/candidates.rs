//! The addresses that peers may reach this server by (ICE host candidates, RFC 8445, section 5.1.1.1).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// More addresses than this only make connecting slower.
const MAX_CANDIDATES: usize = 16;

/// Whether a remote peer could be given this address at all.
fn is_usable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_link_local() && !ip.is_multicast() && !ip.is_broadcast(),
        // fe80::/10 would need a scope, which a candidate does not carry.
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_unicast_link_local() && !ip.is_multicast(),
    }
}

/// The addresses of the interfaces that are up, the loopback last: every machine reaches the others first.
pub(crate) fn interfaces() -> io::Result<Vec<IpAddr>> {
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()?
        .into_iter()
        .filter(|interface| interface.is_oper_up() || interface.is_loopback())
        .map(|interface| interface.ip())
        .collect();
    // A publisher and a viewer on the server itself must work whatever the network is.
    addresses.push(Ipv4Addr::LOCALHOST.into());
    Ok(addresses)
}

/// The candidates of a session, best first, without duplicates.
///
/// * `bound`: the address of the socket. A socket bound to one address has no other candidates.
/// * `public`: what the operator set; replaces `interfaces`.
/// * `host`: the address by which the peer reached the HTTP server, if it was a literal: it works for them.
pub(crate) fn list(bound: SocketAddr, public: &[IpAddr], interfaces: &[IpAddr], host: Option<IpAddr>) -> Vec<SocketAddr> {
    let own = if public.is_empty() { interfaces } else { public };
    let mut addresses: Vec<IpAddr> = if bound.ip().is_unspecified() || !public.is_empty() {
        host.into_iter().chain(own.iter().copied()).map(|ip| ip.to_canonical()).collect()
    } else {
        vec![bound.ip().to_canonical()]
    };
    if bound.is_ipv4() {
        addresses.retain(IpAddr::is_ipv4);
    }
    addresses.sort_by_key(IpAddr::is_loopback);

    let mut candidates = Vec::with_capacity(addresses.len().min(MAX_CANDIDATES));
    for ip in addresses {
        let candidate = SocketAddr::new(ip, bound.port());
        if candidates.len() < MAX_CANDIDATES && is_usable(ip) && !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn listed(bound: &str, public: &[&str], interfaces: &[&str], host: Option<&str>) -> Vec<String> {
        let public: Vec<_> = public.iter().map(|text| ip(text)).collect();
        let interfaces: Vec<_> = interfaces.iter().map(|text| ip(text)).collect();
        let list = list(bound.parse().unwrap(), &public, &interfaces, host.map(ip));
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn interfaces_without_link_local_and_the_loopback_last() {
        assert_eq!(
            listed("[::]:9", &[], &["127.0.0.1", "10.0.0.2", "fe80::1", "169.254.1.1", "fd00::2"], None),
            ["10.0.0.2:9", "[fd00::2]:9", "127.0.0.1:9"]
        );
    }

    #[test]
    fn public_addresses_replace_the_interfaces() {
        assert_eq!(listed("[::]:9", &["203.0.113.5"], &["127.0.0.1", "10.0.0.2"], None), ["203.0.113.5:9"]);
    }

    #[test]
    fn the_host_the_peer_used_comes_first_and_once() {
        assert_eq!(listed("[::]:9", &[], &["10.0.0.2", "10.0.0.3"], Some("10.0.0.3")), ["10.0.0.3:9", "10.0.0.2:9"]);
    }

    #[test]
    fn an_ipv4_socket_has_no_ipv6_candidates() {
        assert_eq!(listed("0.0.0.0:9", &[], &["10.0.0.2", "fd00::2"], Some("::1")), ["10.0.0.2:9"]);
    }

    #[test]
    fn a_socket_on_one_address_has_that_candidate() {
        assert_eq!(listed("127.0.0.1:9", &[], &["10.0.0.2"], Some("10.0.0.2")), ["127.0.0.1:9"]);
    }

    #[test]
    fn every_machine_has_a_loopback() {
        assert!(interfaces().unwrap().contains(&ip("127.0.0.1")));
    }
}
