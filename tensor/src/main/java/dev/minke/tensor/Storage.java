package dev.minke.tensor;

import java.lang.foreign.MemorySegment;

/// Where a tensor's bytes live. Sealed here; a device back end adds its own record.
public sealed interface Storage {
    /// Memory of this process.
    ///
    /// @param segment the bytes; native memory shared between threads, or a mapped file
    record Host(MemorySegment segment) implements Storage {}
}
