//! One instance of the engine, and a host that records.

use host_engine::{
    CodeCache, Engine, EpochTicker, LASTING_STACK_BYTES, MemoryLimiter, Profile, ticks_for,
};
use host_web::{Function, Hook, Value, decode, encode, encode_one};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use wasmtime::{Caller, Extern, Instance, Linker, Module, Store};

/// A list that the host writes and the test reads.
type Shared<T> = Arc<Mutex<Vec<T>>>;

pub struct Inside {
    limiter: MemoryLimiter,
    seed: u8,
    printed: Shared<String>,
    exited: Shared<f64>,
    asked: Shared<&'static str>,
    answers: Shared<Vec<Value<'static>>>,
}

pub struct Machine {
    store: Store<Inside>,
    instance: Instance,
    printed: Shared<String>,
    exited: Shared<f64>,
    asked: Shared<&'static str>,
    pub answers: Shared<Vec<Value<'static>>>,
}

/// A module of a program.
pub struct Row {
    path: String,
    kind: &'static str,
    code: String,
    links: Vec<Value<'static>>,
    names: Vec<Value<'static>>,
}

impl Row {
    pub fn of(path: &str, kind: &'static str, code: &str) -> Row {
        Row {
            path: path.to_owned(),
            kind,
            code: code.to_owned(),
            links: Vec::new(),
            names: Vec::new(),
        }
    }

    pub fn module(path: &str, code: &str) -> Row {
        Row::of(path, "module", code)
    }

    pub fn common(path: &str, code: &str) -> Row {
        Row::of(path, "commonjs", code)
    }

    pub fn link(mut self, specifier: &str, is_required: bool, target: &str) -> Row {
        self.links.extend([
            Value::from(specifier.to_owned()),
            is_required.into(),
            Value::from(target.to_owned()),
        ]);
        self
    }

    pub fn names(mut self, names: &[&str]) -> Row {
        self.names = names
            .iter()
            .map(|name| Value::from((*name).to_owned()))
            .collect();
        self
    }

    fn value(&self) -> Value<'static> {
        Value::List(vec![
            Value::from(self.path.clone()),
            Value::from(self.kind),
            Value::from(self.code.clone()),
            Value::List(self.links.clone()),
            Value::List(self.names.clone()),
        ])
    }
}

struct Loaded {
    engine: Engine,
    module: Module,
    _ticker: EpochTicker,
}

/// Compiled once for all tests: as programs run, and as they are built.
static LASTING: LazyLock<Loaded> = LazyLock::new(|| loaded(Profile::Lasting));
static PREINIT: LazyLock<Loaded> = LazyLock::new(|| loaded(Profile::Build));

fn loaded(profile: Profile) -> Loaded {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lily");
    let path = folder.join("js/engine.wasm");
    let wasm = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("`{}`: {error}: run `cargo xtask setup`", path.display()));
    let engine = Engine::new(profile).expect("an engine");
    let cache = CodeCache::new(folder.join("test-home/cache/code"));
    Loaded {
        module: cache.module(&engine, &wasm).expect("the engine compiles"),
        _ticker: EpochTicker::start(&engine).expect("a clock"),
        engine,
    }
}

/// Runs `work` where a program has all the stack that the profiles give it.
pub fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(LASTING_STACK_BYTES + (2 << 20))
            .spawn_scoped(scope, work)
            .expect("a thread");
        thread.join().expect("no panic")
    })
}

impl Machine {
    pub fn new(seed: u8) -> Machine {
        Machine::of(seed, &LASTING)
    }

    /// As programs are built.
    pub fn building() -> Machine {
        let mut machine = Machine::of(1, &PREINIT);
        machine.store.set_fuel(u64::MAX).expect("it takes fuel");
        machine
    }

    fn of(seed: u8, loaded: &Loaded) -> Machine {
        let (printed, exited, asked, answers) = Default::default();
        let inside = Inside {
            limiter: MemoryLimiter::new(256 << 20),
            seed,
            printed: Arc::clone(&printed),
            exited: Arc::clone(&exited),
            asked: Arc::clone(&asked),
            answers: Arc::clone(&answers),
        };
        let mut store = Store::new(loaded.engine.wasmtime(), inside);
        store.limiter(|inside| &mut inside.limiter);
        store.set_epoch_deadline(ticks_for(Duration::from_secs(60)));
        let mut linker = Linker::new(loaded.engine.wasmtime());
        linker
            .func_wrap("lily:javascript/host@0.1.0", "call", call)
            .expect("an import");
        let instance = linker
            .instantiate(&mut store, &loaded.module)
            .expect("an instance");
        Machine {
            store,
            instance,
            printed,
            exited,
            asked,
            answers,
        }
    }

    /// A script that was added and started.
    pub fn script(rows: &[Row]) -> Machine {
        let mut machine = Machine::new(1);
        machine.add(rows).expect("added");
        machine.hook("start", &[]);
        machine
    }

    /// Everything that was printed.
    pub fn printed(&self) -> String {
        self.printed.lock().expect("no panic").concat()
    }

    /// The code that the program exited with.
    pub fn exited(&self) -> Option<f64> {
        self.exited.lock().expect("no panic").first().copied()
    }

