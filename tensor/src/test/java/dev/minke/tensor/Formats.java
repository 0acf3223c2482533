package dev.minke.tensor;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.Map;

/// Test data in the number formats of weights.
public final class Formats {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    private Formats() {}

    /// A function of floats.
    @FunctionalInterface
    public interface Function {
        /// Its value.
        float apply(float x);
    }

    /// A short for each index.
    @FunctionalInterface
    public interface Shorts {
        /// The one for `i`.
        short at(int i);
    }

    /// Blocks of random bytes, and what GGML makes of them.
    record Golden(int blocks, byte[] bytes, float[] values) {}

    /// `ggml-blocks.bin`: for each format in the order of [BlockFormat] eight blocks (three of 256
    /// values), random but for finite scales, and their values by GGML's `dequantize_row`.
    public static Map<BlockFormat, Golden> golden() {
        Map<BlockFormat, Golden> all = new EnumMap<>(BlockFormat.class);
        try (InputStream file = Formats.class.getResourceAsStream("ggml-blocks.bin")) {
            for (BlockFormat format : BlockFormat.values()) {
                int blocks = format.blockSize() == 32 ? 8 : 3;
                byte[] bytes = file.readNBytes(blocks * format.blockBytes());
                byte[] raw = file.readNBytes(4 * blocks * format.blockSize());
                float[] values = MemorySegment.ofArray(raw).toArray(FLOAT);
                all.put(format, new Golden(blocks, bytes, values));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    /// An F16 matrix with gaps between rows.
    public static Tensor f16(Arena arena, long rows, long cols) {
        return Tensor.zeros(arena, DType.F16, rows, cols + 5).columns(3, 3 + cols);
    }

    /// Memory at an odd address.
    public static MemorySegment odd(Arena arena, long bytes) {
        return arena.allocate(bytes + 1, 64).asSlice(1, bytes);
    }

    /// A matrix at an odd address.
    public static BlockMatrix blocks(Arena arena, BlockFormat format, long rows, long cols) {
        return new BlockMatrix(format, rows, cols, odd(arena, rows * format.rowBytes(cols)));
    }

    /// Blocks of random bytes whose scales are finite.
    public static BlockMatrix random(
            Arena arena, Rng rng, BlockFormat format, long rows, long cols) {
        BlockMatrix matrix = blocks(arena, format, rows, cols);
        MemorySegment data = matrix.data();
        for (long i = 0; i < data.byteSize(); i++) {
            data.set(ValueLayout.JAVA_BYTE, i, (byte) rng.nextLong());
        }
        scales(matrix, i -> F16.fromFloat((float) rng.nextGaussian()));
        return matrix;
    }

    /// Overwrite the scales of all blocks.
    public static void scales(BlockMatrix matrix, Shorts values) {
        BlockFormat format = matrix.format();
        int[] scales =
                switch (format) {
                    case Q4_0, Q5_0, Q8_0, IQ4_NL, IQ4_XS -> new int[] {0};
                    case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
                    case Q2_K -> new int[] {80, 82};
                    case Q3_K -> new int[] {108};
                    case Q6_K -> new int[] {208};
                };
        int count = 0;
        MemorySegment data = matrix.data();
        for (long at = 0; at < data.byteSize(); at += format.blockBytes()) {
            for (int scale : scales) {
                data.set(SHORT, at + scale, values.at(count++));
            }
        }
    }

    /// The bytes of a matrix.
    public static byte[] bytes(BlockMatrix matrix) {
        return matrix.data().toArray(ValueLayout.JAVA_BYTE);
    }

    /// Overwrite a contiguous tensor of 16-bit elements.
    public static void putShorts(Tensor x, Shorts values) {
        for (int i = 0; i < x.size(); i++) {
            x.segment().set(SHORT, x.offset() + 2L * i, values.at(i));
        }
    }

    /// Bits of an element of a contiguous tensor of 16-bit elements.
    public static short shortAt(Tensor x, long i) {
        return x.segment().get(SHORT, x.offset() + 2 * i);
    }

    /// Root of the mean squared error relative to that of `x`.
    public static double relativeRms(Tensor x, Tensor y) {
        float[] expected = x.toFloats();
        float[] actual = y.toFloats();
        double error = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            double difference = (double) expected[i] - actual[i];
            error += difference * difference;
            size += (double) expected[i] * expected[i];
        }
        return Math.sqrt(error / size);
    }
}
