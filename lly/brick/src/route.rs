//! What leads a request to an asset, a program or elsewhere: the form of a route, and whether it may be one.
//!
//! Rule: a route that passes [`Route::check`] cannot smuggle anything into an answer: its headers are single lines that
//! frame nothing, and its redirects lead to the host that they name. [`Pattern`] is how it meets a request.

mod pattern;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use pattern::{Captures, Pattern, RequestPath, percent_decode};

use crate::name::{check_path, check_program_name};

/// Most methods of one route; there are nine that people use.
const METHODS_MAX: usize = 16;
/// Longest name of a method.
const METHOD_BYTES_MAX: usize = 32;
/// Most headers of one route.
const HEADERS_MAX: usize = 64;
/// Longest name of a header.
const HEADER_NAME_BYTES_MAX: usize = 128;
/// Longest value of a header; a content security policy has some hundred bytes.
const HEADER_VALUE_BYTES_MAX: usize = 4096;
/// Of all headers of one route together: what clients take.
const HEADERS_BYTES_MAX: usize = 16 << 10;
/// Longest place that a redirect leads to.
const REDIRECT_BYTES_MAX: usize = 2048;
/// What a redirect may answer.
const REDIRECT_STATUSES: [u16; 4] = [301, 302, 307, 308];
/// Headers that say how an answer travels, and those that LILY itself says.
const HEADERS_RESERVED: [&str; 11] = [
    "connection",
    "content-length",
    "content-range",
    "keep-alive",
    "location",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-lily-request-id",
];

/// The first route that matches a request answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Upper case; empty means every method. `GET` takes `HEAD` along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// A path whose parts are text, `:name` for one part or, at the end, `*name` for all that is left.
    pub pattern: String,
    /// Headers that every answer gets; they replace those of the same name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<RouteHeader>,
    /// Where it leads.
    pub target: RouteTarget,
}

/// A header that answers get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteHeader {
    /// Lower case.
    pub name: String,
    /// One line of visible ASCII.
    pub value: String,
}

/// What answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum RouteTarget {
    /// An asset, by its path relative to `assets/`.
    Asset(String),
    /// A program, by the name of its brick.
    Program(String),
    /// Another place.
    Redirect(Redirect),
}

/// A way to another place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// 301, 302, 307 or 308.
    pub status: u16,
    /// A path, or a URL of `http` or `https`. `$name` stands for a part of the pattern, `$$` for a dollar.
    pub to: String,
}

/// What is wrong with a route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct RouteProblem {
    what: String,
}

impl RouteProblem {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

impl Route {
    /// Whether it may be one; whether its target exists is the caller's to know.
    pub fn check(&self) -> Result<Pattern, RouteProblem> {
        let pattern = Pattern::parse(&self.pattern)?;
        self.check_methods()?;
        self.check_headers()?;
        match &self.target {
            RouteTarget::Asset(path) => check_path(path).map_err(|problem| {
                RouteProblem::new(format!("the asset {}: {problem}", shown(path)))
            })?,
            RouteTarget::Program(name) if check_program_name(name) => {}
            RouteTarget::Program(name) => {
                return Err(RouteProblem::new(format!(
                    "{} is not a program's name",
                    shown(name)
                )));
            }
            RouteTarget::Redirect(redirect) => redirect.check(&pattern)?,
        }
        Ok(pattern)
    }

    fn check_methods(&self) -> Result<(), RouteProblem> {
        if self.methods.len() > METHODS_MAX {
            return Err(RouteProblem::new(format!(
                "it has more than {METHODS_MAX} methods"
            )));
        }
        let mut seen = BTreeSet::new();
        for method in &self.methods {
            let holds = (1..=METHOD_BYTES_MAX).contains(&method.len())
                && method
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'-');
            if !holds {
                let what = format!("{} is not a method, in upper case", shown(method));
                return Err(RouteProblem::new(what));
            }
            if !seen.insert(method) {
                return Err(RouteProblem::new(format!("it has `{method}` twice")));
            }
        }
        Ok(())
    }

