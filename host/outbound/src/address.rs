//! What programs may reach: the rules on addresses, for every connection that leaves this machine.

use http::Uri;
use std::net::IpAddr;

/// Where guests may send requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Egress {
    /// Nowhere.
    Nowhere,
    /// Public addresses only: neither this machine, nor its network, nor link-local services.
    Public,
    /// Anywhere the host itself can reach.
    Anywhere,
}

impl Egress {
    /// Whether a connection to this address may be made.
    pub fn permits(self, address: IpAddr) -> bool {
        match self {
            Egress::Nowhere => false,
            Egress::Anywhere => true,
            Egress::Public => is_public(address),
        }
    }
}

/// Whether an address belongs to the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmarking = a == 198 && (b == 18 || b == 19);
            let special =
                v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast();
            let reserved = v4.is_documentation() || a == 0 || a >= 240;
            !(shared || benchmarking || special || reserved)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            // Global unicast is 2000::/3; within it, 2001:db8::/32 is documentation, 2002::/16 and 64:ff9b:: wrap IPv4.
            None => {
                let [first, second, ..] = v6.segments();
                first & 0xe000 == 0x2000
                    && first != 0x2002
                    && !(first == 0x2001 && second == 0x0db8)
            }
        },
    }
}

/// What to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A name or an address; IPv6 without brackets.
    pub host: String,
    /// The scheme's own when the URI has none.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// A URI that names no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the URI names no server")]
pub struct TargetError;

impl Target {
    /// The server of an absolute URI; `https` and `wss` are encrypted, all other schemes are not.
    pub fn of(uri: &Uri) -> Result<Target, TargetError> {
        let tls = matches!(uri.scheme_str(), Some("https" | "wss"));
        let authority = uri.authority().ok_or(TargetError)?;
        let host = authority.host();
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if host.is_empty() {
            return Err(TargetError);
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Target {
            host: host.to_owned(),
            port,
            tls,
        })
    }
}

#[cfg(test)]
#[path = "address/tests.rs"]
mod tests;
