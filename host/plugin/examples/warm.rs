//! How long it takes until a frontend with clang is ready, by hand: `warm HOME CLANG SYSROOT.tar [FILE.c]`.
#![expect(clippy::print_stdout, reason = "a program for the command line")]

use host_plugin::{BrickPlan, Frontend, Options, PluginStore, Progress, SourceFile, Stage};
use lly_brick::container::Writer;
use registry_index::{FRONTEND_WORLD, PluginManifest};
use std::path::PathBuf;
use std::time::Instant;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

struct Print;

impl Progress for Print {
    fn begin(&self, stage: &Stage) {
        println!("{}", stage.what);
    }
    fn advance(&self, _stage: &Stage, _fraction: f32) {}
    fn end(&self, _stage: &Stage) {}
}

const CORE: &str = r#"(module
    (import "lily:frontend/tool@0.1.0" "run" (func (param i32 i32 i32 i32 i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 8192)
    (func (export "lower") (param i32) (result i32) i32.const 1024)
    (func (export "emit") (param i32) (result i32) i32.const 1024))"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [home, clang, sysroot, ..] = arguments.as_slice() else {
        return Err("usage: warm HOME CLANG SYSROOT.tar".into());
    };
    let packed = home.join("c.plugin");
    if !packed.exists() {
        std::fs::create_dir_all(home)?;
        let mut resolve = wit_parser::Resolve::default();
        let (package, _) = resolve.push_dir("wit/frontend")?;
        let world = resolve.select_world(&[package], Some("frontend"))?;
        let mut module = wat::parse_str(CORE)?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
        let component = ComponentEncoder::default().module(&module)?.encode()?;
        let mut manifest =
            PluginManifest::new("c", semver::Version::new(0, 1, 0), FRONTEND_WORLD, "C");
        manifest.tools.insert("clang".into(), "clang.wasm".into());
        manifest.sysroot = Some("sysroot.tar".into());
        let package = Writer::new()
            .entry("plugin.json", manifest.canonical())
            .entry("component.wasm", component)
            .entry("clang.wasm", std::fs::read(clang)?)
            .entry("sysroot.tar", std::fs::read(sysroot)?)
            .finish()?;
        std::fs::write(&packed, package)?;
    }
    let package = std::fs::read(&packed)?;
    let store = PluginStore::new(home.clone());
    let begun = Instant::now();
    let installed = store.install_packaged(&package)?;
    println!("installed in {:?}", begun.elapsed());
    let begun = Instant::now();
    let frontend = Frontend::load(&store, &installed, &Print)?;
    println!(
        "{} loaded in {:?}",
        frontend.manifest().name,
        begun.elapsed()
    );
    let Some(path) = arguments.get(3) else {
        return Ok(());
    };
    let source = SourceFile {
        path: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        contents: std::fs::read(path)?,
    };
    let options = Options {
        name: "hello".into(),
        profile: None,
        optimization: 2,
        debug_info: false,
        defines: vec![],
        include_dirs: vec![],
        flags: vec![],
    };
    for _ in 0..3 {
        let begun = Instant::now();
        let lowered = frontend.lower(std::slice::from_ref(&source), &[], &options, 2)?;
        println!(
            "lowered in {:?}: {} bytes",
            begun.elapsed(),
            lowered.bir.len()
        );
        let begun = Instant::now();
        let plan = BrickPlan {
            name: "hello".into(),
            units: vec![],
        };
        let emitted = frontend.emit(&lowered.bir, &plan, &options)?;
        println!(
            "emitted in {:?}: {} bytes",
            begun.elapsed(),
            emitted.component.len()
        );
    }
    Ok(())
}
