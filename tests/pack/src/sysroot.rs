//! What a program sees under `/usr`: the clang package's files without what no program needs, LILY's libraries instead
//! of those without exceptions, and LILY's headers. The tar is the same for the same content.

use crate::libraries::Library;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Folder of the libraries.
const LIBRARIES: &str = "lib/wasm32-wasip1";

/// Folders and files that serve other processors, accelerators or tools than a wasm32 program.
const TRIMMED: [&str; 15] = [
    "include/c++/v1/__cxx03/",
    "include/cuda_wrappers/",
    "include/fuzzer/",
    "include/hlsl/",
    "include/llvm_libc_wrappers/",
    "include/llvm_offload_wrappers/",
    "include/openmp_wrappers/",
    "include/orc/",
    "include/ppc_wrappers/",
    "include/profile/",
    "include/sanitizer/",
    "include/zos_wrappers/",
    "lib/wasm32-unknown-wasip1/libclang_rt.profile.a",
    "lib/wasm32-wasip1/libc++experimental.a",
    "share/libc++/",
];

/// Beginnings of the names of headers directly in `include` that belong to other processors.
const FOREIGN: [&str; 11] = [
    "include/__clang_cuda",
    "include/__clang_hip",
    "include/__clang_openmp",
    "include/__clang_spirv",
    "include/altivec",
    "include/arm_",
    "include/hexagon",
    "include/hvx_hexagon",
    "include/opencl-c",
    "include/riscv_",
    "include/vecintrin",
];

type Files = BTreeMap<String, Vec<u8>>;

/// Unpacks the package's tar to `to`, once.
pub fn unpack(tar: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        return Ok(());
    }
    let bytes = std::fs::read(tar).with_context(|| format!("cannot read `{}`", tar.display()))?;
    unpack_bytes(&bytes, to)
}

/// Unpacks a tar to `to`, in place of what was there.
pub fn unpack_bytes(tar: &[u8], to: &Path) -> Result<()> {
    let partial = to.with_extension("partial");
    for old in [&partial, to] {
        if old.exists() {
            std::fs::remove_dir_all(old)
                .with_context(|| format!("cannot remove `{}`", old.display()))?;
        }
    }
    std::fs::create_dir_all(&partial)
        .with_context(|| format!("cannot make `{}`", partial.display()))?;
    tar::Archive::new(tar)
        .unpack(&partial)
        .context("cannot unpack the sysroot")?;
    std::fs::rename(&partial, to).with_context(|| format!("cannot make `{}`", to.display()))
}

/// The tar of the packaged sysroot.
pub fn pack(base: &Path, built: &[Library], glue: &Library, headers: &Path) -> Result<Vec<u8>> {
    let mut files = Files::new();
    gather(base, "", &mut files)?;
    files.retain(|path, _| is_needed(path));
    for (name, contents) in built.iter().chain([glue]) {
        files.insert(format!("{LIBRARIES}/{name}"), contents.clone());
    }
    gather(headers, "include", &mut files)?;
    let tar = tar(&files)?;
    println!("sysroot: {} files, {} KiB", files.len(), tar.len() >> 10);
    Ok(tar)
}

fn is_needed(path: &str) -> bool {
    let trimmed = TRIMMED
        .iter()
        .chain(&FOREIGN)
        .any(|begin| path.starts_with(begin));
    // Shared objects need a dynamic linker; `*intrin.h` in clang's own folder is for processors of x86.
    let foreign = path.ends_with(".so") || (is_top_header(path) && path.ends_with("intrin.h"));
    !trimmed && !foreign
}

fn is_top_header(path: &str) -> bool {
    path.strip_prefix("include/")
        .is_some_and(|name| !name.contains('/'))
}

fn gather(folder: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .context("a file name is not UTF-8")?;
        let inside = if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}/{name}")
        };
        if path.is_dir() {
            gather(&path, &inside, files)?;
        } else {
            let mut contents = Vec::new();
            std::fs::File::open(&path)
                .and_then(|mut file| file.read_to_end(&mut contents))
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            files.insert(inside, contents);
        }
    }
    Ok(())
}

fn tar(files: &Files) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, contents) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, path, contents.as_slice())
            .with_context(|| format!("cannot put `{path}` into the sysroot"))?;
    }
    tar.into_inner().context("cannot finish the sysroot")
}

#[cfg(test)]
mod tests {
    use super::{Files, is_needed, tar};

    #[test]
    fn the_tar_depends_on_names_and_content_only() {
        let one: Files = [("b".to_owned(), vec![1]), ("a/c".to_owned(), vec![2])].into();
        let two: Files = [("a/c".to_owned(), vec![2]), ("b".to_owned(), vec![1])].into();
        assert_eq!(tar(&one).expect("a tar"), tar(&two).expect("a tar"));
    }

    #[test]
    fn trimming_keeps_what_programs_include() {
        for path in [
            "include/stddef.h",
            "include/wasm_simd128.h",
            "include/c++/v1/regex",
            "include/wasm32-wasip1/stdio.h",
        ] {
            assert!(is_needed(path), "{path}");
        }
        for path in [
            "include/avxintrin.h",
            "include/cuda_wrappers/new",
            "lib/wasm32-wasip1/libc.so",
        ] {
            assert!(!is_needed(path), "{path}");
        }
    }
}
