//! The guest's allocator: dlmalloc, with whatever is freed or moved wiped
//! first. So the federated token, the form and the answer are gone from the
//! linear memory when they are dropped, the canonical ABI's buffers included:
//! those come from this allocator too.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;

use dlmalloc::Dlmalloc;

#[global_allocator]
static ALLOCATOR: Wiping = Wiping(UnsafeCell::new(Dlmalloc::new()));

struct Wiping(UnsafeCell<Dlmalloc>);

// SAFETY: a component instance has one thread, and no allocation happens
// within another.
unsafe impl Sync for Wiping {}

// `alloc_zeroed` and `realloc` are the trait's own: the latter allocates,
// copies and frees, and so wipes the old place.
//
// SAFETY: dlmalloc is an allocator, the layouts it is given are the caller's,
// and wiping touches the freed block alone.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: there is no other reference, see `Sync` above.
        unsafe { (*self.0.get()).malloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller says that the block has this layout and that
        // nobody uses it any more.
        unsafe {
            wipe(block, layout.size());
            (*self.0.get()).free(block, layout.size(), layout.align());
        }
    }
}

/// Overwrites a block with zeros. The writes are volatile, so that no
/// optimiser drops them as dead; eight bytes at a time, since they cost fuel.
unsafe fn wipe(block: *mut u8, size: usize) {
    const WORD: usize = size_of::<u64>();
    let words = if block.cast::<u64>().is_aligned() {
        size / WORD
    } else {
        0
    };
    // SAFETY: every offset is less than `size`, and words are aligned.
    unsafe {
        for word in 0..words {
            ptr::write_volatile(block.cast::<u64>().add(word), 0);
        }
        for byte in words * WORD..size {
            ptr::write_volatile(block.add(byte), 0);
        }
    }
}
