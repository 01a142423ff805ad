//! What a function was given, read as what it takes. The engine passes on what a program gave it: nothing is taken on trust.

use crate::wire::Value;

/// The arguments of one call. What is wrong with them is said in one sentence.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a> {
    of: &'a str,
    values: &'a [Value<'a>],
}

impl<'a> Arguments<'a> {
    /// `of` is the name of the function, for what is said about a wrong argument.
    pub(crate) fn new(of: &'a str, values: &'a [Value<'a>]) -> Self {
        Self { of, values }
    }

    /// What follows the first argument, as the arguments of an operation of that name.
    pub(crate) fn rest(&self, of: &'a str) -> Self {
        Self::new(of, self.values.get(1..).unwrap_or_default())
    }

    fn wrong(&self, at: usize, wanted: &str) -> String {
        format!("`{}` takes {wanted} as argument {}", self.of, at + 1)
    }

    pub(crate) fn text(&self, at: usize) -> Result<&'a str, String> {
        let text = self.values.get(at).and_then(Value::as_text);
        text.ok_or_else(|| self.wrong(at, "a text"))
    }

    /// A text, or nothing where `undefined` or `null` stands for one, or no argument.
    pub(crate) fn text_or_none(&self, at: usize) -> Result<Option<&'a str>, String> {
        match self.values.get(at) {
            None | Some(Value::Undefined | Value::Null) => Ok(None),
            Some(_) => self.text(at).map(Some),
        }
    }

    pub(crate) fn bytes(&self, at: usize) -> Result<&'a [u8], String> {
        let bytes = self.values.get(at).and_then(Value::as_bytes);
        bytes.ok_or_else(|| self.wrong(at, "bytes"))
    }

    /// Bytes of exactly one length.
    pub(crate) fn array<const N: usize>(&self, at: usize) -> Result<&'a [u8; N], String> {
        let bytes = self.bytes(at)?;
        bytes
            .try_into()
            .map_err(|_| self.wrong(at, &format!("{N} bytes")))
    }

    pub(crate) fn flag(&self, at: usize) -> Result<bool, String> {
        match self.values.get(at) {
            Some(Value::Bool(flag)) => Ok(*flag),
            _ => Err(self.wrong(at, "true or false")),
        }
    }

    pub(crate) fn number(&self, at: usize) -> Result<f64, String> {
        let number = self.values.get(at).and_then(Value::as_number);
        number.ok_or_else(|| self.wrong(at, "a number"))
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn integer(&self, at: usize, least: u32, most: u32) -> Result<u32, String> {
        let number = self.number(at)?;
        if number.fract() == 0.0 && number >= f64::from(least) && number <= f64::from(most) {
            return Ok(number as u32);
        }
        Err(self.wrong(at, &format!("a whole number from {least} to {most}")))
    }
}
