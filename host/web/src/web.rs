//! One instance's share of the host: what it keeps between calls, and which file answers which function.

use std::sync::Arc;

use crate::arguments::Arguments;
use crate::coding::{self, Decoder};
use crate::handles::Handles;
use crate::maps::Maps;
use crate::names::Function;
use crate::wire::Value;
use crate::zip::{self, Zip};
use crate::{crypto, digest, url, zones};

/// Fills bytes with random ones.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// Answers the functions of one instance that need nothing but their arguments ([`Function::is_pure`]).
///
/// It keeps the decoders and compressors that the instance has open, bounded in number and memory.
pub struct Web {
    decoders: Handles<Decoder>,
    zips: Handles<Zip>,
    maps: Arc<Maps>,
    random: Random,
}

impl Web {
    /// Keys, salts and blinding come from `random`: the same random bytes and calls give the same answers.
    pub fn new(random: Random) -> Self {
        Self {
            decoders: coding::decoders(),
            zips: zip::zips(),
            maps: Arc::default(),
            random,
        }
    }

    /// With the source maps of its program, which `position` asks; all instances of a program share them.
    #[must_use]
    pub fn with_maps(mut self, maps: Arc<Maps>) -> Self {
        self.maps = maps;
        self
    }

    /// Answers a call; none if the function needs the machine. An error is one sentence, thrown in the program as an `Error`.
    pub fn answer(
        &mut self,
        function: Function,
        arguments: &[Value<'_>],
    ) -> Option<Result<Value<'static>, String>> {
        let arguments = Arguments::new(function.name(), arguments);
        Some(match function {
            Function::Decode => coding::decode(arguments),
            Function::EncodingName => coding::encoding_name(arguments),
            Function::NewDecoder => coding::new_decoder(&mut self.decoders, arguments),
            Function::PushDecoder => coding::push_decoder(&mut self.decoders, arguments),
            Function::DropDecoder => coding::drop_decoder(&mut self.decoders, arguments),
            Function::ParseUrl => url::parse_url(arguments),
            Function::SetUrl => url::set_url(arguments),
            Function::Zip => zip::zip(&mut self.zips, arguments),
            Function::PushZip => zip::push_zip(&mut self.zips, arguments),
            Function::DropZip => zip::drop_zip(&mut self.zips, arguments),
            Function::Digest => digest::digest(arguments),
            Function::Hmac => digest::hmac(arguments),
            Function::Crypto => crypto::answer(arguments, &mut self.random),
            Function::Position => self.maps.answer(arguments),
            Function::ZoneOffset => zones::zone_offset(arguments),
            // A list and no wildcard would be longer than all the rest: a test compares with `is_pure`.
            _ => return None,
        })
    }
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").finish_non_exhaustive()
    }
}
