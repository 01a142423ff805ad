//! What each operator does with an address: the one table to add to when clang learns a new instruction.

use wasmparser::Operator;

/// Whether the operator calls through a pointer.
pub fn is_indirect_call(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallRef { .. }
    )
}

/// What becomes of the addresses that an operator takes.
pub enum Fate {
    /// They, or something within what they point at, are in what it gives.
    Arithmetic,
    /// Nothing of them is left.
    Forgotten,
    /// Somebody else has them.
    Escapes,
    /// Somebody else has them, and the code after it is not reached.
    Leaves,
}

/// Of this operator's.
pub fn fate(operator: &Operator<'_>) -> Fate {
    use Operator as O;
    match operator {
        O::Drop
        | O::I32Eqz
        | O::I32Eq
        | O::I32Ne
        | O::I32LtS
        | O::I32LtU
        | O::I32GtS
        | O::I32GtU
        | O::I32LeS
        | O::I32LeU
        | O::I32GeS
        | O::I32GeU
        | O::Nop => Fate::Forgotten,
        O::Return
        | O::Unreachable
        | O::Throw { .. }
        | O::ThrowRef
        | O::ReturnCall { .. }
        | O::ReturnCallIndirect { .. }
        | O::ReturnCallRef { .. } => Fate::Leaves,
        O::I32Add
        | O::I32Sub
        | O::I32And
        | O::I32Or
        | O::I32Xor
        | O::I32Mul
        | O::I32Shl
        | O::I32ShrS
        | O::I32ShrU
        | O::I64ExtendI32S
        | O::I64ExtendI32U
        | O::I32WrapI64
        | O::I64Add
        | O::I64Sub
        | O::I64And
        | O::I64Or
        | O::I64Shl
        | O::I64ShrS
        | O::I64ShrU => Fate::Arithmetic,
        _ => Fate::Escapes,
    }
}

/// A way to touch memory.
#[derive(Clone, Copy)]
pub enum Access {
    /// It reads.
    Load,
    /// It writes.
    Store,
    /// It does both at once.
    Both,
    /// It reads in one place and writes in another.
    Copy,
    /// It writes many times the same.
    Fill,
}

/// How an operator touches memory, when it does. Atomics and vectors that are not listed fall under [`Fate::Escapes`],
/// which covers both.
pub fn access(operator: &Operator<'_>) -> Option<Access> {
    use Operator as O;
    Some(match operator {
        O::I32Load { .. }
        | O::I64Load { .. }
        | O::F32Load { .. }
        | O::F64Load { .. }
        | O::I32Load8S { .. }
        | O::I32Load8U { .. }
        | O::I32Load16S { .. }
        | O::I32Load16U { .. }
        | O::I64Load8S { .. }
        | O::I64Load8U { .. }
        | O::I64Load16S { .. }
        | O::I64Load16U { .. }
        | O::I64Load32S { .. }
        | O::I64Load32U { .. }
        | O::V128Load { .. }
        | O::V128Load8Splat { .. }
        | O::V128Load16Splat { .. }
        | O::V128Load32Splat { .. }
        | O::V128Load64Splat { .. }
        | O::V128Load32Zero { .. }
        | O::V128Load64Zero { .. }
        | O::V128Load8x8S { .. }
        | O::V128Load8x8U { .. }
        | O::V128Load16x4S { .. }
        | O::V128Load16x4U { .. }
        | O::V128Load32x2S { .. }
        | O::V128Load32x2U { .. }
        | O::V128Load8Lane { .. }
        | O::V128Load16Lane { .. }
        | O::V128Load32Lane { .. }
        | O::V128Load64Lane { .. }
        | O::I32AtomicLoad { .. }
        | O::I64AtomicLoad { .. } => Access::Load,
        O::I32Store { .. }
        | O::I64Store { .. }
        | O::F32Store { .. }
        | O::F64Store { .. }
        | O::I32Store8 { .. }
        | O::I32Store16 { .. }
        | O::I64Store8 { .. }
        | O::I64Store16 { .. }
        | O::I64Store32 { .. }
        | O::V128Store { .. }
        | O::V128Store8Lane { .. }
        | O::V128Store16Lane { .. }
        | O::V128Store32Lane { .. }
        | O::V128Store64Lane { .. }
        | O::I32AtomicStore { .. }
        | O::I64AtomicStore { .. } => Access::Store,
        O::I32AtomicRmwAdd { .. }
        | O::I32AtomicRmwSub { .. }
        | O::I32AtomicRmwAnd { .. }
        | O::I32AtomicRmwOr { .. }
        | O::I32AtomicRmwXor { .. }
        | O::I32AtomicRmwXchg { .. }
        | O::I32AtomicRmwCmpxchg { .. }
        | O::I64AtomicRmwAdd { .. }
        | O::I64AtomicRmwSub { .. }
        | O::I64AtomicRmwXchg { .. }
        | O::I64AtomicRmwCmpxchg { .. } => Access::Both,
        O::MemoryCopy { .. } => Access::Copy,
        O::MemoryFill { .. } => Access::Fill,
        _ => return None,
    })
}
