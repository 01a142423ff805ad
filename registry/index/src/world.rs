//! The WIT world that a plugin implements, and which of them a host can serve.

use semver::Version;
use std::fmt;
use std::str::FromStr;

/// `namespace:package@1.2.3`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// `namespace:package`.
    pub package: String,
    /// The version of the contract.
    pub version: Version,
}

impl World {
    /// Whether a host that offers `offered` can run a plugin of this world. The promise of the packages in `wit/`: before
    /// 1.0 a patch release changes no shape, so `0.1.x` fits any `0.1.y`; from 1.0 on a minor release only adds, so the
    /// plugin may be as new as the host and no newer.
    pub fn runs_on(&self, offered: &World) -> bool {
        let (asked, has) = (&self.version, &offered.version);
        let same_line = self.package == offered.package && asked.major == has.major;
        same_line
            && match asked.major {
                0 => asked.minor == has.minor,
                _ => asked.minor <= has.minor,
            }
    }
}

impl FromStr for World {
    type Err = String;

    fn from_str(text: &str) -> Result<World, String> {
        let error = || format!("`{text}` is not of the form `namespace:package@1.2.3`");
        let (package, version) = text.split_once('@').ok_or_else(error)?;
        Ok(World {
            package: package.to_owned(),
            version: Version::parse(version).map_err(|_| error())?,
        })
    }
}

impl fmt::Display for World {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", self.package, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_fit_before_one_and_older_minors_from_one_on() {
        let runs = |plugin: &str, host: &str| {
            let (plugin, host): (World, World) = (plugin.parse().unwrap(), host.parse().unwrap());
            plugin.runs_on(&host)
        };
        assert!(runs("lily:frontend@0.1.0", "lily:frontend@0.1.0"));
        assert!(runs("lily:frontend@0.1.7", "lily:frontend@0.1.0"));
        assert!(!runs("lily:frontend@0.2.0", "lily:frontend@0.1.0"));
        assert!(!runs("lily:policy@0.1.0", "lily:frontend@0.1.0"));
        assert!(runs("lily:site@1.2.0", "lily:site@1.3.0"));
        assert!(!runs("lily:site@1.4.0", "lily:site@1.3.0"));
        assert!(!runs("lily:site@2.0.0", "lily:site@1.3.0"));
    }
}
