//! The user's options as clang's flags. To offer another profile, add it to [`PROFILES`] and to `plugin.json`.

use crate::diagnostics::error;
use crate::sources::{Language, SOURCE_ROOT, is_inside_project};
use crate::types::{Diagnostic, Options};

/// What `--profile` takes, the language it is about, and clang's name for it. The GNU dialects are meant, as every C
/// compiler does when no standard is asked for: the strict ones hide POSIX from the system's headers. Who wants a
/// strict one says `flags = ["-std=c17"]` in `lly.toml`.
const PROFILES: [(&str, Language, &str); 8] = [
    ("c11", Language::C, "gnu11"),
    ("c17", Language::C, "gnu17"),
    ("c23", Language::C, "gnu23"),
    ("c++14", Language::Cpp, "gnu++14"),
    ("c++17", Language::Cpp, "gnu++17"),
    ("c++20", Language::Cpp, "gnu++20"),
    ("c++23", Language::Cpp, "gnu++23"),
    ("c++26", Language::Cpp, "gnu++26"),
];

const DEFAULT_C: &str = "gnu17";
const DEFAULT_CPP: &str = "gnu++20";

/// Beginnings of the flags that a project may add: those about the language, warnings and code. The rest is either
/// this frontend's own business (inputs, outputs, target) or has an option of its own (`-I`, `-D`, `-O`).
const FLAGS_ALLOWED: [&str; 6] = ["-W", "-f", "-m", "-U", "-std=", "-pedantic"];
/// Flags that begin so, but would break what this frontend relies on.
const FLAGS_REFUSED: [&str; 9] = [
    "-Wl,",
    "-Wa,",
    "-Wp,",
    "-mllvm",
    "-fplugin",
    "-fdiagnostics",
    "-fmodules",
    "-flto",
    "-fsyntax-only",
];

/// Flags of every translation unit. `signal`, `mmap`, `getpid` and `times` are emulated within the process, as far as
/// wasi-libc can; what a program does not use is not linked.
const FLAGS_ALWAYS: [&str; 19] = [
    "--target=wasm32-wasip1",
    "-c",
    "-g",
    "-ffunction-sections",
    "-fdata-sections",
    "-mllvm",
    "-wasm-enable-sjlj",
    "-mllvm",
    "-wasm-use-legacy-eh=false",
    "-D_WASI_EMULATED_SIGNAL",
    "-D_WASI_EMULATED_MMAN",
    "-D_WASI_EMULATED_PROCESS_CLOCKS",
    "-D_WASI_EMULATED_GETPID",
    "-ffile-prefix-map=/src/=",
    "-ffile-compilation-dir=.",
    "-fno-caret-diagnostics",
    "-fno-color-diagnostics",
    "-fdiagnostics-show-option",
    "-fno-ident",
];

/// Checked options, ready to become arguments.
pub struct Settings {
    standard_c: &'static str,
    standard_cpp: &'static str,
    profile: Option<(String, Language)>,
    rest: Vec<String>,
}

