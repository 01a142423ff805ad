//! Clients of other people that the tests drive RC with: skopeo and `wkg`. Both end up in `target/lily/tools/bin`.

use crate::fetch::{self, Debian};
use crate::stage;
use crate::workspace::{cargo, has, lily, run};
use anyhow::{Context, Result, ensure};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// skopeo and what it is linked to beyond Debian's base system.
const SKOPEO: [Debian; 4] = [
    Debian {
        name: "skopeo",
        version: "1.9.3+ds1-1+b10",
        architecture: "amd64",
        sha256: "5c1978f6a95577b143be772bbe50c247a28132a5cc961c74d4d2a6f2b1ab4f3d",
    },
    Debian {
        name: "libgpgme11",
        version: "1.18.0-3+b1",
        architecture: "amd64",
        sha256: "dc075584050dc5c8ac27563fc222e8c1ea71128a019a6d129d5823e47ac1e55e",
    },
    Debian {
        name: "libassuan0",
        version: "2.5.5-5",
        architecture: "amd64",
        sha256: "5912430927da16ccc831459679207fdbb9dfc5a206f2bab8d6f36d5a1ab53e25",
    },
    Debian {
        name: "libdevmapper1.02.1",
        version: "2:1.02.185-2",
        architecture: "amd64",
        sha256: "aaa78ca236055fedccf637eacf7bda02bf1980b2db668dccd202b04d0d2cfe04",
    },
];
const NO_SKOPEO: &str = "the tests of the registry need skopeo: install it (its package has that name nearly everywhere), \
    then run this again";
const WKG_VERSION: &str = "0.16.1";

/// Makes sure that there is skopeo: the machine's own, else Debian's, unpacked without touching the system.
pub fn skopeo() -> Result<()> {
    if has("skopeo") {
        return Ok(());
    }
    let folder = lily().join("tools/skopeo");
    let program = lily().join("tools/bin/skopeo");
    let key: Vec<&str> = SKOPEO.iter().map(|package| package.sha256).collect();
    stage::once(
        "skopeo",
        &key.join(" "),
        &[folder.join("usr/bin/skopeo"), program.clone()],
        || {
            ensure!(
                cfg!(all(target_arch = "x86_64", target_os = "linux")),
                NO_SKOPEO
            );
            for package in &SKOPEO {
                let file = fetch::debian(package, NO_SKOPEO)?;
                std::fs::create_dir_all(&folder)
                    .with_context(|| format!("cannot make `{}`", folder.display()))?;
                run(Command::new("dpkg").arg("-x").arg(&file).arg(&folder))?;
            }
            launcher(&program, &folder)
        },
    )
}

/// A script that starts the unpacked program with the libraries beside it.
fn launcher(program: &Path, folder: &Path) -> Result<()> {
    let folder = folder.display();
    let script = format!(
        "#!/bin/sh\nLD_LIBRARY_PATH='{folder}/usr/lib/x86_64-linux-gnu:{folder}/lib/x86_64-linux-gnu' \
         exec '{folder}/usr/bin/skopeo' \"$@\"\n"
    );
    let what = || format!("cannot write `{}`", program.display());
    std::fs::create_dir_all(lily().join("tools/bin"))
        .and_then(|()| std::fs::write(program, script))
        .and_then(|()| std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)))
        .with_context(what)
}

/// Builds `wkg`, unless it is there. Without optimisation and debug information that is some 135 s of CPU; an optimised one
/// takes several times that, and no test would notice.
pub fn wkg() -> Result<()> {
    let tools = lily().join("tools");
    stage::once("wkg", WKG_VERSION, &[tools.join("bin/wkg")], || {
        let build = lily().join("build/wkg");
        run(cargo()
            .args(["install", "wkg", "--locked", "--force", "--debug"])
            .args(["--version", WKG_VERSION, "--root"])
            .arg(&tools)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_TARGET_DIR", &build))?;
        // 600 MB that nobody needs again.
        std::fs::remove_dir_all(&build)
            .with_context(|| format!("cannot remove `{}`", build.display()))
    })
}
