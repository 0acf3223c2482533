package dev.minke.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.tensor.Backends;
import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.Close;
import dev.minke.tensor.Formats;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Weights in fewer bits have the reference's bits and bytes, whatever the values are.
class BlockParityTests {
    private static final int COLS = 5 * 256;

    private final Arena arena = Arena.ofShared();
    private final Team team = new Team(2);
    private final Kernels vector = Backends.open(team, "vector");
    private final Kernels reference = Backends.open(team, "reference");

    @AfterEach
    void free() {
        team.close();
        arena.close();
    }

    @ParameterizedTest
    @EnumSource
    void decodesToTheBitsOfTheReference(BlockFormat format) {
        BlockMatrix blocks = Formats.random(arena, new Rng(7), format, 6, COLS);
        Tensor fast = Tensor.zeros(arena, 6, COLS);
        Tensor slow = Tensor.zeros(arena, 6, COLS);
        vector.dequantize(blocks, fast);
        reference.dequantize(blocks, slow);
        Close.sameBits(format.name(), fast, slow);
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"Q2_K", "Q3_K", "IQ4_XS"})
    void encodesToTheBytesOfTheReference(BlockFormat format) {
        Tensor x = rows();
        BlockMatrix fast = Formats.blocks(arena, format, x.rows(), COLS);
        BlockMatrix slow = Formats.blocks(arena, format, x.rows(), COLS);
        vector.quantize(x, fast);
        reference.quantize(x, slow);
        for (long r = 0; r < x.rows(); r++) {
            assertThat(Formats.bytes(fast.range(r, r + 1)))
                    .as("%s of row %d", format, r)
                    .isEqualTo(Formats.bytes(slow.range(r, r + 1)));
        }
    }

    @Test
    void fp8HasTheBytesOfTheReference() {
        Tensor x = rows();
        for (boolean powerOfTwo : new boolean[] {false, true}) {
            for (int width : new int[] {128, 50}) {
                byte[] fast = fp8(vector, x, width, powerOfTwo);
                assertThat(fast).isEqualTo(fp8(reference, x, width, powerOfTwo));
            }
        }
    }

    private byte[] fp8(Kernels kernels, Tensor x, int width, boolean powerOfTwo) {
        MemorySegment codes = arena.allocate(x.size());
        Tensor scales = Tensor.zeros(arena, x.rows(), Math.ceilDiv(COLS, width));
        kernels.quantizeFp8(x, 1, width, powerOfTwo, codes, scales);
        return codes.toArray(ValueLayout.JAVA_BYTE);
    }

    /// Rows of many kinds: magnitudes from 1e-44 to 1e38, few distinct values, one sign, outliers,
    /// steps, special values.
    private Tensor rows() {
        Rng rng = new Rng(11);
        Tensor x = Tensor.zeros(arena, 66, COLS);
        for (int r = 0; r < x.rows(); r++) {
            for (int c = 0; c < COLS; c++) {
                x.setFloat(r, c, value(rng, r, c));
            }
        }
        return x;
    }

    private static float value(Rng rng, int r, int c) {
        double normal = rng.nextGaussian();
        if (r < 42) {
            return (float) (normal * Math.pow(10, 2 * r - 44));
        }
        return (float)
                switch (r) {
                    case 42 -> Math.rint(normal);
                    case 43 -> Math.rint(normal) + 0.5;
                    case 44 -> Math.abs(normal);
                    case 45 -> -Math.abs(normal);
                    case 46 -> 1000 + normal * 1e-4;
                    case 47 -> -1000 - normal * 1e-4;
                    case 48 -> rng.nextInt(50) == 0 ? 300 * normal : 0.01 * normal;
                    case 49 -> rng.nextInt(20) == 0 ? normal : 0;
                    case 50 -> c % 16;
                    case 51 -> c % 2 == 0 ? 1 : -1;
                    case 52 -> c % 500 == 7 ? Double.NaN : normal;
                    case 53 -> c % 300 == 7 ? Double.NEGATIVE_INFINITY : normal;
                    case 54 -> c % 100 == 7 ? 1e30 : normal;
                    case 55 -> rng.nextInt(3) == 0 ? 1e-44 : -1e38;
                    case 56 -> -1;
                    case 57 -> 1 + c % 3 * 1e-7;
                    case 58 -> c * 1e-3;
                    case 59 -> c % 64 < 32 ? -0.0 : c % 2 == 0 ? -0.0 : 0;
                    case 60 -> rng.nextInt(4) == 0 ? normal * normal : (c % 2 - 1) * 0.0;
                    case 61 -> rng.nextInt(4) == 0 ? -normal * normal : (c % 2 - 1) * 0.0;
                    case 62 -> 70_000 + 20_000 * normal;
                    case 63 -> c % 40 == 7 ? -1e6 : normal;
                    case 64 -> Math.rint(4 * normal) / 4;
                    default -> 1 / (1.0 + c % 64);
                };
    }
}
