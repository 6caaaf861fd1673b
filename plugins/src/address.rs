//! Which addresses a command may be sent to by whoever types.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns whether a command may connect to `address` because somebody in a chat said so.
///
/// Private networks are open: operators look at internal hosts, and the bot is in their network for that. Closed is what
/// trusts its callers for being on the same machine: the loopback interface, where a cloud function's runtime answers
/// with the next job, and the metadata servers, which hand out the function's own credentials to anybody who asks.
pub(crate) fn is_open(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_open_v4(address),
        IpAddr::V6(address) => is_open_v6(address),
    }
}

fn is_open_v4(address: Ipv4Addr) -> bool {
    // Azure's host agent, on the public range: learn.microsoft.com, "What is IP address 168.63.129.16?"
    const AZURE_HOST: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
    // "This network" (0/8): Linux takes 0.0.0.0 for the loopback interface.
    let is_this_network = address.octets()[0] == 0;
    // Link-local is 169.254/16: metadata of AWS, Azure and Google, credentials of AWS containers.
    !(is_this_network
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address == AZURE_HOST)
}

fn is_open_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = carried(address) {
        return is_open_v4(inner);
    }
    let segments = address.segments();
    // Unique local addresses that the clouds keep for metadata: fd00:ec2::254 and others of AWS, fd20:ce::254 of Google.
    let is_cloud = matches!(segments, [0xfd00, 0x0ec2, ..] | [0xfd20, 0x00ce, ..]);
    !(is_cloud
        || address.is_unspecified()
        || address.is_loopback()
        || address.is_unicast_link_local()
        || address.is_multicast())
}

/// Returns the IPv4 address that an IPv6 address stands for: mapped, compatible (`::1` and `::` are none), or by NAT64.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, open: bool) {
        assert_eq!(is_open(address.parse().unwrap()), open, "{address}");
    }

    #[test]
    fn public_and_private_hosts_are_open() {
        for address in
            ["93.184.216.34", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.253.0.1", "168.63.129.17"]
        {
            check(address, true);
        }
        for address in ["2606:2800::1", "fd12:3456::1", "::ffff:10.0.0.1", "64:ff9b::808:808", "fd00:ec3::254"] {
            check(address, true);
        }
    }

    #[test]
    fn what_trusts_its_neighbours_is_closed() {
        for address in [
            "127.0.0.1",
            "127.1.2.3",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            check(address, false);
        }
        for address in [
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
        ] {
            check(address, false);
        }
    }
}
