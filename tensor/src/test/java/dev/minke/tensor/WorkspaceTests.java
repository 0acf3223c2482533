package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkspaceTests {
    @Test
    void tensorsAreAlignedAndDoNotOverlap() {
        try (Workspace workspace = new Workspace()) {
            List<Tensor> tensors = new ArrayList<>();
            for (int i = 1; i < 40; i++) {
                tensors.add(workspace.f32(i, 3));
                tensors.add(workspace.i32(i));
                tensors.add(workspace.allocate(DType.BF16, i));
            }
            long end = 0;
            for (Tensor tensor : tensors) {
                long address = tensor.segment().address() + tensor.offset();
                assertThat(address % 64).isZero();
                assertThat(address).isGreaterThanOrEqualTo(end);
                end = address + tensor.byteSize();
            }
        }
    }

    @Test
    void resetReusesTheSameMemory() {
        try (Workspace workspace = new Workspace()) {
            Tensor first = workspace.f32(100, 100);
            long address = first.segment().address() + first.offset();
            workspace.f32(10);
            long capacity = workspace.capacity();
            for (int step = 0; step < 1000; step++) {
                workspace.reset();
                Tensor again = workspace.f32(100, 100);
                assertThat(again.segment().address() + again.offset()).isEqualTo(address);
            }
            assertThat(workspace.capacity()).isEqualTo(capacity);
        }
    }

    @Test
    void releaseReturnsToTheMark() {
        try (Workspace workspace = new Workspace()) {
            Tensor kept = workspace.f32(5);
            kept.setFloat(0, 4, 7);
            Workspace.Mark mark = workspace.mark();
            Tensor scratch = workspace.f32(6);
            workspace.release(mark);
            Tensor next = workspace.f32(6);
            assertThat(next.offset()).isEqualTo(scratch.offset());
            assertThat(kept.getFloat(0, 4)).isEqualTo(7);
        }
    }

    @Test
    void memoryGrowsByChunksAndForOneLargeTensor() {
        try (Workspace workspace = new Workspace()) {
            Tensor small = workspace.f32(3);
            long chunk = workspace.capacity();
            Tensor large = workspace.f32(chunk / 4 + 1);
            assertThat(large.byteSize()).isGreaterThan(chunk);
            assertThat(workspace.capacity()).isGreaterThan(2 * chunk);
            long capacity = workspace.capacity();
            large.setFloat(0, chunk / 4, 5);
            workspace.reset();
            assertThat(workspace.f32(3).offset()).isEqualTo(small.offset());
            workspace.f32(chunk / 4 + 1);
            assertThat(workspace.capacity()).isEqualTo(capacity);
        }
    }

    @Test
    void theSameShapeAtTheSamePlaceIsTheSameObject() {
        try (Workspace workspace = new Workspace()) {
            Workspace.Mark mark = workspace.mark();
            Tensor vector = workspace.f32(12);
            Tensor matrix = workspace.f32(3, 4);
            Tensor numbers = workspace.i32(3, 4);
            Tensor box = workspace.f32(2, 3, 2);
            for (int layer = 0; layer < 3; layer++) {
                workspace.release(mark);
                assertThat(workspace.f32(12)).isSameAs(vector);
                assertThat(workspace.like(matrix)).isSameAs(matrix);
                assertThat(workspace.allocate(DType.I32, 3, 4)).isSameAs(numbers);
                assertThat(workspace.f32(2, 3, 2)).isSameAs(box);
            }
            workspace.release(mark);
            assertThat(workspace.f32(4, 3)).isNotSameAs(vector);
            assertThat(workspace.f32(4, 3).shape()).containsExactly(4, 3);
            assertThat(workspace.i32(12).dtype()).isEqualTo(DType.I32);
        }
    }

    @Test
    void whatIsRememberedIsWhatWasAskedFor() {
        Rng rng = new Rng(5);
        try (Workspace workspace = new Workspace()) {
            for (int step = 0; step < 3000; step++) {
                workspace.reset();
                long end = -1;
                for (int i = 0; i < 20; i++) {
                    long[] shape = new long[1 + rng.nextInt(4)];
                    for (int d = 0; d < shape.length; d++) {
                        shape[d] = rng.nextInt(4);
                    }
                    DType dtype = DType.values()[rng.nextInt(3)];
                    Tensor tensor = workspace.allocate(dtype, shape);
                    assertThat(tensor.shape()).isEqualTo(shape);
                    assertThat(tensor.dtype()).isEqualTo(dtype);
                    assertThat(tensor.contiguous()).isTrue();
                    assertThat(tensor.offset()).isGreaterThan(end);
                    end = tensor.offset() + Math.max(0, tensor.byteSize() - 1);
                }
            }
        }
    }

    @Test
    void aStepLikeTheOneBeforeAllocatesNothing() {
        try (Workspace workspace = new Workspace()) {
            long least = Long.MAX_VALUE;
            for (int step = 0; step < 50; step++) {
                long before = Allocation.ofThisThread();
                workspace.reset();
                for (int i = 1; i < 200; i++) {
                    workspace.f32(i % 7, i).expect("x", i % 7, -1);
                    workspace.i32(i).expect("x", i);
                }
                least = Math.min(least, Allocation.ofThisThread() - before);
            }
            assertThat(least).isZero();
        }
    }

    @Test
    void tensorsEndWithTheWorkspace() {
        Tensor x;
        try (Workspace workspace = new Workspace()) {
            x = workspace.f32(3);
        }
        assertThatThrownBy(() -> x.getFloat(0, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void impossibleShapesAreRefused() {
        try (Workspace workspace = new Workspace()) {
            assertThatThrownBy(() -> workspace.f32(2, -1)).isInstanceOf(ShapeMismatch.class);
            assertThatThrownBy(() -> workspace.f32()).isInstanceOf(ShapeMismatch.class);
            assertThat(workspace.f32(0, 5).size()).isZero();
        }
    }
}
