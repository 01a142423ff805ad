//! `lly bundle inspect`: the manifest, for people and for scripts.

use std::path::PathBuf;

use clap::Args;
use lly_brick::{Bundle, Limits, Manifest, Route, RouteTarget};
use serde::Serialize;

use super::open;
use crate::amounts::{count, size};
use crate::context::Context;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The bundle.
    file: PathBuf,
    /// Every asset and every unit too.
    #[arg(long)]
    full: bool,
}

#[derive(Serialize)]
struct Inspected<'a> {
    file: String,
    sha256: String,
    file_bytes: u64,
    name: &'a str,
    frontend: &'a lly_brick::FrontendRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    adapter: Option<&'a lly_brick::FrontendRef>,
    bricks: &'a [lly_brick::Brick],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    modules: &'a [lly_brick::SharedModule],
    unit_count: usize,
    asset_count: usize,
    asset_bytes: u64,
    route_count: usize,
    env: &'a [String],
    limits: &'a Limits,
    #[serde(flatten)]
    full: Option<Full<'a>>,
}

#[derive(Serialize)]
struct Full<'a> {
    assets: &'a [lly_brick::Asset],
    units: Vec<Unit<'a>>,
    manifest: &'a Manifest,
}

#[derive(Serialize)]
struct Unit<'a> {
    name: &'a str,
    kind: &'static str,
    size_bytes: u32,
    digest: String,
}

pub fn run(args: &InspectArgs, context: &Context) -> Result<(), Failure> {
    let (file, bundle) = open(&args.file)?;
    let program = bundle
        .bir()
        .and_then(|bytes| lly_bir::Program::decode(bytes).ok());
    let units = program
        .as_ref()
        .map(|program| program.units.as_slice())
        .unwrap_or_default();
    let manifest = &bundle.manifest;
    let full = args.full.then(|| Full {
        assets: &manifest.assets,
        units: units
            .iter()
            .map(|unit| Unit {
                name: &unit.name,
                kind: unit.kind.as_str(),
                size_bytes: unit.size_bytes,
                digest: unit.digest.to_string(),
            })
            .collect(),
        manifest,
    });
    let inspected = Inspected {
        file: args.file.display().to_string(),
        sha256: bundle.digest.to_string(),
        file_bytes: file.len() as u64,
        name: &manifest.name,
        frontend: &manifest.frontend,
        adapter: manifest.adapter.as_ref(),
        bricks: &manifest.bricks,
        modules: &manifest.modules,
        unit_count: units.len(),
        asset_count: manifest.assets.len(),
        asset_bytes: manifest.assets.iter().map(|asset| asset.size).sum(),
        route_count: manifest.routes.len(),
        env: &manifest.env,
        limits: &manifest.limits,
        full,
    };
    context.data("lily.bundle/1", &inspected, || text(&inspected, &bundle))
}

fn text(inspected: &Inspected<'_>, bundle: &Bundle) -> String {
    let frontend = inspected.frontend;
    let mut text = format!(
        "{} ({})\n  name      {}\n  sha256    {}\n  frontend  {} {} ({})\n",
        inspected.file,
        size(inspected.file_bytes),
        inspected.name,
        inspected.sha256,
        frontend.name,
        frontend.version,
        frontend.digest.short()
    );
    if let Some(adapter) = inspected.adapter {
        text.push_str(&format!(
            "  adapter   {} {} ({})\n",
            adapter.name,
            adapter.version,
            adapter.digest.short()
        ));
    }
    for brick in inspected.bricks {
        text.push_str(&format!(
            "  brick     {} ({}, {}, {})\n",
            brick.name,
            brick.kind,
            size(brick.size),
            brick.digest.short()
        ));
    }
    for module in inspected.modules {
        let (digest, bytes) = (module.digest.short(), size(module.size));
        text.push_str(&format!("  module    sha256:{digest}… (shared, {bytes})\n"));
    }
    text.push_str(&format!("  units     {}\n", inspected.unit_count));
    let assets = inspected.asset_count as u64;
    text.push_str(&format!(
        "  assets    {}, {}\n",
        count(assets, "file"),
        size(inspected.asset_bytes)
    ));
    if inspected.route_count > 0 {
        text.push_str(&format!("  routes    {}\n", inspected.route_count));
    }
    if !inspected.env.is_empty() {
        text.push_str(&format!("  env       {}\n", inspected.env.join(" ")));
    }
    for (name, value) in bundle.manifest.limits.named() {
        text.push_str(&format!("  limit     {name} = {value}\n"));
    }
    if let Some(full) = &inspected.full {
        for asset in full.assets {
            let (digest, bytes) = (asset.digest.short(), size(asset.size));
            text.push_str(&format!(
                "  asset     {digest}  {bytes:>10}  {}\n",
                asset.path
            ));
        }
        for route in &full.manifest.routes {
            text.push_str(&format!("  route     {}\n", route_line(route)));
        }
        for unit in &full.units {
            let digest = unit
                .digest
                .trim_start_matches("sha256:")
                .get(..12)
                .unwrap_or_default();
            text.push_str(&format!(
                "  unit      {digest}  {:>8} B  {} {}\n",
                unit.size_bytes, unit.kind, unit.name
            ));
        }
    }
    text
}

/// `GET /api/*rest -> program api`.
pub fn route_line(route: &Route) -> String {
    let methods = match route.methods.is_empty() {
        true => "*".to_owned(),
        false => route.methods.join(","),
    };
    let target = match &route.target {
        RouteTarget::Asset(path) => format!("/{path}"),
        RouteTarget::Program(name) => format!("program {name}"),
        RouteTarget::Redirect(redirect) => format!("{} {}", redirect.status, redirect.to),
    };
    let mut line = format!("{methods} {} -> {target}", route.pattern);
    for header in &route.headers {
        line.push_str(&format!(" [{}: {}]", header.name, header.value));
    }
    line
}
