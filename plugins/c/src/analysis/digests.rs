//! What a unit's digest covers: its code with every relocated place blanked, and for each such place what is meant
//! instead of where it lies. So it stays the same when other units or the data move.

use lly_bir::digest::{Hasher, Node, of_graph};
use lly_bir::{Data, DataKind, Digest};
use wasmparser::{RelocationEntry, RelocationType};

use super::merge::{Function, Merged};
use super::object::{ObjectFile, Target};

/// The digests of all units, then of all data.
pub fn of(files: &[ObjectFile<'_>], merged: &Merged<'_>, data: &[Data]) -> Vec<Digest> {
    let graph = Graph {
        files,
        merged,
        data,
    };
    let units = merged
        .units
        .iter()
        .map(|place| graph.unit(place.object, place.body, place.symbol));
    let items = (0..data.len()).map(|index| graph.item(index));
    of_graph(&units.chain(items).collect::<Vec<_>>())
}

struct Graph<'g, 'a> {
    files: &'g [ObjectFile<'a>],
    merged: &'g Merged<'a>,
    data: &'g [Data],
}

impl Graph<'_, '_> {
    fn unit(&self, object: usize, body: usize, symbol: u32) -> Node {
        let file = &self.files[object];
        let mut own = Hasher::new("lily.c.function");
        own.part(file.symbols[symbol as usize].name.as_bytes());
        own.part(format!("{:?}", file.type_of_body(body)).as_bytes());
        let start = file.bodies[body].range().start - file.code_start;
        let bytes = file.bodies[body].as_bytes();
        let edges = self.contents(
            &mut own,
            object,
            bytes,
            start,
            file.relocations_of_body(body),
        );
        Node {
            own: own.finish(),
            edges,
        }
    }

    fn item(&self, index: usize) -> Node {
        let item = &self.data[index];
        let mut own = Hasher::new("lily.c.data");
        own.part(item.kind.as_str().as_bytes());
        // A literal's name counts the literals before it.
        own.part(if item.kind == DataKind::Literal {
            b""
        } else {
            item.symbol.as_bytes()
        });
        let mut edges = Vec::new();
        if let Some((object, symbol)) = self.merged.data[index].definition {
            let file = &self.files[object];
            if let Target::Data {
                segment,
                offset,
                size,
            } = file.symbols[symbol as usize].target
            {
                let bytes = &file.segments[segment].bytes[offset..offset + size];
                let (relocations, start) = file.relocations_of_data(segment, offset, size);
                edges = self.contents(&mut own, object, bytes, start, relocations);
            }
        }
        Node {
            own: own.finish(),
            edges,
        }
    }

    /// Hashes `bytes` and says what they refer to, one edge for each place, in order.
    fn contents(
        &self,
        own: &mut Hasher,
        object: usize,
        bytes: &[u8],
        start: usize,
        relocations: &[RelocationEntry],
    ) -> Vec<u32> {
        let mut blank = bytes.to_vec();
        let mut edges = Vec::new();
        own.number(relocations.len() as u64);
        for relocation in relocations {
            let at = (relocation.offset as usize).saturating_sub(start);
            let end = (at + relocation.ty.extent()).min(blank.len());
            if let Some(place) = blank.get_mut(at..end) {
                place.fill(0);
            }
            own.number(at as u64);
            own.number(relocation.ty as u64);
            own.number(relocation.addend as u64);
            edges.extend(self.meant(own, object, relocation));
        }
        own.part(&blank);
        edges
    }

    /// Hashes what a relocation means; the edge where its digest belongs into this one.
    fn meant(&self, own: &mut Hasher, object: usize, relocation: &RelocationEntry) -> Option<u32> {
        let file = &self.files[object];
        if relocation.ty == RelocationType::TypeIndexLeb {
            own.part(format!("{:?}", file.function_type(relocation.index)).as_bytes());
            return None;
        }
        let symbol = file.symbols.get(relocation.index as usize)?;
        match symbol.target {
            Target::Function(_) | Target::UndefinedFunction => {
                own.part(symbol.name.as_bytes());
                // An address is a name: what lies behind it is called by others.
                let is_call = relocation.ty == RelocationType::FunctionIndexLeb;
                match self.merged.function(self.files, object, relocation.index) {
                    Function::Unit(unit) if is_call => Some(unit),
                    Function::Unit(_) | Function::External(_) => None,
                }
            }
            Target::Data { .. } | Target::UndefinedData => {
                let index = self.merged.data(object, relocation.index)?;
                Some(super::small(self.merged.units.len()) + index)
            }
            Target::Other => {
                own.part(symbol.name.as_bytes());
                None
            }
        }
    }
}
