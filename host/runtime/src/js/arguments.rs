//! The arguments of a call, each of the kind that `host.d.ts` says or refused by name.

use bytes::Bytes;
use host_outbound::Id;
use host_web::{Function, Value};

use super::host::Refusal;

/// The arguments of one call.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    function: Function,
    values: &'a [Value<'a>],
}

impl<'a> Arguments<'a> {
    pub(super) fn new(function: Function, values: &'a [Value<'a>]) -> Arguments<'a> {
        Arguments { function, values }
    }

    /// The argument at this place; `undefined` where there is none.
    pub(super) fn value(&self, at: usize) -> &'a Value<'a> {
        self.values.get(at).unwrap_or(&Value::Undefined)
    }

    pub(super) fn number(&self, at: usize) -> Result<f64, Refusal> {
        self.value(at).as_number().ok_or_else(|| self.wrong(at))
    }

    /// An integer of 32 bits or less.
    pub(super) fn integer<N: TryFrom<i64>>(&self, at: usize) -> Result<N, Refusal> {
        let number = self.number(at)?;
        // Beyond 2^53 it is no integer that JavaScript knows; the cast saturates.
        let whole = number as i64;
        let is_whole = number.fract() == 0.0;
        N::try_from(whole)
            .ok()
            .filter(|_| is_whole)
            .ok_or_else(|| self.wrong(at))
    }

    pub(super) fn id(&self, at: usize) -> Result<Id, Refusal> {
        self.integer(at)
    }

    pub(super) fn text(&self, at: usize) -> Result<&'a str, Refusal> {
        self.value(at).as_text().ok_or_else(|| self.wrong(at))
    }

    pub(super) fn bytes(&self, at: usize) -> Result<&'a [u8], Refusal> {
        self.value(at).as_bytes().ok_or_else(|| self.wrong(at))
    }

    pub(super) fn is_true(&self, at: usize) -> bool {
        self.value(at).is_true()
    }

    /// Bytes, a text as UTF-8, or nothing.
    pub(super) fn body(&self, at: usize) -> Result<Option<Bytes>, Refusal> {
        match self.value(at) {
            Value::Null | Value::Undefined => Ok(None),
            Value::Text(text) => Ok(Some(Bytes::copy_from_slice(text.as_bytes()))),
            Value::Bytes(bytes) => Ok(Some(Bytes::copy_from_slice(bytes))),
            Value::Bool(_) | Value::Number(_) | Value::List(_) => Err(self.wrong(at)),
        }
    }

    /// What the prelude never does.
    pub(super) fn wrong(&self, at: usize) -> Refusal {
        let name = self.function.name();
        Refusal::Thrown(format!("`{name}` cannot take its argument {}", at + 1))
    }
}
