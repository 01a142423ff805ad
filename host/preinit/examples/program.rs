//! One module of plain JavaScript as a component, to try an engine: `program ENGINE.wasm FILE.js OUT.wasm`.

use host_engine::{CodeCache, WasmDigest};
use host_preinit::Limits;
use host_preinit::javascript::{Begun, Javascript, Program};
use host_web::{Value, encode};
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [engine_path, source, output] = arguments.as_slice() else {
        return Err("usage: program ENGINE.wasm FILE.js OUT.wasm".into());
    };
    let code = std::fs::read_to_string(source)?;
    let row = Value::List(vec![
        Value::from("main.js"),
        Value::from("module"),
        Value::from(code.clone()),
        Value::List(Vec::new()),
        Value::List(Vec::new()),
    ]);
    let module = std::fs::read(engine_path)?;
    let engine = lly_js::Engine::read(&module)?;
    let read = || std::fs::read(engine_path);
    let javascript = Javascript {
        digest: WasmDigest::from_bytes(engine.digest),
        read: &read,
        cache: &CodeCache::new(std::env::temp_dir().join("lily-program-cache")),
        limits: Limits::PROGRAM,
    };
    let begun = std::time::Instant::now();
    let prepared = javascript.prepare(Program {
        rows: &encode(&[Value::List(vec![row])]),
        maps: &encode(&[]),
        evaluate: code.contains("export default"),
    })?;
    let spent = begun.elapsed();
    for line in &prepared.printed {
        print!("{}", line.text);
    }
    let kind = match prepared.begun {
        Begun::AtStart => lly_js::Kind::Script,
        Begun::Serving | Begun::Asked(_) => lly_js::Kind::Server,
    };
    let heap = lly_js::Heap::difference(&engine, &prepared.image, &prepared.memory);
    let component = lly_js::assemble(&engine, kind, &heap, &encode(&[]))?;
    println!(
        "{}: {:?} {kind:?}, {} bytes in {} runs, {} pages, component {} bytes, {} ms",
        output.display(),
        prepared.begun,
        heap.bytes(),
        heap.runs.len(),
        heap.pages,
        component.len(),
        spent.as_millis(),
    );
    std::fs::write(output, component)?;
    Ok(())
}
