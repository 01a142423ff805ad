//! Plugins that add a verb: they do what was granted to them and nothing else.

use tests_kit::{Home, Output, repository};

/// A home with the sample verb, and a project to count.
fn home_with_lines() -> Home {
    let home = Home::with_own_plugins();
    home.write("counted/lly.toml", "name = \"counted\"\n");
    home.write(
        "counted/src/main.c",
        "int main(void) {\n\n    return 0;\n}\n",
    );
    home.write("counted/src/page.md", "one\ntwo\n");
    let package = repository().join("target/lily/plugins/lines.plugin");
    std::fs::copy(package, home.work().join("lines.plugin")).unwrap();
    home
}

/// Runs `lly lines` in the project.
fn lines(home: &Home, arguments: &[&str]) -> Output {
    let words = ["lines"].iter().chain(arguments);
    home.lly_with(words, b"", |command| {
        command.current_dir(home.work().join("counted"));
    })
}

#[test]
fn a_verb_is_not_installed_without_what_it_asks_for() {
    let home = home_with_lines();
    home.lly(["plugin", "install", "lines.plugin"])
        .exits(1)
        .says("read the files `**` of the project")
        .says("--grant");
    home.lly(["lines"])
        .exits(1)
        .says("`lines` is neither a command nor a verb of an installed plugin")
        .says("lly plugin install lines");
}

#[test]
fn a_verb_counts_what_it_may_read() {
    let home = home_with_lines();
    home.lly(["plugin", "install", "lines.plugin", "--grant"])
        .success();
    let counted = lines(&home, &[]).success().stdout;
    let rows: Vec<Vec<&str>> = counted
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[1..],
        [
            vec!["C", "1", "3", "1"],
            vec!["Markdown", "1", "2", "0"],
            vec!["sum", "2", "5", "1"]
        ]
    );
    // From a folder of the project it is the same project.
    let deeper = home.lly_with(["lines"], b"", |command| {
        command.current_dir(home.work().join("counted/src"));
    });
    assert_eq!(deeper.success().stdout, counted);
    let help = home.lly(["lines", "--help"]).success().stdout;
    assert!(help.contains("Usage: lly lines"), "{help}");
    // What comes before the verb is for lly, what comes after it for the verb.
    let help = home.lly(["--json", "lines", "--help"]).success().stdout;
    let help: serde_json::Value = serde_json::from_str(&help).unwrap();
    assert_eq!(
        (&help["$type"], &help["name"]),
        (&"lily.verb/1".into(), &"lines".into())
    );
    lines(&home, &["--loud"]).exits(1).says("no flag `--loud`");
    lines(&home, &["absent"]).exits(1).says("`absent`");
}

#[test]
fn a_verb_that_reaches_for_more_is_told_which_grant_is_missing() {
    let home = home_with_lines();
    home.lly(["plugin", "install", "lines.plugin", "--grant"])
        .success();
    let grants = home.path().join("grants.toml");
    assert!(std::fs::read_to_string(&grants).unwrap().contains("**"));
    std::fs::write(&grants, "[plugin.lines]\nread = [\"src/*.md\"]\n").unwrap();
    // What is left is less than the manifest asks for, and its words were other words: nothing is granted.
    let refused = lines(&home, &[]).exits(1);
    assert!(refused.stdout.is_empty(), "{}", refused.stdout);
    refused
        .says("`lines` 0.1.0 reached for what it was not granted")
        .says("the grant `read` for `*` is missing");
    std::fs::remove_file(&grants).unwrap();
    lines(&home, &[]).exits(1).says("was not granted");
    // Installing it again asks again.
    home.lly(["plugin", "install", "lines.plugin"]).exits(1);
    home.lly(["plugin", "install", "lines.plugin", "--grant"])
        .success();
    lines(&home, &[]).success();
}

#[test]
fn a_plugin_cannot_take_the_place_of_a_command() {
    let home = Home::with_own_plugins();
    home.write(
        "plugin.json",
        r#"{"schema":1,"name":"compile","version":"0.1.0","world":"lily:command@0.1.0","description":"mine",
            "component":"component.wasm","lly_min_version":"0.1.0"}"#,
    );
    home.write("component.wasm", "(component)");
    home.lly(["plugin", "build", "."])
        .exits(1)
        .says("would add the verb `lly compile`, which lly has itself");
}

