//! Bundles that carry core modules: what is packed is opened, and every way in which one can be forged.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use lly_brick::container::{Bounds, ContainerError, Effort, PackedEntry, Reader, Writer};
use lly_brick::{
    BrickKind, Bundle, BundleError, Digest, FrontendRef, Limits, Manifest, ManifestError,
    PackError, Parts, SharedModule,
};

const ENGINE: &[u8] = b"\0asm engine, engine, engine";
const OTHER: &[u8] = b"\0asm another";
const COMPONENT: &[u8] = b"\0asm component";

fn packed(bytes: &[u8]) -> PackedEntry {
    PackedEntry::pack(bytes, Effort::Smallest).unwrap()
}

fn parts(modules: Vec<PackedEntry>) -> Parts {
    Parts {
        name: "app".into(),
        frontend: FrontendRef {
            name: "js".into(),
            version: "0.1.0".into(),
            digest: Digest::of(b"plugin"),
        },
        adapter: None,
        bricks: vec![("app".into(), BrickKind::Http, COMPONENT.to_vec())],
        modules,
        bir: None,
        assets: Vec::new(),
        routes: Vec::new(),
        env: Vec::new(),
        limits: Limits::default(),
    }
}

fn with(modules: Vec<PackedEntry>) -> Vec<u8> {
    Bundle::pack(parts(modules)).unwrap().bytes
}

#[test]
fn modules_are_named_by_their_content() {
    let file = with(vec![packed(OTHER), packed(ENGINE), packed(OTHER)]);
    assert_eq!(file, with(vec![packed(ENGINE), packed(OTHER)]));
    let bundle = Bundle::open(&file).unwrap();
    let digests: Vec<Digest> = bundle
        .manifest
        .modules
        .iter()
        .map(|one| one.digest)
        .collect();
    assert_eq!(digests.len(), 2);
    assert!(digests.is_sorted());
    assert_eq!(bundle.module(&Digest::of(ENGINE)), Some(ENGINE));
    assert_eq!(bundle.blob(&Digest::of(OTHER)), Some(OTHER));
    assert_eq!(bundle.module(&Digest::of(COMPONENT)), None);
    // The digest of nothing, as `openssl dgst -sha256 -binary | base64` writes it.
    assert_eq!(
        SharedModule::import_of(&Digest::of(b"")),
        "integrity=<sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=>"
    );
    let path = format!("shared/{}.wasm", Digest::of(ENGINE).hex());
    assert_eq!(bundle.entry(&path), Some(ENGINE));
    let blobs = bundle.manifest.blobs();
    assert!(blobs.contains(&(Digest::of(ENGINE), ENGINE.len() as u64)));
    // Without any, the manifest does not speak of them: bundles from before keep their identity.
    let plain = Bundle::pack(parts(Vec::new())).unwrap().manifest;
    assert!(
        !String::from_utf8(plain.canonical())
            .unwrap()
            .contains("modules\":[{\"digest")
    );
}

/// What was compressed hard once is stored as it is, however hard the writer compresses, and comes out again for the next.
#[test]
fn a_packed_entry_is_stored_as_it_is() {
    let entry = packed(&vec![7; 1 << 16]);
    for effort in [Effort::Quick, Effort::Smallest] {
        let writer = Writer::with_effort(effort).packed_entry("engine.wasm", entry.clone());
        let file = writer.entry("a", "b").finish().unwrap();
        assert!(
            file.windows(entry.frame().len())
                .any(|bytes| bytes == entry.frame())
        );
        let reader = Reader::open(&file).unwrap();
        assert_eq!(reader.packed("engine.wasm").unwrap(), entry);
        assert_eq!(reader.read("engine.wasm").unwrap(), vec![7; 1 << 16]);
        assert_eq!(reader.info("engine.wasm").unwrap().digest, entry.digest());
    }
    let reader = with(vec![packed(ENGINE)]);
    let reader = Reader::open_within(&reader, &Bounds::BUNDLE).unwrap();
    let path = SharedModule::path_of(&Digest::of(ENGINE));
    assert_eq!(reader.packed(&path).unwrap().content().unwrap(), ENGINE);
    assert!(matches!(
        reader.packed("none"),
        Err(ContainerError::Missing(_))
    ));
    let twice = Writer::new().entry("a", "b").packed_entry("a", entry);
    assert!(twice.finish().is_err());
}

