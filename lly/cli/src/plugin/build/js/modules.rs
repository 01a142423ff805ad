//! Where `import` finds modules while a plugin is loaded: in the project's folder, by relative names, and nowhere else.

use std::path::{Path, PathBuf};

use host_preinit::{Answers, Value};

use super::PRINTED_BYTES_MAX;
use crate::failure::{Failure, OrFail};

/// The module that is loaded first, which is not a file.
pub const START: &str = "/@lily/start.js";
/// Of one module.
const MODULE_BYTES_MAX: u64 = 16 << 20;

/// The modules of a project, and what they said.
pub struct Modules {
    root: PathBuf,
    /// What the code printed.
    pub printed: Vec<u8>,
    /// Why an import was refused, the last time.
    pub refused: Option<String>,
}

impl Modules {
    /// Those of the project in `folder`.
    pub fn new(folder: &Path) -> Result<Modules, Failure> {
        let root = folder
            .canonicalize()
            .or_fail(|| format!("cannot read the folder `{}`", folder.display()))?;
        Ok(Modules {
            root,
            printed: Vec::new(),
            refused: None,
        })
    }

    fn print(&mut self, byte: u8) {
        if self.printed.len() < PRINTED_BYTES_MAX {
            self.printed.push(byte);
        }
    }

    /// What a module means by `specifier`: a path that begins with `/`, which is the project's folder.
    fn resolve(&self, referrer: &str, specifier: &str) -> Result<String, String> {
        let from = referrer.trim_start_matches('/');
        if referrer == START {
            return Ok(specifier.to_owned());
        }
        if !(specifier.starts_with("./") || specifier.starts_with("../")) {
            return Err(format!(
                "{from}: `{specifier}` is not to be had: a plugin imports its world's interfaces and files of its project, as \
                 `./NAME.js`"
            ));
        }
        let mut parts: Vec<&str> = from.split('/').collect();
        parts.pop();
        for part in specifier.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => return Err(outside(from, specifier)),
                ".." => {}
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        let real = self
            .root
            .join(&path)
            .canonicalize()
            .map_err(|_| format!("{from}: there is no `{specifier}`"))?;
        match real.starts_with(&self.root) {
            true => Ok(format!("/{path}")),
            false => Err(outside(from, specifier)),
        }
    }

    fn load(&self, module: &str) -> Result<String, String> {
        let path = module.trim_start_matches('/');
        let file = self.root.join(path);
        let read = || -> std::io::Result<Vec<u8>> {
            let real = file.canonicalize()?;
            let about = real.metadata()?;
            if !real.starts_with(&self.root) || !about.is_file() {
                return Err(std::io::Error::other("it is no file of the project"));
            }
            if about.len() > MODULE_BYTES_MAX {
                let most = MODULE_BYTES_MAX >> 20;
                return Err(std::io::Error::other(format!("{most} MiB are the most")));
            }
            std::fs::read(real)
        };
        let text = read().map_err(|error| format!("cannot read `{path}`: {error}"))?;
        String::from_utf8(text).map_err(|_| format!("`{path}` is not UTF-8"))
    }
}

fn outside(from: &str, specifier: &str) -> String {
    format!("{from}: `{specifier}` is outside of the project, where a plugin imports nothing from")
}

impl Answers for Modules {
    fn knows(&self, interface: &str, _function: &str) -> bool {
        [lly_js::LOADER, lly_js::OUTPUT].contains(&interface)
    }

    fn answer(
        &mut self,
        _interface: &str,
        function: &str,
        arguments: &[Value],
    ) -> Result<Option<Value>, String> {
        let found = match (function, arguments) {
            ("listening", []) => return Ok(Some(Value::Bool(true))),
            ("print", [Value::U8(byte)]) => {
                self.print(*byte);
                return Ok(None);
            }
            ("resolve", [Value::String(referrer), Value::String(specifier)]) => {
                self.resolve(referrer, specifier)
            }
            ("load", [Value::String(module)]) => self.load(module),
            _ => {
                return Err(format!(
                    "the runtime asks for `{function}`, which this lly does not know"
                ));
            }
        };
        if let Err(reason) = &found {
            self.refused = Some(reason.clone());
        }
        let boxed = |text: String| Some(Box::new(Value::String(text)));
        Ok(Some(Value::Result(found.map(boxed).map_err(boxed))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_stay_in_the_project() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("project");
        std::fs::create_dir_all(folder.join("deep")).expect("a folder");
        std::fs::write(folder.join("a.js"), "1").expect("a file");
        std::fs::write(folder.join("deep/b.js"), "2").expect("a file");
        std::fs::write(outer.path().join("c.js"), "3").expect("a file");
        std::os::unix::fs::symlink("../c.js", folder.join("link.js")).expect("a link");
        let modules = Modules::new(&folder).expect("a project");
        let resolve = |from: &str, specifier: &str| modules.resolve(from, specifier);
        assert_eq!(resolve("/a.js", "./deep/b.js"), Ok("/deep/b.js".to_owned()));
        assert_eq!(resolve("/deep/b.js", "../a.js"), Ok("/a.js".to_owned()));
        for (from, specifier, words) in [
            ("/a.js", "../c.js", "outside of the project"),
            (
                "/deep/b.js",
                "./../../project/a.js",
                "outside of the project",
            ),
            ("/a.js", "./link.js", "outside of the project"),
            ("/a.js", "./none.js", "there is no `./none.js`"),
            ("/a.js", "node:fs", "is not to be had"),
            ("/a.js", "/etc/passwd", "is not to be had"),
        ] {
            let reason = resolve(from, specifier).expect_err(specifier);
            assert!(reason.contains(words), "{reason}");
        }
        assert_eq!(modules.load("/deep/b.js"), Ok("2".to_owned()));
        assert!(modules.load("/link.js").is_err() && modules.load("/deep").is_err());
    }
}
