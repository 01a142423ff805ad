//! Compiled code on disk, so that nothing is compiled twice. Rule: a file is either complete and sealed, or absent.
//!
//! The key is (digest of the wasm, digest of the engine's settings); the latter covers wasmtime's version and the CPU's
//! features. A file that does not match its seal is compiled anew. Any number of processes may share a folder.

mod trim;

use crate::child::{self, CompileError, CompileRequest};
use crate::{Engine, load};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use wasmtime::Module;
use wasmtime::component::Component;

/// Marks the end of a file that was written in full.
const SEAL_MAGIC: &[u8; 8] = b"lilycod1";
const SEAL_BYTES: usize = 8 + 8 + 32;
/// Up to this size the seal covers every byte. Beyond it (clang: 190 MB) hashing would cost more than loading, so the
/// seal covers both ends and a page of each mebibyte: enough against a torn or zeroed file, which is what happens.
const SEAL_WHOLE_BYTES_MAX: u64 = 8 << 20;
const SEAL_END_BYTES: u64 = 64 << 10;
const SEAL_STRIDE_BYTES: u64 = 1 << 20;
const SEAL_PAGE_BYTES: u64 = 4 << 10;

/// sha256 of wasm bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WasmDigest([u8; 32]);

impl WasmDigest {
    /// The digest of `wasm`.
    pub fn of(wasm: &[u8]) -> WasmDigest {
        WasmDigest(Sha256::digest(wasm).into())
    }

    /// A digest that was taken before. The cache compares it with the bytes when it compiles them.
    pub fn from_bytes(bytes: [u8; 32]) -> WasmDigest {
        WasmDigest(bytes)
    }

    /// 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A digest from 64 hexadecimal digits, as written by [`WasmDigest::hex`].
    pub fn from_hex(hex: &str) -> Option<WasmDigest> {
        if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(WasmDigest(bytes))
    }
}

impl std::fmt::Debug for WasmDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.hex())
    }
}

/// What a piece of wasm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A component.
    Component,
    /// A core module.
    Module,
}

impl Form {
    /// The name in file names and on the compiling child's command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Component => "component",
            Form::Module => "module",
        }
    }
}

