//! Why what fails fails, as far as somebody has looked: the document counts by these. A cause is no excuse: what has one still
//! counts as failed.

/// A part of `suite/path`, a part of `name | message`, and the cause. The first that fits counts.
const CAUSES: [(&str, &str, &str); 30] = [
    ("wpt/url/Idna", "", NEWER_UNICODE),
    ("property-escapes/", "should match", NEWER_UNICODE),
    ("identifiers/", "unicode-1", NEWER_UNICODE),
    ("wpt/WebCryptoAPI/", "448", "Ed448 and X448 are not offered"),
    (
        "wpt/WebCryptoAPI/derive_bits_keys/cfrg",
        "mismatched algorithms",
        "Ed448 and X448 are not offered",
    ),
    ("pbkdf2", "0 length", NEWER_CRYPTO),
    ("wpt/WebCryptoAPI/idl", "wrong .length", NEWER_CRYPTO),
    ("okp_importKey", "ignored JWK alg", NEWER_CRYPTO),
    ("idlharness", "on wrong object type", NO_WINDOW),
    (
        "wpt/FileAPI/idl",
        "FileReader",
        "FileReader is not part of the minimum common API",
    ),
    (
        "wpt/FileAPI/idl",
        "FileList",
        "FileList is not part of the minimum common API",
    ),
    ("wpt/FileAPI/url/url-format", "web-platform.test", NO_WINDOW),
    (
        "wpt/encoding",
        "XMLHttpRequest",
        "XMLHttpRequest is not part of the minimum common API",
    ),
    ("wpt/", "PerformanceObserver", NO_OBSERVER),
    (
        "wpt/performance-timeline/idl",
        "is not defined",
        NO_OBSERVER,
    ),
    (
        "wpt/performance-timeline/case",
        "Resource entr",
        "no resource timing: nothing loads a page",
    ),
    (
        "webtiming-resolution",
        "5 microseconds",
        "performance.now() is as fine as Node's: finer than browsers make it",
    ),
    (
        "owning-type",
        "",
        "streams of the type `owning`: a proposal that is not part of the standard",
    ),
    (
        "wpt/streams/piping/general-addition",
        "synchronously",
        "web-streams-polyfill writes a chunk as soon as it is enqueued; the standard, a microtask later",
    ),
    ("test262/", "requires SAB allocator", NO_GROWTH),
    (
        "target-member-computed-reference",
        "",
        "QuickJS-ng makes a computed name a text before it runs the right side of an assignment",
    ),
    ("/S11.13.", "inner", LATE_REFERENCE),
    ("/S8.7.2", "", LATE_REFERENCE),
    ("assign-to-global-undefined", "", LATE_REFERENCE),
    (
        "reduce/non-callable-reducer",
        "",
        "the suite's copy is older: today an iterator is closed when what it is given is refused",
    ),
    (
        "private-class-field-on-frozen-objects",
        "",
        "QuickJS-ng follows a later proposal: what cannot be extended takes no private fields",
    ),
    (
        "private-field-invalid-assignment-target",
        "",
        "QuickJS-ng reads an assignment to `#name in object`, which is an error",
    ),
    (
        "json-named-bindings",
        "",
        "`lly` gives the keys of JSON as names too, as bundlers do",
    ),
    (
        "test262/language/",
        "error: ",
        "`lly` finds the error when it compiles, of the whole program; the test expects it when the part is run",
    ),
    (
        "test262/",
        "not done after",
        "slow: not done in the time that the runner gives",
    ),
];
const NO_GROWTH: &str =
    "growable SharedArrayBuffers need an allocator of their own, which the engine is not given";
const NEWER_UNICODE: &str =
    "the suite's tables are of Unicode 15, the engine's and those for host names of a newer one";
const NEWER_CRYPTO: &str =
    "Web Cryptography as it is today, and in Node 22; the suite's copy is older";
const NO_WINDOW: &str =
    "the harness has the environment of shells: no Window, no location, no origin";
const NO_OBSERVER: &str = "PerformanceObserver is not part of the minimum common API";
const LATE_REFERENCE: &str = "QuickJS-ng finds the variable that is assigned after it has run the right side, which here makes a \
                              new one (sloppy eval, with)";

/// What is said of a failure that nobody has explained.
pub const UNKNOWN: &str = "not explained";

/// The cause of a failure.
pub fn of(place: &str, name: &str, message: &str) -> &'static str {
    let text = format!("{name} | {message}");
    CAUSES
        .iter()
        .find(|(path, part, _)| place.contains(path) && text.contains(part))
        .map_or(UNKNOWN, |(_, _, cause)| cause)
}

#[cfg(test)]
mod tests {
    use super::{NO_OBSERVER, UNKNOWN, of};

    #[test]
    fn both_parts_decide() {
        let message = "PerformanceObserver is not defined";
        assert_eq!(of("wpt/user-timing/a.any.js", "b", message), NO_OBSERVER);
        assert_eq!(of("wpt/user-timing/a.any.js", "b", "c"), UNKNOWN);
        assert_eq!(of("test262/language/a.js", "", message), UNKNOWN);
    }
}
