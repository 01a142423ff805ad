//! Bundles from outside: a golden manifest, determinism, and every way a file can be wrong.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use lly_brick::container::{Bounds, ContainerError, Reader, Writer};
use lly_brick::{
    AssetPart, BIR_ENTRY, BrickKind, Bundle, BundleError, Digest, FrontendRef, Limits, Manifest,
    ManifestError, PackError, Parts,
};

fn parts() -> Parts {
    Parts {
        name: "hello".into(),
        frontend: FrontendRef {
            name: "c".into(),
            version: "0.1.0".into(),
            digest: Digest::of(b"plugin"),
        },
        bricks: vec![(
            "hello".into(),
            BrickKind::Command,
            b"\0asm component".to_vec(),
        )],
        modules: Vec::new(),
        bir: Some(b"units".to_vec()),
        assets: vec![
            AssetPart::plain("style/a.css".into(), b"a{}".to_vec()),
            AssetPart::plain("index.html".into(), b"<p>".to_vec()),
        ],
        adapter: None,
        routes: Vec::new(),
        env: vec!["TOKEN".into(), "GREETING".into(), "TOKEN".into()],
        limits: Limits {
            memory_bytes_max: Some(1 << 26),
            ..Limits::default()
        },
    }
}

/// The identity of a bundle must not change by accident: it is written down here.
#[test]
fn golden_manifest() {
    let packed = Bundle::pack(parts()).unwrap();
    let golden = include_str!("golden/manifest.json").trim_end();
    assert_eq!(
        String::from_utf8(packed.manifest.canonical()).unwrap(),
        golden
    );
    assert_eq!(packed.manifest.digest(), Digest::of(golden.as_bytes()));
}

#[test]
fn what_is_packed_is_opened() {
    let packed = Bundle::pack(parts()).unwrap();
    let bundle = Bundle::open(&packed.bytes).unwrap();
    assert_eq!(bundle.manifest, packed.manifest);
    assert_eq!(bundle.digest, packed.manifest.digest());
    assert_eq!(bundle.entry_brick().unwrap().1, b"\0asm component");
    assert_eq!(bundle.asset("style/a.css"), Some(&b"a{}"[..]));
    assert_eq!(bundle.bir(), Some(&b"units"[..]));
    for (digest, size) in bundle.manifest.blobs() {
        let blob = bundle.blob(&digest).unwrap();
        assert_eq!((Digest::of(blob), blob.len() as u64), (digest, size));
    }
}

#[test]
fn the_order_of_parts_does_not_show() {
    let mut other = parts();
    other.assets.reverse();
    other.env.sort();
    assert_eq!(
        Bundle::pack(other).unwrap().bytes,
        Bundle::pack(parts()).unwrap().bytes
    );
}

/// Whatever one changed bit does, the reader either says so or gives the same content; it never panics.
#[test]
fn every_flipped_bit_is_noticed_or_harmless() {
    let packed = Bundle::pack(parts()).unwrap();
    let whole = Bundle::open(&packed.bytes).unwrap();
    let mut harmless = 0;
    for index in 0..packed.bytes.len() {
        for bit in 0..8 {
            let mut file = packed.bytes.clone();
            file[index] ^= 1 << bit;
            if let Ok(bundle) = Bundle::open(&file) {
                harmless += 1;
                assert_eq!(bundle.manifest, whole.manifest, "byte {index} bit {bit}");
                assert!(
                    bundle.entries().eq(whole.entries()),
                    "byte {index} bit {bit}"
                );
            }
        }
    }
    assert!(
        harmless < packed.bytes.len() / 10,
        "{harmless} flips went unnoticed"
    );
}

#[test]
fn every_cut_is_noticed() {
    let packed = Bundle::pack(parts()).unwrap();
    for length in 0..packed.bytes.len() {
        assert!(
            Bundle::open(&packed.bytes[..length]).is_err(),
            "cut to {length} bytes"
        );
    }
    let mut longer = packed.bytes;
    longer.push(0);
    assert!(matches!(
        Bundle::open(&longer),
        Err(BundleError::Container(ContainerError::Trailing(1)))
    ));
}

