package dev.minke.tensor;

/// The element types that tensors hold.
public enum DType {
    /// IEEE 754 binary32.
    F32(4),
    /// The upper half of binary32; arithmetic widens it to F32 first.
    BF16(2),
    /// IEEE 754 binary16: for storage, converted by [Kernels#convert] and read by no other kernel
    /// but those that quantise or pack.
    F16(2),
    /// Two's complement; token ids, expert indices and row numbers.
    I32(4),
    /// Bytes, two's complement: pages of a cache in eight bits, see [PageRow].
    I8(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /// Whether elements are floating-point numbers.
    public boolean floating() {
        return this != I32 && this != I8;
    }

    /// Size of one element in bytes.
    public int bytes() {
        return bytes;
    }
}
