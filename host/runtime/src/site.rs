//! What answers a request: a file, another place, the program, or nobody. One decision for `lly run` and for a CAP.
//!
//! Rule: routes are tried in their order, and the first that matches answers; but a pattern with variables leaves to a file
//! what is a file's own path. What no route takes is for the files, and then for the program, if there are no routes at all.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use lly_brick::{Asset as NamedAsset, Captures, Digest, Pattern, RequestPath, Route, RouteTarget};

use crate::assets::{Asset, AssetIndex, AssetLookup, redirect_to};

/// The page for what is not there, if a site has it.
const NOT_FOUND_PAGE: &str = "404.html";

/// The files and routes of one bundle.
#[derive(Debug, Default)]
pub struct Site {
    assets: AssetIndex,
    routes: Vec<Way>,
    /// Routes without variables, by the one path that they match.
    plain: BTreeMap<String, Vec<usize>>,
    /// Routes with variables.
    open: Vec<usize>,
    has_program: bool,
}

/// A route, ready to be tried.
#[derive(Debug)]
struct Way {
    methods: Vec<String>,
    pattern: Pattern,
    headers: Vec<(HeaderName, HeaderValue)>,
    target: RouteTarget,
}

/// What answers a request.
#[derive(Debug)]
pub enum Answer<'a> {
    /// A file: the head, and which bytes of the blob follow (offset and count).
    File {
        /// All but the body.
        head: Response<()>,
        /// Names the blob.
        digest: Digest,
        /// Its part that is the body.
        bytes: Option<(u64, u64)>,
    },
    /// These few words.
    Words(Response<&'static str>),
    /// The program; its answer is to be dressed.
    Program(Dress<'a>),
}

/// Headers that a route gives to answers.
#[derive(Debug, Clone, Copy)]
pub struct Dress<'a> {
    headers: &'a [(HeaderName, HeaderValue)],
}

impl Dress<'_> {
    /// Sets them; what was there by the same names goes.
    pub fn put_on(&self, headers: &mut HeaderMap) {
        for (name, _) in self.headers {
            headers.remove(name);
        }
        for (name, value) in self.headers {
            headers.append(name, value.clone());
        }
    }
}

const UNDRESSED: Dress<'static> = Dress { headers: &[] };

impl Site {
    /// The files and routes of a checked manifest, and whether there is a program.
    pub fn new(assets: &[NamedAsset], routes: &[Route], has_program: bool) -> Self {
        let mut site = Self {
            assets: AssetIndex::new(assets),
            has_program,
            ..Self::default()
        };
        for route in routes {
            // A manifest that was read has no route that fails here.
            let Ok(pattern) = route.check() else { continue };
            let header = |one: &lly_brick::RouteHeader| {
                let name = HeaderName::try_from(one.name.as_str()).ok()?;
                Some((name, HeaderValue::try_from(one.value.as_str()).ok()?))
            };
            let index = site.routes.len();
            match pattern.text() {
                Some(text) => site.plain.entry(text).or_default().push(index),
                None => site.open.push(index),
            }
            site.routes.push(Way {
                methods: route.methods.clone(),
                pattern,
                headers: route.headers.iter().filter_map(header).collect(),
                target: route.target.clone(),
            });
        }
        site
    }

