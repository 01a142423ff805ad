use super::*;

#[track_caller]
fn check(uri: &str, expected: Option<(&str, u16, bool)>) {
    let target = Target::of(&uri.parse().unwrap_or_else(|_| panic!("`{uri}` is a URI"))).ok();
    let expected = expected.map(|(host, port, tls)| Target {
        host: host.to_owned(),
        port,
        tls,
    });
    assert_eq!(target, expected, "{uri}");
}

#[test]
fn targets() {
    check("http://a.test/x", Some(("a.test", 80, false)));
    check("https://a.test", Some(("a.test", 443, true)));
    check("ws://a.test/", Some(("a.test", 80, false)));
    check("wss://a.test/", Some(("a.test", 443, true)));
    check("https://a.test:8443/", Some(("a.test", 8443, true)));
    check("http://[::1]:81/", Some(("::1", 81, false)));
    check("/only/a/path", None);
}

#[test]
fn public_addresses() {
    let public = [
        "1.1.1.1",
        "93.184.216.34",
        "2606:4700::1111",
        "::ffff:1.1.1.1",
    ];
    let private = [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "198.18.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ];
    for address in public {
        assert!(address.parse().is_ok_and(is_public), "{address}");
    }
    for address in private {
        assert!(!address.parse().is_ok_and(is_public), "{address}");
    }
}
