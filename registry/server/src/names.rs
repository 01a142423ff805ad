//! What may stand in a URL of the registry. Parsed here once; a value of these types is safe in SQL, paths and logs.

use std::fmt;
use std::str::FromStr;

use lly_brick::Digest;

/// The longest name of a repository.
const REPOSITORY_BYTES_MAX: usize = 255;
/// The longest tag (OCI).
const TAG_BYTES_MAX: usize = 128;

/// A repository's name: parts of lower case letters, digits and single separators, joined by `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository(String);

/// What a manifest is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// By its hash.
    Digest(Digest),
    /// By a tag.
    Tag(String),
}

impl Repository {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its versions are for good: what is under `plugins/`.
    pub fn is_plugin(&self) -> bool {
        self.0.starts_with("plugins/")
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for Repository {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() <= REPOSITORY_BYTES_MAX && text.split('/').all(is_part) {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(80).collect();
        Err(format!("`{}` is not a repository", shown.escape_debug()))
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(':') {
            let digest: Digest = text
                .parse()
                .map_err(|error| format!("{error}; this registry keeps sha256 alone"))?;
            return Ok(Self::Digest(digest));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let begins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        if text.len() <= TAG_BYTES_MAX
            && text.bytes().all(plain)
            && text.as_bytes().first().is_some_and(begins)
        {
            return Ok(Self::Tag(text.to_owned()));
        }
        let shown: String = text.chars().take(80).collect();
        Err(format!("`{}` is not a tag", shown.escape_debug()))
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_part(part: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    letter(*first)
        && letter(*last)
        && part
            .split(|char: char| char.is_ascii() && letter(char as u8))
            .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|byte| byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_repositories() {
        for good in [
            "a",
            "plugins/wat",
            "a/b/c",
            "a.b",
            "a_b",
            "a__b",
            "a---b",
            "0/1",
        ] {
            assert!(good.parse::<Repository>().is_ok(), "{good}");
        }
        let long = "a".repeat(256);
        for bad in [
            "", "/", "a/", "/a", "a//b", "..", "a/../b", "./a", "A", "a b", "a..b", "a___b", "-a",
            "a-", "é", "a\0", "a._b", "a%2fb", "a\\b", &long,
        ] {
            assert!(bad.parse::<Repository>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reference_is_a_tag_or_a_sha256() {
        assert_eq!("1.0.0".parse(), Ok(Reference::Tag("1.0.0".to_owned())));
        let digest = Digest::of(b"x");
        assert_eq!(digest.to_string().parse(), Ok(Reference::Digest(digest)));
        let long = "a".repeat(129);
        for bad in [
            "",
            ".a",
            "-a",
            "a/b",
            "a b",
            "md5:00",
            "sha256:00",
            "../x",
            &long,
        ] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }
}
