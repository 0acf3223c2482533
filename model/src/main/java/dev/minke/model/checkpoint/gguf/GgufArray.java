package dev.minke.model.checkpoint.gguf;

import static dev.minke.model.checkpoint.gguf.GgufValueType.ARRAY;
import static dev.minke.model.checkpoint.gguf.GgufValueType.BOOL;
import static dev.minke.model.checkpoint.gguf.GgufValueType.STRING;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.function.IntFunction;

/// An array of metadata, kept as the bytes that it has in a file.
///
/// Elements are decoded when asked for. An array that was read lies in the mapped file and must not
/// be touched once that is closed; [#copy] outlives it. Immutable, so safe for several threads.
public final class GgufArray implements GgufValue {
    private static final long PREFIX = Integer.BYTES + Long.BYTES;
    private static final int[] NONE = {};

    private final GgufValueType elementType;
    private final int size;
    private final MemorySegment elements;

    /// First byte of every element whose size differs; none for the others.
    private final int[] starts;

    private GgufArray(GgufValueType elementType, int size, MemorySegment elements, int[] starts) {
        this.elementType = elementType;
        this.size = size;
        this.elements = elements.asReadOnly();
        this.starts = starts;
    }

    /// The array whose element type is at `at`, in bytes that were checked.
    static GgufArray at(MemorySegment bytes, long at) {
        GgufValueType type = Wire.type(bytes, at);
        int size = Math.toIntExact(Wire.count(bytes, at));
        long first = at + PREFIX;
        if (type.bytes() > 0) {
            return new GgufArray(
                    type, size, bytes.asSlice(first, (long) size * type.bytes()), NONE);
        }
        int[] starts = new int[size];
        long end = first;
        for (int i = 0; i < size; i++) {
            starts[i] = Math.toIntExact(end - first);
            end = Wire.end(bytes, end, type);
        }
        return new GgufArray(type, size, bytes.asSlice(first, end - first), starts);
    }

    /// An array of strings.
    public static GgufArray strings(List<String> values) {
        var bytes = new Elements(values.size());
        for (String value : values) {
            byte[] text = value.getBytes(StandardCharsets.UTF_8);
            bytes.start();
            bytes.putLong(text.length);
            bytes.writeBytes(text);
        }
        return bytes.array(STRING);
    }

    /// An array of arrays.
    public static GgufArray arrays(List<GgufArray> values) {
        var bytes = new Elements(values.size());
        for (GgufArray value : values) {
            bytes.start();
            bytes.putInt(value.elementType.id());
            bytes.putLong(value.size);
            bytes.writeBytes(value.elements.toArray(ValueLayout.JAVA_BYTE));
        }
        return bytes.array(ARRAY);
    }

    /// An array of integers of one width.
    ///
    /// @throws IllegalArgumentException if the type is no integer type or does not hold a value
    public static GgufArray integers(GgufValueType type, long... values) {
        for (long value : values) {
            if (!type.holds(value)) {
                throw new IllegalArgumentException(
                        "element %d of an array of %s, expected an integer type that holds it"
                                .formatted(value, type));
            }
        }
        MemorySegment bytes = allocate(type, values.length);
        for (int i = 0; i < values.length; i++) {
            Wire.putWhole(bytes, (long) i * type.bytes(), type, values[i]);
        }
        return new GgufArray(type, values.length, bytes, NONE);
    }

    /// An array of floating-point numbers.
    ///
    /// @throws IllegalArgumentException if the type is neither FLOAT32 nor FLOAT64
    public static GgufArray numbers(GgufValueType type, double... values) {
        if (!type.real()) {
            throw new IllegalArgumentException(
                    "numbers in an array of %s, expected FLOAT32 or FLOAT64".formatted(type));
        }
        MemorySegment bytes = allocate(type, values.length);
        for (int i = 0; i < values.length; i++) {
            Wire.putReal(bytes, (long) i * type.bytes(), type, values[i]);
        }
        return new GgufArray(type, values.length, bytes, NONE);
    }

