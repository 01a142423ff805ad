//! `pages`: sites of plain files. The sample of a site adapter.
//!
//! What is in `site/` is served as it is; `site/about.html` answers at `/about` too. `site/_redirects` and `site/_headers`
//! say what they say at other hosts ([`redirects`], [`headers`]); `functions/main.EXT` answers below `/api/`. Nothing here
//! knows a host: files come through [`Files`], which the component answers with `lily:site/project`. Tests are beside the
//! code, and in `tests/it/tests/it/site.rs`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

#[cfg(target_arch = "wasm32")]
mod component;
mod headers;
mod redirects;
mod site;

pub use headers::Headers;
pub use redirects::{Redirect, Redirects, To};
pub use site::{Asset, Files, Message, Program, Route, Site, Target, adapt, is_pages};

/// A line of a file that is wrong: counted from 1, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Counted from 1.
    pub line: u32,
    /// A sentence without a dot.
    pub why: String,
}

impl Wrong {
    fn new(index: usize, why: impl Into<String>) -> Wrong {
        Wrong::at(u32::try_from(index + 1).unwrap_or(u32::MAX), why)
    }

    /// What is wrong may quote the line: it is cut short, and what does not show is replaced.
    fn at(line: u32, why: impl Into<String>) -> Wrong {
        let plain = |letter: char| match letter.is_control() {
            true => char::REPLACEMENT_CHARACTER,
            false => letter,
        };
        let why: String = why.into();
        Wrong {
            line,
            why: why.chars().take(WORDS_CHARS_MAX).map(plain).collect(),
        }
    }
}

/// Of a sentence that quotes somebody's line.
const WORDS_CHARS_MAX: usize = 300;

/// A path as people write it, as a pattern: `*` at the end is `*splat`.
fn pattern(path: &str) -> Result<String, String> {
    if !path.starts_with('/') {
        return Err(format!("`{path}` does not begin with `/`"));
    }
    let (path, splat) = match path.strip_suffix('*') {
        Some(before) if before.ends_with('/') => (before, "*splat"),
        Some(_) => return Err(format!("in `{path}` the `*` is not a part of its own")),
        None => (path, ""),
    };
    let odd = |letter: char| letter.is_control() || "*?#\\".contains(letter);
    let parts = || path[1..].split('/');
    let dots = parts().any(|part| matches!(part, "." | ".."));
    let names: Vec<&str> = parts().filter_map(|part| part.strip_prefix(':')).collect();
    let is_name = |name: &&str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && *name != "splat"
    };
    let once = names
        .iter()
        .all(|name| names.iter().filter(|other| other == &name).count() == 1);
    if path.contains(odd) || path.contains("//") || dots || !names.iter().all(is_name) || !once {
        return Err(format!("`{path}` is not a path that can be matched"));
    }
    Ok(format!("{path}{splat}"))
}
