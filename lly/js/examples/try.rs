use host_preinit::*;
use std::time::Instant;
struct A { files: std::path::PathBuf, out: Vec<u8> }
impl Answers for A {
    fn knows(&self, i: &str, _f: &str) -> bool { i == lly_js::LOADER || i == lly_js::OUTPUT }
    fn answer(&mut self, i: &str, f: &str, a: &[Value]) -> Result<Option<Value>, String> {
        if f != "print" { eprintln!("{i} {f} {a:?}"); }
        match (f, a) {
            ("print", [Value::U8(b)]) => { self.out.push(*b); Ok(None) }
            ("resolve", [Value::String(r), Value::String(s)]) => Ok(Some(Value::Result(Ok(Some(Box::new(Value::String(format!("/{}", s.trim_start_matches("./")))))))) ),
            ("load", [Value::String(p)]) => Ok(Some(Value::Result(match std::fs::read_to_string(self.files.join(&p[1..])) {
                Ok(t) => Ok(Some(Box::new(Value::String(t)))), Err(e) => Err(Some(Box::new(Value::String(e.to_string())))) }))),
            _ => Err("?".into()),
        }
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let runtime = std::fs::read(&a[1]).unwrap();
    let wit = std::fs::read_to_string(&a[2]).unwrap();
    let t = Instant::now();
    let linked = lly_js::link(&runtime, &wit, &a[3]).unwrap();
    eprintln!("linked {} in {:?}", linked.len(), t.elapsed());
    let js = std::path::PathBuf::from(&a[4]);
    let cache = host_engine::CodeCache::new("/tmp/exp/jscache".into());
    let args = [Value::String(lly_js::SHIM.into()), Value::String(std::fs::read_to_string(&js).unwrap()),
        Value::Option(Some(Box::new(Value::String("/plugin.js".into())))), Value::Bool(false)];
    let p = Preinit { component: &linked, function: "init", arguments: &args, cache: Some(&cache), limits: Limits::STANDARD };
    for _ in 0..2 {
    let t = Instant::now();
    let (r, answers) = p.run(A { files: js.parent().unwrap().into(), out: vec![] });
    eprintln!("preinit {:?}", t.elapsed());
    if let Some(a) = answers { eprintln!("printed: {}", String::from_utf8_lossy(&a.out)); }
    match r {
        Err(e) => { eprintln!("ERR {e:?}\n{e}"); }
        Ok(c) => {
            let t = Instant::now();
            let s = lly_js::seal(&c).unwrap();
            eprintln!("snapshot {} sealed {} in {:?}", c.len(), s.len(), t.elapsed());
            std::fs::write(&a[5], s).unwrap();
        }
    }}
}
