//! Components that import core modules by content, which their bundle carries.

use crate::stage::{compile, engine, limits, runtime};
use host_runtime::{
    Carried, CommandRequest, Input, LoadedModule, Output, PrepareError, Program, maps_of,
};
use lly_brick::{BrickKind, Digest, SharedModule};
use std::sync::Arc;

/// A core module whose `answer` is this: 0 is a success of `wasi:cli/run`, 1 none.
fn module(answer: u8) -> (Digest, Arc<LoadedModule>) {
    let text = format!("(module (func (export \"answer\") (result i32) (i32.const {answer})))");
    let wasm = wat::parse_str(text).unwrap();
    let module = wasmtime::Module::new(engine().wasmtime(), &wasm).unwrap();
    let digest = Digest::of(&wasm);
    (digest, Arc::new(LoadedModule::new(&digest, module)))
}

/// A command that does what the core module of this content does.
fn importing(digest: &Digest, result: &str) -> Vec<u8> {
    let import = SharedModule::import_of(digest);
    let text = format!(
        r#"(component
             (import "{import}" (core module $shared (export "answer" (func {result}))))
             (core instance $shared (instantiate $shared))
             (func $run (result (result)) (canon lift (core func $shared "answer")))
             (instance $run (export "run" (func $run)))
             (export "wasi:cli/run@0.2.6" (instance $run))
             (@custom "lily:maps" "maps"))"#
    );
    wat::parse_str(text).unwrap()
}

fn prepare(wasm: &[u8], modules: Vec<Arc<LoadedModule>>) -> Result<Program, PrepareError> {
    let maps = maps_of(wasm).unwrap_or_default().to_vec();
    let carried = Carried { modules, maps };
    runtime(limits()).prepare(compile(wasm), BrickKind::Command, carried)
}

async fn exit_code(program: &Program) -> i32 {
    let request = CommandRequest {
        args: Vec::new(),
        env: Vec::new(),
        stdin: Input::Empty,
        stdout: Output::Discard,
        stderr: Output::Discard,
        timeout: None,
    };
    program.run_command(request).await.unwrap().code()
}

#[tokio::test]
async fn a_module_is_found_by_its_content_and_lives_with_its_programs() {
    let ((good, good_module), (bad, bad_module)) = (module(0), module(1));
    let all = vec![Arc::clone(&good_module), Arc::clone(&bad_module)];
    let first = prepare(&importing(&good, "(result i32)"), all.clone()).unwrap();
    let second = prepare(&importing(&good, "(result i32)"), all.clone()).unwrap();
    let third = prepare(&importing(&bad, "(result i32)"), all).unwrap();
    let mut codes = Vec::new();
    for program in [&first, &second, &third] {
        codes.push(exit_code(program).await);
    }
    assert_eq!(codes, [0, 0, 1]);
    // A program keeps what it imports and nothing else; the last one lets go of it.
    assert_eq!(Arc::strong_count(&good_module), 3);
    assert_eq!(Arc::strong_count(&bad_module), 2);
    drop((first, third));
    assert_eq!(Arc::strong_count(&good_module), 2);
    assert_eq!(Arc::strong_count(&bad_module), 1);
    assert_eq!(exit_code(&second).await, 0);
}

#[tokio::test]
async fn a_module_that_is_not_carried_is_named() {
    let ((wanted, _), (_, other)) = (module(0), module(1));
    let wasm = importing(&wanted, "(result i32)");
    let refused = prepare(&wasm, vec![other]).unwrap_err().to_string();
    let import = SharedModule::import_of(&wanted);
    assert_eq!(
        refused,
        format!("the program imports the core module `{import}`, which its bundle does not carry")
    );
    // A program that imports none is given none.
    let (_, module) = module(0);
    let plain = crate::guests::command("", "(i32.const 0)");
    drop(prepare(&plain, vec![Arc::clone(&module)]).unwrap());
    assert_eq!(Arc::strong_count(&module), 1);
}

#[tokio::test]
async fn a_module_of_another_shape_is_refused() {
    let (digest, module) = module(0);
    // The component is valid by itself: it is the module that has another type.
    let text = format!(
        "(component (import \"{}\" (core module (export \"question\" (func)))) )",
        SharedModule::import_of(&digest)
    );
    let wasm = wat::parse_str(text).unwrap();
    let refused = prepare(&wasm, vec![module]).unwrap_err();
    let PrepareError::OtherModule { import, detail } = &refused else {
        panic!("{refused}")
    };
    assert_eq!(*import, SharedModule::import_of(&digest));
    assert!(detail.contains("question"), "{detail}");
}
