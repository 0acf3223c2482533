package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Bf16;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Copies operands of matrix products into the layouts that [Tile] reads.
///
/// Offsets are bytes of the first element, strides are elements between rows.
final class Panels {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int NR = Tile.NR;

    /// Lane i of a row goes to lane i ^ step of the row that lies `step` away if i has that bit.
    private static final VectorShuffle<Float> SWAP1 = swap(1);

    private static final VectorShuffle<Float> SWAP2 = swap(2);
    private static final VectorShuffle<Float> SWAP4 = swap(4);
    private static final VectorShuffle<Float> SWAP8 = swap(8);
    private static final VectorMask<Float> BIT1 = bit(1);
    private static final VectorMask<Float> BIT2 = bit(2);
    private static final VectorMask<Float> BIT4 = bit(4);
    private static final VectorMask<Float> BIT8 = bit(8);

    private Panels() {}

    /// Copy `rows` rows of `cols` floats to rows `toStride` apart.
    static void copyIn(
            MemorySegment from,
            long offset,
            long stride,
            int rows,
            int cols,
            float[] to,
            int at,
            int toStride) {
        int body = cols & -L;
        for (int r = 0; r < rows; r++) {
            long row = offset + r * stride * Float.BYTES;
            int out = at + r * toStride;
            for (int j = 0; j < body; j += L) {
                FloatVector.fromMemorySegment(F, from, row + 4L * j, LITTLE_ENDIAN)
                        .intoArray(to, out + j);
            }
            for (int j = body; j < cols; j++) {
                to[out + j] = from.get(JAVA_FLOAT_UNALIGNED, row + 4L * j);
            }
        }
    }

    /// The way back of [#copyIn].
    static void copyOut(
            float[] from,
            int at,
            int fromStride,
            int rows,
            int cols,
            MemorySegment to,
            long offset,
            long stride) {
        int body = cols & -L;
        for (int r = 0; r < rows; r++) {
            long row = offset + r * stride * Float.BYTES;
            int in = at + r * fromStride;
            for (int j = 0; j < body; j += L) {
                FloatVector.fromArray(F, from, in + j)
                        .intoMemorySegment(to, row + 4L * j, LITTLE_ENDIAN);
            }
            for (int j = body; j < cols; j++) {
                to.set(JAVA_FLOAT_UNALIGNED, row + 4L * j, from[in + j]);
            }
        }
    }

    /// Panels of B for A x B from `kc` rows of `cols` columns; the last panel is filled up with
    /// zeros. Row by row over all panels, because rows are what lies together in memory.
    static void fromRows(
            MemorySegment b, long offset, long stride, int kc, int cols, float[] to, int at) {
        int panels = cols / NR;
        for (int k = 0; k < kc; k++) {
            long row = offset + k * stride * Float.BYTES;
            int out = at + k * NR;
            for (int p = 0; p < panels; p++) {
                long from = row + 4L * p * NR;
                int panel = out + p * kc * NR;
                FloatVector.fromMemorySegment(F, b, from, LITTLE_ENDIAN).intoArray(to, panel);
                FloatVector.fromMemorySegment(F, b, from + 4L * L, LITTLE_ENDIAN)
                        .intoArray(to, panel + L);
            }
        }
        int body = panels * NR;
        if (body < cols) {
            int last = at + body * kc;
            Arrays.fill(to, last, last + kc * NR, 0);
            copyIn(b, offset + 4L * body, stride, kc, cols - body, to, last, NR);
        }
    }

    /// Panels of B for A x B^T from `cols` rows of `kc` columns, transposed; the last panel is
    /// filled up with zeros.
    static void fromColumns(
            MemorySegment b, long offset, long stride, int kc, int cols, float[] to, int at) {
        int body = kc & -L;
        for (int j = 0; j < cols; j += L) {
            int corner = corner(at, j, kc);
            long block = offset + j * stride * Float.BYTES;
            int lanes = Math.min(L, cols - j);
            if (lanes == L) {
                for (int k = 0; k < body; k += L) {
                    transpose(b, block + 4L * k, 4 * stride, to, corner + k * NR);
                }
            }
            int start = lanes == L ? body : 0;
            for (int i = 0; i < lanes; i++) {
                long row = block + i * stride * Float.BYTES;
                for (int k = start; k < kc; k++) {
                    to[corner + i + k * NR] = b.get(JAVA_FLOAT_UNALIGNED, row + 4L * k);
                }
            }
        }
        clearColumns(kc, cols, to, at);
    }

