//! The specifiers in a module's text, without reading its syntax: what stands in quotes after `from`, `import`, `require`.

use std::collections::BTreeSet;

/// What JSX needs, though nobody writes it.
const JSX: &str = "react";
/// A module may say whose JSX it is.
const JSX_SOURCE: &str = "@jsxImportSource";
const WORDS: [&str; 3] = ["from", "import", "require"];
/// No specifier is longer.
const SPECIFIER_BYTES_MAX: usize = 1024;

/// Everything that may be a specifier, in order, once each. `jsx_sources` are the packages whose JSX it may be, if anybody says.
pub(super) fn specifiers(
    text: &[u8],
    extension: &str,
    jsx_sources: &BTreeSet<String>,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |specifier: String| {
        if !specifier.is_empty() && !found.contains(&specifier) {
            found.push(specifier);
        }
    };
    let mut at = 0;
    while at < text.len() {
        let Some(word) = WORDS
            .iter()
            .find(|word| text[at..].starts_with(word.as_bytes()))
        else {
            at += 1;
            continue;
        };
        let is_whole = at == 0 || !is_letter(text[at - 1]);
        at += word.len();
        if is_whole && text.get(at).is_some_and(|next| !is_letter(*next)) {
            quoted(&text[at..]).into_iter().for_each(&mut add);
        }
    }
    if ["jsx", "tsx"].contains(&extension) || (extension == "js" && text.contains(&b'<')) {
        let text = String::from_utf8_lossy(text);
        match text.split_once(JSX_SOURCE) {
            Some((_, rest)) => {
                let source = rest.split_whitespace().next().unwrap_or_default();
                add(format!("{source}/jsx-runtime"));
            }
            None if jsx_sources.is_empty() => add(format!("{JSX}/jsx-runtime")),
            None => jsx_sources
                .iter()
                .for_each(|source| add(format!("{source}/jsx-runtime"))),
        }
    }
    found
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// What the next thing is, if it is a text in quotes, perhaps in a parenthesis.
fn quoted(text: &[u8]) -> Option<String> {
    let text = skip(text);
    let text = skip(text.strip_prefix(b"(").unwrap_or(text));
    let quote = *text.first().filter(|byte| b"'\"`".contains(byte))?;
    let rest = &text[1..text.len().min(SPECIFIER_BYTES_MAX)];
    let end = rest
        .iter()
        .position(|byte| *byte == quote || *byte == b'\n')?;
    let specifier = str::from_utf8(&rest[..end]).ok()?;
    (rest[end] == quote && !specifier.contains(['\\', '$'])).then(|| specifier.to_owned())
}

/// Without blanks and comments in front.
fn skip(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        let end = match text {
            [b'/', b'*', rest @ ..] => rest
                .windows(2)
                .position(|two| two == b"*/")
                .map(|at| at + 4),
            [b'/', b'/', rest @ ..] => rest.iter().position(|byte| *byte == b'\n').map(|at| at + 2),
            _ => None,
        };
        match end {
            Some(end) => text = &text[end..],
            None => return text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_module() {
        let text = br#"
import a from "./a.js"; import * as b from'b';import"./side.js";
import { c } from /* why */ "@s/c/sub";
export * from "./d"; export { e } from
  "./e";
const f = require("./f"), g = await import(`./g.js`), h = import(/* x */ './h.js');
const no = important("./no"), nor = `from ${x}`, t = from + "x";
import type { T } from "./types";
"#;
        let none = BTreeSet::new();
        let expected = [
            "./a.js",
            "b",
            "./side.js",
            "@s/c/sub",
            "./d",
            "./e",
            "./f",
            "./g.js",
            "./h.js",
            "./types",
        ];
        assert_eq!(specifiers(text, "ts", &none), expected);
        assert_eq!(specifiers(b"<a/>", "tsx", &none), ["react/jsx-runtime"]);
        let said = BTreeSet::from(["preact".to_owned()]);
        assert_eq!(specifiers(b"<a/>", "jsx", &said), ["preact/jsx-runtime"]);
        let pragma = b"/** @jsxImportSource hono/jsx */ <a/>";
        assert_eq!(specifiers(pragma, "tsx", &none), ["hono/jsx/jsx-runtime"]);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "import",
            "from",
            "from '",
            "require(",
            "import(\"",
            "from/*",
            "from \"\n",
            "é from 'é'",
        ] {
            specifiers(text.as_bytes(), "js", &BTreeSet::new());
        }
        specifiers(b"import \xff '\xff'", "jsx", &BTreeSet::new());
    }
}
