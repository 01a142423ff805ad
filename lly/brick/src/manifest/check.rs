//! What is checked of a manifest, field by field. Each refusal names its field.

use std::collections::BTreeMap;

use super::{Asset, Brick, Manifest, ManifestError, SCHEMA};
use crate::name::{check_path, check_program_name};
use crate::route::{Route, RouteTarget, is_header_value};

/// Most shared modules: a program is written in one language, seldom in two, and each has one engine.
const MODULES_MAX: usize = 8;
/// Largest shared module. QuickJS has 2 MB; a CAP compiles all of it before the program answers.
const MODULE_BYTES_MAX: u64 = 32 << 20;
/// Most names of environment variables.
const ENV_NAMES_MAX: usize = 256;
/// Longest version, frontend name or media type.
const TEXT_BYTES_MAX: usize = 128;
/// Most routes: each is looked at when a bundle is opened, and those with variables at requests.
const ROUTES_MAX: usize = 20_000;
/// Most routes with variables, which are tried one after the other at each request.
const ROUTES_WITH_VARIABLES_MAX: usize = 2_000;
/// Longest time that a browser is told to keep a file: a year.
const CACHE_SECONDS_MAX: u32 = 366 * 86_400;

impl Manifest {
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        let refuse = |field: &str, reason: &str| {
            Err(ManifestError::Field {
                field: field.to_string(),
                reason: reason.to_string(),
            })
        };
        if self.schema != SCHEMA {
            return Err(ManifestError::Schema(self.schema));
        }
        if !check_program_name(&self.name) {
            return refuse("name", NAME_RULE);
        }
        let adapter = self.adapter.iter().map(|adapter| ("adapter", adapter));
        for (plugin, made) in [("frontend", &self.frontend)].into_iter().chain(adapter) {
            for (field, text) in [("name", &made.name), ("version", &made.version)] {
                let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
                if text.is_empty() || text.len() > TEXT_BYTES_MAX || !printable {
                    return refuse(
                        &format!("{plugin}.{field}"),
                        "it is to be 1 to 128 visible characters",
                    );
                }
            }
        }
        self.check_bricks()?;
        self.check_modules()?;
        self.check_assets()?;
        self.check_routes()?;
        if self.env.len() > ENV_NAMES_MAX {
            return refuse("env", "it has more than 256 names");
        }
        for (index, name) in self.env.iter().enumerate() {
            if !is_env_name(name) {
                return refuse(
                    &format!("env[{index}]"),
                    "it is to be letters, digits and `_`",
                );
            }
            if index > 0 && self.env[index - 1] >= *name {
                return refuse(
                    &format!("env[{index}]"),
                    "names are to be sorted, each once",
                );
            }
        }
        if let Some((name, _)) = self.limits.named().find(|(_, value)| *value == 0) {
            return refuse(&format!("limits.{name}"), "it is to be more than 0");
        }
        let mut sizes = BTreeMap::new();
        for (_, digest, size) in self.entries() {
            if *sizes.entry(digest).or_insert(size) != size {
                return Err(ManifestError::TwoSizes(digest));
            }
        }
        Ok(())
    }

    fn check_bricks(&self) -> Result<(), ManifestError> {
        let refuse = |field: String, reason: &str| {
            Err(ManifestError::Field {
                field,
                reason: reason.to_string(),
            })
        };
        if self.bricks.is_empty() && self.adapter.is_none() {
            return refuse("bricks".into(), "a program has at least one brick");
        }
        if self.bricks.is_empty() && self.assets.is_empty() && self.routes.is_empty() {
            return refuse(
                "bricks".into(),
                "there is nothing that would answer a request",
            );
        }
        for (index, brick) in self.bricks.iter().enumerate() {
            if !check_program_name(&brick.name) {
                return refuse(format!("bricks[{index}].name"), NAME_RULE);
            }
            if brick.path != Brick::path_of(&brick.name) {
                return refuse(
                    format!("bricks[{index}].path"),
                    "it is to be `modules/NAME.wasm`",
                );
            }
            if index > 0 && self.bricks[index - 1].name >= brick.name {
                return refuse(
                    format!("bricks[{index}].name"),
                    "names are to be sorted, each once",
                );
            }
        }
        Ok(())
    }

    fn check_modules(&self) -> Result<(), ManifestError> {
        let refuse = |field: String, reason: String| Err(ManifestError::Field { field, reason });
        if self.modules.len() > MODULES_MAX {
            return refuse(
                "modules".into(),
                format!("there are more than {MODULES_MAX}"),
            );
        }
        if self.bricks.is_empty() && !self.modules.is_empty() {
            return refuse("modules".into(), "there is no brick to import one".into());
        }
        for (index, module) in self.modules.iter().enumerate() {
            if module.size == 0 || module.size > MODULE_BYTES_MAX {
                let reason = format!("it is to be 1 to {MODULE_BYTES_MAX}");
                return refuse(format!("modules[{index}].size"), reason);
            }
            if index > 0 && self.modules[index - 1].digest >= module.digest {
                let reason = "digests are to be sorted, each once".into();
                return refuse(format!("modules[{index}].digest"), reason);
            }
        }
        Ok(())
    }

    fn check_assets(&self) -> Result<(), ManifestError> {
        for (index, asset) in self.assets.iter().enumerate() {
            let field = || format!("assets[{index}].path");
            check_path(&asset.path).map_err(|problem| ManifestError::Path {
                field: field(),
                problem,
            })?;
            if index > 0 && self.assets[index - 1].path >= asset.path {
                let reason = "paths are to be sorted, each once".to_string();
                return Err(ManifestError::Field {
                    field: field(),
                    reason,
                });
            }
            asset
                .check_headers()
                .map_err(|(name, reason)| ManifestError::Field {
                    field: format!("assets[{index}].{name}"),
                    reason,
                })?;
        }
        Ok(())
    }

    fn check_routes(&self) -> Result<(), ManifestError> {
        check_routes(
            &self.routes,
            |path| {
                let found = self
                    .assets
                    .binary_search_by(|one| one.path.as_str().cmp(path));
                found.is_ok()
            },
            |name| self.bricks.iter().any(|brick| brick.name == name),
        )
        .map_err(|(index, reason)| ManifestError::Field {
            field: match index {
                Some(index) => format!("routes[{index}]"),
                None => "routes".to_owned(),
            },
            reason,
        })
    }
}

