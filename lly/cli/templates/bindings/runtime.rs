
/// What the code above needs: memory that the host asks for, constructors run once, and cleaning up.
pub mod runtime {
    use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
    use std::ptr::{self, NonNull};

    /// The host allocates here what it hands over.
    ///
    /// # Safety
    /// As the canonical ABI says.
    #[cfg(target_arch = "wasm32")]
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
        unsafe { reallocate(old, old_size, align, size) }
    }

    #[allow(dead_code)]
    unsafe fn reallocate(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
        unsafe {
            let (layout, at) = match (old_size, size) {
                (0, 0) => return align as *mut u8,
                (0, _) => {
                    let layout = Layout::from_size_align_unchecked(size, align);
                    (layout, alloc(layout))
                }
                (_, _) => {
                    let layout = Layout::from_size_align_unchecked(old_size, align);
                    (layout, realloc(old, layout, size))
                }
            };
            if at.is_null() {
                handle_alloc_error(layout);
            }
            at
        }
    }

    pub fn maybe_link_cabi_realloc() {}

    /// Runs the constructors of static values before the first call.
    #[cfg(target_arch = "wasm32")]
    pub fn run_ctors_once() {
        static mut RUN: bool = false;
        unsafe extern "C" {
            fn __wasm_call_ctors();
        }
        unsafe {
            if !RUN {
                __wasm_call_ctors();
                RUN = true;
            }
        }
    }

    /// A block of memory that goes when this goes.
    pub struct Cleanup {
        at: NonNull<u8>,
        layout: Layout,
    }

    impl Cleanup {
        #[allow(dead_code)]
        pub fn new(layout: Layout) -> (*mut u8, Option<Cleanup>) {
            if layout.size() == 0 {
                return (ptr::null_mut(), None);
            }
            match NonNull::new(unsafe { alloc(layout) }) {
                Some(at) => (at.as_ptr(), Some(Cleanup { at, layout })),
                None => handle_alloc_error(layout),
            }
        }

        #[allow(dead_code)]
        pub fn forget(self) {
            std::mem::forget(self);
        }
    }

    impl Drop for Cleanup {
        fn drop(&mut self) {
            unsafe { dealloc(self.at.as_ptr(), self.layout) }
        }
    }
}
