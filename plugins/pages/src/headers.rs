//! `_headers`: a path at the beginning of a line, and below it, each on its line and moved in, the headers of its files.
//!
//! The path may have `:name` for one part and `*` at its end. A file has the headers of every path that fits it; of two
//! values for one name both are sent.

use crate::{Wrong, pattern};

/// Those that say how an answer travels are not a file's.
const NOT_A_FILES: [&str; 11] = [
    "connection",
    "content-length",
    "content-range",
    "keep-alive",
    "location",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-lily-request-id",
];
/// Longest value.
const VALUE_BYTES_MAX: usize = 4096;
/// Most headers of one answer.
const HEADERS_MAX: usize = 64;
/// Of all headers of one answer together.
const HEADERS_BYTES_MAX: usize = 16 << 10;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    blocks: Vec<(String, Vec<(String, String)>)>,
    /// Lines that cannot be followed.
    pub wrong: Vec<Wrong>,
}

impl Headers {
    /// Reads the file.
    pub fn parse(text: &str) -> Headers {
        let mut found = Headers::default();
        for (index, line) in text.lines().enumerate() {
            let said = line.trim();
            if said.is_empty() || said.starts_with('#') {
                continue;
            }
            if !line.starts_with([' ', '\t']) {
                match pattern(said) {
                    Ok(pattern) => found.blocks.push((pattern, Vec::new())),
                    Err(why) => {
                        found.wrong.push(Wrong::new(index, why));
                        // Its headers are nobody's, and no other fault.
                        found.blocks.push((String::new(), Vec::new()));
                    }
                }
                continue;
            }
            match (header(said), found.blocks.last_mut()) {
                (Ok(header), Some((_, headers))) => headers.push(header),
                (Ok(_), None) => {
                    let why = "there is no path above this header";
                    found.wrong.push(Wrong::new(index, why));
                }
                (Err(why), _) => found.wrong.push(Wrong::new(index, why)),
            }
        }
        found
    }

    /// The headers of what is at a path; those beyond what one answer may have are left out.
    pub fn of(&self, path: &str) -> Vec<(String, String)> {
        let fitting = self
            .blocks
            .iter()
            .filter(|(pattern, _)| fits(pattern, path));
        let mut bytes = 0;
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in fitting.flat_map(|(_, headers)| headers) {
            let header = (name.clone(), value.clone());
            bytes += name.len() + value.len();
            if bytes <= HEADERS_BYTES_MAX
                && headers.len() < HEADERS_MAX
                && !headers.contains(&header)
            {
                headers.push(header);
            }
        }
        headers
    }

    /// The headers of everything, whatever its path.
    pub fn of_all(&self) -> Vec<(String, String)> {
        let all = self
            .blocks
            .iter()
            .filter(|(pattern, _)| pattern == "/*splat");
        let blocks = all.cloned().collect();
        let wrong = Vec::new();
        Headers { blocks, wrong }.of("/")
    }
}

fn header(line: &str) -> Result<(String, String), String> {
    let Some((name, value)) = line.split_once(':') else {
        return Err("it is no `NAME: VALUE`".to_owned());
    };
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if name.is_empty() || name.len() > 128 || !name.bytes().all(token) {
        return Err(format!("`{name}` is not the name of a header"));
    }
    if NOT_A_FILES.contains(&name.as_str()) {
        return Err(format!("`{name}` is not for a file to say"));
    }
    let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if value.len() > VALUE_BYTES_MAX || !value.bytes().all(plain) {
        return Err(format!("the value of `{name}` is not plain ASCII"));
    }
    Ok((name, value.to_owned()))
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut asked = path.split('/');
    for part in pattern.split('/') {
        if part.starts_with('*') {
            return true;
        }
        match asked.next() {
            Some(one) if part == one => {}
            Some(one) if part.starts_with(':') && !one.is_empty() => {}
            _ => return false,
        }
    }
    asked.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_the_headers_of_every_path_that_fits() {
        let file = Headers::parse(
            "# all\n/*\n  X-Frame-Options: DENY\n\n/docs/:page\n\tCache-Control: max-age=60\n  x-frame-options: DENY\n",
        );
        assert_eq!(file.wrong, []);
        let of = |path: &str| -> Vec<String> {
            let headers = file.of(path).into_iter();
            headers
                .map(|(name, value)| format!("{name}={value}"))
                .collect()
        };
        assert_eq!(of("/"), ["x-frame-options=DENY"]);
        assert_eq!(
            of("/docs/a"),
            ["x-frame-options=DENY", "cache-control=max-age=60"]
        );
        assert_eq!(of("/docs/"), ["x-frame-options=DENY"]);
        assert_eq!(file.of_all().len(), 1);
    }

    #[test]
    fn what_cannot_be_followed_is_said_with_its_line() {
        let file = Headers::parse(
            "  x-a: b\n/a\n  nothing\n  content-length: 5\n  x b: c\nb\n  x-c: d\n  x-d: \u{7f}\n",
        );
        let said: Vec<(u32, &str)> = file
            .wrong
            .iter()
            .map(|wrong| (wrong.line, wrong.why.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                (1, "there is no path above this header"),
                (3, "it is no `NAME: VALUE`"),
                (4, "`content-length` is not for a file to say"),
                (5, "`x b` is not the name of a header"),
                (6, "`b` does not begin with `/`"),
                (8, "the value of `x-d` is not plain ASCII"),
            ]
        );
        assert_eq!(file.of("/a"), []);
    }
}
