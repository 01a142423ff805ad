//! The form for scripts: [`document`] of a program, ready for any serde format. Units and data refer to each other by
//! their place in their lists; the payload is only named.

use serde::Serialize;

use crate::digest::Digest;
use crate::program::{Call, Data, DataKind, Program, Span, Unit, UnitKind};

/// The version of this form.
pub const TYPE: &str = "lily.bir/1";

/// A program as a document.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    /// [`TYPE`].
    #[serde(rename = "$type")]
    pub document_type: &'static str,
    /// The program's name.
    pub name: &'a str,
    /// The frontend's languages.
    pub language: &'a str,
    /// The units.
    pub units: Vec<UnitDocument<'a>>,
    /// The data.
    pub data: Vec<DataDocument<'a>>,
    /// The payload, without its bytes.
    pub objects: Vec<ObjectDocument<'a>>,
}

/// A unit.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `Unit`")]
pub struct UnitDocument<'a> {
    pub name: &'a str,
    pub symbol: &'a str,
    pub kind: UnitKind,
    pub signature: &'a str,
    pub span: Option<&'a Span>,
    pub size_bytes: u32,
    pub calls: &'a [Call],
    pub calls_indirect: bool,
    pub address_taken: bool,
    pub reads: &'a [u32],
    pub writes: &'a [u32],
    pub escapes: &'a [u32],
    pub object: u32,
    #[serde(serialize_with = "digest_text")]
    pub digest: Digest,
}

/// A piece of data.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `Data`")]
pub struct DataDocument<'a> {
    pub name: &'a str,
    pub symbol: &'a str,
    pub kind: DataKind,
    pub size_bytes: u32,
    pub object: Option<u32>,
    pub data: &'a [u32],
    pub units: &'a [u32],
    #[serde(serialize_with = "digest_text")]
    pub digest: Digest,
}

/// A piece of the payload.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of `Object`")]
pub struct ObjectDocument<'a> {
    pub name: &'a str,
    #[serde(serialize_with = "digest_text")]
    pub digest: Digest,
    pub size_bytes: u64,
}

/// The document of `program`.
pub fn document(program: &Program) -> Document<'_> {
    Document {
        document_type: TYPE,
        name: &program.name,
        language: &program.language,
        units: program.units.iter().map(unit).collect(),
        data: program.data.iter().map(data).collect(),
        objects: program
            .objects
            .iter()
            .map(|object| ObjectDocument {
                name: &object.name,
                digest: object.digest,
                size_bytes: object.bytes.len() as u64,
            })
            .collect(),
    }
}

fn unit(unit: &Unit) -> UnitDocument<'_> {
    UnitDocument {
        name: &unit.name,
        symbol: &unit.symbol,
        kind: unit.kind,
        signature: &unit.signature,
        span: unit.span.as_ref(),
        size_bytes: unit.size_bytes,
        calls: &unit.calls,
        calls_indirect: unit.calls_indirect,
        address_taken: unit.address_taken,
        reads: &unit.reads,
        writes: &unit.writes,
        escapes: &unit.escapes,
        object: unit.object,
        digest: unit.digest,
    }
}

fn data(data: &Data) -> DataDocument<'_> {
    DataDocument {
        name: &data.name,
        symbol: &data.symbol,
        kind: data.kind,
        size_bytes: data.size_bytes,
        object: data.object,
        data: &data.data,
        units: &data.units,
        digest: data.digest,
    }
}

fn digest_text<S: serde::Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}
