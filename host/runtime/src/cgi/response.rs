//! The header block of a CGI response, or the knowledge that there is none. Pure.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::limits::CGI_HEADER_BYTES_MAX;

/// Status and headers of a CGI response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
}

/// What the output so far amounts to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// The head, and where the body begins.
    Head(Head, usize),
    /// More output is needed to tell. Never after the end.
    Undecided,
}

/// Reads the header block at the beginning of `output`; `ended` when no more follows.
///
/// A header block is lines `Name: value` up to an empty line, with at least one of `Content-Type`, `Location` and
/// `Status`. Output that begins otherwise is all body, so that a program that just prints is a valid CGI program.
pub(super) fn parse(output: &[u8], ended: bool) -> Parsed {
    let mut block = Block {
        headers: HeaderMap::new(),
        status: None,
        is_cgi: false,
    };
    let mut at = 0;
    while let Some(length) = output[at..].iter().position(|byte| *byte == b'\n') {
        let line = &output[at..at + length];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += length + 1;
        if at > CGI_HEADER_BYTES_MAX {
            return all_body();
        }
        if line.is_empty() {
            return if block.is_cgi {
                Parsed::Head(block.into_head(), at)
            } else {
                all_body()
            };
        }
        if block.add(line).is_none() {
            return all_body();
        }
    }
    let may_continue =
        !ended && output.len() <= CGI_HEADER_BYTES_MAX && may_begin_field(&output[at..]);
    if may_continue {
        Parsed::Undecided
    } else {
        all_body()
    }
}

fn all_body() -> Parsed {
    Parsed::Head(
        Head {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
        },
        0,
    )
}

/// Whether a line that is not complete may still become a field.
fn may_begin_field(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    match name {
        // Nothing yet, or the first half of a line end.
        b"" => line.is_empty(),
        b"\r" => true,
        name => HeaderName::from_bytes(name).is_ok(),
    }
}

struct Block {
    headers: HeaderMap,
    status: Option<StatusCode>,
    is_cgi: bool,
}

impl Block {
    /// `None` when the line is no field.
    fn add(&mut self, line: &[u8]) -> Option<()> {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = line[colon + 1..].trim_ascii();
        if name.as_str() == "status" {
            let code = value.split(|byte| *byte == b' ').next()?;
            self.status = Some(
                StatusCode::from_bytes(code)
                    .ok()
                    .filter(|code| code.as_u16() >= 200)?,
            );
            self.is_cgi = true;
            return Some(());
        }
        let value = HeaderValue::from_bytes(value).ok()?;
        self.is_cgi |= name == header::CONTENT_TYPE || name == header::LOCATION;
        if !is_of_the_connection(&name) {
            self.headers.append(name, value);
        }
        Some(())
    }

    fn into_head(mut self) -> Head {
        let redirects = self.headers.contains_key(header::LOCATION);
        let status = self.status.unwrap_or(if redirects {
            StatusCode::FOUND
        } else {
            StatusCode::OK
        });
        let lengths = self.headers.get_all(header::CONTENT_LENGTH).iter().count();
        let is_number =
            |value: &HeaderValue| value.to_str().is_ok_and(|text| text.parse::<u64>().is_ok());
        if lengths > 1
            || !self
                .headers
                .get(header::CONTENT_LENGTH)
                .is_none_or(is_number)
        {
            self.headers.remove(header::CONTENT_LENGTH);
        }
        Head {
            status,
            headers: self.headers,
        }
    }
}

/// Fields about the connection, which is the server's and not the program's.
fn is_of_the_connection(name: &HeaderName) -> bool {
    const NAMES: [&str; 9] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    ];
    NAMES.contains(&name.as_str())
}

#[cfg(test)]
mod tests;
