//! One `tsconfig.json` as it is written: JSON in which comments and a comma before a closing bracket may stand.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer};

use crate::language::Language;
use crate::place::Lines;
use crate::types::{Diagnostic, Severity};

/// What of a `tsconfig.json` changes the program; all else is `tsc`'s.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Text {
    /// The files that it continues, the last one the strongest.
    #[serde(deserialize_with = "one_or_many")]
    pub extends: Vec<String>,
    /// `compilerOptions`.
    #[serde(rename = "compilerOptions", deserialize_with = "or_null")]
    pub options: Options,
}

/// `compilerOptions`, as far as they matter here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Options {
    pub base_url: Option<String>,
    pub paths: Option<BTreeMap<String, Vec<String>>>,
    #[serde(flatten)]
    pub language: Language,
}

/// Reads a file.
///
/// # Errors
/// What is wrong with it, at its place.
pub fn read(path: &str, bytes: &[u8]) -> Result<Text, Box<Diagnostic>> {
    let wrong = |text: &str, offset: usize, message: &str| {
        let message = format!("the configuration cannot be read: {message}");
        let offset = offset.min(text.len()) as u32;
        Box::new(Lines::new(text).diagnostic(Severity::Error, path, offset, message))
    };
    let text = str::from_utf8(bytes).map_err(|_| wrong("", 0, "it is not UTF-8"))?;
    // Editors of another system begin a text with a mark. Blanks keep every place where it is.
    let mut plain = text.replacen('\u{feff}', "   ", usize::from(text.starts_with('\u{feff}')));
    // What is no comment either stays for the reader to stumble over.
    json_strip_comments::strip(&mut plain).ok();
    serde_json::from_str::<Option<Text>>(&plain)
        .map(Option::unwrap_or_default)
        .map_err(|error| {
            let before = text
                .split_inclusive('\n')
                .take(error.line().saturating_sub(1));
            let start: usize = before.map(str::len).sum();
            let message = error.to_string();
            // The place has fields of its own.
            let message = message.split(" at line ").next().unwrap_or_default();
            wrong(text, start + error.column().saturating_sub(1), message)
        })
}

/// The offset of a string in the file, as far as it can be found.
pub fn offset(text: &str, string: &str) -> u32 {
    text.find(&format!("\"{string}\"")).unwrap_or_default() as u32
}

fn or_null<'de, D: Deserializer<'de>>(from: D) -> Result<Options, D::Error> {
    Option::<Options>::deserialize(from).map(Option::unwrap_or_default)
}

/// `extends` is a text, or a list of them.
fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct OneOrMany;

    impl<'de> Visitor<'de> for OneOrMany {
        type Value = Vec<String>;

        fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
            to.write_str("a string or a list of strings")
        }

        fn visit_str<E>(self, one: &str) -> Result<Self::Value, E> {
            Ok(vec![one.to_owned()])
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, many: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(many))
        }
    }

    from.deserialize_any(OneOrMany)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_commas_and_marks_are_read_over() {
        let text = "\u{feff}// one\n{ /* two */ \"extends\": [\"./a\", \"b\",],\n \"compilerOptions\": {\n  \"paths\": { \"@/*\": [\"./src/*\", /* no // end */], },\n  \"jsx\": null, \"lib\": 7,\n }, }";
        let read = read("tsconfig.json", text.as_bytes()).unwrap();
        assert_eq!(read.extends, ["./a", "b"]);
        assert_eq!(read.options.paths.unwrap()["@/*"], ["./src/*"]);
        for empty in [
            "{}",
            "null",
            "{\"compilerOptions\": null, \"extends\": null}",
        ] {
            assert!(super::read("a", empty.as_bytes()).is_ok(), "{empty}");
        }
    }

    #[test]
    fn mistakes_have_places() {
        let at = |text: &str| {
            let told = read("tsconfig.json", text.as_bytes()).unwrap_err();
            (told.line, told.column, told.message)
        };
        let (line, column, message) = at("{\n  // é\n  \"extends\" \"./a\"\n}");
        assert_eq!((line, column), (3, 13), "{message}");
        assert_eq!(message, "the configuration cannot be read: expected `:`");
        let (line, column, _) = at("{ \"compilerOptions\": {\n\"paths\": \"x\" } }");
        assert_eq!((line, column), (2, 12));
        let (line, column, message) = at("{\n /* ");
        assert_eq!((line, column), (2, 4), "{message}");
        let (line, _, message) = at("{ \"compilerOptions\": {\n\"jsx\": 5 } }");
        assert!(
            line == 2 && message.contains("expected a string"),
            "{message}"
        );
        assert_eq!(at("").0, 1);
        assert_eq!(at("{\"extends\": 1}").0, 1);
        assert!(read("tsconfig.json", b"\xff").is_err());
    }
}