    /// The functions that the engine called.
    pub fn asked(&self) -> Vec<&'static str> {
        self.asked.lock().expect("no panic").clone()
    }

    /// How large its memory is.
    pub fn memory_bytes(&mut self) -> usize {
        let memory = self.instance.get_memory(&mut self.store, "memory");
        memory.expect("a memory").data_size(&self.store)
    }

    pub fn add(&mut self, rows: &[Row]) -> Result<u32, String> {
        let rows = Value::List(rows.iter().map(Row::value).collect());
        let (place, length) = self.give(&encode(&[rows]));
        let add = self.typed::<(u32, u32), u32>("add");
        let answer = add.call(&mut self.store, (place, length)).expect("no trap");
        self.told(answer)
    }

    pub fn evaluate(&mut self) -> Result<u32, String> {
        let evaluate = self.typed::<(), u32>("evaluate");
        let answer = evaluate.call(&mut self.store, ()).expect("no trap");
        self.told(answer)
    }

    pub fn hook(&mut self, name: &str, values: &[Value<'_>]) {
        let hook = Hook::ALL.iter().find(|hook| hook.name() == name);
        let number = hook.expect("a hook").number();
        let (place, length) = self.give(&encode(values));
        let hook = self.typed::<(u32, u32, u32), ()>("hook");
        let done = hook.call(&mut self.store, (number, place, length));
        if let Err(error) = done {
            // `exit` never returns.
            assert!(self.exited().is_some(), "{error:?}\n{}", self.printed());
        }
    }

    fn typed<P: wasmtime::WasmParams, R: wasmtime::WasmResults>(
        &mut self,
        name: &str,
    ) -> wasmtime::TypedFunc<P, R> {
        self.instance
            .get_typed_func(&mut self.store, name)
            .expect("an export")
    }

    fn give(&mut self, bytes: &[u8]) -> (u32, u32) {
        let realloc = self.typed::<(u32, u32, u32, u32), u32>("cabi_realloc");
        let length = u32::try_from(bytes.len()).expect("small");
        let place = realloc
            .call(&mut self.store, (0, 0, 1, length))
            .expect("memory");
        let memory = self.instance.get_memory(&mut self.store, "memory");
        memory
            .expect("a memory")
            .write(&mut self.store, place as usize, bytes)
            .expect("inside");
        (place, length)
    }

    fn told(&mut self, answer: u32) -> Result<u32, String> {
        if answer < 2 {
            return Ok(answer);
        }
        let memory = self.instance.get_memory(&mut self.store, "memory");
        let data = memory.expect("a memory").data(&self.store);
        let number = |at: u32| {
            let bytes = &data[at as usize..at as usize + 4];
            u32::from_le_bytes(bytes.try_into().expect("four")) as usize
        };
        let (place, length) = (number(answer), number(answer + 4));
        Err(String::from_utf8_lossy(&data[place..place + length]).into_owned())
    }
}

fn call(
    mut caller: Caller<'_, Inside>,
    function: u32,
    place: u32,
    length: u32,
    result: u32,
) -> wasmtime::Result<()> {
    let memory = caller
        .get_export("memory")
        .and_then(Extern::into_memory)
        .expect("a memory");
    let message = memory.data(&caller)[place as usize..(place + length) as usize].to_vec();
    let function = Function::of(function).expect("a function");
    let arguments = decode(&message).expect("a message");
    let (failed, bytes) = match answered(caller.data(), function, &arguments)? {
        Ok(value) => (0u32, encode_one(&value)),
        Err(sentence) => (1, sentence.into_bytes()),
    };
    let realloc = caller
        .get_export("cabi_realloc")
        .and_then(Extern::into_func)
        .expect("memory for answers")
        .typed::<(u32, u32, u32, u32), u32>(&caller)?;
    let length = u32::try_from(bytes.len())?;
    let place = realloc.call(&mut caller, (0, 0, 1, length))?;
    memory.write(&mut caller, place as usize, &bytes)?;
    for (at, one) in [failed, place, length].into_iter().enumerate() {
        memory.write(&mut caller, result as usize + 4 * at, &one.to_le_bytes())?;
    }
    Ok(())
}

fn answered(
    inside: &Inside,
    function: Function,
    arguments: &[Value<'_>],
) -> wasmtime::Result<Result<Value<'static>, String>> {
    inside.asked.lock().expect("no panic").push(function.name());
    let text = |at: usize| arguments[at].as_text().expect("a text").to_owned();
    let number = |at: usize| arguments[at].as_number().expect("a number");
    Ok(Ok(match function {
        Function::Print => {
            inside.printed.lock().expect("no panic").push(text(1));
            Value::Undefined
        }
        Function::Now => Value::from(1.7e12),
        Function::Monotonic => Value::from(5.0),
        Function::Random => {
            let length = arguments[0].as_bytes().expect("bytes").len();
            Value::from(vec![inside.seed; length])
        }
        // A map that puts every line at ten times its number.
        Function::Position => Value::List(vec![
            Value::from(format!("src/{}", text(0).replace(".js", ".ts"))),
            Value::from(number(1) * 10.0),
            Value::from(number(2)),
        ]),
        Function::Environment | Function::Arguments => Value::List(Vec::new()),
        Function::CurrentDirectory => Value::from("/"),
        Function::Respond => {
            let values = arguments.iter().cloned().map(Value::into_owned).collect();
            inside.answers.lock().expect("no panic").push(values);
            Value::Undefined
        }
        Function::StartTimer | Function::StopTimer | Function::ExitCode => Value::Undefined,
        Function::Exit => {
            inside.exited.lock().expect("no panic").push(number(0));
            return Err(wasmtime::Error::msg("the program has ended"));
        }
        _ => return Ok(Err(format!("{} is not there", function.name()))),
    }))
}
