use super::*;
use crate::Profile;

const WAT: &str = r#"(component
    (core module $m (func (export "answer") (result i32) i32.const 42))
    (core instance $i (instantiate $m))
    (func (export "answer") (result u32) (canon lift (core func $i "answer"))))"#;

fn answer(engine: &Engine, component: &Component) -> u32 {
    let mut store = wasmtime::Store::new(engine.wasmtime(), ());
    let linker = wasmtime::component::Linker::new(engine.wasmtime());
    let instance = linker.instantiate(&mut store, component).unwrap();
    let answer = instance.get_typed_func::<(), (u32,)>(&mut store, "answer");
    answer.unwrap().call(&mut store, ()).unwrap().0
}

fn only_file(dir: &Path) -> PathBuf {
    let files: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.into_iter().next().unwrap()
}

#[test]
fn what_was_compiled_once_is_only_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let cache = CodeCache::new(dir.path().join("code"));
    let engine = Engine::new(Profile::Tool).unwrap();
    let wasm = wat::parse_str(WAT).unwrap();
    let digest = WasmDigest::of(&wasm);
    assert!(!cache.is_cached(&engine, digest, Form::Component));
    assert_eq!(
        answer(&engine, &cache.component(&engine, &wasm).unwrap()),
        42
    );
    assert!(cache.is_cached(&engine, digest, Form::Component));
    let again = cache.component_of(&engine, digest, || panic!("it is cached"));
    assert_eq!(answer(&engine, &again.unwrap()), 42);
    // Another engine's code is another file.
    let other = Engine::new(Profile::Plugin).unwrap();
    assert!(!cache.is_cached(&other, digest, Form::Component));
}

#[test]
fn a_damaged_file_is_compiled_anew() {
    let dir = tempfile::tempdir().unwrap();
    let cache = CodeCache::new(dir.path().to_owned());
    let engine = Engine::new(Profile::Tool).unwrap();
    let wasm = wat::parse_str(WAT).unwrap();
    cache.component(&engine, &wasm).unwrap();
    let path = only_file(dir.path());
    let whole = std::fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let cut = whole[..whole.len() - 1].to_vec();
    let zeroed = vec![0; whole.len()];
    for damaged in [flipped, cut, zeroed, Vec::new(), b"text".to_vec()] {
        std::fs::write(&path, &damaged).unwrap();
        let digest = WasmDigest::of(&wasm);
        assert!(!cache.is_cached(&engine, digest, Form::Component));
        assert_eq!(
            answer(&engine, &cache.component(&engine, &wasm).unwrap()),
            42
        );
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn a_sealed_file_that_is_no_code_is_compiled_anew() {
    let dir = tempfile::tempdir().unwrap();
    let cache = CodeCache::new(dir.path().to_owned());
    let engine = Engine::new(Profile::Tool).unwrap();
    let wasm = wat::parse_str(WAT).unwrap();
    cache.component(&engine, &wasm).unwrap();
    let path = only_file(dir.path());
    write_sealed(dir.path(), &path, &[7; 5000]).unwrap();
    assert_eq!(
        answer(&engine, &cache.component(&engine, &wasm).unwrap()),
        42
    );
}

#[test]
fn seals_of_large_files_see_their_ends_and_pages() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large");
    let code = vec![3; 20 << 20];
    write_sealed(dir.path(), &path, &code).unwrap();
    assert!(check_seal(&path).unwrap());
    let whole = std::fs::read(&path).unwrap();
    for at in [0, 5 << 20, whole.len() - SEAL_BYTES - 1, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert!(!check_seal(&path).unwrap(), "byte {at}");
    }
}

#[test]
fn many_may_ask_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let cache = CodeCache::new(dir.path().to_owned());
    let engine = Engine::new(Profile::Tool).unwrap();
    let wasm = wat::parse_str(WAT).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let component = cache.component(&engine, &wasm).unwrap();
                assert_eq!(answer(&engine, &component), 42);
            });
        }
    });
    only_file(dir.path());
}

#[test]
fn bytes_that_are_not_what_was_asked_for_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let cache = CodeCache::new(dir.path().to_owned());
    let engine = Engine::new(Profile::Tool).unwrap();
    let digest = WasmDigest::of(b"something else");
    let wrong = cache.module_of(&engine, digest, || Ok(b"this".to_vec()));
    assert!(matches!(wrong, Err(CacheError::Digest { .. })));
    let broken = cache.module(&engine, b"not wasm").unwrap_err().to_string();
    assert!(broken.starts_with("invalid WebAssembly"), "{broken}");
}

#[test]
fn digests_are_written_and_read() {
    let digest = WasmDigest::of(b"");
    assert_eq!(
        digest.hex(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(WasmDigest::from_hex(&digest.hex()), Some(digest));
    assert_eq!(WasmDigest::from_hex("é"), None);
}
