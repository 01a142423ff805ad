//! What part of a file a request asks for (RFC 9110 §14). One range is answered; several in one request, or a header
//! that cannot be read, are answered with the whole file, as the RFC allows.

/// The answer to a `Range` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Send everything.
    Whole,
    /// Send the bytes `first..=last`.
    Part {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte, inclusive.
        last: u64,
    },
    /// No byte of the file lies in the range: 416.
    Unsatisfiable,
}

/// Decides on a range. `if_range` holds the client's idea of the entity tag: when it is not `etag`, the client's
/// copy is of another version and it gets the whole file.
pub fn decide(range: Option<&str>, if_range: Option<&str>, etag: &str, size: u64) -> Range {
    let Some(spec) = range.and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Range::Whole;
    };
    if if_range.is_some_and(|tag| tag.trim() != etag) {
        return Range::Whole;
    }
    let Some((first, last)) = spec.split_once('-') else {
        return Range::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    if first.is_empty() {
        return suffix(last, size);
    }
    let (Some(first), Some(last)) = (
        number(first),
        if last.is_empty() {
            Some(u64::MAX)
        } else {
            number(last)
        },
    ) else {
        return Range::Whole;
    };
    if last < first {
        return Range::Whole;
    }
    if first >= size {
        return Range::Unsatisfiable;
    }
    Range::Part {
        first,
        last: last.min(size - 1),
    }
}

/// `bytes=-N`: the last N bytes.
fn suffix(count: &str, size: u64) -> Range {
    match number(count) {
        None => Range::Whole,
        Some(0) => Range::Unsatisfiable,
        Some(_) if size == 0 => Range::Unsatisfiable,
        Some(count) => Range::Part {
            first: size.saturating_sub(count),
            last: size - 1,
        },
    }
}

/// Digits only: `u64::from_str` would also take a plus sign.
fn number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_a_ten_byte_file() {
        let part = |first, last| Range::Part { first, last };
        for (header, expected) in [
            ("bytes=0-3", part(0, 3)),
            ("bytes=4-", part(4, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-30", part(0, 9)),
            ("bytes=8-99", part(8, 9)),
            ("bytes=10-", Range::Unsatisfiable),
            ("bytes=-0", Range::Unsatisfiable),
            ("bytes=5-2", Range::Whole),
            ("bytes=0-1,4-5", Range::Whole),
            ("bytes=+1-2", Range::Whole),
            ("bytes=99999999999999999999-", Range::Whole),
            ("items=0-1", Range::Whole),
            ("bytes=", Range::Whole),
        ] {
            assert_eq!(
                decide(Some(header), None, "\"e\"", 10),
                expected,
                "{header}"
            );
        }
        assert_eq!(decide(None, None, "\"e\"", 10), Range::Whole);
        assert_eq!(
            decide(Some("bytes=0-"), None, "\"e\"", 0),
            Range::Unsatisfiable
        );
    }

    #[test]
    fn another_version_gets_the_whole_file() {
        assert_eq!(
            decide(Some("bytes=0-1"), Some("\"old\""), "\"new\"", 10),
            Range::Whole
        );
        assert_eq!(
            decide(Some("bytes=0-1"), Some("\"new\""), "\"new\"", 10),
            Range::Part { first: 0, last: 1 }
        );
    }
}
