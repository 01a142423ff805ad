//! The static files of a bundle, served without entering wasm: which file a path means, and which headers it gets.
//! Everything here is decided from the manifest; reading the bytes is the caller's.

mod range;

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use lly_brick::{Asset as NamedAsset, Digest, percent_decode};

/// A name that carries a hash of its content never changes, so it may be kept for a year.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Any other file may be kept, but is asked for again each time (which costs a 304).
const REVALIDATE: &str = "public, max-age=0, must-revalidate";

/// One static file.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Names the bytes in the blob cache.
    pub digest: Digest,
    /// How many bytes there are.
    pub size: u64,
    etag: String,
    content_type: String,
    cache_control: Cow<'static, str>,
}

/// What a path means among the files of a bundle.
#[derive(Debug)]
pub enum AssetLookup<'a> {
    /// This file.
    Found(&'a Asset),
    /// A folder with an index page, asked for without its slash: the path to go to.
    Redirect(String),
    /// Nothing.
    Missing,
}

/// All files of one bundle, by path.
#[derive(Debug, Default)]
pub struct AssetIndex {
    files: BTreeMap<String, Asset>,
}

/// How a file is served, and which bytes follow.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// 200 with the whole file.
    Whole,
    /// 206 with `first..=last`.
    Part {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte, inclusive.
        last: u64,
    },
    /// 304: the client has it.
    NotModified,
    /// 416.
    Unsatisfiable,
}

impl AssetIndex {
    /// Indexes the files of a manifest.
    pub fn new(files: &[NamedAsset]) -> Self {
        let files = files
            .iter()
            .map(|file| {
                let asset = Asset {
                    digest: file.digest,
                    size: file.size,
                    etag: format!("\"{}\"", file.digest.hex()),
                    content_type: match &file.media_type {
                        Some(media_type) => media_type.clone(),
                        None => content_type(&file.path),
                    },
                    cache_control: match file.cache_seconds {
                        Some(0) => REVALIDATE.into(),
                        Some(seconds) => format!("public, max-age={seconds}").into(),
                        None if is_hashed_name(&file.path) => IMMUTABLE.into(),
                        None => REVALIDATE.into(),
                    },
                };
                (file.path.clone(), asset)
            })
            .collect();
        Self { files }
    }

    /// A file by its path relative to `assets/`.
    pub fn get(&self, path: &str) -> Option<&Asset> {
        self.files.get(path)
    }

    /// Finds what a request path (still percent-encoded) means.
    pub fn lookup(&self, path: &str) -> AssetLookup<'_> {
        if self.files.is_empty() {
            return AssetLookup::Missing;
        }
        let Some(name) = percent_decode(path.trim_start_matches('/')) else {
            return AssetLookup::Missing;
        };
        if name.is_empty() || name.ends_with('/') {
            let index = format!("{name}index.html");
            return self
                .files
                .get(&index)
                .map_or(AssetLookup::Missing, AssetLookup::Found);
        }
        if let Some(asset) = self.files.get(name.as_ref()) {
            return AssetLookup::Found(asset);
        }
        if self.files.contains_key(&format!("{name}/index.html")) {
            // One leading slash only: `//evil.example` in a Location header would be another host.
            return AssetLookup::Redirect(format!("/{}/", path.trim_start_matches('/')));
        }
        AssetLookup::Missing
    }
}

impl Asset {
    /// The head of the answer to a GET or HEAD with these headers, and which bytes are its body: offset and count.
    pub fn answer(
        &self,
        method: &Method,
        request: &HeaderMap,
    ) -> (Response<()>, Option<(u64, u64)>) {
        let plan = self.plan(method, request);
        let (status, bytes) = match plan {
            Plan::Whole => (StatusCode::OK, Some((0, self.size))),
            Plan::Part { first, last } => {
                (StatusCode::PARTIAL_CONTENT, Some((first, last - first + 1)))
            }
            Plan::NotModified => (StatusCode::NOT_MODIFIED, None),
            Plan::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, None),
        };
        let mut response = Response::new(());
        *response.status_mut() = status;
        self.describe(&plan, response.headers_mut());
        (response, bytes.filter(|_| *method == Method::GET))
    }

    fn plan(&self, method: &Method, request: &HeaderMap) -> Plan {
        let text = |name| {
            request
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        if text(header::IF_NONE_MATCH).is_some_and(|tags| matches_any(tags, &self.etag)) {
            return Plan::NotModified;
        }
        // RFC 9110: a range on anything but GET is ignored.
        let wanted = if method == Method::GET {
            text(header::RANGE)
        } else {
            None
        };
        match range::decide(wanted, text(header::IF_RANGE), &self.etag, self.size) {
            range::Range::Whole => Plan::Whole,
            range::Range::Part { first, last } => Plan::Part { first, last },
            range::Range::Unsatisfiable => Plan::Unsatisfiable,
        }
    }

    fn describe(&self, plan: &Plan, headers: &mut HeaderMap) {
        let mut set = |name, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        set(header::ETAG, self.etag.clone());
        set(
            header::CACHE_CONTROL,
            self.cache_control.clone().into_owned(),
        );
        set(header::ACCEPT_RANGES, "bytes".to_owned());
        match plan {
            Plan::NotModified => {}
            Plan::Unsatisfiable => {
                set(header::CONTENT_RANGE, format!("bytes */{}", self.size));
                set(header::CONTENT_LENGTH, "0".to_owned());
            }
            Plan::Whole => {
                set(header::CONTENT_TYPE, self.content_type.clone());
                set(header::CONTENT_LENGTH, self.size.to_string());
            }
            Plan::Part { first, last } => {
                set(header::CONTENT_TYPE, self.content_type.clone());
                set(
                    header::CONTENT_RANGE,
                    format!("bytes {first}-{last}/{}", self.size),
                );
                set(header::CONTENT_LENGTH, (last - first + 1).to_string());
            }
        }
    }
}

