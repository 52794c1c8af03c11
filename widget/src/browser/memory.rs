//! The allocator: a list of free blocks for every power of two. It never gives a block to another size, which costs
//! a chat a little memory, and knows nothing else, which saves every visitor bytes. Without memory it traps: the page
//! says so, and nothing has to be written about what comes then.
#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size, unreachable};
use core::cell::Cell;
use core::ptr::{NonNull, null_mut};

const PAGE: usize = 1 << 16;
/// Blocks of 16 bytes are the smallest; 2^31 bytes are more than any page has.
const SMALLEST: u32 = 4;
const LARGEST: u32 = 30;

struct Blocks {
    /// The first free block of each size; a free block begins with the address of the next one.
    free: [Cell<*mut u8>; LARGEST as usize + 1],
    /// Memory that was never given out.
    next: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: the module has one thread: it is compiled without atomics, and no worker loads it.
unsafe impl Sync for Blocks {}

#[global_allocator]
static BLOCKS: Blocks =
    Blocks { free: [const { Cell::new(null_mut()) }; LARGEST as usize + 1], next: Cell::new(0), end: Cell::new(0) };

/// The power of two that holds a layout. A block is aligned to 16 bytes, which is enough for every type.
fn power(size: usize) -> u32 {
    (usize::BITS - size.saturating_sub(1).leading_zeros()).max(SMALLEST)
}

impl Blocks {
    #[inline(never)]
    fn take(&self, size: usize) -> NonNull<u8> {
        let power = power(size);
        let Some(free) = self.free.get(power as usize) else { unreachable() };
        if let Some(block) = NonNull::new(free.get()) {
            // SAFETY: a free block holds the address of the next one, see `dealloc`.
            free.set(unsafe { block.cast::<*mut u8>().read() });
            return block;
        }
        let length = 1 << power;
        if self.end.get() - self.next.get() < length {
            // Nobody else grows the memory, so new pages may follow the old ones; if not, the rest is lost.
            let pages = length.div_ceil(PAGE);
            let at = memory_size::<0>() * PAGE;
            if memory_grow::<0>(pages) == usize::MAX {
                unreachable();
            }
            if self.end.get() != at {
                self.next.set(at);
            }
            self.end.set(at + pages * PAGE);
        }
        let at = self.next.get();
        self.next.set(at + length);
        match NonNull::new(core::ptr::with_exposed_provenance_mut(at)) {
            Some(block) => block,
            None => unreachable(),
        }
    }
}

// SAFETY: blocks come from pages that nobody else uses, are large enough, and are given out once until they are freed.
unsafe impl GlobalAlloc for Blocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size()).as_ptr()
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(free) = self.free.get(power(layout.size()) as usize) {
            // SAFETY: the caller gives the block back, and every block has room for an address.
            unsafe { block.cast::<*mut u8>().write(free.get()) };
            free.set(block);
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if power(size) == power(layout.size()) {
            return block;
        }
        let new = self.take(size).as_ptr();
        // SAFETY: both blocks have at least the smaller of the two sizes, and are not the same one.
        unsafe {
            new.copy_from_nonoverlapping(block, size.min(layout.size()));
            self.dealloc(block, layout);
        }
        new
    }
}
