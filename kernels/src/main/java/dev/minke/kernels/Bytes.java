package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// L bytes of memory as L integers and back.
final class Bytes {
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;

    /// Four bytes are less than the smallest vector: at 128 bits they travel as one integer.
    private static final boolean WORD = L == 4;

    private static final VectorSpecies<Byte> B =
            L == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

    private Bytes() {}

    /// Bytes 0 to 255.
    static IntVector unsigned(MemorySegment from, long at) {
        if (WORD) {
            return word(from, at).lanewise(VectorOperators.LSHR, shifts()).and(0xFF);
        }
        ByteVector bytes = ByteVector.fromMemorySegment(B, from, at, LITTLE_ENDIAN);
        return (IntVector) bytes.convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
    }

    /// Bytes -128 to 127.
    static IntVector signed(MemorySegment from, long at) {
        if (WORD) {
            IntVector up = shifts().neg().add(24);
            IntVector moved = word(from, at).lanewise(VectorOperators.LSHL, up);
            return moved.lanewise(VectorOperators.ASHR, 24);
        }
        ByteVector bytes = ByteVector.fromMemorySegment(B, from, at, LITTLE_ENDIAN);
        return (IntVector) bytes.convertShape(VectorOperators.B2I, I, 0);
    }

    /// Store the lowest eight bits of each lane.
    static void store(IntVector values, MemorySegment to, long at) {
        if (WORD) {
            IntVector moved = values.and(0xFF).lanewise(VectorOperators.LSHL, shifts());
            to.set(JAVA_INT_UNALIGNED, at, moved.reduceLanes(VectorOperators.OR));
            return;
        }
        ByteVector bytes = (ByteVector) values.convertShape(VectorOperators.I2B, B, 0);
        bytes.intoMemorySegment(to, at, LITTLE_ENDIAN);
    }

    private static IntVector word(MemorySegment from, long at) {
        return IntVector.broadcast(I, from.get(JAVA_INT_UNALIGNED, at));
    }

    /// 0, 8, 16, 24.
    private static IntVector shifts() {
        return IntVector.zero(I).addIndex(8);
    }
}
