//! RC for people: HTML pages that list plugins and show what each version is. Rendered here, without scripts; everything
//! that a publisher wrote is escaped, and the browser is told to run nothing.

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use registry_index::{
    ArtifactManifest, Index, IndexVersion, PluginManifest, PluginSummary, SIGNATURE_ARTIFACT,
    repository_of,
};
use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::api::{Registry, parameters};
use crate::refusal::Refusal;
use crate::wit::Wits;

const PLUGIN_JSON_BYTES_MAX: u64 = 256 << 10;
/// Plugins on one page.
const SHOWN_MAX: u32 = 1000;
const QUERY_BYTES_MAX: usize = 200;
/// Signatures that are counted.
const SIGNATURES_MAX: u32 = 100;
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
        .route("/", get(front))
        .route("/style.css", get(style))
        .route("/plugins/{name}", get(newest))
        .route("/plugins/{name}/{version}", get(version))
        .with_state(Arc::new(pages))
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

/// `GET /?q=TEXT`.
async fn front(
    State(pages): State<Arc<Pages>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = parameters(query.as_deref().unwrap_or_default());
    let text = query.get("q").unwrap_or_default();
    if text.len() > QUERY_BYTES_MAX {
        return Ok(missing("A search has at most 200 bytes."));
    }
    let found = pages.registry.database.plugin_summaries(text, SHOWN_MAX);
    let found: Vec<PluginSummary> = found
        .await?
        .iter()
        .filter_map(|summary| serde_json::from_str(summary).ok())
        .collect();
    let mut body = format!(
        "<h1>Plugins</h1>\n<form role=\"search\"><label for=\"q\">Search</label> \
         <input type=\"search\" id=\"q\" name=\"q\" maxlength=\"{QUERY_BYTES_MAX}\" value=\"{}\"> <button>Find</button></form>\n",
        Escaped(text)
    );
    if found.is_empty() {
        body.push_str(match text {
            "" => {
                "<p>Nobody has published a plugin here yet: <code>lly plugin publish</code>.</p>\n"
            }
            _ => "<p>No plugin has that in its name, description, world or extensions.</p>\n",
        });
    } else {
        body.push_str(
            "<table>\n<thead><tr><th>Plugin<th>Version<th>World<th>Compiles<th>What it is</thead>\n<tbody>\n",
        );
        for plugin in &found {
            let _ = writeln!(
                body,
                "<tr><td><a href=\"/plugins/{name}\">{name}</a><td>{}<td><code>{}</code><td>{}<td>{}",
                Escaped(&plugin.version),
                Escaped(&plugin.world),
                Escaped(&plugin.extensions.join(" ")),
                Escaped(&plugin.description),
                name = Escaped(&plugin.name),
            );
        }
        body.push_str("</tbody></table>\n");
    }
    Ok(page(StatusCode::OK, "Plugins", &body))
}

/// `GET /plugins/NAME`.
async fn newest(
    State(pages): State<Arc<Pages>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let Some(index) = index(&pages, &name).await? else {
        return Ok(missing("There is no such plugin here."));
    };
    // Of a plugin whose every version was withdrawn the last one is shown, as withdrawn.
    match index.newest().or(index.versions.last()) {
        Some(shown) => pages.plugin(&index, shown).await,
        None => Ok(missing("This plugin has no version.")),
    }
}

