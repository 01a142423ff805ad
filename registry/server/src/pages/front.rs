//! The first page: search, the plugins, and how to get `lly`.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use registry_index::PluginSummary;
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Escaped, Pages, missing, page};
use crate::api::parameters;
use crate::refusal::Refusal;
use crate::releases;

/// Plugins on one page.
const SHOWN_MAX: u32 = 1000;
const QUERY_BYTES_MAX: usize = 200;

/// `GET /?q=TEXT`.
pub async fn front(
    State(pages): State<Arc<Pages>>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
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
    if let Some(origin) = releases::origin(&pages.registry, &uri, &headers) {
        body.push_str(&lly(&pages, &origin).await?);
    }
    Ok(page(StatusCode::OK, "Plugins", &body))
}

/// How to get `lly` from here, if it is offered.
async fn lly(pages: &Pages, origin: &str) -> Result<String, Refusal> {
    let Some((version, files)) = releases::newest(&pages.registry).await? else {
        return Ok(String::new());
    };
    let mut section = format!(
        "<h2>lly {}</h2>\n<pre>curl -fsS {}/install.sh | sh</pre>\n<ul class=\"files\">\n",
        Escaped(&version),
        Escaped(origin),
    );
    for file in &files {
        let _ = writeln!(
            section,
            "<li><a href=\"/releases/{}/{name}\">{name}</a>",
            Escaped(&version),
            name = Escaped(file),
        );
    }
    section.push_str("</ul>\n");
    Ok(section)
}
