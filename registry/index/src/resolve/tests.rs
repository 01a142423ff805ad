//! One index with every reason for a refusal in it.

use super::*;
use crate::{FRONTEND_WORLD, PluginManifest, Signer};

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

fn index() -> Index {
    let mut index = Index::new("wat");
    for (text, world, lly) in [
        ("0.9.0", FRONTEND_WORLD, "0.1.0"),
        ("1.0.0", "lily:frontend@0.1.2", "0.1.0"),
        ("1.1.0", FRONTEND_WORLD, "0.1.0"),
        ("1.2.0", "lily:frontend@0.2.0", "0.1.0"),
        ("1.3.0", FRONTEND_WORLD, "0.7.0"),
        ("1.4.0-rc.1", FRONTEND_WORLD, "0.1.0"),
    ] {
        let mut manifest = PluginManifest::new("wat", version(text), world, "text");
        manifest.lly_min_version = version(lly);
        index = index
            .with_version(&manifest, Digest::of(text.as_bytes()))
            .unwrap();
    }
    index
        .with_yanked(&version("1.1.0"), Some("loses data"))
        .unwrap()
}

fn locked(text: &str) -> Locked {
    Locked {
        name: "wat".to_owned(),
        requirement: "*".to_owned(),
        version: version(text),
        digest: Digest::of(text.as_bytes()),
        signer: Signer::Key {
            key: Digest::of(b"key"),
        },
    }
}

fn choose(requirement: &str, locked: Option<&Locked>) -> Result<String, ResolveError> {
    let worlds = [FRONTEND_WORLD.parse().unwrap()];
    let lly = version("0.1.0");
    let offer = Offer {
        lly: &lly,
        worlds: &worlds,
    };
    let index = index();
    let chosen = resolve(&index, &requirement.parse().unwrap(), &offer, locked)?;
    Ok(chosen.version.to_string())
}

#[test]
fn the_newest_that_fits_is_taken() {
    assert_eq!(choose("wat", None).unwrap(), "1.0.0");
    assert_eq!(choose("wat@<1", None).unwrap(), "0.9.0");
    assert_eq!(choose("wat@1.4.0-rc.1", None).unwrap(), "1.4.0-rc.1");
}

#[test]
fn a_refusal_says_why_for_every_version() {
    let error = choose("wat@>=1.1", None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no version of `wat` fits `wat@>=1.1`: 1.4.0-rc.1 is a pre-release, which must be asked for by name; \
         1.3.0 needs lly 0.7.0 or newer (this is 0.1.0); \
         1.2.0 is for the world `lily:frontend@0.2.0`, which this lly does not serve; \
         1.1.0 was yanked (loses data); 1.0.0 is not in that range; 0.9.0 is not in that range"
    );
}

#[test]
fn a_yanked_version_is_kept_where_it_is_locked() {
    assert_eq!(choose("wat@1", Some(&locked("1.1.0"))).unwrap(), "1.1.0");
    assert!(matches!(
        choose("wat@=1.1.0", None),
        Err(ResolveError::NoneFits { .. })
    ));
    // A lock of something else than what is asked for is no lock.
    assert_eq!(choose("wat@1", Some(&locked("0.9.0"))).unwrap(), "1.0.0");
}

#[test]
fn a_lock_that_the_index_contradicts_is_an_error() {
    let mut lock = locked("1.1.0");
    lock.digest = Digest::of(b"another");
    assert!(matches!(
        choose("wat", Some(&lock)),
        Err(ResolveError::LockedDigest { .. })
    ));
    assert!(matches!(
        choose("wat", Some(&locked("1.1.1"))),
        Err(ResolveError::LockedGone { .. })
    ));
}
