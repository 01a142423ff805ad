//! What an engine for JavaScript finds behind `call` while a program is built: what is a function of its arguments, a clock
//! that stands, and nobody else.

use host_engine::MemoryLimiter;
use host_web::{Function, Maps, Value, Web, decode, encode_one};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wasmtime::{Caller, Extern, Linker};

/// What a program may print while it is built: enough to look for a fault.
const PRINTED_BYTES_MAX: usize = 256 * 1024;
/// Milliseconds since 1970, while a program is built.
const NOW_MS: f64 = 0.0;

/// Text that a program printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// It went to stderr.
    pub is_error: bool,
    /// As it is, ends of lines included.
    pub text: String,
}

/// What the program wanted that it cannot have.
#[derive(Debug)]
pub(super) enum Asked {
    /// A function of the host's that needs the machine.
    Machine(Function),
    /// The engine called as no engine does.
    Nonsense(String),
}

/// The store's content.
pub(super) struct Host {
    pub(super) limiter: MemoryLimiter,
    pub(super) printed: Vec<Printed>,
    pub(super) asked: Option<Asked>,
    printed_bytes: usize,
    web: Web,
    /// Random bytes were asked for.
    random: Arc<AtomicBool>,
    /// Decoders and compressors that are open: they would be nobody's in an instance.
    open: i64,
}

impl Host {
    pub(super) fn new(memory_bytes_max: usize, maps: Arc<Maps>) -> Self {
        let random = Arc::new(AtomicBool::new(false));
        let asked = random.clone();
        let web = Web::new(Box::new(move |bytes: &mut [u8]| {
            asked.store(true, Ordering::Relaxed);
            bytes.fill(0);
        }));
        Self {
            limiter: MemoryLimiter::new(memory_bytes_max),
            printed: Vec::new(),
            asked: None,
            printed_bytes: 0,
            web: web.with_maps(maps),
            random,
            open: 0,
        }
    }

    /// What the program wanted of the machine, by its name in JavaScript.
    pub(super) fn asked(&self) -> Option<&'static str> {
        match &self.asked {
            Some(Asked::Machine(function)) => Some(function.name()),
            _ if self.random.load(Ordering::Relaxed) => Some(Function::Random.name()),
            _ if self.open > 0 => Some(Function::NewDecoder.name()),
            _ => None,
        }
    }

    /// Answers a call; none: it needs the machine.
    fn answer(
        &mut self,
        function: Function,
        arguments: &[Value<'_>],
    ) -> Option<Result<Value<'static>, String>> {
        let answer = match function {
            Function::Print => self.print(arguments),
            Function::Now | Function::Monotonic => Value::Number(NOW_MS),
            // Without a program's path there is none yet.
            Function::Arguments => Value::List(Vec::new()),
            Function::NewDecoder | Function::Zip => {
                self.open += 1;
                return self.web.answer(function, arguments);
            }
            Function::DropDecoder | Function::DropZip => {
                self.open -= 1;
                return self.web.answer(function, arguments);
            }
            // Everything else is either a function of its arguments, or needs the machine.
            _ => return self.web.answer(function, arguments),
        };
        Some(Ok(answer))
    }

    fn print(&mut self, arguments: &[Value<'_>]) -> Value<'static> {
        let text = arguments
            .get(1)
            .and_then(Value::as_text)
            .unwrap_or_default();
        if self.printed_bytes.saturating_add(text.len()) <= PRINTED_BYTES_MAX {
            self.printed_bytes += text.len();
            self.printed.push(Printed {
                is_error: arguments.first().and_then(Value::as_number) == Some(2.0),
                text: text.to_owned(),
            });
        }
        Value::Undefined
    }
}

/// The one import of an engine.
pub(super) fn define(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("lily:javascript/host@0.1.0", "call", call)?;
    Ok(())
}

/// The canonical lowering of `call: func(function: u32, arguments: list<u8>) -> result<list<u8>, string>`.
fn call(
    mut caller: Caller<'_, Host>,
    function: u32,
    at: u32,
    length: u32,
    result: u32,
) -> wasmtime::Result<()> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return end(&mut caller, "it exports no `memory`");
    };
    let (data, host) = memory.data_and_store_mut(&mut caller);
    let (at, length) = (at as usize, length as usize);
    let message = at.checked_add(length).and_then(|end| data.get(at..end));
    let arguments = message.and_then(|message| decode(message).ok());
    let (Some(function), Some(arguments)) = (Function::of(function), arguments) else {
        return end(&mut caller, "it calls its host with a message that is none");
    };
    let Some(answer) = host.answer(function, &arguments) else {
        host.asked = Some(Asked::Machine(function));
        return Err(wasmtime::Error::msg("it asks for what is not there"));
    };
    let (failed, bytes) = match answer {
        Ok(value) => (0, encode_one(&value)),
        Err(message) => (1, message.into_bytes()),
    };
    let place = match bytes.len() {
        0 => 0,
        length => {
            let realloc = caller
                .get_export("cabi_realloc")
                .and_then(Extern::into_func);
            let Some(realloc) = realloc else {
                return end(&mut caller, "it exports no `cabi_realloc`");
            };
            let realloc = realloc.typed::<(u32, u32, u32, u32), u32>(&caller)?;
            // What is answered is far below 2^32: memory is.
            realloc.call(&mut caller, (0, 0, 1, length as u32))?
        }
    };
    memory.write(&mut caller, place as usize, &bytes)?;
    let mut row = [0; 12];
    row[0] = failed;
    row[4..8].copy_from_slice(&place.to_le_bytes());
    row[8..12].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
    memory.write(&mut caller, result as usize, &row)?;
    Ok(())
}

fn end(caller: &mut Caller<'_, Host>, sentence: &str) -> wasmtime::Result<()> {
    caller.data_mut().asked = Some(Asked::Nonsense(sentence.to_owned()));
    Err(wasmtime::Error::msg(sentence.to_owned()))
}
