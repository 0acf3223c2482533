package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TensorTests {
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void close() {
        arena.close();
    }

    /// 0, 1, 2, ... in the given shape.
    private Tensor counting(long... shape) {
        Tensor x = Tensor.zeros(arena, shape);
        for (long r = 0; r < x.rows(); r++) {
            for (long c = 0; c < x.cols(); c++) {
                x.setFloat(r, c, r * x.cols() + c);
            }
        }
        return x;
    }

    @Test
    void zerosAreZeroAlignedAndContiguous() {
        Tensor x = Tensor.zeros(arena, 2, 3, 4);
        assertThat(x.toFloats()).hasSize(24).containsOnly(0f);
        assertThat(x.segment().address() % 64).isZero();
        assertThat(x.shape()).containsExactly(2, 3, 4);
        assertThat(x.rank()).isEqualTo(3);
        assertThat(x.rows()).isEqualTo(6);
        assertThat(x.cols()).isEqualTo(4);
        assertThat(x.size()).isEqualTo(24);
        assertThat(x.byteSize()).isEqualTo(96);
        assertThat(x.contiguous()).isTrue();
    }

    @Test
    void copyOfTakesValuesAndRefusesAnotherCount() {
        assertThat(Tensor.copyOf(arena, new float[] {1, 2, 3, 4}, 2, 2).getFloat(1, 0))
                .isEqualTo(3);
        assertThat(Tensor.copyOf(arena, new int[] {7, -8}, 2).toInts()).containsExactly(7, -8);
        assertThatThrownBy(() -> Tensor.copyOf(arena, new float[3], 2, 2))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("3 values do not fill [2, 2]");
        assertThatThrownBy(() -> Tensor.copyOf(arena, new int[5], 2, 2))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessageContaining("5 values");
    }

    @Test
    void columnsShareMemoryAndKeepTheRowStride() {
        Tensor x = counting(3, 5);
        Tensor view = x.columns(1, 4);
        assertThat(view.toFloats()).containsExactly(1, 2, 3, 6, 7, 8, 11, 12, 13);
        assertThat(view.rowStride()).isEqualTo(5);
        assertThat(view.contiguous()).isFalse();
        view.setFloat(1, 1, 99);
        assertThat(x.getFloat(1, 2)).isEqualTo(99);
        assertThat(view.columns(1, 2).toFloats()).containsExactly(2, 99, 12);
        assertThat(x.columns(5, 5).size()).isZero();
        assertThatThrownBy(() -> x.columns(2, 6))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("columns 2 to 6 of a tensor with 5 columns");
        assertThatThrownBy(() -> x.columns(-1, 2)).isInstanceOf(ShapeMismatch.class);
        assertThatThrownBy(() -> x.columns(3, 2)).isInstanceOf(ShapeMismatch.class);
    }

    @Test
    void rangesAndSlicesOfTheFirstDimensionShareMemory() {
        Tensor x = counting(4, 2, 3);
        assertThat(x.range(1, 3).shape()).containsExactly(2, 2, 3);
        assertThat(x.range(1, 3).toFloats()[0]).isEqualTo(6);
        assertThat(x.slice(3).shape()).containsExactly(2, 3);
        assertThat(x.slice(3).toFloats()).containsExactly(18, 19, 20, 21, 22, 23);
        assertThat(x.slice(3).slice(1).shape()).containsExactly(3);
        assertThat(x.slice(3).slice(1).toFloats()).containsExactly(21, 22, 23);
        assertThat(x.range(2, 2).size()).isZero();
        assertThatThrownBy(() -> x.range(2, 5))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("range 2 to 5 of a tensor with first dimension 4");
        assertThatThrownBy(() -> x.slice(4)).isInstanceOf(ShapeMismatch.class);
        assertThatThrownBy(() -> counting(3).slice(0)).isInstanceOf(ShapeMismatch.class);
    }

    @Test
    void viewsOfViewsAddUp() {
        Tensor x = counting(6, 10);
        Tensor view = x.columns(2, 9).range(1, 5).columns(1, 4);
        assertThat(view.slice(2).toFloats()).containsExactly(33, 34, 35);
        assertThat(view.range(3, 4).toFloats()).containsExactly(43, 44, 45);
    }

    @Test
    void aPieceOfAVectorIsAVector() {
        Tensor x = counting(10);
        Tensor piece = x.range(2, 8);
        assertThat(piece.toFloats()).containsExactly(2, 3, 4, 5, 6, 7);
        assertThat(piece.range(1, 3).toFloats()).containsExactly(3, 4);
        assertThat(x.columns(4, 9).range(1, 3).toFloats()).containsExactly(5, 6);
        assertThat(counting(3, 4).slice(1).columns(1, 3).range(1, 2).toFloats()).containsExactly(6);
        assertThat(x.columns(2, 8).reshape(2, 3).getFloat(1, 0)).isEqualTo(5);
    }

    @Test
    void reshapeKeepsTheOrderOfElements() {
        Tensor x = counting(4, 6);
        assertThat(x.reshape(2, 12).getFloat(1, 1)).isEqualTo(13);
        assertThat(x.reshape(24).getFloat(0, 23)).isEqualTo(23);
        Tensor view = x.columns(1, 5);
        Tensor deep = view.reshape(2, 2, 4);
        assertThat(deep.slice(1).toFloats()).containsExactly(13, 14, 15, 16, 19, 20, 21, 22);
        assertThatThrownBy(() -> view.reshape(16))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("cannot view F32[4, 4] stride 6 as [16]");
        assertThatThrownBy(() -> x.reshape(5, 5)).isInstanceOf(ShapeMismatch.class);
        assertThatThrownBy(() -> x.reshape(-4, -6)).isInstanceOf(ShapeMismatch.class);
        assertThatThrownBy(() -> counting(1, 1).reshape()).isInstanceOf(ShapeMismatch.class);
    }

    @Test
    void expectNamesTheTensorAndBothShapes() {
        Tensor x = counting(3, 5);
        assertThat(x.expect("x", 3, -1).expect("x", DType.F32)).isSameAs(x);
        assertThatThrownBy(() -> x.expect("hidden", 3, 7))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("hidden has shape [3, 5], expected [3, 7]");
        assertThatThrownBy(() -> x.expect("hidden", 15))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("hidden has shape [3, 5], expected [15]");
        assertThatThrownBy(() -> x.expect("hidden", DType.I32))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("hidden holds F32, expected I32");
    }

    @Test
    void aTensorMustFitItsMemory() {
        MemorySegment memory = arena.allocate(40);
        assertThat(Tensor.of(memory, 8, DType.F32, 2, 4).size()).isEqualTo(8);
        assertThatThrownBy(() -> Tensor.of(memory, 12, DType.F32, 2, 4))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("tensor F32 [2, 4] at byte 12 does not fit into 40 bytes");
        assertThatThrownBy(() -> Tensor.of(memory, -4, DType.F32, 1))
                .isInstanceOf(ShapeMismatch.class);
        assertThatThrownBy(() -> Tensor.of(memory, 0, DType.F32))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessageContaining("at least one dimension");
        assertThatThrownBy(() -> Tensor.of(memory, 0, DType.F32, 2, -1))
                .isInstanceOf(ShapeMismatch.class);
    }

    @Test
    void shapesThatOverflowAreRefused() {
        MemorySegment memory = arena.allocate(40);
        long[][] shapes = {
            {1L << 40, 1L << 40}, {1L << 62, 4, 4}, {1L << 62}, {1L << 32, 1L << 32, 1L << 32, 1}
        };
        for (long[] shape : shapes) {
            assertThatThrownBy(() -> Tensor.of(memory, 0, DType.F32, shape))
                    .isInstanceOf(ShapeMismatch.class)
                    .hasMessageContaining("does not fit into 40 bytes");
        }
    }

    @Test
    void elementsConvertWithTheirType() {
        Tensor narrow = Tensor.zeros(arena, DType.BF16, 2, 2);
        narrow.setFloat(1, 1, 1.00390625f);
        assertThat(narrow.getFloat(1, 1)).isEqualTo(1f);
        narrow.setFloat(0, 1, -2.5f);
        assertThat(narrow.toFloats()).containsExactly(0, -2.5f, 0, 1);
        assertThat(narrow.byteSize()).isEqualTo(8);
        Tensor ints = Tensor.zeros(arena, DType.I32, 2, 3).columns(1, 3);
        ints.setInt(2, 42);
        assertThat(ints.getInt(2)).isEqualTo(42);
        assertThat(ints.getFloat(1, 0)).isEqualTo(42);
    }

    @Test
    void shapesOfOneToFourDimensionsAreChecked() {
        Tensor x = counting(2, 3);
        assertThat(x.expect("x", 2, 3).expectShapeOf("x", counting(2, 3))).isSameAs(x);
        assertThat(counting(6).expect("x", -1).rank()).isEqualTo(1);
        assertThat(x.reshape(1, 2, 3).expect("x", -1, 2, 3).rank()).isEqualTo(3);
        assertThat(x.reshape(1, 2, 1, 3).expect("x", 1, 2, -1, 3).rank()).isEqualTo(4);
        assertThatThrownBy(() -> x.expect("x", 6))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("x has shape [2, 3], expected [6]");
        assertThatThrownBy(() -> x.expect("x", 1, 2, 3))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("x has shape [2, 3], expected [1, 2, 3]");
        assertThatThrownBy(() -> x.expectShapeOf("x", counting(3, 2)))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("x has shape [2, 3], expected [3, 2]");
    }

    @Test
    void aViewOfEverythingIsTheTensorItself() {
        Tensor x = counting(3, 4);
        assertThat(x.range(0, 3)).isSameAs(x);
        assertThat(x.columns(0, 4)).isSameAs(x);
        assertThatThrownBy(() -> x.range(1, 4)).isInstanceOf(ShapeMismatch.class);
        assertThatThrownBy(() -> x.columns(1, 5)).isInstanceOf(ShapeMismatch.class);
    }

    @Test
    void theSameViewIsTakenAgainWithoutANewObject() {
        Tensor x = counting(4, 6);
        Tensor box = counting(2, 3, 4);
        assertThat(x.columns(1, 3)).isSameAs(x.columns(1, 3)).isNotSameAs(x.columns(1, 4));
        assertThat(x.range(1, 3)).isSameAs(x.range(1, 3));
        assertThat(x.slice(2)).isSameAs(x.slice(2)).isNotSameAs(x.range(2, 3));
        assertThat(box.slice(1)).isSameAs(box.slice(1));
        assertThat(box.columns(0, 2)).isSameAs(box.columns(0, 2));
        assertThat(x.reshape(4, 2, 3)).isSameAs(x.reshape(4, 2, 3));
        assertThat(x.reshape(8, 3)).isSameAs(x.reshape(8, 3)).isNotSameAs(x.reshape(3, 8));
    }

    @Test
    void rememberedViewsAreThoseThatWereAskedFor() {
        Rng rng = new Rng(3);
        Tensor wide = counting(5, 4, 6).columns(1, 5);
        for (int i = 0; i < 5000; i++) {
            int from = rng.nextInt(4);
            int to = from + 1 + rng.nextInt(4 - from);
            Tensor columns = wide.columns(from, to);
            assertThat(columns.shape()).containsExactly(5, 4, to - from);
            assertThat(columns.getFloat(7, 0)).isEqualTo(7 * 6 + 1 + from);
            Tensor range = wide.range(from, to);
            assertThat(range.shape()).containsExactly(to - from, 4, 4);
            assertThat(range.getFloat(0, 3)).isEqualTo(from * 24 + 4);
            Tensor slice = wide.slice(from);
            assertThat(slice.shape()).containsExactly(4, 4);
            assertThat(slice.slice(from).getFloat(0, 0)).isEqualTo(from * 24 + from * 6 + 1);
            Tensor matrix = wide.reshape(20, 4);
            assertThat(matrix.shape()).containsExactly(20, 4);
            assertThat(matrix.getFloat(19, 0)).isEqualTo(19 * 6 + 1);
        }
        assertThatThrownBy(() -> wide.slice(5))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessage("slice 5 of a tensor with first dimension 5");
        assertThatThrownBy(() -> wide.reshape(4, 20)).isInstanceOf(ShapeMismatch.class);
        assertThatThrownBy(() -> wide.reshape(-4, -5, 4)).isInstanceOf(ShapeMismatch.class);
    }

    @Test
    void copyFromAndClearRespectViews() {
        Tensor x = counting(3, 4);
        Tensor target = Tensor.zeros(arena, 3, 6);
        target.columns(1, 5).copyFrom(x);
        assertThat(target.slice(1).toFloats()).containsExactly(0, 4, 5, 6, 7, 0);
        Tensor back = Tensor.zeros(arena, 3, 4);
        back.copyFrom(target.columns(1, 5));
        assertThat(back.toFloats()).isEqualTo(x.toFloats());
        x.columns(1, 3).clear();
        assertThat(x.toFloats()).containsExactly(0, 0, 0, 3, 4, 0, 0, 7, 8, 0, 0, 11);
        assertThatThrownBy(() -> x.copyFrom(counting(4, 3)))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessageContaining("cannot copy F32[4, 3] into F32[3, 4]");
        assertThatThrownBy(() -> x.copyFrom(Tensor.zeros(arena, DType.BF16, 3, 4)))
                .isInstanceOf(ShapeMismatch.class);
    }

    @Test
    void emptyViewsMayLieAtTheEnd() {
        Tensor x = counting(2, 3);
        Tensor empty = x.range(2, 2).columns(3, 3);
        empty.clear();
        empty.copyFrom(x.range(0, 0).columns(1, 1));
        assertThat(empty.toFloats()).isEmpty();
        assertThat(Tensor.zeros(arena, 0, 7).columns(3, 5).size()).isZero();
    }
}
