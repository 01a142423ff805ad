//! The page of a plugin's version: what it is, what it asks for, its WIT, its siblings.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use registry_index::{
    ArtifactManifest, Index, IndexVersion, PluginManifest, SIGNATURE_ARTIFACT, repository_of,
};
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Escaped, Pages, missing, page};
use crate::refusal::Refusal;

const PLUGIN_JSON_BYTES_MAX: u64 = 256 << 10;
/// Signatures that are counted.
const SIGNATURES_MAX: u32 = 100;

/// `GET /plugins/NAME`.
pub async fn newest(
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
pub async fn version(
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
                    "<pre>lly plugin install {name}@{version}</pre>\n\
                     <p>The component alone: <code>wkg get components:{name}@{version}</code></p>",
                    version = Escaped(&shown.version)
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
