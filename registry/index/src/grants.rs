//! What a plugin asks the user for, and what the user granted: the same form, compared as sets.
//!
//! Nothing is granted that is not written here. How to add a capability: a field in [`Grants`], a line in
//! [`Grants::sentences`], an arm in [`Grants::missing_from`], and its enforcement in `host/plugin`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a plugin may reach beyond the values it is handed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// Names of environment variables it may read.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub environment: BTreeSet<String>,
    /// Hosts it may reach over HTTPS: `name` or `name:port`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub hosts: BTreeSet<String>,
    /// Programs of the host that it may start.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub programs: BTreeSet<ProgramGrant>,
    /// Files of the project it may read: relative paths in which `*` stands for anything within one name and `**` for any
    /// number of folders.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub read: BTreeSet<String>,
    /// Folders of the project it may write in, relative.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub write: BTreeSet<String>,
}

/// One program, and what it may be started with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramGrant {
    /// The arguments it begins with; more may follow only if the last of them is `*`.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Its name, as it is found on `PATH`.
    pub program: String,
}

impl Grants {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Grants::default()
    }

    /// One plain sentence for each capability, such as ``read the files `src/**` of the project``.
    pub fn sentences(&self) -> Vec<String> {
        let mut told = Vec::new();
        let mut tell = |set: &BTreeSet<String>, words: fn(&str) -> String| {
            told.extend(set.iter().map(|value| words(value)));
        };
        tell(&self.read, |path| {
            format!("read the files `{path}` of the project")
        });
        tell(&self.write, |path| {
            format!("write in the folder `{path}` of the project")
        });
        tell(&self.hosts, |host| {
            format!("send and receive over HTTPS with `{host}`")
        });
        tell(&self.environment, |name| {
            format!("read the environment variable `{name}`")
        });
        told.extend(self.programs.iter().map(|grant| {
            let command = [std::slice::from_ref(&grant.program), &grant.arguments].concat();
            format!("run `{}` on this machine", command.join(" "))
        }));
        told
    }

    /// What is asked for here and not part of `granted`. Compared by text: a wider pattern does not cover a narrower one,
    /// so that what the user reads is what is compared.
    pub fn missing_from(&self, granted: &Grants) -> Grants {
        fn without<T: Ord + Clone>(asked: &BTreeSet<T>, granted: &BTreeSet<T>) -> BTreeSet<T> {
            asked.difference(granted).cloned().collect()
        }
        Grants {
            environment: without(&self.environment, &granted.environment),
            hosts: without(&self.hosts, &granted.hosts),
            programs: without(&self.programs, &granted.programs),
            read: without(&self.read, &granted.read),
            write: without(&self.write, &granted.write),
        }
    }

    /// Why these cannot be asked for: the first value that makes no sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        let paths = self.read.iter().chain(&self.write);
        if let Some(path) = paths.clone().find(|path| !is_inside(path)) {
            return Err(format!(
                "`{path}` is not a relative path inside the project"
            ));
        }
        if let Some(path) = self.write.iter().find(|path| path.contains('*')) {
            return Err(format!("`{path}` is a pattern, not a folder to write in"));
        }
        if let Some(host) = self.hosts.iter().find(|host| !is_host(host)) {
            return Err(format!("`{host}` is not `host` or `host:port`"));
        }
        if let Some(name) = self.environment.iter().find(|name| !is_variable(name)) {
            return Err(format!(
                "`{name}` is not the name of an environment variable"
            ));
        }
        if let Some(grant) = self.programs.iter().find(|grant| !grant.is_plain()) {
            return Err(format!("`{}` is not a program's name", grant.program));
        }
        let asked = paths.count() + self.hosts.len() + self.environment.len() + self.programs.len();
        if asked > ASKED_MAX {
            return Err(format!(
                "it asks for {asked} things; nobody reads more than {ASKED_MAX}"
            ));
        }
        Ok(())
    }
}

/// The user reads every one of them.
const ASKED_MAX: usize = 64;
/// Longer values are not meant to be read.
const VALUE_BYTES_MAX: usize = 255;

impl ProgramGrant {
    fn is_plain(&self) -> bool {
        let name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
        let argument =
            |text: &String| text.len() <= VALUE_BYTES_MAX && !text.chars().any(char::is_control);
        (1..=VALUE_BYTES_MAX).contains(&self.program.len())
            && !matches!(self.program.as_str(), "." | "..")
            && self.program.bytes().all(name)
            && self.arguments.len() <= ASKED_MAX
            && self.arguments.iter().all(argument)
    }
}

fn is_inside(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    path.len() <= VALUE_BYTES_MAX
        && !path.chars().any(|char| char.is_control() || char == '\\')
        && (path == "." || path.split('/').all(plain))
}

fn is_host(host: &str) -> bool {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "443"));
    (1..=VALUE_BYTES_MAX).contains(&name.len())
        && port.parse::<u16>().is_ok_and(|port| port > 0)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

fn is_variable(name: &str) -> bool {
    (1..=VALUE_BYTES_MAX).contains(&name.len())
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(values: &[&str]) -> BTreeSet<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    fn asked() -> Grants {
        Grants {
            environment: set(&["HOME"]),
            hosts: set(&["api.example:8443", "example"]),
            programs: [ProgramGrant {
                arguments: vec!["log".to_owned(), "*".to_owned()],
                program: "git".to_owned(),
            }]
            .into(),
            read: set(&["**/*.c", "."]),
            write: set(&["out"]),
        }
    }

    #[test]
    fn what_is_asked_for_is_told_in_plain_words() {
        let told = asked().sentences();
        assert_eq!(told.len(), 7);
        assert!(told.contains(&"run `git log *` on this machine".to_owned()));
        assert!(told.contains(&"write in the folder `out` of the project".to_owned()));
        assert_eq!(Grants::default().sentences(), Vec::<String>::new());
    }

    #[test]
    fn more_than_was_granted_is_what_is_missing() {
        let mut granted = asked();
        assert!(asked().missing_from(&granted).is_empty());
        granted.hosts = set(&["example"]);
        let missing = asked().missing_from(&granted);
        assert_eq!(missing.sentences().len(), 1);
        assert_eq!(missing.hosts, set(&["api.example:8443"]));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(asked().check(), Ok(()));
        type Spoil = fn(&mut Grants);
        let cases: [Spoil; 9] = [
            |g| g.read = set(&["../x"]),
            |g| g.read = set(&["/etc"]),
            |g| g.read = set(&[""]),
            |g| g.write = set(&["out/*"]),
            |g| g.hosts = set(&["a b"]),
            |g| g.hosts = set(&["example:0"]),
            |g| g.environment = set(&["A=B"]),
            |g| {
                g.programs = [ProgramGrant {
                    arguments: Vec::new(),
                    program: "/bin/sh".to_owned(),
                }]
                .into();
            },
            |g| g.read = (0..100).map(|n| n.to_string()).collect(),
        ];
        for spoil in cases {
            let mut grants = asked();
            spoil(&mut grants);
            assert!(grants.check().is_err(), "{grants:?}");
        }
    }
}