/// Random bytes, and random bytes behind a good header whose seal fits, never panic.
#[test]
fn noise_is_refused() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        // xorshift: the same noise on every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..20_000 {
        let length = (random() % 400) as usize;
        let noise: Vec<u8> = (0..length).map(|_| random() as u8).collect();
        assert!(Bundle::open(&noise).is_err());
        let rows = (random() % 4) as u32;
        let mut file = header(1, rows, &noise);
        file.extend_from_slice(&noise);
        assert!(Reader::open(&file).is_err() || noise.is_empty());
    }
}

fn header(version: u32, rows: u32, table: &[u8]) -> Vec<u8> {
    let mut file = lly_brick::container::MAGIC.to_vec();
    file.extend(version.to_le_bytes());
    file.extend(rows.to_le_bytes());
    file.extend((table.len() as u32).to_le_bytes());
    file.extend(Digest::of(table).as_bytes());
    file.extend(table);
    file
}

/// Name, claimed size, content.
type Row = (&'static [u8], u64, &'static [u8]);

/// A sealed file with exactly these rows.
fn forged(rows: &[(&[u8], u64, &[u8])]) -> Vec<u8> {
    let (mut table, mut content) = (Vec::new(), Vec::new());
    for (name, size, bytes) in rows {
        let stored = zstd::bulk::compress(bytes, 3).unwrap();
        table.extend((name.len() as u16).to_le_bytes());
        table.extend(*name);
        table.extend(size.to_le_bytes());
        table.extend((stored.len() as u64).to_le_bytes());
        table.extend(Digest::of(bytes).as_bytes());
        content.extend(stored);
    }
    let mut file = header(1, rows.len() as u32, &table);
    file.extend(content);
    file
}