/// Why there is no compiled code.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The bytes are not wasm that this engine takes.
    #[error("{0}")]
    Compile(#[from] CompileError),
    /// The wasm could not be read.
    #[error("cannot read the wasm to compile")]
    Source(#[source] std::io::Error),
    /// The wasm is not what its digest says.
    #[error("the wasm has the digest sha256:{found:?}, not the expected sha256:{wanted:?}")]
    Digest {
        /// What was asked for.
        wanted: WasmDigest,
        /// What the bytes hash to.
        found: WasmDigest,
    },
    /// The cache folder cannot be written.
    #[error("cannot write compiled code to `{}`", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Code that was just compiled does not load.
    #[error("compiled code does not load: {0}")]
    Load(String),
}

/// A folder of compiled code.
#[derive(Clone, Debug)]
pub struct CodeCache {
    dir: PathBuf,
}

impl CodeCache {
    /// The cache in `dir`, which is made when first written to.
    pub fn new(dir: PathBuf) -> CodeCache {
        CodeCache { dir }
    }

    /// Whether loading will take milliseconds rather than a compilation.
    pub fn is_cached(&self, engine: &Engine, digest: WasmDigest, form: Form) -> bool {
        is_sealed(&self.path(engine, digest, form))
    }

    /// The component of these bytes, compiled in this process if need be.
    pub fn component(&self, engine: &Engine, wasm: &[u8]) -> Result<Component, CacheError> {
        self.component_of(engine, WasmDigest::of(wasm), || Ok(wasm.to_vec()))
    }

    /// The core module of these bytes, compiled in this process if need be.
    pub fn module(&self, engine: &Engine, wasm: &[u8]) -> Result<Module, CacheError> {
        self.module_of(engine, WasmDigest::of(wasm), || Ok(wasm.to_vec()))
    }

    /// As [`CodeCache::component`], but the wasm is read only if it must be compiled.
    pub fn component_of(
        &self,
        engine: &Engine,
        digest: WasmDigest,
        read: impl FnOnce() -> std::io::Result<Vec<u8>>,
    ) -> Result<Component, CacheError> {
        let compile = |wasm: &[u8]| here(engine, Form::Component, wasm);
        self.get(
            engine,
            digest,
            Form::Component,
            read,
            compile,
            load::component,
        )
    }

    /// As [`CodeCache::module`], but the wasm is read only if it must be compiled.
    pub fn module_of(
        &self,
        engine: &Engine,
        digest: WasmDigest,
        read: impl FnOnce() -> std::io::Result<Vec<u8>>,
    ) -> Result<Module, CacheError> {
        let compile = |wasm: &[u8]| here(engine, Form::Module, wasm);
        self.get(engine, digest, Form::Module, read, compile, load::module)
    }

    /// As [`CodeCache::component_of`], but compiled, if need be, by `exe` in a bounded process: for wasm from strangers.
    pub fn component_in_child(
        &self,
        engine: &Engine,
        exe: &Path,
        digest: WasmDigest,
        read: impl FnOnce() -> std::io::Result<Vec<u8>>,
        limits: &child::CompileLimits,
    ) -> Result<Component, CacheError> {
        let form = Form::Component;
        let compile = |wasm: &[u8]| in_child(engine, exe, form, wasm, limits);
        self.get(engine, digest, form, read, compile, load::component)
    }

    /// As [`CodeCache::module_of`], but compiled, if need be, by `exe` in a bounded process: for wasm from strangers.
    pub fn module_in_child(
        &self,
        engine: &Engine,
        exe: &Path,
        digest: WasmDigest,
        read: impl FnOnce() -> std::io::Result<Vec<u8>>,
        limits: &child::CompileLimits,
    ) -> Result<Module, CacheError> {
        let form = Form::Module;
        let compile = |wasm: &[u8]| in_child(engine, exe, form, wasm, limits);
        self.get(engine, digest, form, read, compile, load::module)
    }

    fn path(&self, engine: &Engine, digest: WasmDigest, form: Form) -> PathBuf {
        let config = &engine.config_digest().hex()[..16];
        self.dir
            .join(format!("{}-{config}.{}", digest.hex(), form.name()))
    }

    fn get<T>(
        &self,
        engine: &Engine,
        digest: WasmDigest,
        form: Form,
        read: impl FnOnce() -> std::io::Result<Vec<u8>>,
        compile: impl FnOnce(&[u8]) -> Result<Vec<u8>, CompileError>,
        load: impl Fn(&Engine, &Path) -> wasmtime::Result<T>,
    ) -> Result<T, CacheError> {
        let path = self.path(engine, digest, form);
        if let Some(loaded) = load_sealed(engine, &path, &load) {
            return Ok(loaded);
        }
        let write_error = |source| CacheError::Write {
            path: self.dir.clone(),
            source,
        };
        std::fs::create_dir_all(&self.dir).map_err(write_error)?;
        // Whoever comes second waits for the first and finds its result, rather than spend a minute and two gigabytes
        // on the same. Without locks (some network file systems) both compile, and both are right.
        let lock = File::create(path.with_extension("lock")).map_err(write_error)?;
        let _ = lock.lock();
        let loaded = match load_sealed(engine, &path, &load) {
            Some(loaded) => Ok(loaded),
            None => self.fill(&path, digest, read, compile).and_then(|()| {
                load(engine, &path).map_err(|error| CacheError::Load(format!("{error:#}")))
            }),
        };
        // The lock's file has served; one who still waits on it holds its own handle.
        let _ = std::fs::remove_file(path.with_extension("lock"));
        loaded
    }

    fn fill(
        &self,
        path: &Path,
        digest: WasmDigest,
        read: impl FnOnce() -> std::io::Result<Vec<u8>>,
        compile: impl FnOnce(&[u8]) -> Result<Vec<u8>, CompileError>,
    ) -> Result<(), CacheError> {
        let wasm = read().map_err(CacheError::Source)?;
        let found = WasmDigest::of(&wasm);
        if found != digest {
            return Err(CacheError::Digest {
                wanted: digest,
                found,
            });
        }
        let code = compile(&wasm)?;
        write_sealed(&self.dir, path, &code).map_err(|source| CacheError::Write {
            path: path.to_owned(),
            source,
        })?;
        trim::trim(&self.dir, path, trim::BYTES_MAX);
        Ok(())
    }
}

/// Compiles in this process.
pub(crate) fn here(engine: &Engine, form: Form, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
    let code = match form {
        Form::Component => engine.wasmtime().precompile_component(wasm),
        Form::Module => engine.wasmtime().precompile_module(wasm),
    };
    code.map_err(|error| CompileError::Wasm {
        message: format!("{error:#}"),
    })
}

/// Compiles in a bounded process of `exe`.
fn in_child(
    engine: &Engine,
    exe: &Path,
    form: Form,
    wasm: &[u8],
    limits: &child::CompileLimits,
) -> Result<Vec<u8>, CompileError> {
    let request = CompileRequest {
        profile: engine.profile(),
        form,
        wasm,
        limits,
    };
    child::compile(exe, &request)
}

fn load_sealed<T>(
    engine: &Engine,
    path: &Path,
    load: impl Fn(&Engine, &Path) -> wasmtime::Result<T>,
) -> Option<T> {
    if !is_sealed(path) {
        return None;
    }
    match load(engine, path) {
        Ok(loaded) => {
            trim::touch(path);
            Some(loaded)
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), "compiled code does not load: {error:#}");
            None
        }
    }
}

