//! From a file to a live URL, and what an owner may do with it.

use tests_kit::Fleet;

const GREETER: &str = r#"#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void) {
    const char *query = getenv("QUERY_STRING");
    fprintf(stderr, "asked %s\n", query);
    if (strcmp(query, "json") == 0) {
        printf("Status: 201 Created\nContent-Type: application/json\nX-Brick: yes\n\n{\"method\":\"%s\"}", getenv("REQUEST_METHOD"));
        return 0;
    }
    char body[256];
    size_t n = fread(body, 1, sizeof body, stdin);
    printf("VERSION %s %s ", getenv("REQUEST_METHOD"), getenv("PATH_INFO"));
    fwrite(body, 1, n, stdout);
    return 0;
}
"#;

fn greeter(fleet: &Fleet, version: &str) -> std::path::PathBuf {
    fleet
        .home
        .write("greeter.c", GREETER.replace("VERSION", version));
    fleet
        .home
        .compile(&format!("greeter-{version}"), ["greeter.c"])
}

#[test]
fn an_unmodified_c_program_answers_at_an_https_url() {
    let fleet = Fleet::start(1);
    let bundle = greeter(&fleet, "one");
    let deployed = fleet.deploy(&bundle);
    let url = deployed["url"].as_str().unwrap().to_owned();
    assert!(
        url.starts_with("https://") && url.contains(".app.localhost:"),
        "{url}"
    );
    assert_eq!(fleet.get(&url).is(200).text(), "one GET / ");

    let json = fleet.get(&format!("{url}?json")).is(201);
    assert_eq!(json.header("content-type"), Some("application/json"));
    assert_eq!(json.header("x-brick"), Some("yes"));
    assert_eq!(json.text(), "{\"method\":\"GET\"}");
    let posted = fleet
        .send(
            fleet
                .client()
                .post(format!("{url}deep/path"))
                .body("payload"),
        )
        .unwrap()
        .is(200);
    assert_eq!(posted.text(), "one POST /deep/path payload");

    // The line that `deploy` prints works as printed.
    let said = fleet
        .lly(["void", "deploy", bundle.to_str().unwrap()])
        .success();
    let said = said.stdout + &said.stderr;
    let curl = said
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("curl "))
        .expect("a curl line")
        .to_owned();
    let printed = std::process::Command::new("sh")
        .args(["-c", &curl])
        .output()
        .unwrap();
    assert!(printed.status.success(), "{curl}: {printed:?}");
    assert!(
        String::from_utf8_lossy(&printed.stdout).contains("one GET / "),
        "{printed:?}"
    );
}

#[test]
fn list_logs_rollback_kill_and_blobs_that_do_not_travel_twice() {
    let fleet = Fleet::start(1);
    let first = fleet.deploy(&greeter(&fleet, "one"));
    let (slug, url) = (
        first["slug"].as_str().unwrap().to_owned(),
        first["url"].as_str().unwrap().to_owned(),
    );
    assert!(first["blobs_sent"].as_u64().unwrap() > 0, "{first}");

    let listed = fleet.home.json(["void", "list"]);
    let void = &listed["voids"][0];
    assert_eq!(
        (void["slug"].as_str(), void["status"].as_str()),
        (Some(slug.as_str()), Some("live")),
        "{listed}"
    );

    // Redeploy to the same slug: a new program at the same URL; again: nothing travels.
    let two = greeter(&fleet, "two");
    let two = two.to_str().unwrap();
    fleet.home.json(["void", "deploy", two, "--slug", &slug]);
    assert_eq!(fleet.get(&url).is(200).text(), "two GET / ");
    let again = fleet.home.json(["void", "deploy", two, "--slug", &slug]);
    assert_eq!(again["blobs_sent"], 0, "{again}");

    fleet.get(&format!("{url}?marker-of-a-log-line"));
    let logs = fleet.lly(["void", "logs", &slug, "-n", "50"]).success();
    assert!(
        logs.stdout.contains("asked marker-of-a-log-line"),
        "{}",
        logs.stdout
    );

    fleet.lly(["void", "rollback", &slug]).success();
    fleet.get_until(&url, 200);
    assert_eq!(fleet.get(&url).is(200).text(), "one GET / ");

    fleet.lly(["void", "kill", &slug]).success();
    let gone = fleet.get(&url);
    assert!([404, 410, 503].contains(&gone.status), "{}", gone.status);
    let listed = fleet.home.json(["void", "list"]);
    assert_eq!(listed["voids"][0]["status"], "stopped", "{listed}");
    // The slug is held for its owner.
    fleet.home.json(["void", "deploy", two, "--slug", &slug]);
    assert_eq!(fleet.get_until(&url, 200).text(), "two GET / ");
}

#[test]
fn another_account_cannot_take_see_log_or_kill_a_slug() {
    let fleet = Fleet::start(1);
    let bundle = greeter(&fleet, "mine");
    let deployed = fleet.deploy(&bundle);
    let slug = deployed["slug"].as_str().unwrap();
    let theirs = fleet.home.work().join("theirs.json");
    fleet
        .lly([
            "fleet",
            "account",
            "add",
            "mallory",
            "--credentials",
            theirs.to_str().unwrap(),
        ])
        .success();
    let mallory = |arguments: &[&str]| {
        fleet.home.lly_with(arguments, b"", |command| {
            command.env("LLY_CREDENTIALS", &theirs);
        })
    };
    for phase in ["live", "killed"] {
        mallory(&["void", "deploy", bundle.to_str().unwrap(), "--slug", slug])
            .exits(3)
            .says(slug);
        mallory(&["void", "logs", slug, "-n", "5"]).exits(3);
        mallory(&["void", "kill", slug]).exits(3);
        mallory(&["void", "rollback", slug]).exits(3);
        let listed = mallory(&["void", "list", "--json"]).success().stdout;
        assert!(!listed.contains(slug), "{listed}");
        if phase == "live" {
            assert_eq!(
                fleet.get(deployed["url"].as_str().unwrap()).is(200).text(),
                "mine GET / "
            );
            fleet.lly(["void", "kill", slug]).success();
        }
    }
}

