//! `_redirects`: a line each, `FROM TO [STATUS]`, tried in their order.
//!
//! `FROM` may have `:name` for one part and `*` at its end; `TO` uses them as `:name` and `:splat`. The status is 301 if it
//! is not said; 200 serves the file `TO` in place of a redirection. With `!` behind the status it goes before a file of that
//! path.

use crate::{Wrong, pattern};

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirects {
    /// In their order.
    pub rules: Vec<Redirect>,
    /// Lines that cannot be followed.
    pub wrong: Vec<Wrong>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Counted from 1.
    pub line: u32,
    /// As a route's.
    pub pattern: String,
    /// Where to.
    pub to: To,
    /// Whether it goes before a file.
    pub goes_first: bool,
}

/// Where a line leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// A file, by its path.
    File(String),
    /// Another place: status, and where, as a route's.
    Place(u16, String),
}

impl Redirects {
    /// Reads the file.
    pub fn parse(text: &str) -> Redirects {
        let mut found = Redirects::default();
        for (index, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.is_empty() || words[0].starts_with('#') {
                continue;
            }
            match rule(&words) {
                Ok((pattern, to, goes_first)) => found.rules.push(Redirect {
                    line: Wrong::new(index, "").line,
                    pattern,
                    to,
                    goes_first,
                }),
                Err(why) => found.wrong.push(Wrong::new(index, why)),
            }
        }
        found
    }
}

fn rule(words: &[&str]) -> Result<(String, To, bool), String> {
    let (from, to, status) = match words {
        [from, to] => (from, to, "301"),
        [from, to, status] => (from, to, *status),
        [_] => return Err("it does not say where to".to_owned()),
        _ => return Err("it has more than FROM, TO and a status".to_owned()),
    };
    let (status, goes_first) = match status.strip_suffix('!') {
        Some(status) => (status, true),
        None => (status, false),
    };
    let pattern = pattern(from)?;
    let to = match status {
        "200" if to.starts_with('/') && !to.contains(['?', '#', ':']) => To::File((*to).to_owned()),
        "200" => return Err(format!("`{to}` is not the path of a file")),
        "301" | "302" | "307" | "308" => {
            To::Place(status.parse().unwrap_or(301), place(to, &pattern)?)
        }
        other => return Err(format!("`{other}` is none of 200, 301, 302, 307 and 308")),
    };
    Ok((pattern, to, goes_first))
}

/// `:name` and `:splat` as `$name` and `$splat`, where the pattern has them.
fn place(to: &str, pattern: &str) -> Result<String, String> {
    let schemes = ["http://", "https://"];
    let scheme = schemes.iter().find(|scheme| to.starts_with(*scheme));
    let begin = scheme.map_or("", |scheme| scheme);
    let rest = &to[begin.len()..];
    let (host, path) = match (begin, rest.find('/')) {
        ("", _) if !to.starts_with('/') || to.starts_with("//") => {
            return Err(format!("`{to}` is neither a path nor a URL"));
        }
        ("", _) => ("", rest),
        (_, Some(at)) => rest.split_at(at),
        (_, None) => (rest, ""),
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    if (!begin.is_empty() && host.is_empty())
        || host.contains(['@', '$', '?', '#'])
        || !to.bytes().all(plain)
    {
        return Err(format!("`{to}` is neither a path nor a URL"));
    }
    let names: Vec<&str> = pattern
        .split('/')
        .filter_map(|part| part.strip_prefix([':', '*']))
        .collect();
    let mut place = format!("{begin}{host}");
    let mut rest = path;
    while let Some(at) = rest.find([':', '$']) {
        let (before, after) = rest.split_at(at);
        place.push_str(before);
        let (mark, after) = after.split_at(1);
        let end = after
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .unwrap_or(after.len());
        let (name, behind) = after.split_at(end);
        rest = match mark {
            ":" if names.contains(&name) => {
                place.push_str(&format!("${name}"));
                behind
            }
            ":" if name == "splat" => {
                return Err("`:splat` needs a `*` in what it leads from".to_owned());
            }
            ":" => {
                place.push(':');
                after
            }
            _ => {
                place.push_str("$$");
                after
            }
        };
    }
    place.push_str(rest);
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<(String, To, bool), String> {
        let found = Redirects::parse(line);
        match (found.rules.first(), found.wrong.first()) {
            (Some(rule), None) => Ok((rule.pattern.clone(), rule.to.clone(), rule.goes_first)),
            (None, Some(wrong)) => Err(wrong.why.clone()),
            _ => panic!("one line, one answer"),
        }
    }

    #[test]
    fn lines_become_rules() {
        let place = |status: u16, to: &str| To::Place(status, to.to_owned());
        for (line, pattern, to, goes_first) in [
            ("/old /new", "/old", place(301, "/new"), false),
            ("/old /new 302!", "/old", place(302, "/new"), true),
            (
                "/blog/*  /news/:splat 308",
                "/blog/*splat",
                place(308, "/news/$splat"),
                false,
            ),
            (
                "/u/:id/x /p?id=:id",
                "/u/:id/x",
                place(301, "/p?id=$id"),
                false,
            ),
            (
                "/a https://x.test:8443/b$ 307",
                "/a",
                place(307, "https://x.test:8443/b$$"),
                false,
            ),
            ("/a /b:c", "/a", place(301, "/b:c"), false),
            (
                "/* /index.html 200",
                "/*splat",
                To::File("/index.html".to_owned()),
                false,
            ),
        ] {
            assert_eq!(
                one(line),
                Ok((pattern.to_owned(), to, goes_first)),
                "{line}"
            );
        }
        let file = Redirects::parse("# a comment\n\n/a /b\n");
        assert_eq!((file.rules.len(), file.rules[0].line), (1, 3));
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        for (line, says) in [
            ("/a", "where to"),
            ("/a /b 301 Country=de", "more than"),
            ("a /b", "does not begin with `/`"),
            ("/a/*/b /c", "not a path that can be matched"),
            ("/a* /c", "not a part of its own"),
            ("/:a/:a /c", "not a path that can be matched"),
            ("/../a /c", "not a path that can be matched"),
            ("/a /b 404", "none of 200"),
            ("/a //evil.test", "neither a path nor a URL"),
            ("/a javascript:x", "neither a path nor a URL"),
            ("/:a https://$a/", "neither a path nor a URL"),
            ("/a https://x@evil.test/", "neither a path nor a URL"),
            ("/a /ä", "neither a path nor a URL"),
            ("/a /:splat", "needs a `*`"),
            ("/a b 200", "not the path of a file"),
        ] {
            let why = one(line).expect_err(line);
            assert!(why.contains(says), "{line}: {why}");
        }
    }
}
