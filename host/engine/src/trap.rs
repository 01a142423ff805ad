//! What a guest did wrong, told so that its author can mend it: the kind, one sentence, and where it was.

use crate::MemoryLimiter;
use std::fmt;
use wasmtime::{Store, ThrownException, Trap, Val, WasmBacktrace};

/// Of the words that an exception carries.
const WORDS_BYTES_MAX: usize = 512;

/// The words of an exception, put around the engine's error.
#[derive(Debug)]
struct Words(String);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error of a call, with the words of the exception that it ended with, if that has any: its values are then all of
/// type i64, and their bytes in order are a line in UTF-8, up to a zero. To be called before the error is read.
pub fn told<T>(store: &mut Store<T>, error: wasmtime::Error) -> wasmtime::Error {
    if !error.is::<ThrownException>() {
        return error;
    }
    match words(store) {
        Some(words) => error.context(Words(words)),
        None => error,
    }
}

fn words<T>(store: &mut Store<T>) -> Option<String> {
    let exception = store.take_pending_exception()?;
    let mut bytes = Vec::new();
    for value in exception.fields(&mut *store).ok()? {
        let Val::I64(value) = value else {
            return None;
        };
        bytes.extend(value.to_le_bytes());
    }
    bytes.truncate(WORDS_BYTES_MAX);
    let text = bytes.split(|byte| *byte == 0).next()?;
    let text = String::from_utf8_lossy(text);
    let line: String = text.chars().filter(|one| !one.is_control()).collect();
    Some(line).filter(|line| !line.is_empty())
}

/// Ways in which a guest ends against its will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrapKind {
    /// `unreachable`: an abort, a failed assertion, undefined behaviour the compiler saw.
    Unreachable,
    /// Calls nested too deep.
    StackOverflow,
    /// A load or store outside of the memory.
    OutOfBounds,
    /// A division by zero or a number that does not fit.
    Arithmetic,
    /// A call through a function pointer that is null, stale or of another type.
    BadCall,
    /// It ran too long.
    Deadline,
    /// It used up the steps it was given.
    Fuel,
    /// It needed more memory than it may have.
    Memory,
    /// An exception that nobody caught.
    Exception,
    /// It ended itself with this code where it should have answered.
    Exit(i32),
    /// Anything else, told in the engine's words.
    Other,
}

impl TrapKind {
    /// A short stable name, for logs and JSON.
    pub fn name(self) -> &'static str {
        match self {
            TrapKind::Unreachable => "unreachable",
            TrapKind::StackOverflow => "stack-overflow",
            TrapKind::OutOfBounds => "out-of-bounds",
            TrapKind::Arithmetic => "arithmetic",
            TrapKind::BadCall => "bad-call",
            TrapKind::Deadline => "deadline",
            TrapKind::Fuel => "fuel",
            TrapKind::Memory => "memory",
            TrapKind::Exception => "exception",
            TrapKind::Exit(_) => "exit",
            TrapKind::Other => "other",
        }
    }
}

/// One call on the guest's stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function as its author named it.
    pub function: String,
    /// Source file, if the module has debug information.
    pub file: Option<String>,
    /// Line, counted from 1.
    pub line: Option<u32>,
    /// Column, counted from 1.
    pub column: Option<u32>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        let Some(file) = &self.file else {
            return Ok(());
        };
        write!(f, " ({file}")?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        f.write_str(")")
    }
}

/// A guest's end. `Display` is the sentence and, a line each, the calls from the innermost outwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestTrap {
    /// The kind.
    pub kind: TrapKind,
    /// One sentence.
    pub message: String,
    /// Where it was, innermost first; calls that were inlined are listed too.
    pub frames: Vec<Frame>,
}

impl GuestTrap {
    /// Reads the engine's error.
    pub fn from_error(error: &wasmtime::Error) -> GuestTrap {
        if let Some(Words(words)) = error.downcast_ref::<Words>() {
            // They say where it was; the frames are an interpreter's.
            return GuestTrap {
                kind: TrapKind::Exception,
                message: format!("it threw {words}"),
                frames: Vec::new(),
            };
        }
        let frames = error
            .downcast_ref::<WasmBacktrace>()
            .map(frames)
            .unwrap_or_default();
        let (kind, message) = if let Some(trap) = error.downcast_ref::<Trap>() {
            describe(*trap)
        } else if error.is::<ThrownException>() {
            (
                TrapKind::Exception,
                "an exception was thrown and nobody caught it".to_owned(),
            )
        } else {
            // Without the backtrace, which the engine puts around as context.
            (TrapKind::Other, error.root_cause().to_string())
        };
        GuestTrap {
            kind,
            message,
            frames,
        }
    }

