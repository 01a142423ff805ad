//! libc++, libc++abi and libunwind with WebAssembly exceptions, and LILY's own `liblily.a`.
//!
//! The lists of sources are those of the libraries that the clang package carries without exceptions; only the parts
//! that throw and catch are added. To add a library, add its recipe to [`RECIPES`] and `-l` to the C plugin's link.

use crate::archive::{self, Unit};
use anyhow::{Context, Result, ensure};
use host_plugin::sandbox::{File, Tools};
use lly_brick::Digest;
use std::path::Path;

/// A built library: its name in `lib/wasm32-wasip1`, and its content.
pub type Library = (&'static str, Vec<u8>);

struct Recipe {
    name: &'static str,
    /// The folder of the sources.
    folder: &'static str,
    sources: &'static [&'static str],
    arguments: &'static [&'static str],
}

/// Flags of everything. Hidden, in sections of their own and without assertions: what a program does not use is left
/// out of its brick.
const ALWAYS: [&str; 11] = [
    "-O2",
    "-DNDEBUG",
    "-w",
    "-ffunction-sections",
    "-fdata-sections",
    "-fvisibility=hidden",
    "-fwasm-exceptions",
    "-mllvm",
    "-wasm-use-legacy-eh=false",
    "-ffile-prefix-map=/src/=",
    "-fno-ident",
];

/// The tag by which C++ throws is declared by every object and defined by none: LLVM 22 leaves that to the library.
const TAG: &str = "\t.globl\t__cpp_exception\n\t.tagtype\t__cpp_exception i32\n__cpp_exception:\n";
const TAG_SOURCE: &str = "libunwind/src/cpp_exception_tag.s";

/// wasi-libc is musl by name but has no `copy_file_range`; copying through streams is what is left.
const PATCHED_SOURCE: &str = "libcxx/src/filesystem/operations.cpp";
const PATCH: (&str, &str) = (
    "_LIBCPP_GLIBC_PREREQ(2, 27) || _LIBCPP_HAS_MUSL_LIBC",
    "_LIBCPP_GLIBC_PREREQ(2, 27)",
);

const RECIPES: [Recipe; 3] = [
    Recipe {
        name: "libunwind.a",
        folder: "libunwind/src",
        sources: &["Unwind-wasm.c", "cpp_exception_tag.s"],
        arguments: &[
            "clang",
            "-D_LIBUNWIND_HIDE_SYMBOLS",
            "-I/src/libunwind/include",
        ],
    },
    Recipe {
        name: "libc++abi.a",
        folder: "libcxxabi/src",
        sources: &[
            "abort_message.cpp",
            "cxa_aux_runtime.cpp",
            "cxa_default_handlers.cpp",
            "cxa_demangle.cpp",
            "cxa_exception.cpp",
            "cxa_exception_storage.cpp",
            "cxa_guard.cpp",
            "cxa_handlers.cpp",
            "cxa_personality.cpp",
            "cxa_vector.cpp",
            "cxa_virtual.cpp",
            "fallback_malloc.cpp",
            "private_typeinfo.cpp",
            "stdlib_exception.cpp",
            "stdlib_new_delete.cpp",
            "stdlib_stdexcept.cpp",
            "stdlib_typeinfo.cpp",
        ],
        arguments: &[
            "clang++",
            "-std=c++26",
            "-fvisibility-inlines-hidden",
            "-D_LIBCXXABI_BUILDING_LIBRARY",
            "-D_LIBCPP_BUILDING_LIBRARY",
            "-I/src/libcxxabi/include",
            "-I/src/libcxx/src",
            "-I/src/libunwind/include",
        ],
    },
    Recipe {
        name: "libc++.a",
        folder: "libcxx/src",
        sources: &[
            "algorithm.cpp",
            "any.cpp",
            "atomic.cpp",
            "barrier.cpp",
            "bind.cpp",
            "call_once.cpp",
            "charconv.cpp",
            "chrono.cpp",
            "condition_variable.cpp",
            "condition_variable_destructor.cpp",
            "error_category.cpp",
            "exception.cpp",
            "expected.cpp",
            "filesystem/directory_entry.cpp",
            "filesystem/directory_iterator.cpp",
            "filesystem/filesystem_clock.cpp",
            "filesystem/filesystem_error.cpp",
            "filesystem/int128_builtins.cpp",
            "filesystem/operations.cpp",
            "filesystem/path.cpp",
            "fstream.cpp",
            "functional.cpp",
            "future.cpp",
            "hash.cpp",
            "ios.cpp",
            "ios.instantiations.cpp",
            "iostream.cpp",
            "locale.cpp",
            "memory.cpp",
            "memory_resource.cpp",
            "mutex.cpp",
            "mutex_destructor.cpp",
            "new_handler.cpp",
            "new_helpers.cpp",
            "optional.cpp",
            "ostream.cpp",
            "print.cpp",
            "random.cpp",
            "random_shuffle.cpp",
            "regex.cpp",
            "ryu/d2fixed.cpp",
            "ryu/d2s.cpp",
            "ryu/f2s.cpp",
            "shared_mutex.cpp",
            "stdexcept.cpp",
            "string.cpp",
            "strstream.cpp",
            "system_error.cpp",
            "thread.cpp",
            "typeinfo.cpp",
            "valarray.cpp",
            "variant.cpp",
            "vector.cpp",
            "verbose_abort.cpp",
        ],
        arguments: &[
            "clang++",
            "-std=c++26",
            "-fvisibility-inlines-hidden",
            "-D_LIBCPP_BUILDING_LIBRARY",
            "-DLIBCXX_BUILDING_LIBCXXABI",
            "-DLIBC_NAMESPACE=__llvm_libc_common_utils",
            "-I/src/libcxx/src",
            "-I/src/libcxx/libc",
        ],
    },
];