    /// As [#fromColumns] from BF16.
    static void fromColumnsBf16(
            MemorySegment b, long offset, long stride, int kc, int cols, float[] to, int at) {
        int body = kc & -L;
        for (int j = 0; j < cols; j += L) {
            int corner = corner(at, j, kc);
            long block = offset + j * stride * Short.BYTES;
            int lanes = Math.min(L, cols - j);
            if (lanes == L) {
                for (int k = 0; k < body; k += L) {
                    for (int i = 0; i < L; i++) {
                        Halves.loadBf16(b, block + i * stride * Short.BYTES + 2L * k)
                                .intoArray(to, corner + (k + i) * NR);
                    }
                    transposeRounds(to, corner + k * NR);
                }
            }
            int start = lanes == L ? body : 0;
            for (int i = 0; i < lanes; i++) {
                long row = block + i * stride * Short.BYTES;
                for (int k = start; k < kc; k++) {
                    to[corner + i + k * NR] =
                            Bf16.toFloat(b.get(JAVA_SHORT_UNALIGNED, row + 2L * k));
                }
            }
        }
        clearColumns(kc, cols, to, at);
    }

    /// Where column `j` begins in panels of `kc` rows.
    private static int corner(int at, int j, int kc) {
        return at + j / NR * NR * kc + j % NR;
    }

    /// Panel of a packed BF16 matrix: `kc` rows of L pairs (see [GemmPacked]).
    static void fromPairs(MemorySegment b, long offset, int kc, float[] to, int at) {
        for (int k = 0; k < kc; k++) {
            IntVector pair = IntVector.fromMemorySegment(I, b, offset + 4L * k * L, LITTLE_ENDIAN);
            int out = at + k * NR;
            low(pair).intoArray(to, out);
            high(pair).intoArray(to, out + L);
        }
    }

