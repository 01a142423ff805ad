//! PEM: base64 between two lines that say what it is. Only the plain form, without headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What is kept as PEM here is a key or a chain of certificates.
const BYTES_MAX: usize = 256 << 10;
const LINE_CHARS: usize = 64;

/// One block.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE_CHARS));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Every block with its label, or what is wrong with the text.
pub(crate) fn decode(text: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    if text.len() > BYTES_MAX {
        return Err(format!("it has more than {BYTES_MAX} bytes"));
    }
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines().map(str::trim) {
        let marked = |begin: &str| line.strip_prefix(begin)?.strip_suffix("-----");
        match (&mut open, marked("-----BEGIN "), marked("-----END ")) {
            (None, Some(label), _) => open = Some((label.to_owned(), String::new())),
            (Some((label, base64)), None, Some(end)) if label == end => {
                let der = STANDARD
                    .decode(base64.as_bytes())
                    .map_err(|error| error.to_string())?;
                blocks.push((std::mem::take(label), der));
                open = None;
            }
            (Some((_, base64)), None, None) => base64.push_str(line),
            // Text between blocks is a comment.
            (None, None, None) => {}
            _ => return Err("its BEGIN and END lines do not match".to_owned()),
        }
    }
    match open {
        Some(_) => Err("its END line is missing".to_owned()),
        None => Ok(blocks),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_and_halves_do_not() {
        let (short, long) = (vec![1, 2, 3], vec![7; 200]);
        let text = format!(
            "{}a comment\n{}",
            encode("A KEY", &short),
            encode("B", &long)
        );
        let blocks = decode(&text).unwrap();
        assert_eq!(
            blocks,
            [("A KEY".to_owned(), short), ("B".to_owned(), long)]
        );
        assert!(text.lines().all(|line| line.len() <= LINE_CHARS));
        for bad in [
            "-----BEGIN A-----\n",
            "-----END A-----\n",
            "-----BEGIN A-----\nAA\n-----END B-----\n",
        ] {
            assert!(decode(bad).is_err(), "{bad}");
        }
    }
}