impl Settings {
    /// Checks what the user asked for.
    ///
    /// # Errors
    /// One diagnostic for each option that cannot be followed.
    pub fn parse(options: &Options) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let mut settings = Self {
            standard_c: DEFAULT_C,
            standard_cpp: DEFAULT_CPP,
            profile: None,
            rest: Vec::new(),
        };
        if let Some(profile) = &options.profile {
            match PROFILES.iter().find(|(name, ..)| name == profile) {
                Some((name, language, standard)) => {
                    match language {
                        Language::C => settings.standard_c = standard,
                        Language::Cpp => settings.standard_cpp = standard,
                    }
                    settings.profile = Some(((*name).to_owned(), *language));
                }
                None => problems.push(error(format!(
                    "unknown profile `{profile}`: the C frontend knows {}",
                    PROFILES.map(|(name, ..)| name).join(", ")
                ))),
            }
        }
        if options.optimization > 3 {
            problems.push(error(format!(
                "optimization level {} is not one of 0 to 3",
                options.optimization
            )));
        }
        settings
            .rest
            .push(format!("-O{}", options.optimization.min(3)));
        for define in &options.defines {
            match define.split('=').next() {
                Some(name) if is_macro_name(name) => settings.rest.push(format!("-D{define}")),
                _ => problems.push(error(format!(
                    "`-D {define}` does not begin with a macro's name"
                ))),
            }
        }
        for folder in &options.include_dirs {
            if is_inside_project(folder) {
                let folder = match folder.as_str() {
                    "." => "",
                    folder => folder.strip_prefix("./").unwrap_or(folder),
                };
                settings.rest.push(format!("-I{SOURCE_ROOT}{folder}"));
            } else {
                problems.push(error(format!(
                    "include folder `{folder}` is not inside the project"
                )));
            }
        }
        for flag in &options.flags {
            let begins = |with: &&str| flag.starts_with(*with);
            if FLAGS_ALLOWED.iter().any(&begins) && !FLAGS_REFUSED.iter().any(begins) {
                settings.rest.push(flag.clone());
            } else if !is_library(flag) {
                problems.push(error(format!(
                    "flag `{flag}` is not one that a project may set: allowed are flags about warnings (-W…), the \
                     language and code (-f…, -m…, -std=…) and -U"
                )));
            }
        }
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(problems)
        }
    }

    /// A profile is refused when no source is of its language: it would silently do nothing.
    pub fn check_profile(&self, languages: &[Language]) -> Option<Diagnostic> {
        let (name, language) = self.profile.as_ref()?;
        (!languages.is_empty() && !languages.contains(language)).then(|| {
            error(format!(
                "profile `{name}` is about {}, and no source file is {}",
                language.name(),
                language.name()
            ))
        })
    }

    /// clang's arguments for the translation unit at `path`, argv[0] included.
    pub fn arguments(&self, path: &str, language: Language, output: &str) -> Vec<String> {
        let mut arguments = Vec::with_capacity(FLAGS_ALWAYS.len() + self.rest.len() + 8);
        let (tool, standard) = match language {
            Language::C => ("clang", self.standard_c),
            Language::Cpp => ("clang++", self.standard_cpp),
        };
        arguments.push(tool.to_owned());
        arguments.extend(FLAGS_ALWAYS.map(str::to_owned));
        if language == Language::Cpp {
            arguments.push("-fwasm-exceptions".to_owned());
        }
        arguments.push(format!("-std={standard}"));
        // A file may be of one language only: a `-std=` of the other is not for it.
        arguments.extend(
            self.rest
                .iter()
                .filter(|flag| !is_standard_of_other(flag, language))
                .cloned(),
        );
        arguments.extend([
            "-o".to_owned(),
            output.to_owned(),
            format!("{SOURCE_ROOT}{path}"),
        ]);
        arguments
    }
}

fn is_standard_of_other(flag: &str, language: Language) -> bool {
    flag.starts_with("-std=") && flag.contains("++") != (language == Language::Cpp)
}

fn is_macro_name(name: &str) -> bool {
    let head = name.split('(').next().unwrap_or_default();
    !head.is_empty()
        && !head.starts_with(|first: char| first.is_ascii_digit())
        && head
            .chars()
            .all(|character| character == '_' || character.is_alphanumeric())
}

/// `-lm` and the like: every library there is gets linked anyway.
fn is_library(flag: &str) -> bool {
    matches!(
        flag,
        "-lm"
            | "-lc"
            | "-lrt"
            | "-ldl"
            | "-lpthread"
            | "-lutil"
            | "-lstdc++"
            | "-lc++"
            | "-pthread"
            | "-g"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            name: "p".into(),
            profile: None,
            optimization: 2,
            debug_info: false,
            defines: vec!["A".into(), "B=\"x y\"".into()],
            include_dirs: vec!["include".into(), ".".into()],
            flags: vec!["-Wall".into(), "-lm".into(), "-std=c11".into()],
        }
    }

    #[test]
    fn a_c_file_gets_c_flags() {
        let settings = Settings::parse(&options()).unwrap();
        let arguments = settings.arguments("src/a.c", Language::C, "/out/unit.o");
        assert_eq!(arguments[0], "clang");
        let tail = &arguments[1 + FLAGS_ALWAYS.len()..];
        assert_eq!(
            tail,
            [
                "-std=gnu17",
                "-O2",
                "-DA",
                "-DB=\"x y\"",
                "-I/src/include",
                "-I/src/",
                "-Wall",
                "-std=c11",
                "-o",
                "/out/unit.o",
                "/src/src/a.c"
            ]
        );
    }

    #[test]
    fn a_cpp_file_gets_exceptions_and_no_c_standard() {
        let settings = Settings::parse(&Options {
            profile: Some("c++23".into()),
            ..options()
        })
        .unwrap();
        let arguments = settings.arguments("a.cpp", Language::Cpp, "/out/unit.o");
        assert_eq!(arguments[0], "clang++");
        for flag in ["-fwasm-exceptions", "-std=gnu++23"] {
            assert!(arguments.iter().any(|argument| argument == flag), "{flag}");
        }
        assert!(!arguments.iter().any(|argument| argument == "-std=c11"));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let problems = Settings::parse(&Options {
            profile: Some("c89".into()),
            optimization: 9,
            defines: vec!["9=1".into()],
            include_dirs: vec!["../x".into()],
            flags: vec!["-o".into(), "-Wl,-s".into(), "--target=x".into()],
            ..options()
        });
        assert_eq!(problems.err().map(|problems| problems.len()), Some(7));
    }
}
