//! The pages as a person sees them: Chromium, driven over WebDriver, searches, follows links and reads.

use crate::plugins::{User, package, package_of};
use crate::programs::find;
use crate::rc::Rc;
use registry_client::Network;
use reqwest::Method;
use semver::Version;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const BEGIN_TIMEOUT: Duration = Duration::from_secs(60);
/// One step of a person; a cold browser on a busy machine is slow.
const STEP_TIMEOUT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How WebDriver names an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const WIT: &str =
    "package made:here@1.2.3;\n\ninterface sums {\n  add: func(a: u32, b: u32) -> list<u32>;\n}\n";

struct Browser {
    driver: Child,
    client: reqwest::Client,
    session: String,
    /// The browser's own process: it would outlive its driver.
    process: Option<u64>,
    site: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    async fn open(site: String) -> Browser {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(find("chromedriver"))
            .arg("--port=0")
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = tokio::time::timeout(BEGIN_TIMEOUT, async {
            loop {
                let line = lines.next_line().await.unwrap();
                let line = line.expect("chromedriver says on which port it is");
                if let Some((_, port)) = line.split_once("successfully on port ") {
                    return port.trim_end_matches('.').to_owned();
                }
            }
        });
        let port = port.await.unwrap();
        // It goes on talking, and must not stop because nobody listens.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let mut browser = Browser {
            driver,
            client: reqwest::Client::builder()
                .timeout(STEP_TIMEOUT)
                .no_proxy()
                .build()
                .unwrap(),
            session: format!("http://127.0.0.1:{port}/session"),
            process: None,
            site,
            _profile: profile,
        };
        let wishes = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": find("chromium"),
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"],
            },
        } } });
        let opened = browser.call(Method::POST, "", wishes).await;
        browser.process = opened["capabilities"]["goog:processID"].as_u64();
        let id = opened["sessionId"].as_str().unwrap();
        browser.session = format!("{}/{id}", browser.session);
        browser
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self
            .client
            .request(method.clone(), format!("{}{path}", self.session));
        let request = match method {
            Method::POST => request.json(&body),
            _ => request,
        };
        let response = request.send().await.unwrap();
        let (status, mut answer) = (response.status(), response.json::<Value>().await.unwrap());
        assert!(status.is_success(), "{path} {body}: {answer}");
        answer["value"].take()
    }

    async fn go(&self, path: &str) {
        let url = format!("{}{path}", self.site);
        self.call(Method::POST, "/url", json!({ "url": url })).await;
    }

    /// An element that a person sees, by its CSS selector.
    async fn element(&self, selector: &str) -> String {
        let how = json!({ "using": "css selector", "value": selector });
        let element = self.call(Method::POST, "/element", how).await;
        let id = element[ELEMENT].as_str().unwrap().to_owned();
        let shown = self
            .call(Method::GET, &format!("/element/{id}/displayed"), json!({}))
            .await;
        assert_eq!(shown, true, "`{selector}` is not to be seen");
        id
    }

    async fn click(&self, selector: &str) {
        let id = self.element(selector).await;
        self.call(Method::POST, &format!("/element/{id}/click"), json!({}))
            .await;
    }

    async fn types(&self, selector: &str, text: &str) {
        let id = self.element(selector).await;
        let text = json!({ "text": text });
        self.call(Method::POST, &format!("/element/{id}/value"), text)
            .await;
    }

    /// The text of an element, as it is rendered.
    async fn text(&self, selector: &str) -> String {
        let id = self.element(selector).await;
        let place = format!("/element/{id}/text");
        let text = self.call(Method::GET, &place, json!({})).await;
        text.as_str().unwrap().to_owned()
    }

    async fn title(&self) -> String {
        let title = self.call(Method::GET, "/title", json!({})).await;
        title.as_str().unwrap().to_owned()
    }

    /// The path in the address bar.
    async fn place(&self) -> String {
        let url = self.call(Method::GET, "/url", json!({})).await;
        let url = url.as_str().unwrap();
        url.strip_prefix(&self.site).unwrap().to_owned()
    }

    /// Waits for the page that a click leads to: on a busy machine the click is done before its page has begun.
    async fn arrives(&self, path: &str) {
        let arrived = async {
            while self.place().await != path {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let in_time = tokio::time::timeout(STEP_TIMEOUT, arrived).await;
        assert!(in_time.is_ok(), "at {}, not at {path}", self.place().await);
    }

    /// The value of a JavaScript expression in the page.
    async fn value(&self, expression: &str) -> Value {
        let script = json!({ "script": format!("return {expression}"), "args": [] });
        self.call(Method::POST, "/execute/sync", script).await
    }

    /// Nothing ran, nothing was blocked, nothing was missing.
    async fn is_quiet(&self) {
        let log = self.call(Method::POST, "/se/log", json!({ "type": "browser" }));
        let log = log.await;
        assert_eq!(log.as_array().map(Vec::len), Some(0), "{log}");
        assert_eq!(self.value("document.scripts.length").await, 0);
        assert_eq!(self.value("document.images.length").await, 0);
        assert_eq!(self.value("typeof window.pwned").await, "undefined");
    }

    async fn close(mut self) {
        self.call(Method::DELETE, "", json!({})).await;
        self.process = None;
        self.driver.kill().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(process) = self.process {
            let mut kill = std::process::Command::new("kill");
            let _ = kill.args(["-KILL", &process.to_string()]).status();
        }
    }
}

#[tokio::test]
async fn a_person_finds_a_plugin_and_reads_its_wit() {
    let rc = Rc::start().await;
    let user = User::new(&rc).await;
    let mut resolve = wit_parser::Resolve::default();
    let made = resolve.push_str("made.wit", WIT).unwrap();
    let component = wit_component::encode(&resolve, made).unwrap();
    for version in ["0.1.0", "0.2.0"] {
        let published = user.publish(&rc, package(version, &component)).await;
        published.unwrap();
    }
    let evil = "</td><script>window.pwned=1</script><img src=/x onerror=window.pwned=1><b>evil</b>";
    let published = user
        .publish(&rc, package_of("sly", "1.0.0", evil, b"no component"))
        .await;
    published.unwrap();
    let registry = user.registry(&rc, Network::Online);
    let first = Version::new(0, 1, 0);
    registry.yank("wat", &first, Some(evil)).await.unwrap();

    let browser = Browser::open(format!("http://{}", rc.address)).await;
    browser.go("/").await;
    assert_eq!(browser.title().await, "Plugins · RC");
    let all = browser.text("tbody").await;
    assert!(all.contains("wat 0.2.0") && all.contains(evil), "{all}");
    browser.is_quiet().await;
    // The style is allowed and is there.
    let width = browser.value("getComputedStyle(document.body).maxWidth");
    assert_eq!(width.await, "1024px");

    browser.types("#q", "assembly").await;
    browser.click("form button").await;
    browser.arrives("/?q=assembly").await;
    assert_eq!(browser.value("document.links.length").await, 2);
    browser.click("tbody a").await;
    browser.arrives("/plugins/wat").await;
    assert_eq!(browser.text("h1").await, "wat 0.2.0");
    let wit = browser.text("pre.wit").await;
    assert!(wit.contains("package made:here@1.2.3;"), "{wit}");
    assert!(
        wit.contains("add: func(a: u32, b: u32) -> list<u32>;"),
        "{wit}"
    );
    let install = browser.text("pre").await;
    assert_eq!(install, "lly plugin install wat@0.2.0");
    browser.is_quiet().await;

    browser.click("a[href='/plugins/wat/0.1.0']").await;
    assert_eq!(browser.text("h1").await, "wat 0.1.0");
    let withdrawn = browser.text("p.yanked").await;
    assert_eq!(withdrawn, format!("This version was withdrawn: {evil}"));
    browser.is_quiet().await;
    browser.go("/plugins/sly").await;
    assert_eq!(browser.text("h1").await, "sly 1.0.0");
    browser.is_quiet().await;

    // On a telephone nothing hangs over the edge.
    let rectangle = json!({ "width": 420, "height": 800 });
    browser.call(Method::POST, "/window/rect", rectangle).await;
    for page in ["/", "/plugins/wat", "/plugins/sly"] {
        browser.go(page).await;
        let fits = "document.documentElement.scrollWidth <= window.innerWidth";
        assert_eq!(browser.value(fits).await, true, "{page}");
    }
    browser.close().await;
    rc.stop().await;
}