    /// The BF16 values in the lower halves.
    static FloatVector low(IntVector pair) {
        return pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /// The BF16 values in the upper halves.
    static FloatVector high(IntVector pair) {
        return pair.lanewise(VectorOperators.AND, 0xFFFF0000).reinterpretAsFloats();
    }

    /// Zeros behind column `cols` in the last panel.
    private static void clearColumns(int kc, int cols, float[] to, int at) {
        int rest = cols % NR;
        if (rest > 0) {
            int panel = corner(at, cols, kc) - rest;
            for (int k = 0; k < kc; k++) {
                Arrays.fill(to, panel + k * NR + rest, panel + (k + 1) * NR, 0);
            }
        }
    }

    /// Transpose L x L floats, rows of the result [Tile#NR] apart: log2 L rounds that exchange
    /// blocks between rows, two rounds on four rows at a time so that half of them stay in
    /// registers.
    private static void transpose(MemorySegment b, long offset, long rowBytes, float[] to, int at) {
        if (L == 16) {
            firstRounds16(b, offset, rowBytes, to, at);
        } else {
            copyIn(b, offset, rowBytes / 4, L, L, to, at, NR);
            if (L == 8) {
                round4(to, at);
            }
        }
        lastRounds(to, at);
    }

    private static void transposeRounds(float[] x, int at) {
        if (L == 16) {
            for (int i = 0; i < 8; i++) {
                FloatVector u = FloatVector.fromArray(F, x, at + i * NR);
                FloatVector v = FloatVector.fromArray(F, x, at + (i + 8) * NR);
                u.blend(v.rearrange(SWAP8), BIT8).intoArray(x, at + i * NR);
                u.rearrange(SWAP8).blend(v, BIT8).intoArray(x, at + (i + 8) * NR);
            }
        }
        if (L >= 8) {
            round4(x, at);
        }
        lastRounds(x, at);
    }

    private static void round4(float[] x, int at) {
        for (int i = 0; i < L / 2; i++) {
            int r = at + (i / 4 * 8 + i % 4) * NR;
            FloatVector u = FloatVector.fromArray(F, x, r);
            FloatVector v = FloatVector.fromArray(F, x, r + 4 * NR);
            u.blend(v.rearrange(SWAP4), BIT4).intoArray(x, r);
            u.rearrange(SWAP4).blend(v, BIT4).intoArray(x, r + 4 * NR);
        }
    }

    /// Rounds of 8 and 4 on the way in.
    private static void firstRounds16(
            MemorySegment b, long offset, long rowBytes, float[] x, int at) {
        for (int i = 0; i < 4; i++) {
            long from = offset + i * rowBytes;
            FloatVector r0 = FloatVector.fromMemorySegment(F, b, from, LITTLE_ENDIAN);
            FloatVector r1 =
                    FloatVector.fromMemorySegment(F, b, from + 4 * rowBytes, LITTLE_ENDIAN);
            FloatVector r2 =
                    FloatVector.fromMemorySegment(F, b, from + 8 * rowBytes, LITTLE_ENDIAN);
            FloatVector r3 =
                    FloatVector.fromMemorySegment(F, b, from + 12 * rowBytes, LITTLE_ENDIAN);
            FloatVector u0 = r0.blend(r2.rearrange(SWAP8), BIT8);
            FloatVector u2 = r0.rearrange(SWAP8).blend(r2, BIT8);
            FloatVector u1 = r1.blend(r3.rearrange(SWAP8), BIT8);
            FloatVector u3 = r1.rearrange(SWAP8).blend(r3, BIT8);
            int to = at + i * NR;
            u0.blend(u1.rearrange(SWAP4), BIT4).intoArray(x, to);
            u0.rearrange(SWAP4).blend(u1, BIT4).intoArray(x, to + 4 * NR);
            u2.blend(u3.rearrange(SWAP4), BIT4).intoArray(x, to + 8 * NR);
            u2.rearrange(SWAP4).blend(u3, BIT4).intoArray(x, to + 12 * NR);
        }
    }

    /// Rounds of 2 and 1 in place.
    private static void lastRounds(float[] x, int at) {
        for (int i = 0; i < L; i += 4) {
            int r = at + i * NR;
            FloatVector r0 = FloatVector.fromArray(F, x, r);
            FloatVector r1 = FloatVector.fromArray(F, x, r + NR);
            FloatVector r2 = FloatVector.fromArray(F, x, r + 2 * NR);
            FloatVector r3 = FloatVector.fromArray(F, x, r + 3 * NR);
            FloatVector u0 = r0.blend(r2.rearrange(SWAP2), BIT2);
            FloatVector u2 = r0.rearrange(SWAP2).blend(r2, BIT2);
            FloatVector u1 = r1.blend(r3.rearrange(SWAP2), BIT2);
            FloatVector u3 = r1.rearrange(SWAP2).blend(r3, BIT2);
            u0.blend(u1.rearrange(SWAP1), BIT1).intoArray(x, r);
            u0.rearrange(SWAP1).blend(u1, BIT1).intoArray(x, r + NR);
            u2.blend(u3.rearrange(SWAP1), BIT1).intoArray(x, r + 2 * NR);
            u2.rearrange(SWAP1).blend(u3, BIT1).intoArray(x, r + 3 * NR);
        }
    }

    private static VectorShuffle<Float> swap(int step) {
        return VectorShuffle.fromOp(F, i -> (i ^ step) & (L - 1));
    }

    private static VectorMask<Float> bit(int step) {
        boolean[] bits = new boolean[L];
        for (int i = 0; i < L; i++) {
            bits[i] = (i & step) != 0;
        }
        return VectorMask.fromArray(F, bits, 0);
    }
}
