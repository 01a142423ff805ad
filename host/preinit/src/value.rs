//! What goes in and out of calls, as far as initialisation needs it.

use wasmtime::component::Val;

/// A value of WIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `bool`.
    Bool(bool),
    /// `u8`.
    U8(u8),
    /// `string`.
    String(String),
    /// `option<T>`.
    Option(Option<Box<Value>>),
    /// `result<T, E>`, either part of which may be absent.
    Result(Result<Option<Box<Value>>, Option<Box<Value>>>),
}

impl Value {
    pub(crate) fn from_val(value: &Val) -> Option<Value> {
        let inner = |value: &Option<Box<Val>>| match value {
            None => Some(None),
            Some(value) => Some(Some(Box::new(Value::from_val(value)?))),
        };
        Some(match value {
            Val::Bool(value) => Value::Bool(*value),
            Val::U8(value) => Value::U8(*value),
            Val::String(value) => Value::String(value.clone()),
            Val::Option(value) => Value::Option(inner(value)?),
            Val::Result(Ok(value)) => Value::Result(Ok(inner(value)?)),
            Val::Result(Err(value)) => Value::Result(Err(inner(value)?)),
            _ => return None,
        })
    }

    pub(crate) fn to_val(&self) -> Val {
        let inner =
            |value: &Option<Box<Value>>| value.as_ref().map(|value| Box::new(value.to_val()));
        match self {
            Value::Bool(value) => Val::Bool(*value),
            Value::U8(value) => Val::U8(*value),
            Value::String(value) => Val::String(value.clone()),
            Value::Option(value) => Val::Option(inner(value)),
            Value::Result(Ok(value)) => Val::Result(Ok(inner(value))),
            Value::Result(Err(value)) => Val::Result(Err(inner(value))),
        }
    }
}