#[test]
fn a_wrong_or_missing_token_exits_2() {
    let fleet = Fleet::start(1);
    let credentials = fleet.home.path().join("credentials");
    let good = std::fs::read_to_string(&credentials).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&credentials).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let mut document: serde_json::Value = serde_json::from_str(&good).unwrap();
    document["token"] = "lily_forged".into();
    std::fs::write(&credentials, document.to_string()).unwrap();
    fleet.lly(["void", "list"]).exits(2).says("hint:");
    std::fs::remove_file(&credentials).unwrap();
    fleet.lly(["void", "list"]).exits(2).says("hint:");
    std::fs::write(&credentials, good).unwrap();
    fleet.lly(["void", "list"]).success();
}

#[test]
fn a_brick_that_traps_at_start_ends_the_deploy_with_its_trap() {
    let fleet = Fleet::start(1);
    fleet.home.write(
        "doomed.c",
        "#include <stdlib.h>\n__attribute__((constructor)) static void start(void) {\n    abort();\n}\nint main(void) { return 0; }\n",
    );
    let bundle = fleet.home.compile("doomed", ["doomed.c"]);
    fleet
        .lly(["void", "deploy", bundle.to_str().unwrap()])
        .exits(5)
        .says("doomed.c:3");
}

#[test]
fn assets_are_served_without_entering_wasm() {
    let fleet = Fleet::start(1);
    fleet.home.write(
        "site/main.c",
        "#include <stdio.h>\nint main(void) { puts(\"from wasm\"); }\n",
    );
    fleet.home.write(
        "site/lly.toml",
        "name = \"site\"\nsources = [\"main.c\"]\nassets = \"assets\"\n",
    );
    fleet.home.write("site/assets/index.html", "<h1>lily</h1>");
    fleet
        .home
        .write("site/assets/css/site.css", "body { color: green }");
    fleet
        .home
        .lly_with(["compile", "-o", "site.brick"], b"", |command| {
            command.current_dir(fleet.home.work().join("site"));
        })
        .success();
    let url = fleet.deploy_url(&fleet.home.work().join("site/site.brick"));

    let page = fleet.get(&url).is(200);
    assert_eq!(page.text(), "<h1>lily</h1>");
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let css = fleet.get(&format!("{url}css/site.css")).is(200);
    assert!(css.header("content-type").unwrap().starts_with("text/css"));
    assert!(css.header("cache-control").is_some());
    let tag = css.header("etag").expect("an ETag").to_owned();
    let same = fleet
        .send(
            fleet
                .client()
                .get(format!("{url}css/site.css"))
                .header("if-none-match", &tag),
        )
        .unwrap();
    assert_eq!((same.status, same.body.len()), (304, 0));
    let part = fleet
        .send(
            fleet
                .client()
                .get(format!("{url}css/site.css"))
                .header("range", "bytes=0-3"),
        )
        .unwrap();
    assert_eq!((part.status, part.text().as_str()), (206, "body"));
    let beyond = fleet
        .send(
            fleet
                .client()
                .get(format!("{url}css/site.css"))
                .header("range", "bytes=999-"),
        )
        .unwrap();
    assert_eq!(beyond.status, 416);
    assert_eq!(
        fleet.get(&format!("{url}other")).is(200).text(),
        "from wasm\n"
    );
}

#[test]
fn a_slug_on_another_cap_is_reached_through_any_edge() {
    let fleet = Fleet::start(3);
    let urls: Vec<String> = (0..3)
        .map(|n| fleet.deploy_url(&greeter(&fleet, &format!("v{n}"))))
        .collect();
    for (n, url) in urls.iter().enumerate() {
        assert_eq!(fleet.get(url).is(200).text(), format!("v{n} GET / "));
    }
    let listed = fleet.home.json(["void", "list"]);
    let caps: std::collections::BTreeSet<_> = listed["voids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|void| void["cap"].to_string())
        .collect();
    assert!(caps.len() > 1, "the policy spreads: {listed}");

    // Drained, a CAP loses its voids and no request.
    let first = listed["voids"][0].clone();
    let (slug, cap) = (
        first["slug"].as_str().unwrap(),
        first["cap"].as_str().unwrap(),
    );
    fleet.lly(["fleet", "drain", cap]).success();
    let url = first["url"].as_str().unwrap();
    let moved = tests_kit::wait::at_most(std::time::Duration::from_secs(40), || {
        fleet.get(url).is(200);
        let voids = fleet.home.json(["void", "list"]);
        let void = voids["voids"]
            .as_array()?
            .iter()
            .find(|void| void["slug"] == slug)?
            .clone();
        (void["cap"] != cap && void["status"] == "live").then_some(())
    });
    assert!(
        moved.is_some(),
        "{slug} did not leave {cap}:\n{}",
        fleet.logs()
    );
    fleet.get(url).is(200);
}