/// `GET /plugins/NAME/VERSION`.
async fn version(
    State(pages): State<Arc<Pages>>,
    Path((name, version)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let Some(index) = index(&pages, &name).await? else {
        return Ok(missing("There is no such plugin here."));
    };
    let version = version.parse().ok();
    match version.and_then(|version| index.version(&version)) {
        Some(shown) => pages.plugin(&index, shown).await,
        None => Ok(missing("This plugin has no such version.")),
    }
}

async fn index(pages: &Pages, name: &str) -> Result<Option<Index>, Refusal> {
    // A name that is none is not asked for: what the database cannot hold is no failure of it.
    if !registry_index::is_name(name) {
        return Ok(None);
    }
    let index = pages.registry.database.plugin_index(name).await?;
    let index = index.as_deref().map(Index::parse).transpose();
    index.map_err(|error| Refusal::internal(&error))
}

impl Pages {
    async fn plugin(&self, index: &Index, shown: &IndexVersion) -> Result<Response, Refusal> {
        let name = Escaped(&index.name);
        let mut body = format!(
            "<h1>{name} <small>{}</small></h1>\n<p>{}</p>\n",
            Escaped(&shown.version),
            Escaped(&shown.description)
        );
        match &shown.yanked {
            Some(reason) => {
                let _ = writeln!(
                    body,
                    "<p class=\"yanked\">This version was withdrawn: {}</p>",
                    Escaped(reason)
                );
            }
            None => {
                let _ = writeln!(
                    body,
                    "<pre>lly plugin install {name}@{}</pre>",
                    Escaped(&shown.version)
                );
            }
        }
        let signatures = self
            .registry
            .database
            .referrers(
                &repository_of(&index.name),
                &shown.digest,
                Some(SIGNATURE_ARTIFACT),
                SIGNATURES_MAX,
            )
            .await?;
        let _ = writeln!(
            body,
            "<dl>\n<dt>World<dd><code>{}</code>\n<dt>Compiles<dd>{}\n<dt>Needs<dd>lly {}\n\
             <dt>Manifest<dd><code>{}</code>\n<dt>Signatures<dd>{}\n</dl>",
            Escaped(&shown.world),
            Escaped(&shown.extensions.join(" ")),
            Escaped(&shown.lly_min_version),
            shown.digest,
            match signatures.len() {
                0 => "none: nobody can install it".to_owned(),
                // Who signed is for whoever installs to judge: nothing here was verified against anybody's trust.
                count => format!(
                    "{count}, judged by <code>lly plugin verify</code> and not by this page"
                ),
            },
        );
        self.contents(index, shown, &mut body).await?;
        body.push_str(&versions(index));
        let title = format!("{} {}", index.name, shown.version);
        Ok(page(StatusCode::OK, &title, &body))
    }

    /// What it asks for, and its WIT.
    async fn contents(
        &self,
        index: &Index,
        shown: &IndexVersion,
        body: &mut String,
    ) -> Result<(), Refusal> {
        let (database, blobs) = (&self.registry.database, &self.registry.blobs);
        let repository = repository_of(&index.name);
        let manifest = database.manifest(&repository, &shown.digest).await?;
        let manifest = manifest.and_then(|row| ArtifactManifest::parse(&row.body).ok());
        let Some(manifest) = manifest else {
            body.push_str("<p>Its manifest is not here any more.</p>\n");
            return Ok(());
        };
        let json = blobs
            .get(&manifest.plugin.digest, PLUGIN_JSON_BYTES_MAX)
            .await?;
        let plugin = PluginManifest::parse(&json).map_err(|error| Refusal::internal(&error))?;
        body.push_str("<h2>What it asks for</h2>\n");
        if plugin.grants.is_empty() {
            body.push_str("<p>Nothing: it reads what it is given and answers.</p>\n");
        } else {
            body.push_str("<ul>\n");
            for sentence in plugin.grants.sentences() {
                let _ = writeln!(body, "<li>{}", Escaped(&sentence));
            }
            body.push_str("</ul>\n");
        }
        body.push_str("<h2>WIT</h2>\n");
        let _ = match &*self.wits.of(blobs, &manifest.component.digest).await {
            Ok(wit) => writeln!(body, "<pre class=\"wit\">{}</pre>", Escaped(wit)),
            Err(reason) => writeln!(body, "<p>It cannot be shown: {}</p>", Escaped(reason)),
        };
        Ok(())
    }
}

fn versions(index: &Index) -> String {
    let mut table = String::from(
        "<h2>Versions</h2>\n<table>\n<thead><tr><th>Version<th>World<th>Needs lly<th>Manifest<th></thead>\n<tbody>\n",
    );
    for one in index.versions.iter().rev() {
        let yanked = match &one.yanked {
            Some(reason) => format!(
                "<span class=\"yanked\">withdrawn: {}</span>",
                Escaped(reason)
            ),
            None => String::new(),
        };
        let _ = writeln!(
            table,
            "<tr><td><a href=\"/plugins/{}/{version}\">{version}</a><td><code>{}</code><td>{}\
             <td><code title=\"{digest}\">{}</code><td>{yanked}",
            Escaped(&index.name),
            Escaped(&one.world),
            Escaped(&one.lly_min_version),
            one.digest.short(),
            version = Escaped(&one.version),
            digest = one.digest,
        );
    }
    table.push_str("</tbody></table>\n");
    table
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
