//! Text in the encodings of the Encoding Standard, by `encoding_rs`. Marks at the beginning (BOM) are the prelude's matter.

use encoding_rs::{DecoderResult, Encoding};

use crate::arguments::Arguments;
use crate::handles::Handles;
use crate::wire::Value;

/// Decoders of one instance that are in the middle of a text; each takes some 100 bytes.
const DECODERS_MAX: usize = 16_384;

/// A text that comes in pieces.
pub(crate) struct Decoder {
    encoding: &'static Encoding,
    fatal: bool,
    decoder: encoding_rs::Decoder,
}

/// The decoders of an instance.
pub(crate) fn decoders() -> Handles<Decoder> {
    Handles::new("decoder", DECODERS_MAX)
}

/// The encoding of a label; none for `replacement`, which no one asks for by name.
fn of_label(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label.as_bytes())
}

fn encoding(arguments: Arguments<'_>) -> Result<&'static Encoding, String> {
    let label = arguments.text(0)?;
    of_label(label).ok_or_else(|| format!("there is no encoding `{}`", label.escape_debug()))
}

/// `encodingName(label)`
pub(crate) fn encoding_name(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let found = of_label(arguments.text(0)?);
    Ok(found.map_or(Value::Null, |encoding| {
        Value::from(encoding.name().to_ascii_lowercase())
    }))
}

/// `decode(label, bytes, fatal)`
pub(crate) fn decode(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let encoding = encoding(arguments)?;
    let bytes = arguments.bytes(1)?;
    if arguments.flag(2)? {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
        return Ok(text.map_or(Value::Null, |text| Value::from(text.into_owned())));
    }
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Ok(Value::from(text.into_owned()))
}

/// `newDecoder(label, fatal)`
pub(crate) fn new_decoder(
    decoders: &mut Handles<Decoder>,
    arguments: Arguments<'_>,
) -> Result<Value<'static>, String> {
    let encoding = encoding(arguments)?;
    let fatal = arguments.flag(1)?;
    let handle = decoders.keep(1, || Decoder {
        encoding,
        fatal,
        decoder: encoding.new_decoder_without_bom_handling(),
    })?;
    Ok(Value::from(f64::from(handle)))
}

/// `pushDecoder(decoder, bytes, last)`
pub(crate) fn push_decoder(
    decoders: &mut Handles<Decoder>,
    arguments: Arguments<'_>,
) -> Result<Value<'static>, String> {
    let decoder = decoders.get(arguments.integer(0, 0, u32::MAX)?)?;
    let text = decoder.push(arguments.bytes(1)?, arguments.flag(2)?);
    Ok(text.map_or(Value::Null, Value::from))
}

/// `dropDecoder(decoder)`
pub(crate) fn drop_decoder(
    decoders: &mut Handles<Decoder>,
    arguments: Arguments<'_>,
) -> Result<Value<'static>, String> {
    decoders.drop(arguments.integer(0, 0, u32::MAX)?);
    Ok(Value::Undefined)
}

impl Decoder {
    /// The text so far. None: bad input, which a fatal decoder does not take. After that and after the last piece it is as new.
    fn push(&mut self, mut bytes: &[u8], last: bool) -> Option<String> {
        let mut text = String::new();
        let whole = loop {
            // What is still to come is mostly a byte of text for each byte; a decoder needs some more room to go on at all.
            text.reserve(bytes.len() + 32);
            let (is_done, is_good, read) = if self.fatal {
                let decoder = &mut self.decoder;
                let (result, read) =
                    decoder.decode_to_string_without_replacement(bytes, &mut text, last);
                let is_malformed = matches!(result, DecoderResult::Malformed(..));
                (result != DecoderResult::OutputFull, !is_malformed, read)
            } else {
                let (result, read, _) = self.decoder.decode_to_string(bytes, &mut text, last);
                (result == encoding_rs::CoderResult::InputEmpty, true, read)
            };
            bytes = bytes.get(read..).unwrap_or_default();
            if is_done {
                break is_good.then_some(text);
            }
        };
        if last || whole.is_none() {
            self.decoder = self.encoding.new_decoder_without_bom_handling();
        }
        whole
    }
}
