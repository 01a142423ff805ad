//! What an instruction does to the module around it, read off its name in the specification.

use wasmparser::Operator;

/// The name of an instruction, such as `i32_load`, from wasmparser's own table of all of them.
macro_rules! mnemonic {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// The name of an instruction, such as `visit_i32_load`; empty for one that this version does not know.
        pub fn mnemonic(operator: &Operator<'_>) -> &'static str {
            match operator {
                $(Operator::$op { .. } => stringify!($visit),)*
                _ => "",
            }
        }
    };
}
wasmparser::for_each_operator!(mnemonic);

/// Whether an instruction reads and writes linear memory.
pub fn memory_access(operator: &Operator<'_>) -> (bool, bool) {
    let name = mnemonic(operator).trim_start_matches("visit_");
    let is_rmw = name.contains("_rmw");
    let reads = is_rmw
        || name.contains("_load")
        || name == "memory_copy"
        || name == "memory_size"
        || name.starts_with("memory_atomic_wait");
    let writes = is_rmw
        || name.contains("_store")
        || matches!(
            name,
            "memory_copy" | "memory_fill" | "memory_init" | "memory_grow"
        );
    (reads, writes)
}

/// The table that an instruction reads, and the one that it writes.
pub fn table_access(operator: &Operator<'_>) -> (Option<u32>, Option<u32>) {
    match *operator {
        Operator::CallIndirect { table_index, .. }
        | Operator::ReturnCallIndirect { table_index, .. } => (Some(table_index), None),
        Operator::TableGet { table } | Operator::TableSize { table } => (Some(table), None),
        Operator::TableSet { table }
        | Operator::TableGrow { table }
        | Operator::TableFill { table }
        | Operator::TableInit { table, .. } => (None, Some(table)),
        Operator::TableCopy {
            dst_table,
            src_table,
        } => (Some(src_table), Some(dst_table)),
        _ => (None, None),
    }
}
