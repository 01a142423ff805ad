//! What a plugin may reach: plain decisions over what the user granted. Nothing here touches a file.
//!
//! Rule: a question is answered by the grants alone, and a no names the grant that is missing, in its manifest's form.

use registry_index::{Grants, ProgramGrant};
use std::collections::BTreeSet;

/// Why something was not had. Each is a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It was not granted.
    Denied(String),
    /// There is no such thing.
    Absent(String),
    /// It is there and could not be had.
    Failed(String),
}

/// What is in both: the manifest is what the user was shown, and more than it asks for is not given even if an older one
/// was.
pub(crate) fn both(asked: &Grants, granted: &Grants) -> Grants {
    fn of<T: Ord + Clone>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> BTreeSet<T> {
        one.intersection(other).cloned().collect()
    }
    Grants {
        environment: of(&asked.environment, &granted.environment),
        hosts: of(&asked.hosts, &granted.hosts),
        programs: of(&asked.programs, &granted.programs),
        read: of(&asked.read, &granted.read),
        write: of(&asked.write, &granted.write),
    }
}

/// Remembers a refusal, so that the caller can tell the user even if the plugin does not.
pub(crate) fn remember(denied: &mut Vec<String>, refusal: &Refusal) {
    if let Refusal::Denied(sentence) = refusal
        && denied.len() < DENIED_MAX
        && !denied.contains(sentence)
    {
        denied.push(sentence.clone());
    }
}

/// Refusals that are remembered; a plugin that tries a thousand doors needs no longer list.
const DENIED_MAX: usize = 8;

/// A relative path without `.`, `..`, empty parts, backslashes and control characters; `""` is the project's folder.
pub(crate) fn is_plain(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    path.is_empty()
        || (path.split('/').all(plain)
            && !path.chars().any(|char| char.is_control() || char == '\\'))
}

/// Whether a file may be read.
pub(crate) fn may_read(grants: &Grants, path: &str) -> Result<(), String> {
    let granted = grants.read.iter().any(|pattern| matches(pattern, path));
    granted
        .then_some(())
        .ok_or_else(|| missing(&format!("reading the file `{path}`"), "read", path))
}

/// Whether there can be a file in this folder that may be read.
pub(crate) fn may_list(grants: &Grants, folder: &str) -> Result<(), String> {
    let granted = grants
        .read
        .iter()
        .any(|pattern| leads_into(pattern, folder));
    let shown = if folder.is_empty() { "." } else { folder };
    let wanted = if folder.is_empty() {
        "*".to_owned()
    } else {
        format!("{folder}/*")
    };
    granted
        .then_some(())
        .ok_or_else(|| missing(&format!("listing the folder `{shown}`"), "read", &wanted))
}

/// Whether a file may be written.
pub(crate) fn may_write(grants: &Grants, path: &str) -> Result<(), String> {
    let below = |folder: &String| {
        folder == "."
            || path
                .strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
    };
    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
    let granted = grants.write.iter().any(below);
    granted
        .then_some(())
        .ok_or_else(|| missing(&format!("writing the file `{path}`"), "write", folder))
}

/// Whether a program may be started with these arguments.
pub(crate) fn may_run(grants: &Grants, program: &str, arguments: &[String]) -> Result<(), String> {
    let fits = |grant: &ProgramGrant| {
        grant.program == program
            && match grant.arguments.split_last() {
                Some((last, first)) if last == "*" => arguments.starts_with(first),
                _ => grant.arguments == arguments,
            }
    };
    if grants.programs.iter().any(fits) {
        return Ok(());
    }
    let command = [&[program.to_owned()], arguments].concat().join(" ");
    Err(missing(
        &format!("running `{command}`"),
        "programs",
        &command,
    ))
}

/// Whether a host may be reached; `host` is `name`, or `name:port` where the port is not 443.
pub(crate) fn may_fetch(grants: &Grants, host: &str) -> Result<(), String> {
    let same = |granted: &String| {
        let plain = granted.strip_suffix(":443").unwrap_or(granted);
        plain.eq_ignore_ascii_case(host)
    };
    let granted = grants.hosts.iter().any(same);
    granted
        .then_some(())
        .ok_or_else(|| missing(&format!("reaching the host `{host}`"), "hosts", host))
}

/// Whether a variable may be read.
pub(crate) fn may_know(grants: &Grants, name: &str) -> Result<(), String> {
    let granted = grants.environment.contains(name);
    granted.then_some(()).ok_or_else(|| {
        missing(
            &format!("the environment variable `{name}`"),
            "environment",
            name,
        )
    })
}

fn missing(what: &str, field: &str, value: &str) -> String {
    format!("{what} was not granted: the grant `{field}` for `{value}` is missing")
}

