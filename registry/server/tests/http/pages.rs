//! The pages: what they show, and that nothing that a publisher wrote becomes markup.

use crate::plugins::{User, package};
use crate::rc::{Rc, header};
use lly_brick::container::Writer;
use registry_client::Network;
use registry_index::{COMPONENT_ENTRY, FRONTEND_WORLD, MANIFEST_ENTRY, PluginManifest};
use reqwest::StatusCode;
use semver::Version;

const WIT: &str = "package made:here@1.2.3;\n\ninterface sums {\n  record pair { left: u32, right: u32 }\n  add: func(both: pair) -> u32;\n}\n";

/// A component that is made of WIT alone.
fn component() -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("made.wit", WIT).unwrap();
    wit_component::encode(&resolve, package).unwrap()
}

async fn shown(rc: &Rc, path: &str, status: StatusCode) -> String {
    let response = rc.get(path).await;
    assert_eq!(response.status(), status, "{path}");
    assert_eq!(
        header(&response, "content-type"),
        "text/html; charset=utf-8"
    );
    let policy = header(&response, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let text = response.text().await.unwrap();
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"));
    assert!(!text.contains("<script"), "{text}");
    text
}

#[tokio::test]
async fn a_plugin_is_shown_with_its_versions_and_its_wit() {
    let rc = Rc::start().await;
    let user = User::new(&rc).await;
    let empty = shown(&rc, "/", StatusCode::OK).await;
    assert!(empty.contains("Nobody has published"), "{empty}");
    for version in ["0.1.0", "0.2.0"] {
        let published = user.publish(&rc, package(version, &component())).await;
        published.unwrap();
    }
    let registry = user.registry(&rc, Network::Online);
    let reason = "it eats <b>files</b>";
    let first = Version::new(0, 1, 0);
    registry.yank("wat", &first, Some(reason)).await.unwrap();

    let front = shown(&rc, "/?q=assembly", StatusCode::OK).await;
    assert!(
        front.contains("<a href=\"/plugins/wat\">wat</a><td>0.2.0"),
        "{front}"
    );
    let none = shown(&rc, "/?q=%22%3E%3Cscript%3E", StatusCode::OK).await;
    assert!(
        none.contains("value=\"&quot;&gt;&lt;script&gt;\""),
        "{none}"
    );
    assert!(!none.contains("/plugins/wat"), "{none}");

    let page = shown(&rc, "/plugins/wat", StatusCode::OK).await;
    for text in [
        "lly plugin install wat@0.2.0",
        "package made:here@1.2.3;",
        "add: func(both: pair) -&gt; u32;",
        "withdrawn: it eats &lt;b&gt;files&lt;/b&gt;",
        "<dt>Signatures<dd>1, judged",
        "it reads what it is given and answers",
    ] {
        assert!(page.contains(text), "no `{text}` in {page}");
    }
    let old = shown(&rc, "/plugins/wat/0.1.0", StatusCode::OK).await;
    assert!(old.contains("This version was withdrawn"), "{old}");
    assert!(!old.contains("lly plugin install"), "{old}");
    for path in [
        "/plugins/none",
        "/plugins/..%2f",
        "/plugins/%00",
        "/plugins/wat/0.9.0",
        "/plugins/wat/%3Cscript%3E",
    ] {
        shown(&rc, path, StatusCode::NOT_FOUND).await;
    }
    let style = rc.get("/style.css").await;
    assert_eq!(header(&style, "content-type"), "text/css; charset=utf-8");
    rc.stop().await;
}

#[tokio::test]
async fn what_a_publisher_writes_is_text() {
    let rc = Rc::start().await;
    let user = User::new(&rc).await;
    let description = "</td><script>alert('x')</script><img src=x onerror=\"x\">";
    let version = Version::new(1, 0, 0);
    let mut plugin = PluginManifest::new("wat", version, FRONTEND_WORLD, description);
    plugin.grants.environment.insert("HOME".to_owned());
    let package = Writer::new()
        .entry(MANIFEST_ENTRY, plugin.canonical())
        .entry(COMPONENT_ENTRY, b"no component");
    let published = user.publish(&rc, package.finish().unwrap()).await;
    published.unwrap();
    for path in ["/", "/plugins/wat", "/plugins/wat/1.0.0"] {
        let page = shown(&rc, path, StatusCode::OK).await;
        assert!(page.contains("&lt;/td&gt;&lt;script&gt;alert"), "{page}");
        assert!(!page.contains("<img"), "{page}");
    }
    let page = shown(&rc, "/plugins/wat", StatusCode::OK).await;
    assert!(page.contains("It cannot be shown: "), "{page}");
    assert!(page.contains("<li>") && page.contains("HOME"), "{page}");
    rc.stop().await;
}