    /// An array of truth values.
    public static GgufArray bools(boolean... values) {
        MemorySegment bytes = allocate(BOOL, values.length);
        for (int i = 0; i < values.length; i++) {
            bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (values[i] ? 1 : 0));
        }
        return new GgufArray(BOOL, values.length, bytes, NONE);
    }

    private static MemorySegment allocate(GgufValueType type, int count) {
        return MemorySegment.ofArray(new byte[Math.multiplyExact(count, type.bytes())]);
    }

    @Override
    public GgufValueType type() {
        return ARRAY;
    }

    /// Type of the elements; with no elements still the one that the file states.
    public GgufValueType elementType() {
        return elementType;
    }

    /// Number of elements.
    public int size() {
        return size;
    }

    /// An integer element.
    ///
    /// @throws IllegalArgumentException if the elements are no integers or this one is 2^63 or more
    public long integer(int index) {
        if (!elementType.integer()) {
            throw wrongType("an integer type");
        }
        long value = Wire.whole(elements, offset(index), elementType);
        if (elementType == GgufValueType.UINT64 && value < 0) {
            throw new IllegalArgumentException(
                    "element %d is %s, expected less than 2^63"
                            .formatted(index, Long.toUnsignedString(value)));
        }
        return value;
    }

    /// A floating-point element, or an integer one rounded to double.
    ///
    /// @throws IllegalArgumentException if the elements are no numbers
    public double number(int index) {
        return elementType.real()
                ? Wire.real(elements, offset(index), elementType)
                : (double) integer(index);
    }

    /// A truth value.
    ///
    /// @throws IllegalArgumentException if the elements are of another type
    public boolean bool(int index) {
        expect(BOOL);
        return elements.get(ValueLayout.JAVA_BYTE, offset(index)) != 0;
    }

    /// A string, decoded now; bytes that are no UTF-8 become U+FFFD.
    ///
    /// @throws IllegalArgumentException if the elements are of another type
    public String string(int index) {
        expect(STRING);
        return Wire.string(elements, offset(index));
    }

    /// The bytes of a string, read-only.
    ///
    /// @throws IllegalArgumentException if the elements are of another type
    public MemorySegment stringBytes(int index) {
        expect(STRING);
        return Wire.stringBytes(elements, offset(index));
    }

    /// An inner array.
    ///
    /// @throws IllegalArgumentException if the elements are of another type
    public GgufArray array(int index) {
        expect(ARRAY);
        return at(elements, offset(index));
    }

    /// An element of any type.
    public GgufValue value(int index) {
        return Wire.value(elements, offset(index), elementType);
    }

    /// All strings as a list that decodes an element whenever it is asked for.
    ///
    /// @throws IllegalArgumentException if the elements are of another type
    public List<String> strings() {
        expect(STRING);
        return new View<>(size, this::string);
    }

    /// All elements as a list that decodes an element whenever it is asked for.
    public List<GgufValue> values() {
        return new View<>(size, this::value);
    }

    /// All integers.
    ///
    /// @throws IllegalArgumentException if the elements are no integers or one is 2^63 or more
    public long[] integers() {
        long[] values = new long[size];
        for (int i = 0; i < size; i++) {
            values[i] = integer(i);
        }
        return values;
    }

    /// All numbers.
    ///
    /// @throws IllegalArgumentException if the elements are no numbers
    public double[] numbers() {
        double[] values = new double[size];
        for (int i = 0; i < size; i++) {
            values[i] = number(i);
        }
        return values;
    }

    /// The same array on the heap, independent of a file.
    public GgufArray copy() {
        byte[] bytes = elements.toArray(ValueLayout.JAVA_BYTE);
        return new GgufArray(elementType, size, MemorySegment.ofArray(bytes), starts);
    }

    /// The elements as they are in a file.
    MemorySegment encoded() {
        return elements;
    }

    private long offset(int index) {
        Objects.checkIndex(index, size);
        return starts.length > 0 ? starts[index] : (long) index * elementType.bytes();
    }

    private void expect(GgufValueType type) {
        if (elementType != type) {
            throw wrongType(type.toString());
        }
    }

    private IllegalArgumentException wrongType(String expected) {
        return new IllegalArgumentException(
                "elements are of type %s, expected %s".formatted(elementType, expected));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GgufArray that
                && elementType == that.elementType
                && size == that.size
                && elements.mismatch(that.elements) < 0;
    }

    @Override
    public int hashCode() {
        return Objects.hash(elementType, size, elements.byteSize());
    }

    @Override
    public String toString() {
        return "%s[%d]".formatted(elementType, size);
    }

    /// Elements of different sizes, written one after the other.
    private static final class Elements extends ByteArrayOutputStream {
        private final int[] starts;
        private int started;

        Elements(int count) {
            this.starts = new int[count];
        }

        void start() {
            starts[started++] = size();
        }

        void putInt(int value) {
            for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
                write(value >>> shift);
            }
        }

        void putLong(long value) {
            putInt((int) value);
            putInt((int) (value >>> Integer.SIZE));
        }

        GgufArray array(GgufValueType type) {
            return new GgufArray(type, starts.length, MemorySegment.ofArray(toByteArray()), starts);
        }
    }

    /// A list over elements that are decoded on demand.
    private static final class View<T> extends AbstractList<T> implements RandomAccess {
        private final int size;
        private final IntFunction<T> element;

        View(int size, IntFunction<T> element) {
            this.size = size;
            this.element = element;
        }

        @Override
        public T get(int index) {
            return element.apply(index);
        }

        @Override
        public int size() {
            return size;
        }
    }
}
