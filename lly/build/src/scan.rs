//! What a C or C++ file may refer to, read off its text without running a preprocessor.
//!
//! The rule: find at least everything. A reference in a branch that is never taken is found too, and harmless.

/// One file that the text may pull in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// `#include "path"`: looked for beside the file first.
    Quoted(String),
    /// `#include <path>`.
    Angled(String),
    /// `#include MACRO`: it could be any header in reach.
    Computed,
}

/// The directives that name a file.
const DIRECTIVES: [&str; 4] = ["include", "include_next", "import", "embed"];
/// The operators that ask whether a file is there; the answer decides what is compiled.
const QUESTIONS: [&str; 2] = ["__has_include", "__has_embed"];

/// Everything that `text` may refer to, in order, without repetition.
pub fn references(text: &[u8]) -> Vec<Reference> {
    let text = String::from_utf8_lossy(text);
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.contains(['#', '%', '?']) && !line.ends_with('\\') {
            continue;
        }
        let mut logical = line.to_string();
        // A backslash at the end of a line glues the next one to it.
        while logical.ends_with('\\') {
            logical.pop();
            logical.push_str(lines.next().unwrap_or_default());
        }
        read_directive(&logical, &mut found);
    }
    let mut unique = Vec::with_capacity(found.len());
    for reference in found {
        if !unique.contains(&reference) {
            unique.push(reference);
        }
    }
    unique
}

fn read_directive(line: &str, found: &mut Vec<Reference>) {
    let line = skip_blank(line);
    let Some(rest) = ["#", "%:", "??="]
        .iter()
        .find_map(|sign| line.strip_prefix(sign))
    else {
        return;
    };
    let rest = skip_blank(rest);
    let end = rest
        .find(|letter: char| !is_word(letter))
        .unwrap_or(rest.len());
    let (word, argument) = rest.split_at(end);
    if DIRECTIVES.contains(&word) {
        found.push(read_argument(skip_blank(argument)).unwrap_or(Reference::Computed));
    }
    for question in QUESTIONS {
        for (at, _) in rest.match_indices(question) {
            let asked = skip_blank(&rest[at + question.len()..]);
            let asked = asked.strip_prefix('(').map(skip_blank);
            found.extend(asked.and_then(read_argument));
        }
    }
}

fn read_argument(text: &str) -> Option<Reference> {
    if let Some(rest) = text.strip_prefix('"') {
        return Some(Reference::Quoted(rest[..rest.find('"')?].to_string()));
    }
    let rest = text.strip_prefix('<')?;
    Some(Reference::Angled(rest[..rest.find('>')?].to_string()))
}

/// Without blanks and comments in front.
fn skip_blank(text: &str) -> &str {
    let text = text.trim_start();
    match text
        .strip_prefix("/*")
        .and_then(|rest| rest.split_once("*/"))
    {
        Some((_, rest)) => skip_blank(rest),
        None => text,
    }
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::Reference::{Angled, Computed, Quoted};
    use super::references;

    #[test]
    fn every_way_to_name_a_file() {
        let text = br##"
#include "a.h"
  #  include <b/c.h> // why
/* x */ # /* y */ include "d.h"
%: include "e.h"
#include_next <f.h>
#import "g.h"
#embed "h.bin" limit(3)
#include \
  "i.h"
#include CONFIG
#if __has_include("j.h") && __has_include ( <k.h> )
#include"a.h"
x = "#include \"no.h\"";
#define INCLUDE "not.h"
#includes "nor.h"
"##;
        let quoted = |path: &str| Quoted(path.to_string());
        let angled = |path: &str| Angled(path.to_string());
        assert_eq!(
            references(text),
            [
                quoted("a.h"),
                angled("b/c.h"),
                quoted("d.h"),
                quoted("e.h"),
                angled("f.h"),
                quoted("g.h"),
                quoted("h.bin"),
                quoted("i.h"),
                Computed,
                quoted("j.h"),
                angled("k.h"),
            ]
        );
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "#",
            "#include",
            "#include \"",
            "#include <",
            "\\",
            "#include \\",
            "/*",
            "# /*é",
            "%:é",
        ] {
            references(text.as_bytes());
        }
        references(b"\xff#include \xff\"");
    }
}
