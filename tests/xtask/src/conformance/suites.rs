//! The suites: where they come from, and what of them is unpacked.

use crate::plugins::fresh;
use crate::source::{self, Source};
use crate::stage::once;
use crate::workspace::{lily, run};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// A suite inside of a source package.
pub struct Suite {
    /// What it is called.
    pub title: &'static str,
    /// The folder of this name under `target/lily/conformance`.
    pub name: &'static str,
    /// The file that has it.
    pub source: Source,
    /// Where it lies in the archive: a pattern of tar's.
    member: &'static str,
    /// How many folders of the archive are above it.
    depth: u32,
    /// Parts that are not unpacked: patterns of tar's.
    without: &'static [&'static str],
}

/// Web Platform Tests, as Node keeps them for its own tests.
pub const WPT: Suite = Suite {
    title: "Web Platform Tests",
    name: "wpt",
    source: Source {
        package: "nodejs",
        version: "20.19.2+dfsg-1+deb13u2",
        suite: "trixie",
        file: "nodejs_20.19.2+dfsg.orig.tar.xz",
        sha256: "5e5559381ad031d245a8efa403458abbb73755f74c3e6380f185a4dd342b7949",
    },
    member: "*/test/fixtures/wpt/*",
    depth: 4,
    without: &[],
};

/// test262, as Mozilla keeps it for SpiderMonkey: at commit 79e9b39f3a57 of 2024-04-14. Temporal alone is 8 000 files.
pub const TEST262: Suite = Suite {
    title: "test262",
    name: "test262",
    source: Source {
        package: "mozjs128",
        version: "128.14.0-1~deb13u1",
        suite: "trixie",
        file: "mozjs128_128.14.0.orig.tar.xz",
        sha256: "41cca35149710ce45fbabc5fefcf86a01fdf833fdb783941964fca3a55fb72dd",
    },
    member: "*/js/src/tests/test262/*",
    depth: 5,
    without: &["*/Temporal/*"],
};

impl Suite {
    /// Its folder, unpacked when it is not there.
    pub fn prepare(&self) -> Result<PathBuf> {
        let folder = lily().join("conformance").join(self.name);
        let stamp = format!("conformance-{}", self.name);
        once(
            &stamp,
            self.source.sha256,
            std::slice::from_ref(&folder),
            || {
                let archive = source::fetch(&self.source)?;
                fresh(&folder)?;
                let mut tar = Command::new("tar");
                tar.arg("-xJf").arg(&archive).arg("-C").arg(&folder);
                tar.arg(format!("--strip-components={}", self.depth));
                for pattern in self.without {
                    tar.arg(format!("--exclude={pattern}"));
                }
                run(tar.args(["--wildcards", self.member]))
            },
        )?;
        Ok(folder)
    }
}