    /// What answers a request with this head.
    pub fn answer<'a>(&'a self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Answer<'a> {
        let found = self.assets.lookup(uri.path());
        let is_read = [Method::GET, Method::HEAD].contains(method);
        let mut allowed = Vec::new();
        if let Some(path) = RequestPath::new(uri.path()) {
            let is_file = !matches!(found, AssetLookup::Missing);
            for index in self.candidates(&path, is_file && is_read) {
                let way = &self.routes[index];
                let Some(captures) = way.pattern.matches(&path) else {
                    continue;
                };
                if way.takes(method) {
                    return self.by(way, &captures, method, uri, headers);
                }
                allowed.extend(way.methods.iter().map(String::as_str));
            }
        }
        match found {
            AssetLookup::Found(asset) if is_read => file(asset, method, headers, UNDRESSED),
            AssetLookup::Redirect(to) if is_read => {
                Answer::Words(redirect_to(&to, uri.query()).map(|()| ""))
            }
            _ if self.routes.is_empty() && self.has_program => Answer::Program(UNDRESSED),
            AssetLookup::Found(_) | AssetLookup::Redirect(_) => {
                allowed.extend(["GET", "HEAD"]);
                not_allowed(allowed)
            }
            AssetLookup::Missing if !allowed.is_empty() => not_allowed(allowed),
            AssetLookup::Missing => self.not_found(method),
        }
    }

    /// The routes that may match a path, in their order.
    fn candidates(&self, path: &RequestPath<'_>, is_file: bool) -> Vec<usize> {
        let plain = path.text().and_then(|text| self.plain.get(&text));
        let mut found = plain.cloned().unwrap_or_default();
        if !is_file {
            found.extend(&self.open);
            found.sort_unstable();
        }
        found
    }

    fn by<'a>(
        &'a self,
        way: &'a Way,
        captures: &Captures<'_>,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Answer<'a> {
        let dress = Dress {
            headers: &way.headers,
        };
        match &way.target {
            RouteTarget::Asset(path) => match self.assets.get(path) {
                Some(asset) => file(asset, method, headers, dress),
                None => self.not_found(method),
            },
            RouteTarget::Program(_) => Answer::Program(dress),
            RouteTarget::Redirect(redirect) => {
                let mut response = Response::new("");
                let status = StatusCode::from_u16(redirect.status);
                *response.status_mut() = status.unwrap_or(StatusCode::FOUND);
                let location = redirect.location(captures, uri.query());
                if let Ok(location) = HeaderValue::try_from(location) {
                    response.headers_mut().insert(header::LOCATION, location);
                }
                dress.put_on(response.headers_mut());
                Answer::Words(response)
            }
        }
    }

    fn not_found(&self, method: &Method) -> Answer<'_> {
        match self.assets.get(NOT_FOUND_PAGE) {
            Some(asset) => {
                // A page in place of another has no parts and no versions of its own.
                let (mut head, bytes) = asset.answer(&whole(method), &HeaderMap::new());
                *head.status_mut() = StatusCode::NOT_FOUND;
                for name in [header::ETAG, header::ACCEPT_RANGES, header::CACHE_CONTROL] {
                    head.headers_mut().remove(name);
                }
                Answer::File {
                    head,
                    digest: asset.digest,
                    bytes,
                }
            }
            None => Answer::Words(said(StatusCode::NOT_FOUND, "There is no such page.\n")),
        }
    }
}

impl Way {
    fn takes(&self, method: &Method) -> bool {
        let named = |name: &str| self.methods.iter().any(|one| one == name);
        self.methods.is_empty()
            || named(method.as_str())
            || (*method == Method::HEAD && named("GET"))
    }
}

fn file<'a>(asset: &Asset, method: &Method, headers: &HeaderMap, dress: Dress<'_>) -> Answer<'a> {
    let (mut head, bytes) = asset.answer(&whole(method), headers);
    dress.put_on(head.headers_mut());
    Answer::File {
        head,
        digest: asset.digest,
        bytes,
    }
}

/// A route may lead a POST to a file: it is answered as a GET would be.
fn whole(method: &Method) -> Method {
    match *method {
        Method::HEAD => Method::HEAD,
        _ => Method::GET,
    }
}

fn not_allowed(mut allowed: Vec<&str>) -> Answer<'static> {
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.sort_unstable();
    allowed.dedup();
    let sentence = "This page does not take requests of this kind.\n";
    let mut response = said(StatusCode::METHOD_NOT_ALLOWED, sentence);
    if let Ok(allow) = HeaderValue::try_from(allowed.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    Answer::Words(response)
}

fn said(status: StatusCode, text: &'static str) -> Response<&'static str> {
    let mut response = Response::new(text);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
