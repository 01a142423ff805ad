//! RC for people: HTML pages that list plugins and show what each version is. Rendered here, without scripts; everything
//! that a publisher wrote is escaped, and the browser is told to run nothing.

mod front;
mod plugin;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::api::Registry;
use crate::wit::Wits;

/// Nothing runs, nothing is loaded but our own style, and forms lead back here.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("style.css");

/// What the pages work with.
#[derive(Debug)]
struct Pages {
    registry: Arc<Registry>,
    wits: Wits,
}

/// The routes of the pages.
pub fn router(registry: Arc<Registry>) -> Router {
    let pages = Pages {
        registry,
        wits: Wits::default(),
    };
    Router::new()
        .route("/", get(front::front))
        .route("/style.css", get(style))
        .route("/plugins/{name}", get(plugin::newest))
        .route("/plugins/{name}/{version}", get(plugin::version))
        .with_state(Arc::new(pages))
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

fn missing(what: &str) -> Response {
    let body = format!("<h1>Not here</h1>\n<p>{}</p>\n", Escaped(what));
    page(StatusCode::NOT_FOUND, "Not here", &body)
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} · RC</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<header><a href=\"/\">RC</a></header>\n\
         <main>\n{body}</main>\n</body>\n</html>\n",
        Escaped(title)
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Text that stands in HTML, between tags or in an attribute in quotes.
struct Escaped<'a, T: ?Sized>(&'a T);

impl<T: fmt::Display + ?Sized> fmt::Display for Escaped<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escape(out), "{}", self.0)
    }
}

struct Escape<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|one| match one {
            '&' => self.0.write_str("&amp;"),
            '<' => self.0.write_str("&lt;"),
            '>' => self.0.write_str("&gt;"),
            '"' => self.0.write_str("&quot;"),
            '\'' => self.0.write_str("&#39;"),
            // What a browser may not be given, and what turns the direction of the text that follows.
            '\n' | '\t' => self.0.write_char(one),
            one if one.is_control() || is_direction(one) => self.0.write_char('\u{fffd}'),
            one => self.0.write_char(one),
        })
    }
}

fn is_direction(one: char) -> bool {
    matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::Escaped;

    #[test]
    fn nothing_that_was_written_is_markup() {
        let text = "<script a=\"b\" c='d'>&\u{202e}\u{1b}[2J\n</script>é";
        assert_eq!(
            Escaped(text).to_string(),
            "&lt;script a=&quot;b&quot; c=&#39;d&#39;&gt;&amp;\u{fffd}\u{fffd}[2J\n&lt;/script&gt;é"
        );
    }
}
