//! Values as they travel: a tag, then what it needs, little-endian. `plugins/js/engine/wire.h` is the other side.

use std::borrow::Cow;

const UNDEFINED: u8 = 0;
const NULL: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;
const NUMBER: u8 = 4;
const TEXT: u8 = 5;
const BYTES: u8 = 6;
const LIST: u8 = 7;

/// Lists in lists; the engine's bound too.
const DEPTH_MAX: usize = 8;

/// One value; texts and bytes are borrowed from the message where they can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `undefined`.
    Undefined,
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string; lone surrogates were replaced on the way.
    Text(Cow<'a, str>),
    /// A `Uint8Array`.
    Bytes(Cow<'a, [u8]>),
    /// An array.
    List(Vec<Value<'a>>),
}

/// A message that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message between engine and host is broken at byte {0}")]
pub struct WireError(pub usize);

impl Value<'_> {
    /// The value with all that it borrows copied.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Undefined => Value::Undefined,
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Number(value) => Value::Number(value),
            Value::Text(value) => Value::Text(Cow::Owned(value.into_owned())),
            Value::Bytes(value) => Value::Bytes(Cow::Owned(value.into_owned())),
            Value::List(values) => Value::List(values.into_iter().map(Value::into_owned).collect()),
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if it is some.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        *self == Value::Bool(true)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Value::Number(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Value::Text(Cow::Owned(value))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Value::Text(Cow::Borrowed(value))
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(value: Vec<u8>) -> Self {
        Value::Bytes(Cow::Owned(value))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Value::Bytes(Cow::Borrowed(value))
    }
}

/// A message: how many values, then the values.
pub fn encode(values: &[Value<'_>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    put_list(&mut bytes, values);
    bytes
}

/// One value: what a function answers.
pub fn encode_one(value: &Value<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16);
    put(&mut bytes, value);
    bytes
}

/// The values of a message.
pub fn decode(message: &[u8]) -> Result<Vec<Value<'_>>, WireError> {
    let mut reader = Reader { message, at: 0 };
    let values = reader.list(0)?;
    reader.end(values)
}

/// The one value of an answer.
pub fn decode_one(message: &[u8]) -> Result<Value<'_>, WireError> {
    let mut reader = Reader { message, at: 0 };
    let value = reader.value(0)?;
    reader.end(value)
}

fn put_list(bytes: &mut Vec<u8>, values: &[Value<'_>]) {
    // A message is far below 2^32: memory is.
    bytes.extend((values.len() as u32).to_le_bytes());
    for value in values {
        put(bytes, value);
    }
}

fn put(bytes: &mut Vec<u8>, value: &Value<'_>) {
    let mut run = |tag: u8, content: &[u8]| {
        bytes.push(tag);
        bytes.extend((content.len() as u32).to_le_bytes());
        bytes.extend(content);
    };
    match value {
        Value::Text(text) => run(TEXT, text.as_bytes()),
        Value::Bytes(content) => run(BYTES, content),
        Value::Undefined => bytes.push(UNDEFINED),
        Value::Null => bytes.push(NULL),
        Value::Bool(false) => bytes.push(FALSE),
        Value::Bool(true) => bytes.push(TRUE),
        Value::Number(number) => {
            bytes.push(NUMBER);
            bytes.extend(number.to_le_bytes());
        }
        Value::List(values) => {
            bytes.push(LIST);
            put_list(bytes, values);
        }
    }
}

struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let end = self.at.checked_add(length).ok_or(WireError(self.at))?;
        let taken = self.message.get(self.at..end).ok_or(WireError(self.at))?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| WireError(at))
    }

    fn run(&mut self) -> Result<&'a [u8], WireError> {
        let length = u32::from_le_bytes(self.array()?);
        self.take(length as usize)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value<'a>>, WireError> {
        let at = self.at;
        let count = u32::from_le_bytes(self.array()?) as usize;
        // Each value takes a byte at least: a count beyond that is a lie, and not worth the memory.
        if depth > DEPTH_MAX || count > self.message.len() - self.at {
            return Err(WireError(at));
        }
        (0..count).map(|_| self.value(depth)).collect()
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, WireError> {
        let at = self.at;
        let [tag] = self.array()?;
        Ok(match tag {
            UNDEFINED => Value::Undefined,
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            NUMBER => Value::Number(f64::from_le_bytes(self.array()?)),
            TEXT => {
                let text = str::from_utf8(self.run()?).map_err(|_| WireError(at))?;
                Value::Text(Cow::Borrowed(text))
            }
            BYTES => Value::Bytes(Cow::Borrowed(self.run()?)),
            LIST => Value::List(self.list(depth + 1)?),
            _ => return Err(WireError(at)),
        })
    }

    fn end<T>(&self, value: T) -> Result<T, WireError> {
        if self.at == self.message.len() {
            Ok(value)
        } else {
            Err(WireError(self.at))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went() {
        let values = [
            Value::Undefined,
            Value::Null,
            Value::Bool(true),
            Value::Bool(false),
            Value::Number(-0.5),
            Value::from("grüße"),
            Value::from(&b"\0\xff"[..]),
            Value::List(vec![Value::from(1.0), Value::List(Vec::new())]),
        ];
        assert_eq!(decode(&encode(&values)).expect("a message"), values);
        for value in &values {
            assert_eq!(&decode_one(&encode_one(value)).expect("a value"), value);
        }
    }

    #[test]
    fn broken_messages_are_refused_at_their_place() {
        assert_eq!(decode(&[]), Err(WireError(0)));
        assert_eq!(decode(&[255, 255, 255, 255]), Err(WireError(0)));
        assert_eq!(decode_one(&[9]), Err(WireError(0)));
        assert_eq!(decode_one(&[5, 9, 0, 0, 0, b'a']), Err(WireError(5)));
        assert_eq!(decode_one(&[5, 1, 0, 0, 0, 0xff]), Err(WireError(0)));
        assert_eq!(decode_one(&[1, 1]), Err(WireError(1)));
        let mut deep = Vec::new();
        for _ in 0..40 {
            deep.extend([7, 1, 0, 0, 0]);
        }
        deep.push(0);
        assert!(decode_one(&deep).is_err());
    }
}
