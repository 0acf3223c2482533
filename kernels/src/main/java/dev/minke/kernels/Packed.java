package dev.minke.kernels;

import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.DType;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A weight in panels of [#WIDTH] outputs, in its stored type.
///
/// A panel is one stream of vectors of L words: for each block of `k`, the words of its outputs
/// side by side, so that one row of A runs through memory in order and outputs need no sum across
/// lanes. Every type takes the bytes it takes in its file; the last panel is filled up with zeros.
/// The classes that end in `Panels` say how their blocks are laid out.
///
/// @param coding type of the elements
/// @param segment the panels, [#panelBytes()] each
/// @param rows outputs
/// @param cols inputs
record Packed(Coding coding, MemorySegment segment, long rows, long cols) implements PackedMatrix {
    /// Outputs of a panel: four vectors, enough chains of FMAs for one row to hide their latency,
    /// in one stream of memory (two streams of half the width ran at two thirds of the speed).
    static final int WIDTH = 4 * Lanes.COUNT;

    /// Stands where no weight is packed.
    static final Packed NONE = new Packed(Coding.F32, MemorySegment.NULL, 0, 0);

    /// How elements are stored.
    enum Coding {
        F32(1, 4),
        BF16(1, 2),
        F16(1, 2),
        /// e4m3 codes with a scale, see [Fp8Panels].
        FP8(128, 132),
        Q8_0(BlockFormat.Q8_0),
        Q4_0(BlockFormat.Q4_0),
        Q4_1(BlockFormat.Q4_1),
        Q5_0(BlockFormat.Q5_0),
        Q5_1(BlockFormat.Q5_1),
        Q2_K(BlockFormat.Q2_K),
        Q3_K(BlockFormat.Q3_K),
        Q4_K(BlockFormat.Q4_K),
        Q5_K(BlockFormat.Q5_K),
        Q6_K(BlockFormat.Q6_K),
        IQ4_NL(BlockFormat.IQ4_NL),
        IQ4_XS(BlockFormat.IQ4_XS);

        /// Inputs of a block.
        final int size;

        /// Bytes of a block of one output; also the vectors of a block of a panel.
        final int bytes;

        Coding(int size, int bytes) {
            this.size = size;
            this.bytes = bytes;
        }

        Coding(BlockFormat format) {
            this(format.blockSize(), format.blockBytes());
        }

        /// Bytes of a block of one output in the file.
        int stored() {
            return this == FP8 ? size : bytes;
        }

        static Coding of(DType type) {
            return switch (type) {
                case BF16 -> BF16;
                case F16 -> F16;
                default -> F32;
            };
        }

        static Coding of(BlockFormat format) {
            return switch (format) {
                case Q8_0 -> Q8_0;
                case Q4_0 -> Q4_0;
                case Q4_1 -> Q4_1;
                case Q5_0 -> Q5_0;
                case Q5_1 -> Q5_1;
                case Q2_K -> Q2_K;
                case Q3_K -> Q3_K;
                case Q4_K -> Q4_K;
                case Q5_K -> Q5_K;
                case Q6_K -> Q6_K;
                case IQ4_NL -> IQ4_NL;
                case IQ4_XS -> IQ4_XS;
            };
        }
    }

    /// Panels of undefined content.
    static Packed allocate(Coding coding, long rows, long cols, Arena arena) {
        long row = Math.multiplyExact(cols / coding.size, coding.bytes);
        long bytes = Math.multiplyExact(Math.ceilDiv(rows, WIDTH) * WIDTH, row);
        return new Packed(coding, arena.allocate(Math.max(bytes, 1), 64), rows, cols);
    }

    @Override
    public long byteSize() {
        return segment.byteSize();
    }

    int panels() {
        return Math.toIntExact(Math.ceilDiv(rows, WIDTH));
    }

    long panelBytes() {
        return cols / coding.size * coding.bytes * WIDTH;
    }
}
