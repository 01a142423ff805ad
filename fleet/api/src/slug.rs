//! A void's name: stable, short, pronounceable.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest slug: it is one label of a host name, and people read it aloud.
const BYTES_MAX: usize = 40;
/// The shortest slug that a user may choose.
const BYTES_MIN: usize = 3;
/// Names that a fleet keeps for itself.
const RESERVED: &[&str] = &[
    "api", "app", "auth", "cap", "platform", "raptor", "registry", "status", "www",
];

/// The name of a void, such as `lazy-fox`; the first label of its host name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// Why a text is not a slug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    /// It could not be a host name's label, or is too long or short.
    #[error(
        "`{0}` is not a slug: 3 to 40 of `a`–`z`, `0`–`9` and `-`, beginning with a letter, not ending with `-`"
    )]
    Malformed(String),
    /// The fleet keeps it.
    #[error("the slug `{0}` is reserved")]
    Reserved(String),
}

impl Slug {
    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A pronounceable slug chosen by `random`: an adjective and an animal, and with `attempt` > 0 a number as well, so
    /// that a crowded fleet still finds names quickly.
    pub fn pronounceable(random: u64, attempt: u32) -> Self {
        let pick = |words: &[&'static str], bits: u64| words[(bits % words.len() as u64) as usize];
        let (adjective, animal) = (pick(ADJECTIVES, random), pick(ANIMALS, random >> 16));
        match attempt {
            0 => Self(format!("{adjective}-{animal}")),
            _ => Self(format!(
                "{adjective}-{animal}-{}",
                (random >> 32) % 10_u64.pow(attempt.min(6) + 1)
            )),
        }
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let fits = (BYTES_MIN..=BYTES_MAX).contains(&text.len());
        if !fits
            || !crate::id::is_label(text)
            || !text.starts_with(|first: char| first.is_ascii_lowercase())
        {
            return Err(SlugError::Malformed(text.chars().take(80).collect()));
        }
        if RESERVED.contains(&text) {
            return Err(SlugError::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Slug {
    type Error = SlugError;

    fn try_from(text: String) -> Result<Self, SlugError> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> String {
        slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

const ADJECTIVES: &[&str] = &[
    "agile", "amber", "ample", "azure", "balmy", "bold", "brave", "breezy", "bright", "brisk",
    "calm", "candid", "cheery", "clever", "cosy", "crisp", "curly", "dapper", "daring", "deft",
    "eager", "early", "easy", "fancy", "fleet", "fluffy", "fond", "frank", "fresh", "gentle",
    "giddy", "glad", "golden", "grand", "green", "happy", "hardy", "hazel", "honest", "humble",
    "ideal", "jolly", "keen", "kind", "lazy", "light", "lively", "lucid", "lucky", "lunar",
    "mellow", "merry", "mighty", "mild", "misty", "modest", "neat", "nimble", "noble", "patient",
    "placid", "plucky", "polite", "proud", "quick", "quiet", "rapid", "rosy", "rustic", "serene",
    "shiny", "silent", "silver", "sleek", "sleepy", "smart", "snowy", "solar", "steady", "sturdy",
    "subtle", "sunny", "swift", "tender", "tidy", "tiny", "tranquil", "trusty", "upbeat", "velvet",
    "vivid", "warm", "wary", "wise", "witty", "young", "zany", "zesty",
];

const ANIMALS: &[&str] = &[
    "alpaca", "ant", "badger", "bat", "bear", "beaver", "bee", "bison", "camel", "carp", "cat",
    "cobra", "condor", "cougar", "crab", "crane", "cricket", "crow", "deer", "dingo", "dolphin",
    "donkey", "dove", "duck", "eagle", "egret", "elk", "falcon", "ferret", "finch", "fox", "frog",
    "gecko", "gibbon", "goat", "goose", "hare", "hawk", "heron", "hippo", "horse", "ibex", "ibis",
    "jackal", "jaguar", "kiwi", "koala", "lark", "lemur", "lion", "llama", "lynx", "magpie",
    "marmot", "marten", "mole", "moose", "moth", "mouse", "newt", "ocelot", "octopus", "okapi",
    "orca", "oriole", "otter", "owl", "panda", "parrot", "pelican", "penguin", "pigeon", "pony",
    "puffin", "puma", "quail", "rabbit", "raven", "robin", "salmon", "seal", "shrew", "skink",
    "sloth", "snail", "sparrow", "squid", "stork", "swan", "tapir", "tiger", "toad", "trout",
    "turtle", "vole", "walrus", "weasel", "whale", "wolf", "wombat", "wren", "yak", "zebra",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_checked() {
        for good in ["lazy-fox", "abc", "a1-2"] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "ab",
            "1fox",
            "-fox",
            "fox-",
            "Fox",
            "fox.app",
            "../etc",
            "www",
            &"x".repeat(41),
        ] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn every_generated_slug_is_a_slug() {
        for seed in 0..5_000_u64 {
            let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            for attempt in [0, 1, 9] {
                let slug = Slug::pronounceable(random, attempt);
                assert_eq!(slug.as_str().parse(), Ok(slug.clone()));
            }
        }
    }
}
