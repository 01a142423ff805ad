//! Prints the unit table of relocatable objects: `cargo run -p plugins-c --example units -- a.c.o b.c.o`.
#![allow(clippy::print_stdout, reason = "it is what the example is for")]

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut objects = Vec::new();
    for path in std::env::args().skip(1) {
        objects.push(lly_bir::Object::new(path.clone(), std::fs::read(&path)?));
    }
    let start = std::time::Instant::now();
    let program = plugins_c::analysis::program("example", objects)?;
    let analysed = start.elapsed();
    let bytes = program.encode();
    print!(
        "{}",
        lly_bir::text::render(&lly_bir::Program::decode(&bytes)?)
    );
    eprintln!(
        "analysed in {analysed:?}, all in {:?}, {} bytes",
        start.elapsed(),
        bytes.len()
    );
    Ok(())
}