fn write_sealed(dir: &Path, path: &Path, code: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(trim::UNFINISHED)
        .tempfile_in(dir)?;
    file.write_all(code)?;
    let length = code.len() as u64;
    let seal = seal(&mut std::io::Cursor::new(code), length)?;
    file.write_all(SEAL_MAGIC)?;
    file.write_all(&length.to_le_bytes())?;
    file.write_all(&seal)?;
    file.persist(path)?;
    Ok(())
}

fn is_sealed(path: &Path) -> bool {
    match check_seal(path) {
        Ok(true) => true,
        Ok(false) => {
            tracing::warn!(path = %path.display(), "compiled code is damaged; compiling anew");
            false
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => {
            tracing::warn!(path = %path.display(), "compiled code is unreadable: {error}");
            false
        }
    }
}

fn check_seal(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let Some(length) = file.metadata()?.len().checked_sub(SEAL_BYTES as u64) else {
        return Ok(false);
    };
    let mut footer = [0; SEAL_BYTES];
    file.seek(SeekFrom::Start(length))?;
    file.read_exact(&mut footer)?;
    if &footer[..8] != SEAL_MAGIC || footer[8..16] != length.to_le_bytes() {
        return Ok(false);
    }
    Ok(seal(&mut file, length)? == footer[16..])
}

fn seal(file: &mut (impl Read + Seek), length: u64) -> std::io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut add = |start: u64, bytes: u64| -> std::io::Result<()> {
        let mut buffer = vec![0; usize::try_from(bytes).map_err(std::io::Error::other)?];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut buffer)?;
        hash.update(&buffer);
        Ok(())
    };
    if length <= SEAL_WHOLE_BYTES_MAX {
        add(0, length)?;
    } else {
        add(0, SEAL_END_BYTES)?;
        add(length - SEAL_END_BYTES, SEAL_END_BYTES)?;
        for start in (SEAL_STRIDE_BYTES..length - SEAL_END_BYTES).step_by(1 << 20) {
            add(start, SEAL_PAGE_BYTES)?;
        }
    }
    Ok(hash.finalize().into())
}

#[cfg(test)]
mod tests;
