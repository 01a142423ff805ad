//! The functions of host.d.ts's Bodies that know no server, as a program calls them.

use bytes::Bytes;
use host_web::{Function, Value};

use super::Bodies;
use crate::event::id_of;

impl Bodies {
    /// Does what `write`, `finish`, `abort`, `pull` or `drop` asks for, and answers; nothing when `function` is another.
    pub fn call(&self, function: Function, arguments: &[Value<'_>]) -> Option<Value<'static>> {
        // An id that is none has ended, and those do nothing.
        let id = id_of(arguments).unwrap_or(0);
        let second = arguments.get(1);
        match function {
            Function::Write => {
                let chunk = second.and_then(Value::as_bytes).unwrap_or_default();
                return Some(Value::from(self.write(id, Bytes::copy_from_slice(chunk))));
            }
            Function::Finish => self.finish(id),
            Function::Abort => self.abort(id, second.and_then(Value::as_text).unwrap_or("")),
            Function::Pull => self.pull(id),
            Function::Drop => self.drop(id),
            _ => return None,
        }
        Some(Value::Undefined)
    }
}
