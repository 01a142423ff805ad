//! DESIGN's rules as tests: who may import whom, and what the text looks like. To allow an exception, write it into the
//! tables here with its reason.

use crate::workspace::root;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Shared formats: they import no crate of LILY's but the ones named here.
const LEAVES: [(&str, &[&str]); 4] = [
    ("lly-bir", &[]),
    ("lly-brick", &[]),
    // A package is a sealed file, and digests are written one way.
    ("registry-index", &["lly-brick"]),
    ("fleet-api", &["lly-brick"]),
];

/// What each folder may import from other folders. `plugins` is guests: they share BIR's form with nobody else.
const DIRECTIONS: [(&str, &[&str]); 6] = [
    (
        "lly",
        &[
            "host-engine",
            "host-plugin",
            "host-preinit",
            "host-runtime",
            "host-web",
            "registry-*",
            "fleet-*",
        ],
    ),
    ("plugins", &["lly-bir"]),
    (
        "host",
        &["lly-brick", "registry-*", "fleet-api", "fleet-client"],
    ),
    // RC keeps its records in the fleet's database and speaks TLS as the fleet's services do.
    (
        "registry",
        &["lly-brick", "fleet-api", "fleet-client", "fleet-db"],
    ),
    // Policies and the signatures of bundles are verified where they are used. Raptor compiles policies in a child of its
    // own, whose `main` is the engine's.
    (
        "fleet",
        &[
            "host-engine",
            "host-plugin",
            "lly-brick",
            "registry-client",
            "registry-index",
        ],
    ),
    ("tests", &["*"]),
];

/// Crates that only some may use directly, and who.
const WALLS: [(&str, &[&str]); 5] = [
    ("wasmtime", &["host-*", "tests-*"]),
    ("sqlx", &["fleet-db"]),
    ("sigstore", &["registry-client"]),
    (
        "clap",
        &[
            "lly-cli",
            "host-cap",
            "fleet-platform",
            "fleet-raptor",
            "fleet-auth",
            "registry-server",
            "tests-*",
            "xtask",
        ],
    ),
    ("wit-bindgen", &["plugins-sdk"]),
];

/// Beyond this, tests aside, a file holds more than one noun.
const FILE_LINES_MAX: usize = 600;
/// Of comments. The length of code is rustfmt's business, and `cargo xtask lint` asks it; a string is data.
const COMMENT_CHARS_MAX: usize = 130;
/// Names that say nothing about what is in a file.
const EMPTY_NAMES: [&str; 6] = [
    "mod.rs",
    "utils.rs",
    "common.rs",
    "helpers.rs",
    "types.rs",
    "imp.rs",
];
/// Registries are reached through the machine's own clients, under whatever name those know them by.
const REGISTRY_HOSTS: [&str; 9] = [
    "crates\u{2e}io/api",
    "static.crates\u{2e}io",
    "index.crates\u{2e}io",
    "registry.npmjs\u{2e}org",
    "pypi\u{2e}org",
    "files.pythonhosted\u{2e}org",
    "deb.debian\u{2e}org",
    "security.debian\u{2e}org",
    "static.rust-lang\u{2e}org",
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata")
}

/// The folder of the workspace that a package is in.
fn folder(package: &Package) -> String {
    let path = package
        .manifest_path
        .as_std_path()
        .strip_prefix(root())
        .expect("inside the workspace");
    path.iter()
        .next()
        .expect("a folder")
        .to_string_lossy()
        .into_owned()
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == name, |begin| name.starts_with(begin))
}

fn any(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name))
}

/// Names of what a package depends on; tests of a package may use more than the package.
fn dependencies(package: &Package) -> impl Iterator<Item = &str> {
    let of_product = |kind: DependencyKind| kind != DependencyKind::Development;
    package
        .dependencies
        .iter()
        .filter(move |one| of_product(one.kind))
        .map(|one| one.name.as_str())
}