/// The answer that sends a client to `path`, query and all.
pub fn redirect_to(path: &str, query: Option<&str>) -> Response<()> {
    let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if let Ok(target) = HeaderValue::try_from(target) {
        response.headers_mut().insert(header::LOCATION, target);
    }
    response
}

fn content_type(path: &str) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = mime.type_() == mime_guess::mime::TEXT
        || matches!(mime.subtype().as_str(), "javascript" | "json" | "xml")
        || mime
            .suffix()
            .is_some_and(|suffix| suffix == "xml" || suffix == "json");
    if is_text && mime.get_param("charset").is_none() {
        format!("{mime}; charset=utf-8")
    } else {
        mime.to_string()
    }
}

/// Does a part of the file's name look like a hash: at least eight hex digits, letters and figures both? (Figures
/// alone could be a date.)
fn is_hashed_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split(['.', '-', '_']).any(|part| {
        part.len() >= 8
            && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            && part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}

/// `If-None-Match` compares weakly: `W/` does not matter.
fn matches_any(tags: &str, etag: &str) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> AssetIndex {
        let file = |path: &str| NamedAsset {
            path: path.to_owned(),
            digest: Digest::of(path.as_bytes()),
            size: 10,
            media_type: None,
            cache_seconds: None,
        };
        AssetIndex::new(
            &[
                "index.html",
                "docs/index.html",
                "a b.txt",
                "app.3f9c2b1d.js",
                "404.html",
            ]
            .map(file),
        )
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")))
            .collect()
    }

    #[test]
    fn paths() {
        let index = index();
        for path in [
            "/",
            "/index.html",
            "/docs/",
            "/docs/index.html",
            "/a%20b.txt",
        ] {
            assert!(
                matches!(index.lookup(path), AssetLookup::Found(_)),
                "{path}"
            );
        }
        for path in [
            "/nope",
            "/../index.html",
            "/docs/../index.html",
            "/%",
            "/%ff",
            "/%zz",
            "/docs/nope/",
        ] {
            assert!(matches!(index.lookup(path), AssetLookup::Missing), "{path}");
        }
        assert!(matches!(index.lookup("//docs"), AssetLookup::Redirect(to) if to == "/docs/"));
    }

    #[test]
    fn conditional_requests() {
        let index = index();
        let AssetLookup::Found(asset) = index.lookup("/") else {
            panic!("the index page is there")
        };
        let tag = asset.etag.clone();
        assert_eq!(asset.plan(&Method::GET, &headers(&[])), Plan::Whole);
        assert_eq!(
            asset.plan(&Method::GET, &headers(&[("if-none-match", &tag)])),
            Plan::NotModified
        );
        assert_eq!(
            asset.plan(
                &Method::GET,
                &headers(&[("if-none-match", &format!("\"x\", W/{tag}"))])
            ),
            Plan::NotModified
        );
        assert_eq!(
            asset.plan(&Method::GET, &headers(&[("if-none-match", "\"x\"")])),
            Plan::Whole
        );
        assert_eq!(
            asset.plan(&Method::GET, &headers(&[("range", "bytes=2-4")])),
            Plan::Part { first: 2, last: 4 }
        );
        assert_eq!(
            asset.plan(&Method::HEAD, &headers(&[("range", "bytes=2-4")])),
            Plan::Whole
        );
        assert_eq!(
            asset.plan(&Method::GET, &headers(&[("range", "bytes=20-")])),
            Plan::Unsatisfiable
        );
    }

    #[test]
    fn headers_of_an_answer() {
        let index = index();
        let AssetLookup::Found(asset) = index.lookup("/app.3f9c2b1d.js") else {
            panic!("the script is there")
        };
        let mut out = HeaderMap::new();
        asset.describe(&Plan::Part { first: 2, last: 4 }, &mut out);
        assert_eq!(out["content-range"], "bytes 2-4/10");
        assert_eq!(out["content-length"], "3");
        assert_eq!(out["cache-control"], IMMUTABLE);
        assert_eq!(out["content-type"], "text/javascript; charset=utf-8");
    }

    #[test]
    fn names_with_a_hash() {
        for (name, hashed) in [
            ("app.3f9c2b1d.js", true),
            ("chunks/main-0a1b2c3d4e5f.css", true),
            ("report-20240101.pdf", false),
            ("deadbeef.txt", false),
            ("index.html", false),
        ] {
            assert_eq!(is_hashed_name(name), hashed, "{name}");
        }
    }
}