#[test]
fn a_packed_entry_is_what_it_says() {
    let entry = packed(ENGINE);
    let frame = || entry.frame().to_vec();
    let open = |frame, digest, size| PackedEntry::open("engine", frame, digest, size);
    let (digest, size) = (entry.digest(), entry.size());
    assert_eq!(open(frame(), digest, size).unwrap(), entry);
    let refused = |frame, digest, size| open(frame, digest, size).unwrap_err().to_string();
    assert!(refused(frame(), Digest::of(OTHER), size).contains("the table says"));
    assert!(refused(frame(), digest, size - 1).contains("more than its 26 bytes"));
    assert!(refused(frame(), digest, size + 1).contains("27 bytes instead of 28"));
    assert!(refused(ENGINE.to_vec(), digest, size).contains("does not decompress"));
    let mut longer = frame();
    longer.push(0);
    assert!(refused(longer, digest, size).contains("1 bytes follow"));
}

/// A manifest of these modules, and the file of it and these entries, honestly sealed.
fn forged(modules: &[SharedModule], entries: &[(String, &[u8])]) -> BundleError {
    let honest = Bundle::pack(parts(Vec::new())).unwrap().manifest;
    let manifest = Manifest {
        modules: modules.to_vec(),
        ..honest
    };
    let writer = Writer::new()
        .entry("manifest.json", manifest.canonical())
        .entry("modules/app.wasm", COMPONENT);
    let add = |writer: Writer, (name, bytes): &(String, &[u8])| writer.entry(name.clone(), *bytes);
    let file = entries.iter().fold(writer, add).finish().unwrap();
    Bundle::open(&file).unwrap_err()
}

fn module(bytes: &[u8]) -> SharedModule {
    SharedModule {
        digest: Digest::of(bytes),
        size: bytes.len() as u64,
    }
}

#[test]
fn forged_modules_are_refused() {
    let path = |bytes: &[u8]| SharedModule::path_of(&Digest::of(bytes));
    let engine = module(ENGINE);
    let refused = |modules: &[SharedModule], entries: &[(String, &[u8])]| {
        forged(modules, entries).to_string()
    };
    let found = refused(&[engine], &[(path(ENGINE), OTHER)]);
    assert!(
        found.starts_with(&format!("entry `{}` is sha256:", path(ENGINE))),
        "{found}"
    );
    let larger = SharedModule {
        size: engine.size + 1,
        ..engine
    };
    let found = refused(&[larger], &[(path(ENGINE), ENGINE)]);
    assert!(
        found.ends_with("has 27 bytes, the manifest says 28"),
        "{found}"
    );
    let found = refused(&[engine], &[]);
    assert!(found.ends_with("which is not in the file"), "{found}");
    let found = refused(&[], &[(path(ENGINE), ENGINE)]);
    assert!(found.ends_with("the manifest does not name it"), "{found}");
    let found = refused(&[engine], &[("shared/engine.wasm".into(), ENGINE)]);
    assert!(found.ends_with("which is not in the file"), "{found}");
    let found = refused(&[engine, engine], &[(path(ENGINE), ENGINE)]);
    assert!(found.contains("`modules[1].digest`"), "{found}");
    let mut unsorted = [engine, module(OTHER)];
    unsorted.sort_by_key(|module| std::cmp::Reverse(module.digest));
    let found = refused(&unsorted, &[(path(ENGINE), ENGINE), (path(OTHER), OTHER)]);
    assert!(found.contains("digests are to be sorted"), "{found}");
    for size in [0, (32 << 20) + 1] {
        let found = refused(
            &[SharedModule { size, ..engine }],
            &[(path(ENGINE), ENGINE)],
        );
        assert!(found.contains("`modules[0].size`"), "{found}");
    }
    let many: Vec<PackedEntry> = (0..9_u8).map(|byte| packed(&[byte])).collect();
    assert!(matches!(
        Bundle::pack(parts(many)),
        Err(PackError::Manifest(ManifestError::Field { field, .. })) if field == "modules"
    ));
}

#[test]
fn a_module_needs_a_brick_that_could_import_it() {
    let mut site = parts(vec![packed(ENGINE)]);
    site.bricks.clear();
    site.adapter = Some(site.frontend.clone());
    site.assets = vec![lly_brick::AssetPart::plain(
        "index.html".into(),
        b"<p>".to_vec(),
    )];
    let error = Bundle::pack(site).unwrap_err().to_string();
    assert!(error.contains("there is no brick to import one"), "{error}");
}