    fn check_headers(&self) -> Result<(), RouteProblem> {
        let bytes: usize = self
            .headers
            .iter()
            .map(|header| header.name.len() + header.value.len())
            .sum();
        if self.headers.len() > HEADERS_MAX || bytes > HEADERS_BYTES_MAX {
            return Err(RouteProblem::new(format!(
                "it has more than {HEADERS_MAX} headers or {HEADERS_BYTES_MAX} bytes of them"
            )));
        }
        for RouteHeader { name, value } in &self.headers {
            if !is_header_name(name) {
                let what = format!("{} is not a header's name, in lower case", shown(name));
                return Err(RouteProblem::new(what));
            }
            if HEADERS_RESERVED.contains(&name.as_str()) {
                let what = format!("the header `{name}` is not a route's to set");
                return Err(RouteProblem::new(what));
            }
            if !is_header_value(value) {
                let what = format!("the header `{name}` is not one line of visible ASCII");
                return Err(RouteProblem::new(what));
            }
        }
        Ok(())
    }
}

impl Redirect {
    fn check(&self, pattern: &Pattern) -> Result<(), RouteProblem> {
        let Self { status, to } = self;
        if !REDIRECT_STATUSES.contains(status) {
            let what = format!("a redirect answers 301, 302, 307 or 308, not {status}");
            return Err(RouteProblem::new(what));
        }
        let refuse = |why: &str| RouteProblem::new(format!("the redirect to {} {why}", shown(to)));
        if to.len() > REDIRECT_BYTES_MAX {
            return Err(refuse(&format!("has more than {REDIRECT_BYTES_MAX} bytes")));
        }
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
        if !to.bytes().all(plain) {
            return Err(refuse("has characters that a URL has not"));
        }
        if !leads_where_it_says(to) {
            return Err(refuse(
                "is neither a path nor an http URL whose host is written out",
            ));
        }
        for piece in pieces(to) {
            match piece {
                Piece::Variable(name) if !pattern.binds(name) => {
                    return Err(refuse(&format!(
                        "names `${name}`, which its pattern has not"
                    )));
                }
                Piece::Variable(_) | Piece::Text(_) => {}
            }
        }
        Ok(())
    }

    /// The value of `Location` for a request with these parts and this query.
    pub fn location(&self, captures: &Captures<'_>, query: Option<&str>) -> String {
        let mut location = String::new();
        for piece in pieces(&self.to) {
            match piece {
                Piece::Text(text) => location.push_str(text),
                Piece::Variable(name) => {
                    escape_into(&mut location, captures.get(name).unwrap_or_default());
                }
            }
        }
        if location.starts_with('/') {
            // One leading slash only: `//evil.example` would be another host.
            location = format!("/{}", location.trim_start_matches('/'));
        }
        match query {
            Some(query) if !self.to.contains(['?', '#']) => {
                location.push('?');
                escape_into(&mut location, query);
            }
            _ => {}
        }
        location
    }
}

/// A path on the same host, or a URL with a host that no part of a request decides.
fn leads_where_it_says(to: &str) -> bool {
    if to.starts_with('/') {
        return !to.starts_with("//");
    }
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| to.strip_prefix(scheme));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    host.is_some_and(|host| !host.is_empty() && !host.contains(['$', '@']))
}

/// What a redirect's text consists of.
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

fn pieces(to: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = to;
    while let Some((before, after)) = rest.split_once('$') {
        found.push(Piece::Text(before));
        if let Some(after) = after.strip_prefix('$') {
            found.push(Piece::Text("$"));
            rest = after;
            continue;
        }
        let end = after
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        found.push(Piece::Variable(name));
        rest = after;
    }
    found.push(Piece::Text(rest));
    found
}

/// Text of a request, for the inside of a URL: it stays percent-encoded as it came, and what browsers take for a slash or
/// for the end of a line is encoded too.
fn escape_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%?".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

fn is_header_name(name: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
    };
    (1..=HEADER_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
}

/// One line of visible ASCII, not too long: what any server may say as a header's value.
pub(crate) fn is_header_value(value: &str) -> bool {
    value.len() <= HEADER_VALUE_BYTES_MAX
        && value == value.trim()
        && value
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// Somebody's text in a sentence of ours: short, and on one line.
fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 80;
    let short: String = text.chars().take(SHOWN_MAX).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", short.escape_debug())
}

#[cfg(test)]
mod tests;
