//! The policies that raptor carries.

use lly_brick::container::Reader;
use registry_index::{MANIFEST_ENTRY, PluginManifest, Requirement};

use crate::loaded::PolicyError;

/// What a packaged policy's name begins with; people may leave it out.
const PREFIX: &str = "policy-";

static PACKAGES: [&[u8]; 4] = [
    include_bytes!(env!("LILY_POLICY_BINPACK")),
    include_bytes!(env!("LILY_POLICY_IDLE")),
    include_bytes!(env!("LILY_POLICY_REGION_AFFINITY")),
    include_bytes!(env!("LILY_POLICY_SPREAD")),
];

/// A package that is part of this program.
#[derive(Clone, Debug)]
pub struct Package {
    /// What it says about itself.
    pub manifest: PluginManifest,
    /// The `.plugin` file.
    pub bytes: &'static [u8],
}

/// Every packaged policy, by name.
pub fn packaged() -> Result<Vec<Package>, PolicyError> {
    PACKAGES
        .into_iter()
        .map(|bytes| {
            Ok(Package {
                manifest: manifest(bytes)?,
                bytes,
            })
        })
        .collect()
}

/// The packaged policy of this name (or `policy-` and this name), if its version is in `range`.
pub fn resolve_packaged(name: &str, range: &str) -> Result<Package, PolicyError> {
    let all = packaged()?;
    let long = format!("{PREFIX}{name}");
    let found = all
        .iter()
        .find(|package| [name, &long].contains(&package.manifest.name.as_str()));
    let Some(package) = found else {
        let known: Vec<&str> = all
            .iter()
            .map(|package| package.manifest.name.as_str())
            .collect();
        return Err(PolicyError::Unknown {
            name: name.to_owned(),
            known: known.join(", "),
        });
    };
    let requirement = Requirement::new(&package.manifest.name, range)
        .map_err(|error| PolicyError::Range(error.to_string()))?;
    if !requirement.matches(&package.manifest.version) {
        return Err(PolicyError::Range(format!(
            "raptor carries `{}` {}, which is not in `{range}`",
            package.manifest.name, package.manifest.version
        )));
    }
    Ok(package.clone())
}

/// What a package says about itself.
pub fn manifest(package: &[u8]) -> Result<PluginManifest, PolicyError> {
    let unreadable = |error: String| PolicyError::Package(error);
    let reader = Reader::open(package).map_err(|error| unreadable(error.to_string()))?;
    let json = reader
        .read(MANIFEST_ENTRY)
        .map_err(|error| unreadable(error.to_string()))?;
    PluginManifest::parse(&json).map_err(|error| unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_short_and_ranges_are_kept() {
        for name in ["binpack", "policy-binpack"] {
            let found = resolve_packaged(name, "*").unwrap();
            assert_eq!(found.manifest.name, "policy-binpack");
        }
        let error = resolve_packaged("binpack", "^7").unwrap_err().to_string();
        assert_eq!(
            error,
            "raptor carries `policy-binpack` 0.1.0, which is not in `^7`"
        );
        let error = resolve_packaged("bin", "*").unwrap_err().to_string();
        assert!(
            error.starts_with("there is no policy `bin`") && error.contains("policy-spread"),
            "{error}"
        );
        assert!(resolve_packaged("binpack", "what").is_err());
    }
}
