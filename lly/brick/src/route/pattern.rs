//! How a route meets a request's path.
//!
//! Rule: text is compared as it means (percent-decoded), what a variable takes stays as it came.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{RouteProblem, shown};

/// Longest pattern.
const PATTERN_BYTES_MAX: usize = 2048;
/// Most parts of a pattern.
const PARTS_MAX: usize = 64;
/// Longest name of a variable.
const NAME_BYTES_MAX: usize = 64;

/// A path with variables, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    One(String),
    Rest(String),
}

/// The path of a request, taken apart at its slashes.
#[derive(Debug)]
pub struct RequestPath<'a> {
    /// Percent-encoded.
    whole: &'a str,
    parts: Vec<RequestPart<'a>>,
}

#[derive(Debug)]
struct RequestPart<'a> {
    /// Where it begins in the whole.
    at: usize,
    raw: &'a str,
    /// None if it does not mean any text.
    decoded: Option<Cow<'a, str>>,
}

/// What the variables of a pattern stand for in one request, percent-encoded as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captures<'a> {
    pub(super) found: Vec<(&'a str, &'a str)>,
}

impl Captures<'_> {
    /// What a variable stands for.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.found.iter().find(|(other, _)| *other == name);
        found.map(|(_, text)| *text)
    }
}

impl Pattern {
    /// Takes a pattern apart.
    pub fn parse(text: &str) -> Result<Self, RouteProblem> {
        let refuse = |why: &str| RouteProblem::new(format!("the pattern {} {why}", shown(text)));
        if text.len() > PATTERN_BYTES_MAX {
            return Err(refuse(&format!("has more than {PATTERN_BYTES_MAX} bytes")));
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(refuse("does not begin with `/`"));
        };
        let texts: Vec<&str> = rest.split('/').collect();
        if texts.len() > PARTS_MAX {
            return Err(refuse(&format!("has more than {PARTS_MAX} parts")));
        }
        let mut names = BTreeSet::new();
        let mut parts = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let is_last = index + 1 == texts.len();
            let part = if let Some(name) = text.strip_prefix(':') {
                Part::One(name.to_owned())
            } else if let Some(name) = text.strip_prefix('*') {
                if !is_last {
                    return Err(refuse("has a `*` before its end"));
                }
                Part::Rest(name.to_owned())
            } else {
                if text.is_empty() && !is_last {
                    return Err(refuse("has an empty part"));
                }
                if matches!(*text, "." | "..") {
                    return Err(refuse("contains `.` or `..`"));
                }
                let odd = |letter: char| letter.is_control() || "*?#\\".contains(letter);
                if text.contains(odd) {
                    return Err(refuse("has a character in its text that may not be there"));
                }
                Part::Text((*text).to_owned())
            };
            if let Part::One(name) | Part::Rest(name) = &part {
                if !is_name(name) {
                    return Err(refuse(
                        "has a variable whose name is not letters, digits and `_`",
                    ));
                }
                if !names.insert(name.clone()) {
                    return Err(refuse(&format!("has the variable `{name}` twice")));
                }
            }
            parts.push(part);
        }
        Ok(Self { parts })
    }

    /// The one path that it matches, decoded, if it has no variable.
    pub fn text(&self) -> Option<String> {
        let texts: Option<Vec<&str>> = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::One(_) | Part::Rest(_) => None,
            })
            .collect();
        texts.map(|texts| format!("/{}", texts.join("/")))
    }

    /// Whether it has a variable of this name.
    pub fn binds(&self, variable: &str) -> bool {
        self.parts.iter().any(|part| match part {
            Part::One(name) | Part::Rest(name) => name == variable,
            Part::Text(_) => false,
        })
    }

    /// What its variables stand for, if it matches. `:name` takes one part that is not empty; `*name` takes what is left,
    /// also nothing.
    pub fn matches<'a>(&'a self, path: &RequestPath<'a>) -> Option<Captures<'a>> {
        let mut found = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let asked = path.parts.get(index);
            match part {
                Part::Rest(name) => {
                    let rest = asked.map_or("", |asked| &path.whole[asked.at..]);
                    found.push((name.as_str(), rest));
                    return Some(Captures { found });
                }
                Part::One(name) => {
                    let asked = asked.filter(|asked| !asked.raw.is_empty())?;
                    found.push((name.as_str(), asked.raw));
                }
                Part::Text(text) => {
                    asked.filter(|asked| asked.decoded.as_deref() == Some(text))?;
                }
            }
        }
        (path.parts.len() == self.parts.len()).then_some(Captures { found })
    }
}

impl<'a> RequestPath<'a> {
    /// Takes a path apart; none if it does not begin with `/`.
    pub fn new(whole: &'a str) -> Option<Self> {
        let rest = whole.strip_prefix('/')?;
        let mut at = 1;
        let parts = rest.split('/').map(|raw| {
            let part = RequestPart {
                at,
                raw,
                decoded: percent_decode(raw),
            };
            at += raw.len() + 1;
            part
        });
        let parts = parts.collect();
        Some(Self { whole, parts })
    }

    /// The path as it means, if every part means text without a slash.
    pub fn text(&self) -> Option<String> {
        let mut text = String::with_capacity(self.whole.len());
        for part in &self.parts {
            let decoded = part.decoded.as_deref().filter(|one| !one.contains('/'))?;
            text.push('/');
            text.push_str(decoded);
        }
        Some(text)
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What a percent-encoded text means; none if it is encoded wrongly or no UTF-8.
pub fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}
