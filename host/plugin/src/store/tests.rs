use super::*;
use crate::testing::{frontend_manifest, package};
use std::os::unix::fs::MetadataExt;

fn sysroot(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, contents) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_mode(0o644);
        // Not by `append_data`, which refuses the names that are tried here.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        tar.append(&header, contents.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn sample(contents: &str) -> Vec<u8> {
    let mut manifest = frontend_manifest();
    manifest.sysroot = Some("sysroot.tar".to_owned());
    manifest
        .tools
        .insert("clang".to_owned(), "tools/clang.wasm".to_owned());
    let sysroot = sysroot(&[("include/stdio.h", contents), ("./lib/libc.a", "!<arch>")]);
    package(
        &manifest,
        &[
            ("component.wasm", b"component"),
            ("tools/clang.wasm", b"tool"),
            ("sysroot.tar", &sysroot),
        ],
    )
}

#[test]
fn a_package_is_unpacked_once() {
    let home = tempfile::tempdir().unwrap();
    let store = PluginStore::new(home.path().to_owned());
    assert!(store.list().unwrap().is_empty());
    let installed = store.install_packaged(&sample("text")).unwrap();
    let header = installed.sysroot().unwrap().join("include/stdio.h");
    assert_eq!(std::fs::read(&header).unwrap(), b"text");
    let metadata = std::fs::metadata(&header).unwrap();
    assert_eq!((metadata.mtime(), metadata.mode() & 0o777), (0, 0o444));
    let (path, digest, size) = installed.entry("tools/clang.wasm").unwrap();
    assert_eq!((std::fs::read(path).unwrap(), size), (b"tool".to_vec(), 4));
    assert_eq!(digest, WasmDigest::of(b"tool"));
    let inode = std::fs::metadata(installed.dir()).unwrap().ino();
    let again = store.install_packaged(&sample("text")).unwrap();
    assert_eq!(again.dir(), installed.dir());
    assert_eq!(std::fs::metadata(again.dir()).unwrap().ino(), inode);
    // Another package of the same version lives beside it.
    let other = store.install_packaged(&sample("changed")).unwrap();
    assert_ne!(other.dir(), installed.dir());
    assert_eq!(store.list().unwrap().len(), 2);
}

#[test]
fn plugins_are_found_by_extension_the_newest_first() {
    let home = tempfile::tempdir().unwrap();
    let store = PluginStore::new(home.path().to_owned());
    for patch in [3, 10, 9] {
        let mut manifest = frontend_manifest();
        manifest.version.patch = patch;
        store
            .install_packaged(&package(&manifest, &[("component.wasm", b"")]))
            .unwrap();
    }
    assert_eq!(
        store
            .find_by_extension(".c")
            .unwrap()
            .manifest
            .version
            .patch,
        10
    );
    let error = store.find_by_extension(".rs").unwrap_err().to_string();
    assert_eq!(error, "no installed plugin compiles `.rs` files");
}

#[test]
fn many_processes_may_install_at_once() {
    let home = tempfile::tempdir().unwrap();
    let store = PluginStore::new(home.path().to_owned());
    let package = sample("text");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let installed = store.install_packaged(&package).unwrap();
                assert!(installed.sysroot().unwrap().join("lib/libc.a").is_file());
            });
        }
    });
    assert_eq!(
        std::fs::read_dir(home.path().join("plugins/c"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn what_an_interrupted_unpacking_left_is_no_plugin_and_is_swept() {
    let home = tempfile::tempdir().unwrap();
    let store = PluginStore::new(home.path().to_owned());
    let left = home.path().join("plugins/c/.unpacking-dead");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("plugin.json"), frontend_manifest().canonical()).unwrap();
    assert!(store.list().unwrap().is_empty());
    store.install_packaged(&sample("text")).unwrap();
    assert!(left.exists(), "it may still be at work");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    std::fs::File::open(&left)
        .unwrap()
        .set_modified(old)
        .unwrap();
    store.install_packaged(&sample("more")).unwrap();
    assert!(!left.exists());
}

#[test]
fn bad_packages_leave_nothing() {
    let home = tempfile::tempdir().unwrap();
    let store = PluginStore::new(home.path().to_owned());
    let mut manifest = frontend_manifest();
    let missing = store
        .install_packaged(&package(&manifest, &[]))
        .unwrap_err()
        .to_string();
    assert_eq!(
        missing,
        "the package of the plugin `c` has no entry `component.wasm`, which its manifest names"
    );
    manifest.sysroot = Some("sysroot.tar".to_owned());
    for path in ["../escape", "/etc/escape"] {
        let tar = sysroot(&[(path, "x")]);
        let package = package(&manifest, &[("component.wasm", b""), ("sysroot.tar", &tar)]);
        let error = store.install_packaged(&package).unwrap_err();
        assert!(
            matches!(error, StoreError::Sysroot { .. }),
            "{path}: {error}"
        );
    }
    let mut torn = sample("text");
    let end = torn.len() - 3;
    torn[end] ^= 1;
    assert!(matches!(
        store.install_packaged(&torn),
        Err(StoreError::Container(_))
    ));
    assert!(store.list().unwrap().is_empty());
    assert_eq!(
        std::fs::read_dir(home.path().join("plugins/c"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_damaged_plugin_is_named_takes_nothing_from_others_and_is_mended() {
    let home = tempfile::tempdir().unwrap();
    let store = PluginStore::new(home.path().to_owned());
    store.install_packaged(&sample("text")).unwrap();
    let mut other = frontend_manifest();
    other.name = "other".to_owned();
    let package = package(&other, &[("component.wasm", b"")]);
    for (file, said) in [
        ("plugin.json", "`plugin.json` is malformed"),
        ("installed.json", "is damaged: install the plugin again"),
    ] {
        let installed = store.install_packaged(&package).unwrap();
        std::fs::write(installed.dir().join(file), "{").unwrap();
        let names: Vec<_> = store
            .list()
            .unwrap()
            .into_iter()
            .map(|one| one.manifest.name)
            .collect();
        assert_eq!(names, ["c"]);
        let broken = store.broken().unwrap();
        assert_eq!((broken.len(), broken[0].name.as_str()), (1, "other"));
        assert!(
            broken[0].error.to_string().contains(said),
            "{}",
            broken[0].error
        );
        assert!(store.find("other").unwrap_err().to_string().contains(said));
        assert!(store.find("c").unwrap().is_some());
        store.install_packaged(&package).unwrap();
        assert!(store.broken().unwrap().is_empty());
        assert!(store.find("other").unwrap().is_some());
    }
}
