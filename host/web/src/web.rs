//! One instance's share of the host: what it keeps between calls, and which file answers which function.

use crate::arguments::Arguments;
use crate::coding::{self, Decoder};
use crate::handles::Handles;
use crate::names::Function;
use crate::url;
use crate::wire::Value;

/// Fills bytes with random ones.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// Answers the functions of one instance that need nothing but their arguments ([`Function::is_pure`]).
///
/// It keeps the decoders and compressors that the instance has open, bounded in number and memory.
pub struct Web {
    decoders: Handles<Decoder>,
    random: Random,
}

impl Web {
    /// Keys, salts and blinding come from `random`: the same random bytes and calls give the same answers.
    pub fn new(random: Random) -> Self {
        Self {
            decoders: coding::decoders(),
            random,
        }
    }

    /// Answers a call; none if the function needs the machine. An error is one sentence, thrown in the program as an `Error`.
    pub fn answer(
        &mut self,
        function: Function,
        arguments: &[Value<'_>],
    ) -> Option<Result<Value<'static>, String>> {
        if !function.is_pure() {
            return None;
        }
        let arguments = Arguments::new(function.name(), arguments);
        Some(match function {
            Function::Decode => coding::decode(arguments),
            Function::EncodingName => coding::encoding_name(arguments),
            Function::NewDecoder => coding::new_decoder(&mut self.decoders, arguments),
            Function::PushDecoder => coding::push_decoder(&mut self.decoders, arguments),
            Function::DropDecoder => coding::drop_decoder(&mut self.decoders, arguments),
            Function::ParseUrl => url::parse_url(arguments),
            Function::SetUrl => url::set_url(arguments),
            other => Err(format!("`{}` is not answered yet", other.name())),
        })
    }
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").finish_non_exhaustive()
    }
}