/// Whether routes may be a site's: each well-formed, with a target that exists, and not too many. A no says which, if it is
/// one of them, and why.
pub fn check_routes(
    routes: &[Route],
    has_asset: impl Fn(&str) -> bool,
    has_program: impl Fn(&str) -> bool,
) -> Result<(), (Option<usize>, String)> {
    if routes.len() > ROUTES_MAX {
        return Err((None, format!("there are more than {ROUTES_MAX}")));
    }
    let mut with_variables = 0;
    for (index, route) in routes.iter().enumerate() {
        let refuse = |reason: String| Err((Some(index), reason));
        let pattern = match route.check() {
            Ok(pattern) => pattern,
            Err(problem) => return refuse(problem.to_string()),
        };
        with_variables += usize::from(pattern.text().is_none());
        match &route.target {
            RouteTarget::Asset(path) if !has_asset(path) => {
                return refuse(format!("there is no asset `{path}`"));
            }
            RouteTarget::Program(name) if !has_program(name) => {
                return refuse(format!("there is no program `{name}`"));
            }
            RouteTarget::Asset(_) | RouteTarget::Program(_) | RouteTarget::Redirect(_) => {}
        }
    }
    if with_variables > ROUTES_WITH_VARIABLES_MAX {
        let reason = format!("more than {ROUTES_WITH_VARIABLES_MAX} have variables");
        return Err((None, reason));
    }
    Ok(())
}

impl Asset {
    /// Whether what is said with it may be said; a no names the field.
    pub fn check_headers(&self) -> Result<(), (&'static str, String)> {
        if let Some(media_type) = &self.media_type {
            let halves = media_type
                .split(';')
                .next()
                .and_then(|one| one.split_once('/'));
            let named = halves.is_some_and(|(kind, of)| !kind.is_empty() && !of.is_empty());
            if !named || media_type.len() > TEXT_BYTES_MAX || !is_header_value(media_type) {
                let reason = "it is to be a media type such as `text/html`".to_owned();
                return Err(("media_type", reason));
            }
        }
        if self
            .cache_seconds
            .is_some_and(|seconds| seconds > CACHE_SECONDS_MAX)
        {
            let reason = format!("it is to be at most {CACHE_SECONDS_MAX}, a year");
            return Err(("cache_seconds", reason));
        }
        Ok(())
    }
}

const NAME_RULE: &str =
    "it is to be 1 to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit";

fn is_env_name(name: &str) -> bool {
    name.len() <= TEXT_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