#[test]
fn help_lists_the_verbs_of_plugins_and_starts_none() {
    let home = home_with_lines();
    let heading = "Verbs of plugins:";
    let plain = home.lly(["--help"]).success().stdout;
    assert!(!plain.contains(heading), "{plain}");
    home.lly(["plugin", "install", "lines.plugin", "--grant"])
        .success();
    // A second one, without a component: whoever starts it fails.
    let dud = home.path().join("plugins/dud/0.1.0-000000000000");
    std::fs::create_dir_all(&dud).unwrap();
    let manifest = r#"{"schema":1,"name":"dud","version":"0.1.0","world":"lily:command@0.1.0",
        "description":"Does nothing","component":"component.wasm","lly_min_version":"0.1.0"}"#;
    std::fs::write(dud.join("plugin.json"), manifest).unwrap();
    let record = format!(r#"{{"digest":"sha256:{}","entries":{{}}}}"#, "0".repeat(64));
    std::fs::write(dud.join("installed.json"), record).unwrap();
    home.lly(["dud", "--help"]).exits(1);
    let shown = home.lly(["--help"]).success().stdout;
    let verbs: Vec<&str> = shown
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(verbs[0], "  dud          Does nothing");
    assert!(verbs[1].starts_with("  lines        "), "{shown}");
    assert_eq!(verbs.len(), 2, "{shown}");
    assert!(shown.contains("Example:"), "{shown}");
    assert_eq!(home.lly(["help"]).success().stdout, shown);
    // The help of a command is its own.
    let compile = home.lly(["compile", "--help"]).success().stdout;
    assert!(!compile.contains(heading), "{compile}");
    for shell in ["bash", "zsh", "fish"] {
        let script = home.lly(["completions", shell]).success().stdout;
        assert!(
            script.contains("lines") && script.contains("dud"),
            "{shell}"
        );
    }
    let help = home.lly(["help", "lines"]).success().stdout;
    assert!(help.contains("Usage: lly lines"), "{help}");
    assert!(
        help.contains("A plugin: lines 0.1.0\n  may read the files `**` of the project\n"),
        "{help}"
    );
    assert_eq!(home.lly(["lines", "--help"]).success().stdout, help);
    home.lly(["help", "absent"])
        .exits(1)
        .says("`absent` is neither a command nor a verb");
    home.lly(["bundle", "help", "absent"])
        .exits(1)
        .says("unrecognized subcommand");
}

#[test]
fn help_does_not_need_a_store_that_is_well() {
    let home = home_with_lines();
    home.lly(["plugin", "install", "lines.plugin", "--grant"])
        .success();
    let plugins = home.path().join("plugins");
    let broken = plugins.join("todo/0.1.0-0123456789ab");
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::write(broken.join("plugin.json"), "{").unwrap();
    std::fs::write(broken.join("installed.json"), "{").unwrap();
    let shown = home.lly(["--help"]).success().stdout;
    assert!(
        shown.contains("  lines  ") && !shown.contains("todo"),
        "{shown}"
    );
    lines(&home, &[]).success();
    let message = "`todo` cannot be used";
    home.lly(["plugin", "list"]).success().says(message);
    let doctor = home.lly(["doctor"]).exits(1).stdout;
    assert!(
        doctor.contains(message) && doctor.contains("lly plugin install todo"),
        "{doctor}"
    );
    home.lly(["todo"])
        .exits(1)
        .says("is damaged: install the plugin again");
    home.lly(["todo", "--help"]).exits(1).says("is damaged");
    // No store at all, but something in its place.
    std::fs::remove_dir_all(&plugins).unwrap();
    std::fs::write(&plugins, "no folder").unwrap();
    let shown = home.lly(["--help"]).success().stdout;
    assert!(
        shown.contains("Commands:") && !shown.contains("Verbs of plugins"),
        "{shown}"
    );
}