fn refusal(file: &[u8]) -> String {
    match Reader::open_within(file, &Bounds::BUNDLE) {
        Ok(reader) => {
            let errors: Vec<_> = reader
                .names()
                .filter_map(|name| reader.read(name).err())
                .collect();
            errors.first().expect("it must be refused").to_string()
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn each_refusal_names_the_entry() {
    let long = "a".repeat(600);
    static BOMB: [u8; 1 << 20] = [0; 1 << 20];
    let cases: &[(&[Row], &str)] = &[
        (
            &[(b"../x", 1, b"x")],
            "entry `../x` is refused: the name contains `.` or `..`",
        ),
        (
            &[(b"/x", 1, b"x")],
            "entry `/x` is refused: the name is absolute",
        ),
        (
            &[(b"a\\x", 1, b"x")],
            "entry `a\\\\x` is refused: the name contains a backslash, a drive or a control character",
        ),
        (
            &[(b"a\0", 1, b"x")],
            "entry `a\\0` is refused: the name contains a backslash, a drive or a control character",
        ),
        (&[(b"", 1, b"x")], "entry `` is refused: the name is empty"),
        (
            &[(b"a\xff", 1, b"x")],
            "entry 0 has a name that is not UTF-8",
        ),
        (
            &[(b"a", 1, b"x"), (b"a", 1, b"x")],
            "entry `a` is there twice",
        ),
        (
            &[(b"b", 1, b"x"), (b"a", 1, b"x")],
            "entry `a` is not in the order of names",
        ),
        (
            &[(b"a", 1, b"x"), (b"a/b", 1, b"x")],
            "entry `a/b` is a file and a folder at once",
        ),
        (
            &[(b"a", 1 << 40, b"x")],
            "entry `a` has 1099511627776 bytes; at most 134217728 are allowed",
        ),
        (
            &[
                (b"a", 1 << 27, b""),
                (b"b", 1 << 27, b""),
                (b"c", 1 << 27, b""),
                (b"d", 1 << 27, b""),
                (b"e", 1, b""),
            ],
            "the entries up to `e` have more than 536870912 bytes together",
        ),
        (
            &[(b"a", 100, &BOMB)],
            "entry `a` is damaged: it decompresses to more than its 100 bytes",
        ),
        (
            &[(b"a", 100, b"x")],
            "entry `a` is damaged: it decompresses to 1 bytes instead of 100",
        ),
    ];
    for (rows, message) in cases {
        assert_eq!(&refusal(&forged(rows)), message);
    }
    assert!(refusal(&forged(&[(long.as_bytes(), 1, b"x")])).ends_with("the name is too long"));
    assert_eq!(refusal(b"PK\x03\x04"), "this is not a sealed LILY file");
    assert!(refusal(&header(2, 0, b"")).starts_with("the file has format version 2;"));
    assert!(refusal(&header(1, 30_000, b"")).starts_with("the file has 30000 entries;"));
    assert_eq!(
        refusal(&header(1, 3, b"")),
        "the table of entries is malformed at entry 0"
    );
}

/// A bundle of these entries, honestly sealed.
fn sealed(manifest: &[u8], entries: &[(&str, &[u8])]) -> Vec<u8> {
    let writer = Writer::new().entry("manifest.json", manifest);
    entries
        .iter()
        .fold(writer, |writer, (name, bytes)| writer.entry(*name, *bytes))
        .finish()
        .unwrap()
}

#[test]
fn manifest_and_entries_must_agree() {
    let mut lean = parts();
    (lean.bir, lean.assets) = (None, Vec::new());
    let manifest = Bundle::pack(lean).unwrap().manifest.canonical();
    let wasm: &[u8] = b"\0asm component";
    let path = "modules/hello.wasm";
    assert!(Bundle::open(&sealed(&manifest, &[(path, wasm)])).is_ok());
    let error = |file: Vec<u8>| Bundle::open(&file).unwrap_err().to_string();
    assert_eq!(
        error(sealed(&manifest, &[])),
        "the manifest names entry `modules/hello.wasm`, which is not in the file"
    );
    assert_eq!(
        error(sealed(&manifest, &[(path, wasm), ("evil", b"")])),
        "entry `evil` is in the file, but the manifest does not name it"
    );
    assert!(
        error(sealed(&manifest, &[(path, b"\0asm another")]))
            .starts_with("entry `modules/hello.wasm` is sha256:")
    );
    assert_eq!(
        error(Writer::new().entry("plugin.json", "{}").finish().unwrap()),
        "the file has no `manifest.json`: it is not a bundle"
    );
}

#[test]
fn manifests_are_strict() {
    let golden = include_str!("golden/manifest.json").trim_end();
    let parse = |text: &str| Manifest::parse(text.as_bytes());
    assert!(parse(golden).is_ok());
    assert!(matches!(
        parse(&format!("{golden}\n")),
        Err(ManifestError::NotCanonical)
    ));
    let replaced = |from: &str, to: &str| {
        assert!(golden.contains(from), "{from}");
        parse(&golden.replacen(from, to, 1))
            .unwrap_err()
            .to_string()
    };
    assert!(replaced("\"schema\":1", "\"schema\":2").contains("has schema 2"));
    assert!(replaced("\"schema\":1", "\"extra\":1,\"schema\":1").contains("unknown field `extra`"));
    assert!(
        replaced(
            "\"name\":\"hello\",\"schema\"",
            "\"name\":\"../x\",\"schema\""
        )
        .contains("`name`")
    );
    assert!(replaced("modules/hello.wasm", "modules/../x.wasm").contains("bricks[0].path"));
    assert!(replaced("index.html", "../../x").contains("`assets[0].path`"));
    assert!(replaced("style/a.css", "a.css").contains("`assets[1].path`"));
    assert!(replaced("TOKEN", "A=B").contains("`env[1]`"));
    assert!(replaced("67108864", "0").contains("`limits.memory_bytes_max`"));
    assert!(replaced("\"command\"", "\"daemon\"").contains("daemon"));
    assert!(replaced("sha256:", "sha1:").contains("is not a digest"));
}

#[test]
fn parts_that_make_no_bundle() {
    let error = |change: fn(&mut Parts)| {
        let mut parts = parts();
        change(&mut parts);
        Bundle::pack(parts).unwrap_err()
    };
    assert!(matches!(
        error(|parts| parts.bricks.clear()),
        PackError::Manifest(_)
    ));
    assert!(matches!(
        error(|parts| parts.name = "a/b".into()),
        PackError::Manifest(_)
    ));
    assert!(matches!(
        error(|parts| parts
            .assets
            .push(AssetPart::plain("index.html".into(), Vec::new()))),
        PackError::Manifest(_)
    ));
    assert!(matches!(
        error(|parts| parts
            .assets
            .push(AssetPart::plain("index.html/x".into(), Vec::new()))),
        PackError::Write(_)
    ));
    assert_eq!(BIR_ENTRY, "bir");
}
