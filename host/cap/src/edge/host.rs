//! Which void a request is for, told from its authority alone.

use http::{HeaderMap, Uri, header};

/// What the name in a request means.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// A name directly under the application domain; not yet known to be a slug.
    Void(String),
    /// Any other name, or none.
    Elsewhere,
}

/// The authority of a request: HTTP/2 says it in the target, HTTP/1 in `Host`. Where both speak, `Host` wins, because
/// a CAP that forwards a request keeps the client's there.
pub fn authority(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().map(str::to_owned),
        // Two Host headers: RFC 9112 wants a refusal, and so do we.
        (Some(_), Some(_)) => None,
        (None, _) => uri
            .authority()
            .map(|authority| authority.as_str().to_owned()),
    }
}

/// Reads `<label>.<app_domain>[:port]`, in any case, with or without the final dot of the root.
pub fn target(authority: Option<&str>, app_domain: &str) -> Target {
    let Some(authority) = authority else {
        return Target::Elsewhere;
    };
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let label = name
        .strip_suffix(app_domain)
        .and_then(|rest| rest.strip_suffix('.'));
    match label {
        Some(label) if !label.is_empty() && !label.contains('.') => Target::Void(label.to_owned()),
        _ => Target::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (authority, slug) in [
            ("lazy-fox.app.localhost", Some("lazy-fox")),
            ("Lazy-Fox.APP.localhost.:8443", Some("lazy-fox")),
            ("a.b.app.localhost", None),
            (".app.localhost", None),
            ("app.localhost", None),
            ("evilapp.localhost", None),
            ("127.0.0.1:80", None),
            ("[::1]:80", None),
            ("", None),
        ] {
            let expected = slug.map_or(Target::Elsewhere, |slug| Target::Void(slug.to_owned()));
            assert_eq!(
                target(Some(authority), "app.localhost"),
                expected,
                "{authority}"
            );
        }
        assert_eq!(target(None, "app.localhost"), Target::Elsewhere);
    }

    #[test]
    fn one_authority_or_none() {
        let mut headers = HeaderMap::new();
        let uri: Uri = "https://peer.example:1/x".parse().expect("uri");
        assert_eq!(authority(&uri, &headers).as_deref(), Some("peer.example:1"));
        headers.append(header::HOST, "fox.app".parse().expect("value"));
        assert_eq!(authority(&uri, &headers).as_deref(), Some("fox.app"));
        headers.append(header::HOST, "bear.app".parse().expect("value"));
        assert_eq!(authority(&uri, &headers), None);
    }
}
