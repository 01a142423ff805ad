//! URLs of files by the URL Standard: letters of drives and empty segments, with which the crate `url` goes its own way.
//!
//! Only hosts and segments are told apart here. What follows a host is then written by the crate, as that of an http URL is.

use std::borrow::Cow;

use url::{Host, Position, Url, quirks};

const DROPPED: [char; 3] = ['\t', '\n', '\r'];
/// Stands for the host where the crate writes what follows one.
const ANY_HOST: &str = "http://h";

/// A URL whose scheme is `file`.
pub(super) struct FileUrl {
    pub(super) host: String,
    /// Path, query and fragment, behind a host that means nothing.
    pub(super) rest: Url,
}

/// What a URL text begins with, without what the parser drops anywhere.
pub(super) fn cleaned(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(|letter| letter <= ' ');
    if text.contains(DROPPED) {
        Cow::Owned(text.replace(DROPPED, ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// The scheme, if the text has one, and what follows its colon.
pub(super) fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    is_scheme.then_some((scheme, rest))
}

fn is_slash(letter: char) -> bool {
    matches!(letter, '/' | '\\')
}

fn is_drive(text: &str) -> bool {
    let [letter, colon] = text.as_bytes() else {
        return false;
    };
    letter.is_ascii_alphabetic() && matches!(colon, b':' | b'|')
}

/// Whether a text begins with the letter of a drive as its first segment.
fn has_drive(text: &str) -> bool {
    let end = text.find(['/', '\\', '?', '#']).unwrap_or(text.len());
    is_drive(&text[..end])
}

impl FileUrl {
    /// What the setter of `protocol` makes of another URL; none: it does nothing.
    pub(super) fn of(url: &Url) -> Option<Self> {
        let has_more =
            url.port().is_some() || !url.username().is_empty() || url.password().is_some();
        if has_more || !matches!(url.scheme(), "http" | "https" | "ws" | "wss" | "ftp") {
            return None;
        }
        let rest = format!("{ANY_HOST}{}", &url[Position::BeforePath..]);
        Some(Self {
            host: quirks::hostname(url).to_owned(),
            rest: Url::parse(&rest).ok()?,
        })
    }

    /// From what follows the scheme, or a text without one; both `cleaned`. None: failure.
    pub(super) fn parse(text: &str, base: Option<&FileUrl>) -> Option<Self> {
        let Some(one) = text.strip_prefix(is_slash) else {
            return Self::relative(text, base);
        };
        let Some(two) = one.strip_prefix(is_slash) else {
            let host = base.map_or(String::new(), |base| base.host.clone());
            let drive = base.and_then(|base| base.segments().into_iter().next());
            let drive = drive.filter(|first| is_drive(first) && !has_drive(one));
            return Self::written(host, Vec::from_iter(drive), one);
        };
        let end = two.find(['/', '\\', '?', '#']).unwrap_or(two.len());
        let (host, rest) = two.split_at(end);
        if is_drive(host) {
            return Self::written(String::new(), Vec::new(), two);
        }
        let host = match host {
            "" => String::new(),
            host => Host::parse(host).ok()?.to_string(),
        };
        let host = if host == "localhost" {
            String::new()
        } else {
            host
        };
        let rest = rest.strip_prefix(is_slash).unwrap_or(rest);
        Self::written(host, Vec::new(), rest)
    }

    /// A text that does not begin with a slash.
    fn relative(text: &str, base: Option<&FileUrl>) -> Option<Self> {
        let Some(base) = base else {
            return Self::written(String::new(), Vec::new(), text);
        };
        let mut segments = base.segments();
        let kept = match text.chars().next() {
            None | Some('#') => Some(Position::AfterQuery),
            Some('?') => Some(Position::AfterPath),
            Some(_) => None,
        };
        if let Some(kept) = kept {
            let rest = format!("{ANY_HOST}{}{text}", &base.rest[Position::BeforePath..kept]);
            let rest = Url::parse(&rest).ok()?;
            let host = base.host.clone();
            return Some(Self { host, rest });
        }
        if has_drive(text) {
            segments.clear();
        } else {
            shorten(&mut segments);
        }
        Self::written(base.host.clone(), segments, text)
    }

    /// The path state: `text` follows the segments.
    fn written(host: String, mut segments: Vec<String>, text: &str) -> Option<Self> {
        let end = text.find(['?', '#']).unwrap_or(text.len());
        let (path, after) = text.split_at(end);
        let mut parts = path.split(is_slash).peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            let dots = part.to_ascii_lowercase().replace("%2e", ".");
            match dots.as_str() {
                ".." => shorten(&mut segments),
                "." => {}
                _ if segments.is_empty() && is_drive(part) => {
                    segments.push(format!("{}:", &part[..1]));
                    continue;
                }
                _ => {
                    segments.push(part.to_owned());
                    continue;
                }
            }
            if is_last {
                segments.push(String::new());
            }
        }
        let rest = format!("{ANY_HOST}/{}{after}", segments.join("/"));
        let rest = Url::parse(&rest).ok()?;
        Some(Self { host, rest })
    }

    fn segments(&self) -> Vec<String> {
        let path = self.rest.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        path.split('/').map(str::to_owned).collect()
    }

    pub(super) fn href(&self) -> String {
        format!("file://{}{}", self.host, &self.rest[Position::BeforePath..])
    }

    /// The setter of `host` and of `hostname`.
    pub(super) fn set_host(&mut self, set: fn(&mut Url, &str) -> Result<(), ()>, value: &str) {
        let value = value.replace(DROPPED, "");
        let host = value
            .split(['/', '\\', '?', '#'])
            .next()
            .unwrap_or_default();
        if let Ok(mut url) = Url::parse(&format!("file://{}/", self.host))
            && set(&mut url, host).is_ok()
        {
            self.host = quirks::hostname(&url).to_owned();
        }
    }

    pub(super) fn set_pathname(&mut self, value: &str) {
        let after = &self.rest[Position::AfterPath..];
        let value = value.strip_prefix(is_slash).unwrap_or(value);
        let text = format!("{}{after}", path_text(value));
        if let Some(url) = Self::written(self.host.clone(), Vec::new(), &text) {
            self.rest = url.rest;
        }
    }

    /// The setter of `protocol`: the URL with another special scheme, or none.
    pub(super) fn with_protocol(&self, value: &str) -> Option<Url> {
        let scheme = value.split(':').next().unwrap_or_default();
        let scheme = cleaned(scheme).to_ascii_lowercase();
        let is_special = matches!(scheme.as_str(), "http" | "https" | "ws" | "wss" | "ftp");
        if self.host.is_empty() || !is_special {
            return None;
        }
        let rest = &self.rest[Position::BeforePath..];
        Url::parse(&format!("{scheme}://{}{rest}", self.host)).ok()
    }
}

/// A path that a setter was given, written so that the parser reads all of it as a path.
pub(super) fn path_text(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\t' | '\n' | '\r' => {}
            '?' | '#' | '\0'..=' ' => text.push_str(&format!("%{:02X}", u32::from(letter))),
            _ => text.push(letter),
        }
    }
    text
}

/// Takes the last segment away, unless it is the only one and the letter of a drive.
fn shorten(segments: &mut Vec<String>) {
    if segments.len() == 1 && is_drive(&segments[0]) && segments[0].ends_with(':') {
        return;
    }
    segments.pop();
}