    /// As [`GuestTrap::from_error`]; a guest that aborted after it was refused memory ended for that reason.
    pub fn with_memory(error: &wasmtime::Error, limiter: &MemoryLimiter) -> GuestTrap {
        let trap = GuestTrap::from_error(error);
        let gave_up = matches!(
            trap.kind,
            TrapKind::Unreachable | TrapKind::OutOfBounds | TrapKind::Other | TrapKind::Exception
        );
        if !limiter.was_refused() || !gave_up {
            return trap;
        }
        let message = format!(
            "out of memory: the limit is {} MiB",
            limiter.bytes_max() >> 20
        );
        GuestTrap {
            kind: TrapKind::Memory,
            message,
            ..trap
        }
    }

    /// For a guest that ended itself where it should have answered.
    pub fn exit(code: i32) -> GuestTrap {
        let message = format!("the program ended with exit code {code}");
        GuestTrap {
            kind: TrapKind::Exit(code),
            message,
            frames: Vec::new(),
        }
    }
}

impl fmt::Display for GuestTrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for frame in &self.frames {
            write!(f, "\n    at {frame}")?;
        }
        Ok(())
    }
}

impl std::error::Error for GuestTrap {}

fn describe(trap: Trap) -> (TrapKind, String) {
    let (kind, message) = match trap {
        Trap::UnreachableCodeReached => (
            TrapKind::Unreachable,
            "the program aborted (`unreachable` was reached)",
        ),
        Trap::StackOverflow => (
            TrapKind::StackOverflow,
            "stack overflow: calls nest too deep",
        ),
        Trap::MemoryOutOfBounds | Trap::ArrayOutOfBounds | Trap::HeapMisaligned => {
            (TrapKind::OutOfBounds, "memory access out of bounds")
        }
        Trap::IntegerDivisionByZero => (TrapKind::Arithmetic, "integer division by zero"),
        Trap::IntegerOverflow => (TrapKind::Arithmetic, "integer overflow"),
        Trap::BadConversionToInteger => (
            TrapKind::Arithmetic,
            "a floating point number does not fit into an integer",
        ),
        Trap::TableOutOfBounds => (
            TrapKind::BadCall,
            "call through a function pointer that points to no function",
        ),
        Trap::IndirectCallToNull | Trap::NullReference => {
            (TrapKind::BadCall, "call through a null function pointer")
        }
        Trap::BadSignature => (
            TrapKind::BadCall,
            "call through a function pointer of another type",
        ),
        Trap::Interrupt => (TrapKind::Deadline, "it ran longer than it may"),
        Trap::OutOfFuel => (TrapKind::Fuel, "it used up the steps it was given"),
        Trap::AllocationTooLarge => (TrapKind::Memory, "an allocation is too large"),
        other => return (TrapKind::Other, other.to_string()),
    };
    (kind, message.to_owned())
}

fn frames(backtrace: &WasmBacktrace) -> Vec<Frame> {
    let mut frames = Vec::new();
    for info in backtrace.frames() {
        let fallback = || match info.func_name() {
            Some(name) => demangle(name),
            None => format!("function {}", info.func_index()),
        };
        if info.symbols().is_empty() {
            frames.push(Frame {
                function: fallback(),
                file: None,
                line: None,
                column: None,
            });
        }
        for symbol in info.symbols() {
            frames.push(Frame {
                function: symbol.name().map_or_else(fallback, demangle),
                file: symbol.file().map(str::to_owned),
                line: symbol.line().filter(|line| *line > 0),
                column: symbol.column().filter(|column| *column > 0),
            });
        }
    }
    frames
}

fn demangle(name: &str) -> String {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        return format!("{rust:#}");
    }
    let cpp = cpp_demangle::Symbol::new(name)
        .ok()
        .and_then(|symbol| symbol.demangle().ok());
    cpp.unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests;