/// Whether a path fits a pattern: `*` is anything within one name, `**` any number of folders, `.` everything.
fn matches(pattern: &str, path: &str) -> bool {
    let pattern = if pattern == "." { "**" } else { pattern };
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('/').collect(), path.split('/').collect());
    parts_match(&pattern, &path)
}

fn parts_match(pattern: &[&str], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        // The last `**` is any file below; one before others is any number of folders, none too.
        Some((&"**", [])) => !path.is_empty(),
        Some((&"**", rest)) => (0..=path.len()).any(|skipped| parts_match(rest, &path[skipped..])),
        Some((first, rest)) => path
            .split_first()
            .is_some_and(|(name, path)| name_matches(first, name) && parts_match(rest, path)),
    }
}

fn name_matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(head) else {
        return false;
    };
    let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
    ends.into_iter().any(|at| name_matches(rest, &name[at..]))
}

/// Whether a pattern can match a file somewhere below a folder.
fn leads_into(pattern: &str, folder: &str) -> bool {
    if folder.is_empty() || pattern == "." {
        return true;
    }
    let mut parts = pattern.split('/');
    for name in folder.split('/') {
        match parts.next() {
            Some("**") => return true,
            Some(part) if name_matches(part, name) => {}
            _ => return false,
        }
    }
    parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(read: &[&str]) -> Grants {
        Grants {
            read: read.iter().map(|one| (*one).to_owned()).collect(),
            write: ["out".to_owned()].into(),
            hosts: ["example".to_owned(), "api.example:8443".to_owned()].into(),
            environment: ["LANG".to_owned()].into(),
            programs: [
                ProgramGrant {
                    program: "git".to_owned(),
                    arguments: vec!["log".to_owned(), "*".to_owned()],
                },
                ProgramGrant {
                    program: "make".to_owned(),
                    arguments: vec!["all".to_owned()],
                },
            ]
            .into(),
        }
    }

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path) in [
            ("a.c", "a.c"),
            ("*.c", "a.c"),
            ("**/*.c", "a.c"),
            ("**/*.c", "x/y/a.c"),
            ("src/**", "src/x/y"),
            ("src/*/b*", "src/a/beta"),
            ("a*b*c", "a-b-b-c"),
            (".", "x/y"),
            ("**", ".git/config"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("a.c", "b/a.c"),
            ("*.c", "x/a.c"),
            ("*.c", "a.cpp"),
            ("src/**", "src"),
            ("src/**", "source/x"),
            ("src/*", "src/a/b"),
            ("a*b", "ab.c"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn folders_are_shown_where_a_file_may_be() {
        let granted = grants(&["src/**/*.c", "docs/*.md"]);
        for folder in ["", "src", "src/deep/er", "docs"] {
            assert!(may_list(&granted, folder).is_ok(), "{folder}");
        }
        for folder in ["secret", "docs/inner", "srcs"] {
            assert!(may_list(&granted, folder).is_err(), "{folder}");
        }
        assert!(may_list(&grants(&["a.c"]), "a.c").is_err());
        assert!(may_list(&grants(&[]), "").is_err());
    }

    #[test]
    fn a_no_names_the_missing_grant() {
        let granted = grants(&["src/**"]);
        let words = |list: &[&str]| {
            list.iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert!(may_read(&granted, "src/a").is_ok());
        let no = may_read(&granted, "lly.toml").unwrap_err();
        assert!(
            no.contains("the grant `read` for `lly.toml` is missing"),
            "{no}"
        );
        assert!(may_write(&granted, "out/a/b").is_ok());
        assert!(may_write(&granted, "out").is_err());
        assert!(may_write(&granted, "output/a").is_err());
        assert!(may_run(&granted, "git", &words(&["log"])).is_ok());
        assert!(may_run(&granted, "git", &words(&["log", "-1"])).is_ok());
        assert!(may_run(&granted, "git", &words(&["push"])).is_err());
        assert!(may_run(&granted, "make", &words(&["all"])).is_ok());
        assert!(may_run(&granted, "make", &words(&["all", "more"])).is_err());
        assert!(may_fetch(&granted, "EXAMPLE").is_ok());
        assert!(may_fetch(&granted, "api.example:8443").is_ok());
        let no = may_fetch(&granted, "api.example").unwrap_err();
        assert!(
            no.contains("the grant `hosts` for `api.example` is missing"),
            "{no}"
        );
        assert!(may_know(&granted, "LANG").is_ok());
        assert!(may_know(&granted, "HOME").is_err());
    }

    #[test]
    fn paths_stay_inside() {
        for path in ["", "a", "a/b.c", "ä/…"] {
            assert!(is_plain(path), "{path}");
        }
        for path in ["/etc", "a/../b", "..", ".", "a//b", "a/", "a\\b", "a\nb"] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
