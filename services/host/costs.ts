/**
 * What things cost in time on the host's side. Trust letters as in the project's fact sheet: P primary, S secondary,
 * D derived, R recalled (a usable default, never a validation target).
 *
 * *Measured* beside a recalled figure bounds it: a virtual machine on EPYC, Linux 6.18, clock_gettime around each of 20,000 operations,
 * the clock's own 21 ns taken off, medians.
 */

/** A read that misses the CPU cache and is served by local DRAM. S: local DRAM ~100 ns. */
export const DRAM_READ_NS = 100

/** Unmap, allocate, remap of one 4 KiB page, without the copy. R. */
export const MIGRATE_PAGE_NS = 1000

/** Copy of one 4 KiB page by one core at ~10 GB/s. R. Measured: 1000 ns from and to memory in no cache, the other core busy. */
export const COPY_PAGE_NS = 410

/**
 * One TLB shootdown over the machine, once per batch. R; S: it takes microseconds, and more with more cores (Amit, USENIX ATC'17).
 * Measured: 1900 ns for mprotect of one page and the flush on its own core.
 */
export const TLB_FLUSH_NS = 4000

/** Looking at one page-table entry in an aging walk or a hint-fault scan. R. */
export const WALK_PAGE_NS = 10

/** Looking at one candidate in eviction. R. */
export const SCAN_PAGE_NS = 50

/** Kernel time to write one page to swap (unmap, slot, submit). R. */
export const SWAP_OUT_PAGE_NS = 2000

/** Kernel time to drop one clean page of a file (unmap, remove from the cache, free). R. */
export const DROP_PAGE_NS = 500

/** Kernel time of a major fault, without the device's own latency. R. */
export const MAJOR_FAULT_NS = 3000

/**
 * Entry and exit of a fault on a page whose mapping forbids the access, and its walk, without what it then does. R: as a hint fault.
 * Measured: 590 ns for a fault that maps what is there (the zero page), 1650 ns for a store that has to get a page of its own.
 */
export const PAGE_FAULT_NS = 1000

/** One read of a device's register of remaining capacity through its mailbox: some PCIe round trips and a doorbell. R. */
export const POLL_NS = 10_000

/** Kernel time of a NUMA hint fault. R. */
export const HINT_FAULT_NS = 1000

/** Write-back that may be queued before reclaim waits for the swap device. R: the kernel throttles on congestion. */
export const SWAP_BACKLOG_NS_MAX = 20_000_000

/** Ticks of stalled allocation without a page freed before the OOM killer comes. P: MAX_RECLAIM_RETRIES is 16. */
export const RECLAIM_RETRIES_MAX = 16