fn report(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn leaves_import_nothing_of_ours() {
    let metadata = metadata();
    let ours: Vec<&str> = metadata
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut problems = Vec::new();
    for (leaf, allowed) in LEAVES {
        let package = metadata
            .packages
            .iter()
            .find(|package| package.name.as_str() == leaf);
        let package = package
            .unwrap_or_else(|| panic!("`{leaf}` is a leaf of DESIGN and not in the workspace"));
        for name in
            dependencies(package).filter(|name| ours.contains(name) && !allowed.contains(name))
        {
            problems.push(format!(
                "`{leaf}` is a shared format and may not import `{name}`"
            ));
        }
        for name in
            dependencies(package).filter(|name| any(&["tokio", "reqwest", "hyper", "rustix"], name))
        {
            problems.push(format!("`{leaf}` does no I/O and may not import `{name}`"));
        }
    }
    report(&problems);
}

#[test]
fn folders_import_in_one_direction() {
    let metadata = metadata();
    let folders: BTreeMap<&str, String> = metadata
        .packages
        .iter()
        .map(|package| (package.name.as_str(), folder(package)))
        .collect();
    let mut problems = Vec::new();
    for package in &metadata.packages {
        let from = folder(package);
        let Some((_, allowed)) = DIRECTIONS.iter().find(|(name, _)| *name == from) else {
            problems.push(format!(
                "`{}` is in folder `{from}`, which DESIGN does not know",
                package.name
            ));
            continue;
        };
        for name in dependencies(package) {
            let Some(to) = folders.get(name) else {
                continue;
            };
            if to == "tests" && from != "tests" {
                problems.push(format!(
                    "`{}` depends on `{name}`: nothing depends on tests",
                    package.name
                ));
            } else if *to != from && !any(allowed, name) {
                problems.push(format!(
                    "`{}` ({from}) may not import `{name}` ({to})",
                    package.name
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn heavy_crates_stay_behind_their_walls() {
    let mut problems = Vec::new();
    for package in &metadata().packages {
        for name in dependencies(package) {
            for (wall, allowed) in WALLS {
                let behind =
                    name == wall || name.starts_with(&format!("{wall}-")) && wall != "wit-bindgen";
                if behind && !any(allowed, package.name.as_str()) {
                    problems.push(format!(
                        "`{}` may not use `{name}`: only {}",
                        package.name,
                        allowed.join(", ")
                    ));
                }
            }
        }
    }
    report(&problems);
}

#[test]
fn crates_say_what_they_are() {
    let mut problems = Vec::new();
    for package in &metadata().packages {
        for target in &package.targets {
            let path = target.src_path.as_std_path();
            let text = std::fs::read_to_string(path).expect("a source file");
            let is_root = path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
            if is_root && !text.starts_with("//!") {
                problems.push(format!(
                    "{}: begin with `//!` and what this crate turns into what",
                    shown(path)
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn files_are_short_and_well_named() {
    let mut problems = Vec::new();
    for path in files("rs") {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if EMPTY_NAMES.contains(&name.as_str()) {
            problems.push(format!(
                "{}: name the file after the noun in it",
                shown(&path)
            ));
        }
        let text = std::fs::read_to_string(&path).expect("a source file");
        let lines = text
            .lines()
            .take_while(|line| !line.starts_with("mod tests {"))
            .count();
        if lines > FILE_LINES_MAX {
            problems.push(format!(
                "{}: {lines} lines; {FILE_LINES_MAX} are the most",
                shown(&path)
            ));
        }
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") && line.chars().count() > COMMENT_CHARS_MAX {
                problems.push(format!(
                    "{}:{}: longer than {COMMENT_CHARS_MAX} characters",
                    shown(&path),
                    index + 1
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn no_registry_is_named() {
    let mut problems = Vec::new();
    for path in ["rs", "toml", "sh"].into_iter().flat_map(files) {
        let text = std::fs::read_to_string(&path).expect("a text file");
        for host in REGISTRY_HOSTS {
            if text.contains(host) {
                problems.push(format!("{}: names `{host}`", shown(&path)));
            }
        }
    }
    report(&problems);
}

/// Every file of the repository with this extension, as git sees it or will see it.
fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}