/// The three C++ libraries, from `cache` when they were built by the same recipe from the same sources.
pub fn build(tools: &Tools, llvm: &Path, cache: &Path, jobs: usize) -> Result<Vec<Library>> {
    let shared = sources(llvm)?;
    let seen = fingerprint(&shared);
    std::fs::create_dir_all(cache).with_context(|| format!("cannot make `{}`", cache.display()))?;
    let mut libraries = Vec::new();
    for recipe in &RECIPES {
        let key = Digest::of(
            format!(
                "{seen} {:?} {:?} {:?}",
                recipe.sources, recipe.arguments, ALWAYS
            )
            .as_bytes(),
        );
        let path = cache.join(format!("{}-{}", &key.hex()[..16], recipe.name));
        let contents = match std::fs::read(&path) {
            Ok(contents) => contents,
            Err(_) => {
                let contents = archive::build(tools, recipe.name, &shared, &units(recipe), jobs)?;
                let partial = path.with_extension("partial");
                std::fs::write(&partial, &contents)
                    .and_then(|()| std::fs::rename(&partial, &path))
                    .with_context(|| format!("cannot write `{}`", path.display()))?;
                contents
            }
        };
        println!("{}: {} KiB", recipe.name, contents.len() >> 10);
        libraries.push((recipe.name, contents));
    }
    Ok(libraries)
}

/// LILY's own library: every C file of the plugin's glue.
pub fn glue(tools: &Tools, plugin: &Path, jobs: usize) -> Result<Library> {
    let mut shared = archive::folder(&plugin.join("glue"), "glue")?;
    shared.extend(archive::folder(&plugin.join("include"), "include")?);
    let arguments = [
        "clang",
        "-std=gnu17",
        "-I/src/include",
        "-I/src/glue",
        "-I/src/glue/generated",
    ];
    let units: Vec<Unit> = shared
        .iter()
        .filter(|file| file.path.ends_with(".c"))
        .map(|file| Unit {
            source: file.path.clone(),
            arguments: with_flags(&arguments),
        })
        .collect();
    Ok((
        "liblily.a",
        archive::build(tools, "liblily.a", &shared, &units, jobs)?,
    ))
}

fn units(recipe: &Recipe) -> Vec<Unit> {
    let unit = |source: &&str| Unit {
        source: format!("{}/{source}", recipe.folder),
        arguments: with_flags(recipe.arguments),
    };
    recipe.sources.iter().map(unit).collect()
}

fn with_flags(arguments: &[&str]) -> Vec<String> {
    arguments
        .iter()
        .chain(&ALWAYS)
        .map(|&argument| argument.to_owned())
        .collect()
}

fn sources(llvm: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    // Not libc++'s own headers: those of the sysroot are the ones that programs will see.
    for folder in [
        "libcxx/src",
        "libcxx/libc",
        "libcxxabi/include",
        "libcxxabi/src",
        "libunwind/include",
        "libunwind/src",
    ] {
        files.extend(archive::folder(&llvm.join(folder), folder)?);
    }
    for file in files.iter_mut().filter(|file| file.path == PATCHED_SOURCE) {
        file.contents = patched(&file.contents)?;
    }
    files.push(File {
        path: TAG_SOURCE.to_owned(),
        contents: TAG.as_bytes().to_vec(),
    });
    Ok(files)
}

fn patched(source: &[u8]) -> Result<Vec<u8>> {
    let text = String::from_utf8_lossy(source);
    ensure!(
        text.contains(PATCH.0),
        "`{PATCHED_SOURCE}` is not the version that is pinned: `{}` is not in it",
        PATCH.0
    );
    Ok(text.replace(PATCH.0, PATCH.1).into_bytes())
}

fn fingerprint(files: &[File]) -> Digest {
    let lines: Vec<String> = files
        .iter()
        .map(|file| format!("{} {}", file.path, Digest::of(&file.contents)))
        .collect();
    Digest::of(lines.join("\n").as_bytes())
}
