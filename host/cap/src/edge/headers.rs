//! What changes in a request's headers on its way through: connection-bound headers end here, and who asked is said
//! by this CAP alone, never by the client.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Names one request in answers, logs and error pages.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-lily-request-id");

/// Set on a request that comes from another CAP: it is served here or nowhere, so that two CAPs which each believe
/// the other to hold a void do not send a request round and round.
pub const FORWARDED_BY: HeaderName = HeaderName::from_static("x-lily-forwarded-by");

/// Set on the request by which a CAP tries a new placement.
pub const PROBE: HeaderName = HeaderName::from_static("x-lily-probe");

/// The client's address, as the first CAP saw it.
pub const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// RFC 9110 §7.6.1, and what browsers and proxies send of the kind.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Removes headers that belong to one connection, including those that `Connection` names.
pub fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers.remove("proxy-connection");
}

/// Says who asked, replacing whatever the client claimed, and takes away headers that only CAPs may set.
pub fn mark_from_client(headers: &mut HeaderMap, client: IpAddr, scheme: &'static str, host: &str) {
    for name in [FORWARDED_BY, PROBE, REQUEST_ID, header::FORWARDED] {
        headers.remove(name);
    }
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(FORWARDED_FOR, &client.to_canonical().to_string());
    set(FORWARDED_PROTO, scheme);
    set(FORWARDED_HOST, host);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_headers_end_here() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("te", "trailers"),
            ("keep-alive", "5"),
            ("accept", "*/*"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        drop_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["accept"]);
    }

    #[test]
    fn a_client_cannot_say_who_it_is() {
        let mut headers = HeaderMap::new();
        for name in [
            "x-forwarded-for",
            "x-lily-forwarded-by",
            "x-lily-probe",
            "forwarded",
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static("lie"),
            );
        }
        mark_from_client(
            &mut headers,
            "::ffff:10.0.0.7".parse().expect("address"),
            "https",
            "fox.app.localhost",
        );
        assert_eq!(headers["x-forwarded-for"], "10.0.0.7");
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(headers["x-forwarded-host"], "fox.app.localhost");
        assert_eq!(headers.len(), 3);
    }
}
